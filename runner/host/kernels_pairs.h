/* Columns of few sparse rows, masked_few() of struct kernels; a part of kernels_body.h where PAIRED_ROWS rows of PAIRED columns stay in the first-level
   cache. */
#ifndef RUNNER_HOST_KERNELS_PAIRS_H
#define RUNNER_HOST_KERNELS_PAIRS_H

#include "runner/host/kernels_sparse.h"

#define MASKED_FEW masked_few
#define PAIRED (6 * MASKED_PANEL * WIDTH) /* columns of c at a time */

/* A panel of the columns of two rows of c, to which rows of b with a bit in `mask` are added, times a[0] and a[1] of theirs: a vector of b serves both.
   (As in masked_panel(), of which a part in common would change how compilers allot the registers of wider vectors.) */
INLINE void pair_panel(const int panel, const bool full, uint64_t last, const float *a, uint64_t mask, const float *b,
                       uint64_t b_pitch, float *first, float *second) {
    vec sum[2][MASKED_PANEL];
    load_panel(panel, full, last, first, sum[0]);
    load_panel(panel, full, last, second, sum[1]);
    for (; mask != 0; mask &= mask - 1) {
        const uint64_t p = (uint64_t)__builtin_ctzll(mask);
        const float *row = b + p * b_pitch;
        const vec factor[2] = {splat(a[p * KERNEL_SEGMENT]), splat(a[p * KERNEL_SEGMENT + 1])};
        UNROLL(16)
        for (int v = 0; v < panel; v++) {
            const vec line = kept(load_of(row, v, panel, full, last));
            sum[0][v] = vec_fma(factor[0], line, sum[0][v]);
            sum[1][v] = vec_fma(factor[1], line, sum[1][v]);
        }
    }
    store_panel(panel, full, last, sum[1], second);
    store_panel(panel, full, last, sum[0], first);
}

/* Rows `first` and `second` of c by PAIRED columns or fewer: their panels one after another, so that the core expects the end of each but the first.
   Meanwhile the rows that lie `next` floats behind them are fetched. */
INLINE void pair_of_rows(uint64_t n, const float *a, uint64_t mask, const float *b, uint64_t b_pitch, float *first,
                         float *second, uint64_t next, uint64_t c_pitch) {
    const uint64_t width = MASKED_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, first += width, second += width) {
        fetch_panel(MASKED_PANEL, first + next, 1);
        fetch_panel(MASKED_PANEL, first + next + c_pitch, 1);
        pair_panel(MASKED_PANEL, true, WIDTH, a, mask, b, b_pitch, first, second);
    }
    const uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (3 * vectors + (last == WIDTH ? 2 : last == WIDTH / 2)) { /* whole and half vectors need no mask */
#define PART(vectors)                                                                                                  \
    case 3 * vectors: pair_panel(vectors, false, last, a, mask, b, b_pitch, first, second); break;                     \
    case 3 * vectors + 1: pair_panel(vectors, false, WIDTH / 2, a, mask, b, b_pitch, first, second); break;            \
    case 3 * vectors + 2: pair_panel(vectors, true, WIDTH, a, mask, b, b_pitch, first, second); break;
        CASES(MASKED_PANEL, PART)
#undef PART
    default: break;
    }
}

/* The first row from number i on, by twos, that has entries or whose neighbour has; m or more: none. */
INLINE uint64_t next_pair(const uint64_t *masks, uint64_t m, uint64_t i) {
    while (i < m && (masks[i] | (i + 1 < m ? masks[i + 1] : 0)) == 0)
        i += 2;
    return i;
}

static void masked_few(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b, uint64_t b_pitch,
                       float *c, uint64_t c_pitch) {
    for (uint64_t columns; n > 0; n -= columns, b += columns, c += columns) {
        columns = n < PAIRED ? n : PAIRED;
        for (uint64_t i = next_pair(masks, m, 0), next; i < m; i = next) {
            next = next_pair(masks, m, i + 2);
            float *first = c + i * c_pitch;
            const bool two = i + 1 < m; /* the last row may be alone: then it is written last */
            pair_of_rows(columns, a + i, masks[i] | (two ? masks[i + 1] : 0), b, b_pitch, first,
                         first + (two ? c_pitch : 0), next < m ? (next - i) * c_pitch : 0, next + 1 < m ? c_pitch : 0);
        }
    }
}

#endif

/* Products of small depth, by the whole length of few rows of c; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_WIDE_H
#define RUNNER_HOST_KERNELS_WIDE_H

#include "runner/host/kernels_blocks.h"

#define WIDE_ROWS 4
/* The cache into which rows of c are fetched before they are written; 0: none. */
#define WIDE_FETCHED (WIDTH == 8 ? 1 : 0)
#define SMALL_DEPTH 32
#define MOST_WIDE (8 * 1024) /* floats of b, which stay in the first-level cache */

/* Rows of c by the vectors of a shape; that place in the rows that come next is fetched. */
INLINE void wide_block(const int rows, const struct shape shape, uint64_t k, const float *a, uint64_t a_row,
                       uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    UNROLL(4)
    for (int i = 0; i < rows; i++)
        fetch_panel(shape.panel, c + (uint64_t)(rows + i) * c_pitch, WIDE_FETCHED);
    block_panel(rows, shape, k, a, a_row, a_k, b, b_pitch, 0, 0, beta, c, c_pitch);
}

/* Rows of c by their whole length: for so small a k most of the time goes to c, of which a small block leaves the core room to begin the
   next one. */
INLINE void wide_rows(const int rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                      const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t width = WIDE_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, c += width)
        wide_block(rows, (struct shape){WIDE_PANEL, true, false, WIDTH}, k, a, a_row, a_k, b, b_pitch, beta, c,
                   c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors:                                                                                                      \
        wide_block(rows, (struct shape){vectors, false, false, last}, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch); \
        break;
        CASES(WIDE_PANEL, PART)
#undef PART
    default: break;
    }
}

static void wide(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                 uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    for (; m >= WIDE_ROWS; m -= WIDE_ROWS, a += WIDE_ROWS * a_row, c += WIDE_ROWS * c_pitch)
        wide_rows(WIDE_ROWS, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
    for (; m > 0; m--, a += a_row, c += c_pitch)
        wide_rows(1, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}

#endif

/* narrow() of kernels_narrow.h without AVX-512; a part of kernels_body.h. It takes a few rows of the transposed matrix at a time, as long as they are: column
   by column each cache line would come by itself from where it is, often memory, and each second one from another page. */
#ifndef RUNNER_HOST_KERNELS_COLUMNS_H
#define RUNNER_HOST_KERNELS_COLUMNS_H

#include "runner/host/kernels_blocks.h"
#include "runner/host/kernels_copies.h"

#include <string.h>

#define NARROW_STRIP (PANEL * WIDTH)                       /* rows of c that are computed at a time */
#define NARROW_DEPTH 16                                    /* by as many rows of a */
#define NARROW_STRIPS 32                                   /* whose sums stay in the first-level cache */
#define NARROW_PITCH (NARROW_STRIPS * NARROW_STRIP + LINE) /* so that those of a strip lie in different sets of it */

/* alpha times k lines of a strip, each a_k floats behind the one before it, of which `rows` floats are there; the others become 0. */
static void narrow_scaled(uint64_t rows, uint64_t k, float alpha, const float *a, uint64_t a_k, float *to) {
    for (; k > 0; k--, a += a_k)
        for (uint64_t i = 0; i < NARROW_STRIP; i += WIDTH, to += WIDTH)
            store(to, splat(alpha) * vec_load_part(a + i, rows > i ? rows - i : 0));
}

/* `high` rows of the sums of a strip by k lines of it. Where it is the first to read these, alpha times them goes to `scaled`, and those
   that lie `ahead` are fetched; else that is read. */
INLINE void narrow_lines(const int high, const bool first, uint64_t k, float alpha, const float *a, uint64_t a_k,
                         uint64_t ahead, const float *b, uint64_t b_pitch, float *scaled, float *sums) {
    vec sum[BLOCK_ROWS][PANEL], line[PANEL];
    UNROLL(16)
    for (int j = 0; j < high; j++)
        load_panel(PANEL, true, WIDTH, sums + j * NARROW_PITCH, sum[j]);
    for (const float *end = b + k * b_pitch; b != end; b += b_pitch, a += a_k, scaled += NARROW_STRIP) {
        load_panel(PANEL, true, WIDTH, first ? a : scaled, line);
        if (first)
            fetch_panel(PANEL, a + ahead, 2);
        UNROLL(4)
        for (int v = 0; v < PANEL; v++) {
            if (first)
                line[v] = line[v] * splat(alpha);
            line[v] = kept(line[v]);
        }
        if (first)
            store_panel(PANEL, true, WIDTH, line, scaled);
        UNROLL(16)
        for (int j = 0; j < high; j++)
            UNROLL(4)
        for (int v = 0; v < PANEL; v++)
            sum[j][v] = vec_fma(splat(b[j]), line[v], sum[j][v]);
    }
    UNROLL(16)
    for (int j = 0; j < high; j++)
        store_panel(PANEL, true, WIDTH, sum[j], sums + j * NARROW_PITCH);
}

static void narrow_block(uint64_t high, bool first, uint64_t k, float alpha, const float *a, uint64_t a_k,
                         uint64_t ahead, const float *b, uint64_t b_pitch, float *scaled, float *sums) {
    switch (2 * high + first) {
#define PART(high)                                                                                                     \
    case 2 * high: narrow_lines(high, false, k, alpha, a, a_k, ahead, b, b_pitch, scaled, sums); break;                \
    case 2 * high + 1: narrow_lines(high, true, k, alpha, a, a_k, ahead, b, b_pitch, scaled, sums); break;
        CASES(BLOCK_ROWS, PART)
#undef PART
    default: break;
    }
}

/* All n rows of the sums of a strip, `rows` floats of which are there. */
static void narrow_strip(uint64_t rows, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_k,
                         uint64_t ahead, const float *b, uint64_t b_pitch, float *scaled, float *sums) {
    const bool whole = rows >= NARROW_STRIP;
    if (!whole)
        narrow_scaled(rows, k, alpha, a, a_k, scaled);
    for (uint64_t j = 0, high; j < n; j += high) {
        high = block_height(n - j);
        narrow_block(high, whole && j == 0, k, alpha, a, a_k, ahead, b + j, b_pitch, scaled, sums + j * NARROW_PITCH);
    }
}

/* sums = beta c^T, and zeros up to whole strips. */
static void narrow_begin(uint64_t m, uint64_t n, float beta, const float *c, uint64_t c_pitch, float *sums) {
    const uint64_t strips = (m + NARROW_STRIP - 1) / NARROW_STRIP;
    for (uint64_t j = 0; j < n; j++)
        memset(sums + j * NARROW_PITCH, 0, strips * NARROW_STRIP * sizeof *sums);
    if (beta != 0)
        transpose(m, n, c, c_pitch, sums, NARROW_PITCH);
    for (uint64_t j = 0; beta != 0 && beta != 1 && j < n; j++)
        for (uint64_t i = 0; i < m; i++)
            sums[j * NARROW_PITCH + i] *= beta;
}

/* Few columns of c, for a_row = 1: as rows of the product transposed, whose vectors are full. */
static void narrow(uint64_t m, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_k, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, float *packed) {
    float sums[NARROW * NARROW_PITCH];
    for (uint64_t rows; m > 0; m -= rows, a += rows, c += rows * c_pitch) {
        rows = m < NARROW_STRIPS * NARROW_STRIP ? m : NARROW_STRIPS * NARROW_STRIP;
        narrow_begin(rows, n, beta, c, c_pitch, sums);
        for (uint64_t p = 0, depth; p < k; p += depth) {
            depth = k - p < NARROW_DEPTH ? k - p : NARROW_DEPTH;
            const uint64_t ahead = p + depth < k ? depth * a_k : 0;
            for (uint64_t i = 0; i < rows; i += NARROW_STRIP)
                narrow_strip(rows - i, n, depth, alpha, a + p * a_k + i, a_k, ahead, b + p * b_pitch, b_pitch, packed,
                             sums + i);
        }
        transpose(n, rows, sums, NARROW_PITCH, c, c_pitch);
    }
}

#endif

/* Products of few rows with a transposed matrix, turned() of struct kernels; a part of kernels_body.h where registers hold a square of vectors,
   which transpose_square() transposes: its shuffles run beside the multiply-adds. */
#ifndef RUNNER_HOST_KERNELS_TURNED_H
#define RUNNER_HOST_KERNELS_TURNED_H

#include "runner/host/kernels_copies.h"

#define TURNED_ROWS KERNEL_TURNED
#define TURNED turned
#define TURNED_BLOCK 10 /* rows of c whose sums leave room for a square */

/* Of SQUARE columns of c the products of SQUARE columns of a; where not `full`, of n and k of them. */
INLINE void turned_square(const int rows, const bool full, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch,
                          const float *b, uint64_t b_pitch, vec sum[TURNED_BLOCK]) {
    vec line[SQUARE];
    load_transposed(full, n, k, b, b_pitch, line);
    UNROLL(16)
    for (uint64_t p = 0; p < SQUARE; p++)
        if (full || p < k) {
            UNROLL(16)
            for (int i = 0; i < rows; i++)
                sum[i] = vec_fma(splat(a[(uint64_t)i * a_pitch + p]), line[p], sum[i]);
        }
}

/* SQUARE columns of c, or n. */
INLINE void turned_rows(const int rows, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                        uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    vec sum[TURNED_BLOCK];
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        sum[i] = started(beta, c + (uint64_t)i * c_pitch, 0, 1, false, n);
    uint64_t p = 0;
    if (n == SQUARE)
        for (; p + SQUARE <= k; p += SQUARE)
            turned_square(rows, true, SQUARE, SQUARE, a + p, a_pitch, b + p, b_pitch, sum);
    for (; p < k; p += SQUARE)
        turned_square(rows, false, n, k - p < SQUARE ? k - p : SQUARE, a + p, a_pitch, b + p, b_pitch, sum);
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        vec_store_part(c + (uint64_t)i * c_pitch, sum[i], n);
}

static void turned_block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                         uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    switch (rows) {
#define ROWS(rows)                                                                                                     \
    case rows: turned_rows(rows, n, k, a, a_pitch, b, b_pitch, beta, c, c_pitch); break;
        CASES(TURNED_BLOCK, ROWS)
#undef ROWS
    default: break;
    }
}

static void turned(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    uint64_t blocks = (m + TURNED_BLOCK - 1) / TURNED_BLOCK;
    for (uint64_t rows; m > 0; m -= rows, a += rows * a_pitch, c += rows * c_pitch, blocks--) {
        rows = (m + blocks - 1) / blocks;
        for (uint64_t j = 0; j < n; j += SQUARE)
            turned_block(rows, n - j < SQUARE ? n - j : SQUARE, k, a, a_pitch, b + j * b_pitch, b_pitch, beta, c + j,
                         c_pitch);
    }
}

#endif

/* Products of few columns with a transposed matrix; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_NARROW_H
#define RUNNER_HOST_KERNELS_NARROW_H

#include "runner/host/kernels_blocks.h"
#include "runner/host/kernels_copies.h"

#define NARROW 12 /* columns of c, of which a vector would hold more */

#ifdef LOW_PANEL
#include "runner/host/kernels_columns.h"
#else
#define NARROW_DEPTH (PACKED_DEPTH < 128 ? PACKED_DEPTH : 128) /* whose scaled lines stay in the first-level cache */

/* Few columns of c, for a_row = 1: as rows of the product transposed, whose vectors are full. */
static void narrow(uint64_t m, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_k, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, float *packed) {
    float sums[NARROW * PANEL * WIDTH];
    for (uint64_t i = 0, rows; i < m; i += rows, a += rows, c += rows * c_pitch) {
        rows = m - i < PANEL * WIDTH ? m - i : PANEL * WIDTH;
        if (beta != 0)
            transpose(rows, n, c, c_pitch, sums, rows);
        for (uint64_t p = 0, depth; p < k; p += depth) {
            depth = k - p < NARROW_DEPTH ? k - p : NARROW_DEPTH;
            const float *lines = a + p * a_k;
            if (alpha != 1) {
                pack(rows, depth, alpha, lines, 1, a_k, packed);
                lines = packed;
            }
            const uint64_t pitch = alpha != 1 ? rows : a_k;
            for (uint64_t j = 0, high; j < n; j += high) {
                high = block_height(n - j);
                packed_block(high, rows, depth, b + p * b_pitch + j, b_pitch, lines, pitch,
                             PREFETCH_ROWS * pitch + (BY_LINES ? LINE : 0), p == 0 ? beta : 1, sums + j * rows, rows);
            }
        }
        transpose(n, rows, sums, rows, c, c_pitch);
    }
}
#endif

#define MOST_LAST (WIDTH > 8 ? 4 : 0)
#define LAST_DEPTH 48 /* from which on they are worth the transposing */

/* Of the columns of a product with packed rows, those behind the whole vectors which narrow() makes: they would leave most of a vector idle. */
INLINE uint64_t last_columns(uint64_t n, uint64_t k) {
    const uint64_t last = n % WIDTH, most = MOST_LAST;
    return n > WIDTH && last <= most && k >= LAST_DEPTH ? last : 0;
}

#endif

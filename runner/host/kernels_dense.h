/* Dense products; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_DENSE_H
#define RUNNER_HOST_KERNELS_DENSE_H

#include "runner/host/kernels_groups.h"

#ifdef LOW_PANEL
#include "runner/host/kernels_low.h"
#else
#define group_of(...) group_by(false, __VA_ARGS__)
#define packs_apart(...) false
#define group_apart(...) ((void)0)

static void mixed_group(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                        const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, struct soon soon) {
    group_of(false, rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
}
#endif

#include "runner/host/kernels_copies.h"
#include "runner/host/kernels_narrow.h"

#define COLUMNS_DEPTH 256
#define MANY_PANELS 4 /* of b, from which on packing costs little */

/* Where a is transposed, its columns lie too far apart to be read once for each of many panels of b: some of them are packed, and those
   that come next are fetched meanwhile. */
static void dense(uint64_t m, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_row, uint64_t a_k,
                  const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, float *packed) {
    if (a_row == 1 && n <= NARROW && m >= PANEL * WIDTH && k >= NARROW) {
        narrow(m, n, k, alpha, a, a_k, b, b_pitch, beta, c, c_pitch, packed);
        return;
    }
    const bool many = a_row == 1 && n > MANY_PANELS * PANEL * WIDTH, packs = many || alpha != 1;
    const uint64_t most_rows = (const uint64_t[]){GROUP_ROWS, PACKED_ROWS}[packs];
    const uint64_t depths[] = {DEPTH, COLUMNS_DEPTH, PACKED_DEPTH, PACKED_DEPTH};
    const uint64_t most_depth = depths[2 * packs + (a_row == 1)];
    uint64_t blocks = k / most_depth + (k % most_depth > 0), p = 0;
    do {
        const uint64_t depth = blocks > 1 ? (k - p + blocks - 1) / blocks : k - p;
        uint64_t groups = (m + most_rows - 1) / most_rows;
        for (uint64_t i = 0, rows; i < m; i += rows, groups--) {
            rows = (m - i + groups - 1) / groups;
            const float *from = a + i * a_row + p * a_k;
            if (!packs) {
                mixed_group(rows, n, depth, from, a_row, a_k, b + p * b_pitch, b_pitch, beta, c + i * c_pitch, c_pitch,
                            (struct soon){NULL, 0, 0, 0});
                continue;
            }
            struct soon soon = {from + rows, many ? depth : 0, rows, a_k};
            if (i + rows == m)
                soon = (struct soon){a + (p + depth) * a_k, many && blocks > 1 ? depth : 0, rows, a_k};
            const float *line = b + p * b_pitch;
            float *row = c + i * c_pitch;
            if (packs_apart(n, depth, a_row)) {
                group_apart(rows, n, depth, alpha, from, a_k, packed, line, b_pitch, beta, row, c_pitch, soon);
                continue;
            }
            pack(rows, depth, alpha, from, a_row, a_k, packed);
            const uint64_t last = last_columns(n, depth), most = n - last;
            mixed_group(rows, most, depth, packed, 1, rows, line, b_pitch, beta, row, c_pitch, soon);
            if (last > 0)
                narrow(rows, last, depth, 1, packed, rows, line + most, b_pitch, beta, row + most, c_pitch, NULL);
        }
        p += depth;
        blocks--;
        beta = 1;
    } while (p < k);
}

#endif

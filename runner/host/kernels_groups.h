/* Groups of rows, all blocks of which read a panel of b from the first-level cache; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_GROUPS_H
#define RUNNER_HOST_KERNELS_GROUPS_H

#include "runner/host/kernels_wide.h"

#ifdef HELD_ROWS
#include "runner/host/kernels_held.h"
#else
#define shallow wide
#endif

#ifdef LOW_PANEL
#include "runner/host/kernels_whole.h"
#else
#define made_whole(...) false
#endif

/* What the block of b's columns `j` .. of n that is number `block` of its panel fetches with each row of b, as an offset from it. */
INLINE uint64_t fetched(uint64_t rows, uint64_t n, uint64_t j, uint64_t block, uint64_t b_pitch) {
    const uint64_t width = PANEL * WIDTH, own = PREFETCH_ROWS * b_pitch;
    if (!BY_LINES)
        return block == 1 ? width : own;
    if (rows <= BLOCK_ROWS)
        return own;
    const uint64_t first = j == 0 && rows > 2 * BLOCK_ROWS; /* the first panel's first block waits for that panel */
    if (j + width >= n || block < first || block > first + 1)
        return own + LINE;
    return width + (block - first) * LINE;
}

/* Some rows of c: a panel of b's columns serves all of them from the first-level cache. Meanwhile the next panel is fetched, into the second-level
   cache where more than two blocks fill the first; each block fetches what the next one adds to, each panel a share of `soon`. Where
   `wholes`, blocks of whole panels are made_whole(). */
INLINE void group_by(const bool wholes, const bool apart, uint64_t rows, uint64_t n, uint64_t k, const float *a,
                     uint64_t a_row, uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c,
                     uint64_t c_pitch, struct soon soon) {
    if (k < SMALL_DEPTH && k * n <= MOST_WIDE && n > PANEL * WIDTH) {
        shallow(rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
        return;
    }
    const uint64_t width = PANEL * WIDTH, panels = (n + width - 1) / width, share = (soon.rows + panels - 1) / panels;
    const uint64_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (uint64_t j = 0; j < n; j += width) {
        uint64_t columns = n - j < width ? n - j : width;
        if (!apart)
            fetch(&soon, share, 1);
        for (uint64_t i = 0, number = 0, high; i < rows; i += high) {
            high = block_height(rows - i);
            if (apart) /* some lines at a time, for which no block waits */
                fetch(&soon, (share + blocks - 1) / blocks, 2);
            const uint64_t ahead = fetched(rows, n, j, number++, b_pitch);
            float *block_c = c + i * c_pitch + j;
            struct soon next = {i + high < rows ? block_c + high * c_pitch : c + j + width, n > width ? high : 0, width,
                                c_pitch};
            if (wholes && made_whole(high, columns, apart || a_row == 1, number - 1, k, block_at(apart, a, i, k, a_row),
                                     a_row, apart ? high : a_k, b + j, b_pitch, beta, block_c, c_pitch, next.from))
                continue;
            fetch(&next, high, 1);
            if (apart || a_row == 1)
                packed_block(high, columns, k, block_at(apart, a, i, k, 1), apart ? high : a_k, b + j, b_pitch, ahead,
                             beta, block_c, c_pitch);
            else
                block(high, columns, k, a + i * a_row, a_row, a_k, b + j, b_pitch,
                      rows <= MOST_NEAR || (OWN_LEVEL == 1 && ahead != width) ? 1 : 2, ahead, beta, block_c, c_pitch);
        }
    }
}

#endif

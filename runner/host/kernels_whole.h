/* Blocks of whole panels, without AVX-512; a part of kernels_body.h. Their loops stand by themselves: a call that chooses among all kinds of blocks
   costs some 20 cycles, of which such a block has 1500 to 4700. */
#ifndef RUNNER_HOST_KERNELS_WHOLE_H
#define RUNNER_HOST_KERNELS_WHOLE_H

#include "runner/host/kernels_blocks.h"

/* Steps before the end of a block at which what the next one adds to is fetched: panels that pass meanwhile would take its place in the first-level
   cache. */
#define LATE_STEPS 24

/* Steps of a block; where `pairs`, those at odd places fetch into the cache `second`. */
INLINE void whole_steps(const int rows, uint64_t steps, const float **a, uint64_t a_row, uint64_t a_k, const float **b,
                        uint64_t b_pitch, const bool pairs, const int level, const int second, uint64_t ahead,
                        struct sums *sums) {
    const struct shape shape = {PANEL, true, false, WIDTH};
    for (; pairs && steps > 1; steps -= 2) {
        block_step(shape, 0, rows, a, a_row, *b, b_pitch, level, ahead, sums);
        *a += a_k, *b += b_pitch;
        block_step(shape, 0, rows, a, a_row, *b, b_pitch, second, ahead, sums);
        *a += a_k, *b += b_pitch;
    }
    for (const float *end = *b + steps * b_pitch; *b != end; *a += a_k, *b += b_pitch)
        block_step(shape, 0, rows, a, a_row, *b, b_pitch, level, ahead, sums);
}

INLINE void whole_block(const int rows, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                        uint64_t b_pitch, const bool pairs, const int level, const int second, uint64_t ahead,
                        float beta, float *c, uint64_t c_pitch, const float *next_c) {
    const struct shape shape = {PANEL, true, false, WIDTH};
    struct sums sums;
    block_started(shape, rows, beta, c, c_pitch, &sums);
    whole_steps(rows, k - LATE_STEPS, &a, a_row, a_k, &b, b_pitch, pairs, level, second, ahead, &sums);
    UNROLL(16)
    for (int i = 0; i < rows; i++, next_c += c_pitch)
        fetch_line(next_c, 1);
    whole_steps(rows, LATE_STEPS, &a, a_row, a_k, &b, b_pitch, pairs, level, second, ahead, &sums);
    block_stored(shape, 0, rows, &sums, again(c), c_pitch);
}

/* Block `number` of a panel, of WHOLE_DEPTH and more steps, where it is one of those: else false. Rows of a lie a_row floats apart, or one where
   `packed`. The second and the third block fetch half of the next panel each, since a third-level cache gives no line in every step; `next_c` is
   what the next block adds to. */
INLINE bool made_whole(uint64_t high, uint64_t columns, const bool packed, uint64_t number, uint64_t k, const float *a,
                       uint64_t a_row, uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c,
                       uint64_t c_pitch, const float *next_c) {
    const uint64_t own = PREFETCH_ROWS * b_pitch, next = PANEL * WIDTH + (number == 2 ? b_pitch : 0);
    if (high < BLOCK_ROWS - 1 || columns != PANEL * WIDTH)
        return false;
#define PART(high, row, pairs, level, second, ahead)                                                                   \
    whole_block(high, k, a, row, a_k, b, b_pitch, pairs, level, second, ahead, beta, c, c_pitch, next_c)
#define PARTS(high)                                                                                                    \
    if (packed && (number == 1 || number == 2))                                                                        \
        PART(high, 1, true, 2, 0, next);                                                                               \
    else if (packed)                                                                                                   \
        PART(high, 1, true, 2, 2, own);                                                                                \
    else if (number == 1 || number == 2)                                                                               \
        PART(high, a_row, true, 2, 0, next);                                                                           \
    else                                                                                                               \
        PART(high, a_row, false, 1, 1, own)
    if (high == BLOCK_ROWS) {
        PARTS(BLOCK_ROWS);
    } else {
        PARTS(BLOCK_ROWS - 1);
    }
#undef PARTS
#undef PART
    return true;
}

#endif

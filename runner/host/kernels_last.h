/* The last columns of products with rows that are packed by blocks; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_LAST_H
#define RUNNER_HOST_KERNELS_LAST_H

#include "runner/host/kernels_blocks.h"

#define MOST_LAST_COLUMNS 4 /* of which a vector would hold twice as many */
#define LAST_BLOCKS 3       /* of rows at a time: their sums and lines, and a factor, fill the registers */

/* A column of c, of the rows of a block, is a vector: as many lanes of it as the block has rows. */
struct last_sums {
    vec of[LAST_BLOCKS][MOST_LAST_COLUMNS];
};

/* One line of each block by one row of b; where not `whole`, no more of a line is read than is there. */
INLINE void last_step(const bool whole, const int blocks, const int n, const uint64_t high[LAST_BLOCKS],
                      const float *const *line, const float *b, struct last_sums *sums) {
    vec lines[LAST_BLOCKS];
    UNROLL(3)
    for (int s = 0; s < blocks; s++)
        lines[s] = kept(whole ? load(line[s]) : vec_load_part(line[s], high[s]));
    UNROLL(4)
    for (int j = 0; j < n; j++) {
        const vec factor = splat(b[j]);
        UNROLL(3)
        for (int s = 0; s < blocks; s++)
            sums->of[s][j] = vec_fma(lines[s], factor, sums->of[s][j]);
    }
}

/* Blocks whose `high` rows stand one block behind the other: that of the first ends where the second begins. */
INLINE void last_columns_of(const int blocks, const int n, const uint64_t high[LAST_BLOCKS], uint64_t k, const float *a,
                            const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    float turned[LAST_BLOCKS][MOST_LAST_COLUMNS][WIDTH] = {0};
    const float *line[LAST_BLOCKS], *row = c, *end = b + (k - 1) * b_pitch;
    struct last_sums sums;
    UNROLL(3)
    for (int s = 0; s < blocks; s++) {
        line[s] = s == 0 ? a : line[s - 1] + high[s - 1] * k;
        for (uint64_t i = 0; beta != 0 && i < high[s]; i++, row += c_pitch)
            for (int j = 0; j < n; j++)
                turned[s][j][i] = beta * row[j];
        UNROLL(4)
        for (int j = 0; j < n; j++)
            sums.of[s][j] = load(turned[s][j]);
    }
    for (; b != end; b += b_pitch) {
        fetch_line(b + PREFETCH_ROWS * b_pitch, 1);
        last_step(true, blocks, n, high, line, b, &sums);
        UNROLL(3)
        for (int s = 0; s < blocks; s++)
            line[s] += high[s];
    }
    last_step(false, blocks, n, high, line, b, &sums);
    UNROLL(3)
    for (int s = 0; s < blocks; s++) {
        UNROLL(4)
        for (int j = 0; j < n; j++)
            store(turned[s][j], sums.of[s][j]);
        for (uint64_t i = 0; i < high[s]; i++, c += c_pitch)
            for (int j = 0; j < n; j++)
                c[j] = turned[s][j][i];
    }
}

/* c [high[0] + ...][n] = a b + beta c for up to LAST_BLOCKS blocks of packed rows and up to MOST_LAST_COLUMNS columns. */
static void last_block(uint64_t blocks, uint64_t n, const uint64_t high[LAST_BLOCKS], uint64_t k, const float *a,
                       const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    uint64_t rows = 0;
    for (uint64_t s = 0; s < blocks; s++)
        for (uint64_t i = 0; i < high[s]; i++)
            fetch_line(c + rows++ * c_pitch, 1);
    switch (MOST_LAST_COLUMNS * blocks + n) {
#define PART(blocks, n)                                                                                                \
    case MOST_LAST_COLUMNS *blocks + n:                                                                                \
        last_columns_of(blocks, n, high, k, a, b, b_pitch, beta, c, c_pitch);                                          \
        break;
#define BLOCKS(n) PART(1, n) PART(2, n) PART(3, n)
        CASES(MOST_LAST_COLUMNS, BLOCKS)
#undef BLOCKS
#undef PART
    default: break;
    }
}

#endif

/* Blocks of dense products, whose sums stay in registers; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_BLOCKS_H
#define RUNNER_HOST_KERNELS_BLOCKS_H

#include "runner/host/kernels_vectors.h"

/* HALF: floats of half a vector, where that takes half the time of a whole one. */
#ifndef HALF
#define HALF 0
#define half vec
#define half_of(v) (v)
#define half_fma vec_fma
#define half_load_part vec_load_part
#define half_store_part vec_store_part
#endif

#define MOST_PANEL (WIDE_PANEL > PANEL ? WIDE_PANEL : PANEL)
#define SHARED_ROWS (BLOCK_ROWS > 6 ? 4 : BLOCK_ROWS) /* of a to a pointer: offsets of more do not stay in registers */

INLINE half half_started(float beta, const float *row, uint64_t n) {
    half c = {0};
    if (beta != 0)
        c = half_load_part(row, n) * half_of(splat(beta));
    return c;
}

/* A row has `panel` vectors, the last of which has `last` floats where not `full`; or all of them are full, and `last` floats of half a vector
   follow. */
struct shape {
    int panel;
    bool full, halved;
    uint64_t last;
};

struct sums {
    vec of[BLOCK_ROWS][MOST_PANEL];
    half rest[BLOCK_ROWS];
};

/* Panels of more than one cache line are fetched ahead line by line by blocks of many rows: of all lines at once a core that waits for the
   third-level cache loses a third of the block's time. */
#define BY_LINES (PANEL * WIDTH > LINE)
#define MOST_NEAR ((BY_LINES ? 1 : 2) * BLOCK_ROWS) /* rows, whose blocks fetch into the first-level cache */

/* Rows `from` .. to - 1 of the sums; first[] points to each SHARED_ROWS of them in a. */
INLINE void block_step(const struct shape shape, const int from, const int to, const float *const *first,
                       uint64_t a_row, const float *b, uint64_t b_pitch, const int level, uint64_t ahead,
                       struct sums *sums) {
    const bool by_lines = BY_LINES && level == 2;
    vec line[MOST_PANEL];
    half line_rest;
    fetch_line(b + PREFETCH_ROWS * b_pitch, by_lines ? 1 : 0);
    fetch_line(b + ahead, by_lines ? 2 : 0);
    UNROLL(4)
    for (int v = 0; v < shape.panel; v++) {
        line[v] = kept(load_of(b, v, shape.panel, shape.full, shape.last));
        if (v * WIDTH % LINE == 0 && !by_lines)
            fetch_line(b + ahead + (uint64_t)v * WIDTH, level);
    }
    if (shape.halved)
        line_rest = half_load_part(b + shape.panel * WIDTH, shape.last);
    fetch_line(b + ahead + (uint64_t)shape.panel * WIDTH, shape.halved && !by_lines ? level : 0);
    UNROLL(16)
    for (int i = from; i < to; i++) {
        vec factor = splat(first[i / SHARED_ROWS][(uint64_t)(i % SHARED_ROWS) * a_row]);
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            sums->of[i][v] = vec_fma(factor, line[v], sums->of[i][v]);
        if (shape.halved)
            sums->rest[i] = half_fma(half_of(factor), line_rest, sums->rest[i]);
    }
}

/* The same, of which the compiler does not know: so it derives the addresses of rows where they are wanted, and need not keep them. */
INLINE float *again(float *p) {
#if defined(__GNUC__)
    __asm__("" : "+r"(p));
#endif
    return p;
}

INLINE void block_started(const struct shape shape, const int rows, float beta, const float *c, uint64_t c_pitch,
                          struct sums *sums) {
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            sums->of[i][v] = started(beta, c, v, shape.panel, shape.full, shape.last);
        if (shape.halved)
            sums->rest[i] = half_started(beta, c + shape.panel * WIDTH, shape.last);
        c += i + 1 < rows ? c_pitch : 0;
    }
}

/* Returns where row `to` begins, which need not be there. */
INLINE float *block_stored(const struct shape shape, const int from, const int to, const struct sums *sums, float *c,
                           uint64_t c_pitch) {
    UNROLL(16)
    for (int i = from; i < to; i++, c += c_pitch) {
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            store_of(c, v, sums->of[i][v], shape.panel, shape.full, shape.last);
        if (shape.halved)
            half_store_part(c + shape.panel * WIDTH, sums->rest[i], shape.last);
    }
    return c;
}

/* With row p of b, row p of b + ahead is fetched, to level 1 or 2 of the caches; 0: to none. With BY_LINES, level 2 means one line of that row, and
   into the first level the first line of row p + PREFETCH_ROWS. The last steps are made for some rows at a time, which are then stored: where the
   stores of all rows wait for their sums, an AMD Zen does not begin the next block meanwhile. */
INLINE void block_panel(const int rows, const struct shape shape, uint64_t k, const float *a, uint64_t a_row,
                        uint64_t a_k, const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta,
                        float *c, uint64_t c_pitch) {
    struct sums sums;
    block_started(shape, rows, beta, c, c_pitch, &sums);
    const float *first[(BLOCK_ROWS + SHARED_ROWS - 1) / SHARED_ROWS];
    UNROLL(4)
    for (int s = 0; s * SHARED_ROWS < rows; s++)
        first[s] = a + (uint64_t)(s * SHARED_ROWS) * a_row;
    const uint64_t most = LAST_STEPS, last_steps = k < most ? k : most;
    for (const float *end = b + (k - last_steps) * b_pitch; b != end; b += b_pitch) {
        block_step(shape, 0, rows, first, a_row, b, b_pitch, level, ahead, &sums);
        UNROLL(4)
        for (int s = 0; s * SHARED_ROWS < rows; s++)
            first[s] += a_k;
    }
    c = again(c);
    UNROLL(4)
    for (int s = 0; s * SHARED_ROWS < rows; s++) {
        const int from = s * SHARED_ROWS, to = from + SHARED_ROWS < rows ? from + SHARED_ROWS : rows;
        const float *line = b;
        UNROLL(1)
        for (uint64_t p = 0; p < last_steps; p++, line += b_pitch, first[s] += a_k)
            block_step(shape, from, to, first, a_row, line, b_pitch, s == 0 ? level : 0, ahead, &sums);
        c = block_stored(shape, from, to, &sums, c, c_pitch);
    }
}

/* Rows of c by up to PANEL vectors of its columns. */
INLINE void block_rows(const int rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                       const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c,
                       uint64_t c_pitch) {
#define PART(panel, full, halved, last)                                                                                \
    block_panel(rows, (struct shape){panel, full, halved, last}, k, a, a_row, a_k, b, b_pitch, level, ahead, beta, c,  \
                c_pitch)
    if (n == PANEL * WIDTH)
        PART(PANEL, true, false, WIDTH);
    else if (HALF > 0 && n > WIDTH && n <= WIDTH + HALF)
        PART(1, true, true, n - WIDTH);
    else if (n > WIDTH)
        PART(PANEL, false, false, n - WIDTH);
    else
        PART(1, false, false, n);
#undef PART
}

INLINE void block_of(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                     const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c,
                     uint64_t c_pitch) {
    switch (rows) {
#define ROWS(rows)                                                                                                     \
    case rows: block_rows(rows, n, k, a, a_row, a_k, b, b_pitch, level, ahead, beta, c, c_pitch); break;
        CASES(BLOCK_ROWS, ROWS)
#undef ROWS
    default: break;
    }
}

static void block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                  uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c, uint64_t c_pitch) {
    if (level == 1)
        block_of(rows, n, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c, c_pitch);
    else
        block_of(rows, n, k, a, a_row, a_k, b, b_pitch, 2, ahead, beta, c, c_pitch);
}

/* For a_row = 1, where offsets are no registers: faster by a twentieth. */
static void packed_block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_k, const float *b,
                         uint64_t b_pitch, uint64_t ahead, float beta, float *c, uint64_t c_pitch) {
    block_of(rows, n, k, a, 1, a_k, b, b_pitch, 2, ahead, beta, c, c_pitch);
}

/* Rows of the next block of `left` ones: a block of few rows leaves registers idle. */
INLINE uint64_t block_height(uint64_t left) {
    uint64_t blocks = (left + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const bool equal = EQUAL_BLOCKS || left <= blocks * (BLOCK_ROWS - 1);
    return equal ? (left + blocks - 1) / blocks : BLOCK_ROWS;
}

/* A part of a matrix that will be read soon. */
struct soon {
    const float *from;
    uint64_t rows, columns, pitch;
};

/* Fetches its first rows into that level of the caches, and leaves the others. */
INLINE void fetch(struct soon *soon, uint64_t rows, const int level) {
    for (; rows > 0 && soon->rows > 0; rows--, soon->rows--, soon->from += soon->pitch)
        for (uint64_t j = 0; j < soon->columns; j += LINE)
            fetch_line(soon->from + j, level);
}

/* Takes its first rows. */
INLINE struct soon first_of(struct soon *soon, uint64_t rows) {
    const struct soon first = {soon->from, rows, soon->columns, soon->pitch};
    soon->from += rows * soon->pitch;
    soon->rows -= rows;
    return first;
}

/* Packed rows stand line by line, or, with low blocks from a depth of PACKED_BLOCKS on, `apart`: block by block of their products, whose lines lie as
   many floats apart as the block has rows. So a block reads all of each cache line, and these one after another. */

/* Where row i of a begins, which is the first of a block. */
INLINE const float *block_at(const bool apart, const float *a, uint64_t i, uint64_t k, uint64_t a_row) {
    return a + i * (apart ? k : a_row);
}

#endif

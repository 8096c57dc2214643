/* Products of few rows with a transposed matrix, without AVX-512; a part of kernels_body.h. A strip of PANEL vectors of b's rows is transposed while
   the product with the one before it runs: shuffles and multiply-adds have units of their own. */
#ifndef RUNNER_HOST_KERNELS_STRIPS_H
#define RUNNER_HOST_KERNELS_STRIPS_H

#include "runner/host/kernels_dense.h"

#define TURNED turned
#define STRIP (PANEL * WIDTH)
#define HALF_STEPS 4 /* for which a vector's rows are transposed at a time */
/* Two strips of it, and as much of a, stay in the first-level cache. */
#define STRIP_DEPTH 128

struct strip {
    const float *from; /* [STRIP][depth], in b */
    uint64_t pitch, depth;
    float *to; /* [depth][STRIP] */
};

INLINE void strip_step(const int rows, const float *a, uint64_t a_pitch, const float *b, vec sum[STRIP_ROWS][PANEL]) {
    vec line[PANEL];
    UNROLL(4)
    for (int v = 0; v < PANEL; v++)
        line[v] = kept(load(b + v * WIDTH));
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        const vec factor = splat(a[(uint64_t)i * a_pitch]);
        UNROLL(4)
        for (int v = 0; v < PANEL; v++)
            sum[i][v] = vec_fma(factor, line[v], sum[i][v]);
    }
}

/* HALF_STEPS of them, and that half of `vectors` vectors of the next strip's rows. */
INLINE void strip_half(const int rows, const int vectors, const bool second, const float *a, uint64_t a_pitch,
                       const float *b, vec sum[STRIP_ROWS][PANEL], const float *from, uint64_t pitch, float *to) {
    UNROLL(4)
    for (int q = 0; q < HALF_STEPS; q++, a++, b += STRIP)
        strip_step(rows, a, a_pitch, b, sum);
    UNROLL(4)
    for (int v = 0; v < vectors; v++)
        transpose_half(second, from + (uint64_t)(v * WIDTH) * pitch, pitch, to + v * WIDTH, STRIP);
}

/* Some rows of c by a strip b [k][STRIP]. Meanwhile `vectors` of the next strip's are transposed, from vector `first` on, `turned` deep: whole
   HALF_STEPS, and two of them at least, or none. */
INLINE void strip_rows(const int rows, const int vectors, uint64_t first, uint64_t turned, uint64_t k, const float *a,
                       uint64_t a_pitch, const float *b, float beta, float *c, uint64_t c_pitch,
                       const struct strip *next) {
    vec sum[STRIP_ROWS][PANEL];
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int v = 0; v < PANEL; v++)
        sum[i][v] = started(beta, c + (uint64_t)i * c_pitch, v, PANEL, true, WIDTH);
    const float *from = next->from + first * WIDTH * next->pitch, *end = b + k * STRIP;
    float *to = next->to + first * WIDTH;
    uint64_t left = vectors > 0 ? turned : 0;
    for (; left >= WIDTH; left -= WIDTH, a += WIDTH, b += WIDTH * STRIP, from += WIDTH, to += WIDTH * STRIP) {
        strip_half(rows, vectors, false, a, a_pitch, b, sum, from, next->pitch, to);
        strip_half(rows, vectors, true, a + HALF_STEPS, a_pitch, b + HALF_STEPS * STRIP, sum, from, next->pitch, to);
    }
    if (left > 0) {
        strip_half(rows, vectors, true, a, a_pitch, b, sum, from - HALF_STEPS, next->pitch, to - HALF_STEPS * STRIP);
        a += HALF_STEPS;
        b += HALF_STEPS * STRIP;
    }
    for (; b != end; a++, b += STRIP)
        strip_step(rows, a, a_pitch, b, sum);
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int v = 0; v < PANEL; v++)
        store(c + (uint64_t)i * c_pitch + v * WIDTH, sum[i][v]);
}

/* All rows of c, each block of which transposes a share of the next strip; the first one its rest. */
static void strip_blocks(uint64_t m, uint64_t k, const float *a, uint64_t a_pitch, const float *b, float beta, float *c,
                         uint64_t c_pitch, const struct strip *next) {
    uint64_t blocks = (m + STRIP_ROWS - 1) / STRIP_ROWS;
    const uint64_t both = next->depth < k ? next->depth : k, turned = both < WIDTH ? 0 : both / HALF_STEPS * HALF_STEPS;
    const uint64_t vectors = blocks == 1 ? PANEL : 1;
    transpose(STRIP, next->depth - turned, next->from + turned, next->pitch, next->to + turned * STRIP, STRIP);
    for (uint64_t number = 0, rows; m > 0; m -= rows, a += rows * a_pitch, c += rows * c_pitch, blocks--, number++) {
        rows = (m + blocks - 1) / blocks;
        switch (3 * rows + (number < PANEL ? vectors : 0)) {
#define PART(rows, vectors) strip_rows(rows, vectors, number, turned, k, a, a_pitch, b, beta, c, c_pitch, next)
#define ROWS(rows)                                                                                                     \
    case 3 * rows: PART(rows, 0); break;                                                                               \
    case 3 * rows + 1: PART(rows, 1); break;                                                                           \
    case 3 * rows + 2: PART(rows, 2); break;
            CASES(STRIP_ROWS, ROWS)
#undef ROWS
#undef PART
        default: break;
        }
    }
}

/* Columns of c that make no strip. */
static void last_strip(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                       uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    float strip[STRIP_DEPTH * STRIP];
    for (uint64_t p = 0, depth; p < k; p += depth, beta = 1) {
        depth = k - p < STRIP_DEPTH ? k - p : STRIP_DEPTH;
        transpose(n, depth, b + p, b_pitch, strip, STRIP);
        dense(m, n, depth, 1, a + p, a_pitch, 1, strip, STRIP, beta, c, c_pitch, NULL);
    }
}

static void turned(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    float strips[2][STRIP_DEPTH * STRIP];
    const uint64_t whole = n / STRIP * STRIP;
    if (n > whole)
        last_strip(m, n - whole, k, a, a_pitch, b + whole * b_pitch, b_pitch, beta, c + whole, c_pitch);
    if (whole == 0)
        return;
    struct strip next = {b, b_pitch, k < STRIP_DEPTH ? k : STRIP_DEPTH, strips[0]};
    transpose(STRIP, next.depth, b, b_pitch, next.to, STRIP);
    for (uint64_t p = 0, depth; p < k; p += depth, beta = 1) {
        depth = k - p < STRIP_DEPTH ? k - p : STRIP_DEPTH;
        for (uint64_t j = 0; j < whole; j += STRIP) {
            const float *strip = next.to;
            const uint64_t behind = k - p - depth, row = j + STRIP < whole ? j + STRIP : 0;
            next.from = b + row * b_pitch + p + (row > 0 ? 0 : depth);
            next.depth = row > 0 ? depth : behind < STRIP_DEPTH ? behind : STRIP_DEPTH;
            next.to = strips[strip == strips[0]];
            strip_blocks(m, depth, a + p, a_pitch, strip, beta, c + j, c_pitch, &next);
        }
    }
}

#endif

/* Products of small depth with many rows, as gradients of few examples are; a part of kernels_body.h. Up to HELD_ROWS rows of b stay in registers
   while all rows of c pass: a row's chains are that short, and the next rows' are begun meanwhile. */
#ifndef RUNNER_HOST_KERNELS_HELD_H
#define RUNNER_HOST_KERNELS_HELD_H

#include "runner/host/kernels_wide.h"

#define LEAST_HELD 32 /* rows of c from which on it pays to load those of b first */
#define HELD_PAIR 2   /* of them at a time: a row alone has but PANEL chains */

/* `rows` rows of c by those of b. */
INLINE void held_lines(const int rows, const int depth, const int panel, const bool full, uint64_t last, const float *a,
                       uint64_t a_k, vec line[HELD_ROWS][PANEL], const bool adds, float *c, uint64_t c_pitch) {
    vec sum[HELD_PAIR][PANEL];
    UNROLL(4)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        sum[i][v] = adds ? load_of(c + (uint64_t)i * c_pitch, v, panel, full, last) : (vec){0};
    UNROLL(16)
    for (int p = 0; p < depth; p++)
        UNROLL(4)
    for (int i = 0; i < rows; i++) {
        const vec factor = splat(a[(uint64_t)p * a_k + (uint64_t)i]);
        UNROLL(4)
        for (int v = 0; v < panel; v++)
            sum[i][v] = vec_fma(factor, line[p][v], sum[i][v]);
    }
    UNROLL(4)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        store_of(c + (uint64_t)i * c_pitch, v, sum[i][v], panel, full, last);
}

/* All rows of c by up to PANEL vectors of its columns, HELD_PAIR at a time where registers are left for their sums. */
INLINE void held_panel(const int depth, const int panel, const bool full, uint64_t last, uint64_t m, const float *a,
                       uint64_t a_k, const float *b, uint64_t b_pitch, const bool adds, float *c, uint64_t c_pitch) {
    vec line[HELD_ROWS][PANEL];
    UNROLL(16)
    for (int p = 0; p < depth; p++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        line[p][v] = kept(load_of(b + (uint64_t)p * b_pitch, v, panel, full, last));
    const int rows = depth < HELD_ROWS ? HELD_PAIR : 1;
    for (; m >= (uint64_t)rows; m -= (uint64_t)rows, a += rows, c += (uint64_t)rows * c_pitch)
        held_lines(rows, depth, panel, full, last, a, a_k, line, adds, c, c_pitch);
    if (m > 0)
        held_lines(1, depth, panel, full, last, a, a_k, line, adds, c, c_pitch);
}

/* The last columns, fewer than PANEL vectors. */
INLINE void held_rest(const int depth, uint64_t n, uint64_t m, const float *a, uint64_t a_k, const float *b,
                      uint64_t b_pitch, const bool adds, float *c, uint64_t c_pitch) {
    if (n > WIDTH)
        held_panel(depth, PANEL, false, n - WIDTH, m, a, a_k, b, b_pitch, adds, c, c_pitch);
    else if (n == WIDTH / 2) /* which needs no mask */
        held_panel(depth, 1, false, WIDTH / 2, m, a, a_k, b, b_pitch, adds, c, c_pitch);
    else
        held_panel(depth, 1, false, n, m, a, a_k, b, b_pitch, adds, c, c_pitch);
}

/* All rows and columns of c by `groups` times `depth` rows of b: of a panel's columns, which stay in the first-level cache, by all of them. */
INLINE void held_groups(const int depth, uint64_t groups, uint64_t n, uint64_t m, const float *a, uint64_t a_k,
                        const float *b, uint64_t b_pitch, const bool adds, float *c, uint64_t c_pitch) {
    const uint64_t width = PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, c += width)
        for (uint64_t g = 0, p = 0; g < groups; g++, p += (uint64_t)depth)
            held_panel(depth, PANEL, true, WIDTH, m, a + p * a_k, a_k, b + p * b_pitch, b_pitch, adds, c, c_pitch);
    for (uint64_t g = 0, p = 0; n > 0 && g < groups; g++, p += (uint64_t)depth)
        held_rest(depth, n, m, a + p * a_k, a_k, b + p * b_pitch, b_pitch, adds, c, c_pitch);
}

static void held_add(uint64_t depth, uint64_t groups, uint64_t n, uint64_t m, const float *a, uint64_t a_k,
                     const float *b, uint64_t b_pitch, float *c, uint64_t c_pitch) {
    switch (depth) {
#define DEPTHS(depth)                                                                                                  \
    case depth: held_groups(depth, groups, n, m, a, a_k, b, b_pitch, true, c, c_pitch); break;
        CASES(HELD_ROWS, DEPTHS)
#undef DEPTHS
    default: break;
    }
}

static void held_write(uint64_t depth, uint64_t n, uint64_t m, const float *a, uint64_t a_k, const float *b,
                       uint64_t b_pitch, float *c, uint64_t c_pitch) {
    switch (depth) {
#define DEPTHS(depth)                                                                                                  \
    case depth: held_groups(depth, 1, n, m, a, a_k, b, b_pitch, false, c, c_pitch); break;
        CASES(HELD_ROWS, DEPTHS)
#undef DEPTHS
    default: break;
    }
}

/* k > 0, and element (i, p) of a is a[p * a_k + i]; c is added to, or written. */
static void held(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_k, const float *b, uint64_t b_pitch,
                 bool adds, float *c, uint64_t c_pitch) {
    const uint64_t groups = (k + HELD_ROWS - 1) / HELD_ROWS;
    if (adds && k % groups == 0) {
        held_add(k / groups, groups, n, m, a, a_k, b, b_pitch, c, c_pitch);
        return;
    }
    for (uint64_t j = 0, width; j < n; j += width) {
        width = n - j < PANEL * WIDTH ? n - j : PANEL * WIDTH;
        for (uint64_t g = 0, p = 0, depth; g < groups; g++, p += depth) {
            depth = (k - p + groups - g - 1) / (groups - g);
            if (adds || p > 0)
                held_add(depth, 1, width, m, a + p * a_k, a_k, b + p * b_pitch + j, b_pitch, c + j, c_pitch);
            else
                held_write(depth, width, m, a, a_k, b + j, b_pitch, c + j, c_pitch);
        }
    }
}

static void shallow(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                    uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    if (m >= LEAST_HELD && k > 0 && a_row == 1 && (beta == 0 || beta == 1))
        held(m, n, k, a, a_k, b, b_pitch, beta == 1, c, c_pitch);
    else
        wide(m, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}

#endif

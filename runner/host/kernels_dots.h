/* Dot products, dots() of struct kernels; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_DOTS_H
#define RUNNER_HOST_KERNELS_DOTS_H

#include "runner/host/kernels_vectors.h"

#define CHAINS (KERNEL_LANES / WIDTH) /* vectors that hold the lanes of one dot product */

typedef float quad __attribute__((vector_size(4 * sizeof(float))));

/* Lane i takes lane i + 8, then lane i + 4: the same sums for every vector width. */
INLINE quad folded(const vec sum[CHAINS]) {
#if WIDTH == 4
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
#else
#if WIDTH == 16
    typedef float oct __attribute__((vector_size(8 * sizeof(float))));
    oct eight = __builtin_shufflevector(sum[0], sum[0], 0, 1, 2, 3, 4, 5, 6, 7) +
                __builtin_shufflevector(sum[0], sum[0], 8, 9, 10, 11, 12, 13, 14, 15);
#else
    vec eight = sum[0] + sum[1];
#endif
    return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
#endif
}

/* Then lane i takes lane i + 2 and i + 1: for four sums at once, by columns. */
INLINE quad totals(const quad s[4]) {
    quad ab = __builtin_shufflevector(s[0], s[1], 0, 4, 1, 5), cd = __builtin_shufflevector(s[2], s[3], 0, 4, 1, 5);
    quad ab_high = __builtin_shufflevector(s[0], s[1], 2, 6, 3, 7),
         cd_high = __builtin_shufflevector(s[2], s[3], 2, 6, 3, 7);
    quad first = __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    quad second = __builtin_shufflevector(ab, cd, 2, 3, 6, 7) + __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
    return first + second;
}

/* Totals of up to four sums, of which `columns` are wanted. */
INLINE void write_totals(const int columns, const quad s[4], float alpha, float beta, float *y) {
    const quad total = totals(s);
    UNROLL(4)
    for (int j = 0; j < columns; j++)
        y[j] = __builtin_fmaf(alpha, total[j], beta == 0 ? 0 : y[j] * beta);
}

#define DOT_ROWS 64 /* at a time */

#if ROW_PANEL > 0
/* Adds a panel of the products of each row of b and x, of which x stays in registers, to the rows' sums; with the last panel these are folded. One
   row after the other: so the hardware fetches them as they come. */
INLINE void dots_panel(const int panel, const bool full, const bool first, uint64_t last, uint64_t rows, const float *x,
                       const float *b, uint64_t b_pitch, vec *sum, quad *fold) {
    vec part[ROW_PANEL];
    UNROLL(16)
    for (int v = 0; v < panel; v++)
        part[v] = load_of(x, v, panel, full, last);
    UNROLL(1)
    for (uint64_t r = 0; r < rows; r++, b += b_pitch) {
        vec s = first ? (vec){0} : sum[r];
        UNROLL(16)
        for (int v = 0; v < panel; v++)
            s = vec_fma(part[v], load_of(b, v, panel, full, last), s);
        if (fold == NULL)
            sum[r] = s;
        else
            fold[r] = folded(&s);
    }
}

static void dots_rows(uint64_t rows, uint64_t k, float alpha, const float *x, const float *b, uint64_t b_pitch,
                      float beta, float *y) {
    const uint64_t width = ROW_PANEL * WIDTH;
    vec sum[DOT_ROWS];
    quad fold[DOT_ROWS + 3] = {{0}};
    bool first = true;
    for (; k > width; k -= width, b += width, x += width, first = false)
        dots_panel(ROW_PANEL, true, first, WIDTH, rows, x, b, b_pitch, sum, NULL);
    uint64_t vectors = (k + WIDTH - 1) / WIDTH, last = k - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: dots_panel(vectors, false, first, last, rows, x, b, b_pitch, sum, fold); break;
        CASES(ROW_PANEL, PART)
#undef PART
    default: break;
    }
    for (uint64_t r = 0; r < rows; r += 4) {
        if (rows - r >= 4)
            write_totals(4, fold + r, alpha, beta, y + r);
        else
            for (uint64_t j = r; j < rows; j++)
                write_totals(1, fold + j, alpha, beta, y + j);
    }
}
#else
/* Columns of y at a time share the loads of x. */
INLINE void dots_of(const int columns, uint64_t k, float alpha, const float *x, const float *b, uint64_t b_pitch,
                    float beta, float *y) {
    vec sum[4][CHAINS];
    UNROLL(4)
    for (int j = 0; j < 4; j++)
        UNROLL(4)
    for (int v = 0; v < CHAINS; v++)
        sum[j][v] = (vec){0};
    uint64_t p = 0;
    for (; p + KERNEL_LANES <= k; p += KERNEL_LANES)
        UNROLL(4)
    for (int v = 0; v < CHAINS; v++) {
        vec part = load(x + p + (uint64_t)v * WIDTH);
        UNROLL(4)
        for (int j = 0; j < columns; j++)
            sum[j][v] = vec_fma(part, load(b + (uint64_t)j * b_pitch + p + (uint64_t)v * WIDTH), sum[j][v]);
    }
    for (int v = 0; v < CHAINS && p < k; v++, p += WIDTH) {
        uint64_t n = k - p < WIDTH ? k - p : WIDTH;
        vec part = vec_load_part(x + p, n);
        UNROLL(4)
        for (int j = 0; j < columns; j++)
            sum[j][v] = vec_fma(part, vec_load_part(b + (uint64_t)j * b_pitch + p, n), sum[j][v]);
    }
    quad rest[4];
    UNROLL(4)
    for (int j = 0; j < 4; j++)
        rest[j] = folded(sum[j]);
    write_totals(columns, rest, alpha, beta, y);
}

static void dots_rows(uint64_t rows, uint64_t k, float alpha, const float *x, const float *b, uint64_t b_pitch,
                      float beta, float *y) {
    uint64_t j = 0;
    for (; j + 4 <= rows; j += 4)
        dots_of(4, k, alpha, x, b + j * b_pitch, b_pitch, beta, y + j);
    for (; j < rows; j++)
        dots_of(1, k, alpha, x, b + j * b_pitch, b_pitch, beta, y + j);
}
#endif

/* From the last rows of b to the first: on the way forward a product has gone the other way, and left the last ones in the second-level cache. */
static void dots(uint64_t n, uint64_t k, float alpha, const float *x, const float *b, uint64_t b_pitch, float beta,
                 float *y) {
    for (uint64_t first = n, rows; first > 0;) {
        rows = (first - 1) % DOT_ROWS + 1;
        first -= rows;
        dots_rows(rows, k, alpha, x, b + first * b_pitch, b_pitch, beta, y + first);
    }
}

#endif

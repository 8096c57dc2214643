/* What all kernels are written in: loops that are unrolled, copies of code by size, and the vectors of a row; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_VECTORS_H
#define RUNNER_HOST_KERNELS_VECTORS_H

#include "runner/host/kernels.h"

#if defined(__clang__)
#define UNROLL(n) _Pragma("unroll")
#elif defined(__GNUC__)
#define PRAGMA(text) _Pragma(#text)
#define UNROLL(n) PRAGMA(GCC unroll n)
#endif
#define INLINE static inline __attribute__((always_inline))
/* CASES(MOST, X): X(MOST) .. X(1), for a switch over how many rows or vectors there are, each of which has a copy of its code. MOST is a literal
   or a macro that is one. */
#define CASES(most, X) CASES_OF(most, X)
#define CASES_OF(most, X) CASES_##most(X)
#define CASES_1(X) X(1)
#define CASES_2(X) X(2) CASES_1(X)
#define CASES_3(X) X(3) CASES_2(X)
#define CASES_4(X) X(4) CASES_3(X)
#define CASES_5(X) X(5) CASES_4(X)
#define CASES_6(X) X(6) CASES_5(X)
#define CASES_8(X) X(8) X(7) CASES_6(X)
#define CASES_10(X) X(10) X(9) CASES_8(X)
#define CASES_12(X) X(12) X(11) CASES_10(X)
#define CASES_13(X) X(13) CASES_12(X)
#define CASES_16(X) X(16) X(15) X(14) CASES_13(X)

#define PANEL 2 /* vectors of a row of a block */
#define LINE 16 /* floats of a cache line */
/* The rows of b lie too far apart for the hardware to guess which come next. */
#define PREFETCH_ROWS 8   /* of b, ahead of their use */
#define PREFETCH_SECOND 2 /* into the second-level cache */
#ifndef OWN_LEVEL
#define OWN_LEVEL 2 /* the cache into which blocks of many rows fetch of the panel that they are at */
#endif

typedef float vec_unaligned __attribute__((vector_size(WIDTH * sizeof(float)), aligned(4), may_alias));

INLINE vec load(const float *p) {
    return *(const vec_unaligned *)p;
}

INLINE void store(float *p, vec v) {
    *(vec_unaligned *)p = v;
}

INLINE vec splat(float x) {
    return x - (vec){0};
}

/* In a register, where there are such: gcc would load it once more for each use. */
INLINE vec kept(vec v) {
#if defined(__AVX512F__) || (defined(__x86_64__) && WIDTH < 16)
    __asm__("" : "+v"(v));
#endif
    return v;
}

/* In one register, which an address that has an index has not: such a fused multiply-add takes an Intel core two slots. */
INLINE const float *kept_row(const float *row) {
#if defined(__x86_64__)
    __asm__("" : "+r"(row));
#endif
    return row;
}

/* Vector v of a row of `panel` vectors, the last of which has `last` floats: all WIDTH of them where `full`. */
INLINE vec load_of(const float *row, const int v, const int panel, const bool full, uint64_t last) {
    return full || v + 1 < panel ? load(row + (uint64_t)v * WIDTH) : vec_load_part(row + (uint64_t)v * WIDTH, last);
}

INLINE void store_of(float *row, const int v, vec value, const int panel, const bool full, uint64_t last) {
    if (full || v + 1 < panel)
        store(row + (uint64_t)v * WIDTH, value);
    else
        vec_store_part(row + (uint64_t)v * WIDTH, value, last);
}

INLINE vec started(float beta, const float *row, const int v, const int panel, const bool full, uint64_t last) {
    if (beta == 0)
        return (vec){0};
    vec c = load_of(row, v, panel, full, last);
    if (beta != 1)
        c = c * splat(beta);
    return c;
}

INLINE void fetch_line(const float *p, const int level) {
    if (level == 1)
        __builtin_prefetch(p);
    else if (level == 2)
        __builtin_prefetch(p, 0, PREFETCH_SECOND);
}

/* ---- Panels: some columns of a matrix, `panel` vectors, the last of which has `last` floats where not `full` ---- */

INLINE void load_panel(const int panel, const bool full, uint64_t last, const float *row, vec *sum) {
    UNROLL(16)
    for (int v = 0; v < panel; v++)
        sum[v] = load_of(row, v, panel, full, last);
}

INLINE void store_panel(const int panel, const bool full, uint64_t last, const vec *sum, float *row) {
    UNROLL(16)
    for (int v = 0; v < panel; v++)
        store_of(row, v, sum[v], panel, full, last);
}

/* sum += factor row */
INLINE void add_panel(const int panel, const bool full, uint64_t last, vec factor, const float *row, vec *sum) {
    UNROLL(16)
    for (int v = 0; v < panel; v++)
        sum[v] = vec_fma(factor, load_of(row, v, panel, full, last), sum[v]);
}

INLINE void fetch_panel(const int panel, const float *row, const int level) {
    UNROLL(16)
    for (int j = 0; j < panel * WIDTH; j += LINE)
        fetch_line(row + j, level);
}

#endif

/*
 * The steps of adam_plain.h by vectors of 8 (AVX2). With gradients, a root in three comes from an estimate, as in adam_wide.h; with more of
 * them the multipliers would be short. A core's schedulers, which hold what waits for results, are full of less than a group, of which moments,
 * roots and quotients hang on each other. So a turn of the loop makes the moments of one group, the roots of the group before it and the changes of
 * the one before that (Zen 3: 6.6 cycles a vector in place of 8.5).
 */
#ifndef ADAM_NARROW_H
#define ADAM_NARROW_H

#include "adam_plain.h"

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma")))
#define NAME(name) name##_v3
#define WIDTH 8
#define VECTORS 2
typedef __m256 vec_v3;
typedef __m256i bits_v3;
INLINE vec_v3 fma_v3(vec_v3 a, vec_v3 b, vec_v3 c) { /* a b + c */
    return _mm256_fmadd_ps(a, b, c);
}
INLINE vec_v3 fnma_v3(vec_v3 a, vec_v3 b, vec_v3 c) { /* c - a b */
    return _mm256_fnmadd_ps(a, b, c);
}
INLINE vec_v3 root_v3(vec_v3 x) {
    return _mm256_sqrt_ps(x);
}
INLINE vec_v3 inverse_root_v3(vec_v3 x) { /* to 1.5 2^-12 of it */
    return _mm256_rsqrt_ps(x);
}
INLINE int is_zero_v3(bits_v3 x) {
    return _mm256_testz_si256(x, x);
}
#include "adam_body.h"

#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, x) _mm256_storeu_ps(p, x)
#define SPLAT(x) _mm256_set1_ps(x)
#define EACH(j) UNROLL for (int j = 0; j < 3; j++)

enum { NARROW = 3 * WIDTH /* weights of a group */ };

struct narrow_step {
    __m256 alpha, epsilon, gain_1, gain_2, x;
};

/*
 * False in the sign of a lane of *doubt where its root is certain. In units of 2^-24 of the value, the estimate is exact to 6144 here, so that the first
 * correction leaves s exact to 10, and 1 / (root(v) + s) is within 5 of 1 / (2 root(v)).
 */
INLINE __m256 narrow_root(__m256 v, __m256 *doubt) {
    enum { HALF = 1 << 23, MARGIN = 6144 + 64 };
    const __m256 inverse = inverse_root_v3(v);
    const __m256 low = (__m256)((lanes_v3)inverse - (HALF + MARGIN));
    const __m256 high = (__m256)((lanes_v3)inverse - (HALF - MARGIN));
    __m256 s = v * inverse;
    s = fma_v3(fnma_v3(s, s, v), low, s);
    const __m256 d = fnma_v3(s, s, v), root = fma_v3(d, low, s);
    *doubt = _mm256_cmp_ps(root, fma_v3(d, high, s), _CMP_NEQ_UQ);
    *doubt = _mm256_or_ps(*doubt, _mm256_cmp_ps(v, SPLAT(0x1p-76f), _CMP_LT_OQ));
    return root;
}

/* The new v. A product may be -0 here: whichever 0 a gradient is, m and v get the same bits. */
INLINE __m256 narrow_moments(const struct narrow_step *step, const int outer, const float *g_, float *m_, float *v_) {
    __m256 g = LOAD(g_), m = LOAD(m_), v = LOAD(v_);
    if (outer)
        g *= step->x;
    m += (g - m) * step->gain_1;
    v += (g * g - v) * step->gain_2;
    STORE(m_, m);
    STORE(v_, v);
    return v;
}

INLINE __m256 narrow_change(const struct narrow_step *step, const float *m, __m256 root) {
    return LOAD(m) * step->alpha / (root + step->epsilon);
}

INLINE void narrow_subtract(float *w, __m256 change) {
    STORE(w, LOAD(w) - change);
}

INLINE void narrow_vector(const struct narrow_step *step, const int outer, float *w, const float *g, float *m,
                          float *v) {
    const __m256 root = root_v3(narrow_moments(step, outer, g, m, v));
    narrow_subtract(w, narrow_change(step, m, root));
}

/* Of whole groups, two or more. */
INLINE void narrow_groups(const struct narrow_step *step, const int outer, uint64_t n, float *w, const float *g,
                          float *m, float *v) {
    __m256 square[3], root[3], change[3], doubt;
    EACH(j) root[j] = root_v3(narrow_moments(step, outer, g + j * WIDTH, m + j * WIDTH, v + j * WIDTH));
    g += NARROW, v += NARROW;
    EACH(j) square[j] = narrow_moments(step, outer, g + j * WIDTH, m + NARROW + j * WIDTH, v + j * WIDTH);
    for (uint64_t i = 2 * NARROW; i < n; i += NARROW, w += NARROW, m += NARROW) {
        const float *first = m;
        const __m256 last = square[2];
        __asm__("" : "+r"(first)); /* it is read again: what the compiler would keep in registers it would spill */
        g += NARROW, v += NARROW;
        EACH(j) {
            change[j] = narrow_change(step, first + j * WIDTH, root[j]);
            root[j] = j < 2 ? root_v3(square[j]) : narrow_root(square[j], &doubt);
            square[j] = narrow_moments(step, outer, g + j * WIDTH, m + 2 * NARROW + j * WIDTH, v + j * WIDTH);
            narrow_subtract(w + j * WIDTH, change[j]);
        }
        if (__builtin_expect(_mm256_movemask_ps(doubt) != 0, 0))
            root[2] = root_v3(last);
    }
    EACH(j) narrow_subtract(w + j * WIDTH, narrow_change(step, m + j * WIDTH, root[j]));
    w += NARROW, m += NARROW;
    EACH(j) narrow_subtract(w + j * WIDTH, narrow_change(step, m + j * WIDTH, root_v3(square[j])));
}

INLINE void narrow_run(const struct adam_step *step, const int outer, uint64_t n, float *w, const float *g, float *m,
                       float *v) {
    const struct narrow_step own = {SPLAT(step->alpha), SPLAT(step->epsilon), SPLAT(step->gain_1), SPLAT(step->gain_2),
                                    SPLAT(step->x)};
    uint64_t i = n / NARROW * NARROW;
    narrow_groups(&own, outer, i, w, g, m, v);
    for (; i + WIDTH <= n; i += WIDTH)
        narrow_vector(&own, outer, w + i, g + i, m + i, v + i);
    step_plain(step, n - i, w + i, g + i, m + i, v + i);
}

/* Of n weights: two groups or more. */
TARGET static void step_v3(const struct adam_step *step, uint64_t n, float *w, const float *g, float *m, float *v) {
    if (step->outer)
        narrow_run(step, 1, n, w, g, m, v);
    else
        narrow_run(step, 0, n, w, g, m, v);
}

#undef LOAD
#undef STORE
#undef SPLAT
#undef EACH
#undef TARGET
#undef NAME
#undef WIDTH
#undef VECTORS

#endif

/*
 * The steps of adam_plain.h by vectors of 16 (AVX-512). With gradients, a root in three comes from an estimate (adam_body.h), which is what
 * the adders and multipliers have time for beside the divider.
 */
#ifndef ADAM_WIDE_H
#define ADAM_WIDE_H

#include "adam_plain.h"

#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,fma")))
#define NAME(name) name##_v4
#define WIDTH 16
#define VECTORS 4
typedef __m512 vec_v4;
typedef __m512i bits_v4;
INLINE vec_v4 fma_v4(vec_v4 a, vec_v4 b, vec_v4 c) {
    return _mm512_fmadd_ps(a, b, c);
}
INLINE vec_v4 fnma_v4(vec_v4 a, vec_v4 b, vec_v4 c) {
    return _mm512_fnmadd_ps(a, b, c);
}
INLINE vec_v4 root_v4(vec_v4 x) {
    return _mm512_sqrt_ps(x);
}
INLINE vec_v4 inverse_root_v4(vec_v4 x) { /* to 2^-14 of it */
    return _mm512_rsqrt14_ps(x);
}
INLINE int is_zero_v4(bits_v4 x) {
    return _mm512_test_epi32_mask(x, x) == 0;
}
#include "adam_body.h"

typedef float unaligned_16 __attribute__((vector_size(64), aligned(4), may_alias));

#define LOAD(p) (*(const unaligned_16 *)(p))
#define STORE(p, x) (*(unaligned_16 *)(p) = (x))
#define SPLAT(x) _mm512_set1_ps(x)
#define EACH(j) UNROLL for (int j = 0; j < 3; j++)

/*
 * False where root(v) is in doubt. In units of 2^-24 of the value, the estimate of the inverse root is exact to 1024, so that the first
 * correction leaves s exact to 2, and 1 / (root(v) + s) is within 1 of 1 / (2 root(v)), and d exact to 1. Half of the estimate has its bits less
 * 2^23; MARGIN last places of 1 to 2 each less and more are the bounds. Where v is not finite the sums are NaN, which is unlike itself.
 */
INLINE int estimated_root(__m512 v, __m512 *root) {
    enum { HALF = 1 << 23, MARGIN = 1024 + 64 };
    const __m512 inverse = inverse_root_v4(v);
    const __m512 low = (__m512)((lanes_v4)inverse - (HALF + MARGIN));
    const __m512 high = (__m512)((lanes_v4)inverse - (HALF - MARGIN));
    __m512 s = v * inverse;
    s = fma_v4(fnma_v4(s, s, v), low, s);
    const __m512 d = fnma_v4(s, s, v);
    *root = fma_v4(d, low, s);
    return (_mm512_cmp_ps_mask(*root, fma_v4(d, high, s), _CMP_NEQ_UQ) |
            _mm512_cmp_ps_mask(v, SPLAT(0x1p-76f), _CMP_LT_OQ)) == 0;
}

INLINE void step_group(const struct adam_step *step, const int outer, float *w_, const float *g_, float *m_,
                       float *v_) {
    __m512 g[3], m[3], v[3], root[3];
    EACH(j) {
        g[j] = LOAD(g_ + j * WIDTH);
        if (outer)
            g[j] = fma_v4(SPLAT(step->x), g[j], SPLAT(0.0f));
        v[j] = LOAD(v_ + j * WIDTH);
        v[j] += (g[j] * g[j] - v[j]) * SPLAT(step->gain_2);
        STORE(v_ + j * WIDTH, v[j]);
    }
    root[0] = root_v4(v[0]);
    root[1] = root_v4(v[1]);
    if (!estimated_root(v[2], &root[2]))
        root[2] = root_v4(v[2]);
    EACH(j) {
        m[j] = LOAD(m_ + j * WIDTH);
        m[j] += (g[j] - m[j]) * SPLAT(step->gain_1);
        STORE(m_ + j * WIDTH, m[j]);
    }
    EACH(j) m[j] = m[j] * SPLAT(step->alpha) / (root[j] + SPLAT(step->epsilon));
    EACH(j) STORE(w_ + j * WIDTH, LOAD(w_ + j * WIDTH) - m[j]);
}

/* A vector of n weights, 16 or fewer. */
INLINE void step_part(const struct adam_step *step, const int outer, uint64_t n, float *w_, const float *g_, float *m_,
                      float *v_) {
    const __mmask16 here = n < WIDTH ? (__mmask16)((1u << n) - 1) : 0xffff;
    __m512 g = _mm512_maskz_loadu_ps(here, g_), m = _mm512_maskz_loadu_ps(here, m_);
    __m512 v = _mm512_maskz_loadu_ps(here, v_), w = _mm512_maskz_loadu_ps(here, w_);
    if (outer)
        g = fma_v4(SPLAT(step->x), g, SPLAT(0.0f));
    m += (g - m) * SPLAT(step->gain_1);
    v += (g * g - v) * SPLAT(step->gain_2);
    w -= m * SPLAT(step->alpha) / (root_v4(v) + SPLAT(step->epsilon));
    _mm512_mask_storeu_ps(m_, here, m);
    _mm512_mask_storeu_ps(v_, here, v);
    _mm512_mask_storeu_ps(w_, here, w);
}

INLINE void step_by_groups(const struct adam_step *step, const int outer, uint64_t n, float *w, const float *g,
                           float *m, float *v) {
    const struct adam_step own = *step; /* nothing that is stored changes it */
    uint64_t i = 0;
    for (; i + 3 * WIDTH <= n; i += 3 * WIDTH)
        step_group(&own, outer, w + i, g + i, m + i, v + i);
    for (; i < n; i += WIDTH)
        step_part(&own, outer, n - i, w + i, g + i, m + i, v + i);
}

TARGET static void step_v4(const struct adam_step *step, uint64_t n, float *w, const float *g, float *m, float *v) {
    if (step->outer)
        step_by_groups(step, 1, n, w, g, m, v);
    else
        step_by_groups(step, 0, n, w, g, m, v);
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

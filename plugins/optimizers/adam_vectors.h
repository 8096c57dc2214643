/*
 * Adam's steps by plain loops and, to the same bit, by vectors of two levels of x86-64: with any gradients, and with gradients of 0, where weights
 * and slots stay in registers for many steps.
 */
#ifndef ADAM_VECTORS_H
#define ADAM_VECTORS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The gradient is g or, of one example, x g, where it is never -0: as host->product() adds it to 0. */
struct adam_step {
    float alpha, epsilon, gain_1, gain_2;
    int outer;
    float x;
};

static inline void step_plain(const struct adam_step *step, uint64_t n, float *restrict w, const float *restrict g,
                              float *restrict m, float *restrict v) {
    const struct adam_step own = *step;
    for (uint64_t i = 0; i < n; i++) {
        float gradient = own.outer ? __builtin_fmaf(own.x, g[i], 0.0f) : g[i];
        m[i] += (gradient - m[i]) * own.gain_1;
        v[i] += (gradient * gradient - v[i]) * own.gain_2;
        w[i] -= m[i] * own.alpha / (sqrtf(v[i]) + own.epsilon);
    }
}

enum { ZERO_STEPS = 16 }; /* at a time, at most: what is estimated gets less exact from step to step */

struct zero_steps {
    uint64_t count;
    float alpha[ZERO_STEPS], epsilon[ZERO_STEPS], gain_1, gain_2;
    float fall, rise; /* root(1 - gain_2) and its inverse */
};

/* What such steps leave of a slot. x + (0 - x) gain is the same but for more work. */
static inline float faded(float x, float gain) {
    return x - x * gain;
}

static inline void zeros_plain(const struct zero_steps *steps, uint64_t n, float *restrict w, float *restrict m,
                               float *restrict v) {
    float gain_1 = steps->gain_1, gain_2 = steps->gain_2;
    for (uint64_t k = 0; k < steps->count; k++) {
        float alpha = steps->alpha[k], epsilon = steps->epsilon[k];
        for (uint64_t i = 0; i < n; i++) {
            m[i] = faded(m[i], gain_1);
            v[i] = faded(v[i], gain_2);
            w[i] -= m[i] * alpha / (sqrtf(v[i]) + epsilon);
        }
    }
}

static inline void fade_plain(uint64_t count, float gain, uint64_t n, float *x) {
    for (uint64_t k = 0; k < count; k++)
        for (uint64_t i = 0; i < n; i++)
            x[i] = faded(x[i], gain);
}

#if defined(__x86_64__)
#include <immintrin.h>

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

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
#include "adam_narrow.h"
#undef TARGET
#undef NAME
#undef WIDTH
#undef VECTORS

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
#include "adam_wide.h"
#undef TARGET
#undef NAME
#undef WIDTH
#undef VECTORS

static inline int vectors_are_wide(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

static inline void step_run(const struct adam_step *step, uint64_t n, float *w, const float *g, float *m, float *v) {
    if (vectors_are_wide())
        step_v4(step, n, w, g, m, v);
    else if (n >= 3 * NARROW) /* with two groups its loop makes no turn */
        step_v3(step, n, w, g, m, v);
    else
        step_plain(step, n, w, g, m, v);
}

static inline void zeros(const struct zero_steps *steps, uint64_t n, float *w, float *m, float *v) {
    if (steps->count < 2 || steps->gain_2 > 0.5f)
        zeros_plain(steps, n, w, m, v);
    else if (vectors_are_wide())
        zeros_v4(steps, n, w, m, v);
    else
        zeros_v3(steps, n, w, m, v);
}

static inline void fade(uint64_t count, float gain, uint64_t n, float *x) {
    if (vectors_are_wide())
        fade_v4(count, gain, n, x);
    else
        fade_v3(count, gain, n, x);
}
#else
static inline void step_run(const struct adam_step *step, uint64_t n, float *w, const float *g, float *m, float *v) {
    step_plain(step, n, w, g, m, v);
}

static inline void zeros(const struct zero_steps *steps, uint64_t n, float *w, float *m, float *v) {
    zeros_plain(steps, n, w, m, v);
}

static inline void fade(uint64_t count, float gain, uint64_t n, float *x) {
    fade_plain(count, gain, n, x);
}
#endif
#endif

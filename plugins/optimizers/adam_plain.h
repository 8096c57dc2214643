/*
 * Adam's steps by plain loops: with any gradients, and with gradients of 0.
 */
#ifndef ADAM_PLAIN_H
#define ADAM_PLAIN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

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

/* For the vectors: each width defines TARGET. */
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET

#endif

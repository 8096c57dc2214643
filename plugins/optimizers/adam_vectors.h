/*
 * Adam's steps: plain loops or, to the same bit, the vectors of this processor.
 */
#ifndef ADAM_VECTORS_H
#define ADAM_VECTORS_H

#include "adam_plain.h"

#if defined(__x86_64__)
#include "adam_narrow.h"
#include "adam_wide.h"

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

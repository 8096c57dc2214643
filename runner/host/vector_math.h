/*
 * exp, log, tanh and erf of float vectors, behind runner_host. Worker only; [any] thread.
 *
 * y[i] = f(x[i]) for n values; x may equal y, and overlaps in no other way. A value depends on x[i] alone: the same bits
 * on every machine, at every vector width, alignment, n and place, whether the thread flushes subnormal numbers or not.
 * Subnormal numbers count as zeros, as arguments and as results, so log of one is -inf.
 *
 * Errors in units in the last place against the exact value, over all floats: exp 1.02, log 0.93, tanh 1.07, erf 1.09, logistic 2.35.
 * exp(-inf) = 0, log(0) = -inf, log(x < 0) = NaN, NaN stays NaN.
 */
#ifndef RUNNER_HOST_VECTOR_MATH_H
#define RUNNER_HOST_VECTOR_MATH_H

#include <stdint.h>

void vector_exp(uint64_t n, const float *x, float *y);
void vector_log(uint64_t n, const float *x, float *y);
void vector_tanh(uint64_t n, const float *x, float *y);
void vector_erf(uint64_t n, const float *x, float *y);

/* The logistic function: 1 / (1 + e) where x >= 0 and e / (1 + e) where x < 0, with vector_exp()'s e = exp(-|x|). */
void vector_logistic(uint64_t n, const float *x, float *y);

#endif

/* Made-up numbers, and how far two vectors are from each other. */
#ifndef RUNNER_CONFORMANCE_NUMBERS_H
#define RUNNER_CONFORMANCE_NUMBERS_H

#include <stdint.h>

/* Uniform in [-1, 1): a linear congruential generator (Knuth's MMIX constants). */
float random_value(uint64_t *random);

/* |a - b| over the larger of |a| and |b|, of vectors in the Euclidean norm; 0 where both are 0. */
double relative_error(uint64_t n, const double *a, const double *b);

#endif

/*
 * Counter-based random numbers: a value is a pure function of (key, row, index), so neither threads nor the order or the
 * cut of the calls show. All functions are thread-safe, and their bits are the same on every machine: only integer
 * operations, + - * / and sqrt in IEEE double, no libm.
 *
 * Generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011) with the
 * counter {row low, row high, index/4 low, index/4 high}; value `index` of a row is word index%4 of that block.
 *
 * One word makes one value of bits, uniform, normal and truncated normal; the functions that say "64 bits" take words
 * 2*index and 2*index + 1 of the row. So use one key for one purpose.
 */
#ifndef RUNNER_BASE_RANDOM_H
#define RUNNER_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_key {
    uint32_t words[2];
};

/* XXH3-64 of the seed (8 bytes, little endian), the name's bytes and the number (8 bytes, little endian). `stream` names
   the purpose ("dense_2/kernel", "order"), `number` counts within it (an epoch, an update). */
struct random_key random_key(uint64_t seed, const char *stream, uint64_t number);

uint32_t random_bits(struct random_key key, uint64_t row, uint64_t index);
/* [0, 1), 53 random bits, a multiple of 2^-53. */
double random_uniform53(struct random_key key, uint64_t row, uint64_t index);
/* 0 .. n - 1 from 64 bits; the probabilities differ by at most 2^-64. n must not be 0. */
uint64_t random_below(struct random_key key, uint64_t row, uint64_t index, uint64_t n);

/* Values first .. first + n of a row into out[n]. */
void random_fill_bits(struct random_key key, uint64_t row, uint64_t first, size_t n, uint32_t *out);
/* [0, 1), 24 random bits, a multiple of 2^-24: exact as float, never 1. */
void random_fill_uniform(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out);
/* Mean 0, variance 1, by random_normal_quantile((word + 1/2) / 2^32), so within +-6.34. */
void random_fill_normal(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out);
/* The normal distribution given that |x| <= 2, not rescaled (standard deviation 0.8796), by the quantile as well. */
void random_fill_truncated_normal(struct random_key key, uint64_t row, uint64_t first, size_t n, float *out);

/* A permutation of 0 .. n - 1, all alike probable: Fisher-Yates, where step i takes random_below(key, 0, i, i + 1).
   n is at most 2^32. */
void random_permutation(struct random_key key, size_t n, uint32_t *out);

/* The x with P(X <= x) = p of the standard normal distribution, 0 < p < 1, relative error about 1e-15: algorithm AS 241,
   PPND16 (Wichura, Applied Statistics 37, 1988, 477-484). */
double random_normal_quantile(double p);
/* The natural logarithm of a positive normal number, relative error below 1e-15. */
double random_log(double x);

#endif

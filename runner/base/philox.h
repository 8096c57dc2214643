/*
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011), many counters at a time. [any] thread.
 */
#ifndef RUNNER_BASE_PHILOX_H
#define RUNNER_BASE_PHILOX_H

#include <stdint.h>

/* The words of blocks first .. first + n - 1 into out [n][4]; the counter of a block is {row low, row high, block low, block high}. */
void philox_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n, uint32_t *out);

#endif

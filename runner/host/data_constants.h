/*
 * The constants of a data set (runner_constant of plugin.h) on their way into the memfd and out of it: one block of bytes with a
 * table, the values, each array aligned to 64 bytes, and the names. Offsets count from the start of the block.
 */
#ifndef RUNNER_HOST_DATA_CONSTANTS_H
#define RUNNER_HOST_DATA_CONSTANTS_H

#include "runner/base/hash.h"
#include "runner/base/status.h"
#include "runner/plugin.h"

#include <stdbool.h>

/* The constants make sense: names that differ, shapes that are not empty, finite values. STATUS_CONFIG with the constant's name. */
enum status constants_check(const runner_constant *constants, uint32_t n, struct error *error);
/* Bytes of the block; 0 where there are no constants. Checked ones only. */
uint64_t constants_size(const runner_constant *constants, uint32_t n);
/* `block` is zeroed and aligned to 64 bytes. */
void constants_write(const runner_constant *constants, uint32_t n, unsigned char *block);
/* The n constants of a block, whatever its bytes are: false where one would leave it. They point into the block. */
bool constants_read(const unsigned char *block, uint64_t size, uint32_t n, runner_constant *constants);
void constants_hash(const runner_constant *constants, uint32_t n, struct hash_stream *stream);

#endif

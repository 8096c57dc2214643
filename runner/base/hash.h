/*
 * Hashes: XXH3-128 for identities (trials, data, plugins), SHA-256 for files that others publish.
 *
 * XXH3's values are the same on every machine and in every version of xxHash since 0.8.0. Thread-safe.
 */
#ifndef RUNNER_BASE_HASH_H
#define RUNNER_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t high, low;
};

struct hash128 hash128_of(const void *bytes, size_t n);
bool hash128_equal(struct hash128 a, struct hash128 b);

/* Lower-case hexadecimal, high half first; returns `out`. The short form is the high half. */
#define HASH_TEXT_SIZE 33
#define HASH_SHORT_TEXT_SIZE 17
char *hash128_write(struct hash128 hash, char out[HASH_TEXT_SIZE]);
char *hash128_write_short(struct hash128 hash, char out[HASH_SHORT_TEXT_SIZE]);
char *hash64_write(uint64_t hash, char out[HASH_SHORT_TEXT_SIZE]);
/* Reads exactly what hash128_write() and hash64_write() write; false for anything else. */
bool hash128_read(const char *text, struct hash128 *hash);
bool hash64_read(const char *text, uint64_t *hash);

/* The hash of bytes that come in parts: any cut gives hash128_of() of the whole. The numbers are added as 8 bytes, little
   endian; a text with its length before it, so that ("ab", "c") and ("a", "bc") differ. */
struct hash_stream {
    void *state;
};

void hash_stream_init(struct hash_stream *stream);
void hash_stream_clear(struct hash_stream *stream);
void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t n);
void hash_stream_add_u64(struct hash_stream *stream, uint64_t number);
void hash_stream_add_text(struct hash_stream *stream, const char *text);
struct hash128 hash_stream_result(const struct hash_stream *stream);

/* SHA-256 (FIPS 180-4) as 64 lower-case hexadecimal digits; returns `out`. */
char *sha256_hex(const void *bytes, size_t n, char out[65]);

/* The same of bytes that come in parts. */
struct sha256 {
    void *state;
};
void sha256_init(struct sha256 *sha256);
void sha256_clear(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, const void *bytes, size_t n);
char *sha256_result(struct sha256 *sha256, char out[65]); /* once, and nothing is added then */

#endif

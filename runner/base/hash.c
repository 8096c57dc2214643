#include "runner/base/hash.h"

#include "runner/base/arena.h"
#include "runner/base/status.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static struct hash128 from_xxh(XXH128_hash_t hash) {
    return (struct hash128){.high = hash.high64, .low = hash.low64};
}

struct hash128 hash128_of(const void *bytes, size_t n) {
    return from_xxh(XXH3_128bits(bytes, n));
}

bool hash128_equal(struct hash128 a, struct hash128 b) {
    return a.high == b.high && a.low == b.low;
}

static const char digits[] = "0123456789abcdef";

static void write_half(uint64_t half, char *out) {
    for (int i = 0; i < 16; i++) {
        out[i] = digits[half >> (60 - 4 * i) & 15];
    }
    out[16] = '\0';
}

char *hash128_write(struct hash128 hash, char out[HASH_TEXT_SIZE]) {
    write_half(hash.high, out);
    write_half(hash.low, out + 16);
    return out;
}

char *hash64_write(uint64_t hash, char out[HASH_SHORT_TEXT_SIZE]) {
    write_half(hash, out);
    return out;
}

char *hash128_write_short(struct hash128 hash, char out[HASH_SHORT_TEXT_SIZE]) {
    return hash64_write(hash.high, out);
}

static bool read_half(const char *text, uint64_t *half) {
    *half = 0;
    for (int i = 0; i < 16; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        if (!digit) {
            return false;
        }
        *half = *half << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

bool hash128_read(const char *text, struct hash128 *hash) {
    struct hash128 read;
    if (!read_half(text, &read.high) || !read_half(text + 16, &read.low) || text[32]) {
        return false;
    }
    *hash = read;
    return true;
}

bool hash64_read(const char *text, uint64_t *hash) {
    uint64_t read;
    if (!read_half(text, &read) || text[16]) {
        return false;
    }
    *hash = read;
    return true;
}

void hash_stream_init(struct hash_stream *stream) {
    XXH3_state_t *state = XXH3_createState();
    if (!state) {
        memory_exhausted();
    }
    XXH3_128bits_reset(state);
    stream->state = state;
}

void hash_stream_clear(struct hash_stream *stream) {
    XXH3_freeState(stream->state);
    stream->state = NULL;
}

void hash_stream_add(struct hash_stream *stream, const void *bytes, size_t n) {
    if (n > 0) {
        XXH3_128bits_update(stream->state, bytes, n);
    }
}

void hash_stream_add_u64(struct hash_stream *stream, uint64_t number) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    hash_stream_add(stream, bytes, sizeof bytes);
}

void hash_stream_add_text(struct hash_stream *stream, const char *text) {
    size_t length = strlen(text);
    hash_stream_add_u64(stream, length);
    hash_stream_add(stream, text, length);
}

struct hash128 hash_stream_result(const struct hash_stream *stream) {
    return from_xxh(XXH3_128bits_digest(stream->state));
}

static void want(bool done) {
    if (!done) {
        fputs("error: libcrypto computes no SHA-256; install a libcrypto that does\n", stderr);
        exit(STATUS_ENVIRONMENT);
    }
}

void sha256_init(struct sha256 *sha256) {
    sha256->state = EVP_MD_CTX_new();
    want(sha256->state != NULL && EVP_DigestInit_ex(sha256->state, EVP_sha256(), NULL) == 1);
}

void sha256_clear(struct sha256 *sha256) {
    EVP_MD_CTX_free(sha256->state);
    sha256->state = NULL;
}

void sha256_add(struct sha256 *sha256, const void *bytes, size_t n) {
    want(EVP_DigestUpdate(sha256->state, n > 0 ? bytes : "", n) == 1);
}

char *sha256_result(struct sha256 *sha256, char out[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    want(EVP_DigestFinal_ex(sha256->state, digest, &size) == 1 && size == 32);
    for (int i = 0; i < 32; i++) {
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
    return out;
}

char *sha256_hex(const void *bytes, size_t n, char out[65]) {
    struct sha256 sha256;
    sha256_init(&sha256);
    sha256_add(&sha256, bytes, n);
    sha256_result(&sha256, out);
    sha256_clear(&sha256);
    return out;
}

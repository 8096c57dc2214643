/*
 * Bytes that come in parts, unpacked where they are gzip (RFC 1952, several members too), in memory that does not grow with them. An
 * unpacker belongs to one thread.
 */
#ifndef RUNNER_BASE_UNPACK_H
#define RUNNER_BASE_UNPACK_H

#include "runner/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Some bytes more, n > 0. After a failure none come. */
typedef enum status (*take_bytes)(void *context, const unsigned char *bytes, size_t n, struct error *error);

struct unpacker {
    const char *path; /* what errors call the bytes */
    size_t limit;     /* the most bytes, unpacked */
    take_bytes take;  /* where they go */
    void *context;
    /* ---- */
    size_t length; /* gone there */
    unsigned char head[2], n_head;
    bool known, packed, between; /* whether it is known what they are; gzip; at the end of a member */
    struct unpacker_gzip *gzip;
};

/* The fields above the line stay the caller's; `path` lives as long as the unpacker. */
void unpacker_init(struct unpacker *unpacker, const char *path, size_t limit, take_bytes take, void *context);
/* STATUS_CONFIG where gzip is damaged or there are too many bytes, or what `take` returned. */
enum status unpacker_add(struct unpacker *unpacker, const unsigned char *bytes, size_t n, struct error *error);
/* That was all: STATUS_CONFIG where gzip is cut short. */
enum status unpacker_end(struct unpacker *unpacker, struct error *error);
void unpacker_clear(struct unpacker *unpacker);

bool gzip_is(const unsigned char *bytes, size_t n);
/* How many bytes the gzip of `limit` bytes may have: what does not compress is a little larger. */
size_t gzip_most(size_t limit);

#endif

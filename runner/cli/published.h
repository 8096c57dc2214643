/*
 * Whether bytes that come in parts, as they are or as gzip, are those of a file that is published, in bounded memory. Single-threaded.
 */
#ifndef RUNNER_CLI_PUBLISHED_H
#define RUNNER_CLI_PUBLISHED_H

#include "runner/base/hash.h"
#include "runner/base/unpack.h"
#include "runner/host/catalog.h"

struct published {
    const struct catalog_download *file;
    struct unpacker unpacker;
    struct sha256 sha256; /* of the unpacked bytes */
};

/* `from`, a path or an address, is what errors name; it and `file` live as long. */
void published_init(struct published *published, const struct catalog_download *file, const char *from);
/* A take_bytes() whose context is the struct: fails where it is clear that they are others. */
enum status published_add(void *published, const unsigned char *bytes, size_t n, struct error *error);
/* That was all: STATUS_ENVIRONMENT, or STATUS_CONFIG where gzip is damaged, with what they are instead. */
enum status published_end(struct published *published, struct error *error);
void published_clear(struct published *published);

/* The same of a file. */
enum status published_check_file(const struct catalog_download *file, const char *path, struct error *error);

#endif

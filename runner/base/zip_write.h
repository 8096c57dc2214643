/*
 * Writes ZIP archives (PKWARE's APPNOTE 6.3.9) as numpy's .npz files are, to a descriptor: stored members without times, so that
 * equal contents give equal bytes; ZIP64 where a size needs it. Errors are STATUS_ENVIRONMENT. Single-threaded.
 */
#ifndef RUNNER_BASE_ZIP_WRITE_H
#define RUNNER_BASE_ZIP_WRITE_H

#include "runner/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct zip_writer {
    int fd;
    uint64_t at;
    struct written *members;
    size_t count, capacity;
};

/* Writes from where the descriptor, which stays the caller's, stands. */
void zip_writer_init(struct zip_writer *writer, int fd);
/* A member of two parts, the second of which may be empty. */
enum status zip_writer_add(struct zip_writer *writer, const char *name, const void *head, size_t n_head,
                           const void *body, size_t n_body, struct error *error);
/* Writes the directory where all went well so far (`status`), and releases the writer in any case. */
enum status zip_writer_finish(struct zip_writer *writer, enum status status, struct error *error);

#endif

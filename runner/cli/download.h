/*
 * What is at an address, gotten by runner-fetch, a process of its own that is linked to libcurl. Single-threaded.
 */
#ifndef RUNNER_CLI_DOWNLOAD_H
#define RUNNER_CLI_DOWNLOAD_H

#include "runner/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct interrupt;

struct download {
    const char *program; /* the path of runner-fetch */
    const char *url;
    size_t most;    /* bytes; of more the download ends */
    size_t seconds; /* without a connection or with next to nothing that comes, after which it ends */
    const struct interrupt *interrupt; /* may be NULL */
    /* Some bytes have come, of `length`, which is 0 where the server does not say. May be NULL. */
    void (*on_bytes)(void *context, uint64_t got, uint64_t length);
    void *context;
};

/* The bytes, which the caller frees; NULL and 0 after a failure. STATUS_ENVIRONMENT with the reason, which does not name the address;
   STATUS_INTERRUPTED. The process has ended in each case. */
enum status download_get(const struct download *download, unsigned char **bytes, size_t *n, struct error *error);

#endif

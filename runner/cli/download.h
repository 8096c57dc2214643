/*
 * What is at an address, gotten by runner-fetch, a process of its own that is linked to libcurl. Single-threaded.
 */
#ifndef RUNNER_CLI_DOWNLOAD_H
#define RUNNER_CLI_DOWNLOAD_H

#include "runner/base/unpack.h"

#include <stdint.h>

struct interrupt;

struct download {
    const char *program; /* the path of runner-fetch */
    const char *url;
    size_t most;    /* bytes; of more the download ends */
    size_t seconds; /* without a connection or with next to nothing that comes, after which it ends */
    const struct interrupt *interrupt; /* may be NULL */
    take_bytes take;                   /* where the bytes go as they come */
    uint64_t *length;                  /* of all, told before the first; 0 where the server does not say */
    void *context;
};

/* STATUS_ENVIRONMENT with the reason, which does not name the address; STATUS_INTERRUPTED; what `take` returned. The process has ended in
   each case. */
enum status download_get(const struct download *download, struct error *error);

#endif

/*
 * What the host lends to plugins (struct runner_host), and the call that stands behind a runner_call. Worker only.
 *
 * A `struct call` belongs to one thread; make one per thread and component run, they are cheap: only `scratch` is memory.
 */
#ifndef RUNNER_HOST_SERVICES_H
#define RUNNER_HOST_SERVICES_H

#include "runner/base/random.h"
#include "runner/base/status.h"
#include "runner/host/loader.h"
#include "runner/host/part.h"
#include "runner/plugin.h"

#include <stdbool.h>

struct call {
    runner_call public;        /* first, so that the host's functions get back from it to the call */
    struct error *error;       /* where fail() writes; never NULL */
    bool failed;
    struct random_key random;  /* stream of bits(), uniform(), ... */
    struct arena *memory;      /* of memory() and of files read; NULL: not allowed now */
    unsigned char *scratch;    /* scratch_size bytes, 64-byte aligned; grows */
    size_t scratch_size, scratch_used;
    const struct loader *loader; /* for open_as(); NULL elsewhere */
    struct text *notes;        /* of note(); NULL: dropped */
    struct data_files *files;  /* files that a data set read, for provenance; NULL: not recorded */
};

void call_init(struct call *call, struct error *error);
void call_clear(struct call *call);
/* Gives the scratch back, before the next function of a plugin is called. */
void call_reset(struct call *call);

extern const struct runner_host services_host;

#endif

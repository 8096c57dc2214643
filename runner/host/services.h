/*
 * What the host lends to plugins (struct runner_host), and the call that stands behind a runner_call. Worker only.
 *
 * A `struct call` belongs to one thread. Make one per thread and keep it: its scratch memory is reused from call to call.
 */
#ifndef RUNNER_HOST_SERVICES_H
#define RUNNER_HOST_SERVICES_H

#include "runner/base/random.h"
#include "runner/base/status.h"
#include "runner/host/loader.h"
#include "runner/host/part.h"
#include "runner/host/products.h"
#include "runner/plugin.h"

#include <stdbool.h>

struct data_files;

struct call {
    runner_call public;  /* first: the host's functions get from it to the call */
    struct error *error; /* where fail() writes; never NULL */
    bool failed;
    enum gemm gemm;
    struct random_key random;     /* the stream of bits(), uniform(), ... */
    struct arena *memory;         /* of memory() and of files read; NULL: not allowed now */
    struct call_scratch *scratch; /* blocks, the newest first */
    uint64_t scratch_used;        /* bytes of the newest block */
    void *workspace;              /* of product() */
    uint64_t workspace_size;
    bool keeps_zeros;                 /* products that are not transposed skip none of a's */
    uint64_t slice_rows;              /* whose bits products of a span of slices have; 0: they are of one */
    const struct loader *loader;      /* for open_as(); NULL elsewhere */
    struct text *notes;               /* of note(); NULL: dropped */
    const runner_constant *constants; /* of the trial's data set, n_constants of them */
    uint32_t n_constants;
    struct data_files *files; /* files that a data set read, for provenance; NULL: not recorded */
};

/* `error` must outlive the call. */
void call_init(struct call *call, struct error *error);
void call_clear(struct call *call);
/* Gives the scratch back; to be called before each function of a plugin that may ask for some. */
void call_reset(struct call *call);

extern const struct runner_host services_host;

#endif

/*
 * manifest.json: where the results come from. No environment is written, since it may hold secrets.
 */
#ifndef RUNNER_RESULTS_MANIFEST_H
#define RUNNER_RESULTS_MANIFEST_H

#include "runner/host/catalog.h"
#include "runner/results/results.h"

#include <time.h>

struct manifest_data {
    const char *name;
    const char *resolved; /* canonical text */
    const char *reason;   /* NULL, or why it could not be read, as its trials have it: then the rest is not known */
    const char *hash;
    uint64_t bytes;
    const char *files; /* JSON list */
};

struct manifest {
    const char *config;
    int argc;
    char **argv;
    time_t started, ended;
    uint64_t numerics;
    const char *blas;
    const struct catalog_component *const *components; /* used by the grid */
    size_t n_components;
    const struct manifest_data *data;
    size_t n_data;
    size_t workers, threads;
    size_t trained; /* by this run */
};

enum status manifest_write(const struct manifest *manifest, const struct results *results, const char *path,
                           struct error *error);

#endif

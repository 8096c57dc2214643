/*
 * What makes a trial the same trial.
 *
 * id:  the resolved trial without its paths to files, and the data: the same on every machine.
 * key: that, and all that may change its numbers: the plugins' versions and files, the version of the engine's numbers, the
 *      back end of products and, with OpenBLAS, its version and core.
 */
#ifndef RUNNER_SCHEDULE_IDENTITY_H
#define RUNNER_SCHEDULE_IDENTITY_H

#include "runner/base/hash.h"
#include "runner/base/tree.h"
#include "runner/host/catalog.h"

struct identity_engine {
    uint64_t numerics;
    const char *blas;
};

/* The components that a resolved trial uses, nested ones too, each once, in order of first use. */
struct components {
    const struct catalog_component **items;
    size_t count, capacity;
};
void components_add(struct components *components, const struct catalog *catalog, const struct tree *trial);
void components_clear(struct components *components);

void identity_make(const struct catalog *catalog, const struct identity_engine *engine, const struct tree *trial,
                   struct hash128 data, char key[HASH_TEXT_SIZE], char id[HASH_SHORT_TEXT_SIZE]);

#endif

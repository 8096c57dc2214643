/*
 * What makes a trial the same trial.
 *
 * id:  the resolved trial without its paths to files and without train.checkpoint, and the data: the same on every machine.
 * key: that, and all that may change its numbers: the plugins' versions and files, the version of the engine's numbers, the
 *      back end of products and, with OpenBLAS, its version and core.
 */
#ifndef RUNNER_SCHEDULE_IDENTITY_H
#define RUNNER_SCHEDULE_IDENTITY_H

#include "runner/base/hash.h"
#include "runner/base/text.h"
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
/* Those of a part of one. */
void components_add_part(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                         const struct tree *resolved);
void components_clear(struct components *components);

void identity_make(const struct catalog *catalog, const struct identity_engine *engine, const struct tree *trial,
                   struct hash128 data, char key[HASH_TEXT_SIZE], char id[HASH_SHORT_TEXT_SIZE]);

/* The same for many trials of a grid point, which differ by their seed alone: what they share is worked out once. */
#define IDENTITY_SEED 9007199254740881 /* stands for the seed while that is done; near 2^53, the largest */
#define IDENTITY_DIGITS 16
struct identity_point {
    struct components components;
    struct text pattern, text;
    size_t *places; /* [n_places] of the seed in the pattern */
    size_t n_places;
    bool blas;
};
/* `first` is the trial with the seed IDENTITY_SEED, `second` with the next. */
void identity_point_init(struct identity_point *point, const struct catalog *catalog, const struct tree *first,
                         const struct tree *second);
void identity_point_clear(struct identity_point *point);
void identity_point_make(struct identity_point *point, const struct identity_engine *engine, int64_t seed,
                         struct hash128 data, char key[HASH_TEXT_SIZE], char id[HASH_SHORT_TEXT_SIZE]);

#endif

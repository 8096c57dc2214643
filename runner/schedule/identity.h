/*
 * What makes a trial the same trial.
 *
 * id:  the resolved trial without its paths to files and without train.checkpoint, and the data: the same on every machine.
 * key: that, and all that may change its numbers: the plugins' versions and files, the version of the engine's numbers, the
 *      back end of products and, with OpenBLAS, its version and core.
 *
 * Both are hashes of a text, which is put together of the texts of the point's sections: those that points share are worked out once.
 * Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_IDENTITY_H
#define RUNNER_SCHEDULE_IDENTITY_H

#include "runner/base/hash.h"
#include "runner/base/hash_table.h"
#include "runner/base/text.h"
#include "runner/base/tree.h"
#include "runner/host/catalog.h"

struct identity_engine {
    uint64_t numerics;
    const char *blas;
};

/* Components, nested ones too, each once, in order of first use. */
struct components {
    const struct catalog_component **items;
    size_t count, capacity;
};
/* Adds those that are not among them yet. */
void components_add(struct components *components, const struct components *others);
/* Adds those of a part of a trial. */
void components_add_part(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                         const struct tree *resolved);
void components_clear(struct components *components);

/* A section of a point (config/experiment.h). */
struct identity_section {
    const char *key;
    const struct tree *tree; /* both of a point, which stays */
    struct components components;
    bool portable; /* an engine that uses no BLAS */
    char **texts;  /* [n_texts] as identities have it; the trial's seed stands between each and the next */
    size_t n_texts;
};

struct identities {
    const struct catalog *catalog;
    struct arena arena;
    struct hash_table sections; /* those worked out last, by key and tree */
};

void identities_init(struct identities *identities, const struct catalog *catalog);
void identities_clear(struct identities *identities);
/* Valid until the next call, and as long as the tree. */
const struct identity_section *identities_section(struct identities *identities, const char *key,
                                                  const struct tree *tree);

/* Of a trial of a point. `text` is scratch. */
void identity_make(struct identities *identities, const struct identity_engine *engine, const struct tree *point,
                   int64_t seed, struct hash128 data, struct text *text, struct hash128 *key, uint64_t *id);

#endif

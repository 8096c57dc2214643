/*
 * The checks: a point's sections against the catalogue and the host's own tables, every default filled in.
 *
 * What is equal for many points is checked once: sections are remembered by the settings that they depend on, and by their text. Results
 * live in the resolver's arena.
 */
#ifndef RUNNER_CONFIG_RESOLVE_H
#define RUNNER_CONFIG_RESOLVE_H

#include "runner/base/tree_share.h"
#include "runner/config/experiment.h"
#include "runner/config/scope.h"

struct grid;
struct setting;

struct resolver {
    const struct experiment_source *source;
    const struct catalog *catalog;
    struct arena *arena;     /* of the section that is being resolved */
    struct tree_share share; /* points share their equal parts */
    struct diagnostics *diagnostics;
    struct arena known; /* sections and what is known of them */
    double data_time_limit;
    struct hash_table sections; /* by their text */
    struct hash_table made;     /* by the settings that they depend on */
};

void resolver_init(struct resolver *resolver, const struct experiment_source *source, const struct catalog *catalog,
                   struct arena *arena, struct diagnostics *diagnostics);
/* The points' sections stay as long as the arena. */
void resolver_clear(struct resolver *resolver);

/* The resolved sections of a point, which share their parts with others, from what its axes set. False where there were mistakes. */
bool resolver_point(struct resolver *resolver, const struct grid *grid, const struct setting *const *settings,
                    size_t n_settings, const struct tree *sections[N_SECTIONS]);

/* `train.epochs` as a duration. */
struct tree *resolve_train(const struct catalog *catalog, const struct tree *value, struct mark mark,
                           struct arena *arena, struct diagnostics *diagnostics);
struct tree *resolve_engine(const struct catalog *catalog, const struct tree *value, struct mark mark,
                            struct arena *arena, struct diagnostics *diagnostics);
/* {file: absolute path, sha256: of its content}, or null */
struct tree *resolve_init(const struct catalog *catalog, const struct tree *value, struct arena *arena,
                          struct diagnostics *diagnostics);
/* A list of `best`, `last` and epochs, or null */
struct tree *resolve_save(const struct tree *value, struct arena *arena, struct diagnostics *diagnostics);

#endif

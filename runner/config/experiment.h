/*
 * A YAML experiment, checked and expanded: the config language of DESIGN 2.
 *
 * Order of work: include, overrides, axes, `let`, `=`, checks. All mistakes are collected. What comes out holds no `$`, no `=`
 * and no default left open: each grid point has a resolved trial tree, and a trial is a point with a seed.
 *
 * A resolved trial is a map with these keys, in this order; it is what workers get and what identities are made of:
 *     dataset:   {NAME: {...}}                        every parameter written out
 *     model:     [{NAME: {...}}, ...]
 *     loss:      {NAME: {...}}
 *     optimizer: {NAME: {...}}
 *     metrics:   [{NAME: {...}}, ...]
 *     train:     {batch_size, epochs, updates, shuffle, drop_last, evaluate_every, evaluate_train, init_seed, order_seed, ...}
 *                (experiment_train_params() is the table; batch_size is an integer or the text `full`; epochs is null where
 *                updates alone end the training)
 *     engine:    {...}                                (experiment_engine_params())
 *     seed:      N
 */
#ifndef RUNNER_CONFIG_EXPERIMENT_H
#define RUNNER_CONFIG_EXPERIMENT_H

#include "runner/base/diagnostics.h"
#include "runner/base/status.h"
#include "runner/base/tree.h"
#include "runner/config/limits.h"
#include "runner/host/catalog.h"

struct interrupt;

struct axis {
    const char *name; /* as written in `grid`: a path or a `let` name */
    struct mark mark;
    const char **labels; /* [count] as they stand in tables */
    size_t count;
    bool
        dataset; /* its choices set the data set as a whole (`dataset` itself, a name of `let` that it is, or cases), and alone tell it */
};

#define NO_LABEL ((size_t)-1)

/* The sections of a resolved trial, in their order. */
enum section {
    SECTION_DATASET,
    SECTION_MODEL,
    SECTION_LOSS,
    SECTION_OPTIMIZER,
    SECTION_METRICS,
    SECTION_CALLBACKS,
    SECTION_TRAIN,
    SECTION_ENGINE,
    SECTION_INIT,
    SECTION_SAVE
};
enum { N_SECTIONS = SECTION_SAVE + 1 };
extern const char *const section_names[N_SECTIONS];

/* What the points of a grid have as a section: a grid may have a million points, most sections of which are the same. */
struct section_trees {
    const struct tree *first;   /* of the first point */
    const struct tree **others; /* [n_points]; NULL where all are the first */
};

/* A point's tree, made of its sections: room for experiment_point(). */
struct point {
    struct tree tree;
    struct tree *sections[N_SECTIONS];
    struct mark marks[N_SECTIONS];
};

struct trial {
    size_t point;
    int64_t seed;
};

/* A question that the results are to answer; runner/config/claim.h has its grammar. Those that an override leaves without their axis
   or label are not among them. */
struct question {
    const char *text;
    struct mark mark;
    bool quoted; /* columns within the text are one further to the right in the file */
};
struct target {
    const char *column; /* val_... */
    double value;
    struct mark mark;
};

struct experiment {
    struct arena arena, trees; /* trees: of the points, and of `config` */
    const char *name, *description;
    const char *file; /* of the config */
    struct axis *axes;
    size_t n_axes;
    size_t n_points;                           /* in grid order: the last axis changes fastest */
    uint32_t *labels;                          /* [n_points][n_axes]: experiment_label() */
    struct mark mark;                          /* of the config's root */
    struct section_trees sections[N_SECTIONS]; /* experiment_section() */
    size_t n_trials;                           /* in grid order, seeds fastest; trial number is the index + 1 */
    int64_t *seeds;
    size_t n_seeds;
    const char **overrides; /* normalised "path=value" in the order given: part of the results folder's name */
    size_t n_overrides;
    const struct tree
        *config; /* for config.yaml: as resolved, every default written out, the grid with its labels and values */
    struct limits limits;
    struct question baseline; /* a selector, "best", or NULL where none is named */
    struct question *claims;
    size_t n_claims;
    struct target *targets; /* metrics on validation data, and the values that are to be reached */
    size_t n_targets;
    const struct tree *report; /* the `report:` section or NULL: words for people, not part of any identity */
};

struct experiment_source {
    const char *file;
    const char *const *overrides; /* "path=value" */
    size_t n_overrides;
    /* Training rows (after validation is cut off) of a resolved data set, for `full`, where it can be read within so many seconds; NULL:
       `full` in arithmetic is an error. */
    enum status (*rows)(void *context, const struct tree *dataset, double time_limit, int64_t *rows,
                        struct error *error);
    void *context;
    const struct interrupt *interrupt; /* may be NULL */
};

/* STATUS_CONFIG with the mistakes in `diagnostics`, STATUS_INTERRUPTED, or STATUS_OK. experiment_clear() in all cases. */
enum status experiment_load(const struct experiment_source *source, const struct catalog *catalog,
                            struct diagnostics *diagnostics, struct experiment *experiment);
void experiment_clear(struct experiment *experiment);
/* Gives up the trees of the points and `config`, where nothing trains any more. */
void experiment_drop_trees(struct experiment *experiment);

/* Index into the axis' labels, or NO_LABEL where the axis does not apply to the point. */
size_t experiment_label(const struct experiment *experiment, size_t point, size_t axis);
/* Resolved, with train.init_seed and order_seed null where they follow the trial's seed. Points with the same settings share it. */
const struct tree *experiment_section(const struct experiment *experiment, size_t point, enum section section);
/* The map of all of them, without `seed`; it lives in `room`. */
const struct tree *experiment_point(const struct experiment *experiment, size_t point, struct point *room);

struct trial experiment_trial(const struct experiment *experiment, size_t trial);
/* The complete tree of a trial: the point's with `seed`, init_seed and order_seed filled in. */
struct tree *experiment_trial_tree(const struct experiment *experiment, size_t trial, struct arena *arena);
struct tree *experiment_seeded(const struct tree *point, int64_t seed, struct arena *arena);

/* The node at a path of a resolved tree ("model.1.dense.units", "optimizer"): for marks of errors which a worker found. Falls
   back to the nearest ancestor that exists. */
const struct tree *experiment_node(const struct tree *resolved, const char *path);

/* The keys of a config. */
const char *const *experiment_keys(size_t *count);
const struct runner_param *experiment_train_params(size_t *count);
const struct runner_param *experiment_engine_params(size_t *count);

#endif

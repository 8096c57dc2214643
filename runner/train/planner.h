/*
 * Plans trials without training them: shapes, parameters, memory and work, and every mistake that can be known before. Worker only.
 *
 * Many trials of one data set are planned one after another. What a trial has in common with the one before it is not planned again:
 * its layers where their sections are the same nodes of the trees, and all that follows from the same sections and the same slots of
 * the optimizer. [main] thread.
 */
#ifndef RUNNER_TRAIN_PLANNER_H
#define RUNNER_TRAIN_PLANNER_H

#include "runner/base/hash_table.h"
#include "runner/train/model.h"
#include "runner/train/train.h"

struct train_layer_summary {
    const char *name, *component; /* "dense_1", "dense" */
    runner_shape output;
    uint64_t parameters;
};
struct train_summary {
    struct train_layer_summary *layers;
    size_t count;
    uint64_t parameters;      /* trained */
    uint64_t memory;          /* bytes a trial needs beyond the data */
    double flops_per_example; /* multiply-adds x 2 of the products of forward, backward and gradients */
    struct train_columns columns;
    uint64_t updates_per_epoch, epochs;
    const char *doubt_where,
        *doubt; /* what is no mistake and yet not meant, most likely: the path within the trial, and why; or "" */
};

struct train_plan {
    size_t number; /* how many other plans the planner has made before */
    enum status status;
    struct train_summary summary;
    const char *where, *message; /* where it failed: the path within the trial that is at fault, or "" */
};

enum { PLANNER_LAYERS = 5, PLANNER_REST = 4 };

struct planner {
    const struct loader *loader;
    const struct data *data; /* gives shapes only */
    size_t count;            /* of plans made */
    struct arena arena;      /* of the plans of these layers */
    struct model model;
    const struct tree
        *layers[PLANNER_LAYERS];        /* the sections that it was made of; the first is NULL: there is no model */
    const struct train_plan *no_layers; /* why it could not be made, or NULL */
    const struct tree *optimizer;
    const struct train_plan *no_optimizer;
    struct train_summary summary; /* of the layers */
    uint64_t slots;               /* floats that the optimizer keeps */
    struct hash_table rest;       /* the plans of these layers, by the other sections and the slots */
};

void planner_init(struct planner *planner, const struct loader *loader, const struct data *data);
void planner_clear(struct planner *planner);
/* `trial`: resolved, a seed is not needed; its sections stay as long as the planner. Valid until the next call. */
const struct train_plan *planner_plan(struct planner *planner, const struct tree *trial);

#endif

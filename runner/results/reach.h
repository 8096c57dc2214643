/*
 * What it took to reach a target for the first time, as columns: epochs_to_TARGET, updates_to_TARGET and seconds_to_TARGET, where TARGET is
 * val_accuracy_0.95 and the like, one of the config's `targets`. Single-threaded.
 */
#ifndef RUNNER_RESULTS_REACH_H
#define RUNNER_RESULTS_REACH_H

#include "runner/results/results.h"

enum reach_kind { REACH_EPOCHS, REACH_UPDATES, REACH_SECONDS, REACH_KINDS };

/* "epochs_to_val_accuracy_0.95" */
const char *reach_name(const struct target *target, enum reach_kind kind, struct arena *arena);
/* Whether a column is one of these, of whatever target. */
bool reach_is(const char *column);
/* Which of the targets the column is of; NULL for none. */
const struct target *reach_find(const char *column, const struct target *targets, size_t n, enum reach_kind *kind);

/* Infinite where the trial has not reached it. */
struct reach {
    double numbers[REACH_KINDS]; /* seconds are those of training */
};
/* False where the trial has not come to its end. */
bool reach_trial(const struct results *results, size_t trial, const struct target *target, struct reach *reach);

/* Median of what it took to reach a target for the first time: a trial that did not reach it counts as infinite, so the median is that where
   half of them or more did not. */
struct point_target {
    size_t n, reached;               /* trials done or diverged; those that reached it */
    double epochs, updates, seconds; /* NaN without trials; seconds of training */
};
void point_reach(const struct results *results, size_t point, const struct target *target, struct point_target *reach);
/* Of the trials of several points together. */
void points_reach(const struct results *results, const size_t *points, size_t n_points, const struct target *target,
                  struct point_target *reach);

#endif

/*
 * Columns of trials by name, as claims, comparisons and `runner table --metric` take them:
 *     a metric column (test_accuracy, val_loss, ...)     at the end of training
 *     best_COLUMN, best_epoch                            at the epoch with the best validation value; only where there is validation data
 *     epochs, updates
 *     epoch_seconds (seconds_per_epoch), seconds, evaluate_seconds, updates_per_second, peak_memory_bytes     not the same every time
 */
#ifndef RUNNER_RESULTS_COLUMN_H
#define RUNNER_RESULTS_COLUMN_H

#include "runner/results/results.h"

/* False where the trial has no such value; a diverged trial has times and counts, but no metrics. */
bool column_value(const struct results *results, size_t trial, const char *column, double *value);
/* Whether the name is one of a column, given the metric columns of the trials. */
bool column_exists(const char *name, const char *const *metrics, size_t n_metrics);
/* All that there are, given the metric columns and the targets: what a mistyped name may have meant. The metrics come first. */
const char **column_names(const char *const *metrics, size_t n_metrics, const struct target *targets, size_t n_targets,
                          struct arena *arena, size_t *count);
/* A time, a rate or the memory: measured, and not the same every time. */
bool column_is_time(const char *column);
/* Whether less is better: losses, errors, distances, times, memory, epochs and updates (to a target as well); of all
   others more is. A name counts without its split: test_loss, train_huber, best_val_mean_squared_error. */
bool column_lower_is_better(const char *column);
/* A share of examples that are right (accuracies): its values are multiples of 1/rows. */
bool column_is_share(const char *column);
/* The test (or validation) rows that a column was measured on at this point; 0 for others, and where they are not known. */
uint64_t column_rows(const struct results *results, size_t point, const char *column);
/* Standard error that the test (or validation) rows leave in a share; NaN for other columns. */
double column_sampling_error(const struct results *results, size_t point, const char *column, double share);

/* The row of the best epoch: the one that the trial itself kept, else the first with the least val_loss. Epoch 0, the untrained network, is
   none of them, for `save: best` and callbacks as well. NULL without validation. */
const struct record_row *column_best_row(const struct record *record);

/* The metric that is compared where none is named: the first metric on test rows, else on validation rows, else on training rows; the loss
   where there is no metric. NULL without any. */
const char *column_main(const char *const *metrics, size_t n_metrics);

#endif

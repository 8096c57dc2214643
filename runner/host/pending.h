/*
 * Updates of weights that are still to come (storage.h). Worker only; one thread at a time on each of them.
 */
#ifndef RUNNER_HOST_PENDING_H
#define RUNNER_HOST_PENDING_H

#include "runner/host/storage.h"

/* Keeps an update: element (i, j) is to get (alpha changes_i) delta_j. The list may stand in pending->changes already. Without `due` nothing
   else may be to come. */
void pending_keep(struct pending_storage *pending, const struct sparse_entry *changes, uint64_t count, float alpha,
                  const float *delta);
/* y [columns] += alpha x weights, for one row x, after the update of all rows, or with `due` of those that x reads. */
void pending_times(struct pending_storage *pending, const struct sparse_entry *x, uint64_t count, float alpha,
                   float *y);
/* Makes what is still to come. */
void pending_settle(struct pending_storage *pending);

#endif

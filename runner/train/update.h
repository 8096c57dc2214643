/*
 * The second half of an update: from deltas to gradients, from gradients to weights.
 */
#ifndef RUNNER_TRAIN_UPDATE_H
#define RUNNER_TRAIN_UPDATE_H

#include "runner/train/stepper.h"

/* By all threads, before the part's tiles: gradients that are computed for groups of rows. */
void stepper_groups(struct stepper *stepper, int thread, const struct part *part);
/* The gradient of one tile over the part's rows, added to those of the parts before it: in the thread's own memory, or the tensor's. */
runner_view stepper_gradient(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile);
/* The gradient of one tile over the part's rows; streamed, the optimizer follows at once while the tile is in the cache. */
void stepper_tile(struct stepper *stepper, int thread, const struct part *part, size_t index);
/* Step of n weights of a row of tensor 0 of a layer with RUNNER_OUTER_GRADIENT, whose input is x, after a batch of one example. */
void stepper_outer_step(struct stepper *stepper, int thread, const struct tensor *tensor, const runner_step *step,
                        float x, const float *delta, uint64_t n, float *w, float *const *slots);
/* By all threads, when each has its gradients: what waits for all of them. */
void stepper_optimize(struct stepper *stepper, int thread, uint64_t rows);

#endif

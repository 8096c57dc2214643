/*
 * A step of a batch of some rows: layer by layer. Were it cut by rows, each thread would read all weights, half of which another core has just
 * written. So each thread computes some columns of a large layer's output, for all rows, and, on the way back, some columns of its input's
 * delta, which take a run of rows of the weights; their gradient and update follow at once. No bit depends on it.
 */
#ifndef RUNNER_TRAIN_STEP_LAYERS_H
#define RUNNER_TRAIN_STEP_LAYERS_H

#include "runner/train/stepper.h"

/* Phases and tiles of a step that is cut by layers; false, and nothing done, where it is not. */
bool stepper_plan_layers(struct stepper *stepper);
/* A block of a phase that is not cut by rows. */
void stepper_run_block(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                       size_t block);

#endif

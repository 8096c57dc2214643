/*
 * A step of few rows. Cut by rows it would leave threads idle or read all weights once a slice; so it is cut by columns (struct stage).
 */
#ifndef RUNNER_TRAIN_STEP_COLUMNS_H
#define RUNNER_TRAIN_STEP_COLUMNS_H

#include "runner/train/stepper.h"

/* Stages and tiles of a step that is cut by columns; false, and nothing done, where it is not. */
bool stepper_plan_columns(struct stepper *stepper);
/* By one thread: what stands before the first stage. */
void stepper_begin_columns(struct stepper *stepper, int thread);
/* By all threads: deltas, gradients and, where nothing waits for all of them, updates. */
void stepper_run_columns(struct stepper *stepper, int thread);

#endif

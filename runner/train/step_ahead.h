/*
 * Examples that are gathered ahead: while one thread of a team works and another has to wait for it, that one gathers the sparse inputs of the batch
 * that probably comes next. No bit depends on it.
 */
#ifndef RUNNER_TRAIN_STEP_AHEAD_H
#define RUNNER_TRAIN_STEP_AHEAD_H

#include "runner/train/stepper.h"

/* Bytes of the examples, at most. */
uint64_t stepper_ahead_size(const struct model *model, uint64_t batch_rows);
/* Room for a batch of a stepper that may have several threads, in one group of the storage or in groups of a multiple of `group` rows. */
void stepper_plan_ahead(struct stepper *stepper, uint64_t group);
/* By any of the threads that wait; `stepper` is a struct stepper. All but the first one of an update do nothing. */
void stepper_gather_ahead(void *stepper);
/* By one thread, when an update begins: whether its inputs have been gathered. Then they stand in the buffers, as one group. */
bool stepper_take_ahead(struct stepper *stepper);

#endif

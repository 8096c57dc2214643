/*
 * A step of a batch of some rows: layer by layer. Were it cut by rows, each thread would read all weights, half of which another core has just
 * written. So each thread computes some columns of a large layer's output, for all rows, and, on the way back, some columns of its input's
 * delta, which take a run of rows of the weights; their gradient and update follow at once. No bit depends on it.
 */
#ifndef RUNNER_TRAIN_STEP_LAYERS_H
#define RUNNER_TRAIN_STEP_LAYERS_H

#include "runner/train/stepper.h"

/* Of a batch, up to which the threads of a team keep apart: with more rows, weights that cross between the cores matter less than waiting for each
   other. */
enum { LAYERS_APART_ROWS = 48 };

/* Phases and tiles of a step that is cut by layers; false, and nothing done, where it is not. */
bool stepper_plan_layers(struct stepper *stepper);
/* By one thread, when an update begins: what it finds gathered ahead. */
void stepper_begin_layers(struct stepper *stepper);
/* A share of a phase that is not cut by rows, which has one for each thread of the team. */
void stepper_run_share(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                       size_t share);

/* Whether the threads keep apart: all of them are there, and each takes its own share of phases that are not cut by rows, and of the weights
   the same rows forward and back, so that none cross between the cores. After the first phase of an update. */
bool stepper_keeps_apart(const struct stepper *stepper);
/* The calling thread's share of such a phase. */
void stepper_run_own(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part);
/* And, without a meeting behind the last phase, of the tiles that belong to no phase. */
void stepper_run_own_tiles(struct stepper *stepper, int thread, const struct part *part);

#endif

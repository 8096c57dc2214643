/*
 * One update: slices, then tiles (DESIGN 5).
 *
 * The rows of a batch are cut into slices and every tensor into tiles. The cut depends on the batch size and the shapes alone, every
 * partial sum belongs to one slice, and those are added in their order: so the number of threads changes no bit. Nor does it that a
 * thread may take a span of several slices through the layers at once.
 */
#ifndef RUNNER_TRAIN_STEP_H
#define RUNNER_TRAIN_STEP_H

#include "runner/train/stepper.h"

void stepper_init(struct stepper *stepper, struct model *model, const struct data *data, uint64_t batch_rows,
                  uint64_t micro_rows, int threads, uint64_t seed);
void stepper_clear(struct stepper *stepper);

/* The threads that are to call stepper_run(), at most as many as stepper_init() was told. By one thread, before they do. */
void stepper_team(struct stepper *stepper, int threads);

/* Begins an update on `rows` examples from order[start] (order NULL: start itself). By one thread, while no update runs. */
void stepper_begin(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate);
/* Runs updates, by all threads of the team, from the one that has begun until next() says that there is no more. It is called by one
   thread after each update, when loss_sum, sums, diverged and failed are there to be read, and begins the one that follows. */
void stepper_run(struct stepper *stepper, int thread, bool (*next)(void *context), void *context);
/* One update by the calling thread alone. */
void stepper_update(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate);

/* The first thread's error, after `failed`. */
enum status stepper_error(const struct stepper *stepper, struct error *error);

#endif

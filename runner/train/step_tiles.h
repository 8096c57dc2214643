/*
 * How tensors are cut into tiles, the parts that get their gradient and their update at once.
 */
#ifndef RUNNER_TRAIN_STEP_TILES_H
#define RUNNER_TRAIN_STEP_TILES_H

#include "runner/train/stepper.h"

/* Cuts columns of a trained tensor into tiles. */
void stepper_add_tiles(struct stepper *stepper, uint32_t tensor, uint64_t column, uint64_t columns);
/* The same of rows first .. end - 1 alone. */
void stepper_add_row_tiles(struct stepper *stepper, uint32_t tensor, uint64_t first, uint64_t end, uint64_t column,
                           uint64_t columns);

#endif

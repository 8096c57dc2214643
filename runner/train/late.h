/*
 * Steps that come late. Where an element of the input is 0 in a whole batch, as most pixels are at batch 1, the row of weights that it is
 * multiplied by (RUNNER_INPUT_ROWS) is not read and has a gradient of 0. Most optimizers move it all the same, since their slots remember
 * earlier gradients. Its steps wait until it is read again and are then made one after another while it is in the first-level cache: so an
 * update passes over the rows that it reads, not over all weights and slots. Each element gets the same steps in the same order, hence the
 * same bits.
 *
 * A batch of one example leaves the rows that it has read their own steps due, too: of a gradient that is an input times the deltas, which are
 * kept. So weights and slots of a row come to the core once for each example that reads it, and not once more after it.
 *
 * Only while stepper_run() runs is anything late: at its end late_flush() makes what is due, so nobody else need know.
 */
#ifndef RUNNER_TRAIN_LATE_H
#define RUNNER_TRAIN_LATE_H

#include "runner/train/stepper.h"

/* Bytes that late_plan() takes, at most. */
uint64_t late_size(const struct model *model, uint64_t batch_rows);
/* Once the tiles are planned. */
void late_plan(struct stepper *stepper);
/* By one thread, once the inputs of an update are gathered. */
void late_begin(struct stepper *stepper);
/* By the thread of chunks .. end - 1, which lie in one panel, before their rows are read: the steps up to the update before. */
void late_catch_up(struct stepper *stepper, int thread, size_t chunk, size_t end);
/* stepper_tile(); but where steps come late, of the rows that the update has read, and at batch 1 their steps are left due. */
void late_tile(struct stepper *stepper, int thread, const struct part *part, size_t index);
/* By one thread, when no update runs: all that is due. */
void late_flush(struct stepper *stepper);

#endif

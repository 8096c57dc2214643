/*
 * A running trial as bytes: all that its further course depends on, so that another process goes on from there and ends in the same bits,
 * with any number of threads. That is weights and states, the optimizer's slots and running products, counters and sums of the present
 * epoch, what callbacks remember, the copies that they and `save` keep, and the rows reported so far. Orders and noise are drawn from
 * counters and need nothing.
 *
 * Form: "runner checkpoint", version, identity, state, XXH3-128 of all that. Both ends are of one kind of machine, so numbers go as they
 * lie in memory. [main] thread, between updates.
 */
#ifndef RUNNER_TRAIN_CHECKPOINT_H
#define RUNNER_TRAIN_CHECKPOINT_H

#include "runner/train/train.h"

/* To a descriptor. STATUS_TRIAL where it cannot be written. */
enum status checkpoint_write(struct training *training, const struct train_position *position, int fd,
                             struct error *error);
/* Sets a training that has done nothing yet. STATUS_TRIAL where the bytes are damaged, of another version or identity, or do not fit the
   trial: the text says why, and nothing was set. Reads nothing beyond the bytes, whatever they are. */
enum status checkpoint_read(struct training *training, const void *bytes, size_t n, struct train_position *position,
                            struct error *error);

/* Keeps a row for the checkpoints to come, and reports those of a checkpoint that was read; false where on_row() did. */
void checkpoint_add_row(struct training *training, const struct train_row *row);
bool checkpoint_report_rows(struct training *training);

#endif

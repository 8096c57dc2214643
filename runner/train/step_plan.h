/*
 * How an update is cut: slices, parts, spans, phases or stages, and tiles; and what a stepper keeps for it beside the weights. Cuts that bits
 * depend on follow from the batch size and the shapes alone.
 */
#ifndef RUNNER_TRAIN_STEP_PLAN_H
#define RUNNER_TRAIN_STEP_PLAN_H

#include "runner/train/stepper.h"

/* Rows of a slice for a batch of so many rows. */
uint64_t slice_rows_for(uint64_t batch_rows);
/* Rows of a part of a micro-batch of so many rows: its activations and deltas stay in the cache until the gradients have read them. No bit
   depends on it. */
uint64_t part_rows_for(const struct model *model, uint64_t micro_rows);

/* Bytes that a stepper keeps beside the weights to make its way faster, at most: transposed weights, deltas of postponed updates, and what late
   steps need. */
uint64_t stepper_copies_size(const struct model *model, uint64_t batch_rows);

/* Everything, for the most threads that the stepper was told of. */
void stepper_plan(struct stepper *stepper);
/* Sets the rows of a span for a team of so many threads: products of more rows read their weights less often, but what a layer reads and writes
   is to stay in a core's second-level cache, and every thread is to have a span. */
void stepper_set_span(struct stepper *stepper, int threads);
/* Keeps the transposed weights for a team of so many threads, or does not: where products have a row an example, slices have so few that
   these transpose in registers, and several threads share the tiles, copies would cross between the cores in every update. No bit depends on it. */
void stepper_keep_transposed(struct stepper *stepper, int threads);
/* Makes what waits; by one thread, when no update runs. */
void stepper_settle(struct stepper *stepper);

#endif

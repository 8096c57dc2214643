/*
 * Brief records: what stays in memory of a trial that has ended, however many epochs it had. The journal has the rest.
 */
#ifndef RUNNER_RESULTS_BRIEF_H
#define RUNNER_RESULTS_BRIEF_H

#include "runner/results/record.h"

/* A copy in the arena with the times of all rows, and none of them. Names and reasons stay those of `whole`. */
struct record *record_brief(const struct record *whole, struct arena *arena);
/* Gives it at most two rows, from which the final values and those of the best epoch are read. */
void record_brief_rows(struct record *brief, const struct record *whole, struct arena *arena);

/* Of training and of evaluation, summed over the epochs. */
double record_seconds(const struct record *record, double *evaluate_seconds);
/* Median over the epochs trained; NaN where none was. */
double record_seconds_per_epoch(const struct record *record);

#endif

/*
 * Loss and metrics of a split with the weights as they are. The split is cut into runs of a fixed number of rows whose sums are added in
 * their order, so the result does not depend on the threads.
 */
#ifndef RUNNER_TRAIN_EVALUATE_H
#define RUNNER_TRAIN_EVALUATE_H

#include "runner/train/slice.h"

struct evaluator {
    struct arena arena;
    const struct model *model;
    const struct data *data;
    int threads, ready;      /* of the team; those for whom there are buffers and calls */
    struct buffers *buffers; /* [most threads] */
    struct call *calls;      /* likewise */
    struct error *errors;
    double *sums; /* [runs of the largest split][1 + n_sums]: the loss, then the metrics' */
};

/* For a team of at most `threads`. */
void evaluator_init(struct evaluator *evaluator, const struct model *model, const struct data *data, int threads);
void evaluator_clear(struct evaluator *evaluator);
/* The threads of the next run. */
void evaluator_team(struct evaluator *evaluator, int threads);
/* [main] thread; opens a team. values: the mean loss, then each metric. STATUS_TRIAL where a plugin failed. */
enum status evaluator_run(struct evaluator *evaluator, enum data_split split, double *values, struct error *error);
/* Bytes it needs for each thread. */
uint64_t evaluator_size(const struct model *model, const struct data *data);

#endif

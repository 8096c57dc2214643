/* The course of a metric at a grid point: its mean over the trials, epoch by epoch, with the least and the largest. */
#ifndef RUNNER_RESULTS_CURVE_H
#define RUNNER_RESULTS_CURVE_H

#include "runner/results/results.h"

struct curve_step {
    double epoch, seconds; /* seconds: of training since the start, mean of the trials */
    double mean, low, high;
};
struct curve {
    struct curve_step *steps;
    size_t n;
    size_t trials;   /* done or diverged */
    size_t diverged; /* of them */
};

/* One for each of the columns, from one pass over the rows. They go as far as all trials of the point that are done or diverged have finite
   values. More than `most` epochs are thinned evenly, the last one stays. */
void curves_make(const struct results *results, size_t point, const char *const *columns, size_t n, size_t most,
                 struct arena *arena, struct curve *curves);

#endif

/* Statistics of a few numbers, with sums in the order given: the same bits wherever the numbers are the same. */
#ifndef RUNNER_RESULTS_STATISTICS_H
#define RUNNER_RESULTS_STATISTICS_H

#include <stddef.h>

/* NaN without numbers. */
double statistics_mean(const double *numbers, size_t n);
/* Sample standard deviation (n - 1), in two passes about the mean; NaN for fewer than two. */
double statistics_sd(const double *numbers, size_t n);
/* The middle of the sorted numbers, or the mean of the two; NaN without numbers. The numbers are sorted in place. */
double statistics_median(double *numbers, size_t n);

#endif

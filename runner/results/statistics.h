/*
 * Statistics of a few numbers, with sums in the order given: the same bits wherever the numbers are the same. Formulas and sources are
 * in docs/statistics.md. Thread-safe.
 */
#ifndef RUNNER_RESULTS_STATISTICS_H
#define RUNNER_RESULTS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#define STATISTICS_LEVEL 0.95 /* of all intervals; 1 - it decides all tests */
#define STATISTICS_POWER 0.8  /* at which numbers of seeds are worked out */
#define STATISTICS_LEAST 3    /* a verdict needs so many pairs */

/* NaN without numbers. */
double statistics_mean(const double *numbers, size_t n);
/* Sample standard deviation (n - 1), in two passes about the mean; NaN for fewer than two. */
double statistics_sd(const double *numbers, size_t n);
/* The middle of the sorted numbers, or the mean of the two; NaN without numbers. The numbers are sorted in place. */
double statistics_median(double *numbers, size_t n);
/* Half the width of Student's interval of the mean of n numbers with this standard deviation; NaN for fewer than two. */
double statistics_half_width(double sd, size_t n);
/* Standard error of a share that was counted on so many examples: sqrt(share (1 - share) / rows) */
double statistics_share_error(double share, double rows);

/* Student's t test that the mean of n differences is 0. */
struct t_test {
    size_t n;
    double mean, sd, error; /* error: standard error of the mean */
    double low, high;       /* interval of the mean at STATISTICS_LEVEL */
    double t, df, p;        /* p: two-sided */
    double effect;          /* Cohen's d of paired differences (d_z): mean / sd; NaN where sd is 0 */
    bool constant;          /* the differences are equal but for rounding: p is 1 where they are 0, else 0 */
};
/* NaN where n is below 2. `scale` is the size of the numbers that were subtracted: what rounding is measured by. */
void statistics_t_test(const double *differences, size_t n, double scale, struct t_test *test);
/* The same without the interval, which takes most of the time: `low` and `high` are NaN. */
void statistics_t_test_alone(const double *differences, size_t n, double scale, struct t_test *test);

/* Shares that were counted on a few rows go in steps. Where their differences are all equal, or within one step of each other, the spread is
   rounding and no sign of certainty: the reason not to believe a test that would decide, or NULL where there is none. */
const char *statistics_steps(const struct t_test *test, const double *differences, size_t n, double step);

/* Wilcoxon's signed-rank test that n differences are symmetric about 0. Zeros are dropped (Wilcoxon's way, as R and SciPy by default).
   Exact for up to 50 differences without zeros and ties; else by the normal approximation with the correction for ties and, where
   `corrected`, for continuity (R's default; SciPy's is without). */
struct wilcoxon {
    size_t n;         /* without the zeros */
    double statistic; /* sum of the ranks of the positive differences (R's V) */
    double p;         /* two-sided; 1 where all are zero, NaN without any */
    bool exact;
};
void statistics_wilcoxon(const double *differences, size_t n, bool corrected, struct wilcoxon *test);

/* Holm's step-down correction; `adjusted` may be `p`. NaNs are no part of the family and stay. */
void statistics_holm(const double *p, size_t n, double *adjusted);

/* Ranks from 1, ties share their mean. Returns the sum of t^3 - t over the groups of t ties. */
double statistics_ranks(const double *numbers, size_t n, double *ranks);

/* Friedman's test of `treatments` over `blocks`, corrected for ties; values are [blocks][treatments]. */
struct friedman {
    size_t blocks, treatments;
    double chi_square, df, p;   /* p is 1 where all ranks are ties, NaN for fewer than 2 of either */
    double critical_difference; /* of two mean ranks, by Nemenyi's test at 1 - STATISTICS_LEVEL */
};
/* ranks [treatments]: mean ranks, 1 for the least number */
void statistics_friedman(const double *values, size_t blocks, size_t treatments, double *ranks, struct friedman *test);

/* The ratio of two standard deviations of independent normal numbers: F test and interval. NaN where one has fewer than two numbers,
   or the second no spread. */
struct spread_test {
    double ratio, low, high, p;
};
void statistics_spread_test(double sd1, size_t n1, double sd2, size_t n2, struct spread_test *test);

/* Power of a two-sided paired t test with n pairs where the effect (mean / sd) is true. */
double statistics_power(size_t n, double effect, double significance);
/* The least number of pairs for STATISTICS_POWER; at least STATISTICS_LEAST; 0 where it is above 100000 or not known. */
size_t statistics_pairs_needed(double effect, double significance);

#endif

/*
 * Numbers of one quantity, and what they say all together. Times on a machine that other programs share, or other tenants of its host, have a long
 * tail on one side, so a middle is a median here and a spread the quartiles: neither moves far while less than a quarter of the values is off.
 */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stddef.h>

enum { SERIES = 4096 };

struct series {
    double values[SERIES];
    size_t n;
};

/* All 0 where there is no value. */
struct summary {
    double median, low, high; /* the quartiles */
    size_t n;
};

/* Sorts the values; 0 of none. */
double median(double *values, size_t n);
/* Leaves out what is more than SERIES. */
void series_add(struct series *series, double value);
double series_median(const struct series *series);
/* Quartiles stand at (n - 1) / 4 and 3 (n - 1) / 4 of the sorted values, between two of them by their mean, weighted by the distance (Hyndman and
   Fan's definition 7). */
struct summary summarize(const struct series *series);
/* a / b, one after the other. */
struct series series_ratio(const struct series *a, const struct series *b);

#endif

#include "bench/series.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of n > 0 sorted values; `share` of them are below it. */
static double quantile(const double *sorted, size_t n, double share) {
    const double at = share * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

double median(double *values, size_t n) {
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, by_value);
    return quantile(values, n, 0.5);
}

void series_add(struct series *series, double value) {
    if (series->n < SERIES)
        series->values[series->n++] = value;
}

double series_median(const struct series *series) {
    return summarize(series).median;
}

struct summary summarize(const struct series *series) {
    struct series sorted = *series;
    const size_t n = sorted.n;
    if (n == 0)
        return (struct summary){0};
    const double middle = median(sorted.values, n);
    return (struct summary){middle, quantile(sorted.values, n, 0.25), quantile(sorted.values, n, 0.75), n};
}

struct series series_ratio(const struct series *a, const struct series *b) {
    struct series ratio = {.n = a->n < b->n ? a->n : b->n};
    for (size_t i = 0; i < ratio.n; i++)
        ratio.values[i] = a->values[i] / b->values[i];
    return ratio;
}

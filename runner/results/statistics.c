#include "runner/results/statistics.h"

#include <math.h>
#include <stdlib.h>

double statistics_mean(const double *numbers, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += numbers[i];
    return n > 0 ? sum / (double)n : (double)NAN;
}

double statistics_sd(const double *numbers, size_t n) {
    if (n < 2)
        return (double)NAN;
    double mean = 0, squares = 0; /* of the differences from the first number, so that equal numbers give exactly 0 */
    for (size_t i = 0; i < n; i++)
        mean += (numbers[i] - numbers[0]) / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (numbers[i] - numbers[0] - mean) * (numbers[i] - numbers[0] - mean);
    return sqrt(squares / (double)(n - 1));
}

static int compare(const void *a, const void *b) {
    double x, y;
    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

double statistics_median(double *numbers, size_t n) {
    if (n == 0)
        return (double)NAN;
    qsort(numbers, n, sizeof *numbers, compare);
    return n % 2 == 1 ? numbers[n / 2] : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

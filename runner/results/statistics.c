#include "runner/results/statistics.h"

#include "runner/base/arena.h"
#include "runner/results/distributions.h"

#include <float.h>
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

double statistics_half_width(double sd, size_t n) {
    return n < 2 ? (double)NAN : student_quantile((1 + STATISTICS_LEVEL) / 2, (double)(n - 1)) * sd / sqrt((double)n);
}

double statistics_share_error(double share, double rows) {
    return share >= 0 && share <= 1 && rows > 0 ? sqrt(share * (1 - share) / rows) : (double)NAN;
}

void statistics_t_test_alone(const double *differences, size_t n, double scale, struct t_test *test) {
    const double nan = (double)NAN;
    *test = (struct t_test){n, statistics_mean(differences, n), nan, nan, nan, nan, nan, nan, nan, nan, false};
    if (n < 2)
        return;
    test->sd = statistics_sd(differences, n);
    test->error = test->sd / sqrt((double)n);
    test->df = (double)(n - 1);
    double size = fabs(test->mean) > scale ? fabs(test->mean) : scale;
    test->constant = test->error <= 10 * DBL_EPSILON * size;
    if (test->constant) {
        bool zero = fabs(test->mean) <= 10 * DBL_EPSILON * size;
        test->sd = test->error = 0;
        test->t = zero ? 0 : test->mean > 0 ? (double)INFINITY : -(double)INFINITY;
        test->p = zero ? 1 : 0;
        return;
    }
    test->t = test->mean / test->error;
    test->p = student_two_sided(test->t, test->df);
    test->effect = test->mean / test->sd;
}

void statistics_t_test(const double *differences, size_t n, double scale, struct t_test *test) {
    statistics_t_test_alone(differences, n, scale, test);
    double half = test->constant ? 0 : statistics_half_width(test->sd, n);
    test->low = test->mean - half;
    test->high = test->mean + half;
}

/* ---- Ranks ------------------------------------------------------------------------------------------------------- */

struct ranked {
    double number;
    size_t index;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    int order = compare(&x->number, &y->number);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

double statistics_ranks(const double *numbers, size_t n, double *ranks) {
    struct ranked *sorted = memory_alloc(n + 1, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct ranked){numbers[i], i};
    qsort(sorted, n, sizeof *sorted, compare_ranked);
    double ties = 0;
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        while (end < n && sorted[end].number == sorted[i].number)
            end++;
        for (size_t j = i; j < end; j++)
            ranks[sorted[j].index] = (double)(i + 1 + end) / 2;
        double t = (double)(end - i);
        ties += t * t * t - t;
    }
    free(sorted);
    return ties;
}

/* P(V <= v) of n differences: of the 2^n ways to give signs to the ranks 1 .. n, those whose positive ones sum to at most v. */
static double signed_rank_cdf(double v, size_t n) {
    size_t most = n * (n + 1) / 2;
    double *ways = memory_alloc(most + 1, sizeof *ways), sum = 0, all = 1;
    ways[0] = 1;
    for (size_t rank = 1; rank <= n; rank++, all *= 2)
        for (size_t s = most; s >= rank; s--)
            ways[s] += ways[s - rank];
    for (size_t s = 0; s <= most && (double)s <= v; s++)
        sum += ways[s];
    free(ways);
    return sum / all;
}

static double signed_rank_normal(double v, double n, double ties, bool corrected) {
    double z = v - n * (n + 1) / 4, sigma = sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48);
    double shift = !corrected || z == 0 ? 0 : z > 0 ? 0.5 : -0.5;
    double p = 2 * normal_tail(fabs(z - shift) / sigma);
    return p > 1 ? 1 : p;
}

void statistics_wilcoxon(const double *differences, size_t n, bool corrected, struct wilcoxon *test) {
    *test = (struct wilcoxon){.p = n == 0 ? (double)NAN : 1};
    double *sizes = memory_alloc(2 * n + 1, sizeof *sizes), *ranks = sizes + n;
    for (size_t i = 0; i < n; i++)
        if (differences[i] != 0)
            sizes[test->n++] = fabs(differences[i]);
    double ties = statistics_ranks(sizes, test->n, ranks);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (differences[i] == 0)
            continue;
        test->statistic += differences[i] > 0 ? ranks[k] : 0;
        k++;
    }
    free(sizes);
    test->exact = test->n == n && ties == 0 && n <= 50;
    if (test->n == 0)
        return;
    if (test->exact) {
        double least = (double)(n * (n + 1)) / 2 - test->statistic;
        double p = 2 * signed_rank_cdf(least < test->statistic ? least : test->statistic, n);
        test->p = p > 1 ? 1 : p;
    } else {
        test->p = signed_rank_normal(test->statistic, (double)test->n, ties, corrected);
    }
}

void statistics_holm(const double *p, size_t n, double *adjusted) {
    struct ranked *sorted = memory_alloc(n + 1, sizeof *sorted);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i]))
            sorted[m++] = (struct ranked){p[i], i};
        adjusted[i] = p[i];
    }
    qsort(sorted, m, sizeof *sorted, compare_ranked);
    double least = 0;
    for (size_t i = 0; i < m; i++) {
        double value = (double)(m - i) * sorted[i].number;
        value = value > 1 ? 1 : value;
        least = value > least ? value : least;
        adjusted[sorted[i].index] = least;
    }
    free(sorted);
}

void statistics_friedman(const double *values, size_t blocks, size_t treatments, double *ranks, struct friedman *test) {
    *test = (struct friedman){blocks, treatments, (double)NAN, (double)treatments - 1, (double)NAN, (double)NAN};
    double *row = memory_alloc(treatments + 1, sizeof *row), ties = 0;
    for (size_t t = 0; t < treatments; t++)
        ranks[t] = blocks == 0 ? (double)NAN : 0;
    for (size_t b = 0; b < blocks; b++) {
        ties += statistics_ranks(values + b * treatments, treatments, row);
        for (size_t t = 0; t < treatments; t++)
            ranks[t] += row[t];
    }
    free(row);
    double n = (double)blocks, k = (double)treatments, squares = 0;
    for (size_t t = 0; t < treatments && blocks > 0; t++) {
        squares += (ranks[t] - n * (k + 1) / 2) * (ranks[t] - n * (k + 1) / 2);
        ranks[t] /= n;
    }
    if (blocks < 2 || treatments < 2)
        return;
    double spread = n * k * (k + 1) - ties / (k - 1);
    test->chi_square = spread > 0 ? 12 * squares / spread : 0;
    test->p = chi_square_tail(test->chi_square, test->df);
    test->critical_difference = range_quantile(STATISTICS_LEVEL, k) / sqrt(2) * sqrt(k * (k + 1) / (6 * n));
}

void statistics_spread_test(double sd1, size_t n1, double sd2, size_t n2, struct spread_test *test) {
    const double nan = (double)NAN;
    *test = (struct spread_test){nan, nan, nan, nan};
    if (n1 < 2 || n2 < 2 || !(sd2 > 0))
        return;
    double df1 = (double)(n1 - 1), df2 = (double)(n2 - 1), f = sd1 / sd2 * (sd1 / sd2);
    double below = f_cdf(f, df1, df2), above = f_tail(f, df1, df2);
    test->ratio = sd1 / sd2;
    test->low = sqrt(f / f_quantile((1 + STATISTICS_LEVEL) / 2, df1, df2));
    test->high = sqrt(f * f_quantile((1 + STATISTICS_LEVEL) / 2, df2, df1));
    test->p = 2 * (below < above ? below : above);
}

/* ---- Numbers of pairs -------------------------------------------------------------------------------------------- */

double statistics_power(size_t n, double effect, double significance) {
    if (n < 2 || isnan(effect))
        return (double)NAN;
    double df = (double)(n - 1), bound = -student_quantile(significance / 2, df);
    double delta = fabs(effect) * sqrt((double)n);
    return noncentral_student_cdf(-bound, df, delta) + noncentral_student_cdf(-bound, df, -delta);
}

enum { MAX_PAIRS = 100000 };

/* Grows with n: false below the numbers that may be answered, true above. */
static bool enough(size_t n, double effect, double significance) {
    return n > MAX_PAIRS || (n >= STATISTICS_LEAST && !(statistics_power(n, effect, significance) < STATISTICS_POWER));
}

/* What the test of a known spread would need, and z^2 / 2 for the unknown one (Guenther, The American Statistician 35, 1981): near enough
   to save most of the search. */
static size_t guess_pairs(double effect, double significance) {
    double z = normal_quantile(1 - significance / 2), root = (z + normal_quantile(STATISTICS_POWER)) / fabs(effect);
    double n = root * root + z * z / 2;
    return n < STATISTICS_LEAST ? STATISTICS_LEAST : n < MAX_PAIRS ? (size_t)n : MAX_PAIRS;
}

const char *statistics_steps(const struct t_test *test, const double *differences, size_t n, double step) {
    if (!(test->p < 1 - STATISTICS_LEVEL))
        return NULL;
    if (test->constant)
        return "the differences are all equal: no spread to judge by";
    double low = differences[0], high = low;
    for (size_t i = 1; i < n; i++) {
        low = fmin(low, differences[i]);
        high = fmax(high, differences[i]);
    }
    return high - low <= 1.5 * step ? "the differences are within one row of each other: no spread to judge by" : NULL;
}

size_t statistics_pairs_needed(double effect, double significance) {
    if (isnan(effect) || effect == 0 || !(significance > 0))
        return 0;
    size_t low = guess_pairs(effect, significance), high = low + 1, step = 1;
    while (enough(low, effect, significance)) {
        high = low;
        low = low > step ? low - step : 0;
        step *= 2;
    }
    while (!enough(high, effect, significance)) {
        low = high;
        high += step;
        step *= 2;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (enough(middle, effect, significance))
            high = middle;
        else
            low = middle;
    }
    return high > MAX_PAIRS ? 0 : high;
}

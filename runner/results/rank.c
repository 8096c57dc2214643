#include "runner/results/column.h"
#include "runner/results/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TREATMENTS = 300 };

/* The axis of the problems, or n_axes. */
static size_t dataset_axis(const struct results *results) {
    size_t a = 0;
    while (a < results->n_axes && strcmp(results->axes[a], "dataset") != 0)
        a++;
    return a;
}

static bool same_labels(const struct results *results, size_t p, size_t q, size_t from, size_t to, size_t except) {
    for (size_t a = from; a < to; a++) {
        const char *x = results->labels[p][a], *y = results->labels[q][a];
        if (a != except && (x == NULL) != (y == NULL))
            return false;
        if (a != except && x != NULL && strcmp(x, y) != 0)
            return false;
    }
    return true;
}

struct blocks {
    size_t n, k;
    double *sums, *counts; /* [n][k]; a sum is infinite where a trial diverged */
};

static size_t treatment_of(const struct results *results, const struct ranking *ranking, size_t k, size_t point,
                           size_t axis) {
    size_t i = 0;
    while (i < k && !same_labels(results, ranking->points[i], point, 0, results->n_axes, axis))
        i++;
    return i;
}

/* The block that a trial belongs to, by the first trial of each; n where it is a new one. */
static size_t block_of(const struct results *results, size_t trial, size_t axis, bool by_dataset, const size_t *first,
                       size_t n) {
    size_t b = 0;
    for (; b < n; b++) {
        const struct result_trial *x = &results->trials[first[b]], *y = &results->trials[trial];
        if (by_dataset ? same_labels(results, x->point, y->point, axis, axis + 1, SIZE_MAX) : x->seed == y->seed)
            break;
    }
    return b;
}

static void fill(const struct results *results, const char *metric, struct ranking *ranking, size_t axis,
                 struct blocks *blocks) {
    size_t *first = memory_alloc(results->n_trials + 1, sizeof *first), k = blocks->k;
    blocks->sums = memory_alloc(results->n_trials * k + 1, sizeof *blocks->sums);
    blocks->counts = memory_alloc(results->n_trials * k + 1, sizeof *blocks->counts);
    for (size_t t = 0; t < results->n_trials; t++) {
        size_t b = block_of(results, t, axis, ranking->by_dataset, first, blocks->n);
        if (b == blocks->n)
            first[blocks->n++] = t;
        size_t at = b * k + treatment_of(results, ranking, k, results->trials[t].point, axis);
        double value;
        bool diverged = results->trials[t].record != NULL && results->trials[t].record->status == TRIAL_DIVERGED;
        if (!diverged && !column_value(results, t, metric, &value))
            continue;
        blocks->sums[at] += diverged ? (double)INFINITY : column_lower_is_better(metric) ? value : -value;
        blocks->counts[at]++;
    }
    free(first);
}

bool ranking_make(const struct results *results, const char *metric, struct ranking *ranking) {
    *ranking = (struct ranking){0};
    arena_init(&ranking->arena);
    size_t axis = dataset_axis(results);
    ranking->by_dataset = axis < results->n_axes;
    ranking->points = arena_array(&ranking->arena, results->n_points, sizeof *ranking->points);
    struct blocks blocks = {0};
    for (size_t p = 0; p < results->n_points && blocks.k <= MAX_TREATMENTS; p++)
        if (treatment_of(results, ranking, blocks.k, p, axis) == blocks.k)
            ranking->points[blocks.k++] = p;
    if (blocks.k < 3 || blocks.k > MAX_TREATMENTS)
        return false;
    fill(results, metric, ranking, axis, &blocks);
    size_t whole = 0;
    for (size_t b = 0; b < blocks.n; b++) { /* whole blocks move to the front, as means */
        bool complete = true;
        for (size_t i = 0; i < blocks.k; i++)
            complete = complete && blocks.counts[b * blocks.k + i] > 0;
        for (size_t i = 0; i < blocks.k && complete; i++)
            blocks.sums[whole * blocks.k + i] = blocks.sums[b * blocks.k + i] / blocks.counts[b * blocks.k + i];
        whole += complete ? 1 : 0;
    }
    ranking->ranks = arena_array(&ranking->arena, blocks.k, sizeof *ranking->ranks);
    if (whole >= 2)
        statistics_friedman(blocks.sums, whole, blocks.k, ranking->ranks, &ranking->test);
    free(blocks.sums);
    free(blocks.counts);
    return whole >= 2;
}

void ranking_clear(struct ranking *ranking) {
    arena_clear(&ranking->arena);
    *ranking = (struct ranking){0};
}

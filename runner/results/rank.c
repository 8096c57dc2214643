#include "runner/results/column.h"
#include "runner/results/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TREATMENTS = 300 };

struct blocks {
    size_t n, k;
    double *sums, *counts; /* [n][k]; a sum is infinite where a trial diverged */
};

static size_t treatment_of(const struct results *results, const struct ranking *ranking, size_t k, size_t point,
                           size_t axis) {
    size_t i = 0;
    while (i < k && !results_same_but(results, ranking->points[i], point, axis))
        i++;
    return i;
}

/* The block that a trial belongs to, by the first trial of each; n where it is a new one. */
static size_t block_of(const struct results *results, size_t trial, size_t axis, bool by_dataset, const size_t *first,
                       size_t n) {
    size_t b = 0;
    for (; b < n; b++) {
        const struct result_trial *x = &results->trials[first[b]], *y = &results->trials[trial];
        if (by_dataset ? results_same_label(results, x->point, y->point, axis) : x->seed == y->seed)
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

static bool has_value(const struct blocks *blocks, size_t treatment) {
    for (size_t b = 0; b < blocks->n; b++)
        if (blocks->counts[b * blocks->k + treatment] > 0)
            return true;
    return false;
}

/* Treatments without any value move behind the others: they can have no rank. Returns how many are left. */
static size_t leave_out(struct ranking *ranking, struct blocks *blocks) {
    size_t k = blocks->k, kept = 0, n = 0;
    size_t *order = memory_alloc(2 * k, sizeof *order), *points = order + k;
    for (size_t i = 0; i < k; i++)
        if (has_value(blocks, i))
            order[kept++] = i;
    n = kept;
    for (size_t i = 0; i < k; i++)
        if (!has_value(blocks, i))
            order[n++] = i;
    for (size_t i = 0; i < k; i++)
        points[i] = ranking->points[order[i]];
    memcpy(ranking->points, points, k * sizeof *points);
    /* Whole blocks move to the front, as means. */
    for (size_t b = 0; b < blocks->n; b++) {
        bool complete = true;
        for (size_t i = 0; i < kept; i++)
            complete = complete && blocks->counts[b * k + order[i]] > 0;
        for (size_t i = 0; i < kept && complete; i++)
            blocks->sums[ranking->whole * kept + i] = blocks->sums[b * k + order[i]] / blocks->counts[b * k + order[i]];
        ranking->whole += complete ? 1 : 0;
    }
    free(order);
    return kept;
}

bool ranking_make(const struct results *results, const char *metric, struct ranking *ranking) {
    *ranking = (struct ranking){.reason = ""};
    arena_init(&ranking->arena);
    size_t axis = results_dataset_axis(results);
    ranking->by_dataset = axis < results->n_axes;
    ranking->points = arena_array(&ranking->arena, results->n_points, sizeof *ranking->points);
    struct blocks blocks = {0};
    for (size_t p = 0; p < results->n_points && blocks.k <= MAX_TREATMENTS; p++)
        if (treatment_of(results, ranking, blocks.k, p, axis) == blocks.k)
            ranking->points[blocks.k++] = p;
    if (blocks.k < 3 || blocks.k > MAX_TREATMENTS) {
        ranking->reason = blocks.k < 3 ? "" : "more than 300 settings";
        return false;
    }
    fill(results, metric, ranking, axis, &blocks);
    ranking->treatments = blocks.k;
    ranking->blocks = blocks.n;
    size_t kept = leave_out(ranking, &blocks);
    ranking->ranks = arena_array(&ranking->arena, blocks.k, sizeof *ranking->ranks);
    if (kept < 3)
        ranking->reason = "fewer than 3 settings have a value";
    else if (ranking->whole < 2)
        ranking->reason = ranking->by_dataset ? "fewer than 2 data sets have a value of every setting"
                                              : "fewer than 2 seeds have a value of every setting";
    else
        statistics_friedman(blocks.sums, ranking->whole, kept, ranking->ranks, &ranking->test);
    free(blocks.sums);
    free(blocks.counts);
    return ranking->reason[0] == '\0';
}

void ranking_clear(struct ranking *ranking) {
    arena_clear(&ranking->arena);
    *ranking = (struct ranking){0};
}

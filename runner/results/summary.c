#include "runner/results/column.h"
#include "runner/results/compare.h"
#include "runner/results/statistics.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the `n` values of trials that are done; `diverged`: of a point where others are not. */
static void measure(double *values, size_t n, bool diverged, struct point_metric *metric) {
    const double nan = (double)NAN;
    *metric = (struct point_metric){.mean = nan,
                                    .sd = nan,
                                    .n = n,
                                    .error = nan,
                                    .low = nan,
                                    .high = nan,
                                    .median = nan,
                                    .min = nan,
                                    .max = nan,
                                    .sampling_error = nan};
    if (diverged || n == 0)
        return;
    metric->mean = statistics_mean(values, n);
    metric->sd = statistics_sd(values, n);
    metric->error = metric->sd / sqrt((double)n);
    double half = statistics_half_width(metric->sd, n);
    metric->low = metric->mean - half;
    metric->high = metric->mean + half;
    metric->median = statistics_median(values, n);
    metric->min = values[0]; /* sorted now */
    metric->max = values[n - 1];
}

/* The mean over the points of their values at one seed. False where one of them has none. */
static bool seed_mean(const struct results *results, const size_t *points, size_t n_points, int64_t seed,
                      const char *column, double *value, bool *ended, bool *diverged) {
    bool known = true;
    double sum = 0;
    *ended = true;
    for (size_t i = 0; i < n_points; i++) {
        size_t t = results_trial_at(results, points[i], seed);
        const struct record *record = t != SIZE_MAX ? results->trials[t].record : NULL;
        bool done = record != NULL && record->status == TRIAL_DONE;
        double number = 0;
        *diverged = *diverged || (record != NULL && record->status == TRIAL_DIVERGED);
        *ended = *ended && record != NULL && (done || record->status == TRIAL_DIVERGED);
        known = known && record != NULL && column_value(results, t, column, &number);
        sum += number;
    }
    *value = n_points == 1 ? sum : sum / (double)n_points;
    return known;
}

/* NaN where the points are not all of as many rows: it is not one test set then. */
static double common_sampling_error(const struct results *results, const size_t *points, size_t n_points,
                                    const char *column, double share) {
    double error = column_sampling_error(results, points[0], column, share);
    for (size_t i = 1; i < n_points && !isnan(error); i++)
        error = column_sampling_error(results, points[i], column, share) == error ? error : (double)NAN;
    return error;
}

void points_measure(const struct results *results, const size_t *points, size_t n_points, const char *column,
                    struct point_metric *metric) {
    bool counted = column_is_time(column) || strcmp(column, "epochs") == 0 || strcmp(column, "updates") == 0;
    size_t first, end, n = 0, ended = 0;
    results_point_trials(results, points[0], &first, &end);
    double *values = memory_alloc(end - first + 1, sizeof *values);
    bool diverged = false;
    for (size_t t = first; t < end; t++) {
        bool all;
        n += seed_mean(results, points, n_points, results->trials[t].seed, column, &values[n], &all, &diverged) ? 1 : 0;
        ended += all ? 1 : 0;
    }
    diverged = diverged && !counted;
    measure(values, n, diverged, metric);
    metric->has_mean = n > 0 || diverged;
    metric->has_sd = n > 1 || (diverged && ended > 1);
    metric->sampling_error = common_sampling_error(results, points, n_points, column, metric->mean);
    free(values);
}

void point_measure(const struct results *results, size_t point, const char *column, struct point_metric *metric) {
    points_measure(results, &point, 1, column, metric);
}

void point_summarize(const struct results *results, size_t point, const char *const *columns, size_t n_columns,
                     struct arena *arena, struct point_summary *summary) {
    *summary = (struct point_summary){.seconds_per_epoch = (double)NAN};
    size_t first, end, timed = 0;
    results_point_trials(results, point, &first, &end);
    double *values = memory_alloc(end - first + 1, sizeof *values);
    double updates = 0;
    for (size_t t = first; t < end; t++) {
        if (results->trials[t].point != point)
            continue;
        const struct record *record = results->trials[t].record;
        if (record == NULL) {
            summary->missing++;
        } else if (record->status == TRIAL_DONE || record->status == TRIAL_DIVERGED) {
            summary->n++;
            summary->n_diverged += record->status == TRIAL_DIVERGED ? 1 : 0;
            updates += (double)record->updates;
            values[timed] = record_seconds_per_epoch(record);
            timed += isnan(values[timed]) ? 0 : 1;
        } else {
            summary->n_failed++;
        }
    }
    summary->updates = summary->n > 0 ? updates / (double)summary->n : 0;
    summary->seconds_per_epoch = statistics_median(values, timed);
    summary->metrics = arena_array(arena, n_columns, sizeof *summary->metrics);
    for (size_t c = 0; c < n_columns; c++)
        point_measure(results, point, columns[c], &summary->metrics[c]);
    free(values);
}

/* ---- The tables -------------------------------------------------------------------------------------------------- */

static const char *const STATISTICS[] = {"mean", "sd", "se", "ci95_low", "ci95_high", "median", "min", "max"};
enum { N_STATISTICS = sizeof STATISTICS / sizeof STATISTICS[0] };

static void add(struct csv *csv, bool known, double number) {
    if (known)
        csv_number(csv, number);
    else
        csv_empty(csv);
}

static bool is_evaluated(const char *column) {
    return strncmp(column, "test_", 5) == 0 || strncmp(column, "val_", 4) == 0;
}

static bool has_sampling_error(const char *column) {
    return is_evaluated(strncmp(column, "best_", 5) == 0 ? column + 5 : column) && column_is_share(column);
}

static void add_header(struct csv *csv, const char *column, struct arena *arena) {
    for (size_t i = 0; i < N_STATISTICS; i++)
        csv_text(csv, arena_printf(arena, "%s_%s", column, STATISTICS[i]));
    if (has_sampling_error(column))
        csv_text(csv, arena_printf(arena, "%s_sampling_se", column));
}

static void add_metric(struct csv *csv, const char *column, const struct point_metric *m) {
    const double numbers[N_STATISTICS] = {m->mean, m->sd, m->error, m->low, m->high, m->median, m->min, m->max};
    for (size_t i = 0; i < N_STATISTICS; i++)
        add(csv, i >= 1 && i <= 4 ? m->has_sd : m->has_mean, numbers[i]);
    if (has_sampling_error(column))
        csv_known(csv, m->sampling_error);
}

struct layout {
    const struct results *results;
    const char **columns; /* of metrics */
    const char **best;    /* best_epoch, best_test_loss, ... */
    struct comparisons *comparisons;
    size_t *next; /* [n_comparisons] the next comparison of each */
    size_t n, n_best, n_comparisons;
    struct arena *arena;
};

static void plan_columns(struct layout *layout) {
    layout->columns = results_columns(layout->results, layout->arena, &layout->n);
    layout->best = arena_array(layout->arena, layout->n + 1, sizeof *layout->best);
    layout->comparisons = arena_array(layout->arena, layout->n, sizeof *layout->comparisons);
    layout->next = arena_array(layout->arena, layout->n, sizeof *layout->next);
    bool validation = column_exists("best_epoch", layout->columns, layout->n);
    if (validation)
        layout->best[layout->n_best++] = "best_epoch";
    for (size_t c = 0; c < layout->n; c++) {
        if (!is_evaluated(layout->columns[c]))
            continue;
        if (validation)
            layout->best[layout->n_best++] = arena_printf(layout->arena, "best_%s", layout->columns[c]);
        comparisons_open(layout->results, layout->columns[c], &layout->comparisons[layout->n_comparisons++]);
    }
}

static void write_header(const struct layout *layout, struct csv *csv) {
    char value[NUMBER_TEXT_SIZE];
    const struct results *results = layout->results;
    table_begin(results, TABLE_NAMES("point"), TABLE_NAMES("n", "n_diverged", "n_failed"), csv);
    for (size_t c = 0; c < layout->n; c++)
        add_header(csv, layout->columns[c], layout->arena);
    for (size_t c = 0; c < layout->n_best; c++)
        add_header(csv, layout->best[c], layout->arena);
    for (size_t i = 0; i < results->n_targets; i++) {
        const char *name = arena_printf(layout->arena, "%s_%s", results->targets[i].column,
                                        number_write(results->targets[i].value, value));
        csv_text(csv, arena_printf(layout->arena, "n_reached_%s", name));
        csv_text(csv, arena_printf(layout->arena, "epochs_to_%s_median", name));
        csv_text(csv, arena_printf(layout->arena, "updates_to_%s_median", name));
    }
    static const char *const parts[] = {"reference", "difference", "difference_ci95_low", "difference_ci95_high",
                                        "p_holm",    "verdict"};
    for (size_t c = 0; c < layout->n_comparisons; c++)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
            csv_text(csv, arena_printf(layout->arena, "%s_%s", layout->comparisons[c].metric, parts[i]));
    csv_end_row(csv);
}

static void write_comparison(const struct comparison *c, struct csv *csv) {
    if (c == NULL) {
        for (int i = 0; i < 6; i++)
            csv_empty(csv);
        return;
    }
    bool tested = c->verdict != VERDICT_REFERENCE && c->t.n > 0;
    csv_uint(csv, c->reference + 1);
    add(csv, tested, c->t.mean);
    add(csv, tested && !isnan(c->t.low), c->t.low);
    add(csv, tested && !isnan(c->t.high), c->t.high);
    add(csv, tested && !isnan(c->p_holm), c->p_holm);
    csv_text(csv, verdict_name(c->verdict));
}

/* Comparisons are in the order of the points, some of which have none. */
static void write_next_comparison(const struct layout *layout, size_t c, size_t p, struct csv *csv) {
    struct comparison comparison = {.point = SIZE_MAX};
    size_t *next = &layout->next[c];
    if (*next < layout->comparisons[c].count)
        comparisons_at(&layout->comparisons[c], *next, &comparison);
    bool here = comparison.point == p;
    *next += here ? 1 : 0;
    write_comparison(here ? &comparison : NULL, csv);
}

static void write_point(const struct layout *layout, size_t p, struct csv *csv) {
    const struct results *results = layout->results;
    struct point_summary summary;
    struct arena arena;
    arena_init(&arena);
    point_summarize(results, p, layout->columns, layout->n, &arena, &summary);
    csv_uint(csv, p + 1);
    csv_labels(csv, results, p);
    csv_uint(csv, summary.n);
    csv_uint(csv, summary.n_diverged);
    csv_uint(csv, summary.n_failed);
    for (size_t c = 0; c < layout->n; c++)
        add_metric(csv, layout->columns[c], &summary.metrics[c]);
    for (size_t c = 0; c < layout->n_best; c++) {
        struct point_metric metric;
        point_measure(results, p, layout->best[c], &metric);
        add_metric(csv, layout->best[c], &metric);
    }
    for (size_t i = 0; i < results->n_targets; i++) {
        struct point_target reach;
        point_reach(results, p, &results->targets[i], &reach);
        csv_uint(csv, reach.reached);
        add(csv, reach.n > 0, reach.epochs);
        add(csv, reach.n > 0, reach.updates);
    }
    for (size_t c = 0; c < layout->n_comparisons; c++)
        write_next_comparison(layout, c, p, csv);
    csv_end_row(csv);
    arena_clear(&arena);
}

void table_summary(const struct results *results, struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    struct layout layout = {.results = results, .arena = &arena};
    plan_columns(&layout);
    write_header(&layout, csv);
    for (size_t p = 0; p < results->n_points; p++)
        write_point(&layout, p, csv);
    for (size_t c = 0; c < layout.n_comparisons; c++)
        comparisons_clear(&layout.comparisons[c]);
    arena_clear(&arena);
}

void table_timing_summary(const struct results *results, struct csv *csv) {
    static const char *const columns[] = {"epoch_seconds", "seconds", "updates_per_second", "peak_memory_bytes"};
    enum { N = sizeof columns / sizeof columns[0] };
    char value[NUMBER_TEXT_SIZE];
    struct arena arena;
    arena_init(&arena);
    table_begin(results, TABLE_NAMES("point"), NULL, csv);
    for (size_t c = 0; c < N; c++)
        add_header(csv, columns[c], &arena);
    for (size_t i = 0; i < results->n_targets; i++)
        csv_text(csv, arena_printf(&arena, "seconds_to_%s_%s_median", results->targets[i].column,
                                   number_write(results->targets[i].value, value)));
    csv_end_row(csv);
    for (size_t p = 0; p < results->n_points; p++) {
        csv_uint(csv, p + 1);
        csv_labels(csv, results, p);
        for (size_t c = 0; c < N; c++) {
            struct point_metric metric;
            point_measure(results, p, columns[c], &metric);
            add_metric(csv, columns[c], &metric);
        }
        for (size_t i = 0; i < results->n_targets; i++) {
            struct point_target reach;
            point_reach(results, p, &results->targets[i], &reach);
            add(csv, reach.n > 0, reach.seconds);
        }
        csv_end_row(csv);
    }
    arena_clear(&arena);
}

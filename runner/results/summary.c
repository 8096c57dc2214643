#include "runner/results/statistics.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdlib.h>

static void summarize_metric(const struct results *results, size_t point, const char *column,
                             const struct point_summary *summary, double *values, struct point_metric *metric) {
    size_t n = 0, first, end;
    results_point_trials(results, point, &first, &end);
    for (size_t t = first; t < end; t++) {
        const struct record *record = results->trials[t].record;
        if (record != NULL && record->status == TRIAL_DONE && record_final(record, column, &values[n]))
            n++;
    }
    bool diverged = summary->n_diverged > 0;
    metric->has_mean = n > 0 || diverged;
    metric->has_sd = n > 1 || (diverged && summary->n > 1);
    metric->mean = diverged ? (double)NAN : statistics_mean(values, n);
    metric->sd = diverged ? (double)NAN : statistics_sd(values, n);
}

void point_summarize(const struct results *results, size_t point, const char *const *columns, size_t n_columns,
                     struct arena *arena, struct point_summary *summary) {
    *summary = (struct point_summary){.seconds_per_epoch = (double)NAN};
    size_t timed = 0, first, end;
    results_point_trials(results, point, &first, &end);
    double *values = memory_alloc(end - first + 1, sizeof *values);
    double updates = 0;
    for (size_t t = first; t < end; t++) {
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
        summarize_metric(results, point, columns[c], summary, values, &summary->metrics[c]);
    free(values);
}

static void csv_statistic(struct csv *csv, bool known, double number) {
    if (known)
        csv_number(csv, number);
    else
        csv_empty(csv);
}

void table_summary(const struct results *results, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n);
    struct csv csv;
    csv_init(&csv, out);
    csv_text(&csv, "point");
    csv_axes(&csv, results);
    csv_text(&csv, "n");
    csv_text(&csv, "n_diverged");
    csv_text(&csv, "n_failed");
    for (size_t c = 0; c < n; c++) {
        csv_text(&csv, arena_printf(&arena, "%s_mean", columns[c]));
        csv_text(&csv, arena_printf(&arena, "%s_sd", columns[c]));
    }
    csv_end_row(&csv);
    for (size_t p = 0; p < results->n_points; p++) {
        struct point_summary summary;
        point_summarize(results, p, columns, n, &arena, &summary);
        csv_uint(&csv, p + 1);
        csv_labels(&csv, results, p);
        csv_uint(&csv, summary.n);
        csv_uint(&csv, summary.n_diverged);
        csv_uint(&csv, summary.n_failed);
        for (size_t c = 0; c < n; c++) {
            csv_statistic(&csv, summary.metrics[c].has_mean, summary.metrics[c].mean);
            csv_statistic(&csv, summary.metrics[c].has_sd, summary.metrics[c].sd);
        }
        csv_end_row(&csv);
    }
    arena_clear(&arena);
}

#include "runner/results/reach.h"

#include "runner/results/column.h"
#include "runner/results/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const prefixes[REACH_KINDS] = {"epochs_to_", "updates_to_", "seconds_to_"};

const char *reach_name(const struct target *target, enum reach_kind kind, struct arena *arena) {
    char value[NUMBER_TEXT_SIZE];
    return arena_printf(arena, "%s%s_%s", prefixes[kind], target->column, number_write(target->value, value));
}

bool reach_is(const char *column) {
    for (size_t k = 0; k < REACH_KINDS; k++)
        if (strncmp(column, prefixes[k], strlen(prefixes[k])) == 0)
            return true;
    return false;
}

const struct target *reach_find(const char *column, const struct target *targets, size_t n, enum reach_kind *kind) {
    for (size_t k = 0; k < REACH_KINDS; k++)
        for (size_t i = 0; i < n && strncmp(column, prefixes[k], strlen(prefixes[k])) == 0; i++) {
            const char *name = column + strlen(prefixes[k]);
            size_t length = strlen(targets[i].column);
            double value;
            if (strncmp(name, targets[i].column, length) != 0 || name[length] != '_' ||
                !number_read(name + length + 1, &value) || value != targets[i].value)
                continue;
            *kind = (enum reach_kind)k;
            return &targets[i];
        }
    return NULL;
}

/* The first row that reaches the target, and the seconds of training up to its end. */
static const struct record_row *find_reach(const struct record *record, const struct target *target, double *seconds) {
    bool lower = column_lower_is_better(target->column);
    const size_t c = record_column(record, target->column);
    *seconds = 0;
    for (size_t r = 0; r < record->n_rows && c < record->n_columns; r++) {
        const struct record_row *row = &record->rows[r];
        *seconds += row->seconds;
        if (row->known[c] && (lower ? row->values[c] <= target->value : row->values[c] >= target->value))
            return row;
    }
    return NULL;
}

static double median_with_misses(double *values, size_t n) {
    double median = statistics_median(values, n);
    return isnan(median) && n > 0 ? (double)INFINITY : median;
}

bool reach_trial(const struct results *results, size_t trial, const struct target *target, struct reach *reach) {
    const struct record *record = results->trials[trial].record;
    if (record == NULL || (record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED))
        return false;
    struct arena arena;
    arena_init(&arena);
    double seconds = 0;
    record = results_whole(results, trial, &arena);
    const struct record_row *row = record != NULL ? find_reach(record, target, &seconds) : NULL;
    for (size_t k = 0; k < REACH_KINDS; k++)
        reach->numbers[k] = (double)INFINITY;
    if (row != NULL) {
        reach->numbers[REACH_EPOCHS] = (double)row->epoch;
        reach->numbers[REACH_UPDATES] = (double)row->updates;
        reach->numbers[REACH_SECONDS] = seconds;
    }
    arena_clear(&arena);
    return true;
}

void points_reach(const struct results *results, const size_t *points, size_t n_points, const struct target *target,
                  struct point_target *reach) {
    *reach = (struct point_target){0};
    size_t first, end, most = 0;
    for (size_t p = 0; p < n_points; p++) {
        results_point_trials(results, points[p], &first, &end);
        most += end - first;
    }
    double *numbers = memory_alloc(REACH_KINDS * most + 1, sizeof *numbers);
    for (size_t p = 0; p < n_points; p++) {
        results_point_trials(results, points[p], &first, &end);
        for (size_t t = first; t < end; t++) {
            struct reach one;
            if (!reach_trial(results, t, target, &one))
                continue;
            for (size_t k = 0; k < REACH_KINDS; k++)
                numbers[k * most + reach->n] = one.numbers[k];
            reach->reached += isfinite(one.numbers[REACH_EPOCHS]) ? 1 : 0;
            reach->n++;
        }
    }
    reach->epochs = median_with_misses(&numbers[REACH_EPOCHS * most], reach->n);
    reach->updates = median_with_misses(&numbers[REACH_UPDATES * most], reach->n);
    reach->seconds = median_with_misses(&numbers[REACH_SECONDS * most], reach->n);
    free(numbers);
}

void point_reach(const struct results *results, size_t point, const struct target *target, struct point_target *reach) {
    points_reach(results, &point, 1, target, reach);
}

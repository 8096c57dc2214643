/* A small grid with records, written out by hand. */
#ifndef RUNNER_TESTS_RESULTS_LAB_H
#define RUNNER_TESTS_RESULTS_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/results/results.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static inline struct record *lab_record(struct arena *arena, size_t number, enum trial_status status,
                                        const char *const *columns, size_t n_columns, size_t n_rows) {
    struct record *record = arena_alloc(arena, sizeof *record);
    record->key = (struct hash128){.low = number};
    record->id = number;
    record->status = status;
    record->reason = record->stopped_by = "";
    record->threads = record->attempts = 1;
    record->n_columns = n_columns;
    record->columns = arena_array(arena, n_columns, sizeof *record->columns);
    for (size_t c = 0; c < n_columns; c++)
        record->columns[c] = columns[c];
    record->n_rows = n_rows;
    record->rows = arena_array(arena, n_rows, sizeof *record->rows);
    for (size_t r = 0; r < n_rows; r++) {
        record->rows[r].epoch = r;
        record->rows[r].updates = 10 * r;
        record->rows[r].examples = 100 * r;
        record->rows[r].learning_rate = 0.1;
        record->rows[r].values = arena_array(arena, n_columns, sizeof(double));
        record->rows[r].known = arena_array(arena, n_columns, sizeof(bool));
    }
    return record;
}

static inline void lab_set(struct record *record, size_t row, size_t column, double value) {
    record->rows[row].values[column] = value;
    record->rows[row].known[column] = true;
}

/* Equal but for rounding. */
static inline void lab_near(double found, double wanted) {
    assert_true(fabs(found - wanted) <= 1e-12);
}

/* Rows of the test set of a point's data. */
static inline void lab_test_rows(struct results *results, size_t point, uint64_t rows) {
    results_set_rows(results, point, (uint64_t[DATA_SPLITS]){[DATA_TEST] = rows});
}

/* `labels` are n_points x n_axes; each point has `seeds` trials. */
static inline void lab_results(struct results *results, const char *const *axes, size_t n_axes,
                               const char *const *labels, size_t n_points, size_t seeds) {
    *results = (struct results){
        .name = "lab", .report = "", .n_axes = n_axes, .n_points = n_points, .n_trials = n_points * seeds};
    struct arena *arena = &results->arena;
    arena_init(arena);
    results->axes = arena_array(arena, n_axes, sizeof *results->axes);
    for (size_t a = 0; a < n_axes; a++)
        results->axes[a] = axes[a];
    results->labels = arena_array(arena, n_points, sizeof *results->labels);
    for (size_t p = 0; p < n_points; p++) {
        results->labels[p] = arena_array(arena, n_axes, sizeof *results->labels[p]);
        for (size_t a = 0; a < n_axes; a++)
            results->labels[p][a] = labels[p * n_axes + a];
    }
    results->trials = arena_array(arena, results->n_trials, sizeof *results->trials);
    for (size_t t = 0; t < results->n_trials; t++) {
        results->trials[t].point = t / seeds;
        results->trials[t].seed = (int64_t)(t % seeds);
        results->trials[t].key = (struct hash128){.low = t + 1};
        results->trials[t].id = t + 1;
    }
}

#endif

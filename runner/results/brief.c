#include "runner/results/brief.h"

#include "runner/results/column.h"
#include "runner/results/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double record_seconds(const struct record *record, double *evaluate_seconds) {
    double seconds = record->seconds;
    *evaluate_seconds = record->evaluate_seconds;
    for (size_t r = 0; !record->brief && r < record->n_rows; r++) {
        seconds += record->rows[r].seconds;
        *evaluate_seconds += record->rows[r].evaluate_seconds;
    }
    return seconds;
}

double record_seconds_per_epoch(const struct record *record) {
    if (record->brief)
        return record->seconds_per_epoch;
    if (record->n_rows < 2)
        return (double)NAN;
    double *seconds = memory_alloc(record->n_rows, sizeof *seconds);
    for (size_t r = 1; r < record->n_rows; r++)
        seconds[r - 1] = record->rows[r].seconds;
    double median = statistics_median(seconds, record->n_rows - 1);
    free(seconds);
    return median;
}

static void copy_row(const struct record_row *row, size_t n_columns, struct arena *arena, struct record_row *copy) {
    *copy = *row;
    copy->values = arena_array(arena, n_columns, sizeof *copy->values + sizeof *copy->known);
    copy->known = (bool *)(copy->values + n_columns);
    if (n_columns > 0) {
        memcpy(copy->values, row->values, n_columns * sizeof *copy->values);
        memcpy(copy->known, row->known, n_columns * sizeof *copy->known);
    }
}

struct record *record_brief(const struct record *whole, struct arena *arena) {
    struct record *brief = arena_alloc(arena, sizeof *brief);
    *brief = *whole;
    brief->brief = true;
    brief->seconds = record_seconds(whole, &brief->evaluate_seconds);
    brief->seconds_per_epoch = record_seconds_per_epoch(whole);
    brief->n_rows = 0;
    brief->rows = NULL;
    return brief;
}

void record_brief_rows(struct record *brief, const struct record *whole, struct arena *arena) {
    const struct record_row *final = record_final_row(whole), *best = column_best_row(whole);
    if (final == NULL)
        return;
    const struct record_row *kept[2] = {final, best};
    if (best != NULL && best < final) {
        kept[0] = best;
        kept[1] = final;
    }
    brief->n_rows = best != NULL && best != final ? 2 : 1;
    brief->rows = arena_array(arena, brief->n_rows, sizeof *brief->rows);
    for (size_t i = 0; i < brief->n_rows; i++)
        copy_row(kept[i], whole->n_columns, arena, &brief->rows[i]);
}

#include "runner/results/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where a trial's rows stand while the epochs go by. */
struct cursor {
    const struct record *record;
    size_t row, column;
    double seconds; /* up to the row, with it */
};

/* Records with their rows live in the arena. */
static size_t open_cursors(const struct results *results, size_t point, const char *column, struct arena *arena,
                           struct cursor *cursors, struct curve *curve) {
    size_t first, end, n = 0;
    results_point_trials(results, point, &first, &end);
    for (size_t t = first; t < end; t++) {
        const struct record *record = results->trials[t].record;
        if (record == NULL || (record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED))
            continue;
        record = results_whole(results, t, arena);
        if (record == NULL)
            continue;
        size_t c = 0;
        while (c < record->n_columns && strcmp(record->columns[c], column) != 0)
            c++;
        curve->trials++;
        curve->diverged += record->status == TRIAL_DIVERGED ? 1 : 0;
        cursors[n++] = (struct cursor){.record = c < record->n_columns ? record : NULL, .column = c};
    }
    return n;
}

/* Goes to the row of the epoch, or the first behind it; false where there is none. */
static bool seek(struct cursor *cursor, uint64_t epoch) {
    const struct record *record = cursor->record;
    for (; cursor->row < record->n_rows && record->rows[cursor->row].epoch < epoch; cursor->row++)
        cursor->seconds += record->rows[cursor->row].seconds;
    return cursor->row < record->n_rows;
}

enum course { COURSE_STEP, COURSE_SKIP, COURSE_END };

/* What all trials have at an epoch. */
static enum course gather(struct cursor *cursors, size_t n, uint64_t epoch, struct curve_step *step) {
    double sum = 0, seconds = 0;
    *step = (struct curve_step){.epoch = (double)epoch, .low = (double)INFINITY, .high = -(double)INFINITY};
    enum course course = COURSE_STEP;
    for (size_t i = 0; i < n; i++) {
        if (!seek(&cursors[i], epoch))
            return COURSE_END;
        const struct record_row *row = &cursors[i].record->rows[cursors[i].row];
        if (row->epoch != epoch || !row->known[cursors[i].column]) {
            course = COURSE_SKIP;
            continue;
        }
        double value = row->values[cursors[i].column];
        if (!isfinite(value))
            return COURSE_END;
        sum += value;
        seconds += cursors[i].seconds + row->seconds;
        step->low = value < step->low ? value : step->low;
        step->high = value > step->high ? value : step->high;
    }
    step->mean = sum / (double)n;
    step->seconds = seconds / (double)n;
    return course;
}

void curve_make(const struct results *results, size_t point, const char *column, size_t most, struct arena *arena,
                struct curve *curve) {
    *curve = (struct curve){.n = 0};
    size_t first, end;
    results_point_trials(results, point, &first, &end);
    struct cursor *cursors = memory_alloc(end - first + 1, sizeof *cursors);
    struct arena rows;
    arena_init(&rows);
    size_t n = open_cursors(results, point, column, &rows, cursors, curve);
    bool whole = n > 0;
    for (size_t i = 0; i < n; i++)
        whole = whole && cursors[i].record != NULL;
    if (whole) {
        const struct record *record = cursors[0].record;
        curve->steps = arena_array(arena, record->n_rows, sizeof *curve->steps);
        enum course course = COURSE_STEP;
        for (size_t r = 0; r < record->n_rows && course != COURSE_END; r++) {
            course = gather(cursors, n, record->rows[r].epoch, &curve->steps[curve->n]);
            curve->n += course == COURSE_STEP ? 1 : 0;
        }
    }
    free(cursors);
    arena_clear(&rows);
    if (curve->n > most) {
        size_t all = curve->n;
        for (size_t i = 0; i < most; i++)
            curve->steps[i] = curve->steps[i * (all - 1) / (most - 1)];
        curve->n = most;
    }
}

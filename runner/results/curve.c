#include "runner/results/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A curve in the making: means are sums so far. */
struct course {
    const char *column;
    struct curve *curve;
    bool *gaps; /* [steps]: some trial has no value there */
    size_t end; /* steps that all trials so far have reached; 0 where one has no such column */
};

/* The steps are the epochs of the first trial. */
static void begin(struct course *course, const struct record *record, struct arena *arena, struct arena *scratch) {
    course->curve->steps = arena_array(arena, record->n_rows, sizeof *course->curve->steps);
    course->gaps = arena_array(scratch, record->n_rows, sizeof *course->gaps);
    course->end = record->n_rows;
    for (size_t s = 0; s < course->end; s++)
        course->curve->steps[s] = (struct curve_step){
            .epoch = (double)record->rows[s].epoch, .low = (double)INFINITY, .high = -(double)INFINITY};
}

static void add_trial(struct course *course, const struct record *record) {
    const size_t column = record_column(record, course->column);
    if (column == record->n_columns)
        course->end = 0;
    double seconds = 0; /* before the row */
    for (size_t s = 0, r = 0; s < course->end; s++) {
        struct curve_step *step = &course->curve->steps[s];
        for (; r < record->n_rows && (double)record->rows[r].epoch < step->epoch; r++)
            seconds += record->rows[r].seconds;
        const struct record_row *row = &record->rows[r];
        if (r < record->n_rows && ((double)row->epoch > step->epoch || !row->known[column])) {
            course->gaps[s] = true;
            continue;
        }
        if (r == record->n_rows || !isfinite(row->values[column])) {
            course->end = s;
            return;
        }
        const double value = row->values[column];
        step->mean += value;
        step->seconds += seconds + row->seconds;
        step->low = value < step->low ? value : step->low;
        step->high = value > step->high ? value : step->high;
    }
}

static void finish(struct course *course, size_t most) {
    struct curve *curve = course->curve;
    for (size_t s = 0; s < course->end; s++) {
        if (course->gaps[s])
            continue;
        struct curve_step *step = &curve->steps[curve->n++];
        *step = curve->steps[s];
        step->mean /= (double)curve->trials;
        step->seconds /= (double)curve->trials;
    }
    if (curve->n > most) {
        size_t all = curve->n;
        for (size_t i = 0; i < most; i++)
            curve->steps[i] = curve->steps[i * (all - 1) / (most - 1)];
        curve->n = most;
    }
}

void curves_make(const struct results *results, size_t point, const char *const *columns, size_t n, size_t most,
                 struct arena *arena, struct curve *curves) {
    struct arena scratch;
    arena_init(&scratch);
    struct course *courses = arena_array(&scratch, n, sizeof *courses);
    for (size_t c = 0; c < n; c++) {
        curves[c] = (struct curve){.n = 0};
        courses[c] = (struct course){.column = columns[c], .curve = &curves[c]};
    }
    size_t first, end;
    results_point_trials(results, point, &first, &end);
    for (size_t t = first; t < end; t++) {
        const struct record *record = results->trials[t].record;
        if (record == NULL || (record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED))
            continue;
        struct arena rows;
        arena_init(&rows);
        record = results_whole(results, t, &rows);
        for (size_t c = 0; record != NULL && c < n; c++) {
            if (curves[c].trials++ == 0)
                begin(&courses[c], record, arena, &scratch);
            curves[c].diverged += record->status == TRIAL_DIVERGED ? 1 : 0;
            add_trial(&courses[c], record);
        }
        arena_clear(&rows);
    }
    for (size_t c = 0; c < n; c++)
        finish(&courses[c], most);
    arena_clear(&scratch);
}

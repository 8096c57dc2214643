/*
 * The present grid as the tables see it: axes with labels, points, trials, and the record of each trial that has ended.
 *
 * It is made from an experiment, and kept in the journal, so that `runner table` can show a grid, even a running one, from its
 * results folder alone. Everything lives in the grid's arena. Single-threaded.
 */
#ifndef RUNNER_RESULTS_RESULTS_H
#define RUNNER_RESULTS_RESULTS_H

#include "runner/config/claim.h"
#include "runner/config/experiment.h"
#include "runner/host/data.h"
#include "runner/results/record.h"

struct json_t;

struct journal;

struct result_trial {
    size_t point;
    int64_t seed;
    struct hash128 key;
    uint64_t id;
    const struct record *record; /* NULL: has not ended */
};

struct results {
    struct arena arena;
    const char *name; /* of the experiment */
    const char **axes;
    size_t n_axes;
    const char *dataset_axis; /* whose labels are data sets; NULL: the one called `dataset`, where there is one */
    const char ***labels;     /* [n_points][n_axes]; NULL where the axis does not apply */
    size_t n_points;
    struct result_trial *trials; /* in grid order */
    size_t n_trials;
    const uint64_t **rows; /* [n_points][DATA_SPLITS] results_set_rows(); NULL: of none */
    const char *baseline;  /* a selector (config/claim.h), "best", or "" */
    const char **claims;
    size_t n_claims;
    struct target *targets; /* without marks */
    size_t n_targets;
    const char *report;      /* how the table ends ("lecture"), or "" */
    struct journal *journal; /* has the rows of brief records; NULL: there are none */
};

/* Without keys, ids and records. */
void results_from_experiment(const struct experiment *experiment, struct results *results);
void results_clear(struct results *results);
/* Of the point's data: training, validation, test; 0 where not known. Points share those that are equal. */
void results_set_rows(struct results *results, size_t point, const uint64_t rows[DATA_SPLITS]);
/* Takes the baseline, claims and targets of the experiment in place of those that are there. */
void results_ask(const struct experiment *experiment, struct results *results);
/* Axes and labels for selectors and claims. */
struct selection_grid results_grid(const struct results *results);

/* JSON in one line for the journal, and back; records are not part of it. It goes to `take` in pieces, since that of a large grid takes
   much memory. */
typedef void results_take(void *context, const char *bytes, size_t length);
void results_write(const struct results *results, results_take *take, void *context);
bool results_read(const struct json_t *json, struct results *results);

/* The shortest suffix of the axis' path that no other axis has: what it is called in messages. Part of the axis' name. */
const char *results_axis_name(const struct results *results, size_t axis);
/* "optimizer=adam batch_size=10"; nothing where the grid has no axis. */
void results_point_label(const struct results *results, size_t point, struct text *out);
/* The same with " seed=0", which is left out where the grid has but one. */
void results_trial_label(const struct results *results, size_t trial, struct text *out);

/* Whether both points have this label of the axis, or neither has one. */
bool results_same_label(const struct results *results, size_t p, size_t q, size_t axis);
/* Whether the points have the same labels on all axes but one (n_axes: on all). */
bool results_same_but(const struct results *results, size_t p, size_t q, size_t axis);
/* The axis of the data sets where points differ on it, else n_axes. Its labels are problems of their own: what is better is asked within
   each. */
size_t results_dataset_axis(const struct results *results);
/* [n_points] for each point the first one of its data set; all are of point 0's where there is no such axis. */
size_t *results_problems(const struct results *results, struct arena *arena);

/* The trials of a point, which stand together: `first` up to, without it, `end`. */
void results_point_trials(const struct results *results, size_t point, size_t *first, size_t *end);

/* The trial of a point with this seed; SIZE_MAX where there is none. */
size_t results_trial_at(const struct results *results, size_t point, int64_t seed);

/* The metric columns of all records: their union in order of first appearance. The names are the records'. */
const char **results_columns(const struct results *results, struct arena *arena, size_t *count);

/* The trial's record with all its rows; those of a brief one are read from the journal into the arena. NULL where it has not ended,
   and where the journal cannot be read, which journal_status() tells. */
const struct record *results_whole(const struct results *results, size_t trial, struct arena *arena);

/* The trial's line as record_write() makes it, added to the text: of a brief record that of the journal. False where there is none, as above. */
bool results_line(const struct results *results, size_t trial, struct text *line);

struct results_counts {
    size_t done, diverged, failed, timeout, missing;
};
struct results_counts results_count(const struct results *results);
/* Of one point, added to `counts`. */
void results_count_point(const struct results *results, size_t point, struct results_counts *counts);

#endif

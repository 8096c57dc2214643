/*
 * The CSV tables of a results folder, made from the grid and its records. Same records, same bytes; times stand in the timing
 * table alone.
 */
#ifndef RUNNER_RESULTS_TABLES_H
#define RUNNER_RESULTS_TABLES_H

#include "runner/base/csv.h"
#include "runner/results/brief.h"
#include "runner/results/reach.h"
#include "runner/results/results.h"

void table_trials(const struct results *results, struct csv *csv);
void table_epochs(const struct results *results, struct csv *csv);
void table_summary(const struct results *results, struct csv *csv);
void table_timing_summary(const struct results *results, struct csv *csv);
void table_timing(const struct results *results, struct csv *csv);

/* What a point comes to. */
struct point_metric {
    double mean, sd; /* NaN where not known */
    bool has_mean, has_sd;
    size_t n;                                  /* trials with a value */
    double error, low, high, median, min, max; /* error: standard error of the mean; low, high: its 95 % interval */
    double sampling_error;                     /* of a share on test or validation rows (column.h); NaN for others */
};
struct point_summary {
    size_t n, n_diverged, n_failed, missing; /* n: trials done or diverged */
    double updates;                          /* mean of the n */
    double seconds_per_epoch;                /* median of the trials' medians; NaN without one */
    struct point_metric *metrics;            /* [columns] */
};
/* Of any column (column.h) at a point. With a diverged trial all is NaN, but for times and counts. */
void point_measure(const struct results *results, size_t point, const char *column, struct point_metric *metric);
/* Of several points at once: the numbers are a seed's means over the points, of those seeds at which all points have a value. A diverged
   trial of any point makes all NaN. */
void points_measure(const struct results *results, const size_t *points, size_t n_points, const char *column,
                    struct point_metric *metric);
/* `columns` are those of results_columns(). With a diverged trial among them, mean and sd are NaN: it is never averaged away. */
void point_summarize(const struct results *results, size_t point, const char *const *columns, size_t n_columns,
                     struct arena *arena, struct point_summary *summary);

/* A table that is written whole, without having it all in memory. */
struct table_file {
    struct file_writer file;
    struct text out;
    struct csv csv; /* takes the rows */
};
void table_file_open(struct table_file *table, const char *path);
/* With `keep` false what was there before stays. */
enum status table_file_close(struct table_file *table, bool keep, struct error *error);

typedef void table_make(const struct results *results, struct csv *csv);
/* Writes one. `results` may know a journal that cannot be read. */
enum status table_write(table_make *make, const struct results *results, const char *path, struct error *error);
/* Writes all tables whole into the folder at `path`. */
enum status tables_write(const struct results *results, const char *path, struct error *error);

/* The head of a table, up to its own columns: names, the axes, more names. Lists end with NULL; NULL is an empty one. */
#define TABLE_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
void table_begin(const struct results *results, const char *const *before, const char *const *behind, struct csv *csv);
/* What stands under the axes. */
void csv_labels(struct csv *csv, const struct results *results, size_t point);

#endif

/*
 * What is kept of a trial that has ended, and its form in the journal. Single-threaded.
 */
#ifndef RUNNER_RESULTS_RECORD_H
#define RUNNER_RESULTS_RECORD_H

#include "runner/base/arena.h"
#include "runner/base/hash.h"
#include "runner/base/status.h"
#include "runner/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum trial_status { TRIAL_DONE, TRIAL_DIVERGED, TRIAL_FAILED, TRIAL_TIMEOUT };

const char *trial_status_name(enum trial_status status);

/* One epoch. Times are in seconds. Where `known` is false there is no value. */
struct record_row {
    uint64_t epoch, updates, examples;
    double learning_rate, seconds, evaluate_seconds;
    double *values; /* [columns] */
    bool *known;
};

struct record {
    struct hash128 key; /* identity: trial, data, plugins, engine */
    uint64_t id;        /* of the resolved trial and the data alone */
    enum trial_status status;
    bool has_best, restored; /* best_epoch is known; a callback has brought back the weights of an earlier epoch */
    bool brief;              /* of the rows only some are here (brief.h) */
    const char *reason;      /* "" where there is none */
    const char *stopped_by;  /* "epochs", "updates", ...; "" where the trial failed */
    uint64_t epochs, updates;
    uint64_t best_epoch, restored_epoch;
    uint64_t threads, attempts;
    uint64_t peak_memory; /* bytes; 0: not known */
    const char **columns; /* metric columns */
    size_t n_columns;
    struct record_row *rows; /* epoch 0 first; none for a trial that failed */
    size_t n_rows;
    double seconds, evaluate_seconds, seconds_per_epoch; /* of a brief record */
};

/* The place of a column among the record's; n_columns where it is not among them. */
size_t record_column(const struct record *record, const char *column);
/* The row at the end of training: the last one, or, where a callback has brought back the weights of an earlier epoch, that of that
   epoch. NULL without rows. */
const struct record_row *record_final_row(const struct record *record);
/* A value of that row. False where the column is not known. */
bool record_final(const struct record *record, const char *column, double *value);

/* JSON in one line, without an end of line. Numbers read back exactly. */
void record_write(const struct record *record, struct text *out);
/* False where such a line is no record of this version. Everything lives in the arena. */
bool record_read(const char *line, size_t length, struct arena *arena, struct record *record);

/* The rows of such a line as text, one after the other. */
struct record_cell {
    const char *text; /* a number as number_write() and number_write_uint() make it; no NUL stands behind it */
    size_t length;    /* 0: there is no value */
};
enum { RECORD_EPOCH, RECORD_UPDATES, RECORD_EXAMPLES, RECORD_RATE, RECORD_SECONDS, RECORD_EVALUATE, RECORD_VALUES };
struct record_rows {
    const char *at, *end;
    bool begun, bad; /* bad: the line is no record of this version */
};
void record_rows_open(struct record_rows *rows, const char *line, size_t length);
/* Gives `cells` of the next row, RECORD_VALUES and one for each column. False behind the last row and where the line is bad. */
bool record_rows_next(struct record_rows *rows, struct record_cell *cells, size_t n_cells);
/* Whether the line is the record's, by its key as record_write() writes it. */
bool record_is_line(const struct record *record, const char *line, size_t length);
/* Reads the rows alone, into a record that has all else of its line. False where that is another one's, by its key. */
bool record_read_rows(const char *line, size_t length, struct arena *arena, struct record *record);

#endif

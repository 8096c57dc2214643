#include "runner/results/tables.h"

#include "runner/base/file.h"
#include "runner/results/claims.h"
#include "runner/results/compare.h"
#include "runner/results/journal.h"

#include <math.h>
#include <string.h>

void csv_labels(struct csv *csv, const struct results *results, size_t point) {
    for (size_t a = 0; a < results->n_axes; a++) {
        if (results->labels[point][a] != NULL)
            csv_text(csv, results->labels[point][a]);
        else
            csv_empty(csv);
    }
}

static void add_names(struct csv *csv, const char *const *names) {
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        csv_text(csv, names[i]);
}

void table_begin(const struct results *results, const char *const *before, const char *const *behind, struct csv *csv) {
    add_names(csv, before);
    for (size_t a = 0; a < results->n_axes; a++)
        csv_text(csv, results->axes[a]);
    add_names(csv, behind);
}

static void csv_columns(struct csv *csv, const char *const *columns, size_t n) {
    for (size_t c = 0; c < n; c++)
        csv_text(csv, columns[c]);
    csv_end_row(csv);
}

static bool any_best(const struct results *results) {
    for (size_t t = 0; t < results->n_trials; t++)
        if (results->trials[t].record != NULL && results->trials[t].record->has_best)
            return true;
    return false;
}

void table_trials(const struct results *results, struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n);
    table_begin(results, TABLE_NAMES("trial", "id"),
                TABLE_NAMES("seed", "status", "reason", "stopped_by", "epochs", "updates"), csv);
    bool best = any_best(results); /* without callbacks and `save` the column stays away */
    if (best)
        csv_text(csv, "best_epoch");
    csv_columns(csv, columns, n);
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        char id[HASH_SHORT_TEXT_SIZE];
        if (record == NULL)
            continue;
        csv_uint(csv, t + 1);
        csv_text(csv, hash64_write(results->trials[t].id, id));
        csv_labels(csv, results, results->trials[t].point);
        csv_int(csv, results->trials[t].seed);
        csv_text(csv, trial_status_name(record->status));
        csv_text(csv, record->reason);
        csv_text(csv, record->stopped_by);
        csv_uint(csv, record->epochs);
        csv_uint(csv, record->updates);
        if (best && record->has_best)
            csv_uint(csv, record->best_epoch);
        else if (best)
            csv_empty(csv);
        for (size_t c = 0; c < n; c++) {
            double value;
            if (record_final(record, columns[c], &value))
                csv_number(csv, isfinite(value) ? value : (double)NAN);
            else
                csv_empty(csv);
        }
        csv_end_row(csv);
    }
    arena_clear(&arena);
}

/* Columns of the table, and where each stands in the trial at hand. */
struct epochs {
    const char **columns;
    size_t n, *places;
    struct record_cell *cells; /* of a row */
    struct text line, before;  /* of a trial: as it stands in the journal, and what all its rows begin with */
};

static void begin_trial(struct epochs *epochs, const struct results *results, size_t t) {
    struct csv csv;
    text_reset(&epochs->before);
    csv_init(&csv, &epochs->before);
    csv_uint(&csv, t + 1);
    csv_labels(&csv, results, results->trials[t].point);
    csv_int(&csv, results->trials[t].seed);
    for (size_t c = 0; c < epochs->n; c++)
        epochs->places[c] = RECORD_VALUES + record_column(results->trials[t].record, epochs->columns[c]);
    text_reset(&epochs->line);
}

/* Numbers have the same text here and in the journal, and are copied. */
static void add_epochs(struct epochs *epochs, const struct results *results, size_t t, struct csv *csv) {
    const size_t n_cells = RECORD_VALUES + results->trials[t].record->n_columns;
    struct record_rows rows;
    begin_trial(epochs, results, t);
    if (!results_line(results, t, &epochs->line))
        return;
    record_rows_open(&rows, epochs->line.data, epochs->line.length);
    while (record_rows_next(&rows, epochs->cells, n_cells)) {
        csv_copy(csv, epochs->before.data, epochs->before.length);
        for (size_t i = RECORD_EPOCH; i <= RECORD_RATE; i++)
            csv_copy(csv, epochs->cells[i].text, epochs->cells[i].length);
        for (size_t c = 0; c < epochs->n; c++) {
            const size_t place = epochs->places[c];
            if (place < n_cells)
                csv_copy(csv, epochs->cells[place].text, epochs->cells[place].length);
            else
                csv_empty(csv);
        }
        csv_end_row(csv);
    }
    if (rows.bad && results->journal != NULL)
        results->journal->lost = true;
}

static size_t most_columns(const struct results *results) {
    size_t most = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        most = record != NULL && record->n_columns > most ? record->n_columns : most;
    }
    return most;
}

void table_epochs(const struct results *results, struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    struct epochs epochs;
    epochs.columns = results_columns(results, &arena, &epochs.n);
    epochs.places = arena_array(&arena, epochs.n, sizeof *epochs.places);
    epochs.cells = arena_array(&arena, RECORD_VALUES + most_columns(results), sizeof *epochs.cells);
    text_init(&epochs.line);
    text_init(&epochs.before);
    table_begin(results, TABLE_NAMES("trial"), TABLE_NAMES("seed", "epoch", "updates", "examples", "learning_rate"),
                csv);
    csv_columns(csv, epochs.columns, epochs.n);
    for (size_t t = 0; t < results->n_trials; t++)
        if (results->trials[t].record != NULL)
            add_epochs(&epochs, results, t, csv);
    text_clear(&epochs.before);
    text_clear(&epochs.line);
    arena_clear(&arena);
}

void table_timing(const struct results *results, struct csv *csv) {
    table_begin(results, TABLE_NAMES("trial"),
                TABLE_NAMES("seed", "status", "threads", "seconds", "evaluate_seconds", "seconds_per_epoch",
                            "updates_per_second", "peak_memory_bytes"),
                csv);
    csv_end_row(csv);
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        if (record == NULL)
            continue;
        csv_uint(csv, t + 1);
        csv_labels(csv, results, results->trials[t].point);
        csv_int(csv, results->trials[t].seed);
        csv_text(csv, trial_status_name(record->status));
        csv_uint(csv, record->threads);
        double evaluate_seconds, seconds = record_seconds(record, &evaluate_seconds);
        bool timed = record->n_rows > 0;
        csv_known(csv, timed ? seconds : (double)NAN);
        csv_known(csv, timed ? evaluate_seconds : (double)NAN);
        csv_known(csv, record_seconds_per_epoch(record));
        csv_known(csv, seconds > 0 ? (double)record->updates / seconds : (double)NAN);
        if (record->peak_memory > 0)
            csv_uint(csv, record->peak_memory);
        else
            csv_empty(csv);
        csv_end_row(csv);
    }
}

void table_file_open(struct table_file *table, const char *path) {
    text_init(&table->out);
    file_writer_open(&table->file, path);
    csv_init_file(&table->csv, &table->out, &table->file);
}

enum status table_file_close(struct table_file *table, bool keep, struct error *error) {
    file_writer_add(&table->file, table->out.data, table->out.length);
    text_clear(&table->out);
    return file_writer_close(&table->file, keep, error);
}

enum status table_write(table_make *make, const struct results *results, const char *path, struct error *error) {
    struct table_file table;
    table_file_open(&table, path);
    make(results, &table.csv);
    enum status readable = results->journal != NULL ? journal_status(results->journal, error) : STATUS_OK;
    enum status status = table_file_close(&table, readable == STATUS_OK, readable == STATUS_OK ? error : NULL);
    return readable != STATUS_OK ? readable : status;
}

enum status tables_write(const struct results *results, const char *path, struct error *error) {
    static const struct {
        const char *file;
        table_make *make;
    } tables[] = {{"trials.csv", table_trials},   {"epochs.csv", table_epochs},
                  {"summary.csv", table_summary}, {"comparisons.csv", table_comparisons},
                  {"ranks.csv", table_ranks},     {"claims.csv", table_claims},
                  {"timing.csv", table_timing},   {"timing_summary.csv", table_timing_summary}};
    struct arena arena;
    arena_init(&arena);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sizeof tables / sizeof tables[0]; i++)
        status = table_write(tables[i].make, results, path_join(&arena, path, tables[i].file), error);
    arena_clear(&arena);
    return status;
}

#include "runner/results/column.h"

#include "runner/results/statistics.h"
#include "runner/results/tables.h"

#include <math.h>
#include <string.h>

static const char *const counts[] = {"epochs", "updates"};
static const char *const times[] = {"epoch_seconds",    "seconds_per_epoch",  "seconds",
                                    "evaluate_seconds", "updates_per_second", "peak_memory_bytes"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool row_value(const struct record *record, const struct record_row *row, const char *column, double *value) {
    const size_t c = record_column(record, column);
    if (c == record->n_columns)
        return false;
    *value = row->values[c];
    return row->known[c];
}

const struct record_row *column_best_row(const struct record *record) {
    const struct record_row *best = NULL;
    double least = (double)INFINITY, value;
    for (size_t r = 0; r < record->n_rows; r++) {
        const struct record_row *row = &record->rows[r];
        if (record->has_best && row->epoch == record->best_epoch)
            return row;
        if (row->epoch > 0 && row_value(record, row, "val_loss", &value) && value < least) {
            least = value;
            best = row;
        }
    }
    return best;
}

static bool known(double number, double *value) {
    *value = number;
    return !isnan(number);
}

static bool time_value(const struct record *record, const char *column, double *value) {
    double evaluate_seconds, seconds = record_seconds(record, &evaluate_seconds);
    if (strcmp(column, "epoch_seconds") == 0 || strcmp(column, "seconds_per_epoch") == 0)
        return known(record_seconds_per_epoch(record), value);
    if (strcmp(column, "peak_memory_bytes") == 0)
        return known(record->peak_memory > 0 ? (double)record->peak_memory : (double)NAN, value);
    if (record->n_rows == 0)
        return false;
    if (strcmp(column, "seconds") == 0)
        return known(seconds, value);
    if (strcmp(column, "evaluate_seconds") == 0)
        return known(evaluate_seconds, value);
    return known(seconds > 0 ? (double)record->updates / seconds : (double)NAN, value);
}

bool column_value(const struct results *results, size_t trial, const char *column, double *value) {
    const struct record *record = results->trials[trial].record;
    if (record == NULL || (record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED))
        return false;
    if (strcmp(column, "epochs") == 0)
        return known((double)record->epochs, value);
    if (strcmp(column, "updates") == 0)
        return known((double)record->updates, value);
    if (column_is_time(column))
        return time_value(record, column, value);
    if (record->status != TRIAL_DONE)
        return false;
    if (strncmp(column, "best_", 5) != 0)
        return record_final(record, column, value) && !isnan(*value);
    const struct record_row *row = column_best_row(record);
    if (row == NULL)
        return false;
    if (strcmp(column, "best_epoch") == 0)
        return known((double)row->epoch, value);
    return row_value(record, row, column + 5, value) && !isnan(*value);
}

bool column_exists(const char *name, const char *const *metrics, size_t n_metrics) {
    bool validation = text_among("val_loss", metrics, n_metrics);
    if (text_among(name, counts, COUNT(counts)) || column_is_time(name) || text_among(name, metrics, n_metrics))
        return true;
    return validation && (strcmp(name, "best_epoch") == 0 ||
                          (strncmp(name, "best_", 5) == 0 && text_among(name + 5, metrics, n_metrics)));
}

const char **column_names(const char *const *metrics, size_t n_metrics, const struct target *targets, size_t n_targets,
                          struct arena *arena, size_t *count) {
    const char **names =
        arena_array(arena, 2 * n_metrics + 1 + COUNT(counts) + COUNT(times) + REACH_KINDS * n_targets, sizeof *names);
    bool validation = text_among("val_loss", metrics, n_metrics);
    size_t n = 0;
    for (size_t c = 0; c < n_metrics; c++)
        names[n++] = metrics[c];
    for (size_t c = 0; validation && c < n_metrics; c++)
        names[n++] = arena_printf(arena, "best_%s", metrics[c]);
    if (validation)
        names[n++] = "best_epoch";
    for (size_t i = 0; i < COUNT(counts); i++)
        names[n++] = counts[i];
    for (size_t i = 0; i < COUNT(times); i++)
        names[n++] = times[i];
    for (size_t i = 0; i < n_targets; i++)
        for (size_t k = 0; k < REACH_KINDS; k++)
            names[n++] = reach_name(&targets[i], (enum reach_kind)k, arena);
    *count = n;
    return names;
}

bool column_is_time(const char *column) {
    return text_among(column, times, COUNT(times));
}

static const char *without_split(const char *column) {
    static const char *const prefixes[] = {"best_", "train_eval_", "train_", "val_", "test_"};
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (strncmp(column, prefixes[i], strlen(prefixes[i])) == 0)
            column += strlen(prefixes[i]);
    return column;
}

bool column_lower_is_better(const char *column) {
    static const char *const lower[] = {
        "loss",       "error", "crossentropy", "divergence", "distance", "deviance",          "huber",
        "perplexity", "hinge", "log_cosh",     "poisson",    "seconds",  "seconds_per_epoch", "memory",
        "bytes",      "epoch", "epochs",       "updates"};
    const char *name = without_split(column);
    if (reach_is(column))
        return true;
    for (size_t i = 0; i < COUNT(lower); i++) {
        size_t n = strlen(name), m = strlen(lower[i]);
        if (n >= m && strcmp(name + n - m, lower[i]) == 0)
            return true;
    }
    return false;
}

bool column_is_share(const char *column) {
    const char *name = without_split(column);
    size_t n = strlen(name), m = strlen("accuracy");
    return n >= m && strcmp(name + n - m, "accuracy") == 0;
}

uint64_t column_rows(const struct results *results, size_t point, const char *column) {
    const char *name = strncmp(column, "best_", 5) == 0 ? column + 5 : column;
    if (results->rows == NULL)
        return 0;
    return strncmp(name, "test_", 5) == 0  ? results->rows[point][DATA_TEST]
           : strncmp(name, "val_", 4) == 0 ? results->rows[point][DATA_VALIDATION]
                                           : 0;
}

double column_sampling_error(const struct results *results, size_t point, const char *column, double share) {
    if (!column_is_share(column) || isnan(share))
        return (double)NAN;
    return statistics_share_error(share, (double)column_rows(results, point, column));
}

const char *column_main(const char *const *metrics, size_t n_metrics) {
    static const char *const splits[] = {"test_", "val_", "train_"};
    for (size_t s = 0; s < COUNT(splits); s++) {
        const char *loss = NULL;
        for (size_t c = 0; c < n_metrics; c++) {
            if (strncmp(metrics[c], splits[s], strlen(splits[s])) != 0 || strncmp(metrics[c], "train_eval_", 11) == 0)
                continue;
            if (strcmp(metrics[c] + strlen(splits[s]), "loss") != 0)
                return metrics[c];
            loss = metrics[c];
        }
        if (loss != NULL)
            return loss;
    }
    return NULL;
}

#include "runner/results/record.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const STATUS_NAMES[] = {"done", "diverged", "failed", "timeout"};
#define N_STATUS (sizeof STATUS_NAMES / sizeof STATUS_NAMES[0])

const char *trial_status_name(enum trial_status status) {
    return STATUS_NAMES[status];
}

const struct record_row *record_final_row(const struct record *record) {
    if (record->n_rows == 0)
        return NULL;
    const struct record_row *last = &record->rows[record->n_rows - 1];
    while (record->restored && last > record->rows && last->epoch > record->restored_epoch)
        last--;
    return last;
}

bool record_final(const struct record *record, const char *column, double *value) {
    const struct record_row *last = record_final_row(record);
    for (size_t i = 0; last != NULL && i < record->n_columns; i++) {
        if (strcmp(record->columns[i], column) == 0) {
            *value = last->values[i];
            return last->known[i];
        }
    }
    return false;
}

/* JSON has no nan and no infinity: they go as text. */
static json_t *json_of_double(double number) {
    char buffer[NUMBER_TEXT_SIZE];
    return isfinite(number) ? json_real(number) : json_string(number_write(number, buffer));
}

static json_t *json_of_u64(uint64_t number) {
    return json_integer((json_int_t)number);
}

static json_t *json_of_row(const struct record *record, const struct record_row *row) {
    json_t *list = json_array();
    json_array_append_new(list, json_of_u64(row->epoch));
    json_array_append_new(list, json_of_u64(row->updates));
    json_array_append_new(list, json_of_u64(row->examples));
    json_array_append_new(list, json_of_double(row->learning_rate));
    json_array_append_new(list, json_of_double(row->seconds));
    json_array_append_new(list, json_of_double(row->evaluate_seconds));
    for (size_t i = 0; i < record->n_columns; i++)
        json_array_append_new(list, row->known[i] ? json_of_double(row->values[i]) : json_null());
    return list;
}

void record_write(const struct record *record, struct text *out) {
    json_t *json = json_object(), *columns = json_array(), *rows = json_array();
    json_object_set_new(json, "kind", json_string("trial"));
    json_object_set_new(json, "key", json_string(record->key));
    json_object_set_new(json, "id", json_string(record->id));
    json_object_set_new(json, "status", json_string(trial_status_name(record->status)));
    json_object_set_new(json, "reason", json_string(record->reason));
    json_object_set_new(json, "stopped_by", json_string(record->stopped_by));
    json_object_set_new(json, "epochs", json_of_u64(record->epochs));
    json_object_set_new(json, "updates", json_of_u64(record->updates));
    if (record->restored)
        json_object_set_new(json, "restored_epoch", json_of_u64(record->restored_epoch));
    if (record->has_best)
        json_object_set_new(json, "best_epoch", json_of_u64(record->best_epoch));
    json_object_set_new(json, "threads", json_of_u64(record->threads));
    json_object_set_new(json, "attempts", json_of_u64(record->attempts));
    json_object_set_new(json, "peak_memory", json_of_u64(record->peak_memory));
    for (size_t i = 0; i < record->n_columns; i++)
        json_array_append_new(columns, json_string(record->columns[i]));
    json_object_set_new(json, "columns", columns);
    for (size_t i = 0; i < record->n_rows; i++)
        json_array_append_new(rows, json_of_row(record, &record->rows[i]));
    json_object_set_new(json, "rows", rows);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    text_add(out, text != NULL ? text : "{}");
    free(text);
    json_decref(json);
}

static bool read_u64(const json_t *json, uint64_t *number) {
    *number = (uint64_t)json_integer_value(json);
    return json_is_integer(json) && json_integer_value(json) >= 0;
}

static bool read_double(const json_t *json, double *number) {
    if (json_is_string(json))
        return number_read(json_string_value(json), number);
    *number = json_number_value(json);
    return json_is_number(json);
}

static const char *read_text(const json_t *json, const char *key, struct arena *arena, bool *good) {
    const char *text = json_string_value(json_object_get(json, key));
    *good = *good && text != NULL;
    return arena_copy_text(arena, text != NULL ? text : "");
}

static bool read_hex(const json_t *json, const char *key, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(json, key));
    if (text == NULL || strlen(text) != size - 1 || strspn(text, "0123456789abcdef") != size - 1)
        return false;
    memcpy(out, text, size);
    return true;
}

static bool read_row(const json_t *list, size_t n_columns, struct arena *arena, struct record_row *row) {
    if (json_array_size(list) != 6 + n_columns)
        return false;
    bool good = read_u64(json_array_get(list, 0), &row->epoch) && read_u64(json_array_get(list, 1), &row->updates) &&
                read_u64(json_array_get(list, 2), &row->examples) &&
                read_double(json_array_get(list, 3), &row->learning_rate) &&
                read_double(json_array_get(list, 4), &row->seconds) &&
                read_double(json_array_get(list, 5), &row->evaluate_seconds);
    row->values = arena_array(arena, n_columns, sizeof *row->values);
    row->known = arena_array(arena, n_columns, sizeof *row->known);
    for (size_t i = 0; good && i < n_columns; i++) {
        const json_t *value = json_array_get(list, 6 + i);
        row->known[i] = !json_is_null(value);
        good = !row->known[i] || read_double(value, &row->values[i]);
    }
    return good;
}

bool record_read(const struct json_t *json, struct arena *arena, struct record *record) {
    *record = (struct record){.status = TRIAL_DONE};
    bool good = read_hex(json, "key", record->key, sizeof record->key) &&
                read_hex(json, "id", record->id, sizeof record->id) &&
                read_u64(json_object_get(json, "epochs"), &record->epochs) &&
                read_u64(json_object_get(json, "updates"), &record->updates) &&
                read_u64(json_object_get(json, "threads"), &record->threads) &&
                read_u64(json_object_get(json, "attempts"), &record->attempts) &&
                read_u64(json_object_get(json, "peak_memory"), &record->peak_memory);
    const json_t *best = json_object_get(json, "best_epoch"), *restored = json_object_get(json, "restored_epoch");
    record->has_best = best != NULL;
    record->restored = restored != NULL;
    good = good && (best == NULL || read_u64(best, &record->best_epoch)) &&
           (restored == NULL || read_u64(restored, &record->restored_epoch));
    const char *status = read_text(json, "status", arena, &good);
    record->reason = read_text(json, "reason", arena, &good);
    record->stopped_by = read_text(json, "stopped_by", arena, &good);
    size_t s = 0;
    while (s < N_STATUS && strcmp(status, STATUS_NAMES[s]) != 0)
        s++;
    const json_t *columns = json_object_get(json, "columns"), *rows = json_object_get(json, "rows");
    if (!good || s == N_STATUS || !json_is_array(columns) || !json_is_array(rows))
        return false;
    record->status = (enum trial_status)s;
    record->n_columns = json_array_size(columns);
    record->columns = arena_array(arena, record->n_columns, sizeof *record->columns);
    for (size_t i = 0; i < record->n_columns; i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        if (name == NULL)
            return false;
        record->columns[i] = arena_copy_text(arena, name);
    }
    record->n_rows = json_array_size(rows);
    record->rows = arena_array(arena, record->n_rows, sizeof *record->rows);
    for (size_t i = 0; i < record->n_rows; i++)
        if (!read_row(json_array_get(rows, i), record->n_columns, arena, &record->rows[i]))
            return false;
    return true;
}

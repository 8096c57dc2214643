#include "runner/results/record.h"

#include "runner/base/tree.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const STATUS_NAMES[] = {"done", "diverged", "failed", "timeout"};
#define ROWS ",\"rows\":[" /* what stands before them, at the end of a line */
#define N_STATUS (sizeof STATUS_NAMES / sizeof STATUS_NAMES[0])

const char *trial_status_name(enum trial_status status) {
    return STATUS_NAMES[status];
}

size_t record_column(const struct record *record, const char *column) {
    size_t c = 0;
    while (c < record->n_columns && strcmp(record->columns[c], column) != 0)
        c++;
    return c;
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
    const size_t c = record_column(record, column);
    if (last == NULL || c == record->n_columns)
        return false;
    *value = last->values[c];
    return last->known[c];
}

/* JSON has no nan and no infinity: they go as text. */
static void write_double(double number, struct text *out) {
    char buffer[NUMBER_TEXT_SIZE];
    const char *quote = isfinite(number) ? "" : "\"";
    text_add(out, quote);
    text_add(out, number_write(number, buffer));
    text_add(out, quote);
}

static void write_row(const struct record *record, const struct record_row *row, struct text *out) {
    const uint64_t counts[] = {row->epoch, row->updates, row->examples};
    const double times[] = {row->learning_rate, row->seconds, row->evaluate_seconds};
    for (size_t i = 0; i < 3; i++) {
        text_add_char(out, i > 0 ? ',' : '[');
        text_add_uint(out, counts[i]);
    }
    for (size_t i = 0; i < 3 + record->n_columns; i++) {
        text_add_char(out, ',');
        if (i < 3 || row->known[i - 3])
            write_double(i < 3 ? times[i] : row->values[i - 3], out);
        else
            text_add(out, "null");
    }
    text_add_char(out, ']');
}

static void write_text(const char *name, const char *text, struct text *out) {
    text_add(out, name);
    tree_write(&(struct tree){.type = TREE_TEXT, .text = text}, out);
}

static void write_count(const char *name, uint64_t number, struct text *out) {
    text_add(out, name);
    text_add_uint(out, number);
}

void record_write(const struct record *record, struct text *out) {
    char digits[HASH_TEXT_SIZE];
    write_text("{\"kind\":\"trial\",\"key\":", hash128_write(record->key, digits), out);
    write_text(",\"id\":", hash64_write(record->id, digits), out);
    write_text(",\"status\":", trial_status_name(record->status), out);
    write_text(",\"reason\":", record->reason, out);
    write_text(",\"stopped_by\":", record->stopped_by, out);
    write_count(",\"epochs\":", record->epochs, out);
    write_count(",\"updates\":", record->updates, out);
    if (record->restored)
        write_count(",\"restored_epoch\":", record->restored_epoch, out);
    if (record->has_best)
        write_count(",\"best_epoch\":", record->best_epoch, out);
    write_count(",\"threads\":", record->threads, out);
    write_count(",\"attempts\":", record->attempts, out);
    write_count(",\"peak_memory\":", record->peak_memory, out);
    text_add(out, ",\"columns\":[");
    for (size_t i = 0; i < record->n_columns; i++)
        write_text(i > 0 ? "," : "", record->columns[i], out);
    text_add(out, "]");
    text_add(out, ROWS);
    for (size_t i = 0; i < record->n_rows; i++) {
        text_add(out, i > 0 ? "," : "");
        write_row(record, &record->rows[i], out);
    }
    text_add(out, "]}");
}

static bool read_u64(const json_t *json, uint64_t *number) {
    *number = (uint64_t)json_integer_value(json);
    return json_is_integer(json) && json_integer_value(json) >= 0;
}

static const char *read_text(const json_t *json, const char *key, struct arena *arena, bool *good) {
    const char *text = json_string_value(json_object_get(json, key));
    *good = *good && text != NULL;
    return arena_copy_text(arena, text != NULL ? text : "");
}

/* Rows are nearly all of a journal, and a library that makes a value of each number takes ten times as long to read them. */
struct cursor {
    const char *at, *end;
    bool bad;
};

static bool take(struct cursor *cursor, char wanted) {
    bool there = cursor->at < cursor->end && *cursor->at == wanted;
    cursor->at += there ? 1 : 0;
    return there;
}

static void expect(struct cursor *cursor, char wanted) {
    cursor->bad = !take(cursor, wanted) || cursor->bad;
}

static uint64_t take_u64(struct cursor *cursor) {
    uint64_t number = 0;
    const char *first = cursor->at;
    bool fits = true;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        fits = fits && !__builtin_mul_overflow(number, (uint64_t)10, &number) &&
               !__builtin_add_overflow(number, (uint64_t)(*cursor->at - '0'), &number);
    }
    cursor->bad = cursor->bad || !fits || cursor->at == first;
    return number;
}

/* False for null. */
static bool take_double(struct cursor *cursor, double *number) {
    if (take(cursor, '"')) {
        const char *first = cursor->at, *end = memchr(first, '"', (size_t)(cursor->end - first));
        cursor->bad =
            cursor->bad || end == NULL || !number_read_bytes(first, (size_t)(end - first), number) || isfinite(*number);
        cursor->at = end != NULL ? end + 1 : cursor->end;
        return true;
    }
    if (cursor->end - cursor->at > 4 && memcmp(cursor->at, "null", 4) == 0) {
        cursor->at += 4;
        return false;
    }
    const char *end = number_take(cursor->at, cursor->end, number);
    cursor->bad = cursor->bad || end == NULL;
    cursor->at = end != NULL ? end : cursor->at;
    return true;
}

static void take_row(struct cursor *cursor, size_t n_columns, struct record_row *row) {
    uint64_t *const counts[] = {&row->epoch, &row->updates, &row->examples};
    double *const times[] = {&row->learning_rate, &row->seconds, &row->evaluate_seconds};
    expect(cursor, '[');
    for (size_t i = 0; i < 3; i++) {
        *counts[i] = take_u64(cursor);
        expect(cursor, ',');
    }
    for (size_t i = 0; !cursor->bad && i < 3 + n_columns; i++) {
        bool known = take_double(cursor, i < 3 ? times[i] : &row->values[i - 3]);
        if (i >= 3)
            row->known[i - 3] = known;
        cursor->bad = cursor->bad || (i < 3 && !known);
        expect(cursor, i + 1 < 3 + n_columns ? ',' : ']');
    }
}

/* `text`: what follows ROWS. */
static bool read_rows(const char *text, size_t length, struct arena *arena, struct record *record) {
    const size_t columns = record->n_columns;
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += text[i] == '[';
    if (n > 0 && columns > length / 2 / n) /* a value takes two bytes */
        return false;
    struct cursor cursor = {text, text + length, false};
    record->n_rows = n;
    record->rows = arena_array(arena, n, sizeof *record->rows);
    double *values = arena_array(arena, n * columns, sizeof *values);
    bool *known = arena_array(arena, n * columns, sizeof *known);
    for (size_t i = 0; i < n && !cursor.bad; i++) {
        if (i > 0)
            expect(&cursor, ',');
        record->rows[i].values = values + i * columns;
        record->rows[i].known = known + i * columns;
        take_row(&cursor, columns, &record->rows[i]);
    }
    expect(&cursor, ']');
    expect(&cursor, '}');
    return !cursor.bad && cursor.at == cursor.end;
}

static bool read_head(const json_t *json, struct arena *arena, struct record *record) {
    *record = (struct record){.status = TRIAL_DONE};
    const char *key = json_string_value(json_object_get(json, "key")),
               *id = json_string_value(json_object_get(json, "id"));
    bool good = key != NULL && id != NULL && hash128_read(key, &record->key) && hash64_read(id, &record->id) &&
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
    const json_t *columns = json_object_get(json, "columns");
    if (!good || s == N_STATUS || !json_is_array(columns))
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
    return true;
}

/* Within a string of JSON a quote has a backslash before it, so that what is found is the member's name. */
static const char *find_rows(const char *line, size_t length) {
    return memmem(line, length, ROWS, strlen(ROWS));
}

static bool read_rows_at(const char *rows, const char *end, struct arena *arena, struct record *record) {
    rows += strlen(ROWS);
    return read_rows(rows, (size_t)(end - rows), arena, record);
}

/* Whether the key of the record stands there, before `rows`. */
static bool has_key(const struct record *record, const char *line, const char *rows) {
    char digits[HASH_TEXT_SIZE], key[HASH_TEXT_SIZE + 16];
    snprintf(key, sizeof key, "\"key\":\"%s\"", hash128_write(record->key, digits));
    return rows != NULL && memmem(line, (size_t)(rows - line), key, strlen(key)) != NULL;
}

bool record_is_line(const struct record *record, const char *line, size_t length) {
    return has_key(record, line, find_rows(line, length));
}

bool record_read(const char *line, size_t length, struct arena *arena, struct record *record) {
    const char *rows = find_rows(line, length);
    *record = (struct record){.status = TRIAL_DONE};
    if (rows == NULL)
        return false;
    char *head = memory_alloc((size_t)(rows - line) + 1, 1);
    memcpy(head, line, (size_t)(rows - line));
    head[rows - line] = '}';
    json_t *json = json_loadb(head, (size_t)(rows - line) + 1, 0, NULL);
    free(head);
    bool good = json_is_object(json) && read_head(json, arena, record);
    json_decref(json);
    return good && has_key(record, line, rows) && read_rows_at(rows, line + length, arena, record);
}

bool record_read_rows(const char *line, size_t length, struct arena *arena, struct record *record) {
    const char *rows = find_rows(line, length);
    return has_key(record, line, rows) && read_rows_at(rows, line + length, arena, record);
}

void record_rows_open(struct record_rows *rows, const char *line, size_t length) {
    const char *found = find_rows(line, length), *end = line + length;
    *rows = (struct record_rows){found != NULL ? found + strlen(ROWS) : end, end, false, found == NULL};
}

static bool take_cell(struct cursor *cursor, struct record_cell *cell) {
    const bool quoted = take(cursor, '"');
    const char *first = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != ',' && *cursor->at != ']' && *cursor->at != '"')
        cursor->at++;
    *cell = (struct record_cell){first, (size_t)(cursor->at - first)};
    if (cell->length == 4 && memcmp(first, "null", 4) == 0)
        cell->length = 0;
    return !quoted || take(cursor, '"');
}

bool record_rows_next(struct record_rows *rows, struct record_cell *cells, size_t n_cells) {
    struct cursor cursor = {rows->at, rows->end, rows->bad};
    if (!cursor.bad && take(&cursor, ']')) {
        rows->bad = !take(&cursor, '}') || cursor.at != cursor.end;
        rows->at = rows->end;
        return false;
    }
    if (rows->begun)
        expect(&cursor, ',');
    for (size_t i = 0; !cursor.bad && i < n_cells; i++) {
        expect(&cursor, i > 0 ? ',' : '[');
        cursor.bad = !take_cell(&cursor, &cells[i]) || cursor.bad;
    }
    expect(&cursor, ']');
    *rows = (struct record_rows){cursor.at, cursor.end, true, cursor.bad};
    return !cursor.bad;
}

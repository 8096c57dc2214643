#include "runner/results/record.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const STATUS_NAMES[] = {"done", "diverged", "failed", "timeout"};
#define ROWS ",\"rows\":[" /* what stands before them, at the end of a line */
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

static json_t *json_of_u64(uint64_t number) {
    return json_integer((json_int_t)number);
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

void record_write(const struct record *record, struct text *out) {
    json_t *json = json_object(), *columns = json_array();
    char digits[HASH_TEXT_SIZE];
    json_object_set_new(json, "kind", json_string("trial"));
    json_object_set_new(json, "key", json_string(hash128_write(record->key, digits)));
    json_object_set_new(json, "id", json_string(hash64_write(record->id, digits)));
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
    char *head = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
    size_t length = head != NULL ? strlen(head) - 1 : 0; /* without the brace */
    text_add_bytes(out, head != NULL ? head : "", length);
    free(head);
    json_decref(json);
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

/* Up to the next comma, bracket or quote. */
static const char *take_word(struct cursor *cursor, char word[NUMBER_TEXT_SIZE]) {
    size_t n = 0;
    for (; cursor->at < cursor->end && n + 1 < NUMBER_TEXT_SIZE; cursor->at++) {
        if (*cursor->at == ',' || *cursor->at == ']' || *cursor->at == '"')
            break;
        word[n++] = *cursor->at;
    }
    word[n] = '\0';
    return word;
}

static uint64_t take_u64(struct cursor *cursor) {
    char word[NUMBER_TEXT_SIZE];
    int64_t number = 0;
    if (!number_read_int(take_word(cursor, word), &number) || number < 0)
        cursor->bad = true;
    return (uint64_t)number;
}

/* False for null. */
static bool take_double(struct cursor *cursor, double *number) {
    char word[NUMBER_TEXT_SIZE];
    bool quoted = take(cursor, '"');
    take_word(cursor, word);
    if (quoted)
        expect(cursor, '"');
    if (!quoted && strcmp(word, "null") == 0)
        return false;
    cursor->bad = !number_read(word, number) || isfinite(*number) == quoted || cursor->bad;
    return true;
}

static void take_row(struct cursor *cursor, size_t n_columns, struct arena *arena, struct record_row *row) {
    uint64_t *const counts[] = {&row->epoch, &row->updates, &row->examples};
    double *const times[] = {&row->learning_rate, &row->seconds, &row->evaluate_seconds};
    expect(cursor, '[');
    for (size_t i = 0; i < 3; i++) {
        *counts[i] = take_u64(cursor);
        expect(cursor, ',');
    }
    row->values = arena_array(arena, n_columns, sizeof *row->values);
    row->known = arena_array(arena, n_columns, sizeof *row->known);
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
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += text[i] == '[';
    struct cursor cursor = {text, text + length, false};
    record->n_rows = n;
    record->rows = arena_array(arena, n, sizeof *record->rows);
    for (size_t i = 0; i < n && !cursor.bad; i++) {
        if (i > 0)
            expect(&cursor, ',');
        take_row(&cursor, record->n_columns, arena, &record->rows[i]);
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
bool record_read(const char *line, size_t length, struct arena *arena, struct record *record) {
    const char *rows = memmem(line, length, ROWS, strlen(ROWS));
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
    rows += strlen(ROWS);
    return good && read_rows(rows, (size_t)(line + length - rows), arena, record);
}

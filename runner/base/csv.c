#include "runner/base/csv.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { DRAINED = 64 << 10 }; /* bytes of rows that are not kept */

void csv_init(struct csv *csv, struct text *out) {
    *csv = (struct csv){.out = out, .start = out->length};
}

void csv_init_file(struct csv *csv, struct text *out, struct file_writer *file) {
    csv_init(csv, out);
    csv->file = file;
}

static void field(struct csv *csv) {
    if (csv->fields++ > 0) {
        text_add_char(csv->out, ',');
    }
}

/* What spreadsheets work out instead of showing it (CWE-1236). A number may have a sign. With the apostrophe of a shield before it as
   well, so that two texts never become one. */
static bool is_formula(const char *text) {
    double number;
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r", *text) && !number_read(text, &number);
}

void csv_text(struct csv *csv, const char *text) {
    field(csv);
    const char *shield = is_formula(text) ? "'" : "";
    bool byte_order_mark = strncmp(text, "\xef\xbb\xbf", 3) == 0; /* which readers skip */
    if (!text[strcspn(text, ",\"\r\n")] && !byte_order_mark) {
        text_add(csv->out, shield);
        text_add(csv->out, text);
        return;
    }
    text_add_char(csv->out, '"');
    text_add(csv->out, shield);
    for (; *text; text++) {
        if (*text == '"') {
            text_add_char(csv->out, '"');
        }
        text_add_char(csv->out, *text);
    }
    text_add_char(csv->out, '"');
}

void csv_int(struct csv *csv, int64_t number) {
    field(csv);
    text_add(csv->out, number < 0 ? "-" : "");
    text_add_uint(csv->out, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void csv_uint(struct csv *csv, uint64_t number) {
    field(csv);
    text_add_uint(csv->out, number);
}

void csv_number(struct csv *csv, double number) {
    char digits[NUMBER_TEXT_SIZE];
    field(csv);
    text_add(csv->out, number_write(number, digits));
}

void csv_known(struct csv *csv, double number) {
    if (isnan(number))
        csv_empty(csv);
    else
        csv_number(csv, number);
}

void csv_empty(struct csv *csv) {
    field(csv);
}

void csv_copy(struct csv *csv, const char *bytes, size_t length) {
    field(csv);
    text_add_bytes(csv->out, bytes, length);
}

void csv_end_row(struct csv *csv) {
    if (csv->fields == 1 && csv->out->length == csv->start) { /* one empty field would read as no row */
        text_add(csv->out, "\"\"");
    }
    text_add_char(csv->out, '\n');
    csv->fields = 0;
    if (csv->file && csv->out->length >= DRAINED) {
        file_writer_add(csv->file, csv->out->data, csv->out->length);
        text_reset(csv->out);
    }
    csv->start = csv->out->length;
}

struct reader {
    const char *next, *end, *name;
    size_t line;
    struct arena *arena;
    struct text field; /* the fields of the row, each with a NUL behind it */
    struct error *error;
};

static enum status complain(struct reader *reader, size_t line, const char *what) {
    return error_set(reader->error, STATUS_CONFIG, "%s:%zu: error: %s", reader->name, line, what);
}

static bool at_line_end(const struct reader *reader) {
    const char *c = reader->next;
    return c == reader->end || *c == '\n' || (*c == '\r' && c + 1 < reader->end && c[1] == '\n');
}

static void skip_line_end(struct reader *reader) {
    if (reader->next < reader->end) {
        reader->next += *reader->next == '\r' ? 2 : 1;
        reader->line++;
    }
}

static enum status read_quoted(struct reader *reader) {
    size_t opened = reader->line;
    for (reader->next++; reader->next < reader->end; reader->next++) {
        char c = *reader->next;
        if (c == '"') {
            reader->next++;
            if (reader->next == reader->end || *reader->next != '"') {
                return at_line_end(reader) || *reader->next == ','
                           ? STATUS_OK
                           : complain(reader, reader->line,
                                      "text after a closing quote, wanted a comma or the end of the line");
            }
        }
        reader->line += c == '\n';
        text_add_char(&reader->field, c);
    }
    return complain(reader, opened, "a quote is opened here and never closed");
}

static enum status read_plain(struct reader *reader) {
    const char *start = reader->next;
    for (; !at_line_end(reader) && *reader->next != ','; reader->next++) {
        if (*reader->next == '"') {
            return complain(reader, reader->line, "a quote within a field that does not start with one");
        }
    }
    text_add_bytes(&reader->field, start, (size_t)(reader->next - start));
    return STATUS_OK;
}

/* A row takes one block: the places of its fields, then their bytes. */
static enum status read_row(struct reader *reader, struct csv_row *row) {
    *row = (struct csv_row){.line = reader->line};
    text_reset(&reader->field);
    for (;; reader->next++) { /* over the comma */
        bool quoted = reader->next < reader->end && *reader->next == '"';
        enum status status = quoted ? read_quoted(reader) : read_plain(reader);
        if (status != STATUS_OK) {
            return status;
        }
        text_add_char(&reader->field, '\0');
        row->count++;
        if (at_line_end(reader)) {
            break;
        }
    }
    skip_line_end(reader);
    size_t length = reader->field.length;
    row->fields = arena_alloc(reader->arena, row->count * sizeof *row->fields + length);
    char *bytes = memcpy(row->fields + row->count, reader->field.data, length);
    for (size_t i = 0; i < row->count; i++, bytes += strlen(bytes) + 1) {
        row->fields[i] = bytes;
    }
    return STATUS_OK;
}

static enum status read_rows(struct reader *reader, struct csv_table *table) {
    size_t capacity = 0;
    for (;;) {
        while (reader->next < reader->end && at_line_end(reader)) {
            skip_line_end(reader);
        }
        if (reader->next == reader->end) {
            return STATUS_OK;
        }
        if (table->count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            struct csv_row *rows = arena_array(reader->arena, capacity, sizeof *rows);
            if (table->count > 0) {
                memcpy(rows, table->rows, table->count * sizeof *rows);
            }
            table->rows = rows;
        }
        struct csv_row *row = &table->rows[table->count];
        enum status status = read_row(reader, row);
        if (status != STATUS_OK) {
            return status;
        }
        if (row->count != table->rows[0].count) {
            return error_set(reader->error, STATUS_CONFIG,
                             "%s:%zu: error: a row of %zu fields, wanted %zu as in the first", reader->name, row->line,
                             row->count, table->rows[0].count);
        }
        table->count++;
    }
}

enum status csv_read(const char *bytes, size_t n, const char *name, struct arena *arena, struct csv_table *table,
                     struct error *error) {
    *table = (struct csv_table){0};
    struct reader reader = {.next = bytes, .end = bytes + n, .name = name, .line = 1, .arena = arena, .error = error};
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        reader.next += 3;
    }
    const char *nul = n ? memchr(bytes, '\0', n) : NULL;
    if (nul) {
        for (const char *c = bytes; c < nul; c++) {
            reader.line += *c == '\n';
        }
        return complain(&reader, reader.line, "a NUL byte; this is no text");
    }
    text_init(&reader.field);
    enum status status = read_rows(&reader, table);
    text_clear(&reader.field);
    return status;
}

ptrdiff_t csv_column(const struct csv_table *table, const char *name) {
    for (size_t i = 0; table->count > 0 && i < table->rows[0].count; i++) {
        if (strcmp(table->rows[0].fields[i], name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

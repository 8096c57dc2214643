/*
 * CSV (RFC 4180) with "\n" ends of line. Written text is exact: nothing is added but the quotes that the format needs, and an
 * apostrophe before a text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a carriage return, and is no number).
 * Numbers are written so that they read back exactly, whatever the locale.
 */
#ifndef RUNNER_BASE_CSV_H
#define RUNNER_BASE_CSV_H

#include "runner/base/arena.h"
#include "runner/base/file.h"
#include "runner/base/status.h"
#include "runner/base/text.h"

#include <stddef.h>
#include <stdint.h>

/* Writes at the end of a text that the caller owns, which is emptied into `file` now and then where there is one. */
struct csv {
    struct text *out;
    struct file_writer *file;
    size_t fields; /* of the row so far */
    size_t start;  /* of the row in `out` */
};

void csv_init(struct csv *csv, struct text *out);
/* Rows go to the file; what is left in `out` after the last one is the caller's to add. */
void csv_init_file(struct csv *csv, struct text *out, struct file_writer *file);
void csv_text(struct csv *csv, const char *text);
void csv_int(struct csv *csv, int64_t number);
void csv_uint(struct csv *csv, uint64_t number);
void csv_number(struct csv *csv, double number); /* shortest exact form; nan, inf, -inf */
void csv_known(struct csv *csv, double number);  /* the same, but empty for nan */
void csv_empty(struct csv *csv);
/* What such functions have written before: fields with their commas. */
void csv_copy(struct csv *csv, const char *bytes, size_t length);
void csv_end_row(struct csv *csv);

/* Reading. Lines count from 1; a field may hold ends of line. */
struct csv_row {
    size_t line; /* where it starts */
    size_t count;
    const char **fields; /* [count] */
};

struct csv_table {
    size_t count;
    struct csv_row *rows; /* [count], the header among them */
};

/* Reads RFC 4180 text: ends of line "\n" or "\r\n", a byte order mark and empty lines are skipped. Rows and fields live in
   `arena`. STATUS_CONFIG with `name:line: ` for rows of different lengths, stray quotes, an open quote, NUL bytes. */
enum status csv_read(const char *bytes, size_t n, const char *name, struct arena *arena, struct csv_table *table,
                     struct error *error);
/* Index of the field of the first row that is `name`, or -1. */
ptrdiff_t csv_column(const struct csv_table *table, const char *name);

#endif

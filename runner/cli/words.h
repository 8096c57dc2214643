/* Numbers and tables as people read them. */
#ifndef RUNNER_CLI_WORDS_H
#define RUNNER_CLI_WORDS_H

#include "runner/base/text.h"
#include "runner/plugin.h"

#include <stdio.h>

#define WORDS_SIZE 64

/* "0.9623", "12.50", "1.2e-05", "nan" */
char *words_number(double number, char out[WORDS_SIZE]);
/* With as many decimals as the text of another number, beside which it stands. */
char *words_number_like(double number, const char *like, char out[WORDS_SIZE]);
/* "0:07", "12:34", "1:02:03" */
char *words_clock(double seconds, char out[WORDS_SIZE]);
/* "0.012 s", "1.3 s": a length of time with two or three digits */
char *words_seconds(double seconds, char out[WORDS_SIZE]);
/* "1.5 GiB" */
char *words_bytes(double bytes, char out[WORDS_SIZE]);
/* "28 x 28 x 1"; "1" for a scalar */
char *words_shape(const runner_shape *shape, char out[WORDS_SIZE]);
/* Columns that a UTF-8 text takes on a terminal: East Asian wide characters and emoji two, combining marks none. */
size_t words_width(const char *text);
/* Appends the text, or as much of it as fits with a "~" behind it; returns its columns. Control characters become "?". */
size_t words_cut(const char *text, size_t columns, struct text *out);
/* A line of blocks (unicode) or of "_.-=*#" from the smallest of the values to the largest, at most `width` of them: more values are
   averaged in groups. What is not finite stands as a space. */
void words_sparkline(const double *values, size_t n, size_t width, bool unicode, struct text *out);

/* A grid of cells, printed with aligned columns. Cells are copied. */
struct sheet {
    char **cells;
    size_t columns, count, capacity; /* count: cells so far, row by row */
    bool *right;                     /* [columns] aligned to the right */
};
void sheet_init(struct sheet *sheet, size_t columns);
void sheet_clear(struct sheet *sheet);
void sheet_add(struct sheet *sheet, const char *cell);
void sheet_right(struct sheet *sheet, size_t column);
void sheet_write(const struct sheet *sheet, const char *indent, struct text *out);

#endif

/* Shapes, texts and tables as people read them on a terminal; numbers are in base/words.h. */
#ifndef RUNNER_CLI_WORDS_H
#define RUNNER_CLI_WORDS_H

#include "runner/base/text.h"
#include "runner/base/words.h"
#include "runner/plugin.h"

#include <stdio.h>

/* "28 x 28 x 1"; "1" for a scalar */
char *words_shape(const runner_shape *shape, char out[WORDS_SIZE]);
/* Columns that a UTF-8 text takes on a terminal: East Asian wide characters and emoji two, combining marks none. */
size_t words_width(const char *text);
/* Appends the text, or as much of it as fits with a "~" behind it; returns its columns. What steers a terminal becomes "?". */
size_t words_cut(const char *text, size_t columns, struct text *out);
/* Prints lines for people, which may hold words of configs, files and plugins, by text_tame(); the text is empty afterwards. */
void words_print(struct text *out, FILE *stream);
/* A line of blocks (unicode) or of "_.-=*#" from the smallest of the values to the largest, at most `width` of them: more values are
   averaged in groups. What is not finite stands as a space. */
void words_sparkline(const double *values, size_t n, size_t width, bool unicode, struct text *out);

/* A grid of cells, printed with aligned columns. Cells are copied. */
struct sheet {
    struct text cells;     /* one behind the other, row by row, each with its NUL */
    size_t columns, count; /* count: cells so far */
    bool *right;           /* [columns] aligned to the right */
};
void sheet_init(struct sheet *sheet, size_t columns);
void sheet_clear(struct sheet *sheet);
void sheet_add(struct sheet *sheet, const char *cell);
void sheet_right(struct sheet *sheet, size_t column);
/* The first one, and the one behind it. */
const char *sheet_first(const struct sheet *sheet);
const char *sheet_next(const char *cell);
void sheet_write(const struct sheet *sheet, const char *indent, struct text *out);

#endif

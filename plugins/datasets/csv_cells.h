/*
 * The cells of a table of text, for csv.c: RFC 4180, with another delimiter or any run of blanks, "\n", "\r\n" or "\r" at the ends of
 * lines, blanks around cells and empty lines, which do not count. A quote within a cell that does not begin with one is a character.
 */
#ifndef CSV_CELLS_H
#define CSV_CELLS_H

#include <runner/plugin.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define U64(x) ((unsigned long long)(x))

struct scanner {
    runner_call *call;
    const char *path, *next, *end, *line_start;
    uint64_t line;
    char delimiter, decimal;
    int spaces; /* any run of blanks is a delimiter */
};

struct cell {
    const char *start, *line_start; /* of the cell with its quote, and of that line */
    const char *text;
    uint64_t length, line;
    int last;    /* of its row */
    int doubled; /* holds quotes that are written twice */
};

static int is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Position within the line in characters of UTF-8, from 1. */
static unsigned long long column_of(const struct cell *cell) {
    unsigned long long column = 1;
    for (const char *c = cell->line_start; c < cell->start; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    return column;
}

static int fail_at(const struct scanner *scanner, const struct cell *cell, const char *what) {
    return scanner->call->host->fail(scanner->call, "%s:%llu:%llu: %s", scanner->path, U64(cell->line), column_of(cell),
                                     what);
}

/* Steps over "\n", "\r\n" or "\r". */
static void end_line(struct scanner *scanner) {
    scanner->next += scanner->next[0] == '\r' && scanner->next + 1 < scanner->end && scanner->next[1] == '\n' ? 2 : 1;
    scanner->line++;
    scanner->line_start = scanner->next;
}

static int at_end_of_line(const struct scanner *scanner) {
    return scanner->next == scanner->end || *scanner->next == '\n' || *scanner->next == '\r';
}

static void skip_blanks(struct scanner *scanner) {
    while (scanner->next < scanner->end && is_blank(*scanner->next) &&
           (scanner->spaces || *scanner->next != scanner->delimiter))
        scanner->next++;
}

/* Steps over empty lines; 0 at the end of the file. */
static int next_row(struct scanner *scanner) {
    for (;;) {
        const char *start = scanner->next;
        skip_blanks(scanner);
        if (scanner->next == scanner->end)
            return 0;
        if (!at_end_of_line(scanner)) {
            scanner->next = scanner->spaces ? scanner->next : start;
            return 1;
        }
        end_line(scanner);
    }
}

/* What stands between quotes, which may be ends of line. */
static int quoted_cell(struct scanner *scanner, struct cell *cell) {
    scanner->next++;
    for (cell->text = scanner->next; scanner->next < scanner->end;) {
        if (*scanner->next == '"') {
            if (scanner->next + 1 == scanner->end || scanner->next[1] != '"')
                break;
            cell->doubled = 1;
            scanner->next += 2;
        } else if (*scanner->next == '\n' || *scanner->next == '\r') {
            end_line(scanner);
        } else {
            scanner->next++;
        }
    }
    if (scanner->next == scanner->end) {
        return fail_at(scanner, cell, "a quote opens here and is not closed");
    }
    cell->length = (uint64_t)(scanner->next++ - cell->text);
    skip_blanks(scanner);
    if (!at_end_of_line(scanner) && *scanner->next != scanner->delimiter &&
        !(scanner->spaces && is_blank(scanner->next[-1])))
        return fail_at(scanner, cell, "text follows the closing quote of this cell; wanted the delimiter");
    return RUNNER_OK;
}

static void bare_cell(struct scanner *scanner, struct cell *cell) {
    cell->text = scanner->next;
    while (!at_end_of_line(scanner) && *scanner->next != scanner->delimiter &&
           !(scanner->spaces && is_blank(*scanner->next)))
        scanner->next++;
    const char *end = scanner->next;
    while (end > cell->text && is_blank(end[-1]))
        end--;
    cell->length = (uint64_t)(end - cell->text);
}

/* The next cell of a row, without the blanks around it. */
static int next_cell(struct scanner *scanner, struct cell *cell) {
    skip_blanks(scanner);
    *cell = (struct cell){.start = scanner->next, .line = scanner->line, .line_start = scanner->line_start};
    if (scanner->next < scanner->end && *scanner->next == '"') {
        if (quoted_cell(scanner, cell) != RUNNER_OK)
            return RUNNER_FAILED;
    } else {
        bare_cell(scanner, cell);
    }
    if (scanner->spaces)
        skip_blanks(scanner);
    cell->last = at_end_of_line(scanner);
    if (!cell->last && !scanner->spaces)
        scanner->next++; /* the delimiter */
    else if (cell->last && scanner->next < scanner->end)
        end_line(scanner);
    return RUNNER_OK;
}

/* ---- Texts and numbers ---- */

static int same_text(const struct cell *cell, const char *text) {
    return strlen(text) == cell->length && memcmp(cell->text, text, cell->length) == 0;
}

/* The text of a cell, ended by NUL, as long as the data set. */
static const char *text_of(runner_call *call, const struct cell *cell) {
    char *copy = call->host->memory(call, cell->length + 1);
    uint64_t length = 0;
    for (uint64_t i = 0; copy != NULL && i < cell->length; i++) {
        copy[length++] = cell->text[i];
        i += cell->doubled && cell->text[i] == '"';
    }
    return copy;
}

/* pandas' list, and `more` */
static int is_missing(const runner_texts *more, const struct cell *cell) {
    static const char *const usual[] = {"#N/A", "#N/A N/A", "#NA",     "-1.#IND", "-1.#QNAN", "-NaN",
                                        "-nan", "1.#IND",   "1.#QNAN", "<NA>",    "N/A",      "NA",
                                        "NULL", "NaN",      "None",    "n/a",     "nan",      "null"};
    if (cell->length == 0)
        return 1;
    for (size_t i = 0; cell->length <= 8 && i < RUNNER_COUNT(usual); i++)
        if (same_text(cell, usual[i]))
            return 1;
    for (uint64_t i = 0; i < more->count; i++)
        if (same_text(cell, more->values[i]))
            return 1;
    return 0;
}

/* Digits with a decimal mark and an exponent where there are any; beyond float32 is no number here. */
static int number_of(const struct cell *cell, char decimal, double *number) {
    char text[64];
    uint64_t i = 0, digits = 0;
    if (cell->length == 0 || cell->length >= sizeof text)
        return 0;
    memcpy(text, cell->text, cell->length);
    text[cell->length] = '\0';
    i += text[i] == '+' || text[i] == '-';
    for (; text[i] >= '0' && text[i] <= '9'; i++)
        digits++;
    if (text[i] == decimal) {
        text[i] = '.';
        for (i++; text[i] >= '0' && text[i] <= '9'; i++)
            digits++;
    }
    if (digits == 0)
        return 0;
    if (text[i] == 'e' || text[i] == 'E') {
        i += text[i + 1] == '+' || text[i + 1] == '-' ? 2 : 1;
        if (text[i] < '0' || text[i] > '9')
            return 0;
        while (text[i] >= '0' && text[i] <= '9')
            i++;
    }
    *number = strtod(text, NULL);
    return i == cell->length && fabs(*number) <= (double)FLT_MAX;
}

static int set_marks(struct scanner *scanner, runner_call *call, const char *mark, const char *decimal) {
    scanner->spaces = strcmp(mark, "whitespace") == 0;
    scanner->decimal = decimal[0];
    scanner->delimiter = scanner->spaces ? ' ' : strcmp(mark, "tab") == 0 || strcmp(mark, "\\t") == 0 ? '\t' : mark[0];
    if (!scanner->spaces && scanner->delimiter == mark[0] && (strlen(mark) != 1 || strchr("\"\r\n", mark[0]) != NULL))
        return call->host->fail(call, "`delimiter` is '%s', wanted one character, tab or whitespace", mark);
    if ((strcmp(decimal, ".") != 0 && strcmp(decimal, ",") != 0) || scanner->decimal == scanner->delimiter)
        return call->host->fail(call, "`decimal` is '%s', wanted '.' or ',', and not the delimiter", decimal);
    return RUNNER_OK;
}

/* Stands before the header, or the first row, afterwards. */
static int scanner_init(struct scanner *scanner, runner_call *call, const char *path, const char *delimiter,
                        const char *decimal, int64_t skiprows) {
    runner_file file;
    if (call->host->read_file(call, path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    const char *bytes = (const char *)file.bytes, *zero = file.size == 0 ? NULL : memchr(bytes, '\0', file.size);
    *scanner = (struct scanner){call, path, bytes, bytes + file.size, bytes, 1, 0, 0, 0};
    if (set_marks(scanner, call, delimiter, decimal) != RUNNER_OK)
        return RUNNER_FAILED;
    if (zero != NULL)
        return call->host->fail(call, "%s: byte %llu is 0, wanted text as UTF-8; UTF-16 is converted by iconv", path,
                                U64(zero - bytes));
    if (file.size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
        scanner->line_start = scanner->next += 3;
    for (int64_t i = 0; i < skiprows && scanner->next < scanner->end; i++) {
        while (!at_end_of_line(scanner))
            scanner->next++;
        if (scanner->next < scanner->end)
            end_line(scanner);
    }
    return next_row(scanner) ? RUNNER_OK : call->host->fail(call, "%s: the file is empty, wanted a table", path);
}

#endif

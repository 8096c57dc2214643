/*
 * What bench_run has measured: rows of its CSV, and the goals among them as a table.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench/series.h"

#include <stdbool.h>
#include <stddef.h>

struct row {
    const char *group;       /* "step": what --only names */
    const char *what;        /* "samples a second" */
    int batch;               /* 0: none */
    const char *optimizer;   /* "": none */
    const char *arrangement; /* "2 workers" */
    const char *peer;        /* what it is compared with; "": nothing */
    struct summary value;    /* of the quantity itself */
    struct summary
        ratio;   /* to the peer, of measurements beside each other; empty where there is no peer or none was measured */
    double goal; /* of the ratio, or of the value where there is no peer; 0: none */
    bool at_most;     /* the goal is an upper bound */
    bool conditional; /* what bounds it belongs to the figure, and is printed where the goal is reached, too */
    char bound[320];  /* what bounds it, where it is short of the goal */
};

struct rows {
    struct row *items;
    size_t count, capacity;
};

/* Copies the texts. The row stays where it is until the next one is added. */
struct row *rows_add(struct rows *rows, struct row row);
/* Says what bounds the row; nothing where a number in it is none, since what it was made of was not measured. */
__attribute__((format(printf, 2, 3))) void row_bound(struct row *row, const char *format, ...);
/* "pass", "short", "" without a goal, or "not measured" where the peer is missing. */
const char *row_verdict(const struct row *row);
/* Its columns are those of docs/performance.md. False where the file cannot be written. */
bool rows_write_csv(const struct rows *rows, const char *path);
/* The goals, one a line. Returns how many are short or were not measured. */
size_t rows_print_goals(const struct rows *rows);
/* Rows of a group that are compared without a goal, one a line. */
void rows_print_ratios(const struct rows *rows, const char *group);
void rows_clear(struct rows *rows);

#endif

/* The parts of a report, for report*.c alone. */
#ifndef RUNNER_RESULTS_REPORT_PARTS_H
#define RUNNER_RESULTS_REPORT_PARTS_H

#include "runner/results/compare.h"
#include "runner/results/plot.h"
#include "runner/results/report.h"
#include "runner/results/tables.h"

struct json_t;

/* Limits of what is shown, so that a page of any grid can be read and loaded. */
enum {
    REPORT_CURVES = 8,
    REPORT_ROWS = 24,        /* of a picture with a row a grid point */
    REPORT_TABLE_ROWS = 100, /* of a table */
    REPORT_SENTENCES = 12,
    REPORT_TROUBLES = 20, /* trials with their logs */
    REPORT_STEPS = 300    /* of a curve */
};

struct figure {
    const struct plot *plot;
    const char *heading, *caption;
};

struct report {
    struct arena arena;
    const struct results *results;
    const char *folder;
    const char **columns; /* metric columns */
    size_t n_columns;
    const char *metric;             /* the main one; NULL: none */
    struct comparisons comparisons; /* of it; none without one */
    size_t *axes;                   /* those along which the points differ */
    size_t n_axes;
    double *means;    /* [n_points] of the metric; NaN where it is not known, as of a point with a diverged trial */
    size_t *problems; /* [n_points] results_problems() */
    bool several_problems;
    /* [n_ended] points with a mean, the best first, of several data sets those of each before the second best of any; behind them
       from n_order on points with ended trials that have none, those with the most diverged trials last */
    size_t *order;
    size_t n_ended;
    size_t n_order;
    size_t *ended; /* [n_points] trials done or diverged */
    size_t
        line_axis; /* numeric, along which the first picture over an axis has several lines; else the results' n_axes */
    const char *series[REPORT_CURVES]; /* [n_series] what colours stand for, the same in all pictures of a page */
    size_t n_series;
    struct results_counts counts;
    const char *description, *config; /* config: text of config.yaml; NULL: not there */
    struct json_t *manifest;          /* NULL: not there */
    struct plots plots;
    struct figure figures[PLOTS_MOST];
    size_t n_figures;
    struct text missing; /* why there are no pictures */
};

void report_open(struct report *report, const struct report_side *side);
void report_close(struct report *report);

/* Up to `most` points that have ended trials: all of them in grid order, or the best, the references of comparisons and the worst, in
   report.order. *cut tells which. `points` has room for `most`. */
size_t report_pick(const struct report *report, size_t most, size_t *points, bool *cut);
/* "10" or "10, adam" for the data of a plot: labels on the axes along which the points differ, without the axis `but` (the results' n_axes:
   with all). Where they take more than `most` characters, the longest are cut first. */
void report_label(const struct report *report, size_t point, size_t but, size_t most, struct text *out);
/* "batch_size" or "batch_size, optimizer" */
void report_axes(const struct report *report, struct text *out);
/* " 8 of 96 grid points are shown: the best, the worst ..."; nothing where all are. */
const char *report_cut(struct report *report, size_t shown, bool cut);

/* ---- Of the page ---- */

void report_answer(struct report *report, struct text *out);
void report_summary(struct report *report, struct text *out);
void report_targets(struct report *report, struct text *out);
void report_comparisons(struct report *report, struct text *out);
void report_ranks(struct report *report, struct text *out);
void report_troubles(struct report *report, struct text *out);
void report_config(struct report *report, struct text *out);
void report_provenance(struct report *report, bool links, struct text *out);

/* ---- Pictures: scripts, data and captions ---- */

void report_figure(struct report *report, const struct plot *plot, const char *heading, const char *caption);
/* Before the others: gives the lines of the picture over an axis the first colours. */
void report_choose_colours(struct report *report);
void report_plot_curves(struct report *report);
void report_plot_axes(struct report *report);
void report_plot_seeds(struct report *report);
void report_plot_differences(struct report *report);
void report_plot_heat(struct report *report);
void report_plot_frontier(struct report *report);
/* Of report.figures, once they are drawn. */
void report_figures(struct report *report, struct text *out);

/* ---- Tables ---- */

/* The opening of a table in a box of its own that scrolls, and its end. */
void report_table_open(const char *label, struct text *out);
void report_table_close(struct text *out);
void report_number(double number, struct text *out);                     /* <td> */
void report_label_cell(const char *label, bool right, struct text *out); /* <td>; a long label takes several lines */
void report_head_cell(const char *name, bool right, struct text *out);   /* <th>; may take several lines */

/* ---- Whole pages ---- */

void report_page_open(const char *title, struct text *out);
void report_page_close(struct text *out);

#endif

/* What the pictures of a report share: series with their colours and key, and ranges of axes. */
#ifndef RUNNER_RESULTS_REPORT_PLOT_H
#define RUNNER_RESULTS_REPORT_PLOT_H

#include "runner/results/report_parts.h"

enum { PLOT_WIDTH = 440, PLOT_HEIGHT = 300, KEY_LABEL = 30 };

/* The labels that the key will have, to know its size. */
struct key {
    size_t n, widest; /* widest: characters */
    size_t margins;   /* pixels at the left and the right of the plot together, where they are known; else 0 */
    bool titled;
};
void key_measure(struct key *key, const char *label);
/* Pixels that it takes beneath the picture. */
int key_height(const struct key *key);
/* Beneath a picture of this height, which has it included; the room for the axis is set as well. */
void key_write(const struct key *key, const char *title, int height, struct text *script);

struct range {
    double low, high, least; /* least: of the positive numbers */
    bool any;
};
void range_add(struct range *range, double number);
/* Whether a logarithmic axis suits: all are positive and far apart. */
bool range_is_wide(const struct range *range, double ratio);
/* "set yrange [...]" with room at both ends, and "set logscale"; `axis` is x or y; `share`: no more than from 0 to 1. */
void range_write(const struct range *range, char axis, bool logarithmic, bool share, struct text *script);

/* Tics of a linear x axis, as many as have room for their labels. */
void range_tics(double low, double high, struct text *script);

/* The number of a label on a numeric axis; `full` is the number of training rows. False where it is none. */
bool axis_number(const struct results *results, size_t point, size_t axis, double *number);

/* A picture with a row a grid point, the first at the top, and numbers from left to right. */
struct rows {
    struct report *report;
    size_t points[REPORT_ROWS];
    size_t n;
    bool cut;
    struct range x;
};
/* Where a row is on the vertical axis; the next one is 1 below. */
double rows_place(const struct rows *rows, size_t i);
/* Its place and its label, without an end of line: for `using ...:1:ytic(2)`. */
void rows_add_label(const struct rows *rows, size_t i, struct text *data);
/* With room for labels at the left, what they are above them, and `marks` marks one below the other in a row. The caller writes the range. */
struct plot *rows_add_plot(struct rows *rows, const char *name, const char *xlabel, size_t marks, struct key *key);

/* How a point, or the line of points along an axis, is drawn: the colours of a page stand for the labels off the line axis, so that a point
   has the colour of its line; points with the same one differ by dash and shape. What is more than there are colours is of ink. */
struct stroke {
    unsigned colour;
    int dash, shape; /* gnuplot's dt and pt */
};
/* Of at most REPORT_CURVES points in one picture; `along`: the axis of the picture, of points report.line_axis. */
void report_strokes(struct report *report, const size_t *points, size_t n, size_t along, struct stroke *strokes);

/* The fill of a band, one of `n` that may lie upon each other. */
const char *plot_band(size_t n);

/* "test_accuracy" above the axis, where it takes no room beside it. */
void plot_above(const char *name, struct text *script);

#endif

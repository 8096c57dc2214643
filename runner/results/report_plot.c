#include "runner/results/report_plot.h"

#include "runner/results/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* LETTER and SAMPLE: of a column of gnuplot's key, rounded up. It makes as many as fit into the plot, and cuts off rows for which there is no
   room beneath it, so the plot is taken as narrow here: MARGINS are those beside long labels of tics. NARROWEST: what tics may
   take in the plots beside long labels of rows; the outer halves of the outer ones reach beyond. */
enum { LETTER = 8, SAMPLE = 46, LINE = 18, FOOT = 52, MARGINS = 96, NARROWEST = 290 };

void key_measure(struct key *key, const char *label) {
    size_t width = plot_label_width(label, KEY_LABEL);
    key->n++;
    key->widest = width > key->widest ? width : key->widest;
}

static size_t key_columns(const struct key *key) {
    size_t width = LETTER * (key->widest > 2 ? key->widest : 2) + SAMPLE;
    size_t columns = (PLOT_WIDTH - (key->margins > 0 ? key->margins : MARGINS)) / width;
    return columns < 1 ? 1 : columns > key->n && key->n > 0 ? key->n : columns;
}

int key_height(const struct key *key) {
    size_t columns = key_columns(key);
    return key->n == 0 ? 0 : (int)((key->n + columns - 1) / columns + (key->titled ? 1 : 0)) * LINE + 8;
}

void key_write(const struct key *key, const char *title, int height, struct text *script) {
    int room = key_height(key);
    text_printf(script, "set bmargin at screen %.4f\n", (double)(room + FOOT) / height);
    if (key->n == 0) {
        text_add(script, "unset key\n");
        return;
    }
    if (key->titled) {
        text_add(script, "set label 3 ");
        plot_string(title, script);
        text_printf(script, " at screen 0.03, screen %.4f left tc rgb '#%06x'\n", (room - 12.0) / height, SVG_AXIS);
    }
    text_printf(
        script,
        "set key at screen 0.02, screen %.4f top left horizontal Left reverse samplen 1.5 width 1 maxcols %zu\n",
        (room - (key->titled ? LINE : 0) - 2.0) / height, key_columns(key));
}

void range_add(struct range *range, double number) {
    if (!isfinite(number))
        return;
    range->low = !range->any || number < range->low ? number : range->low;
    range->high = !range->any || number > range->high ? number : range->high;
    if (number > 0)
        range->least = range->least == 0 || number < range->least ? number : range->least;
    range->any = true;
}

bool range_is_wide(const struct range *range, double ratio) {
    return range->any && range->low > 0 && range->high / range->low >= ratio;
}

/* gnuplot's own tics are powers of ten, of which a short axis has one or none. Labels side by side ("0.0005") need a fifth of an axis that is
   as short as those beside long labels of rows. */
static void write_logarithmic_tics(double low, double high, char axis, struct text *script) {
    static const double fine[] = {1, 2, 5}, coarse[] = {1, 3};
    bool is_fine = high / low <= (axis == 'x' ? 32 : 300);
    const double *steps = is_fine ? fine : coarse;
    const char *separator = "";
    if (high / low > 300)
        return;
    text_printf(script, "set %ctics (", axis);
    for (int power = (int)floor(log10(low)); power <= (int)ceil(log10(high)); power++)
        for (size_t i = 0; i < (is_fine ? 3 : 2); i++) {
            double tic = steps[i] * pow(10, power);
            if (tic < low * 0.94 || tic > high * 1.06)
                continue;
            text_printf(script, "%s%g", separator, tic);
            separator = ", ";
        }
    text_add(script, ")\n");
}

/* Pixels that the labels of tics so far apart take side by side. */
static double tics_width(double low, double high, double step) {
    double width = 0;
    for (double i = ceil(low / step); i <= floor(high / step); i++) {
        char label[32];
        width += LETTER * snprintf(label, sizeof label, "%g", i * step) + 10;
    }
    return width;
}

void range_tics(double low, double high, struct text *script) {
    static const double steps[] = {1, 2, 5};
    double span = high - low;
    if (!(span > 0) || !isfinite(span))
        return;
    int power = (int)floor(log10(span)) - 1; /* 10 tics or more */
    for (size_t i = 0; i < 9; i++) {
        double step = steps[i % 3] * pow(10, power + (int)(i / 3));
        if (span / step > 20 || tics_width(low, high, step) > NARROWEST)
            continue;
        text_printf(script, "set xtics %g\n", step);
        return;
    }
}

void range_write(const struct range *range, char axis, bool logarithmic, bool share, struct text *script) {
    char text[NUMBER_TEXT_SIZE];
    double low = range->low, high = range->high;
    if (!range->any)
        return;
    if (logarithmic) {
        double room = pow(high / low, 0.06);
        text_printf(script, "set logscale %c\n", axis);
        write_logarithmic_tics(low, high, axis, script);
        low /= room;
        high *= room;
    } else {
        double room = high > low ? 0.06 * (high - low) : fabs(low) > 0 ? 0.1 * fabs(low) : 0.5;
        low = share && low - room < 0 ? (low < 0 ? low - room : 0) : low - room;
        high = share && high + room > 1 ? (high > 1 ? high + room : 1) : high + room;
        if (axis == 'x')
            range_tics(low, high, script);
    }
    text_printf(script, "set %crange [%s:", axis, number_write(low, text));
    text_printf(script, "%s]\n", number_write(high, text));
}

bool axis_number(const struct results *results, size_t point, size_t axis, double *number) {
    const char *label = results->labels[point][axis];
    if (label == NULL)
        return false;
    if (strcmp(label, "full") == 0 && results->rows != NULL && results->rows[point][DATA_TRAIN] > 0) {
        *number = (double)results->rows[point][DATA_TRAIN];
        return true;
    }
    return number_read(label, number) && isfinite(*number);
}

const char *plot_band(size_t n) {
    return n > 4 ? "fs transparent solid 0.08 noborder notitle" : "fs transparent solid 0.16 noborder notitle";
}

void plot_above(const char *name, struct text *script) {
    text_add(script, "set tmargin 2.2\nset rmargin 3\nset label 1 ");
    plot_string(name, script);
    text_printf(script, " at graph 0, graph 1 left offset -4,1 tc rgb '#%06x'\n", SVG_INK);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

enum { ROW = 22, ROW_LABEL = 22 };

static const char *row_label(const struct rows *rows, size_t i) {
    struct text label;
    text_init(&label);
    report_label(rows->report, rows->points[i], rows->report->results->n_axes, ROW_LABEL, &label);
    const char *copy = arena_copy_text(&rows->report->arena, label.data);
    text_clear(&label);
    return copy;
}

double rows_place(const struct rows *rows, size_t i) {
    return (double)(rows->n - 1 - i);
}

struct plot *rows_add_plot(struct rows *rows, const char *name, const char *xlabel, size_t marks, struct key *key) {
    size_t widest = 4;
    for (size_t i = 0; i < rows->n; i++) {
        size_t width = plot_label_width(row_label(rows, i), ROW_LABEL);
        widest = width > widest ? width : widest;
    }
    int left = 14 + 7 * (int)widest;
    key->margins = (size_t)left + 24;
    int height = 90 + (int)((marks > 2 ? 11 * marks : ROW) * rows->n) + key_height(key);
    struct plot *plot = plots_add(&rows->report->plots, name, PLOT_WIDTH, height);
    if (plot == NULL)
        return NULL;
    struct text axes, *script = &plot->script;
    text_init(&axes);
    report_axes(rows->report, &axes);
    key_write(key, "", height, script);
    text_printf(script, "set lmargin at screen %.3f\nset tmargin 2\nset rmargin 3\n", (double)left / PLOT_WIDTH);
    text_add(script, "set label 1 ");
    plot_string(axes.data, script);
    text_printf(script, " at screen 0.01, graph 1 left offset 0,0.8 tc rgb '#%06x'\n", SVG_AXIS);
    text_printf(script, "set border 1\nunset grid\nset grid xtics lt 1 lw 0.6 lc rgb '#%06x'\n", SVG_GRID);
    text_printf(script, "set ytics scale 0\nset yrange [-0.7:%zu.7]\nset xtics autofreq\nset xlabel ", rows->n - 1);
    plot_string(xlabel, script);
    text_add(script, " offset 0,0.3\n");
    text_clear(&axes);
    return plot;
}

void rows_add_label(const struct rows *rows, size_t i, struct text *data) {
    plot_number(rows_place(rows, i), '\t', data);
    plot_label(row_label(rows, i), ROW_LABEL, data);
}

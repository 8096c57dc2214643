/* The heat map of two axes. */
#include "runner/results/column.h"
#include "runner/results/report_plot.h"
#include "runner/results/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAT_MOST = 24, HEAT_TEXT = 7, HEAT_LABEL = 12 };

struct heat {
    struct report *report;
    size_t axes[2]; /* down, across */
    const char *labels[2][HEAT_MOST];
    size_t n[2];
    size_t held;                        /* the point whose labels hold on all other axes */
    size_t cells[HEAT_MOST][HEAT_MOST]; /* 1 + point; 0: none */
};

/* The labels of an axis in grid order; false where they are more than can be drawn. */
static bool find_labels(struct heat *heat, size_t k) {
    const struct results *results = heat->report->results;
    for (size_t p = 0; p < results->n_points; p++) {
        const char *label = results->labels[p][heat->axes[k]];
        size_t i = 0;
        while (label != NULL && i < heat->n[k] && strcmp(heat->labels[k][i], label) != 0)
            i++;
        if (label == NULL || i < heat->n[k])
            continue;
        if (heat->n[k] == HEAT_MOST)
            return false;
        heat->labels[k][heat->n[k]++] = label;
    }
    return heat->n[k] >= 2;
}

static size_t place_of(const struct heat *heat, size_t k, size_t point) {
    const char *label = heat->report->results->labels[point][heat->axes[k]];
    size_t i = 0;
    while (label != NULL && i < heat->n[k] && strcmp(heat->labels[k][i], label) != 0)
        i++;
    return label == NULL ? HEAT_MOST : i;
}

static bool is_held(const struct heat *heat, size_t point) {
    const struct results *results = heat->report->results;
    for (size_t a = 0; a < results->n_axes; a++) {
        const char *x = results->labels[point][a], *y = results->labels[heat->held][a];
        if (a != heat->axes[0] && a != heat->axes[1] &&
            ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0)))
            return false;
    }
    return true;
}

/* Light to dark blue, evenly in lightness. */
static unsigned shade(double share) {
    static const double from[] = {0xf0, 0xf4, 0xfa}, middle[] = {0x74, 0xa9, 0xd8}, to[] = {0x0b, 0x34, 0x6b};
    unsigned colour = 0;
    for (size_t i = 0; i < 3; i++) {
        double value = share < 0.5 ? from[i] + 2 * share * (middle[i] - from[i])
                                   : middle[i] + (2 * share - 1) * (to[i] - middle[i]);
        colour = colour << 8 | (unsigned)(value + 0.5);
    }
    return colour;
}

/* WCAG 2.1's relative luminance, by which contrast is measured. */
static double luminance(unsigned colour) {
    static const double weights[] = {0.0722, 0.7152, 0.2126};
    double sum = 0;
    for (size_t i = 0; i < 3; i++) {
        double c = (double)(colour >> (8 * i) & 0xff) / 255;
        sum += weights[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/* Black or white, whichever stands out more: both have a contrast of about 4.55 at a luminance of 0.179. (White itself is the page.) */
static unsigned letter(unsigned background) {
    return luminance(background) < 0.179 ? 0xfefefeu : 0x000000u;
}

static struct range value_range(const struct heat *heat) {
    struct range range = {.any = false};
    for (size_t i = 0; i < heat->n[0]; i++)
        for (size_t j = 0; j < heat->n[1]; j++)
            if (heat->cells[i][j] > 0)
                range_add(&range, heat->report->means[heat->cells[i][j] - 1]);
    return range;
}

/* Short enough for a cell. */
static void add_value(double value, const struct range *range, struct text *out) {
    double size = fmax(fabs(range->low), fabs(range->high));
    if (size < 10 && size >= 0.01)
        text_printf(out, "%.3f", value);
    else
        text_printf(out, "%.3g", value);
}

static void write_heat_data(const struct heat *heat, const struct range *range, struct text *data) {
    const struct report *report = heat->report;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < heat->n[k]; i++) {
            plot_number((double)(k == 0 ? heat->n[0] - 1 - i : i), '\t', data);
            plot_label(heat->labels[k][i], HEAT_LABEL, data);
            text_add(data, "\n");
        }
        text_add(data, "\n\n");
    }
    for (size_t i = 0; i < heat->n[0]; i++)
        for (size_t j = 0; j < heat->n[1]; j++) {
            double mean = heat->cells[i][j] > 0 ? report->means[heat->cells[i][j] - 1] : (double)NAN;
            if (isnan(mean))
                continue;
            double share = range->high > range->low ? (mean - range->low) / (range->high - range->low) : 0.5;
            if (column_lower_is_better(report->metric))
                share = 1 - share;
            unsigned colour = shade(share);
            text_printf(data, "%zu\t%zu\t%u\t%u\t", j, heat->n[0] - 1 - i, colour, letter(colour));
            add_value(mean, range, data);
            text_add(data, "\n");
        }
}

static bool has_gaps(const struct heat *heat) {
    for (size_t i = 0; i < heat->n[0]; i++)
        for (size_t j = 0; j < heat->n[1]; j++)
            if (heat->cells[i][j] == 0 || isnan(heat->report->means[heat->cells[i][j] - 1]))
                return true;
    return false;
}

/* In pixels, the plot being the middle of the picture. */
struct heat_place {
    double left;
    int foot, height;
    bool turned; /* the labels below, since they are wider than a cell */
};

enum { HEAT_TOP = 14, HEAT_RIGHT = 16 }; /* pixels beside the plot */

static struct heat_place place_heat(const struct heat *heat) {
    const double advance = 7.2; /* of a character */
    size_t widest[2] = {2, 2};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < heat->n[k]; i++) {
            size_t width = plot_label_width(heat->labels[k][i], HEAT_LABEL);
            widest[k] = width > widest[k] ? width : widest[k];
        }
    struct heat_place place = {.left = 30 + advance * (double)widest[0]};
    const double cell = (PLOT_WIDTH - place.left - HEAT_RIGHT) / (double)heat->n[1];
    place.turned = advance * (double)widest[1] + 6 > cell;
    place.foot = 46 + (place.turned ? (int)(8 * widest[1]) : 16);
    place.height = HEAT_TOP + place.foot + (heat->n[0] <= 8 ? 34 : 20) * (int)heat->n[0];
    return place;
}

static void write_heat_script(const struct heat *heat, const struct heat_place *place, struct text *script) {
    const struct results *results = heat->report->results;
    text_printf(script,
                "unset key\nunset grid\nset border 0\nset tics scale 0\n"
                "set lmargin at screen %.3f\nset rmargin at screen %.3f\n"
                "set bmargin at screen %.3f\nset tmargin at screen %.3f\n",
                place->left / PLOT_WIDTH, (double)(PLOT_WIDTH - HEAT_RIGHT) / PLOT_WIDTH,
                (double)place->foot / place->height, 1 - (double)HEAT_TOP / place->height);
    text_printf(script, "set xrange [-0.5:%zu.5]\nset yrange [-0.5:%zu.5]\n", heat->n[1] - 1, heat->n[0] - 1);
    if (place->turned)
        text_add(script, "set xtics rotate by 90 right\n");
    text_add(script, "set xlabel ");
    plot_string(results_axis_name(results, heat->axes[1]), script);
    /* The outer edge of the picture, as the labels beside it are. */
    text_printf(script, " offset 0,%.1f\nset label 2 ", place->turned ? 0.0 : 0.3);
    plot_string(results_axis_name(results, heat->axes[0]), script);
    text_add(script, " at screen 0.022, graph 0.5 center rotate by 90\n");
    text_add(
        script,
        "plot 'heat.dat' index 2 using 1:2:(0.49):(0.48):3 with boxxyerror lc rgb variable fs solid 1 noborder "
        "notitle, \\\n"
        "     '' index 0 using (-1):1:ytic(2) with dots notitle, '' index 1 using 1:(-1):xtic(2) with dots notitle");
    if (heat->n[1] <= HEAT_TEXT)
        text_add(script, ", \\\n     '' index 2 using 1:2:5:4 with labels tc rgb variable notitle");
    text_add(script, "\n");
}

static const char *heat_caption(const struct heat *heat, const struct range *range) {
    struct report *report = heat->report;
    struct text caption;
    text_init(&caption);
    text_printf(&caption, "Means over the seeds from %.4g to %.4g; the darker, the better.", range->low, range->high);
    bool others = false;
    for (size_t i = 0; i < report->n_axes; i++) {
        size_t axis = report->axes[i];
        const char *label = report->results->labels[heat->held][axis];
        if (axis == heat->axes[0] || axis == heat->axes[1] || label == NULL)
            continue;
        text_printf(&caption, "%s%s=%s", others ? ", " : " At ", results_axis_name(report->results, axis), label);
        others = true;
    }
    text_add(&caption, others ? ", as at the best point." : "");
    if (has_gaps(heat))
        text_add(&caption, " An empty cell has no mean: no trial has ended there, or one diverged.");
    const char *copy = arena_copy_text(&report->arena, caption.data);
    text_clear(&caption);
    return copy;
}

static void write_heat(const struct heat *heat) {
    struct report *report = heat->report;
    const struct range range = value_range(heat);
    const struct heat_place place = place_heat(heat);
    struct plot *plot = range.any ? plots_add(&report->plots, "heat", PLOT_WIDTH, place.height) : NULL;
    if (plot == NULL)
        return;
    write_heat_script(heat, &place, &plot->script);
    write_heat_data(heat, &range, &plot->data);
    report_figure(report, plot,
                  arena_printf(&report->arena, "%s of %s and %s", report->metric,
                               results_axis_name(report->results, heat->axes[0]),
                               results_axis_name(report->results, heat->axes[1])),
                  heat_caption(heat, &range));
}

/* The first two axes that have labels enough; of others the labels of the best point hold. */
void report_plot_heat(struct report *report) {
    struct heat *heat = memory_alloc(1, sizeof *heat);
    size_t found = 0;
    heat->report = report;
    for (size_t i = 0; i < report->n_axes && found < 2 && report->n_order > 0; i++) {
        heat->axes[found] = report->axes[i];
        heat->n[found] = 0;
        found += find_labels(heat, found) ? 1 : 0;
    }
    if (found == 2) {
        heat->held = report->order[0];
        size_t filled = 0;
        for (size_t p = 0; p < report->results->n_points; p++) {
            size_t i = place_of(heat, 0, p), j = place_of(heat, 1, p);
            if (i == HEAT_MOST || j == HEAT_MOST || !is_held(heat, p))
                continue;
            heat->cells[i][j] = p + 1;
            filled += isnan(report->means[p]) ? 0 : 1;
        }
        if (filled >= 3)
            write_heat(heat);
    }
    free(heat);
}

/* Pictures with a line a grid point: learning curves, and metrics over numeric axes. */
#include "runner/results/column.h"
#include "runner/results/curve.h"
#include "runner/results/report_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Learning curves --------------------------------------------------------------------------------------------- */

enum { CURVES = 2 }; /* pictures of columns */

struct curves {
    struct report *report;
    const char *name, *column;
    bool by_seconds;
    size_t points[REPORT_CURVES];
    struct curve curves[REPORT_CURVES];
    const char *labels[REPORT_CURVES];
    struct stroke strokes[REPORT_CURVES];
    size_t n, seeds, steps, without; /* without: points that have no epoch to show */
    bool cut, diverged;
};

static void label_curve(struct curves *all, size_t i) {
    const struct curve *curve = &all->curves[i];
    struct text label;
    text_init(&label);
    const char *diverged =
        curve->diverged > 0 ? arena_printf(&all->report->arena, " (%zu diverged)", curve->diverged) : "";
    report_label(all->report, all->points[i], all->report->results->n_axes, KEY_LABEL - strlen(diverged), &label);
    text_add(&label, diverged);
    all->labels[i] = arena_copy_text(&all->report->arena, label.data);
    text_clear(&label);
}

static void add_curve(struct curves *all, size_t point, const struct curve *curve) {
    if (curve->n == 0) {
        all->without++;
        return;
    }
    all->points[all->n] = point;
    all->curves[all->n] = *curve;
    all->seeds = curve->trials > all->seeds ? curve->trials : all->seeds;
    all->steps = curve->n > all->steps ? curve->n : all->steps;
    all->diverged = all->diverged || curve->diverged > 0;
    label_curve(all, all->n++);
}

/* Of several columns at once, since all rows of all trials are read for them. */
static void gather_curves(struct report *report, struct curves *const *all, size_t n) {
    size_t points[REPORT_CURVES];
    bool cut;
    const size_t n_points = report_pick(report, REPORT_CURVES, points, &cut);
    for (size_t p = 0; p < n_points; p++) {
        const char *columns[CURVES];
        struct curve curves[CURVES];
        for (size_t i = 0; i < n; i++)
            columns[i] = all[i]->column;
        curves_make(report->results, points[p], columns, n, REPORT_STEPS, &report->arena, curves);
        for (size_t i = 0; i < n; i++)
            add_curve(all[i], points[p], &curves[i]);
    }
    for (size_t i = 0; i < n; i++) {
        all[i]->cut = cut;
        report_strokes(report, all[i]->points, all[i]->n, report->line_axis, all[i]->strokes);
    }
}

static double place_of(const struct curves *all, const struct curve_step *step) {
    return all->by_seconds ? step->seconds : step->epoch;
}

static void write_curve_data(const struct curves *all, struct text *data) {
    for (size_t i = 0; i < all->n; i++) {
        text_add(data, i > 0 ? "\n\nlabel\t" : "label\t");
        plot_label(all->labels[i], KEY_LABEL, data);
        text_add(data, "\n");
        for (size_t s = 0; s < all->curves[i].n; s++) {
            const struct curve_step *step = &all->curves[i].steps[s];
            if (all->by_seconds && step->seconds <= 0) /* a logarithmic axis has no 0 */
                continue;
            plot_number(place_of(all, step), '\t', data);
            plot_number(step->mean, '\t', data);
            plot_number(step->low, '\t', data);
            plot_number(step->high, '\n', data);
        }
    }
}

/* Of steps, so that points mark them where they are few. */
static void write_curve_plot(const struct curves *all, const struct plot *plot, struct text *script) {
    const char *separator = "plot ";
    for (size_t i = 0; i < all->n && all->seeds > 1; i++) {
        text_printf(script, "%s'%s.dat' index %zu using 1:3:4 with filledcurves lc rgb '#%06x' %s", separator,
                    plot->name, i, all->strokes[i].colour, plot_band(all->n));
        separator = ", \\\n     ";
    }
    for (size_t i = 0; i < all->n; i++) {
        const struct stroke *stroke = &all->strokes[i];
        bool marked = all->steps <= 16;
        text_printf(script, "%s'%s.dat' index %zu using 1:2 with %s lw 1.8 dt %d lc rgb '#%06x'", separator, plot->name,
                    i, marked || all->curves[i].n == 1 ? "linespoints" : "lines", stroke->dash, stroke->colour);
        if (marked || all->curves[i].n == 1)
            text_printf(script, " pt %d ps 0.55", stroke->shape);
        text_add(script, all->n > 1 ? " title columnheader(2)" : " notitle");
        separator = ", \\\n     ";
    }
    text_add(script, "\n");
}

/* What diverged in its first epoch has no line. */
static const char *lines_without(const struct curves *all) {
    if (all->without == 0)
        return "";
    return arena_printf(&all->report->arena,
                        " %zu more %s no line: there is no epoch at which all trials have a value.", all->without,
                        all->without == 1 ? "has" : "have");
}

static void write_curves(struct curves *all) {
    struct report *report = all->report;
    struct key key = {.titled = all->n > 1};
    struct range x = {.any = false}, y = {.any = false};
    if (all->by_seconds && all->steps <= 1)
        return;
    for (size_t i = 0; i < all->n; i++) {
        if (all->n > 1)
            key_measure(&key, all->labels[i]);
        for (size_t s = 0; s < all->curves[i].n; s++) {
            const struct curve_step *step = &all->curves[i].steps[s];
            if (!all->by_seconds || step->seconds > 0)
                range_add(&x, place_of(all, step));
            range_add(&y, step->low);
            range_add(&y, step->high);
        }
    }
    struct plot *plot = x.any ? plots_add(&report->plots, all->name, PLOT_WIDTH, PLOT_HEIGHT + key_height(&key)) : NULL;
    if (plot == NULL)
        return;
    bool x_log = all->by_seconds && range_is_wide(&x, 30),
         y_log = range_is_wide(&y, 100) && !column_is_share(all->column);
    struct text axes, *script = &plot->script;
    text_init(&axes);
    report_axes(report, &axes);
    key_write(&key, axes.data, PLOT_HEIGHT + key_height(&key), script);
    plot_above(all->column, script);
    text_printf(script, "set xlabel '%s' offset 0,0.3\n", all->by_seconds ? "seconds of training" : "epoch");
    if (x_log)
        range_write(&x, 'x', true, false, script);
    else
        text_add(script, x.high > 0 ? "set xrange [0:*]\n" : "set xrange [-0.5:0.5]\n");
    if (all->by_seconds && !x_log)
        range_tics(0, x.high, script);
    if (!all->by_seconds && x.high <= 6) /* epochs are whole numbers */
        text_add(script, "set xtics 1\n");
    range_write(&y, 'y', y_log, column_is_share(all->column), script);
    write_curve_plot(all, plot, script);
    write_curve_data(all, &plot->data);
    text_clear(&axes);
    report_figure(report, plot,
                  arena_printf(&report->arena, "%s %s", all->column, all->by_seconds ? "over time" : "epoch by epoch"),
                  arena_printf(&report->arena, "%s %s.%s%s%s%s",
                               all->n == 1 ? "The line is the mean" : "Lines are means",
                               all->seeds > 1 ? "over the seeds; the band reaches from the lowest seed to the highest"
                                              : "of one seed",
                               all->by_seconds ? " Only training counts, not evaluation." : "",
                               all->diverged ? " A line ends where the first of its trials diverged." : "",
                               report_cut(report, all->n, all->cut), lines_without(all)));
}

static bool has_column(const struct report *report, const char *column) {
    for (size_t c = 0; c < report->n_columns; c++)
        if (strcmp(report->columns[c], column) == 0)
            return true;
    return false;
}

void report_plot_curves(struct report *report) {
    if (report->metric == NULL)
        return;
    struct curves metric = {.report = report, .name = "curves", .column = report->metric};
    struct curves loss = {.report = report, .name = "curves_train_loss", .column = "train_loss"};
    struct curves *all[CURVES];
    size_t n = 0;
    if (has_column(report, metric.column))
        all[n++] = &metric;
    if (strcmp(metric.column, loss.column) != 0 && has_column(report, loss.column))
        all[n++] = &loss;
    gather_curves(report, all, n);
    for (size_t i = 0; i < n; i++)
        write_curves(all[i]);
    metric.name = "curves_time";
    metric.by_seconds = true;
    write_curves(&metric);
}

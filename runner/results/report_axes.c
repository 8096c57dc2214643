/* Pictures over the grid's axes: a metric or the time over a numeric axis, the heat map of two axes, and accuracy against time. */
#include "runner/results/column.h"
#include "runner/results/report_plot.h"
#include "runner/results/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A numeric axis ---------------------------------------------------------------------------------------------- */

/* Numeric axes, data sets with a frontier, and its points, that are drawn; with more values on an axis lines have no
   marks, and bands in place of bars. */
enum { AXIS_PLOTS = 2, FRONTIERS = 4, COSTS_DRAWN = 500, MARKED = 40 };

/* The points with the same labels on all other axes. */
struct line {
    size_t first; /* of its points, in grid order */
    const char *label;
};

struct lines {
    struct report *report;
    size_t axis;
    struct line items[REPORT_CURVES];
    struct stroke strokes[REPORT_CURVES];
    size_t n;
    bool more;   /* than fit */
    bool marked; /* each point, with a bar */
};

static const char *line_label(struct report *report, size_t point, size_t but) {
    struct text label;
    text_init(&label);
    report_label(report, point, but, KEY_LABEL, &label);
    const char *copy = arena_copy_text(&report->arena, label.data);
    text_clear(&label);
    return copy;
}

static int compare_lines(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* As many lines as fit, those with the best points, in grid order. */
static void find_lines(struct lines *lines) {
    const struct report *report = lines->report;
    for (size_t i = 0; i < report->n_order && !lines->more; i++) {
        size_t k = 0, p = report->order[i];
        double number;
        while (k < lines->n && !results_same_but(report->results, lines->items[k].first, p, lines->axis))
            k++;
        if (k < lines->n || !axis_number(report->results, p, lines->axis, &number))
            continue;
        lines->more = lines->n == REPORT_CURVES;
        if (!lines->more)
            lines->items[lines->n++] = (struct line){.first = p, .label = line_label(lines->report, p, lines->axis)};
    }
    for (size_t k = 0; k < lines->n; k++) {
        size_t p = 0;
        while (!results_same_but(report->results, lines->items[k].first, p, lines->axis))
            p++;
        lines->items[k].first = p;
    }
    qsort(lines->items, lines->n, sizeof lines->items[0], compare_lines);
    size_t points[REPORT_CURVES];
    for (size_t k = 0; k < lines->n; k++)
        points[k] = lines->items[k].first;
    report_strokes(lines->report, points, lines->n, lines->axis, lines->strokes);
}

struct axis_place {
    double number;
    size_t point;
};

static int compare_axis_places(const void *a, const void *b) {
    const struct axis_place *x = a, *y = b;
    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : (x->point > y->point) - (x->point < y->point);
}

/* The points of a line along the axis. */
static size_t line_places(const struct lines *lines, size_t line, struct axis_place *places) {
    const struct results *results = lines->report->results;
    size_t n = 0;
    for (size_t p = 0; p < results->n_points; p++) {
        double number;
        if (lines->report->ended[p] > 0 && results_same_but(results, lines->items[line].first, p, lines->axis) &&
            axis_number(results, p, lines->axis, &number))
            places[n++] = (struct axis_place){number, p};
    }
    qsort(places, n, sizeof *places, compare_axis_places);
    return n;
}

/* Whether a logarithmic axis suits: the largest gap is a smaller part of it than of a linear one. */
static bool is_geometric(const struct axis_place *places, size_t n) {
    double low = places[0].number, high = places[n - 1].number, linear = 0, logarithmic = 0;
    if (n < 3 || low <= 0 || high < 4 * low)
        return false;
    for (size_t i = 1; i < n; i++) {
        double from = places[i - 1].number, to = places[i].number;
        linear = fmax(linear, (to - from) / (high - low));
        logarithmic = fmax(logarithmic, log(to / from) / log(high / low));
    }
    return logarithmic < linear;
}

/* Tics at the numbers themselves, with the labels of the grid, as far as they do not touch. */
static void write_tics(const struct axis_place *places, size_t n, const struct lines *lines, bool logarithmic,
                       struct text *data) {
    double low = places[0].number, high = places[n - 1].number, end = -1;
    for (size_t i = 0; i < n; i++) {
        double x = places[i].number;
        double share = high > low ? (logarithmic ? log(x / low) / log(high / low) : (x - low) / (high - low)) : 0;
        const char *label = lines->report->results->labels[places[i].point][lines->axis];
        double width = 0.022 * (double)plot_label_width(label, 10) + 0.02; /* of the axis' length */
        bool last = i + 1 == n, fits = share - width / 2 > end && (last || share + width < 1);
        plot_number(x, '\t', data);
        if (fits) {
            plot_label(label, 10, data);
            end = share + width / 2;
        } else {
            text_add(data, " ");
        }
        text_add(data, "\n");
    }
}

/* All numbers of the axis, each once. */
static size_t all_places(const struct lines *lines, struct axis_place *places) {
    const struct results *results = lines->report->results;
    size_t n = 0, kept = 0;
    for (size_t p = 0; p < results->n_points; p++)
        if (axis_number(results, p, lines->axis, &places[n].number))
            places[n++].point = p;
    qsort(places, n, sizeof *places, compare_axis_places);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || places[kept - 1].number != places[i].number)
            places[kept++] = places[i];
    return kept;
}

static void write_axis_script(const struct lines *lines, const struct plot *plot, struct text *script) {
    const char *name = plot->name;
    for (size_t i = 0; i < lines->n; i++)
        text_printf(script, "%s'%s.dat' index %zu using %s lc rgb '#%06x' %s", i == 0 ? "plot " : ", \\\n     ", name,
                    i + 1, lines->marked ? "1:2:3:4 with yerrorbars lw 1.2 pt 7 ps 0.01" : "1:3:4 with filledcurves",
                    lines->strokes[i].colour, lines->marked ? "notitle" : plot_band(lines->n));
    for (size_t i = 0; i < lines->n; i++) {
        const struct stroke *stroke = &lines->strokes[i];
        text_printf(script, ", \\\n     '%s.dat' index %zu using 1:2 with lines", name, i + 1);
        if (lines->marked)
            text_printf(script, "points pt %d ps 0.7", stroke->shape);
        text_printf(script, " lw 1.6 dt %d lc rgb '#%06x' %s", stroke->dash, stroke->colour,
                    lines->n > 1 ? "title columnheader(2)" : "notitle");
    }
    text_printf(script, ", \\\n     '%s.dat' index 0 using 1:(NaN):xtic(2) notitle\n", name);
}

/* Whether the labels of lines have a part of this axis. */
static bool is_told(const struct lines *lines, size_t axis) {
    for (size_t i = 0; i < lines->n; i++)
        if (lines->report->results->labels[lines->items[i].first][axis] != NULL)
            return true;
    return false;
}

/* A line's places with means and their range over the seeds; `y` and the key take note of it. */
static void write_line(const struct lines *lines, size_t line, const char *column, struct axis_place *places,
                       struct key *key, struct range *y, struct text *data) {
    const size_t n = line_places(lines, line, places);
    if (lines->n > 1)
        key_measure(key, lines->items[line].label);
    text_add(data, "\n\nlabel\t");
    plot_label(lines->items[line].label, KEY_LABEL, data);
    text_add(data, "\n");
    for (size_t k = 0; k < n; k++) {
        struct point_metric metric;
        if (n > REPORT_STEPS && (k + 1) * REPORT_STEPS / n == k * REPORT_STEPS / n && k > 0)
            continue;
        point_measure(lines->report->results, places[k].point, column, &metric);
        if (isnan(metric.mean))
            continue;
        range_add(y, metric.min);
        range_add(y, metric.max);
        plot_number(places[k].number, '\t', data);
        plot_number(metric.mean, '\t', data);
        plot_number(metric.min, '\t', data);
        plot_number(metric.max, '\n', data);
    }
}

static const char *lines_title(const struct lines *lines) {
    struct report *report = lines->report;
    const char *title = "";
    for (size_t i = 0; i < report->n_axes; i++)
        if (report->axes[i] != lines->axis && is_told(lines, report->axes[i]))
            title = arena_printf(&report->arena, "%s%s%s", title, title[0] != '\0' ? ", " : "",
                                 results_axis_name(report->results, report->axes[i]));
    return title;
}

static const char *lines_caption(const struct lines *lines, bool x_log) {
    struct arena *arena = &lines->report->arena;
    const char *more = "";
    if (lines->more)
        more = arena_printf(arena, " The %zu lines with the best points are shown.", lines->n);
    return arena_printf(arena, "%s from the lowest seed to the highest.%s%s",
                        lines->marked ? "Points are means over the seeds, bars reach"
                                      : "Lines are means over the seeds, bands reach",
                        x_log ? " The axis is logarithmic." : "", more);
}

static void write_axis(struct lines *lines, const char *name, const char *column, const char *unit,
                       const char *heading) {
    struct report *report = lines->report;
    struct axis_place *places = memory_alloc(report->results->n_points + 1, sizeof *places);
    struct range x = {.any = false}, y = {.any = false};
    struct key key = {.titled = true};
    struct text data;
    text_init(&data);
    size_t n_tics = all_places(lines, places);
    lines->marked = n_tics <= MARKED;
    for (size_t i = 0; i < n_tics; i++)
        range_add(&x, places[i].number);
    bool x_log = is_geometric(places, n_tics);
    write_tics(places, n_tics, lines, x_log, &data);
    for (size_t i = 0; i < lines->n; i++)
        write_line(lines, i, column, places, &key, &y, &data);
    struct plot *plot = y.any ? plots_add(&report->plots, name, PLOT_WIDTH, PLOT_HEIGHT + key_height(&key)) : NULL;
    if (plot != NULL) {
        bool share = column_is_share(column);
        key_write(&key, lines_title(lines), PLOT_HEIGHT + key_height(&key), &plot->script);
        plot_above(unit, &plot->script);
        text_add(&plot->script, "set xlabel ");
        plot_string(results_axis_name(report->results, lines->axis), &plot->script);
        text_add(&plot->script, " offset 0,0.3\n");
        range_write(&x, 'x', x_log, false, &plot->script);
        range_write(&y, 'y', !share && range_is_wide(&y, 20), share, &plot->script);
        text_add(&plot->script, "set xtics autofreq\nset mxtics 1\n"); /* tics are the grid's own values */
        write_axis_script(lines, plot, &plot->script);
        text_add(&plot->data, data.data);
        report_figure(report, plot, heading, lines_caption(lines, x_log));
    }
    text_clear(&data);
    free(places);
}

/* Labels that are numbers, at least three different ones. */
static bool is_numeric(const struct report *report, size_t axis) {
    const struct results *results = report->results;
    double numbers[3], number;
    size_t n = 0;
    for (size_t p = 0; p < results->n_points; p++) {
        size_t i = 0;
        if (results->labels[p][axis] == NULL)
            continue;
        if (!axis_number(results, p, axis, &number))
            return false;
        while (i < n && numbers[i] != number)
            i++;
        if (i == n && n < 3)
            numbers[n++] = number;
    }
    return n == 3;
}

void report_choose_colours(struct report *report) {
    report->line_axis = report->results->n_axes;
    for (size_t i = 0; i < report->n_axes && report->n_axes > 1 && report->metric != NULL; i++) {
        struct lines lines = {.report = report, .axis = report->axes[i]};
        if (!is_numeric(report, lines.axis))
            continue;
        find_lines(&lines);
        if (lines.n == 0)
            continue;
        report->line_axis = lines.axis;
        return;
    }
}

void report_plot_axes(struct report *report) {
    size_t drawn = 0;
    for (size_t i = 0; i < report->n_axes && drawn < AXIS_PLOTS && report->metric != NULL; i++) {
        struct lines lines = {.report = report, .axis = report->axes[i]};
        if (!is_numeric(report, lines.axis))
            continue;
        find_lines(&lines);
        if (lines.n == 0)
            continue;
        const char *axis = results_axis_name(report->results, lines.axis), *number = drawn == 0 ? "" : "_2";
        write_axis(&lines, arena_printf(&report->arena, "axis%s", number), report->metric, report->metric,
                   arena_printf(&report->arena, "%s over %s", report->metric, axis));
        write_axis(&lines, arena_printf(&report->arena, "axis_time%s", number), "epoch_seconds", "seconds per epoch",
                   arena_printf(&report->arena, "Time over %s", axis));
        drawn++;
    }
}

/* ---- Accuracy against time --------------------------------------------------------------------------------------- */

struct cost {
    double seconds, mean; /* mean: as larger is better */
    size_t point;
    bool front;
    int series; /* with a colour and a label of its own, or -1 */
};

static int compare_costs(const void *a, const void *b) {
    const struct cost *x = a, *y = b;
    if (x->seconds != y->seconds)
        return x->seconds < y->seconds ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static size_t gather_costs(const struct report *report, size_t problem, struct cost *costs) {
    bool lower = column_lower_is_better(report->metric);
    size_t n = 0;
    for (size_t i = 0; i < report->n_order; i++) {
        struct point_metric seconds;
        if (report->problems[report->order[i]] != problem)
            continue;
        point_measure(report->results, report->order[i], "seconds", &seconds);
        if (seconds.n == 0 || !(seconds.median > 0))
            continue;
        double mean = report->means[report->order[i]];
        costs[n++] = (struct cost){
            .seconds = seconds.median, .mean = lower ? -mean : mean, .point = report->order[i], .series = -1};
    }
    qsort(costs, n, sizeof *costs, compare_costs);
    double best = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        costs[i].front = costs[i].mean > best;
        best = costs[i].front ? costs[i].mean : best;
    }
    return n;
}

/* Colours go to all points where they are few, else to those of the front, thinned evenly. */
static size_t choose_series(struct cost *costs, size_t n) {
    size_t wanted = 0, given = 0, seen = 0;
    bool all = n <= SVG_SERIES;
    for (size_t i = 0; i < n; i++)
        wanted += all || costs[i].front ? 1 : 0;
    for (size_t i = 0; i < n; i++) {
        if (!all && !costs[i].front)
            continue;
        size_t due = wanted <= SVG_SERIES ? seen + 1 : (seen + 1) * SVG_SERIES / wanted;
        if (due > given)
            costs[i].series = (int)given++;
        seen++;
    }
    return given;
}

/* The front, and as many of the others as can be told apart. */
static size_t thin_costs(struct cost *costs, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (costs[i].front || (i + 1) * COSTS_DRAWN / n > i * COSTS_DRAWN / n)
            costs[kept++] = costs[i];
    return kept;
}

static void write_front_data(const struct report *report, const struct cost *costs, size_t n, double sign,
                             struct text *data) {
    text_add(data, "label\t-\n");
    for (size_t i = 0; i < n; i++) {
        plot_number(costs[i].seconds, '\t', data);
        plot_number(sign * costs[i].mean, '\n', data);
    }
    text_add(data, "\n\nlabel\t-\n");
    for (size_t i = 0; i < n; i++)
        if (costs[i].front) {
            plot_number(costs[i].seconds, '\t', data);
            plot_number(sign * costs[i].mean, '\n', data);
        }
    for (size_t i = 0; i < n; i++) {
        if (costs[i].series < 0)
            continue;
        struct text label;
        text_init(&label);
        report_label(report, costs[i].point, report->results->n_axes, KEY_LABEL, &label);
        text_add(data, "\n\nlabel\t");
        plot_label(label.data, KEY_LABEL, data);
        text_add(data, "\n");
        plot_number(costs[i].seconds, '\t', data);
        plot_number(sign * costs[i].mean, '\n', data);
        text_clear(&label);
    }
}

/* ", dataset=digits" where there are several */
static const char *problem_words(struct report *report, size_t point) {
    const struct results *results = report->results;
    size_t axis = results_dataset_axis(results);
    if (axis == results->n_axes)
        return "";
    const char *label = results->labels[point][axis];
    return arena_printf(&report->arena, ", %s=%s", results_axis_name(results, axis), label != NULL ? label : "-");
}

static void write_front(struct report *report, const char *name, const struct cost *costs, size_t n, size_t series) {
    double sign = column_lower_is_better(report->metric) ? -1 : 1;
    struct range x = {.any = false}, y = {.any = false};
    struct key key = {.titled = true};
    struct text axes;
    text_init(&axes);
    report_axes(report, &axes);
    for (size_t i = 0; i < n; i++) {
        range_add(&x, costs[i].seconds);
        range_add(&y, sign * costs[i].mean);
        if (costs[i].series < 0)
            continue;
        struct text label;
        text_init(&label);
        report_label(report, costs[i].point, report->results->n_axes, KEY_LABEL, &label);
        key_measure(&key, label.data);
        text_clear(&label);
    }
    struct plot *plot = plots_add(&report->plots, name, PLOT_WIDTH, PLOT_HEIGHT + key_height(&key));
    if (plot != NULL) {
        struct text *script = &plot->script;
        key_write(&key, axes.data, PLOT_HEIGHT + key_height(&key), script);
        plot_above(report->metric, script);
        text_add(script, "set xlabel 'seconds of training (median)' offset 0,0.3\n");
        range_write(&x, 'x', range_is_wide(&x, 10), false, script);
        range_write(&y, 'y', false, column_is_share(report->metric), script);
        text_printf(script,
                    "plot '%s.dat' index 1 using 1:2 with steps lw 1 lc rgb '#%06x' notitle, \\\n"
                    "     '' index 0 using 1:2 with points pt 7 ps 0.5 lc rgb '#%06x' notitle",
                    name, SVG_FAINT, SVG_FAINT);
        size_t points[REPORT_CURVES];
        struct stroke strokes[REPORT_CURVES];
        for (size_t i = 0; i < n; i++)
            if (costs[i].series >= 0)
                points[costs[i].series] = costs[i].point;
        report_strokes(report, points, series, report->line_axis, strokes);
        for (size_t i = 0; i < series; i++)
            text_printf(script,
                        ", \\\n     '' index %zu using 1:2 with points pt %d ps 0.9 lw 1.5 lc rgb '#%06x' "
                        "title columnheader(2)",
                        i + 2, strokes[i].shape, strokes[i].colour);
        text_add(script, "\n");
        write_front_data(report, costs, n, sign, &plot->data);
        report_figure(
            report, plot,
            arena_printf(&report->arena, "%s against time%s", report->metric, problem_words(report, costs[0].point)),
            arena_printf(
                &report->arena,
                "A point a grid point: mean over the seeds, median of the seconds of a whole training. The line joins "
                "those that no other beats in both.%s",
                n > series ? " Those on it are named, as far as there are colours; the others are grey." : ""));
    }
    text_clear(&axes);
}

/* A picture a data set, of the first few. */
void report_plot_frontier(struct report *report) {
    size_t drawn = 0;
    if (report->metric == NULL || report->n_order < 2)
        return;
    struct cost *costs = memory_alloc(report->n_order, sizeof *costs);
    for (size_t p = 0; p < report->results->n_points && drawn < FRONTIERS; p++) {
        size_t n = report->problems[p] == p ? gather_costs(report, p, costs) : 0;
        if (n > COSTS_DRAWN)
            n = thin_costs(costs, n);
        if (n < 2)
            continue;
        const char *name = drawn == 0 ? "frontier" : arena_printf(&report->arena, "frontier_%zu", drawn + 1);
        write_front(report, name, costs, n, choose_series(costs, n));
        drawn++;
    }
    free(costs);
}

/* Pictures with a row a grid point: the seeds with their box, and the differences with their intervals. */
#include "runner/results/column.h"
#include "runner/results/report_plot.h"
#include "runner/results/statistics.h"
#include "runner/results/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOX_LEAST = 5, SEEDS_DRAWN = 60 };

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile of sorted numbers, by linear interpolation (R's type 7). */
static double quantile(const double *sorted, size_t n, double share) {
    double place = share * (double)(n - 1);
    size_t i = (size_t)place;
    return i + 1 < n ? sorted[i] + (place - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static size_t seed_values(const struct report *report, size_t point, double *values) {
    size_t first, end, n = 0;
    results_point_trials(report->results, point, &first, &end);
    for (size_t t = first; t < end; t++)
        n += column_value(report->results, t, report->metric, &values[n]) ? 1 : 0;
    qsort(values, n, sizeof *values, compare_doubles);
    return n;
}

/* Block 0: rows with label, median and box; block 1: the seeds. */
static bool write_seeds(struct rows *rows, struct text *boxes, struct text *dots) {
    struct report *report = rows->report;
    double *values = memory_alloc(report->results->n_trials + 1, sizeof *values);
    bool any_box = false;
    for (size_t i = 0; i < rows->n; i++) {
        size_t n = seed_values(report, rows->points[i], values);
        bool box = n >= BOX_LEAST;
        rows_add_label(rows, i, boxes);
        text_add(boxes, "\t");
        plot_number(n > 0 ? quantile(values, n, 0.5) : (double)NAN, '\t', boxes);
        const double shares[] = {0.25, 0.75, 0, 1};
        for (size_t k = 0; k < 4; k++)
            plot_number(box ? quantile(values, n, shares[k]) : (double)NAN, k < 3 ? '\t' : '\n', boxes);
        any_box = any_box || box;
        for (size_t k = 0; k < n; k++) {
            range_add(&rows->x, values[k]);
            if (n > SEEDS_DRAWN && (k + 1) * SEEDS_DRAWN / n == k * SEEDS_DRAWN / n && k > 0 && k + 1 < n)
                continue;
            plot_number(values[k], '\t', dots);
            plot_number(rows_place(rows, i), '\n', dots);
        }
    }
    free(values);
    return any_box;
}

void report_plot_seeds(struct report *report) {
    struct rows rows = {.report = report};
    if (report->metric == NULL || report->results->n_trials < 2)
        return;
    rows.n = report_pick(report, REPORT_ROWS, rows.points, &rows.cut);
    struct text boxes, dots;
    text_init(&boxes);
    text_init(&dots);
    bool any_box = rows.n > 0 && write_seeds(&rows, &boxes, &dots);
    struct key key = {.n = 0};
    struct plot *plot = rows.x.any ? rows_add_plot(&rows, "seeds", report->metric, 1, &key) : NULL;
    if (plot != NULL) {
        struct text *script = &plot->script;
        range_write(&rows.x, 'x', !column_is_share(report->metric) && range_is_wide(&rows.x, 100),
                    column_is_share(report->metric), script);
        text_add(script, "plot ");
        if (any_box)
            text_printf(
                script,
                "'seeds.dat' index 0 using (($4+$5)/2):1:4:5:($1-0.3):($1+0.3) with boxxyerror lw 1 lc rgb '#%06x' "
                "fs transparent solid 0.2 border lc rgb '#%06x' notitle, \\\n"
                "     '' index 0 using 6:1:($4-$6):(0) with vectors nohead lc rgb '#%06x' notitle, \\\n"
                "     '' index 0 using 5:1:($7-$5):(0) with vectors nohead lc rgb '#%06x' notitle, \\\n     ",
                SVG_INK, SVG_INK, SVG_INK, SVG_INK);
        text_printf(
            script,
            "'seeds.dat' index 0 using 3:($1-0.3):(0):(0.6) with vectors nohead lw 2.5 lc rgb '#%06x' notitle, \\\n"
            "     '' index 1 using 1:2 with points pt 6 ps 0.55 lc rgb '#%06x' notitle, \\\n"
            "     '' index 0 using (NaN):1:ytic(2) notitle\n",
            SVG_INK, SVG_INK);
        text_add(&plot->data, boxes.data);
        text_add(&plot->data, "\n\n");
        text_add(&plot->data, dots.data);
        report_figure(
            report, plot, arena_printf(&report->arena, "%s of every seed", report->metric),
            arena_printf(&report->arena, "A circle a trial, the thick stroke is the median%s.%s%s",
                         any_box ? "; boxes hold the middle half, whiskers reach to the least and the largest" : "",
                         report->counts.diverged > 0 ? " Diverged trials have no circle." : "",
                         report_cut(report, rows.n, rows.cut)));
    }
    text_clear(&dots);
    text_clear(&boxes);
}

/* ---- Differences ------------------------------------------------------------------------------------------------- */

static size_t kind_of(enum verdict verdict) {
    return verdict == VERDICT_BETTER ? 0 : verdict == VERDICT_WORSE ? 1 : 2;
}

/* A block a kind of verdict, so that each has its colour; those without an interval are a point alone. */
static void write_differences(struct rows *rows, struct text *data, size_t *counts) {
    const struct comparisons *all = &rows->report->comparisons;
    for (size_t i = 0; i < rows->n; i++) {
        rows_add_label(rows, i, data);
        text_add(data, "\n");
    }
    for (size_t kind = 0; kind < 3; kind++) {
        text_add(data, "\n\n");
        for (size_t i = 0; i < rows->n; i++) {
            const struct comparison *c = comparisons_find(all, rows->points[i]);
            if (c == NULL || c->verdict == VERDICT_REFERENCE || c->t.n == 0 || kind_of(c->verdict) != kind)
                continue;
            bool interval = isfinite(c->t.low) && isfinite(c->t.high);
            plot_number(c->t.mean, '\t', data);
            plot_number(rows_place(rows, i), '\t', data);
            plot_number(interval ? c->t.low : c->t.mean, '\t', data);
            plot_number(interval ? c->t.high : c->t.mean, '\n', data);
            range_add(&rows->x, c->t.mean);
            range_add(&rows->x, c->t.low);
            range_add(&rows->x, c->t.high);
            counts[kind]++;
        }
        if (counts[kind] == 0)
            text_add(data, "NaN\tNaN\tNaN\tNaN\n");
    }
}

void report_plot_differences(struct report *report) {
    static const char *const names[] = {"better", "worse", "no difference shown"};
    static const int shapes[] = {7, 5, 6};
    const unsigned colours[] = {SVG_INK, SVG_INK, SVG_AXIS};
    struct rows rows = {.report = report};
    if (report->metric == NULL || report->comparisons.count < 2)
        return;
    rows.n = report_pick(report, REPORT_ROWS, rows.points, &rows.cut);
    size_t counts[3] = {0};
    struct text data;
    text_init(&data);
    write_differences(&rows, &data, counts);
    range_add(&rows.x, 0);
    struct key key = {.n = 0};
    for (size_t k = 0; k < 3; k++)
        if (counts[k] > 0)
            key_measure(&key, names[k]);
    struct plot *plot = counts[0] + counts[1] + counts[2] > 0
                            ? rows_add_plot(&rows, "differences",
                                            arena_printf(&report->arena, "difference in %s", report->metric), 1, &key)
                            : NULL;
    if (plot != NULL) {
        range_write(&rows.x, 'x', false, false, &plot->script);
        text_printf(&plot->script, "set arrow 1 from 0, graph 0 to 0, graph 1 nohead lc rgb '#%06x'\n", SVG_AXIS);
        text_add(&plot->script,
                 "plot 'differences.dat' index 0 using (0):1:ytic(2) with points pt 0 lc rgb '#6a6a6a' notitle");
        for (size_t k = 0; k < 3; k++)
            if (counts[k] > 0)
                text_printf(&plot->script,
                            ", \\\n     '' index %zu using 1:2:3:4 with xerrorbars lw 1.6 pt %d ps 0.8 lc rgb '#%06x' "
                            "title '%s'",
                            k + 1, shapes[k], colours[k], names[k]);
        text_add(&plot->script, "\n");
        text_add(&plot->data, data.data);
        report_figure(
            report, plot,
            arena_printf(&report->arena, "Difference from the %s",
                         !report->comparisons.best  ? "baseline"
                         : report->several_problems ? "best of each data set"
                                                    : "best"),
            arena_printf(&report->arena,
                         "Means of the paired differences over the seeds with 95 %% intervals. %s is better.%s",
                         report->comparisons.lower_is_better ? "Left of 0" : "Right of 0",
                         report_cut(report, rows.n, rows.cut)));
    }
    text_clear(&data);
}

/* Pictures of several runs: a row a grid point of the first, a mark a run. */
#include "runner/results/column.h"
#include "runner/results/report_compare.h"
#include "runner/results/report_plot.h"
#include "runner/results/svg.h"

#include <math.h>

static const int shapes[SVG_SERIES] = {7, 5, 9, 13, 11, 6, 4, 8};

struct marks {
    const struct compared *all;
    struct rows rows;
    const char *column; /* NULL: the differences of the metric from the first run */
    size_t first, end;  /* sides */
    struct text data;
    struct key key;
};

/* What is drawn of a point of the first run: a number with what reaches to its left and right. False where there is none. */
static bool measure(const struct marks *marks, size_t side, size_t point, double numbers[3]) {
    size_t other = side == 0 ? point : compared_point(marks->all, side, point);
    if (other == SIZE_MAX)
        return false;
    if (marks->column == NULL) {
        struct t_test test;
        compared_test(marks->all, side, point, other, &test);
        bool interval = test.n >= 2 && isfinite(test.low) && isfinite(test.high);
        numbers[0] = test.mean;
        numbers[1] = interval ? test.low : test.mean;
        numbers[2] = interval ? test.high : test.mean;
        return test.n > 0;
    }
    struct point_metric metric;
    point_measure(marks->all->sides[side].results, other, marks->column, &metric);
    numbers[0] = metric.mean;
    numbers[1] = metric.min;
    numbers[2] = metric.max;
    return metric.n > 0 && isfinite(metric.mean);
}

/* Block 0: labels; then a block a run, its marks below those of the run before. */
static bool write_data(struct marks *marks) {
    struct rows *rows = &marks->rows;
    size_t n = marks->end - marks->first;
    bool any = false;
    for (size_t i = 0; i < rows->n; i++) {
        rows_add_label(rows, i, &marks->data);
        text_add(&marks->data, "\n");
    }
    for (size_t side = marks->first; side < marks->end; side++) {
        double shift = ((double)(n - 1) / 2 - (double)(side - marks->first)) * 0.7 / (double)n, numbers[3];
        text_add(&marks->data, "\n\nNaN\tNaN\tNaN\tNaN\n");
        for (size_t i = 0; i < rows->n; i++) {
            if (!measure(marks, side, rows->points[i], numbers))
                continue;
            plot_number(numbers[0], '\t', &marks->data);
            plot_number(rows_place(rows, i) + shift, '\t', &marks->data);
            plot_number(numbers[1], '\t', &marks->data);
            plot_number(numbers[2], '\n', &marks->data);
            for (size_t k = 0; k < 3; k++)
                range_add(&rows->x, numbers[k]);
            any = true;
        }
        key_measure(&marks->key, "A");
    }
    return any;
}

static void write_marks(struct marks *marks, const char *name, const char *xlabel, const char *heading,
                        const char *caption) {
    struct report *report = &marks->all->sides[0];
    text_init(&marks->data);
    bool any = write_data(marks), share = marks->column != NULL && column_is_share(marks->column);
    struct plot *plot = any ? rows_add_plot(&marks->rows, name, xlabel, marks->end - marks->first, &marks->key) : NULL;
    if (plot != NULL) {
        bool logarithmic = marks->column != NULL && !share && range_is_wide(&marks->rows.x, 20);
        if (marks->column == NULL)
            range_add(&marks->rows.x, 0);
        range_write(&marks->rows.x, 'x', logarithmic, share, &plot->script);
        if (marks->column == NULL)
            text_printf(&plot->script, "set arrow 1 from 0, graph 0 to 0, graph 1 nohead lc rgb '#%06x'\n", SVG_AXIS);
        text_printf(&plot->script, "plot '%s.dat' index 0 using (NaN):1:ytic(2) notitle", name);
        for (size_t side = marks->first; side < marks->end; side++)
            text_printf(&plot->script,
                        ", \\\n     '' index %zu using 1:2:3:4 with xerrorbars lw 1.4 pt %d ps 0.7 lc rgb '#%06x' "
                        "title '%c'",
                        side - marks->first + 1, shapes[side], svg_series[side], (int)('A' + side));
        text_add(&plot->script, "\n");
        text_add(&plot->data, marks->data.data);
        report_figure(report, plot, heading,
                      arena_printf(&report->arena, "%s%s%s", caption,
                                   marks->all->n > SVG_SERIES ? " The first 8 runs are shown." : "",
                                   report_cut(report, marks->rows.n, marks->rows.cut)));
    }
    text_clear(&marks->data);
}

void report_plot_compared(struct compared *all) {
    struct report *report = &all->sides[0];
    struct marks marks = {.all = all, .rows = {.report = report}, .end = all->n < SVG_SERIES ? all->n : SVG_SERIES};
    marks.rows.n = report_pick(report, REPORT_ROWS, marks.rows.points, &marks.rows.cut);
    const struct marks empty = marks;
    marks.column = all->metric;
    write_marks(&marks, "runs", all->metric, arena_printf(&report->arena, "%s of each run", all->metric),
                "Means over the seeds; bars reach from the lowest seed to the highest.");
    marks = empty;
    marks.first = 1;
    write_marks(&marks, "differences", arena_printf(&report->arena, "difference in %s", all->metric),
                "Difference from A",
                arena_printf(&report->arena,
                             "Means of the differences paired by seed, with 95 %% intervals. %s is better than A.",
                             column_lower_is_better(all->metric) ? "Left of 0" : "Right of 0"));
    marks = empty;
    marks.column = "epoch_seconds";
    write_marks(&marks, "times", "seconds per epoch", "Time of each run",
                "Means over the seeds; bars reach from the fastest to the slowest.");
}

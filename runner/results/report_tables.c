#include "runner/base/html.h"
#include "runner/base/words.h"
#include "runner/results/column.h"
#include "runner/results/report_parts.h"
#include "runner/results/verdict.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The points that tables show: as in pictures, but more of them. */
static size_t choose_points(struct report *report, size_t **points, bool *cut) {
    size_t most = report->results->n_points < REPORT_TABLE_ROWS ? report->results->n_points : REPORT_TABLE_ROWS;
    *points = arena_array(&report->arena, most, sizeof **points);
    if (report->results->n_points <= REPORT_TABLE_ROWS) { /* with those that have no trial yet */
        for (size_t p = 0; p < most; p++)
            (*points)[p] = p;
        *cut = false;
        return most;
    }
    return report_pick(report, most, *points, cut);
}

static void add_caption(struct report *report, size_t shown, bool cut, struct text *out) {
    const char *caption = report_cut(report, shown, cut);
    if (caption[0] != '\0')
        html_element(out, "p class=\"small\"", caption + 1);
}

static bool numeric(const struct results *results, size_t axis) {
    double number;
    for (size_t p = 0; p < results->n_points; p++) {
        const char *label = results->labels[p][axis];
        if (label != NULL && strcmp(label, "full") != 0 && !number_read(label, &number))
            return false;
    }
    return true;
}

struct axis_columns {
    const struct report *report;
    bool *right;
    size_t without; /* an axis that is left out, or the results' n_axes */
};

static struct axis_columns axis_columns(struct report *report) {
    struct axis_columns columns = {report, arena_array(&report->arena, report->n_axes, sizeof(bool)),
                                   report->results->n_axes};
    for (size_t i = 0; i < report->n_axes; i++)
        columns.right[i] = numeric(report->results, report->axes[i]);
    return columns;
}

static bool left_out(const struct axis_columns *columns, size_t i) {
    return columns->report->axes[i] == columns->without;
}

static void add_axis_heads(const struct axis_columns *columns, struct text *out) {
    for (size_t i = 0; i < columns->report->n_axes; i++)
        if (!left_out(columns, i))
            report_head_cell(results_axis_name(columns->report->results, columns->report->axes[i]), columns->right[i],
                             out);
}

static void add_axis_cells(const struct axis_columns *columns, size_t point, struct text *out) {
    for (size_t i = 0; i < columns->report->n_axes; i++) {
        if (left_out(columns, i))
            continue;
        const char *label = columns->report->results->labels[point][columns->report->axes[i]];
        report_label_cell(label != NULL ? label : "\u2013", columns->right[i], out);
    }
}

static void add_heads(const char *const *names, struct text *out) {
    for (size_t i = 0; names[i] != NULL; i++)
        html_element(out, "th class=\"n\"", names[i]);
}

/* ---- Summary ----------------------------------------------------------------------------------------------------- */

/* Beside a share the standard error that its finite number of rows leaves. */
static void add_metric(const struct point_metric *metric, struct text *out) {
    char mean[WORDS_SIZE], text[WORDS_SIZE];
    text_add(out, "<td class=\"n\">");
    if (metric->has_mean)
        html_text(out, isnan(metric->mean) ? "\u2013" : words_number(metric->mean, mean));
    if (metric->has_mean && metric->has_sd && !isnan(metric->mean))
        html_printf(out, " \u00b1 %s", words_number_like(metric->mean - metric->low, mean, text));
    if (metric->has_mean && !isnan(metric->sampling_error))
        html_printf(out, " (%s)", words_number_like(metric->sampling_error, mean, text));
    text_add(out, "</td>");
}

static void add_interval(double low, double high, struct text *out) {
    struct text interval;
    text_init(&interval);
    if (!isnan(low) && !isnan(high))
        verdict_interval(low, high, &interval);
    html_element(out, "td class=\"n\"", interval.data);
    text_clear(&interval);
}

static void add_notes(const struct point_summary *summary, struct text *out) {
    size_t all = summary->n + summary->n_failed + summary->missing;
    const char *separator = "";
    text_add(out, "<td class=\"notes\">");
    const struct {
        size_t n;
        const char *what;
    } notes[] = {{summary->n_diverged, "diverged"}, {summary->n_failed, "failed"}, {summary->missing, "not finished"}};
    for (size_t i = 0; i < 3; i++) {
        if (notes[i].n == 0)
            continue;
        html_printf(out, "%s%zu of %zu %s", separator, notes[i].n, all, notes[i].what);
        separator = ", ";
    }
    text_add(out, "</td>");
}

/* Metrics on the rows of the main metric's split, then its loss. */
static size_t shown_columns(const struct report *report, const char **shown, size_t most) {
    size_t n = 0, split = report->metric != NULL ? strcspn(report->metric, "_") + 1 : 0;
    for (int loss = 0; loss < 2; loss++)
        for (size_t c = 0; c < report->n_columns && n < most && report->metric != NULL; c++) {
            const char *column = report->columns[c];
            if (strncmp(column, report->metric, split) == 0 && strncmp(column, "train_eval_", 11) != 0 &&
                (strcmp(column + split, "loss") == 0) == (loss == 1))
                shown[n++] = column;
        }
    return n;
}

void report_summary(struct report *report, struct text *out) {
    const char *shown[8];
    size_t n_shown = shown_columns(report, shown, 8), *points;
    bool cut, with_error = false;
    size_t n = choose_points(report, &points, &cut);
    char text[WORDS_SIZE];
    struct axis_columns axes = axis_columns(report);
    html_element(out, "h3", "Grid points: mean \u00b1 half of the 95 % interval over the seeds");
    report_table_open("Summary of the grid points", out);
    text_add(out, "<tr>");
    add_axis_heads(&axes, out);
    html_element(out, "th class=\"n\"", "seeds");
    for (size_t c = 0; c < n_shown; c++)
        report_head_cell(shown[c], true, out);
    add_heads((const char *const[]){"updates", "s/epoch", NULL}, out);
    text_add(out, "<th></th></tr>\n");
    for (size_t i = 0; i < n; i++) {
        struct point_summary summary;
        point_summarize(report->results, points[i], shown, n_shown, &report->arena, &summary);
        text_add(out, "<tr>");
        add_axis_cells(&axes, points[i], out);
        text_printf(out, "<td class=\"n\">%zu</td>", summary.n);
        for (size_t c = 0; c < n_shown; c++) {
            add_metric(&summary.metrics[c], out);
            with_error = with_error || (summary.metrics[c].has_mean && !isnan(summary.metrics[c].sampling_error));
        }
        text_printf(out, summary.n > 0 ? "<td class=\"n\">%.0f</td>" : "<td></td>", summary.updates);
        html_element(out, "td class=\"n\"", words_seconds(summary.seconds_per_epoch, text));
        add_notes(&summary, out);
        text_add(out, "</tr>\n");
    }
    report_table_close(out);
    add_caption(report, n, cut, out);
    if (with_error)
        text_add(out, "<p class=\"small\">In brackets: the standard error that the finite number of rows alone leaves, "
                      "which seeds do not show.</p>\n");
}

/* ---- Targets ----------------------------------------------------------------------------------------------------- */

void report_targets(struct report *report, struct text *out) {
    const struct results *results = report->results;
    size_t *points;
    bool cut;
    if (results->n_targets == 0)
        return;
    size_t n = choose_points(report, &points, &cut);
    char number[WORDS_SIZE];
    struct axis_columns axes = axis_columns(report);
    html_element(out, "h3", "What it took to reach the targets, as medians");
    report_table_open("Targets", out);
    text_add(out, "<tr>");
    add_axis_heads(&axes, out);
    html_element(out, "th", "target");
    add_heads((const char *const[]){"reached by", "epochs", "updates", "seconds", NULL}, out);
    text_add(out, "</tr>\n");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < results->n_targets; k++) {
            struct point_target reach;
            point_reach(results, points[i], &results->targets[k], &reach);
            text_add(out, "<tr>");
            add_axis_cells(&axes, points[i], out);
            text_add(out, "<td>");
            html_printf(out, "%s %s", results->targets[k].column, words_number(results->targets[k].value, number));
            text_printf(out, "</td><td class=\"n\">%zu of %zu</td>", reach.reached, reach.n);
            const double numbers[] = {reach.epochs, reach.updates, reach.seconds};
            for (size_t c = 0; c < 3; c++)
                html_element(out, "td class=\"n\"",
                             isinf(numbers[c])   ? "not reached"
                             : isnan(numbers[c]) ? ""
                             : c == 2            ? words_seconds(numbers[c], number)
                                                 : arena_printf(&report->arena, "%g", numbers[c]));
            text_add(out, "</tr>\n");
        }
    report_table_close(out);
    add_caption(report, n, cut, out);
}

/* ---- Comparisons, ranks ------------------------------------------------------------------------------------------ */

/* What stands below a table, each sentence once, so that its columns stay narrow. */
struct footnotes {
    const char *texts[16];
    size_t n;
};

/* 1, 2, ...; 0 where there are too many. */
static size_t footnote(struct footnotes *notes, const char *text) {
    size_t i = 0;
    while (i < notes->n && strcmp(notes->texts[i], text) != 0)
        i++;
    if (i == notes->n && i < sizeof notes->texts / sizeof notes->texts[0])
        notes->texts[notes->n++] = text;
    return i < notes->n ? i + 1 : 0;
}

static void add_footnotes(const struct footnotes *notes, struct text *out) {
    for (size_t i = 0; i < notes->n; i++) {
        text_printf(out, "<p class=\"small\"><sup>%zu</sup> ", i + 1);
        html_printf(out, "%s.", notes->texts[i]);
        text_add(out, "</p>\n");
    }
}

static void add_comparison(const struct axis_columns *axes, const struct comparisons *all, const struct comparison *c,
                           struct footnotes *notes, struct text *out) {
    bool reference = c->verdict == VERDICT_REFERENCE;
    text_add(out, reference ? "<tr class=\"reference\">" : "<tr>");
    add_axis_cells(axes, c->point, out);
    text_add(out, "<td>");
    html_text(out, c->verdict == VERDICT_NONE ? "no verdict" : verdict_name(c->verdict));
    if (c->reason[0] != '\0')
        text_printf(out, "<sup>%zu</sup>", footnote(notes, c->reason));
    text_add(out, "</td>");
    if (reference) {
        text_add(out, "<td></td><td></td><td></td><td></td><td></td><td></td><td></td></tr>\n");
        return;
    }
    char number[WORDS_SIZE];
    bool tested = c->t.n > 0;
    html_element(out, "td class=\"n\"", tested ? words_number(c->t.mean, number) : "");
    add_interval(tested ? c->t.low : (double)NAN, c->t.high, out);
    report_number(c->p_holm, out);
    report_number(tested ? c->wilcoxon.p : (double)NAN, out);
    text_printf(out, "<td class=\"n\">%zu / %zu / %zu</td>", c->win, c->tie, c->loss);
    report_number(tested ? c->t.effect : (double)NAN, out);
    size_t needed = comparison_seeds_needed(all, c);
    text_printf(out, needed > 0 ? "<td class=\"n\">%zu</td>" : "<td></td>", needed);
    text_add(out, "</tr>\n");
}

void report_comparisons(struct report *report, struct text *out) {
    const struct comparisons *all = &report->comparisons;
    if (report->metric == NULL || all->count < 2)
        return;
    size_t *points;
    bool cut;
    size_t n = choose_points(report, &points, &cut);
    struct axis_columns axes = axis_columns(report);
    struct footnotes notes = {.n = 0};
    text_add(out, "<h3>");
    html_printf(out, "%s: difference from %s", report->metric,
                !all->best                 ? "the baseline"
                : report->several_problems ? "the best of each data set"
                                           : "the best");
    text_add(out, "</h3>\n");
    report_table_open("Comparisons", out);
    text_add(out, "<tr>");
    add_axis_heads(&axes, out);
    html_element(out, "th", "verdict");
    add_heads((const char *const[]){"difference", "95 % interval", "p (Holm)", "p Wilcoxon", "win / tie / loss",
                                    "effect d", "seeds needed", NULL},
              out);
    text_add(out, "</tr>\n");
    for (size_t i = 0; i < n; i++) {
        const struct comparison *c = comparisons_find(all, points[i]);
        if (c != NULL)
            add_comparison(&axes, all, c, &notes, out);
    }
    report_table_close(out);
    add_footnotes(&notes, out);
    add_caption(report, n, cut, out);
    text_add(out,
             "<p class=\"small\">Pairs are trials of the same seed. The t test decides, at 5 % after the correction; "
             "Wilcoxon\u2019s stands beside it. \u201cNo difference shown\u201d is not \u201cequal\u201d: the interval "
             "tells how large a difference may be.</p>\n");
}

static void add_ranks(struct report *report, const struct ranking *ranking, struct text *out) {
    struct axis_columns axes = axis_columns(report);
    axes.without = results_dataset_axis(report->results); /* of which there are several, or none */
    text_add(out, "<h3>");
    html_printf(out, "%s: mean ranks over %zu %s", report->metric, ranking->test.blocks,
                ranking->by_dataset ? "data sets" : "seeds");
    text_add(out, "</h3>\n");
    report_table_open("Mean ranks", out);
    text_add(out, "<tr>");
    add_axis_heads(&axes, out);
    html_element(out, "th class=\"n\"", "mean rank");
    text_add(out, "</tr>\n");
    size_t shown = ranking->treatments < REPORT_TABLE_ROWS ? ranking->treatments : REPORT_TABLE_ROWS;
    for (size_t k = 0; k < shown; k++) {
        text_add(out, "<tr>");
        add_axis_cells(&axes, ranking->points[k], out);
        text_printf(out,
                    k < ranking->test.treatments ? "<td class=\"n\">%.2f</td></tr>\n"
                                                 : "<td class=\"n\">\u2013</td></tr>\n",
                    k < ranking->test.treatments ? ranking->ranks[k] : 0);
    }
    report_table_close(out);
    if (shown < ranking->treatments) {
        text_add(out, "<p class=\"small\">");
        html_printf(out, "The first %zu of %zu settings; ranks.csv has all.", shown, ranking->treatments);
        text_add(out, "</p>\n");
    }
}

void report_ranks(struct report *report, struct text *out) {
    struct ranking ranking;
    if (report->metric == NULL || report->results->n_points > 1000)
        return;
    bool ranked = ranking_make(report->results, report->metric, &ranking);
    if (ranked)
        add_ranks(report, &ranking, out);
    if (ranked || ranking.reason[0] != '\0') {
        struct text sentence;
        text_init(&sentence);
        verdict_ranking(&ranking, &sentence);
        text_add(out, "<p class=\"small\">");
        html_printf(out, "%s%c%s.", ranked ? "1 is the best. " : "", toupper((unsigned char)sentence.data[0]),
                    sentence.data + 1);
        text_add(out, "</p>\n");
        text_clear(&sentence);
    }
    ranking_clear(&ranking);
}

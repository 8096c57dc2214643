/* Several runs on one page. */
#include "runner/results/report_compare.h"

#include "runner/base/file.h"
#include "runner/base/html.h"
#include "runner/base/words.h"
#include "runner/results/column.h"
#include "runner/results/verdict.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char side_letter(size_t side) {
    return (char)('A' + side % 26);
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static void add_cell(const struct report *report, size_t point, const char *metric, struct text *out) {
    struct point_metric m;
    char mean[WORDS_SIZE], half[WORDS_SIZE];
    text_add(out, "<td class=\"n\">");
    if (point != SIZE_MAX) {
        point_measure(report->results, point, metric, &m);
        if (m.has_mean)
            html_text(out, words_number(m.mean, mean));
        if (m.has_mean && m.has_sd && !isnan(m.mean))
            html_printf(out, " \u00b1 %s", words_number_like(m.mean - m.low, mean, half));
    }
    text_add(out, "</td>");
}

static void add_difference(const struct compared *all, size_t side, size_t point, size_t other, struct text *out) {
    struct t_test test = {.n = 0};
    char mean[WORDS_SIZE];
    if (other != SIZE_MAX)
        compared_test(all, side, point, other, &test);
    html_element(out, "td class=\"n\"", test.n > 0 ? words_number(test.mean, mean) : "");
    text_add(out, "<td class=\"n\">");
    if (test.n >= 2 && isfinite(test.low)) {
        struct text interval;
        text_init(&interval);
        verdict_interval(test.low, test.high, &interval);
        html_text(out, interval.data);
        text_clear(&interval);
    }
    text_add(out, "</td>");
}

static void add_seconds(const struct report *report, size_t point, struct text *out) {
    struct point_metric m = {.median = (double)NAN};
    char text[WORDS_SIZE];
    if (point != SIZE_MAX)
        point_measure(report->results, point, "epoch_seconds", &m);
    html_element(out, "td class=\"n\"", words_seconds(m.median, text));
}

static void add_heads(const struct compared *all, struct text *out) {
    const struct report *first = &all->sides[0];
    text_add(out, "<tr>");
    for (size_t i = 0; i < first->results->n_axes; i++)
        report_head_cell(results_axis_name(first->results, i), false, out);
    for (size_t s = 0; s < all->n; s++) {
        text_add(out, "<th class=\"n\">");
        html_printf(out, "%c: %s", side_letter(s), all->metric);
        text_add(out, "</th>");
    }
    for (size_t s = 1; s < all->n; s++) {
        text_add(out, "<th class=\"n\">");
        html_printf(out, "%c \u2212 A", side_letter(s));
        text_add(out, "</th><th class=\"n\">95 % interval</th>");
    }
    for (size_t s = 0; s < all->n; s++) {
        text_add(out, "<th class=\"n\">");
        html_printf(out, "%c: s/epoch", side_letter(s));
        text_add(out, "</th>");
    }
    text_add(out, "</tr>\n");
}

static void add_points(const struct compared *all, struct text *out) {
    const struct report *first = &all->sides[0];
    size_t *matches = memory_alloc(all->n, sizeof *matches), shown = 0;
    html_element(out, "h2", "Grid points side by side");
    report_table_open("Grid points side by side", out);
    add_heads(all, out);
    for (size_t p = 0; p < first->results->n_points && shown < REPORT_TABLE_ROWS; p++, shown++) {
        text_add(out, "<tr>");
        for (size_t i = 0; i < first->results->n_axes; i++)
            report_label_cell(first->results->labels[p][i] != NULL ? first->results->labels[p][i] : "\u2013", false,
                              out);
        matches[0] = p;
        for (size_t s = 1; s < all->n; s++)
            matches[s] = compared_point(all, s, p);
        for (size_t s = 0; s < all->n; s++)
            add_cell(&all->sides[s], matches[s], all->metric, out);
        for (size_t s = 1; s < all->n; s++)
            add_difference(all, s, p, matches[s], out);
        for (size_t s = 0; s < all->n; s++)
            add_seconds(&all->sides[s], matches[s], out);
        text_add(out, "</tr>\n");
    }
    report_table_close(out);
    text_add(out,
             "<p class=\"small\">Mean \u00b1 half of its 95 % interval over the seeds. Differences are paired by seed; "
             "their "
             "intervals are those of one t test each, without a correction for their number. A cell is empty where a "
             "run has no such "
             "point.</p>\n");
    if (shown < first->results->n_points) {
        text_add(out, "<p class=\"small\">");
        html_printf(out, "The first %zu of %zu grid points of A are shown.", shown, first->results->n_points);
        text_add(out, "</p>\n");
    }
    free(matches);
}

/* What a run has and the first has not stands below, by itself. */
static void add_alone(const struct compared *all, size_t side, struct text *out) {
    const struct report *report = &all->sides[side];
    size_t n = report->results->n_points, shown = 0;
    bool *partners = memory_alloc(n + 1, sizeof *partners);
    size_t alone = compared_partners(all, side, partners);
    if (alone > 0) {
        struct text label;
        text_init(&label);
        text_add(out, "<h3>");
        html_printf(out, "Grid points of %c without a partner in A", side_letter(side));
        text_add(out, "</h3>\n");
        report_table_open("Grid points without a partner", out);
        text_add(out, "<tr><th>grid point</th>");
        html_element(out, "th class=\"n\"", all->metric);
        text_add(out, "<th class=\"n\">s/epoch</th></tr>\n");
        for (size_t p = 0; p < n && shown < REPORT_TABLE_ROWS; p++) {
            if (partners[p])
                continue;
            shown++;
            text_reset(&label);
            results_point_label(report->results, p, &label);
            text_add(out, "<tr>");
            report_label_cell(label.length > 0 ? label.data : "all seeds", false, out);
            add_cell(report, p, all->metric, out);
            add_seconds(report, p, out);
            text_add(out, "</tr>\n");
        }
        report_table_close(out);
        if (shown < alone) {
            text_add(out, "<p class=\"small\">");
            html_printf(out, "The first %zu of %zu are shown.", shown, alone);
            text_add(out, "</p>\n");
        }
        text_clear(&label);
    }
    free(partners);
}

static void add_runs(const struct compared *all, struct text *out) {
    html_element(out, "h2", "The runs");
    report_table_open("The runs", out);
    text_add(out,
             "<tr><th></th><th>folder</th><th>experiment</th><th class=\"n\">points</th><th class=\"n\">trials</th>"
             "<th class=\"n\">done</th><th class=\"n\">diverged</th><th "
             "class=\"n\">failed</th><th>ended</th><th>machine</th>"
             "<th>matrix products</th></tr>\n");
    for (size_t s = 0; s < all->n; s++) {
        const struct report *report = &all->sides[s];
        const char *ended = json_string_value(json_object_get(report->manifest, "ended"));
        const char *cpu = json_string_value(json_object_get(json_object_get(report->manifest, "machine"), "cpu"));
        const char *blas = json_string_value(json_object_get(report->manifest, "blas"));
        text_printf(out, "<tr><td>%c</td>", side_letter(s));
        report_label_cell(last_part(all->sides[s].folder), false, out);
        report_label_cell(report->results->name, false, out);
        const size_t counts[] = {report->results->n_points, report->results->n_trials, report->counts.done,
                                 report->counts.diverged, report->counts.failed + report->counts.timeout};
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            text_printf(out, "<td class=\"n\">%zu</td>", counts[i]);
        html_element(out, "td", ended != NULL ? ended : "");
        html_element(out, "td", cpu != NULL ? cpu : "");
        report_label_cell(blas != NULL ? blas : "", false, out);
        text_add(out, "</tr>\n");
    }
    report_table_close(out);
}

/* Which run is which, and what they are compared by. */
static void add_head(const struct compared *all, struct text *out) {
    text_add(out, "<header><h1>Comparison of runs</h1>\n<dl>\n");
    for (size_t s = 0; s < all->n; s++) {
        text_printf(out, "<dt>%c</dt>", side_letter(s));
        html_element(out, "dd", last_part(all->sides[s].folder));
        text_add(out, "\n");
    }
    text_add(out, "</dl>\n</header>\n");
}

/* At how many grid points of the first a side ... */
struct overview {
    size_t matched, only; /* has the same one; has none */
    size_t diverged;      /* has no verdict, since of a diverged trial what is left is a choice of the lucky ones */
    size_t equal, tested, better, worse;
};

static void count_differences(const struct compared *all, size_t side, struct overview *overview) {
    const struct results *first = all->sides[0].results, *second = all->sides[side].results;
    const bool lower_is_better = column_lower_is_better(all->metric);
    double *p_values = memory_alloc(first->n_points + 1, sizeof *p_values);
    bool *higher = memory_alloc(first->n_points + 1, sizeof *higher);
    for (size_t p = 0; p < first->n_points; p++) {
        struct t_test test;
        struct results_counts counts = {0};
        const size_t other = compared_point(all, side, p);
        if (other == SIZE_MAX) {
            overview->only++;
            continue;
        }
        overview->matched++;
        compared_test(all, side, p, other, &test);
        results_count_point(first, p, &counts);
        results_count_point(second, other, &counts);
        if (counts.diverged > 0) {
            overview->diverged++;
            continue;
        }
        overview->equal += test.n > 0 && test.mean == 0 && (test.n < 2 || test.sd == 0) ? 1 : 0;
        if (test.n >= STATISTICS_LEAST && !isnan(test.p)) {
            higher[overview->tested] = test.mean > 0;
            p_values[overview->tested++] = test.p;
        }
    }
    statistics_holm(p_values, overview->tested, p_values);
    for (size_t i = 0; i < overview->tested; i++) {
        const bool differs = p_values[i] < 1 - STATISTICS_LEVEL;
        overview->better += differs && higher[i] != lower_is_better ? 1 : 0;
        overview->worse += differs && higher[i] == lower_is_better ? 1 : 0;
    }
    free(higher);
    free(p_values);
}

static const char *overview_verdict(const struct overview *overview) {
    if (overview->better > 0 && overview->worse == 0)
        return "yes";
    return overview->worse > 0 && overview->better == 0 ? "no" : "open";
}

/* `alone`: points of the side without a partner in the first. */
static void add_counts(const struct overview *o, const char *metric, char side, size_t alone, struct text *out) {
    if (o->matched == 0)
        html_text(out, "No grid point of one run has the labels of one of the other: what they came to stands below");
    else
        html_printf(out, "%zu grid point%s matched; ", o->matched, o->matched == 1 ? " is" : "s are");
    if (o->matched > 0 && o->tested == 0)
        html_printf(out, "none can be tested, for want of %d common seeds", STATISTICS_LEAST);
    else if (o->matched > 0)
        html_printf(
            out, "%s is better at %zu and worse at %zu of the %zu that can be tested (t test, Holm\u2019s correction)",
            metric, o->better, o->worse, o->tested);
    if (o->diverged > 0)
        html_printf(out, "; at %zu trials diverged, and there is no verdict", o->diverged);
    if (o->equal > 0)
        html_printf(out, "; it is equal in all digits at %zu", o->equal);
    if (o->matched > 0 && o->only + alone > 0)
        html_printf(out, "; %zu of A and %zu of %c have no partner", o->only, alone, side);
}

/* What speaks for itself: how many of the matched points differ. */
static void add_overview(const struct compared *all, struct text *out) {
    text_add(out, "<h2>Answer</h2>\n<ul class=\"answers\">\n");
    for (size_t s = 1; s < all->n; s++) {
        const char side = side_letter(s);
        struct overview overview = {0};
        count_differences(all, s, &overview);
        bool *partners = memory_alloc(all->sides[s].results->n_points + 1, sizeof *partners);
        const size_t alone = compared_partners(all, s, partners);
        free(partners);
        text_printf(out, "<li><span class=\"verdict %s\">%c against A</span><div>", overview_verdict(&overview), side);
        add_counts(&overview, all->metric, side, alone, out);
        text_add(out, ".</div></li>\n");
    }
    text_add(out, "</ul>\n");
}

enum status report_compare(const struct report_side *sides, size_t n, const char *output, struct text *notice,
                           struct error *error) {
    struct compared all = {.n = n};
    struct text page;
    arena_init(&all.arena);
    text_init(&page);
    text_reset(notice);
    all.sides = arena_array(&all.arena, n, sizeof *all.sides);
    for (size_t s = 0; s < n; s++)
        report_open(&all.sides[s], &sides[s]);
    struct error drawing = {0};
    all.metric = all.sides[0].metric;
    compared_match(&all);
    report_page_open("Comparison of runs", &page);
    add_head(&all, &page);
    if (all.metric != NULL) {
        report_plot_compared(&all);
        if (plots_draw(&all.sides[0].plots, NULL, &drawing) != STATUS_OK)
            text_add(&all.sides[0].missing, drawing.text);
        text_add(notice, all.sides[0].missing.data);
        add_overview(&all, &page);
        report_figures(&all.sides[0], &page);
        add_points(&all, &page);
        for (size_t i = 1; i < n; i++)
            add_alone(&all, i, &page);
    } else {
        html_element(&page, "p", "There is nothing to compare: no trial of the first run has a metric.");
    }
    add_runs(&all, &page);
    report_page_close(&page);
    enum status status = file_write_whole(output, page.data, page.length, error);
    for (size_t s = 0; s < n; s++)
        report_close(&all.sides[s]);
    text_clear(&page);
    arena_clear(&all.arena);
    return status;
}

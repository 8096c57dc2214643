/* Several runs on one page. */
#include "runner/results/report_compare.h"

#include "runner/base/file.h"
#include "runner/base/hash_table.h"
#include "runner/base/html.h"
#include "runner/base/words.h"
#include "runner/results/column.h"
#include "runner/results/verdict.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* The axis of this name, or n_axes. */
static size_t find_axis(const struct results *results, const char *name) {
    size_t a = 0;
    while (a < results->n_axes && strcmp(results->axes[a], name) != 0)
        a++;
    return a;
}

/* A point of one side as another sees it: by its labels on the axes that both grids have. Others do not count where their run has one
   label of them only. */
struct seen_point {
    const struct results *results;
    const size_t *axes; /* [n_axes] of those that both have */
    size_t n_axes, point, count;
};

static const char *seen_label(const struct seen_point *seen, size_t axis) {
    return seen->results->labels[seen->point][seen->axes[axis]];
}

static bool same_point(const void *item, const void *wanted) {
    const struct seen_point *a = item, *b = wanted;
    for (size_t i = 0; i < a->n_axes; i++) {
        const char *x = seen_label(a, i), *y = seen_label(b, i);
        if ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0))
            return false;
    }
    return true;
}

static uint64_t hash_seen(const struct seen_point *seen) {
    uint64_t hash = 0;
    for (size_t i = 0; i < seen->n_axes; i++) {
        const char *label = seen_label(seen, i);
        hash = hash_mix(hash, label != NULL ? hash_text(label, strlen(label)) : 1);
    }
    return hash;
}

static void match_side(struct compared *all, size_t side) {
    const struct results *first = all->sides[0].results, *other = all->sides[side].results;
    struct arena arena;
    struct hash_table table = {0};
    arena_init(&arena);
    size_t *ours = arena_array(&arena, first->n_axes, sizeof *ours),
           *theirs = arena_array(&arena, first->n_axes, sizeof *theirs), n = 0;
    for (size_t i = 0; i < first->n_axes; i++) {
        ours[n] = i;
        theirs[n] = find_axis(other, first->axes[i]);
        n += theirs[n] < other->n_axes ? 1 : 0;
    }
    for (size_t p = 0; p < other->n_points; p++) {
        struct seen_point seen = {other, theirs, n, p, 1};
        uint64_t hash = hash_seen(&seen);
        struct seen_point *before = hash_table_find(&table, hash, same_point, &seen);
        if (before != NULL) {
            before->count++;
            continue;
        }
        before = arena_alloc(&arena, sizeof *before);
        *before = seen;
        hash_table_add(&table, hash, before);
    }
    all->matches[side] = arena_array(&all->arena, first->n_points, sizeof *all->matches[side]);
    for (size_t p = 0; p < first->n_points; p++) {
        struct seen_point wanted = {first, ours, n, p, 1};
        const struct seen_point *found = hash_table_find(&table, hash_seen(&wanted), same_point, &wanted);
        all->matches[side][p] = found != NULL && found->count == 1 ? found->point : SIZE_MAX;
    }
    hash_table_clear(&table);
    arena_clear(&arena);
}

static void match_points(struct compared *all) {
    all->matches = arena_array(&all->arena, all->n, sizeof *all->matches);
    for (size_t s = 0; s < all->n; s++)
        match_side(all, s);
    for (size_t p = 0; p < all->sides[0].results->n_points; p++)
        all->matches[0][p] = p;
}

size_t compared_point(const struct compared *all, size_t side, size_t point) {
    return all->matches[side][point];
}

/* Which points of a side are the same as one of the first. Returns the number of the others. */
static size_t find_partners(const struct compared *all, size_t side, bool *partners) {
    size_t n = all->sides[side].results->n_points, alone = n;
    for (size_t p = 0; p < all->sides[0].results->n_points; p++) {
        size_t other = compared_point(all, side, p);
        if (other == SIZE_MAX || partners[other])
            continue;
        partners[other] = true;
        alone--;
    }
    return alone;
}

void compared_test(const struct compared *all, size_t side, size_t point, size_t other, struct t_test *test) {
    const struct results *first = all->sides[0].results, *second = all->sides[side].results;
    size_t from, to, begin, end, n = 0;
    results_point_trials(first, point, &from, &to);
    results_point_trials(second, other, &begin, &end);
    double *differences = memory_alloc(to - from + 1, sizeof *differences), scale = 0, before, after;
    for (size_t t = from; t < to; t++)
        for (size_t u = begin; u < end; u++) {
            if (first->trials[t].seed != second->trials[u].seed || !column_value(first, t, all->metric, &before) ||
                !column_value(second, u, all->metric, &after))
                continue;
            differences[n++] = after - before;
            scale = fmax(scale, fmax(fabs(before), fabs(after)));
            break;
        }
    statistics_t_test(differences, n, scale, test);
    test->n = n;
    uint64_t ours = column_rows(first, point, all->metric), theirs = column_rows(second, other, all->metric);
    uint64_t rows = ours < theirs ? ours : theirs;
    if (column_is_share(all->metric) && rows > 0 && statistics_steps(test, differences, n, 1 / (double)rows) != NULL)
        test->p = test->low = test->high = (double)NAN;
    free(differences);
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
        html_printf(out, "%c: %s", (int)('A' + s % 26), all->metric);
        text_add(out, "</th>");
    }
    for (size_t s = 1; s < all->n; s++) {
        text_add(out, "<th class=\"n\">");
        html_printf(out, "%c \u2212 A", (int)('A' + s % 26));
        text_add(out, "</th><th class=\"n\">95 % interval</th>");
    }
    for (size_t s = 0; s < all->n; s++) {
        text_add(out, "<th class=\"n\">");
        html_printf(out, "%c: s/epoch", (int)('A' + s % 26));
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
             "intervals are "
             "those of one t test each, without a correction for their number. A cell is empty where a run has no such "
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
    size_t alone = find_partners(all, side, partners);
    if (alone > 0) {
        struct text label;
        text_init(&label);
        text_add(out, "<h3>");
        html_printf(out, "Grid points of %c without a partner in A", (int)('A' + side % 26));
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
        text_printf(out, "<tr><td>%c</td>", (int)('A' + s % 26));
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
        text_printf(out, "<dt>%c</dt>", (int)('A' + s % 26));
        html_element(out, "dd", last_part(all->sides[s].folder));
        text_add(out, "\n");
    }
    text_add(out, "</dl>\n</header>\n");
}

/* What speaks for itself: how many of the matched points differ. */
static void add_overview(const struct compared *all, struct text *out) {
    const struct report *first = &all->sides[0];
    bool lower_is_better = column_lower_is_better(all->metric);
    text_add(out, "<h2>Answer</h2>\n<ul class=\"answers\">\n");
    for (size_t s = 1; s < all->n; s++) {
        size_t matched = 0, tested = 0, equal = 0, better = 0, worse = 0, only = 0, diverged = 0;
        double *p_values = memory_alloc(first->results->n_points + 1, sizeof *p_values);
        bool *higher = memory_alloc(first->results->n_points + 1, sizeof *higher);
        for (size_t p = 0; p < first->results->n_points; p++) {
            struct t_test test;
            size_t other = compared_point(all, s, p);
            if (other == SIZE_MAX) {
                only++;
                continue;
            }
            matched++;
            compared_test(all, s, p, other, &test);
            struct results_counts counts = {0};
            results_count_point(first->results, p, &counts);
            results_count_point(all->sides[s].results, other, &counts);
            if (counts.diverged > 0) { /* what is left is a choice of the lucky ones */
                diverged++;
                continue;
            }
            equal += test.n > 0 && test.mean == 0 && (test.n < 2 || test.sd == 0) ? 1 : 0;
            if (test.n >= STATISTICS_LEAST && !isnan(test.p)) {
                higher[tested] = test.mean > 0;
                p_values[tested++] = test.p;
            }
        }
        statistics_holm(p_values, tested, p_values);
        for (size_t i = 0; i < tested; i++) {
            bool differs = p_values[i] < 1 - STATISTICS_LEVEL;
            better += differs && higher[i] != lower_is_better ? 1 : 0;
            worse += differs && higher[i] == lower_is_better ? 1 : 0;
        }
        free(higher);
        free(p_values);
        text_printf(out, "<li><span class=\"verdict %s\">%c against A</span><div>",
                    better > 0 && worse == 0   ? "yes"
                    : worse > 0 && better == 0 ? "no"
                                               : "open",
                    (int)('A' + s % 26));
        if (matched == 0)
            html_text(out,
                      "No grid point of one run has the labels of one of the other: what they came to stands below");
        else
            html_printf(out, "%zu grid point%s matched; ", matched, matched == 1 ? " is" : "s are");
        if (matched > 0 && tested == 0)
            html_printf(out, "none can be tested, for want of %d common seeds", STATISTICS_LEAST);
        else if (matched > 0)
            html_printf(out,
                        "%s is better at %zu and worse at %zu of the %zu that can be tested (t test, Holm\u2019s "
                        "correction)",
                        all->metric, better, worse, tested);
        if (diverged > 0)
            html_printf(out, "; at %zu trials diverged, and there is no verdict", diverged);
        if (equal > 0)
            html_printf(out, "; it is equal in all digits at %zu", equal);
        bool *partners = memory_alloc(all->sides[s].results->n_points + 1, sizeof *partners);
        size_t alone = find_partners(all, s, partners);
        free(partners);
        if (matched > 0 && only + alone > 0)
            html_printf(out, "; %zu of A and %zu of %c have no partner", only, alone, (int)('A' + s % 26));
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
    match_points(&all);
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

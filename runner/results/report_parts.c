/* What the parts of a page share: what a folder holds, which points are shown and in which order, and their labels. */
#include "runner/results/report_parts.h"

#include "runner/base/file.h"
#include "runner/base/yaml.h"
#include "runner/results/column.h"
#include "runner/results/folder.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)64 << 20)

static char *read_text(struct report *report, const char *file) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    char *text = NULL;
    if (file_read(path_join(&report->arena, report->folder, file), FILE_LIMIT, &bytes, &n, NULL) == STATUS_OK)
        text = arena_copy_bytes(&report->arena, bytes, n);
    free(bytes);
    return text;
}

static void read_folder(struct report *report) {
    report->config = read_text(report, "config.yaml");
    report->description = "";
    if (report->config != NULL) {
        struct diagnostics diagnostics;
        diagnostics_init(&diagnostics);
        const struct tree *tree =
            yaml_read(report->config, strlen(report->config), "config.yaml", &report->arena, &diagnostics);
        const struct tree *description = tree_get(tree, "description");
        if (description != NULL && description->type == TREE_TEXT)
            report->description = description->text;
        diagnostics_clear(&diagnostics);
    }
    const char *manifest = read_text(report, "manifest.json");
    report->manifest = manifest != NULL ? json_loads(manifest, 0, NULL) : NULL;
}

static bool axis_differs(const struct results *results, size_t axis) {
    for (size_t p = 1; p < results->n_points; p++) {
        const char *a = results->labels[0][axis], *b = results->labels[p][axis];
        if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
            return true;
    }
    return false;
}

struct place {
    double mean;
    size_t point, rank; /* in its data set */
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->mean != y->mean)
        return x->mean > y->mean ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static int compare_ranks(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
                              : (x->point > y->point) - (x->point < y->point);
}

/* What is best in one data set and in another cannot be told by their means. */
static void mix_problems(const struct report *report, struct place *places) {
    size_t *counts = memory_alloc(report->results->n_points + 1, sizeof *counts);
    for (size_t i = 0; i < report->n_order; i++)
        places[i].rank = counts[report->problems[places[i].point]]++;
    qsort(places, report->n_order, sizeof *places, compare_ranks);
    free(counts);
}

/* Points without a mean stand behind those with one, by how many of their trials diverged. */
static void rank_diverged(struct report *report, const size_t *counts, struct place *places) {
    size_t n = 0;
    for (size_t p = 0; p < report->results->n_points; p++)
        if (report->ended[p] > 0 && isnan(report->means[p]))
            places[n++] = (struct place){0, p, report->ended[p] - counts[p]};
    qsort(places, n, sizeof *places, compare_ranks);
    for (size_t i = 0; i < n; i++)
        report->order[report->n_order + i] = places[i].point;
    report->n_ended = report->n_order + n;
}

/* Means of the main metric, and the order that they make. */
static void rank_points(struct report *report) {
    const struct results *results = report->results;
    size_t n = results->n_points;
    bool lower = report->metric != NULL && column_lower_is_better(report->metric);
    report->means = arena_array(&report->arena, n, sizeof *report->means);
    report->order = arena_array(&report->arena, n, sizeof *report->order);
    report->ended = arena_array(&report->arena, n, sizeof *report->ended);
    size_t *counts = memory_alloc(n + 1, sizeof *counts);
    struct place *places = memory_alloc(n + 1, sizeof *places);
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct result_trial *trial = &results->trials[t];
        double value;
        if (trial->record == NULL || trial->record->status > TRIAL_DIVERGED)
            continue;
        report->ended[trial->point]++;
        if (report->metric != NULL && column_value(results, t, report->metric, &value)) {
            report->means[trial->point] += value;
            counts[trial->point]++;
        }
    }
    for (size_t p = 0; p < n; p++) {
        bool known = counts[p] > 0 && counts[p] == report->ended[p];
        report->means[p] = known ? report->means[p] / (double)counts[p] : (double)NAN;
        if (!isnan(report->means[p]))
            places[report->n_order++] = (struct place){lower ? -report->means[p] : report->means[p], p, 0};
    }
    qsort(places, report->n_order, sizeof *places, compare_places);
    if (report->several_problems)
        mix_problems(report, places);
    for (size_t i = 0; i < report->n_order; i++)
        report->order[i] = places[i].point;
    rank_diverged(report, counts, places);
    free(places);
    free(counts);
}

void report_open(struct report *report, const struct report_side *side) {
    *report = (struct report){.results = side->results, .folder = side->folder};
    arena_init(&report->arena);
    plots_init(&report->plots);
    text_init(&report->missing);
    read_folder(report);
    report->counts = results_count(side->results);
    report->columns = results_columns(side->results, &report->arena, &report->n_columns);
    report->metric = column_main(report->columns, report->n_columns);
    if (report->metric != NULL)
        comparisons_make(side->results, report->metric, &report->comparisons);
    report->axes = arena_array(&report->arena, side->results->n_axes, sizeof *report->axes);
    for (size_t a = 0; a < side->results->n_axes; a++)
        if (axis_differs(side->results, a))
            report->axes[report->n_axes++] = a;
    report->problems = results_problems(side->results, &report->arena);
    report->several_problems = results_dataset_axis(side->results) < side->results->n_axes;
    rank_points(report);
}

void report_close(struct report *report) {
    if (report->metric != NULL)
        comparisons_clear(&report->comparisons);
    json_decref(report->manifest);
    plots_clear(&report->plots);
    text_clear(&report->missing);
    arena_clear(&report->arena);
}

/* ---- Which points ------------------------------------------------------------------------------------------------ */

static bool among(const size_t *points, size_t n, size_t point) {
    for (size_t i = 0; i < n; i++)
        if (points[i] == point)
            return true;
    return false;
}

size_t report_pick(const struct report *report, size_t most, size_t *points, bool *cut) {
    const struct results *results = report->results;
    size_t n = 0, ended = 0;
    for (size_t p = 0; p < results->n_points; p++)
        ended += report->ended[p] > 0 ? 1 : 0;
    *cut = ended > most;
    if (!*cut) {
        for (size_t p = 0; p < results->n_points; p++)
            if (report->ended[p] > 0)
                points[n++] = p;
        return n;
    }
    /* Of those compared with: the first few. Then the worst two, and the best as far as there is room; all in order. */
    size_t *chosen = memory_alloc(most, sizeof *chosen), worst = most >= 6 ? 2 : 1;
    for (size_t i = 0; i < report->comparisons.count && n < most / 4; i++) {
        struct comparison c;
        comparisons_at(&report->comparisons, i, &c);
        if (c.verdict == VERDICT_REFERENCE)
            chosen[n++] = c.point;
    }
    for (size_t i = 0; i < report->n_ended && i < worst; i++)
        if (!among(chosen, n, report->order[report->n_ended - 1 - i]))
            chosen[n++] = report->order[report->n_ended - 1 - i];
    for (size_t i = 0; i < report->n_ended && n < most; i++)
        if (!among(chosen, n, report->order[i]))
            chosen[n++] = report->order[i];
    size_t count = 0;
    for (size_t i = 0; i < report->n_ended; i++)
        if (among(chosen, n, report->order[i]))
            points[count++] = report->order[i];
    free(chosen);
    return count;
}

const char *report_cut(struct report *report, size_t shown, bool cut) {
    if (!cut)
        return "";
    return arena_printf(&report->arena,
                        " %zu of %zu grid points are shown: the best, the worst%s and what the others are compared "
                        "with; summary.csv has all.",
                        shown, report->results->n_points,
                        report->counts.diverged > 0 ? " (those with the most diverged trials)" : "");
}

enum { PART_LEAST = 3 };

/* Characters of a label whose parts have at most `part` of them. */
static size_t label_width(const struct report *report, size_t point, size_t but, size_t part) {
    size_t width = 0;
    for (size_t i = 0; i < report->n_axes; i++) {
        const char *label = report->results->labels[point][report->axes[i]];
        if (label != NULL && report->axes[i] != but)
            width += (width > 0 ? 2 : 0) + plot_label_width(label, part);
    }
    return width;
}

void report_label(const struct report *report, size_t point, size_t but, size_t most, struct text *out) {
    const char *separator = "";
    size_t start = out->length, part = most;
    while (part > PART_LEAST && label_width(report, point, but, part) > most)
        part--;
    for (size_t i = 0; i < report->n_axes; i++) {
        const char *label = report->results->labels[point][report->axes[i]];
        if (label == NULL || report->axes[i] == but)
            continue;
        text_add(out, separator);
        plot_label(label, part, out);
        separator = ", ";
    }
    if (out->length == start)
        text_add(out, report->n_axes == 0 ? "all seeds" : "-");
}

void report_axes(const struct report *report, struct text *out) {
    for (size_t i = 0; i < report->n_axes; i++)
        text_printf(out, "%s%s", i > 0 ? ", " : "", results_axis_name(report->results, report->axes[i]));
}

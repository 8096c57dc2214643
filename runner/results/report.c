#include "runner/results/report.h"

#include "runner/base/file.h"
#include "runner/base/html.h"
#include "runner/results/folder.h"
#include "runner/results/report_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PLOTS_FOLDER "plots"

static void add_count(size_t n, const char *what, struct text *out) {
    if (n > 0)
        text_printf(out, ", %zu %s", n, what);
}

enum { QUESTION_LABELS = 10 };

/* "batch_size (1, 10, 100)": the labels of an axis, each once, the first few. */
static void add_axis(const struct report *report, size_t axis, struct text *out) {
    const char *shown[QUESTION_LABELS];
    size_t n = 0;
    bool more = false;
    html_printf(out, "%s (", results_axis_name(report->results, axis));
    for (size_t p = 0; p < report->results->n_points && !more; p++) {
        const char *label = report->results->labels[p][axis];
        size_t i = 0;
        while (label != NULL && i < n && strcmp(shown[i], label) != 0)
            i++;
        if (label == NULL || i < n)
            continue;
        more = n == QUESTION_LABELS;
        if (!more) {
            html_printf(out, "%s%s", n > 0 ? ", " : "", label);
            shown[n++] = label;
        }
    }
    html_text(out, more ? ", \u2026)" : ")");
}

/* What is compared, and by what. */
static void add_question(const struct report *report, struct text *out) {
    if (report->n_axes == 0)
        return;
    text_add(out, "<p>Compared: ");
    for (size_t i = 0; i < report->n_axes; i++) {
        text_add(out, i > 0 ? " \u00d7 " : "");
        add_axis(report, report->axes[i], out);
    }
    if (report->metric != NULL)
        html_printf(out, ", by %s", report->metric);
    text_add(out, ".</p>\n");
}

static void add_head(struct report *report, struct text *out) {
    const struct results *results = report->results;
    const struct results_counts *counts = &report->counts;
    struct text line;
    text_init(&line);
    text_add(out, "<header>\n");
    html_element(out, "h1", results->name);
    if (report->description[0] != '\0')
        html_element(out, "p class=\"lead\"", report->description);
    add_question(report, out);
    size_t seeds = results->n_points > 0 ? results->n_trials / results->n_points : 0;
    text_printf(&line, "%zu grid point%s \u00d7 %zu seed%s = %zu trial%s: %zu done", results->n_points,
                results->n_points == 1 ? "" : "s", seeds, seeds == 1 ? "" : "s", results->n_trials,
                results->n_trials == 1 ? "" : "s", counts->done);
    add_count(counts->diverged, "diverged", &line);
    add_count(counts->failed, "failed", &line);
    add_count(counts->timeout, "stopped by the time limit", &line);
    add_count(counts->missing, "not finished", &line);
    const char *ended = json_string_value(json_object_get(report->manifest, "ended"));
    if (ended != NULL)
        text_printf(&line, " \u00b7 %.10s %.5s UTC", ended, strlen(ended) > 16 ? ended + 11 : "");
    html_element(out, "p class=\"facts\"", line.data);
    if (counts->missing > 0)
        html_element(out, "p class=\"note\"",
                     "Not all trials have ended: what stands here is of those that have, and may change.");
    text_add(out, "</header>\n");
    text_clear(&line);
}

static void draw(struct report *report) {
    report_choose_colours(report);
    report_plot_curves(report);
    report_plot_axes(report);
    report_plot_seeds(report);
    report_plot_differences(report);
    report_plot_heat(report);
    report_plot_frontier(report);
    struct error error = {0};
    if (plots_draw(&report->plots, path_join(&report->arena, report->folder, PLOTS_FOLDER), &error) != STATUS_OK)
        text_add(&report->missing, error.text);
}

static void write_page(struct report *report, bool links, struct text *out) {
    report_page_open(report->results->name, out);
    add_head(report, out);
    report_answer(report, out);
    report_figures(report, out);
    text_add(out, "<section id=\"tables\">\n<h2>Tables</h2>\n");
    report_summary(report, out);
    report_targets(report, out);
    report_comparisons(report, out);
    report_ranks(report, out);
    text_add(out, "</section>\n");
    report_troubles(report, out);
    report_config(report, out);
    report_provenance(report, links, out);
    report_page_close(out);
}

static enum status lock_reports(const char *folder, struct arena *arena, int *lock, struct error *error) {
    const char *path = path_join(arena, folder, ".report.lock");
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (*lock < 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot be made: %s", path, strerror(errno));
    int failed;
    do
        failed = flock(*lock, LOCK_EX);
    while (failed && errno == EINTR);
    return failed ? error_set(error, STATUS_ENVIRONMENT, "%s: cannot be locked: %s", path, strerror(errno)) : STATUS_OK;
}

enum status report_write(const struct report_side *side, const char *output, struct text *notice, struct error *error) {
    struct report report;
    int lock = -1;
    struct text page;
    text_init(&page);
    text_reset(notice);
    report_open(&report, side);
    enum status status = STATUS_OK;
    if (output == NULL)
        status = lock_reports(side->folder, &report.arena, &lock, error);
    if (status == STATUS_OK) {
        draw(&report);
        write_page(&report, output == NULL, &page);
        text_add(notice, report.missing.data);
        const char *path = output != NULL ? output : path_join(&report.arena, side->folder, REPORT_FILE);
        if (output == NULL)
            status = plots_keep(&report.plots, path_join(&report.arena, side->folder, PLOTS_FOLDER), error);
        if (status == STATUS_OK)
            status = file_write_changed(path, page.data, page.length, error);
    }
    if (lock >= 0)
        close(lock);
    report_close(&report);
    text_clear(&page);
    return status;
}

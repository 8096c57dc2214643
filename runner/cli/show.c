#include "runner/cli/show.h"

#include "runner/cli/words.h"
#include "runner/results/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The columns that are shown, metrics before the loss: those of the test rows, else of the validation rows, else of training. */
static size_t choose_columns(const char *const *columns, size_t n, size_t *chosen) {
    static const char *const splits[] = {"test_", "val_", "train_"};
    size_t count = 0;
    for (size_t s = 0; count == 0 && s < 3; s++) {
        for (int loss = 0; loss < 2; loss++)
            for (size_t c = 0; c < n; c++)
                if (starts(columns[c], splits[s]) && !starts(columns[c], "train_eval_") &&
                    (strcmp(columns[c] + strlen(splits[s]), "loss") == 0) == (loss == 1))
                    chosen[count++] = c;
    }
    return count;
}

static void add_metric(struct sheet *sheet, const struct point_metric *metric) {
    char mean[WORDS_SIZE], sd[WORDS_SIZE], cell[2 * WORDS_SIZE + 8] = "";
    if (metric->has_mean)
        snprintf(cell, sizeof cell, "%s", words_number(metric->mean, mean));
    if (metric->has_mean && metric->has_sd && !isnan(metric->mean))
        snprintf(cell, sizeof cell, "%s \u00b1 %s", mean, words_number_like(metric->sd, mean, sd));
    sheet_add(sheet, cell);
}

static void add_notes(struct sheet *sheet, const struct point_summary *summary) {
    size_t all = summary->n + summary->n_failed + summary->missing;
    struct text notes;
    text_init(&notes);
    if (summary->n_diverged > 0)
        text_printf(&notes, "%zu of %zu diverged", summary->n_diverged, all);
    if (summary->n_failed > 0)
        text_printf(&notes, "%s%zu of %zu failed", notes.length > 0 ? ", " : "", summary->n_failed, all);
    if (summary->missing > 0)
        text_printf(&notes, "%s%zu of %zu missing", notes.length > 0 ? ", " : "", summary->missing, all);
    sheet_add(sheet, notes.data);
    text_clear(&notes);
}

static void align(struct sheet *sheet, const struct results *results, size_t n_chosen) {
    for (size_t a = 0; a < results->n_axes; a++) {
        bool numbers = true;
        for (size_t p = 0; p < results->n_points; p++) {
            double number;
            const char *label = results->labels[p][a];
            numbers = numbers && (label == NULL || strcmp(label, "full") == 0 || number_read(label, &number));
        }
        if (numbers)
            sheet_right(sheet, a);
    }
    for (size_t c = 0; c < n_chosen + 2; c++)
        sheet_right(sheet, results->n_axes + c);
}

static void show_table(const struct results *results, const char *const *columns, size_t n, struct arena *arena,
                       struct text *out) {
    size_t *chosen = arena_array(arena, n, sizeof *chosen), n_chosen = choose_columns(columns, n, chosen);
    bool several = results->n_trials > results->n_points;
    struct sheet sheet;
    sheet_init(&sheet, results->n_axes + n_chosen + 3);
    align(&sheet, results, n_chosen);
    for (size_t a = 0; a < results->n_axes; a++)
        sheet_add(&sheet, results->axes[a]);
    for (size_t c = 0; c < n_chosen; c++)
        sheet_add(&sheet, columns[chosen[c]]);
    sheet_add(&sheet, "updates");
    sheet_add(&sheet, "s/epoch");
    sheet_add(&sheet, "");
    for (size_t p = 0; p < results->n_points; p++) {
        struct point_summary summary;
        char buffer[WORDS_SIZE];
        point_summarize(results, p, columns, n, arena, &summary);
        for (size_t a = 0; a < results->n_axes; a++)
            sheet_add(&sheet, results->labels[p][a] != NULL ? results->labels[p][a] : "");
        for (size_t c = 0; c < n_chosen; c++)
            add_metric(&sheet, &summary.metrics[chosen[c]]);
        snprintf(buffer, sizeof buffer, "%.0f", summary.updates);
        sheet_add(&sheet, summary.n > 0 ? buffer : "");
        sheet_add(&sheet, words_seconds(summary.seconds_per_epoch, buffer));
        add_notes(&sheet, &summary);
    }
    text_printf(out, "%s: %zu trial%s", results->name, results->n_trials, results->n_trials == 1 ? "" : "s");
    if (several)
        text_printf(out, "; mean \u00b1 standard deviation over the seeds");
    text_add(out, "\n\n");
    sheet_write(&sheet, "  ", out);
    sheet_clear(&sheet);
}

/* As the lecture's listing prints them. */
static void show_lecture(const struct results *results, struct text *out) {
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        double loss, accuracy;
        if (record == NULL || !record_final(record, "test_loss", &loss))
            continue;
        text_add(out, "\n");
        if (results->n_trials > 1) {
            results_trial_label(results, t, out);
            text_add(out, "\n");
        }
        text_printf(out, "Total loss on Testing Set: %.4f\n", loss);
        if (record_final(record, "test_accuracy", &accuracy))
            text_printf(out, "Accuracy of Testing Set: %.4f\n", accuracy);
    }
}

void show_results(const struct results *results, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    size_t n;
    const char **columns = results_columns(results, &arena, &n);
    show_table(results, columns, n, &arena, out);
    if (strcmp(results->report, "lecture") == 0)
        show_lecture(results, out);
    arena_clear(&arena);
}

void show_troubles(const struct results *results, struct text *out) {
    struct results_counts counts = results_count(results);
    size_t failed = counts.failed + counts.timeout;
    if (failed > 0)
        text_printf(out, "%zu of %zu trials failed; --retry trains them again\n", failed, results->n_trials);
    if (counts.missing > 0)
        text_printf(out, "%zu of %zu trials are not finished; run again to go on\n", counts.missing, results->n_trials);
}

#include "runner/cli/show.h"

#include "runner/base/file.h"
#include "runner/cli/answers.h"
#include "runner/cli/table_view.h"
#include "runner/cli/words.h"
#include "runner/results/report.h"

#include <string.h>
#include <unistd.h>

/* As the lecture's listing prints them. */
static void show_lecture(const struct results *results, struct text *out) {
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        double loss, accuracy;
        if (record == NULL || !record_final(record, "test_loss", &loss))
            continue;
        text_add(out, "\n");
        if (results->n_trials > 1) {
            struct text label;
            text_init(&label);
            results_trial_label(results, t, &label);
            words_cut(label.data, SIZE_MAX, out);
            text_add(out, "\n");
            text_clear(&label);
        }
        text_printf(out, "Total loss on Testing Set: %.4f\n", loss);
        if (record_final(record, "test_accuracy", &accuracy))
            text_printf(out, "Accuracy of Testing Set: %.4f\n", accuracy);
    }
}

void show_results(const struct results *results, struct text *out) {
    struct error error = {0};
    table_view(results, &(struct table_request){.format = TABLE_TERMINAL}, out,
               &error); /* no names: nothing is wrong */
    show_answers(results, out);
    if (strcmp(results->report, "lecture") == 0)
        show_lecture(results, out);
}

bool report_is_there(const char *folder) {
    struct arena arena;
    arena_init(&arena);
    const bool there = access(path_join(&arena, folder, REPORT_FILE), F_OK) == 0;
    arena_clear(&arena);
    return there;
}

void show_place(const char *folder, bool page, struct text *out) {
    text_printf(out, "\nresults: %s/%s\n", folder, page ? "; " REPORT_FILE " there shows them with pictures" : "");
}

void show_troubles(const struct results *results, const char *folder, struct text *out) {
    struct results_counts counts = results_count(results);
    size_t failed = counts.failed + counts.timeout;
    if (failed > 0)
        text_printf(out, "%zu of %zu trials failed; the logs in %s/logs/ say why; --retry trains them again\n", failed,
                    results->n_trials, folder);
    if (counts.missing > 0)
        text_printf(out, "%zu of %zu trials are not finished; run again to go on\n", counts.missing, results->n_trials);
}

/* `runner report`: the page of one results folder, or of several side by side. */
#include "runner/results/report.h"

#include "runner/base/file.h"
#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/words.h"
#include "runner/results/stored.h"

#include <stdio.h>

#define COMPARISON_FILE "comparison.html"

/* The results folder of a config. */
static enum status folder_of_config(const struct options *options, struct arena *arena, const char **folder,
                                    struct error *error) {
    struct job job;
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK)
        status = job_load(&job, options, error);
    if (status == STATUS_OK)
        *folder = path_join(arena, options->results, job_folder_name(&job, arena));
    job_close(&job);
    return status;
}

static void tell(const struct options *options, const char *path, const struct text *notice) {
    struct text line;
    text_init(&line);
    text_printf(&line, "report: %s\n", path);
    words_print(&line, stdout);
    fflush(stdout);
    text_clear(&line);
    if (notice->length > 0)
        log_warning(&options->log, "the report has no pictures: %s", notice->data);
}

static enum status make_one(const char *folder, const struct options *options, struct arena *arena,
                            struct error *error) {
    struct stored stored;
    struct text notice;
    enum status status = stored_open(folder, &stored, error);
    if (status != STATUS_OK)
        return status;
    text_init(&notice);
    status = report_write(&(struct report_side){&stored.results, folder}, options->output, &notice, error);
    if (status == STATUS_OK)
        tell(options, options->output != NULL ? options->output : path_join(arena, folder, REPORT_FILE), &notice);
    text_clear(&notice);
    stored_close(&stored);
    return status;
}

static enum status make_comparison(const struct options *options, struct arena *arena, struct error *error) {
    size_t n = options->n_arguments + 1, open = 0;
    struct stored *stored = arena_array(arena, n, sizeof *stored);
    struct report_side *sides = arena_array(arena, n, sizeof *sides);
    enum status status = STATUS_OK;
    for (; open < n && status == STATUS_OK; open += status == STATUS_OK ? 1 : 0) {
        sides[open].folder = path_without_slash(arena, open == 0 ? options->subject : options->arguments[open - 1]);
        sides[open].results = &stored[open].results;
        status = stored_open(sides[open].folder, &stored[open], error);
    }
    const char *output = options->output != NULL ? options->output : COMPARISON_FILE;
    struct text notice;
    text_init(&notice);
    if (status == STATUS_OK)
        status = report_compare(sides, n, output, &notice, error);
    if (status == STATUS_OK)
        tell(options, output, &notice);
    text_clear(&notice);
    for (size_t i = 0; i < open; i++)
        stored_close(&stored[i]);
    return status;
}

enum status command_report(const struct options *options, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    enum status status = STATUS_OK;
    const char *folder = NULL;
    if (options->n_arguments > 0) {
        status = make_comparison(options, &arena, error);
    } else {
        status = options_results_folder(options, &arena, &folder, error);
        if (status == STATUS_OK && folder == NULL)
            status = folder_of_config(options, &arena, &folder, error);
        if (status == STATUS_OK)
            status = make_one(folder, options, &arena, error);
    }
    arena_clear(&arena);
    return status;
}

bool report_after_run(const struct results *results, const char *folder, const struct log *log) {
    struct text notice;
    struct error error = {0};
    text_init(&notice);
    const bool made = report_write(&(struct report_side){results, folder}, NULL, &notice, &error) == STATUS_OK;
    if (!made)
        log_warning(log, "the report was not made: %s", error.text);
    else if (notice.length > 0)
        log_warning(log, "the report has no pictures: %s", notice.data);
    text_clear(&notice);
    return made;
}

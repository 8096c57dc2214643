#include "runner/base/file.h"
#include "runner/cli/answers.h"
#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/show.h"
#include "runner/cli/table_view.h"
#include "runner/cli/words.h"
#include "runner/results/stored.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum status read_format(const char *word, enum table_format *format, struct error *error) {
    static const char *const names[] = {"terminal", "csv", "markdown", "latex"};
    enum { COUNT = sizeof names / sizeof names[0] };
    for (size_t i = 0; word != NULL && i < COUNT; i++) {
        if (strcmp(names[i], word) != 0)
            continue;
        *format = (enum table_format)i;
        return STATUS_OK;
    }
    if (word == NULL)
        return STATUS_OK;
    const char *nearest = text_nearest(word, names, COUNT);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "--format: unknown format '%.40s'; did you mean '%s'?", word, nearest);
    return error_set(error, STATUS_CONFIG,
                     "--format: unknown format '%.40s'; there are terminal, csv, markdown and latex", word);
}

/* Without options what a run prints at its end, else the table that was asked for. */
static enum status write_table(const struct results *results, const char *path, const struct options *options,
                               struct text *out, struct error *error) {
    struct table_request request = {.by = options->by,
                                    .metric = options->metric,
                                    .show = options->show,
                                    .where = options->where,
                                    .long_form = options->long_form};
    enum status status = read_format(options->format, &request.format, error);
    bool plain = request.by == NULL && request.metric == NULL && request.show == NULL && request.where == NULL &&
                 request.format == TABLE_TERMINAL;
    if (status != STATUS_OK || !plain)
        return status != STATUS_OK ? status : table_view(results, &request, out, error);
    show_results(results, out);
    show_place(path, report_is_there(path), out);
    return STATUS_OK;
}

/* CSV for other programs is exact. */
static void print_table(struct text *out, const char *format) {
    if (format != NULL && strcmp(format, "csv") == 0 && isatty(STDOUT_FILENO) == 0) {
        fwrite(out->data, 1, out->length, stdout);
        text_reset(out);
    } else {
        words_print(out, stdout);
    }
}

/* What `experiment` asks stands in for what the run asked, where it is given. */
static enum status show_folder(const char *path, const struct experiment *experiment, const struct options *options,
                               struct error *error) {
    struct stored stored;
    struct text out;
    enum status status = stored_open(path, &stored, error);
    if (status != STATUS_OK)
        return status;
    text_init(&out);
    if (experiment != NULL)
        results_ask(experiment, &stored.results);
    status = write_table(&stored.results, path, options, &out, error);
    if (status == STATUS_OK && options->check_claims)
        status = check_claims(&stored.results, error);
    if (!options->log.quiet) /* what is left is the exit status */
        print_table(&out, options->format);
    text_reset(&out);
    if ((status == STATUS_OK || status == STATUS_NO) && !options->log.quiet)
        show_troubles(&stored.results, path, &out);
    words_print(&out, stderr);
    text_clear(&out);
    stored_close(&stored);
    return status;
}

enum status command_table(const struct options *options, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    const char *folder;
    enum status status = options_results_folder(options, &arena, &folder, error);
    if (status == STATUS_OK && folder != NULL) {
        status = show_folder(folder, NULL, options, error);
    } else if (status == STATUS_OK) {
        struct job job;
        status = job_open(&job, options, error);
        if (status == STATUS_OK)
            status = job_load(&job, options, error);
        if (status == STATUS_OK)
            status = show_folder(path_join(&arena, options->results, job_folder_name(&job, &arena)), &job.experiment,
                                 options, error);
        job_close(&job);
    }
    arena_clear(&arena);
    return status;
}

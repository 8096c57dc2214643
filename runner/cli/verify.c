/* `runner verify`: trains recorded trials again and compares every cell. */
#include "runner/base/file.h"
#include "runner/base/scratch.h"
#include "runner/cli/commands.h"
#include "runner/cli/csv_file.h"
#include "runner/cli/job.h"
#include "runner/cli/provenance.h"
#include "runner/cli/words.h"
#include "runner/results/claims.h"
#include "runner/results/compare.h"
#include "runner/results/journal.h"
#include "runner/results/points.h"
#include "runner/results/tables.h"
#include "runner/schedule/cpus.h"
#include "runner/schedule/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 20 /* differences; the rest is counted */

struct verify {
    const struct options *options;
    const char *folder; /* what is verified */
    struct job job;
    struct arena arena;
    struct csv_table trials, epochs; /* as recorded */
    size_t *todo;
    size_t n_todo, skipped; /* skipped: failed or timed out when they were recorded */
    size_t cells, differences;
};

__attribute__((format(printf, 2, 3))) static void tell(struct verify *verify, const char *format, ...) {
    struct text line;
    if (verify->differences++ >= SHOWN)
        return;
    text_init(&line);
    va_list arguments;
    va_start(arguments, format);
    text_printf_v(&line, format, arguments);
    va_end(arguments);
    text_add_char(&line, '\n');
    words_print(&line, stdout);
    text_clear(&line);
}

static size_t find_row(const struct csv_table *table, const char *column, const char *value, size_t from) {
    ptrdiff_t at = csv_column(table, column);
    for (size_t r = from; at >= 0 && r < table->count; r++)
        if (strcmp(table->rows[r].fields[at], value) == 0)
            return r;
    return 0; /* the header */
}

static bool is_asked_for(const struct verify *verify, size_t trial) {
    const char *asked = verify->options->trial;
    char id[HASH_SHORT_TEXT_SIZE];
    int64_t number;
    if (asked == NULL || strcmp(hash64_write(verify->job.plan.results.trials[trial].id, id), asked) == 0)
        return true;
    return number_read_int(asked, &number) && number == (int64_t)trial + 1;
}

/* Of those that are left every so many-th, so that a sample sees all of the grid. */
static void thin_out(struct verify *verify) {
    size_t wanted = verify->options->sample, n = verify->n_todo;
    if (wanted == 0 || wanted >= n)
        return;
    for (size_t i = 0; i < wanted; i++)
        verify->todo[i] = verify->todo[i * n / wanted];
    verify->n_todo = wanted;
}

static int compare_places(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Of the trials that are trained again, which are in grid order. */
static bool is_chosen(const void *context, const struct csv_row *header, const struct csv_row *row) {
    const struct verify *verify = context;
    int64_t number;
    if (strcmp(header->fields[0], "trial") != 0 || !number_read_int(row->fields[0], &number))
        return true;
    size_t trial = (size_t)number - 1;
    return number > 0 && verify->n_todo > 0 &&
           bsearch(&trial, verify->todo, verify->n_todo, sizeof trial, compare_places) != NULL;
}

static enum status choose(struct verify *verify, struct error *error) {
    const struct results *results = &verify->job.plan.results;
    verify->todo = memory_alloc(results->n_trials + 1, sizeof *verify->todo);
    size_t unknown = 0, asked = 0;
    for (size_t t = 0; t < results->n_trials; t++) {
        if (!is_asked_for(verify, t))
            continue;
        asked++;
        char id[HASH_SHORT_TEXT_SIZE];
        hash64_write(results->trials[t].id, id);
        size_t row = t + 1 < verify->trials.count && strcmp(csv_file_cell(&verify->trials, t + 1, "id"), id) == 0
                         ? t + 1
                         : find_row(&verify->trials, "id", id, 1);
        if (row == 0) {
            unknown++;
            continue;
        }
        const char *status = csv_file_cell(&verify->trials, row, "status");
        if (strcmp(status, "done") == 0 || strcmp(status, "diverged") == 0)
            verify->todo[verify->n_todo++] = t;
        else
            verify->skipped++;
    }
    if (asked == 0)
        return error_set(error, STATUS_CONFIG, "%s: no trial has the number or id '%s'", verify->folder,
                         verify->options->trial);
    if (unknown > 0)
        tell(verify,
             "%zu of %zu trials are not in trials.csv by their id: they have not ended, or the data or the settings "
             "are others",
             unknown, asked);
    thin_out(verify);
    return STATUS_OK;
}

/* Row `m` of a table made now against row `r` of the one recorded. */
static void compare_row(struct verify *verify, const char *file, const struct csv_table *made, size_t m,
                        const struct csv_table *recorded, size_t r) {
    const struct csv_row *header = &recorded->rows[0];
    for (size_t c = 0; c < header->count; c++) {
        const char *was = recorded->rows[r].fields[c], *is = csv_file_cell(made, m, header->fields[c]);
        verify->cells++;
        if (strcmp(was, is) != 0)
            tell(verify, "%s:%zu: %s %s%s%s, column %s: recorded %s, now %s", file, recorded->rows[r].line,
                 header->fields[0], recorded->rows[r].fields[0], csv_column(recorded, "epoch") >= 0 ? ", epoch " : "",
                 csv_file_cell(recorded, r, "epoch"), header->fields[c], *was != '\0' ? was : "nothing",
                 *is != '\0' ? is : "nothing");
    }
}

static void make_table(table_make *make, const struct results *results, struct text *out) {
    struct csv csv;
    text_reset(out);
    csv_init(&csv, out);
    make(results, &csv);
}

static enum status compare_trials(struct verify *verify, struct error *error) {
    struct text out;
    struct csv_table made;
    text_init(&out);
    make_table(table_trials, &verify->job.plan.results, &out);
    enum status status = csv_read(out.data, out.length, "trials.csv", &verify->arena, &made, error);
    size_t near = 1;
    for (size_t m = 1; status == STATUS_OK && m < made.count; m++) {
        const char *id = csv_file_cell(&made, m, "id"), *number = csv_file_cell(&made, m, "trial");
        size_t r = find_row(&verify->trials, "trial", number, near); /* usually in the same order */
        r = r == 0 ? find_row(&verify->trials, "trial", number, 1) : r;
        if (r == 0 || strcmp(csv_file_cell(&verify->trials, r, "id"), id) != 0) /* two points may be the same trial */
            r = find_row(&verify->trials, "id", id, 1);
        compare_row(verify, "trials.csv", &made, m, &verify->trials, r);
        near = r + 1;
    }
    text_clear(&out);
    return status;
}

/* The rows of a trial stand together in both tables. */
static void compare_epochs_of(struct verify *verify, const struct csv_table *made, const char *number, size_t *m,
                              size_t *near) {
    size_t r = find_row(&verify->epochs, "trial", number, *near);
    r = r == 0 ? find_row(&verify->epochs, "trial", number, 1) : r;
    size_t first = r;
    for (; *m < made->count && strcmp(csv_file_cell(made, *m, "trial"), number) == 0; (*m)++) {
        bool there =
            r > 0 && r < verify->epochs.count && strcmp(csv_file_cell(&verify->epochs, r, "trial"), number) == 0;
        if (there)
            compare_row(verify, "epochs.csv", made, *m, &verify->epochs, r++);
        else
            tell(verify, "epochs.csv: trial %s, epoch %s: not recorded", number, csv_file_cell(made, *m, "epoch"));
    }
    for (; first > 0 && r < verify->epochs.count && strcmp(csv_file_cell(&verify->epochs, r, "trial"), number) == 0;
         r++)
        tell(verify, "epochs.csv:%zu: trial %s, epoch %s: recorded, but not there now", verify->epochs.rows[r].line,
             number, csv_file_cell(&verify->epochs, r, "epoch"));
    *near = r > 0 ? r : *near;
}

static enum status compare_epochs(struct verify *verify, struct error *error) {
    struct text out;
    struct csv_table made;
    text_init(&out);
    make_table(table_epochs, &verify->job.plan.results, &out);
    enum status status = csv_read(out.data, out.length, "epochs.csv", &verify->arena, &made, error);
    size_t near = 1;
    for (size_t m = 1; status == STATUS_OK && m < made.count;)
        compare_epochs_of(verify, &made, csv_file_cell(&made, m, "trial"), &m, &near);
    text_clear(&out);
    return status;
}

static void compare_bytes(struct verify *verify, const char *file, const struct text *made) {
    unsigned char *bytes;
    size_t n;
    struct error error;
    if (file_read(path_join(&verify->arena, verify->folder, file), SIZE_MAX / 2, &bytes, &n, &error) != STATUS_OK)
        tell(verify, "%s", error.text);
    else if (n != made->length || memcmp(bytes, made->data, n) != 0)
        tell(verify, "%s: other bytes than recorded", file);
    free(bytes);
}

static size_t skip_times(const struct csv_table *claims, size_t r) {
    while (r < claims->count && strcmp(csv_file_cell(claims, r, "times"), "yes") == 0)
        r++;
    return r;
}

/* Row by row, without the claims on times, which are not the same in every run and need not be recorded. */
static enum status compare_claims(struct verify *verify, struct error *error) {
    struct csv_table was, is;
    struct text out;
    text_init(&out);
    make_table(table_claims, &verify->job.plan.results, &out);
    enum status status = csv_read(out.data, out.length, "claims.csv", &verify->arena, &is, error);
    text_clear(&out);
    if (status != STATUS_OK)
        return status;
    if (csv_file_read(verify->folder, "claims.csv", &verify->arena, &was, error) != STATUS_OK) {
        tell(verify, "%s", error->text);
        return STATUS_OK;
    }
    size_t r = skip_times(&was, 1), m = skip_times(&is, 1);
    for (; r < was.count && m < is.count; r = skip_times(&was, r + 1), m = skip_times(&is, m + 1))
        compare_row(verify, "claims.csv", &is, m, &was, r);
    if (r < was.count || m < is.count)
        tell(verify, "claims.csv: other claims than recorded");
    return STATUS_OK;
}

/* The tables that take all trials. */
static enum status compare_whole(struct verify *verify, struct error *error) {
    static const struct {
        const char *file;
        void (*write)(const struct results *results, struct csv *csv);
    } tables[] = {{"summary.csv", table_summary},
                  {"trials.csv", table_trials},
                  {"epochs.csv", table_epochs},
                  {"comparisons.csv", table_comparisons},
                  {"ranks.csv", table_ranks}};
    struct results *results = &verify->job.plan.results;
    struct text out;
    struct csv csv;
    text_init(&out);
    csv_init(&csv, &out);
    struct point_size *sizes = plan_sizes(&verify->job.plan);
    table_points(&verify->job.experiment, results, sizes, &csv);
    free(sizes);
    compare_bytes(verify, "points.csv", &out);
    bool all = verify->n_todo == results->n_trials;
    for (size_t i = 0; all && i < sizeof tables / sizeof tables[0]; i++) {
        make_table(tables[i].write, results, &out);
        compare_bytes(verify, tables[i].file, &out);
    }
    text_clear(&out);
    return all ? compare_claims(verify, error) : STATUS_OK;
}

static enum status train(struct verify *verify, struct error *error) {
    struct scratch scratch;
    struct journal journal;
    enum status status = scratch_open(&scratch, "verify", &verify->arena, error);
    if (status != STATUS_OK)
        return status;
    status = journal_open(path_join(&verify->arena, scratch.path, "journal.jsonl"), JOURNAL_RECORDS, &journal, error);
    if (status == STATUS_OK) {
        const struct options *options = verify->options;
        size_t cpus = cpus_usable(), workers = options->workers > 0 ? options->workers : cpus;
        workers = workers > verify->n_todo ? verify->n_todo : workers;
        struct supervisor supervisor = {.experiment = &verify->job.experiment,
                                        .session = &verify->job.session,
                                        .plan = &verify->job.plan,
                                        .journal = &journal,
                                        .logs = path_join(&verify->arena, scratch.path, "logs"),
                                        .weights = path_join(&verify->arena, scratch.path, "weights"),
                                        .workers = workers,
                                        .threads = options->threads > 0 ? options->threads
                                                   : cpus > workers     ? cpus / workers
                                                                        : 1,
                                        .cpus = options->threads > 0 ? 0 : cpus,
                                        .trials = verify->todo,
                                        .n_trials = verify->n_todo};
        status = supervisor_run(&supervisor, error);
        if (status == STATUS_OK)
            status = compare_trials(verify, error);
        if (status == STATUS_OK)
            status = compare_epochs(verify, error);
        if (status == STATUS_OK)
            status = compare_whole(verify, error);
        journal_close(&journal, NULL);
    }
    scratch_close(&scratch);
    return status;
}

static enum status report(struct verify *verify, struct error *error) {
    if (verify->differences > SHOWN)
        printf("and %zu more differences\n", verify->differences - SHOWN);
    const struct results *results = &verify->job.plan.results;
    if (verify->differences == 0) {
        if (!verify->options->log.quiet) {
            printf("%s: verified %zu of %zu trials: all %zu cells are the same", verify->folder, verify->n_todo,
                   results->n_trials, verify->cells);
            if (verify->skipped > 0)
                printf("; %zu had failed, which no bytes are promised of", verify->skipped);
            putchar('\n');
        }
        return STATUS_OK;
    }
    struct text why;
    text_init(&why);
    provenance_explain(&verify->job, verify->folder, &why);
    words_print(&why, stdout);
    text_clear(&why);
    fflush(stdout);
    return error_set(error, STATUS_NO, "%s: %zu difference%s in %zu trials trained again", verify->folder,
                     verify->differences, verify->differences == 1 ? "" : "s", verify->n_todo);
}

enum status command_verify(const struct options *options, struct error *error) {
    struct verify verify = {.options = options};
    arena_init(&verify.arena);
    char *folder = arena_copy_text(&verify.arena, options->subject);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
        folder[n - 1] = '\0';
    verify.folder = folder;
    struct options config = *options;
    config.subject = path_join(&verify.arena, folder, "config.yaml");
    enum status status = csv_file_read(folder, "trials.csv", &verify.arena, &verify.trials, error);
    if (status == STATUS_OK) {
        status = job_open(&verify.job, &config, error);
        if (status == STATUS_OK)
            status = job_load(&verify.job, &config, error);
        if (status == STATUS_OK)
            status = job_plan(&verify.job, &config, false, error);
        if (status == STATUS_OK)
            status = choose(&verify, error);
        if (status == STATUS_OK)
            status = csv_file_read_rows(folder, "epochs.csv", is_chosen, &verify, &verify.arena, &verify.epochs, error);
        if (status == STATUS_OK && verify.n_todo > 0)
            status = train(&verify, error);
        if (status == STATUS_OK)
            status = report(&verify, error);
        job_close(&verify.job);
    }
    free(verify.todo);
    arena_clear(&verify.arena);
    return status;
}

#include "runner/base/file.h"
#include "runner/base/interrupt.h"
#include "runner/cli/answers.h"
#include "runner/cli/commands.h"
#include "runner/cli/events.h"
#include "runner/cli/job.h"
#include "runner/cli/progress.h"
#include "runner/cli/provenance.h"
#include "runner/cli/show.h"
#include "runner/cli/words.h"
#include "runner/results/checkpoints.h"
#include "runner/results/folder.h"
#include "runner/results/journal.h"
#include "runner/results/manifest.h"
#include "runner/results/points.h"
#include "runner/results/tables.h"
#include "runner/schedule/cpus.h"
#include "runner/schedule/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
    const struct options *options;
    struct job job;
    struct folder folder;
    struct journal journal;
    bool open;      /* folder and journal */
    bool read_only; /* nothing can be written there */
    size_t *todo;
    size_t n_todo;
    size_t workers, threads;
    size_t trained;
    size_t first_failed; /* by which --fail-fast stopped the run */
    bool changed;        /* the grid is another than that of the last run */
    time_t started;
};

/* What has ended can be shown where nothing can be written. */
static enum status look_at_results(struct run *run, const char *path, struct error *error) {
    enum status status = journal_read(path, JOURNAL_POSTPONED, &run->journal, error);
    if (status == STATUS_OK)
        journal_join(&run->journal, &run->job.plan.results);
    else
        folder_close(&run->folder);
    run->open = status == STATUS_OK;
    return status;
}

static enum status open_results(struct run *run, struct error *error) {
    const struct options *options = run->options;
    struct arena arena;
    arena_init(&arena);
    const char *name = job_folder_name(&run->job, &arena);
    folder_look(&run->folder, options->results, name);
    run->read_only = folder_is_read_only(&run->folder);
    enum status status = STATUS_OK;
    if (!run->read_only) {
        folder_close(&run->folder);
        status =
            folder_open(&run->folder, options->results, name, options->wait, &options->log, options->interrupt, error);
    }
    arena_clear(&arena);
    if (status != STATUS_OK)
        return status;
    const char *path = folder_file(&run->folder, FOLDER_JOURNAL);
    if (run->read_only)
        return look_at_results(run, path, error);
    if (options->fresh && rename(path, folder_file(&run->folder, "journal.old.jsonl")) < 0 && errno != ENOENT)
        status = error_set(error, STATUS_ENVIRONMENT, "%s: cannot be moved away: %s", path, strerror(errno));
    if (status == STATUS_OK)
        status = journal_open(path, JOURNAL_POSTPONED, &run->journal, error);
    if (status != STATUS_OK) {
        folder_close(&run->folder);
        return status;
    }
    run->open = true;
    if (run->journal.skipped > 0)
        log_warning(&options->log, "%s: %zu damaged line%s skipped; their trials are trained again", path,
                    run->journal.skipped, run->journal.skipped == 1 ? "" : "s");
    journal_join(&run->journal, &run->job.plan.results);
    return journal_add_grid(&run->journal, &run->job.plan.results, &run->changed, error);
}

struct sweep {
    const struct run *run;
    size_t dropped;
};

/* A trial that was killed from outside may go on where it is trained again. One that has ended needs none, and nobody else knows what to do
   with one of a trial that is not in the grid: it was changed, or what the trial depends on was. */
static bool checkpoint_wanted(void *context, struct hash128 key) {
    struct sweep *sweep = context;
    const struct results *results = &sweep->run->job.plan.results;
    const struct record *record = journal_find(&sweep->run->journal, key);
    bool ended = record != NULL && (record->status != TRIAL_FAILED || strcmp(record->reason, "SIGKILL") != 0);
    for (size_t t = 0; !ended && t < results->n_trials; t++)
        if (hash128_equal(results->trials[t].key, key))
            return !sweep->run->options->fresh;
    sweep->dropped += ended ? 0 : 1;
    return false;
}

static void sweep_checkpoints(struct run *run) {
    struct sweep sweep = {.run = run};
    checkpoints_sweep(folder_file(&run->folder, "checkpoints"), checkpoint_wanted, &sweep);
    if (sweep.dropped > 0 && !run->options->fresh)
        log_info(&run->options->log,
                 "%zu checkpoint%s dropped: the grid has no such trial any more, or what it depends on has changed",
                 sweep.dropped, sweep.dropped == 1 ? " was" : "s were");
}

static void choose_trials(struct run *run) {
    const struct results *results = &run->job.plan.results;
    run->todo = memory_alloc(results->n_trials + 1, sizeof *run->todo);
    for (size_t t = 0; t < results->n_trials; t++) {
        const struct record *record = results->trials[t].record;
        bool failed = record != NULL && record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED;
        if (record == NULL || (failed && run->options->retries > 0))
            run->todo[run->n_todo++] = t;
    }
    size_t cpus = cpus_usable();
    run->workers = run->options->workers > 0 ? run->options->workers : cpus;
    if (run->workers > run->n_todo && run->n_todo > 0)
        run->workers = run->n_todo;
    run->threads = run->options->threads > 0 ? run->options->threads : cpus / run->workers;
    if (run->threads == 0)
        run->threads = 1;
}

static enum status write_config(struct run *run, struct error *error) {
    struct text out;
    text_init(&out);
    tree_write_yaml(run->job.experiment.config, &out, 0);
    enum status status = file_write_whole(folder_file(&run->folder, "config.yaml"), out.data, out.length, error);
    text_clear(&out);
    if (status != STATUS_OK)
        return status;
    struct table_file table;
    table_file_open(&table, folder_file(&run->folder, "points.csv"));
    struct point_size *sizes = plan_sizes(&run->job.plan);
    table_points(&run->job.experiment, &run->job.plan.results, sizes, &table.csv);
    free(sizes);
    return table_file_close(&table, true, error);
}

static enum status write_manifest(struct run *run, struct error *error) {
    const struct session *session = &run->job.session;
    struct manifest_data *data = memory_alloc(session->n_data + 1, sizeof *data);
    char(*hashes)[HASH_TEXT_SIZE] = memory_alloc(session->n_data + 1, sizeof *hashes);
    for (size_t i = 0; i < session->n_data; i++) {
        const struct session_data *set = &session->data[i];
        data[i] = (struct manifest_data){.name = set->name,
                                         .resolved = set->resolved,
                                         .reason = set->reason,
                                         .hash = hash128_write(set->facts.hash, hashes[i]),
                                         .bytes = set->facts.size,
                                         .files = set->facts.files};
    }
    struct manifest manifest = {.config = run->options->subject,
                                .argc = run->options->argc,
                                .argv = run->options->argv,
                                .started = run->started,
                                .ended = time(NULL),
                                .numerics = session->numerics,
                                .blas = session->blas,
                                .components = run->job.plan.components.items,
                                .n_components = run->job.plan.components.count,
                                .data = data,
                                .n_data = session->n_data,
                                .workers = run->workers,
                                .threads = run->threads,
                                .trained = run->trained};
    enum status status =
        manifest_write(&manifest, &run->job.plan.results, folder_file(&run->folder, "manifest.json"), error);
    free(hashes);
    free(data);
    return status;
}

static int compare_ids(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Trials of the journal that would be those of the grid, had nothing changed that their numbers hang on. */
static void explain_again(const struct run *run) {
    const struct results *results = &run->job.plan.results;
    uint64_t *ids = memory_alloc(run->journal.count + 1, sizeof *ids);
    size_t again = 0;
    for (size_t i = 0; i < run->journal.count; i++)
        ids[i] = run->journal.lines[i]->id;
    qsort(ids, run->journal.count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < run->n_todo; i++) {
        const struct result_trial *trial = &results->trials[run->todo[i]];
        if (trial->record == NULL && bsearch(&trial->id, ids, run->journal.count, sizeof *ids, compare_ids) != NULL)
            again++;
    }
    free(ids);
    struct text why;
    text_init(&why);
    size_t changes = run->journal.count > 0 ? provenance_changes(&run->job, run->folder.path, "  ", &why) : 0;
    if (again > 0)
        log_info(&run->options->log, "%zu trial%s had ended and train%s again, since what they depend on has changed%s",
                 again, again == 1 ? "" : "s", again == 1 ? "s" : "", changes > 0 ? ":" : "");
    else if (changes > 0)
        log_info(&run->options->log, "other than in the last run in this folder:");
    if (again > 0 || changes > 0)
        for (char *place = NULL, *line = strtok_r(why.data, "\n", &place); line != NULL;
             line = strtok_r(NULL, "\n", &place))
            log_info(&run->options->log, "%s", line);
    text_clear(&why);
}

static void announce(const struct run *run) {
    const struct experiment *experiment = &run->job.experiment;
    const struct log *log = &run->options->log;
    size_t n = experiment->n_trials, finished = n - run->n_todo;
    if (run->n_todo == 0) {
        log_info(log, "nothing to train: %zu of %zu trials are finished; --fresh starts over", finished, n);
        return;
    }
    log_info(log, "%s: %zu point%s x %zu seed%s = %zu trial%s, %zu worker%s x %zu thread%s", experiment->name,
             experiment->n_points, experiment->n_points == 1 ? "" : "s", experiment->n_seeds,
             experiment->n_seeds == 1 ? "" : "s", n, n == 1 ? "" : "s", run->workers, run->workers == 1 ? "" : "s",
             run->threads, run->threads == 1 ? "" : "s");
    if (finished > 0)
        log_info(log, "%zu of %zu trials are finished; training the other %zu", finished, n, run->n_todo);
    explain_again(run);
}

/* What a person finds there while the grid is trained. Then the records leave room for the trees of a large grid. */
static enum status write_first(void *context, struct error *error) {
    struct run *run = context;
    enum status status = write_config(run, error);
    if (status != STATUS_OK)
        return status;
    status = tables_write(&run->job.plan.results, run->folder.path, error);
    journal_postpone(&run->journal, &run->job.plan.results);
    return status;
}

static enum status train(struct run *run, struct error *error) {
    struct progress progress;
    journal_complete(&run->journal, &run->job.plan.results); /* for the forecast, and what is written first */
    progress_init(&progress, &(struct progress_settings){.plan = &run->job.plan,
                                                         .session = &run->job.session,
                                                         .trials = run->todo,
                                                         .n_trials = run->n_todo,
                                                         .workers = run->workers,
                                                         .threads = run->threads,
                                                         .quiet = run->options->log.quiet,
                                                         .json = run->options->json});
    struct supervisor supervisor = {.experiment = &run->job.experiment,
                                    .session = &run->job.session,
                                    .plan = &run->job.plan,
                                    .journal = &run->journal,
                                    .logs = folder_file(&run->folder, "logs"),
                                    .weights = folder_file(&run->folder, "weights"),
                                    .checkpoints = folder_file(&run->folder, "checkpoints"),
                                    .workers = run->workers,
                                    .threads = run->threads,
                                    .cpus = run->options->threads > 0 ? 0 : cpus_usable(),
                                    .retries = run->options->retries,
                                    .fail_fast = run->options->fail_fast,
                                    .trials = run->todo,
                                    .n_trials = run->n_todo,
                                    .watcher = progress_watcher(&progress),
                                    .begun = write_first,
                                    .context = run};
    enum status status = supervisor_run(&supervisor, error);
    run->trained = supervisor.ended;
    run->first_failed = supervisor.first_failed;
    progress_finish(&progress);
    return status;
}

/* Data to stdout; where the files are as well, since that is what was asked for. */
static void print_results(const struct run *run) {
    const bool shows = !run->options->log.quiet && !run->options->json;
    struct text out;
    text_init(&out);
    if (shows) {
        show_results(&run->job.plan.results, &out);
        words_print(&out, stdout);
        fflush(stdout);
    }
    if (run->options->json)
        events_claims(&run->job.plan.results);
    /* The page takes a while. */
    const bool page = run->read_only ? report_is_there(run->folder.path)
                                     : report_after_run(&run->job.plan.results, run->folder.path, &run->options->log);
    if (shows) {
        show_place(run->folder.path, page, &out);
        words_print(&out, stdout);
        fflush(stdout);
    }
    show_troubles(&run->job.plan.results, run->folder.path, &out);
    words_print(&out, stderr);
    text_clear(&out);
}

static void tell_first_failed(const struct run *run) {
    const struct results *results = &run->job.plan.results;
    struct text label;
    text_init(&label);
    results_trial_label(results, run->first_failed, &label);
    log_warning(&run->options->log, "stopped by --fail-fast: trial %zu (%s) failed: %s; run again to go on",
                run->first_failed + 1, label.data, results->trials[run->first_failed].record->reason);
    text_clear(&label);
}

static size_t count_records(const struct results *results) {
    size_t n = 0;
    for (size_t t = 0; t < results->n_trials; t++)
        n += results->trials[t].record != NULL;
    return n;
}

/* Tables of what the journal still holds, where it was changed below this process. */
static enum status write_rest(struct run *run, size_t *lost, struct error *error) {
    struct results *results = &run->job.plan.results;
    size_t before = count_records(results);
    bool added;
    journal_close(&run->journal, NULL);
    enum status status = journal_open(folder_file(&run->folder, FOLDER_JOURNAL), JOURNAL_RECORDS, &run->journal, error);
    if (status != STATUS_OK)
        return status;
    journal_join(&run->journal, results);
    *lost = before - count_records(results);
    status = journal_add_grid(&run->journal, results, &added, error);
    return status == STATUS_OK ? tables_write(results, run->folder.path, error) : status;
}

/* For the tables and the report. */
static enum status load_rows(struct run *run, struct error *error) {
    experiment_drop_trees(&run->job.experiment); /* room for those of a large grid */
    plan_drop_points(&run->job.plan);
    journal_complete(&run->journal, &run->job.plan.results);
    return journal_status(&run->journal, error);
}

/* *lost: trials whose end is known no more. Tables go where the journal is, or nowhere. */
static enum status write_last(struct run *run, size_t *lost, struct error *error) {
    struct results *results = &run->job.plan.results;
    enum status status = journal_flush(&run->journal, error);
    if (run->journal.restored > 0)
        log_warning(&run->options->log,
                    "%s: the journal was removed by another program, a plugin perhaps, while the run went on; "
                    "it was written again, and nothing is lost",
                    folder_file(&run->folder, FOLDER_JOURNAL));
    if (status == STATUS_OK)
        status = write_config(run, error); /* they may have been removed as well */
    if (status == STATUS_OK)
        status = load_rows(run, error);
    if (status == STATUS_OK)
        status = tables_write(results, run->folder.path, error);
    if (status != STATUS_OK && journal_status(&run->journal, NULL) != STATUS_OK)
        status = write_rest(run, lost, error);
    bool new_manifest = run->n_todo > 0 || run->changed || access(folder_file(&run->folder, "manifest.json"), F_OK) < 0;
    return status == STATUS_OK && new_manifest ? write_manifest(run, error) : status;
}

static enum status run_grid(struct run *run, struct error *error) {
    enum status status = open_results(run, error);
    if (status != STATUS_OK)
        return status;
    if (!run->read_only)
        sweep_checkpoints(run);
    choose_trials(run);
    if (run->read_only && (run->n_todo > 0 || run->options->fresh))
        return error_set(
            error, STATUS_ENVIRONMENT,
            "%s: nothing can be written in this folder, and %zu of %zu trials are to be trained; use another "
            "--results, or make it writable",
            run->folder.path, run->options->fresh ? run->job.experiment.n_trials : run->n_todo,
            run->job.experiment.n_trials);
    announce(run);
    if (run->options->json)
        events_start(&(struct events_run){.config = run->options->subject,
                                          .folder = run->folder.path,
                                          .description = run->job.experiment.description,
                                          .todo = run->n_todo,
                                          .workers = run->workers,
                                          .threads = run->threads},
                     &run->job.plan.results);
    status = run->n_todo > 0 ? train(run, error) : STATUS_OK;
    if (status != STATUS_OK && status != STATUS_INTERRUPTED && status != STATUS_TRIAL)
        return status;
    size_t lost = 0;
    enum status written = run->read_only ? load_rows(run, error) : write_last(run, &lost, error);
    if (written != STATUS_OK)
        return written;
    print_results(run);
    if (status == STATUS_TRIAL)
        tell_first_failed(run);
    if (lost > 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s: another program, a plugin perhaps, cut or changed the journal while the run went on: "
                         "%zu trial%s that had ended %s lost; run again to train %s",
                         folder_file(&run->folder, FOLDER_JOURNAL), lost, lost == 1 ? "" : "s",
                         lost == 1 ? "is" : "are", lost == 1 ? "it" : "them");
    struct results_counts counts = results_count(&run->job.plan.results);
    if (status == STATUS_OK && counts.failed + counts.timeout > 0)
        return error_set(error, STATUS_TRIAL, "%s", "");
    if (status == STATUS_OK && run->options->check_claims)
        status = check_claims(&run->job.plan.results, error);
    return status;
}

/* What a signal has come to, where training did not end by it. */
static enum status answer_signal(const struct run *run, enum status status, struct error *error) {
    bool known = status == STATUS_INTERRUPTED,
         done = status == STATUS_OK || status == STATUS_TRIAL || status == STATUS_NO;
    if ((!known && !done) || interrupt_check(run->options->interrupt, error) == STATUS_OK)
        return status;
    if (!run->open)
        return error_set(error, STATUS_INTERRUPTED, "%s before anything was trained; run again to begin", error->text);
    if (done)
        return error_set(error, STATUS_INTERRUPTED, "%s when training had ended; all tables are written", error->text);
    return status;
}

enum status command_run(const struct options *options, struct error *error) {
    struct run run = {.options = options, .started = time(NULL)};
    enum status status = job_open(&run.job, options, error);
    if (status == STATUS_OK)
        status = job_load(&run.job, options, error);
    if (status == STATUS_OK)
        status = job_plan(&run.job, options, options->fail_fast, error);
    if (status == STATUS_OK)
        status = run_grid(&run, error);
    status = answer_signal(&run, status, error);
    if (options->json)
        events_end(run.open ? &run.job.plan.results : NULL, run.open ? run.folder.path : "",
                   interrupt_exit_status(options->interrupt, status), status != STATUS_OK ? error->text : "");
    if (run.open) {
        struct error late = {0};
        if (journal_close(&run.journal, &late) != STATUS_OK && status == STATUS_OK)
            status = error_set(error, late.status, "%s", late.text);
        folder_close(&run.folder);
    }
    free(run.todo);
    job_close(&run.job);
    return status;
}

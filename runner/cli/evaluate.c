/* `runner evaluate`: the loss and the metrics of given weights, which is what a training of no epochs that starts from them reports. */
#include "runner/base/file.h"
#include "runner/base/scratch.h"
#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/cli/words.h"
#include "runner/config/resolve.h"
#include "runner/results/journal.h"
#include "runner/schedule/cpus.h"
#include "runner/schedule/supervisor.h"

#include <stdio.h>
#include <string.h>

/* Which point is meant cannot be guessed. */
static enum status check_grid(const struct experiment *experiment, struct error *error) {
    if (experiment->n_points == 1)
        return STATUS_OK;
    struct text axes;
    text_init(&axes);
    for (size_t a = 0; a < experiment->n_axes; a++)
        if (experiment->axes[a].count > 1)
            text_printf(&axes, "%s%s", axes.length > 0 ? ", " : "", experiment->axes[a].name);
    enum status status = error_set(
        error, STATUS_CONFIG, "%s: the grid has %zu points, and weights are evaluated for one: fix %s by path=value",
        experiment->file, experiment->n_points, axes.data);
    text_clear(&axes);
    return status;
}

/* Makes the first trial of the only point one that starts from the file and ends there, and asks nothing else of it. */
static enum status turn_to_evaluation(struct job *job, const char *weights, struct error *error) {
    struct experiment *experiment = &job->experiment;
    struct arena *arena = &experiment->arena;
    struct mark mark = {"command line", 1, 1};
    size_t warnings = job->diagnostics.count;
    struct tree *init = resolve_init(&job->session.catalog, tree_text(arena, mark, weights), arena, &job->diagnostics);
    if (job->diagnostics.count > warnings)
        diagnostics_print(&job->diagnostics, stderr);
    if (init == NULL)
        return error_set(error, STATUS_CONFIG, "%s", "");
    struct tree *train = tree_copy(arena, experiment_section(experiment, 0, SECTION_TRAIN));
    tree_set(arena, train, "epochs", mark, tree_int(arena, mark, 0));
    tree_set(arena, train, "evaluate_train", mark, tree_bool(arena, mark, true));
    experiment->sections[SECTION_INIT].first = init;
    experiment->sections[SECTION_SAVE].first = tree_null(arena, mark);
    experiment->sections[SECTION_CALLBACKS].first = tree_list(arena, mark);
    experiment->sections[SECTION_TRAIN].first = train;
    experiment->n_trials = experiment->n_seeds = 1;
    experiment->baseline = (struct question){0};
    experiment->n_claims = experiment->n_targets = 0;
    return STATUS_OK;
}

/* The columns of each split stand together, the loss first; those of training, which has not been, come before all others. */
static void print_table(const struct record *record) {
    static const char *const splits[][2] = {
        {"train", "train_eval_loss"}, {"validation", "val_loss"}, {"test", "test_loss"}};
    size_t n = record_column(record, "train_eval_loss"); /* columns of a split */
    const struct record_row *row = &record->rows[0];
    struct sheet sheet;
    sheet_init(&sheet, 1 + n);
    sheet_add(&sheet, "split");
    for (size_t c = 0; c < n; c++) {
        sheet_add(&sheet, record->columns[c] + strlen("train_"));
        sheet_right(&sheet, 1 + c);
    }
    for (size_t s = 0; s < sizeof splits / sizeof splits[0]; s++) {
        size_t first = record_column(record, splits[s][1]);
        if (first + n > record->n_columns)
            continue;
        sheet_add(&sheet, splits[s][0]);
        for (size_t c = first; c < first + n; c++) {
            char number[NUMBER_TEXT_SIZE];
            sheet_add(&sheet, row->known[c] ? number_write(row->values[c], number) : "");
        }
    }
    struct text out;
    text_init(&out);
    sheet_write(&sheet, "", &out);
    words_print(&out, stdout);
    text_clear(&out);
    sheet_clear(&sheet);
}

/* Why it failed, for people. */
static void keep_message(void *context, const struct slot *slot) {
    struct text *message = context;
    text_reset(message);
    text_add(message, slot->message);
}

static enum status evaluate(struct job *job, const struct options *options, struct error *error) {
    struct arena arena;
    struct text message;
    struct journal journal;
    struct scratch scratch;
    const size_t first = 0;
    arena_init(&arena);
    text_init(&message);
    enum status status = scratch_open(&scratch, "evaluate", &arena, error);
    if (status == STATUS_OK) {
        status = journal_open(path_join(&arena, scratch.path, "journal.jsonl"), JOURNAL_RECORDS, &journal, error);
        if (status == STATUS_OK) {
            struct supervisor supervisor = {.experiment = &job->experiment,
                                            .session = &job->session,
                                            .plan = &job->plan,
                                            .journal = &journal,
                                            .logs = path_join(&arena, scratch.path, "logs"),
                                            .weights = path_join(&arena, scratch.path, "weights"),
                                            .workers = 1,
                                            .threads = options->threads > 0 ? options->threads : cpus_usable(),
                                            .trials = &first,
                                            .n_trials = 1,
                                            .watcher = {.ended = keep_message, .context = &message}};
            status = supervisor_run(&supervisor, error);
            const struct record *record = job->plan.results.trials[0].record;
            if (status == STATUS_OK && (record->n_rows == 0 || record->status == TRIAL_FAILED))
                status = error_set(error, STATUS_TRIAL, "the evaluation failed: %s: %s", record->reason, message.data);
            else if (status == STATUS_OK)
                print_table(record);
            journal_close(&journal, NULL);
        }
        scratch_close(&scratch);
    }
    text_clear(&message);
    arena_clear(&arena);
    return status;
}

enum status command_evaluate(const struct options *options, struct error *error) {
    if (options->weights == NULL || *options->weights == '\0')
        return error_set(error, STATUS_CONFIG, "evaluate: wanted the file with the weights: --weights FILE");
    struct job job;
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK)
        status = job_load(&job, options, error);
    if (status == STATUS_OK)
        status = check_grid(&job.experiment, error);
    if (status == STATUS_OK)
        status = turn_to_evaluation(&job, options->weights, error);
    if (status == STATUS_OK)
        status = job_plan(&job, options, true, error);
    if (status == STATUS_OK)
        status = evaluate(&job, options, error);
    job_close(&job);
    return status;
}

#include "runner/train/train.h"

#include "runner/base/clock.h"
#include "runner/train/checkpoint.h"
#include "runner/train/fault.h"
#include "runner/train/thread_numbers.h"
#include "runner/train/training.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#define PROGRESS_SECONDS 0.1
#define SMALL_UPDATE 1e5 /* multiply-adds of a pass over the batch, some microseconds of one core */

void training_columns(struct group groups[GROUPS], struct train_columns *columns, const struct model *model,
                      const struct data *data, bool evaluate_train, struct arena *arena) {
    groups[GROUP_TRAIN] = (struct group){.prefix = "train", .present = true};
    groups[GROUP_TRAIN_EVAL] = (struct group){.prefix = "train_eval", .present = evaluate_train};
    groups[GROUP_VALIDATION] = (struct group){.prefix = "val", .present = data->rows[DATA_VALIDATION] > 0};
    groups[GROUP_TEST] = (struct group){.prefix = "test", .present = data->rows[DATA_TEST] > 0};
    columns->names = arena_array(arena, GROUPS * (1 + model->n_metrics), sizeof *columns->names);
    columns->count = 0;
    for (int g = 0; g < GROUPS; g++) {
        if (!groups[g].present)
            continue;
        groups[g].first = columns->count;
        columns->names[columns->count++] = arena_printf(arena, "%s_loss", groups[g].prefix);
        for (size_t m = 0; m < model->n_metrics; m++)
            columns->names[columns->count++] =
                arena_printf(arena, "%s_%s", groups[g].prefix, model->metrics[m].part->name);
    }
}

/* Digits below the clock's resolution say nothing, and cost when they are written. */
static double to_nanoseconds(double seconds) {
    return rint(seconds * 1e9) / 1e9;
}

static bool report(struct training *training, uint64_t epoch, double seconds, double evaluate_seconds) {
    const struct train_request *request = training->request;
    struct train_row row = {.epoch = epoch,
                            .updates = training->updates,
                            .examples = training->examples,
                            .learning_rate = training->rate,
                            .seconds = to_nanoseconds(seconds),
                            .evaluate_seconds = to_nanoseconds(evaluate_seconds),
                            .values = training->values,
                            .known = training->known};
    if (request->on_checkpoint != NULL)
        checkpoint_add_row(training, &row);
    return request->on_row == NULL || request->on_row(request->context, &training->columns, &row);
}

/* The threads that the trial may use now. */
static int team_now(const struct training *training) {
    const _Atomic uint32_t *team = training->request->team;
    uint32_t wanted = team == NULL ? UINT32_MAX : atomic_load_explicit(team, memory_order_relaxed);
    return wanted < 1 ? 1 : wanted < (uint32_t)training->threads ? (int)wanted : training->threads;
}

static enum status evaluate_group(struct training *training, int index, enum data_split split, struct error *error) {
    const struct group *group = &training->groups[index];
    if (!group->present)
        return STATUS_OK;
    enum status status = evaluator_run(&training->evaluator, split, training->values + group->first, error);
    for (size_t i = 0; i <= training->model.n_metrics; i++)
        training->known[group->first + i] = status == STATUS_OK;
    return status;
}

static enum status evaluate_all(struct training *training, double *seconds, struct error *error) {
    double start = clock_seconds();
    evaluator_team(&training->evaluator, team_now(training));
    enum status status = evaluate_group(training, GROUP_TRAIN_EVAL, DATA_TRAIN, error);
    if (status == STATUS_OK)
        status = evaluate_group(training, GROUP_VALIDATION, DATA_VALIDATION, error);
    if (status == STATUS_OK)
        status = evaluate_group(training, GROUP_TEST, DATA_TEST, error);
    *seconds = clock_seconds() - start;
    return status;
}

/* Weights can have left the finite numbers with the last update, which only an evaluation sees. */
static bool evaluation_finite(const struct training *training) {
    for (int g = GROUP_TRAIN_EVAL; g < GROUPS; g++) {
        const struct group *group = &training->groups[g];
        if (group->present && training->known[group->first] && !isfinite(training->values[group->first]))
            return false;
    }
    return true;
}

/* `first`: of this run of the program, in which nothing has been drawn so far. */
static void make_order(struct training *training, uint64_t epoch, bool first) {
    const struct train_settings *settings = &training->settings;
    if (settings->shuffle == SHUFFLE_NEVER || (settings->shuffle == SHUFFLE_ONCE && !first))
        return;
    random_permutation(random_key(settings->order_seed, "order", settings->shuffle == SHUFFLE_ONCE ? 0 : epoch),
                       training->request->data->rows[DATA_TRAIN], training->order);
}

static double rate_of(const struct training *training, uint64_t update) {
    const struct model *model = &training->model;
    double rate = model->rate;
    if (model->schedule != NULL) {
        const runner_schedule_ops *ops = model->schedule->ops;
        rate = ops->rate(model->schedule->config, update, training->settings.updates_per_epoch,
                         training->settings.total_updates);
    }
    return rate * training->callbacks.rate_factor;
}

static void progress(struct training *training, uint64_t epoch) {
    const struct train_request *request = training->request;
    double now = request->on_progress == NULL ? 0 : clock_seconds();
    if (now < training->next_progress || request->on_progress == NULL)
        return;
    training->next_progress = now + PROGRESS_SECONDS;
    request->on_progress(request->context, epoch, (double)training->updates / (double)training->settings.total_updates,
                         training->loss_sum / (double)training->epoch_examples);
}

/* By one thread, after an update. */
static void count_update(struct training *training) {
    struct stepper *stepper = &training->stepper;
    uint64_t rows = stepper->part.rows;
    training->loss_sum += stepper->loss_sum;
    for (uint32_t i = 0; i < training->model.n_sums; i++)
        training->sums[i] += stepper->sums[i];
    training->epoch_examples += rows;
    if (!stepper->diverged && !stepper->failed) {
        training->updates++;
        training->examples += rows;
    }
}

static bool epoch_ended(const struct training *training) {
    const struct stepper *stepper = &training->stepper;
    return stepper->diverged || stepper->failed || training->updates >= training->epoch_end;
}

/* After an update: whether one is to be written. At the end of an epoch it waits for the evaluation. */
static bool checkpoint_due(const struct training *training) {
    const struct train_settings *settings = &training->settings;
    if (training->request->on_checkpoint == NULL)
        return false;
    if (settings->checkpoint_updates > 0)
        return training->updates % settings->checkpoint_updates == 0;
    return settings->checkpoint_seconds > 0 && clock_seconds() >= training->next_written;
}

/* By one thread, before an update: the one that starts at row `start` of the epoch. False where there is none. */
static bool begin_update(struct training *training, uint64_t start) {
    const struct train_settings *settings = &training->settings;
    uint64_t rows = training->request->data->rows[DATA_TRAIN];
    if (epoch_ended(training))
        return false;
    uint64_t here = rows - start < settings->batch_rows ? rows - start : settings->batch_rows;
    training->rate = rate_of(training, training->updates);
    stepper_begin(&training->stepper, settings->shuffle == SHUFFLE_NEVER ? NULL : training->order, start, here,
                  training->rate);
    return true;
}

/* Threads that meet in an update of a small network wait for each other longer than one alone works. No bit depends on it. */
static int worthwhile_threads(const struct model *model, const struct train_settings *settings, int threads) {
    double work = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        if (model->tensors[t].trained)
            work += (double)model->tensors[t].elements * (double)settings->batch_rows;
    return work < SMALL_UPDATE ? 1 : threads;
}

/* What this epoch adds up, unless training goes on within it. */
static void begin_epoch(struct training *training) {
    const struct train_settings *settings = &training->settings;
    uint64_t begun = training->updates - training->epoch_examples / settings->batch_rows;
    uint64_t left = settings->total_updates - begun;
    training->epoch_end = begun + (left < settings->updates_per_epoch ? left : settings->updates_per_epoch);
    if (training->epoch_examples > 0)
        return;
    training->loss_sum = 0;
    training->epoch_seconds = 0;
    memset(training->sums, 0, training->model.n_sums * sizeof *training->sums);
}

struct updates {
    struct training *training;
    uint64_t epoch;
    int threads;
    bool due; /* a checkpoint */
};

static bool next_update(void *context) {
    struct updates *updates = context;
    struct training *training = updates->training;
    count_update(training);
    progress(training, updates->epoch);
    updates->due = checkpoint_due(training);
    return !updates->due && team_now(training) == updates->threads && begin_update(training, training->epoch_examples);
}

/* What one thread of the team does. */
static void run_share(struct updates *updates) {
    struct stepper *stepper = &updates->training->stepper;
    unsigned before = thread_numbers_set();
    fault_watch_thread();
    int thread = omp_get_thread_num();
#pragma omp single
    {
        uint64_t here = (uint64_t)omp_get_num_threads(), *most = &updates->training->result->threads;
        stepper_team(stepper, (int)here);
        *most = here > *most ? here : *most;
    }
    stepper_run(stepper, thread, next_update, updates);
    thread_numbers_restore(before);
}

/* Updates from the one that has begun, by a team that stays together until the epoch ends, a checkpoint is due or another team is wanted. */
static void run_team(struct updates *updates) {
    if (updates->threads == 1) /* a parallel region of one thread enters the kernel all the same */
        run_share(updates);
    else
#pragma omp parallel num_threads(updates->threads)
        run_share(updates);
}

/* The updates of one epoch from where it stands, all of them or up to the next checkpoint. */
static void run_updates(struct training *training, uint64_t epoch) {
    struct updates updates = {.training = training, .epoch = epoch};
    while (!updates.due && begin_update(training, training->epoch_examples)) {
        updates.threads = team_now(training);
        run_team(&updates);
    }
}

static enum status write_checkpoint(struct training *training, uint64_t epoch, struct error *error) {
    const struct train_request *request = training->request;
    struct train_position position = {
        .epoch = epoch, .updates = training->updates, .seconds = clock_seconds() - training->started};
    enum status status = request->on_checkpoint(request->context, training, &position, error);
    training->next_written = clock_seconds() + training->settings.checkpoint_seconds;
    return status;
}

/* The rest of an epoch's updates, with the checkpoints within. */
static enum status train_epoch(struct training *training, uint64_t epoch, struct error *error) {
    enum status status = STATUS_OK;
    do {
        double start = clock_seconds();
        run_updates(training, epoch);
        training->epoch_seconds += clock_seconds() - start;
        if (!epoch_ended(training))
            status = write_checkpoint(training, epoch - 1, error);
    } while (status == STATUS_OK && !epoch_ended(training));
    return status != STATUS_OK || !training->stepper.failed ? status : stepper_error(&training->stepper, error);
}

static void running_means(struct training *training) {
    const struct model *model = &training->model;
    size_t first = training->groups[GROUP_TRAIN].first;
    training->values[first] = training->loss_sum / (double)training->epoch_examples;
    training->known[first] = true;
    for (size_t m = 0; m < model->n_metrics; m++) {
        const runner_metric_ops *ops = model->metrics[m].part->ops;
        training->values[first + 1 + m] = ops->result(model->metrics[m].part->config, training->epoch_examples,
                                                      training->sums + model->metrics[m].first_sum);
        training->known[first + 1 + m] = true;
    }
}

static void diverged(struct training *training, uint64_t epoch, const char *what, double value) {
    training->result->outcome = TRAIN_DIVERGED;
    training->result->stopped_by = "diverged";
    snprintf(training->result->reason, sizeof training->result->reason, "%s is %s in epoch %llu", what,
             isnan(value) ? "nan"
             : value > 0  ? "inf"
                          : "-inf",
             (unsigned long long)epoch);
}

static enum status evaluate_epoch(struct training *training, uint64_t epoch, double *seconds, struct error *error) {
    enum status status = evaluate_all(training, seconds, error);
    if (status == STATUS_OK && training->result->outcome == TRAIN_DONE && !evaluation_finite(training))
        diverged(training, epoch, "evaluated loss", (double)NAN);
    return status;
}

/* What the callbacks want after an epoch. One that stops, or whose weights are kept, is evaluated in any case. */
static enum status ask_callbacks(struct training *training, uint64_t epoch, bool *last, bool evaluated, double *seconds,
                                 struct error *error) {
    struct callbacks *callbacks = &training->callbacks;
    enum status status = STATUS_OK;
    if (training->result->outcome != TRAIN_DONE)
        return STATUS_OK;
    uint32_t asked = callbacks_ask(callbacks, epoch, training->rate, training->values, training->known);
    if (!evaluated && (asked & (RUNNER_STOP | RUNNER_KEEP)) != 0)
        status = evaluate_epoch(training, epoch, seconds, error);
    if (status != STATUS_OK || training->result->outcome != TRAIN_DONE)
        return status;
    callbacks_keep(callbacks, &training->model, epoch, &training->arena);
    if (!*last && (asked & RUNNER_STOP) != 0) {
        training->result->stopped_by = callbacks_stopped_by(callbacks);
        *last = true;
    }
    return STATUS_OK;
}

static enum status save_epoch(struct training *training, uint64_t epoch, struct error *error) {
    const struct group *group = &training->groups[GROUP_VALIDATION];
    bool known = group->present && training->known[group->first];
    return saving_epoch(&training->saving, &training->model, epoch,
                        known ? training->values[group->first] : (double)NAN, &training->arena, error);
}

/* One epoch, from its beginning or from a checkpoint within, its evaluation and its row. */
static enum status run_epoch(struct training *training, uint64_t epoch, bool *more, struct error *error) {
    const struct train_settings *settings = &training->settings;
    double evaluate_seconds = 0;
    enum status status = train_epoch(training, epoch, error);
    if (status != STATUS_OK)
        return status;
    training->result->epochs = epoch;
    if (training->stepper.diverged)
        diverged(training, epoch, "loss", training->stepper.loss_sum);
    bool last = epoch == settings->epochs || training->updates >= settings->total_updates || training->stepper.diverged;
    bool evaluate = last || epoch % settings->evaluate_every == 0;
    memset(training->known, 0, training->columns.count * sizeof *training->known);
    running_means(training);
    if (evaluate)
        status = evaluate_epoch(training, epoch, &evaluate_seconds, error);
    if (status == STATUS_OK)
        status = ask_callbacks(training, epoch, &last, evaluate, &evaluate_seconds, error);
    if (status != STATUS_OK)
        return status;
    if (training->result->outcome == TRAIN_DONE)
        status = save_epoch(training, epoch, error);
    if (status != STATUS_OK)
        return status;
    bool go_on = report(training, epoch, training->epoch_seconds, evaluate_seconds);
    *more = go_on && !last && training->result->outcome == TRAIN_DONE;
    if (!go_on && !last && training->result->outcome == TRAIN_DONE) {
        training->result->outcome = TRAIN_STOPPED;
        training->result->stopped_by = "interrupted";
    }
    return STATUS_OK;
}

/* The weights that the trial ends with, and where they stand in its history. */
static enum status end_training(struct training *training, struct error *error) {
    struct train_result *result = training->result;
    enum status status = STATUS_OK;
    result->updates = training->updates;
    if (result->outcome == TRAIN_DONE) {
        result->restored = callbacks_restore(&training->callbacks, &training->model, &result->restored_epoch);
        status = saving_end(&training->saving, &training->model, &training->callbacks, result, error);
    }
    if (result->stopped_by == NULL)
        result->stopped_by = training->settings.updates_limited && training->updates == training->settings.total_updates
                                 ? "updates"
                                 : "epochs";
    return status;
}

/* The network before training. */
static enum status run_epoch_0(struct training *training, bool *more, struct error *error) {
    double evaluate_seconds = 0;
    training->rate = rate_of(training, 0);
    enum status status = evaluate_all(training, &evaluate_seconds, error);
    if (status == STATUS_OK)
        status = save_epoch(training, 0, error);
    if (status == STATUS_OK)
        *more = report(training, 0, 0, evaluate_seconds) && training->settings.total_updates > 0;
    return status;
}

/* Where the request has a checkpoint that fits, training stands as it stood then, and *epoch is the last that was whole. */
static bool resume(struct training *training, uint64_t *epoch) {
    const struct train_request *request = training->request;
    struct train_position position;
    struct error why = {0};
    if (request->checkpoint == NULL)
        return false;
    bool good =
        checkpoint_read(training, request->checkpoint, request->checkpoint_length, &position, &why) == STATUS_OK;
    if (request->on_resume != NULL)
        request->on_resume(request->context, good ? &position : NULL, why.text);
    if (!good)
        return false;
    *epoch = position.epoch;
    training->started = clock_seconds() - position.seconds;
    return true;
}

static bool epoch_checkpoint_due(const struct training *training, uint64_t epoch) {
    uint64_t every = training->settings.checkpoint_epochs;
    return checkpoint_due(training) || (training->request->on_checkpoint != NULL && every > 0 && epoch % every == 0);
}

static enum status run_epochs(struct training *training, struct error *error) {
    enum status status = STATUS_OK;
    uint64_t epoch = 0;
    bool more = true, resumed;
    training->started = clock_seconds();
    training->next_written = training->started + training->settings.checkpoint_seconds;
    resumed = resume(training, &epoch);
    if (resumed)
        more = checkpoint_report_rows(training);
    else
        status = run_epoch_0(training, &more, error);
    for (bool first = true; more && status == STATUS_OK; first = false) {
        epoch++;
        make_order(training, epoch, first);
        begin_epoch(training);
        status = run_epoch(training, epoch, &more, error);
        training->epoch_examples = 0;
        if (more && status == STATUS_OK && epoch_checkpoint_due(training, epoch))
            status = write_checkpoint(training, epoch, error);
    }
    return status == STATUS_OK ? end_training(training, error) : status;
}

/* What `init` and `save` say. */
enum status training_read_weights(struct saving *saving, struct model *model, const struct tree *trial,
                                  const struct data *data, bool check, struct text *where, struct error *error) {
    enum status status = weights_read_init(model, tree_get(trial, "init"), check, error);
    if (status == STATUS_OK)
        return saving_read(saving, trial, data, where, error);
    if (where != NULL)
        text_add(where, "init.file");
    return error_prefix(error, "init");
}

enum status train_run(const struct train_request *request, struct train_result *result, struct text *where,
                      struct error *error) {
    struct training training = {.request = request, .result = result};
    *result = (struct train_result){.outcome = TRAIN_DONE};
    text_init(&training.rows);
    arena_init(&training.arena);
    enum status status = train_settings_read(request->trial, request->data, &training.settings, where, error);
    if (status != STATUS_OK) {
        text_clear(&training.rows);
        arena_clear(&training.arena);
        return status;
    }
    struct model *model = &training.model;
    const struct train_settings *settings = &training.settings;
    unsigned before = thread_numbers_set();
    status = model_build(request->loader, request->trial, request->data, model, where, error);
    if (status == STATUS_OK) {
        model_plan_columns(model, settings->batch_rows, settings->micro_rows);
        status = model_initialize(model, settings->init_seed, error);
    }
    if (status == STATUS_OK)
        status = training_read_weights(&training.saving, model, request->trial, request->data, false, where, error);
    training.saving.request = request;
    if (status == STATUS_OK) {
        training_columns(training.groups, &training.columns, model, request->data, settings->evaluate_train,
                         &training.arena);
        status = callbacks_plan(&training.callbacks, request->loader, request->trial, &training.columns,
                                &training.arena, where, error);
    }
    if (status == STATUS_OK) {
        training.values = arena_array(&training.arena, training.columns.count, sizeof(double));
        training.known = arena_array(&training.arena, training.columns.count, sizeof(bool));
        training.sums = arena_array(&training.arena, model->n_sums, sizeof(double));
        training.order = arena_array(&training.arena, request->data->rows[DATA_TRAIN], sizeof(uint32_t));
        training.threads = worthwhile_threads(model, settings, request->threads);
        stepper_init(&training.stepper, model, request->data, settings->batch_rows, settings->micro_rows,
                     training.threads, settings->seed);
        evaluator_init(&training.evaluator, model, request->data, training.threads);
        status = run_epochs(&training, error);
        evaluator_clear(&training.evaluator);
        stepper_clear(&training.stepper);
    }
    thread_numbers_restore(before);
    model_clear(model);
    text_clear(&training.rows);
    arena_clear(&training.arena);
    return status;
}

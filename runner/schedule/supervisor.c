#include "runner/schedule/supervisor.h"

#include "runner/base/clock.h"
#include "runner/base/file.h"
#include "runner/base/interrupt.h"
#include "runner/results/artifact.h"
#include "runner/results/checkpoints.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_SECONDS 0.1
#define MOST_DISTURBED 3 /* times that a trial is given back: one that crashes by itself may write the file */
#define LOG_TAKEN ((size_t)256 << 10) /* bytes of a running trial's log that are not left in it */

struct run {
    struct supervisor *supervisor;
    struct slot *slots;
    size_t n_slots;
    size_t *queue; /* trials, costly ones first */
    size_t next;
    size_t *users;     /* trials to come or running, for each data set */
    size_t *failures;  /* so far, for each trial of the grid */
    size_t *disturbed; /* how often each was given back */
    bool changed;      /* other trials run than when processors were shared out */
    bool stop;         /* --fail-fast */
    bool begun;        /* supervisor->begun was called */
    bool told;         /* that a checkpoint could not be written */
    struct pollfd *polls;
    double ticked;
};

static size_t data_of(const struct run *run, size_t trial) {
    const struct plan *plan = run->supervisor->plan;
    return plan->points[plan->results.trials[trial].point].data;
}

static void make_queue(struct run *run) {
    const struct supervisor *supervisor = run->supervisor;
    plan_sort(supervisor->plan, supervisor->trials, supervisor->n_trials, run->queue);
    for (size_t i = 0; i < supervisor->n_trials; i++)
        run->users[data_of(run, run->queue[i])]++;
}

static void release_data(struct run *run, size_t data) {
    struct session_data *set = &run->supervisor->session->data[data];
    for (size_t i = 0; i < run->n_slots; i++)
        slot_detach(&run->slots[i], data);
    if (set->fd >= 0)
        close(set->fd);
    set->fd = -1;
}

/* One for the untrained network and one for each epoch. Where planning has failed, or `updates` ends the trial, epochs are not known. */
static uint64_t rows_at_most(const struct plan_point *point) {
    uint64_t epochs = point->facts != NULL ? point->facts->epochs : 0;
    return epochs > 0 && epochs < UINT64_MAX ? epochs + 1 : UINT64_MAX;
}

static enum status give_trial(struct run *run, struct slot *slot, struct error *error) {
    const struct supervisor *supervisor = run->supervisor;
    size_t trial = run->queue[run->next++];
    run->changed = true;
    const struct result_trial *facts = &supervisor->plan->results.trials[trial];
    const struct plan_point *point = &supervisor->plan->points[facts->point];
    struct record *record = slot_new_record(slot);
    *record = (struct record){.reason = "", .stopped_by = "", .threads = supervisor->threads, .attempts = 1};
    record->key = facts->key;
    record->id = facts->id;
    const struct record *before = journal_find(supervisor->journal, facts->key);
    if (before != NULL)
        record->attempts = before->attempts + 1;
    const struct session_data *data = &supervisor->session->data[point->data];
    if (data->problem != NULL) {
        slot_refuse(slot, trial, data->reason, data->problem);
        return STATUS_OK;
    }
    struct arena arena;
    arena_init(&arena);
    struct slot_order order = {.trial = trial,
                               .data = point->data,
                               .tree = experiment_trial_tree(supervisor->experiment, trial, &arena),
                               .files = point->files,
                               .memory_limit = supervisor->experiment->limits.memory,
                               .checkpoints = supervisor->checkpoints != NULL,
                               .checkpoint = -1,
                               .most_rows = rows_at_most(point),
                               .record = record,
                               .most_threads =
                                   supervisor->cpus > supervisor->threads ? supervisor->cpus : supervisor->threads};
    if (order.checkpoints)
        order.checkpoint = checkpoints_open(supervisor->checkpoints, record->key);
    enum status status = slot_train(slot, supervisor->session, &order, error);
    if (order.checkpoint >= 0)
        close(order.checkpoint);
    arena_clear(&arena);
    return status;
}

/* What the trial in this slot has yet to do; negative where there is none. */
static double work_left(const struct run *run, const struct slot *slot) {
    if (slot->trial == NO_TRIAL)
        return -1;
    const struct plan *plan = run->supervisor->plan;
    return (1 - slot->share) * plan->points[plan->results.trials[slot->trial].point].work;
}

/* How many running trials have more to do. */
static size_t longer_trials(const struct run *run, size_t slot) {
    double work = work_left(run, &run->slots[slot]);
    size_t count = 0;
    for (size_t i = 0; i < run->n_slots; i++) {
        double other = work_left(run, &run->slots[i]);
        count += other > work || (other == work && i < slot);
    }
    return count;
}

/* Each trial that runs gets its share of the processors; of those left over, one each goes to the trials with most to do. */
static void share_out(struct run *run) {
    const struct supervisor *supervisor = run->supervisor;
    size_t running = 0, share = supervisor->threads, rest = 0;
    for (size_t i = 0; i < run->n_slots; i++)
        running += run->slots[i].trial != NO_TRIAL;
    if (running > 0 && supervisor->cpus > running * share) {
        share = supervisor->cpus / running;
        rest = supervisor->cpus % running;
    }
    for (size_t i = 0; i < run->n_slots; i++)
        if (run->slots[i].trial != NO_TRIAL)
            slot_set_threads(&run->slots[i], share + (rest > 0 && longer_trials(run, i) < rest));
    run->changed = false;
}

/* What a trial printed goes to a file of its own, which an empty log removes. */
static void keep_log(struct run *run, struct slot *slot) {
    struct arena arena;
    arena_init(&arena);
    struct text log;
    text_init(&log);
    trial_log_write(&slot->log, &log);
    if (log.length > 0 && log.data[log.length - 1] != '\n')
        text_add_char(&log, '\n');
    if (slot->message[0] != '\0')
        text_printf(&log, "%s\n", slot->message);
    const char *path =
        path_join(&arena, run->supervisor->logs, arena_printf(&arena, "trial-%04zu.log", slot->trial + 1));
    if (log.length == 0) {
        if (unlink(path) == 0)
            rmdir(run->supervisor->logs); /* where that was the last one */
    }
    /* A log that cannot be written is no reason to lose the trial. */
    else if (folder_make_own(run->supervisor->logs, NULL) == STATUS_OK)
        file_write_whole(path, log.data, log.length, NULL);
    text_clear(&log);
    arena_clear(&arena);
}

/* An allocation that fails ends a trial in many ways: by an error, by a signal, by an exit. A full stack is no such way. */
static void name_memory(const struct run *run, struct slot *slot) {
    struct record *record = slot->record;
    if (!child_lacked_memory(&slot->child) || record->status != TRIAL_FAILED ||
        strcmp(record->reason, CHILD_FULL_STACK) == 0)
        return;
    bool limited = run->supervisor->experiment->limits.memory > 0;
    size_t length = strlen(slot->message);
    snprintf(slot->message + length, sizeof slot->message - length, "%s%s", length > 0 ? "; " : "",
             limited ? "memory_limit was reached" : "there was no more memory");
    record->reason = limited ? "memory limit" : "out of memory";
}

/* False where the trial has failed for good. */
static bool try_again(struct run *run, size_t trial, const struct record *record) {
    if (record->status == TRIAL_DONE || record->status == TRIAL_DIVERGED)
        return false;
    if (run->failures[trial]++ < run->supervisor->retries) {
        run->queue[--run->next] = trial; /* a place is free: that from which the trial was taken */
        return true;
    }
    if (run->supervisor->fail_fast && !run->stop) {
        run->stop = true;
        run->supervisor->first_failed = trial;
    }
    return false;
}

/* The record has to be on disk first. What was killed from outside goes on from its checkpoint where it is trained again (--retry); what
   failed by itself starts over. */
static enum status drop_checkpoint(struct run *run, struct slot *slot, struct error *error) {
    const struct record *record = slot->record;
    if (!slot->checkpoint || (record->status == TRIAL_FAILED && strcmp(record->reason, "SIGKILL") == 0))
        return STATUS_OK;
    enum status status = journal_flush(run->supervisor->journal, error);
    if (status == STATUS_OK)
        checkpoints_remove(run->supervisor->checkpoints, record->key);
    slot->checkpoint = false;
    return status;
}

static enum status end_trial(struct run *run, struct slot *slot, struct error *error) {
    struct supervisor *supervisor = run->supervisor;
    size_t trial = slot->trial, data = data_of(run, trial);
    struct record *record = slot->record;
    trial_log_take(&slot->log, &slot->child);
    name_memory(run, slot);
    keep_log(run, slot);
    const struct record *kept;
    enum status status = journal_add(supervisor->journal, record, &kept, error);
    if (status == STATUS_OK)
        status = drop_checkpoint(run, slot, error);
    if (status != STATUS_OK)
        return status;
    supervisor->plan->results.trials[trial].record = kept;
    bool again = try_again(run, trial, record);
    supervisor->ended += again ? 0 : 1;
    if (!again && supervisor->watcher.ended != NULL)
        supervisor->watcher.ended(supervisor->watcher.context, slot);
    slot->trial = NO_TRIAL;
    run->changed = true;
    /* A process that has opened a plugin from outside the installation is trusted with no other trial, nor with its time. */
    const struct plan *plan = supervisor->plan;
    bool foreign = plan->points[plan->results.trials[trial].point].files->count > 0;
    if (foreign || (record->status != TRIAL_DONE && record->status != TRIAL_DIVERGED))
        child_clear(&slot->child);
    if (!again && --run->users[data] == 0)
        release_data(run, data);
    return STATUS_OK;
}

static void note(const struct run *run, const struct slot *slot, const char *text) {
    const struct supervisor_watcher *watcher = &run->supervisor->watcher;
    if (watcher->note != NULL)
        watcher->note(watcher->context, slot, text);
}

/* The process has died in the midst of a trial: whether a file that it ran was written meanwhile. Then the trial is not to blame, and nothing
   is recorded; where the file is another one now, which fails, no trial begins with it. */
static enum status was_disturbed(struct run *run, const struct slot *slot, bool *disturbed, struct error *error) {
    struct inventory *inventory = &run->supervisor->session->inventory;
    *disturbed = false;
    if (slot->verdict != NULL || strcmp(slot->record->reason, "SIGKILL") == 0)
        return STATUS_OK;
    enum status status = inventory_check(inventory, error);
    *disturbed = inventory->writes > slot->child.writes && run->disturbed[slot->trial]++ < MOST_DISTURBED;
    return status;
}

/* The trial begins anew, or goes on from its checkpoint, in another process. */
static void give_back(struct run *run, struct slot *slot) {
    struct text text;
    text_init(&text);
    text_printf(&text, "%s; is trained again, since %s was written while it ran", slot->message,
                run->supervisor->session->inventory.written);
    note(run, slot, text.data);
    text_clear(&text);
    run->queue[--run->next] = slot->trial; /* a place is free: that from which the trial was taken */
    slot->trial = NO_TRIAL;
    run->changed = true;
}

/* One that cannot be written is no reason to lose the trial, which goes on as it would without; it is told once. */
static void keep_checkpoint(struct run *run, struct slot *slot, enum slot_event *event) {
    struct error error = {0};
    enum status status = checkpoints_keep(run->supervisor->checkpoints, slot->record->key, slot->file_fd, &error);
    if (status == STATUS_TRIAL) {
        slot_break(slot, error.text);
        *event = SLOT_ENDED;
        return;
    }
    slot->checkpoint = slot->checkpoint || status == STATUS_OK;
    if (status != STATUS_OK && !run->told) {
        struct text text;
        text_init(&text);
        text_printf(&text, "goes on without a new checkpoint: %s", error.text);
        note(run, slot, text.data);
        text_clear(&text);
        run->told = true;
    }
    slot_kept(slot);
}

/* A file that is none ends the trial. */
static enum status keep_weights(const struct run *run, struct slot *slot, enum slot_event *event, struct error *error) {
    enum status status =
        artifact_write_weights(run->supervisor->weights, slot->record->id, slot->file_epoch, slot->file_fd, error);
    if (status != STATUS_TRIAL)
        return status;
    slot_break(slot, error->text);
    *event = SLOT_ENDED;
    return STATUS_OK;
}

/* Ends trials that take too long, and takes away what others print so that there is room for more. */
static void watch_slots(struct run *run) {
    double limit = run->supervisor->experiment->limits.time, time = clock_seconds();
    for (size_t i = 0; i < run->n_slots; i++) {
        struct slot *slot = &run->slots[i];
        if (slot->trial == NO_TRIAL)
            continue;
        if (limit > 0 && time - slot->started > limit)
            slot_stop(slot, TRIAL_TIMEOUT, "time limit");
        if (child_log_size(&slot->child) > LOG_TAKEN)
            trial_log_take(&slot->log, &slot->child);
    }
}

/* A process that is killed closes its descriptors a moment before it has ended, and how it ended is what is to be told. */
static bool ends_at_once(const struct slot *slot) {
    struct pollfd end = {.fd = slot->child.pidfd, .events = POLLIN};
    int found;
    do {
        found = poll(&end, 1, 1000);
    } while (found < 0 && errno == EINTR);
    return found > 0;
}

static enum status serve_slot(struct run *run, struct slot *slot, bool died, struct error *error) {
    const struct supervisor_watcher *watcher = &run->supervisor->watcher;
    enum status status = STATUS_OK;
    enum slot_feed fed;
    do {
        fed = slot_feed(slot);
        for (enum slot_event event = slot_next(slot); status == STATUS_OK && event != SLOT_NOTHING;
             event = slot_next(slot)) {
            if (event == SLOT_ROW && watcher->row != NULL)
                watcher->row(watcher->context, slot);
            if (event == SLOT_RESUME)
                note(run, slot, slot->resume);
            if (event == SLOT_CHECKPOINT)
                keep_checkpoint(run, slot, &event);
            if (event == SLOT_WEIGHTS)
                status = keep_weights(run, slot, &event, error);
            if (event == SLOT_ENDED) {
                status = end_trial(run, slot, error);
                break;
            }
        }
    } while (died && fed == SLOT_FED && slot->child.pid > 0 && status == STATUS_OK);
    if (fed == SLOT_CLOSED && slot->child.pid > 0 && !died && !(died = ends_at_once(slot)))
        slot_stop(slot, TRIAL_FAILED, "connection closed"); /* the end of the process comes by the pidfd */
    if (died && slot->child.pid > 0 && status == STATUS_OK) {
        bool disturbed = false;
        const bool trial = slot_died(slot);
        if (trial)
            status = was_disturbed(run, slot, &disturbed, error);
        if (disturbed && status == STATUS_OK)
            give_back(run, slot);
        else if (trial && status == STATUS_OK)
            status = end_trial(run, slot, error);
        child_clear(&slot->child);
    }
    return status;
}

static enum status wait_for_news(struct run *run, struct error *error) {
    nfds_t n = 0;
    run->polls[n++] =
        (struct pollfd){.fd = interrupt_descriptor(run->supervisor->session->settings.interrupt), .events = POLLIN};
    for (size_t i = 0; i < run->n_slots; i++) {
        struct slot *slot = &run->slots[i];
        run->polls[n++] = (struct pollfd){.fd = slot->child.socket, .events = POLLIN};
        run->polls[n++] = (struct pollfd){.fd = slot->child.pidfd, .events = POLLIN};
    }
    if (poll(run->polls, n, (int)(1000 * TICK_SECONDS)) < 0 && errno != EINTR)
        return error_set(error, STATUS_ENVIRONMENT, "poll: %s", strerror(errno));
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < run->n_slots; i++) {
        bool talks = run->polls[1 + 2 * i].revents != 0, died = run->polls[2 + 2 * i].revents != 0;
        if (talks || died)
            status = serve_slot(run, &run->slots[i], died, error);
    }
    return status;
}

/* By a trial that failed, or by a signal. */
static enum status check_stop(const struct run *run, struct error *error) {
    if (run->stop)
        return error_set(error, STATUS_TRIAL, "%s", "");
    return interrupt_check(run->supervisor->session->settings.interrupt, error);
}

/* One without data has ended when it begins, and reading is not tried again in this run. */
static enum status begin_trial(struct run *run, struct slot *slot, struct error *error) {
    const struct supervisor *supervisor = run->supervisor;
    enum status status = give_trial(run, slot, error);
    if (status != STATUS_OK)
        return status;
    if (supervisor->watcher.started != NULL)
        supervisor->watcher.started(supervisor->watcher.context, slot);
    if (supervisor->session->data[data_of(run, slot->trial)].problem == NULL)
        return STATUS_OK;
    run->failures[slot->trial] = supervisor->retries;
    return end_trial(run, slot, error);
}

static enum status loop(struct run *run, struct error *error) {
    struct supervisor *supervisor = run->supervisor;
    const struct supervisor_watcher *watcher = &supervisor->watcher;
    for (;;) {
        /* What is written first is there in any case. */
        enum status status = run->begun ? check_stop(run, error) : STATUS_OK;
        bool busy = false;
        for (size_t i = 0; status == STATUS_OK && i < run->n_slots; i++) {
            struct slot *slot = &run->slots[i];
            while (status == STATUS_OK && slot->trial == NO_TRIAL && run->next < supervisor->n_trials && !run->stop)
                status = begin_trial(run, slot, error);
            busy = busy || slot->trial != NO_TRIAL;
        }
        if (status == STATUS_OK && run->changed)
            share_out(run);
        if (status == STATUS_OK && !run->begun && supervisor->begun != NULL)
            status = supervisor->begun(supervisor->context, error);
        run->begun = true;
        if (status == STATUS_OK && !busy)
            return STATUS_OK;
        if (status == STATUS_OK)
            status = wait_for_news(run, error);
        if (status == STATUS_OK)
            status = journal_sync(supervisor->journal, error);
        if (status != STATUS_OK)
            return status;
        if (clock_seconds() - run->ticked >= TICK_SECONDS) {
            watch_slots(run);
            if (watcher->tick != NULL)
                watcher->tick(watcher->context, run->slots, run->n_slots);
            run->ticked = clock_seconds();
        }
    }
}

enum status supervisor_run(struct supervisor *supervisor, struct error *error) {
    size_t n_data = supervisor->session->n_data;
    struct run run = {.supervisor = supervisor};
    run.n_slots = supervisor->workers < supervisor->n_trials ? supervisor->workers : supervisor->n_trials;
    run.slots = memory_alloc(run.n_slots + 1, sizeof *run.slots);
    run.queue = memory_alloc(supervisor->n_trials + 1, sizeof *run.queue);
    run.failures = memory_alloc(supervisor->plan->results.n_trials + 1, sizeof *run.failures);
    run.disturbed = memory_alloc(supervisor->plan->results.n_trials + 1, sizeof *run.disturbed);
    supervisor->first_failed = NO_TRIAL;
    run.users = memory_alloc(n_data + 1, sizeof *run.users);
    run.polls = memory_alloc(1 + 2 * run.n_slots, sizeof *run.polls);
    for (size_t i = 0; i < run.n_slots; i++)
        slot_init(&run.slots[i], n_data);
    if (run.n_slots > 0)
        session_hand_over(supervisor->session, &run.slots[0].child, run.slots[0].attached);
    supervisor->plan->results.journal = supervisor->journal;
    make_queue(&run);
    for (size_t d = 0; d < n_data; d++)
        if (run.users[d] == 0)
            release_data(&run, d);
    enum status status = loop(&run, error);
    for (size_t i = 0; i < run.n_slots; i++)
        slot_clear(&run.slots[i]);
    free(run.polls);
    free(run.users);
    free(run.disturbed);
    free(run.failures);
    free(run.queue);
    free(run.slots);
    return status;
}

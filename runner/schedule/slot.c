#include "runner/schedule/slot.h"

#include "runner/base/clock.h"
#include "runner/train/train.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drop_file(struct slot *slot) {
    if (slot->file_fd >= 0)
        close(slot->file_fd);
    slot->file_fd = -1;
}

void slot_init(struct slot *slot, size_t n_data) {
    *slot = (struct slot){
        .child = {.pidfd = -1, .socket = -1, .log = -1}, .n_data = n_data, .trial = NO_TRIAL, .file_fd = -1};
    arena_init(&slot->arena);
    slot->attached = memory_alloc(n_data + 1, sizeof *slot->attached);
    trial_log_init(&slot->log);
}

void slot_clear(struct slot *slot) {
    drop_file(slot);
    child_clear(&slot->child);
    trial_log_clear(&slot->log);
    arena_clear(&slot->arena);
    free(slot->attached);
    *slot = (struct slot){.child = {.pidfd = -1, .socket = -1, .log = -1}, .trial = NO_TRIAL, .file_fd = -1};
}

struct record *slot_new_record(struct slot *slot) {
    arena_clear(&slot->arena);
    slot->record = arena_alloc(&slot->arena, sizeof *slot->record);
    return slot->record;
}

static enum status attach(struct slot *slot, const struct session *session, size_t data, struct error *error) {
    if (slot->attached[data])
        return STATUS_OK;
    struct text payload;
    text_init(&payload);
    message_u64(&payload, data);
    enum status status =
        frame_write_fd(slot->child.socket, MESSAGE_ATTACH, payload.data, payload.length, session->data[data].fd, error);
    slot->attached[data] = status == STATUS_OK;
    text_clear(&payload);
    return status;
}

static void set_orders(struct slot *slot, uint64_t threads) {
    atomic_store_explicit(&slot->child.orders->threads, (uint32_t)threads, memory_order_relaxed);
}

static enum status send(struct slot *slot, const struct session *session, const struct slot_order *order,
                        struct error *error) {
    for (size_t d = 0; d < slot->n_data; d++)
        if (session->data[d].fd < 0)
            slot_detach(slot, d);
    enum status status = attach(slot, session, order->data, error);
    if (status != STATUS_OK)
        return status;
    set_orders(slot, order->record->threads);
    child_forget_lack(&slot->child);
    struct text payload;
    text_init(&payload);
    message_u64(&payload, order->data);
    message_u64(&payload, order->most_threads);
    message_u64(&payload, order->memory_limit);
    message_tree(&payload, order->tree);
    char key[HASH_TEXT_SIZE];
    message_string(&payload, order->checkpoints ? hash128_write(order->record->key, key) : "");
    if (order->checkpoint >= 0)
        status =
            frame_write_fd(slot->child.socket, MESSAGE_TRAIN, payload.data, payload.length, order->checkpoint, error);
    else
        status = frame_write(slot->child.socket, MESSAGE_TRAIN, payload.data, payload.length, error);
    text_clear(&payload);
    return status;
}

static enum status start(struct slot *slot, struct session *session, const struct plugin_files *files,
                         struct error *error) {
    child_clear(&slot->child);
    memset(slot->attached, 0, slot->n_data * sizeof *slot->attached);
    return session_start(session, files, &slot->child, error);
}

static void begin(struct slot *slot, size_t trial) {
    slot->started = clock_seconds();
    slot->trial = trial;
    slot->verdict = NULL;
    slot->checkpoints = slot->checkpoint = slot->resumed = false;
    trial_log_reset(&slot->log);
    slot->rows_capacity = 0;
    slot->epoch = 0;
    slot->share = 0;
    slot->loss = (double)NAN;
    slot->message[0] = '\0';
}

enum status slot_train(struct slot *slot, struct session *session, const struct slot_order *order,
                       struct error *error) {
    enum status status = STATUS_OK;
    bool started = slot->child.pid <= 0 || order->files->count > 0;
    if (started)
        status = start(slot, session, order->files, error);
    if (status == STATUS_OK)
        status = send(slot, session, order, error);
    if (status != STATUS_OK && !started) {
        /* A worker may end while it waits for work; a second one that does not listen is the machine's fault. */
        status = start(slot, session, order->files, error);
        if (status == STATUS_OK)
            status = send(slot, session, order, error);
    }
    if (status != STATUS_OK)
        return status;
    begin(slot, order->trial);
    slot->most_rows = order->most_rows;
    slot->checkpoints = order->checkpoints;
    slot->checkpoint = order->checkpoint >= 0;
    return STATUS_OK;
}

void slot_stop(struct slot *slot, enum trial_status status, const char *reason) {
    if (slot->child.pid <= 0 || slot->verdict != NULL)
        return;
    slot->verdict = reason;
    slot->verdict_status = status;
    kill(slot->child.pid, SIGKILL);
}

void slot_set_threads(struct slot *slot, size_t threads) {
    struct record *record = slot->record;
    record->threads = threads > record->threads ? threads : record->threads;
    if (slot->child.orders != NULL)
        set_orders(slot, threads);
}

void slot_detach(struct slot *slot, size_t data) {
    if (!slot->attached[data] || slot->child.pid <= 0 || slot->trial != NO_TRIAL)
        return;
    struct text payload;
    text_init(&payload);
    message_u64(&payload, data);
    /* Where it cannot be sent the worker is about to be found dead. */
    frame_write(slot->child.socket, MESSAGE_DETACH, payload.data, payload.length, NULL);
    slot->attached[data] = false;
    text_clear(&payload);
}

enum slot_feed slot_feed(struct slot *slot) {
    struct pollfd readable = {.fd = slot->child.socket, .events = POLLIN};
    bool end = false;
    if (poll(&readable, 1, 0) <= 0 || readable.revents == 0)
        return SLOT_EMPTY;
    enum status status = frame_reader_feed(&slot->child.reader, slot->child.socket, &end, NULL);
    return status == STATUS_OK && !end ? SLOT_FED : SLOT_CLOSED;
}

/* A trial that failed has neither rows nor metrics. */
static void fail(struct slot *slot, const char *reason, const char *message) {
    struct record *record = slot->record;
    record->status = TRIAL_FAILED;
    record->reason = arena_copy_text(&slot->arena, reason);
    record->stopped_by = "";
    record->epochs = record->updates = 0;
    record->has_best = record->restored = false;
    record->n_rows = record->n_columns = 0;
    snprintf(slot->message, sizeof slot->message, "%s", message);
}

void slot_refuse(struct slot *slot, size_t trial, const char *reason, const char *message) {
    begin(slot, trial);
    fail(slot, reason, message);
}

static bool take_columns(struct slot *slot, struct message_reader *reader) {
    struct record *record = slot->record;
    size_t count = message_read_count(reader, 9);
    if (record->n_columns != 0)
        return false;
    record->columns = arena_array(&slot->arena, count, sizeof *record->columns);
    for (size_t i = 0; i < count; i++)
        record->columns[i] = arena_copy_text(&slot->arena, message_read_string(reader));
    record->n_columns = count;
    return !reader->bad;
}

static struct record_row *add_row(struct slot *slot) {
    struct record *record = slot->record;
    if (record->n_rows == slot->rows_capacity) {
        slot->rows_capacity = slot->rows_capacity == 0 ? 16 : 2 * slot->rows_capacity;
        struct record_row *rows = arena_array(&slot->arena, slot->rows_capacity, sizeof *rows);
        if (record->n_rows > 0)
            memcpy(rows, record->rows, record->n_rows * sizeof *rows);
        record->rows = rows;
    }
    return &record->rows[record->n_rows++];
}

static bool take_row(struct slot *slot, struct message_reader *reader) {
    if (slot->record->n_rows >= slot->most_rows)
        return false;
    struct record_row *row = add_row(slot);
    row->epoch = message_read_u64(reader);
    row->updates = message_read_u64(reader);
    row->examples = message_read_u64(reader);
    row->learning_rate = message_read_double(reader);
    row->seconds = message_read_double(reader);
    row->evaluate_seconds = message_read_double(reader);
    size_t count = message_read_count(reader, 16);
    if (count != slot->record->n_columns)
        return false;
    row->values = arena_array(&slot->arena, count, sizeof *row->values);
    row->known = arena_array(&slot->arena, count, sizeof *row->known);
    for (size_t i = 0; i < count; i++) {
        row->known[i] = message_read_u64(reader) != 0;
        row->values[i] = message_read_double(reader);
    }
    slot->epoch = row->epoch + 1;
    return !reader->bad;
}

static bool take_result(struct slot *slot, struct message_reader *reader) {
    struct record *record = slot->record;
    uint64_t status = message_read_u64(reader), outcome = message_read_u64(reader);
    const char *reason = message_read_string(reader), *stopped_by = message_read_string(reader);
    record->epochs = message_read_u64(reader);
    record->updates = message_read_u64(reader);
    record->has_best = message_read_u64(reader) != 0;
    record->best_epoch = message_read_u64(reader);
    record->restored = message_read_u64(reader) != 0;
    record->restored_epoch = message_read_u64(reader);
    record->peak_memory = message_read_u64(reader);
    record->threads = message_read_u64(reader);
    const char *text = message_read_string(reader);
    if (reader->bad)
        return false;
    if (status != STATUS_OK) {
        fail(slot, "error", text);
        return true;
    }
    if (outcome != TRAIN_DONE && outcome != TRAIN_DIVERGED)
        return false;
    record->status = outcome == TRAIN_DONE ? TRIAL_DONE : TRIAL_DIVERGED;
    record->reason = arena_copy_text(&slot->arena, reason);
    record->stopped_by = arena_copy_text(&slot->arena, stopped_by);
    return true;
}

/* Comes once at most, where a checkpoint was given, before all rows. */
static bool take_resume(struct slot *slot, struct message_reader *reader) {
    bool whether = message_read_u64(reader) == 1;
    unsigned long long epoch = message_read_u64(reader), updates = message_read_u64(reader);
    double seconds = message_read_double(reader);
    const char *why = message_read_string(reader);
    if (reader->bad || !slot->checkpoint || slot->record->n_columns > 0 || slot->resumed)
        return false;
    slot->resumed = whether;
    if (whether && seconds > 0 && isfinite(seconds))
        slot->started -= seconds;
    if (whether)
        snprintf(slot->resume, sizeof slot->resume, "resumed at epoch %llu, update %llu", epoch, updates);
    else
        snprintf(slot->resume, sizeof slot->resume, "starts over, since its checkpoint is of no use: %.180s", why);
    return true;
}

/* A worker that sends on without waiting for answers fills the socket, and is not waited for. */
void slot_kept(struct slot *slot) {
    struct pollfd writable = {.fd = slot->child.socket, .events = POLLOUT};
    if (poll(&writable, 1, 0) > 0 && (writable.revents & POLLOUT) != 0)
        frame_write(slot->child.socket, MESSAGE_KEPT, "", 0,
                    NULL); /* where it cannot be sent the worker is about to be found dead */
    else
        slot_stop(slot, TRIAL_FAILED, "protocol");
}

void slot_break(struct slot *slot, const char *message) {
    slot_stop(slot, TRIAL_FAILED, "protocol");
    fail(slot, "protocol", message);
}

enum slot_event slot_next(struct slot *slot) {
    struct frame frame = {.fd = -1};
    bool found = false;
    drop_file(slot);
    enum status status = frame_reader_next(&slot->child.reader, &frame, &found, NULL);
    if (status == STATUS_OK && !found)
        return SLOT_NOTHING;
    struct message_reader reader;
    enum slot_event event = SLOT_ENDED;
    bool good = status == STATUS_OK && slot->trial != NO_TRIAL;
    if (good) {
        message_reader_init(&reader, frame.payload, frame.length);
        switch (frame.type) {
        case MESSAGE_COLUMNS:
            good = take_columns(slot, &reader);
            event = SLOT_PROGRESS;
            break;
        case MESSAGE_ROW:
            good = take_row(slot, &reader);
            event = SLOT_ROW;
            break;
        case MESSAGE_PROGRESS:
            slot->epoch = message_read_u64(&reader);
            slot->share = message_read_double(&reader);
            slot->loss = message_read_double(&reader);
            good = !reader.bad;
            event = SLOT_PROGRESS;
            break;
        case MESSAGE_WEIGHTS:
            slot->file_epoch = message_read_u64(&reader);
            good = !reader.bad && frame.fd >= 0;
            event = SLOT_WEIGHTS;
            break;
        case MESSAGE_CHECKPOINT:
            good = slot->checkpoints && frame.fd >= 0;
            event = SLOT_CHECKPOINT;
            break;
        case MESSAGE_RESUME:
            good = take_resume(slot, &reader);
            event = SLOT_RESUME;
            break;
        case MESSAGE_RESULT: good = take_result(slot, &reader); break;
        default: good = false; break;
        }
    }
    slot->file_fd = frame.fd;
    if (!good) {
        if (slot->trial != NO_TRIAL) {
            slot_break(slot, "the worker sent a broken message");
            return SLOT_ENDED;
        }
        if (slot->child.pid > 0)
            kill(slot->child.pid, SIGKILL);
        return SLOT_NOTHING;
    }
    return event;
}

bool slot_died(struct slot *slot) {
    char reason[32], message[256];
    child_reap(&slot->child, reason);
    if (slot->trial == NO_TRIAL)
        return false;
    bool killed = strcmp(reason, "SIGKILL") == 0;
    if (killed && slot->verdict != NULL) {
        snprintf(message, sizeof message, "the trial was ended: %s", slot->verdict);
        fail(slot, slot->verdict, message);
        slot->record->status = slot->verdict_status;
        return true;
    }
    char lost[32];
    snprintf(lost, sizeof lost, "exit %d", WORKER_LOST);
    if (strcmp(reason, lost) == 0) {
        fail(slot, "connection closed", "the worker lost its connection to the supervisor");
        return true;
    }
    const char *remark =
        killed ? "; the system does so where memory is short"
        : strcmp(reason, "SIGSYS") == 0
            ? "; a plugin called the system for what is not allowed: another process, or a signal to one"
        : strcmp(reason, CHILD_FULL_STACK) == 0 ? " (SIGSEGV)"
                                                : "";
    snprintf(message, sizeof message, "the worker ended: %s%s", reason, remark);
    fail(slot, reason, message);
    return true;
}

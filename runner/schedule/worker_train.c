#include "runner/schedule/worker_train.h"

#include "runner/base/clock.h"
#include "runner/base/file.h"
#include "runner/schedule/worker_guard.h"
#include "runner/train/checkpoint.h"
#include "runner/train/fault.h"
#include "runner/train/weights.h"

#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a trial may print before the supervisor takes it away, which it does ten times a second. More than this is dropped, so that a
   plugin that prints in a loop fills no memory. */
#define LOG_LIMIT (64u << 20)

/* Rows of short epochs wait for each other, at most this long, and go with the next message of another kind: a call of the system for each,
   here and in the supervisor, would cost more than a tiny network's epoch. */
#define GATHER_SECONDS 0.02
#define GATHER_BYTES (1u << 16)

struct sender {
    struct text out;
    struct text frames; /* gathered and not sent yet */
    double sent;        /* when they were sent last */
    bool columns_sent;
    bool unanswered;    /* a checkpoint was sent, and the supervisor has not said that it is kept */
    enum status status; /* of sending */
    struct error *error;
};

/* A message of what stands in sender->out. */
static void gather(struct sender *sender, enum message type) {
    if (sender->status == STATUS_OK)
        sender->status = frame_gather(&sender->frames, type, sender->out.data, sender->out.length, sender->error);
}

static void send_gathered(struct sender *sender) {
    if (sender->status == STATUS_OK && sender->frames.length > 0)
        sender->status = frame_write_gathered(WORKER_SOCKET, &sender->frames, sender->error);
    sender->sent = clock_seconds();
}

static void send_now(struct sender *sender, enum message type) {
    gather(sender, type);
    send_gathered(sender);
}

static void gather_columns(struct sender *sender, const struct train_columns *columns) {
    text_reset(&sender->out);
    message_u64(&sender->out, columns->count);
    for (size_t i = 0; i < columns->count; i++)
        message_string(&sender->out, columns->names[i]);
    gather(sender, MESSAGE_COLUMNS);
    sender->columns_sent = true;
}

static bool send_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct sender *sender = context;
    if (!sender->columns_sent)
        gather_columns(sender, columns);
    text_reset(&sender->out);
    message_u64(&sender->out, row->epoch);
    message_u64(&sender->out, row->updates);
    message_u64(&sender->out, row->examples);
    message_double(&sender->out, row->learning_rate);
    message_double(&sender->out, row->seconds);
    message_double(&sender->out, row->evaluate_seconds);
    message_u64(&sender->out, columns->count);
    for (size_t i = 0; i < columns->count; i++) {
        message_u64(&sender->out, row->known[i]);
        message_double(&sender->out, row->known[i] ? row->values[i] : 0);
    }
    gather(sender, MESSAGE_ROW);
    if (sender->frames.length >= GATHER_BYTES || clock_seconds() - sender->sent >= GATHER_SECONDS)
        send_gathered(sender);
    return sender->status == STATUS_OK;
}

static void send_progress(void *context, uint64_t epoch, double share, double loss) {
    struct sender *sender = context;
    if (sender->status != STATUS_OK)
        return;
    text_reset(&sender->out);
    message_u64(&sender->out, epoch);
    message_double(&sender->out, share);
    message_double(&sender->out, loss);
    send_now(sender, MESSAGE_PROGRESS);
}

/* Files go as memfds, to which the limit of what a trial may print does not apply. */
struct file {
    int fd;
    struct rlimit before;
};

static enum status file_open(struct file *file, struct error *error) {
    struct rlimit limit;
    file->fd = memfd_create("runner-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file->fd < 0)
        return error_set(error, STATUS_TRIAL, "cannot make a memfd: %s", strerror(errno));
    getrlimit(RLIMIT_FSIZE, &file->before);
    limit = (struct rlimit){file->before.rlim_max, file->before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    return STATUS_OK;
}

/* Sends it with what stands in sender->out, where `status`, that of writing, is good. */
static enum status file_send(struct file *file, struct sender *sender, enum message type, enum status status,
                             struct error *error) {
    setrlimit(RLIMIT_FSIZE, &file->before);
    if (status == STATUS_OK && !file_seal(file->fd))
        status = error_set(error, STATUS_TRIAL, "cannot seal a memfd: %s", strerror(errno));
    send_gathered(sender);
    if (status == STATUS_OK && sender->status == STATUS_OK)
        sender->status =
            frame_write_fd(WORKER_SOCKET, type, sender->out.data, sender->out.length, file->fd, sender->error);
    close(file->fd);
    return status;
}

static enum status send_weights(void *context, uint64_t epoch, const struct model *model,
                                const struct weights_copy *copy, struct error *error) {
    struct sender *sender = context;
    struct file file;
    enum status status = file_open(&file, error);
    if (status != STATUS_OK)
        return status;
    text_reset(&sender->out);
    message_u64(&sender->out, epoch);
    return file_send(&file, sender, MESSAGE_WEIGHTS, weights_write_file(model, copy, file.fd, error), error);
}

/* Waits until the supervisor has put the last checkpoint where it belongs, so that at most one is on its way. */
static void await_kept(struct sender *sender) {
    uint32_t type = MESSAGE_KEPT;
    if (sender->unanswered && sender->status == STATUS_OK)
        sender->status = frame_read(WORKER_SOCKET, &sender->out, &type, sender->error);
    if (sender->status == STATUS_OK && type != MESSAGE_KEPT)
        sender->status =
            error_set(sender->error, STATUS_ENVIRONMENT, "the supervisor does not say that a checkpoint is kept");
    sender->unanswered = false;
}

static enum status send_checkpoint(void *context, struct training *training, const struct train_position *position,
                                   struct error *error) {
    struct sender *sender = context;
    struct file file;
    await_kept(sender);
    if (sender->status != STATUS_OK)
        return error_set(error, STATUS_TRIAL, "the supervisor has gone");
    enum status status = file_open(&file, error);
    if (status != STATUS_OK)
        return status;
    text_reset(&sender->out);
    status = file_send(&file, sender, MESSAGE_CHECKPOINT, checkpoint_write(training, position, file.fd, error), error);
    sender->unanswered = status == STATUS_OK && sender->status == STATUS_OK;
    return status;
}

static void send_resume(void *context, const struct train_position *position, const char *why) {
    struct sender *sender = context;
    struct train_position nowhere = {0};
    if (sender->status != STATUS_OK)
        return;
    text_reset(&sender->out);
    message_u64(&sender->out, position != NULL);
    position = position != NULL ? position : &nowhere;
    message_u64(&sender->out, position->epoch);
    message_u64(&sender->out, position->updates);
    message_double(&sender->out, position->seconds);
    message_string(&sender->out, why);
    send_now(sender, MESSAGE_RESUME);
}

/* Maps the checkpoint that came with the request. Files are replaced, never changed, so it stays as it is. */
static void map_checkpoint(struct train_request *training, int fd) {
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) < 0)
        return;
    training->checkpoint =
        ""; /* what cannot be mapped, an empty file among it, is no checkpoint, and is reported as one */
    void *bytes = facts.st_size <= 0 ? MAP_FAILED : mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return;
    training->checkpoint = bytes;
    training->checkpoint_length = (size_t)facts.st_size;
}

static void unmap_checkpoint(struct train_request *training) {
    if (training->checkpoint_length > 0)
        munmap((void *)training->checkpoint, training->checkpoint_length);
    training->checkpoint = NULL;
    training->checkpoint_length = 0;
}

/* The kernel's high-water mark of this process, which restarts at each trial. */
static void reset_peak(int fd) {
    if (fd >= 0 && write(fd, "5", 1) != 1)
        fputs("cannot reset the peak of memory\n", stderr);
}

static void limit_log(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max < LOG_LIMIT ? limit.rlim_max : LOG_LIMIT;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A fault ends the process with its signal, whatever a library that a plugin brought along has set up. */
static void default_faults(struct report *report) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], SIG_DFL);
    if (report != NULL)
        fault_watch(&report->full_stack, &report->lacked_memory);
}

static void send_result(struct sender *sender, enum status status, const struct train_result *result,
                        const struct error *failure) {
    text_reset(&sender->out);
    message_u64(&sender->out, (uint64_t)status);
    message_u64(&sender->out, (uint64_t)result->outcome);
    message_string(&sender->out, result->reason);
    message_string(&sender->out, result->stopped_by);
    message_u64(&sender->out, result->epochs);
    message_u64(&sender->out, result->updates);
    message_u64(&sender->out, result->has_best);
    message_u64(&sender->out, result->best_epoch);
    message_u64(&sender->out, result->restored);
    message_u64(&sender->out, result->restored_epoch);
    message_u64(&sender->out, worker_memory("VmHWM:"));
    message_u64(&sender->out, result->threads);
    message_string(&sender->out, status != STATUS_OK ? failure->text : "");
    send_now(sender, MESSAGE_RESULT);
}

/* Trains, and sends what it comes to but for the result. What it has to say of the trial goes to the log. */
static enum status train(struct train_request *training, struct sender *sender, int checkpoint,
                         struct train_result *result, struct error *error) {
    struct text notes;
    text_init(&notes);
    training->on_row = send_row;
    training->on_progress = send_progress;
    training->on_weights = send_weights;
    training->on_checkpoint = training->identity[0] != '\0' ? send_checkpoint : NULL;
    training->on_resume = send_resume;
    training->context = sender;
    training->notes = &notes;
    map_checkpoint(training, checkpoint);
    const enum status status = train_run(training, result, NULL, error);
    unmap_checkpoint(training);
    await_kept(sender);
    if (notes.length > 0)
        fputs(notes.data, stderr);
    text_clear(&notes);
    return status;
}

enum status worker_train(const struct loader *loader, const struct worker_data *sets, const struct worker_means *means,
                         const struct frame *request, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    const struct data *data = worker_data_get(sets, message_read_u64(&reader));
    uint64_t threads = message_read_u64(&reader), memory_limit = message_read_u64(&reader);
    int team = threads > 0 && threads < 4096 ? (int)threads : 1;
    struct arena arena;
    arena_init(&arena);
    struct sender sender = {.error = error, .sent = clock_seconds()};
    text_init(&sender.out);
    text_init(&sender.frames);
    struct error failure = {0};
    struct train_result result = {0};
    limit_log();
    default_faults(means->report);
    reset_peak(means->peak);
    fesetenv(FE_DFL_ENV);
    worker_limit_memory(memory_limit, team, means->once);
    const struct tree *tree = message_read_tree(&reader, &arena);
    const char *identity = message_read_string(&reader);
    enum status status;
    if (tree == NULL) {
        status = message_misread(&failure);
    } else if (data == NULL) {
        status = error_set(&failure, STATUS_ENVIRONMENT, "a trial was sent for data that is not attached");
    } else {
        struct train_request training = {.loader = loader,
                                         .trial = tree,
                                         .data = data,
                                         .threads = team,
                                         .team = means->orders == NULL ? NULL : &means->orders->threads,
                                         .identity = identity};
        status = train(&training, &sender, request->fd, &result, &failure);
    }
    fflush(NULL);
    if (sender.status == STATUS_OK)
        send_result(&sender, status, &result, &failure);
    text_clear(&sender.out);
    text_clear(&sender.frames);
    arena_clear(&arena);
    return sender.status;
}

#include "runner/schedule/worker.h"

#include "runner/schedule/worker_guard.h"
#include "runner/train/train.h"
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
#include <unistd.h>

/* What a trial may print before the supervisor takes it away, which it does ten times a second. More than this is dropped, so that a
   plugin that prints in a loop fills no memory. */
#define LOG_LIMIT (64u << 20)

struct sender {
    struct text out;
    bool columns_sent;
    enum status status; /* of sending */
    struct error *error;
};

static void send_columns(struct sender *sender, const struct train_columns *columns) {
    text_reset(&sender->out);
    message_u64(&sender->out, columns->count);
    for (size_t i = 0; i < columns->count; i++)
        message_string(&sender->out, columns->names[i]);
    sender->status = frame_write(WORKER_SOCKET, MESSAGE_COLUMNS, sender->out.data, sender->out.length, sender->error);
    sender->columns_sent = true;
}

static bool send_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct sender *sender = context;
    if (!sender->columns_sent)
        send_columns(sender, columns);
    if (sender->status != STATUS_OK)
        return false;
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
    sender->status = frame_write(WORKER_SOCKET, MESSAGE_ROW, sender->out.data, sender->out.length, sender->error);
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
    sender->status = frame_write(WORKER_SOCKET, MESSAGE_PROGRESS, sender->out.data, sender->out.length, sender->error);
}

/* The file goes as a memfd, to which the limit of what a trial may print does not apply. */
static enum status send_weights(void *context, uint64_t epoch, const struct model *model,
                                const struct weights_copy *copy, struct error *error) {
    struct sender *sender = context;
    struct rlimit limit, before;
    int fd = memfd_create("runner-weights", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_set(error, STATUS_TRIAL, "cannot make a memfd for weights: %s", strerror(errno));
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){before.rlim_max, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    enum status status = weights_write_file(model, copy, fd, error);
    setrlimit(RLIMIT_FSIZE, &before);
    if (status == STATUS_OK && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        status = error_set(error, STATUS_TRIAL, "cannot seal a memfd of weights: %s", strerror(errno));
    if (status == STATUS_OK && sender->status == STATUS_OK) {
        text_reset(&sender->out);
        message_u64(&sender->out, epoch);
        sender->status =
            frame_write_fd(WORKER_SOCKET, MESSAGE_WEIGHTS, sender->out.data, sender->out.length, fd, sender->error);
    }
    close(fd);
    return status;
}

/* The kernel's high-water mark of this process, which restarts at each trial. */
static void reset_peak(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "5", 1) != 1)
        fputs("cannot reset the peak of memory\n", stderr);
    close(fd);
}

static uint64_t peak_memory(void) {
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long kilobytes = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtoull(line + 6, NULL, 10);
    if (file != NULL)
        fclose(file);
    return (uint64_t)kilobytes * 1024;
}

static void limit_log(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max < LOG_LIMIT ? limit.rlim_max : LOG_LIMIT;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A fault ends the process with its signal, whatever a library that a plugin brought along has set up. */
static void default_faults(void) {
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        signal(numbers[i], SIG_DFL);
}

enum status worker_train(const struct loader *loader, const struct worker_data *sets, const struct frame *request,
                         struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, request->payload, request->length);
    const struct data *data = worker_data_get(sets, message_read_u64(&reader));
    uint64_t threads = message_read_u64(&reader), memory_limit = message_read_u64(&reader);
    int team = threads > 0 && threads < 4096 ? (int)threads : 1;
    struct arena arena;
    arena_init(&arena);
    struct sender sender = {.error = error};
    text_init(&sender.out);
    struct text notes;
    text_init(&notes);
    struct error failure = {0};
    struct train_result result = {0};
    limit_log();
    default_faults();
    reset_peak();
    fesetenv(FE_DFL_ENV);
    worker_limit_memory(memory_limit, team);
    const struct tree *tree = worker_read_tree(message_read_string(&reader), &arena, &failure);
    enum status status = failure.status;
    if (tree != NULL && data == NULL)
        status = error_set(&failure, STATUS_ENVIRONMENT, "a trial was sent for data that is not attached");
    if (tree != NULL && data != NULL) {
        struct train_request training = {.loader = loader,
                                         .trial = tree,
                                         .data = data,
                                         .threads = team,
                                         .on_row = send_row,
                                         .on_progress = send_progress,
                                         .on_weights = send_weights,
                                         .context = &sender,
                                         .notes = &notes};
        status = train_run(&training, &result, NULL, &failure);
    }
    if (notes.length > 0)
        fputs(notes.data, stderr);
    fflush(NULL);
    if (sender.status == STATUS_OK) {
        text_reset(&sender.out);
        message_u64(&sender.out, (uint64_t)status);
        message_u64(&sender.out, (uint64_t)result.outcome);
        message_string(&sender.out, result.reason);
        message_string(&sender.out, result.stopped_by);
        message_u64(&sender.out, result.epochs);
        message_u64(&sender.out, result.updates);
        message_u64(&sender.out, result.has_best);
        message_u64(&sender.out, result.best_epoch);
        message_u64(&sender.out, result.restored);
        message_u64(&sender.out, result.restored_epoch);
        message_u64(&sender.out, peak_memory());
        message_string(&sender.out, status != STATUS_OK ? failure.text : "");
        sender.status = frame_write(WORKER_SOCKET, MESSAGE_RESULT, sender.out.data, sender.out.length, error);
    }
    status = sender.status;
    text_clear(&notes);
    text_clear(&sender.out);
    arena_clear(&arena);
    return status;
}

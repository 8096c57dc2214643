#include "runner/schedule/child.h"

#include "runner/base/clock.h"
#include "runner/base/interrupt.h"
#include "runner/base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_MOST ((rlim_t)64 << 20) /* of each thread: endless recursion comes to its end here at the latest */

extern char **environ;

const char *signal_name(int number, char buffer[32]) {
    const char *name = sigabbrev_np(number);
    if (name != NULL)
        snprintf(buffer, 32, "SIG%s", name);
    else
        snprintf(buffer, 32, "signal %d", number);
    return buffer;
}

/* The worker's environment: the caller's, but for its temporary folder and what would change how OpenBLAS and OpenMP use threads. Waiting
   threads sleep: several teams share the cores, and a spinning one costs the others up to 10 times (DESIGN 5). */
static char **make_environment(const char *folder, struct arena *arena) {
    static const char *const dropped[] = {
        "OMP_",     "GOMP_",    "KMP_",        "OPENBLAS_NUM_THREADS=", "GOTO_NUM_THREADS=",
        "MKL_NUM_", "BLIS_NUM", "LC_NUMERIC=", "RUNNER_WORKER_"};
    static const char *const added[] = {"OPENBLAS_NUM_THREADS=1", "OMP_WAIT_POLICY=passive", "OMP_DYNAMIC=false"};
    size_t n = 0, count = 0;
    while (environ[n] != NULL)
        n++;
    char **result = arena_array(arena, n + sizeof added / sizeof added[0] + 2, sizeof *result);
    for (size_t i = 0; i < n; i++) {
        bool drop = folder != NULL && strncmp(environ[i], "TMPDIR=", strlen("TMPDIR=")) == 0;
        for (size_t k = 0; k < sizeof dropped / sizeof dropped[0]; k++)
            drop = drop || strncmp(environ[i], dropped[k], strlen(dropped[k])) == 0;
        if (!drop)
            result[count++] = environ[i];
    }
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++)
        result[count++] = arena_copy_text(arena, added[i]);
    if (folder != NULL)
        result[count++] = arena_printf(arena, "TMPDIR=%s", folder);
    return result;
}

/* In the new process, between fork and exec: only calls that are safe there. */
static _Noreturn void become_worker(const char *path, char **arguments, char **environment, const int descriptors[4],
                                    pid_t parent) {
    int socket = descriptors[0], orders = descriptors[1], report = descriptors[2], log = descriptors[3];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setsid(); /* kill(0, ...) of a plugin, and what it starts, stay in a group of their own, and it has no terminal */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    /* The terminal sends these to the whole group; the supervisor decides what becomes of workers. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    struct rlimit stack; /* no limit of memory counts it */
    if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur > STACK_MOST) {
        stack.rlim_cur = STACK_MOST;
        setrlimit(RLIMIT_STACK, &stack);
    }
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    /* Out of the way of each other; dup2() clears close-on-exec where source and target differ. */
    static const int targets[] = {WORKER_SOCKET, WORKER_ORDERS, WORKER_REPORT};
    int sources[] = {socket, orders, report};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if ((sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, WORKER_REPORT + 1)) < 0)
            _exit(127);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (dup2(sources[i], targets[i]) < 0)
            _exit(127);
    close_range(WORKER_REPORT + 1, ~0u, CLOSE_RANGE_CLOEXEC); /* what this program was started with */
    execve(path, arguments, environment);
    _exit(126);
}

/* Memory that both processes see, of a size that neither can change. */
static int make_page(const char *name, size_t size, int seals, void **page) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    void *mapped = MAP_FAILED;
    if (ftruncate(fd, (off_t)size) == 0)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | seals) < 0) {
        int cause = errno;
        if (mapped != MAP_FAILED)
            munmap(mapped, size);
        close(fd);
        errno = cause;
        return -1;
    }
    *page = mapped;
    return fd;
}

bool child_lacked_memory(const struct child *child) {
    return child->report != NULL && atomic_load_explicit(&child->report->lacked_memory, memory_order_relaxed) != 0;
}

void child_forget_lack(struct child *child) {
    if (child->report != NULL)
        atomic_store_explicit(&child->report->lacked_memory, 0, memory_order_relaxed);
}

/* Workers keep from the memory of other processes by Landlock (worker_guard.c). Where the kernel has none, this process lets nobody of the
   same user into its own, debuggers among them. */
static void close_memory(void) {
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
        prctl(PR_SET_DUMPABLE, 0);
}

/* What a worker is given, which this process closes once it runs. */
struct channels {
    int socket[2]; /* the supervisor's end, and the worker's */
    int orders, report;
};

static void channels_clear(const struct channels *channels) {
    const int open[] = {channels->orders, channels->report, channels->socket[0], channels->socket[1]};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (open[i] >= 0)
            close(open[i]);
}

/* The child gets its pages and its log. False with errno. */
static bool channels_open(struct child *child, struct channels *channels) {
    void *orders = NULL, *report = NULL;
    /* This process alone writes orders: the seal leaves its own mapping as it is. */
    channels->orders = make_page("runner-worker-orders", sizeof *child->orders, F_SEAL_FUTURE_WRITE, &orders);
    if (channels->orders >= 0)
        channels->report = make_page("runner-worker-report", sizeof *child->report, 0, &report);
    child->orders = orders;
    child->report = report;
    if (channels->orders < 0 || channels->report < 0)
        return false;
    child->log = memfd_create("runner-worker-log", MFD_CLOEXEC);
    return child->log >= 0 && fcntl(child->log, F_SETFL, O_APPEND) >= 0 &&
           socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channels->socket) >= 0;
}

static enum status start(struct child *child, const struct child_settings *settings, struct channels *channels,
                         struct arena *arena, struct error *error) {
    if (!channels_open(child, channels))
        return error_set(error, STATUS_ENVIRONMENT, "cannot start a worker: %s", strerror(errno));
    if (access(settings->worker, X_OK) < 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s: cannot start the worker: %s; it belongs beside the runner: build or install again",
                         settings->worker, strerror(errno));
    child->folder = settings->scratch != NULL ? scratch_make_part(settings->scratch) : NULL;
    char **arguments = arena_array(arena, settings->n_files + 4, sizeof *arguments);
    arguments[0] = arena_copy_text(arena, settings->worker);
    arguments[1] = arena_copy_text(arena, settings->own);
    arguments[2] = arena_copy_text(arena, child->folder != NULL ? child->folder : "");
    for (size_t i = 0; i < settings->n_files; i++)
        arguments[3 + i] = arena_copy_text(arena, settings->files[i]);
    char **environment = make_environment(child->folder, arena);
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0)
        become_worker(settings->worker, arguments, environment,
                      (const int[]){channels->socket[1], channels->orders, channels->report, child->log}, parent);
    if (child->pid < 0) {
        child->pid = 0;
        return error_set(error, STATUS_ENVIRONMENT, "cannot start a worker: %s", strerror(errno));
    }
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pidfd < 0)
        return error_set(error, STATUS_ENVIRONMENT,
                         "cannot watch a worker: pidfd_open: %s; Linux 5.3 or newer is needed", strerror(errno));
    fcntl(child->pidfd, F_SETFD, FD_CLOEXEC);
    child->socket = channels->socket[0];
    channels->socket[0] = -1;
    return STATUS_OK;
}

enum status child_start(struct child *child, const struct child_settings *settings, struct error *error) {
    *child = (struct child){.pidfd = -1, .socket = -1, .log = -1, .interrupt = settings->interrupt};
    frame_reader_init(&child->reader, FRAME_LENGTH_LIMIT);
    close_memory();
    struct arena arena;
    arena_init(&arena);
    struct channels channels = {.socket = {-1, -1}, .orders = -1, .report = -1};
    const enum status status = start(child, settings, &channels, &arena, error);
    channels_clear(&channels);
    arena_clear(&arena);
    if (status != STATUS_OK)
        child_clear(child);
    return status;
}

void child_reap(struct child *child, char reason[32]) {
    int state = 0;
    pid_t found;
    kill(-child->pid,
         SIGKILL); /* what it has started: as long as it is not reaped its number stands for its group alone */
    do {
        found = waitpid(child->pid, &state, 0);
    } while (found < 0 && errno == EINTR);
    if (found < 0)
        snprintf(reason, 32, "lost");
    else if (WIFSIGNALED(state) && WTERMSIG(state) == SIGSEGV && child->report != NULL &&
             atomic_load_explicit(&child->report->full_stack, memory_order_relaxed) != 0)
        snprintf(reason, 32, CHILD_FULL_STACK);
    else if (WIFSIGNALED(state))
        signal_name(WTERMSIG(state), reason);
    else
        snprintf(reason, 32, "exit %d", WEXITSTATUS(state));
    child->pid = 0;
}

void child_clear(struct child *child) {
    if (child->pid > 0) {
        char reason[32];
        kill(child->pid, SIGKILL); /* before it is in its group it is not found there */
        child_reap(child, reason);
    }
    if (child->pidfd >= 0)
        close(child->pidfd);
    if (child->socket >= 0)
        close(child->socket);
    if (child->log >= 0)
        close(child->log);
    if (child->orders != NULL)
        munmap(child->orders, sizeof *child->orders);
    if (child->report != NULL)
        munmap(child->report, sizeof *child->report);
    frame_reader_clear(&child->reader);
    scratch_remove_part(child->folder);
    *child = (struct child){.pidfd = -1, .socket = -1, .log = -1};
}

size_t child_log_size(const struct child *child) {
    struct stat facts;
    if (child->log < 0 || fstat(child->log, &facts) < 0)
        return 0;
    return (uint64_t)facts.st_size > child->taken ? (size_t)((uint64_t)facts.st_size - child->taken) : 0;
}

size_t child_log_read(const struct child *child, size_t at, char *buffer, size_t n) {
    ssize_t got = pread(child->log, buffer, n, (off_t)(child->taken + at));
    return got > 0 ? (size_t)got : 0;
}

/* Emptying the file instead would lose what is printed between the reading and that. Where no hole can be made the memory stays taken
   until the process ends. */
void child_log_drop(struct child *child, size_t n) {
    fallocate(child->log, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)child->taken, (off_t)n);
    child->taken += n;
}

void child_take_log(struct child *child, size_t limit, struct text *out) {
    char buffer[4096];
    size_t size = child_log_size(child), at = size > limit ? size - limit : 0;
    while (at < size) {
        size_t n = child_log_read(child, at, buffer, size - at < sizeof buffer ? size - at : sizeof buffer);
        if (n == 0)
            break;
        text_add_bytes(out, buffer, n);
        at += n;
    }
    if (size > 0)
        child_log_drop(child, size);
}

static enum status error_of_reply(const struct frame *frame, struct error *error) {
    struct message_reader reader;
    message_reader_init(&reader, frame->payload, frame->length);
    uint64_t status = message_read_u64(&reader);
    const char *text = message_read_string(&reader);
    if (reader.bad || (status != STATUS_TRIAL && status != STATUS_CONFIG && status != STATUS_ENVIRONMENT))
        return error_set(error, STATUS_ENVIRONMENT, "a worker sent a broken message");
    return error_set(error, (enum status)status, "%s", text);
}

enum news { READABLE, ENDED, LATE, INTERRUPTED };

/* Waits until there is something to read, the process has ended and all that it sent has been read, or `end` has come. */
static enum news wait_for_news(const struct child *child, double end) {
    for (;;) {
        struct pollfd polls[3] = {{.fd = child->socket, .events = POLLIN},
                                  {.fd = child->pidfd, .events = POLLIN},
                                  {.fd = interrupt_descriptor(child->interrupt), .events = POLLIN}};
        double left = child->patience > 0 ? end - clock_seconds() : 3600;
        if (left <= 0)
            return LATE;
        if (poll(polls, 3, (int)(1000 * (left < 3600 ? left : 3600)) + 1) < 0) {
            if (errno != EINTR)
                return ENDED;
            continue;
        }
        if (polls[2].revents != 0)
            return INTERRUPTED;
        if ((polls[0].revents & (POLLIN | POLLHUP)) != 0)
            return READABLE;
        if (polls[1].revents != 0)
            return ENDED;
    }
}

/* After a request was sent with this status. */
static enum status next_frame(struct child *child, enum status status, struct frame *frame, bool *died,
                              struct error *error) {
    *died = false;
    bool end = false, found = false;
    enum news news = ENDED;
    double latest = clock_seconds() + child->patience;
    if (status == STATUS_OK) /* it may have come with the one before */
        status = frame_reader_next(&child->reader, frame, &found, error);
    while (status == STATUS_OK && !end && !found && (news = wait_for_news(child, latest)) == READABLE) {
        status = frame_reader_feed(&child->reader, child->socket, &end, error);
        if (status == STATUS_OK)
            status = frame_reader_next(&child->reader, frame, &found, error);
    }
    if (!found) {
        char reason[32];
        *died = news != INTERRUPTED;
        child->late = news == LATE;
        /* A process that closed its socket, or sends junk, but lives on is of no use either. */
        struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
        if (news == LATE || news == INTERRUPTED || poll(&ended, 1, 1000) == 0)
            kill(child->pid, SIGKILL);
        child_reap(child, reason);
        if (news == INTERRUPTED)
            return interrupt_check(child->interrupt, error);
        return news == LATE ? error_set(error, STATUS_TRIAL, "no answer within %g second%s", child->patience,
                                        child->patience == 1 ? "" : "s")
                            : error_set(error, STATUS_TRIAL, "%s", reason);
    }
    return STATUS_OK;
}

static enum status next_answer(struct child *child, enum status status, struct frame *frame, bool *died,
                               struct error *error) {
    status = next_frame(child, status, frame, died, error);
    if (status != STATUS_OK)
        return status;
    if (frame->type == MESSAGE_ERROR)
        return error_of_reply(frame, error);
    if (frame->type != MESSAGE_REPLY && frame->type != MESSAGE_CHECK && frame->type != MESSAGE_OPENING)
        return error_set(error, STATUS_ENVIRONMENT, "a worker sent a message of type %u instead of an answer",
                         frame->type);
    return STATUS_OK;
}

enum status child_next(struct child *child, struct frame *frame, bool *died, struct error *error) {
    return next_answer(child, STATUS_OK, frame, died, error);
}

enum status child_call(struct child *child, enum message type, const struct text *payload, int fd, struct frame *frame,
                       bool *died, struct error *error) {
    *died = false;
    enum status status = fd >= 0 ? frame_write_fd(child->socket, type, payload->data, payload->length, fd, error)
                                 : frame_write(child->socket, type, payload->data, payload->length, error);
    if (status == STATUS_OK && (type == MESSAGE_ATTACH || type == MESSAGE_DETACH))
        return STATUS_OK;
    return next_answer(child, status, frame, died, error);
}

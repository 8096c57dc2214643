/* Components of most kinds that misbehave at one place, in one of many ways, and say so before. */
#define _GNU_SOURCE
#include <runner/plugin.h>

#include <alloca.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum act {
    NOTHING,
    CRASH,
    ABORT,
    EXIT,
    LEAVE,
    ALLOCATE,
    MAP_RAW,
    GROW_RAW,
    STACK,
    OVERRUN,
    RAISE,
    LOOP,
    BLOCK_SIGNALS,
    IGNORE_SIGNALS,
    HANDLE_SIGNALS,
    STOP,
    ALARM,
    TRAP,
    TAKE_SOCKET,
    SHUT_SOCKET,
    PROCESSOR_LIMIT,
    SILENT_CRASH,
    THREAD_OUTLIVES,
    THREAD_CRASHES,
    ENVIRONMENT,
    LOCALE,
    TEAM,
    FLUSH,
    FILE_MASK,
    LIMITS,
    LAST_ACT_HANGS,
    TERMINAL
};
static const char *const acts[] = {"nothing",        "crash",           "abort",
                                   "exit",           "leave",           "allocate",
                                   "map_raw",        "grow_raw",        "stack",
                                   "overrun",        "raise",           "loop",
                                   "block_signals",  "ignore_signals",  "handle_signals",
                                   "stop",           "alarm",           "trap",
                                   "take_socket",    "shut_socket",     "processor_limit",
                                   "silent_crash",   "thread_outlives", "thread_crashes",
                                   "environment",    "locale",          "team",
                                   "flush",          "file_mask",       "limits",
                                   "last_act_hangs", "terminal",        NULL};

/* of the OpenMP runtime that the host may have brought along */
extern void omp_set_num_threads(int threads) __attribute__((weak));

static void spin(void) {
    for (volatile int forever = 1; forever;)
        continue;
}

/* The fault itself is wanted, not a sanitizer's report of it. */
__attribute__((no_sanitize("address", "undefined"))) static void crash(void) {
    volatile int *volatile nothing = NULL;
    *nothing = 1;
}

static void *outlive(void *unused) {
    fesetround(FE_UPWARD);
    spin();
    return unused;
}

static void *crash_later(void *unused) {
    usleep(20000);
    crash();
    return unused;
}

static void hang(void) {
    for (;;)
        pause();
}

static void handle(int number) {
    (void)number;
}

static void start(void *(*work)(void *)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, NULL) != 0)
        perror("no thread");
}

static void limit(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit limits = {soft, hard};
    if (setrlimit((__rlimit_resource_t)resource, &limits) < 0)
        perror("no limit");
}

static void fill_stack(void) {
    for (;;) {
        volatile char *room = alloca(1 << 16);
        room[0] = 1;
    }
}

/* Upwards, through what its callers have there. */
__attribute__((noinline, no_sanitize("address", "undefined"))) static void overrun_stack(void) {
    volatile char here[64];
    for (volatile char *at = here;; at++)
        *at = 1;
}

/* Past the C library, and so past what the host sees of it. */
static void take_raw(int act) {
    size_t size = (size_t)1 << 20;
    for (;;) {
        char *found = act == GROW_RAW ? sbrk((intptr_t)size)
                                      : (char *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
                                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(found, 1, size);
    }
}

static void do_signals(int act) {
    sigset_t all;
    sigfillset(&all);
    if (act == BLOCK_SIGNALS)
        pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (int number = 1; number < 32 && act != BLOCK_SIGNALS; number++)
        signal(number, act == IGNORE_SIGNALS ? SIG_IGN : handle);
    if (act == HANDLE_SIGNALS)
        crash();
    spin();
}

static void do_to_socket(int act) {
    if (act == TAKE_SOCKET)
        dup2(STDERR_FILENO, 3);
    else
        shutdown(3, SHUT_RDWR);
}

/* What a process has once, and every thread of it sees. */
static void change(int act) {
    switch (act) {
    case ENVIRONMENT:
        setenv("OMP_NUM_THREADS", "7", 1);
        clearenv();
        break;
    case LOCALE: setlocale(LC_ALL, "de_DE.UTF-8"); break;
    case TEAM:
        if (omp_set_num_threads != NULL)
            omp_set_num_threads(7);
        break;
    case FLUSH: fesetround(FE_UPWARD);
#ifdef __x86_64__
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() ^ 0x8040);
#endif
        break;
    case FILE_MASK: umask(0777); break;
    case LIMITS:
        limit(RLIMIT_NOFILE, 0, 0);
        limit(RLIMIT_FSIZE, 0, 0);
        break;
    case LAST_ACT_HANGS: atexit(hang); break;
    default: {
        int terminal = open("/dev/tty", O_WRONLY | O_CLOEXEC);
        if (terminal >= 0)
            dprintf(terminal, "a plugin was here\n");
        else
            perror("no terminal");
    }
    }
}

static void misbehave(int act, const char *place) {
    if (act == NOTHING)
        return;
    fprintf(stderr, "last words of %s in %s\n", acts[act], place);
    switch (act) {
    case CRASH: crash(); break;
    case ABORT: abort();
    case EXIT: exit(0);
    case LEAVE: _exit(3);
    case ALLOCATE:
        for (;;)
            memset(malloc((size_t)1 << 20), 1, (size_t)1 << 20);
    case MAP_RAW:
    case GROW_RAW: take_raw(act); break;
    case STACK: fill_stack(); break;
    case OVERRUN: overrun_stack(); break;
    case RAISE: raise(SIGSEGV); break;
    case LOOP: spin(); break;
    case BLOCK_SIGNALS:
    case IGNORE_SIGNALS:
    case HANDLE_SIGNALS: do_signals(act); break;
    case STOP: raise(SIGSTOP); break;
    case ALARM:
        alarm(1);
        spin();
        break;
    case TRAP: feenableexcept(FE_INEXACT | FE_INVALID); break;
    case TAKE_SOCKET:
    case SHUT_SOCKET: do_to_socket(act); break;
    case PROCESSOR_LIMIT:
        limit(RLIMIT_CPU, 1, 100);
        spin();
        break;
    case SILENT_CRASH:
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        crash();
        break;
    case THREAD_OUTLIVES: start(outlive); break;
    case THREAD_CRASHES: start(crash_later); break;
    default: change(act);
    }
}

/* ---- One component a place ------------------------------------------------------------------------------------------ */

struct config {
    double learning_rate; /* of the optimizer */
    int32_t act, planning;
};

#define ACT RUNNER_PARAM_CHOICE(struct config, act, "nothing", acts, "what it does")
#define PLANNING RUNNER_PARAM_BOOL(struct config, planning, "false", "in plan() instead of later")

static const runner_param params[] = {ACT, PLANNING};
static const runner_param optimizer_params[] = {ACT, PLANNING,
                                                RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length")};

static void at_plan(const struct config *config, const char *place) {
    if (config->planning)
        misbehave(config->act, place);
}

static void at_work(const struct config *config, const char *place) {
    if (!config->planning)
        misbehave(config->act, place);
}

static int plan_optimizer(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call, (void)plan;
    at_plan(config, "the optimizer's plan()");
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * g[i];
    if (step->number == 3)
        at_work(config, "step()");
}

static int plan_layer(void *config, runner_call *call, runner_plan *plan) {
    (void)call;
    plan->output = plan->inputs[0];
    at_plan(config, "the layer's plan()");
    return RUNNER_OK;
}

static void copy(const runner_view *from, const runner_view *to) {
    for (uint64_t i = 0; i < from->rows; i++)
        memcpy(to->data + i * to->pitch, from->data + i * from->pitch, from->columns * sizeof *from->data);
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    copy(run->inputs, run->output);
    if (run->training)
        at_work(config, "forward()");
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    if (run->input_deltas[0].rows > 0)
        copy(run->output_delta, run->input_deltas);
}

static void forward_well(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    copy(run->inputs, run->output);
}

static void backward_badly(const void *config, runner_call *call, const runner_rows *run) {
    backward(config, call, run);
    at_work(config, "backward()");
}

static int plan_loss(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)call;
    plan->target = RUNNER_ONE_HOT;
    at_plan(config, "the loss's plan()");
    return RUNNER_OK;
}

static void evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)call;
    for (uint64_t i = 0; i < run->rows; i++) {
        if (run->values != NULL)
            run->values[i] = 1;
        for (uint64_t j = 0; run->delta != NULL && j < run->delta->columns; j++)
            run->delta->data[i * run->delta->pitch + j] = 0;
    }
    at_work(config, "evaluate()");
}

static int plan_metric(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)call;
    plan->target = RUNNER_ONE_HOT;
    plan->sums = 1;
    at_plan(config, "the metric's plan()");
    return RUNNER_OK;
}

static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)call;
    sums[0] += (double)run->rows;
    at_work(config, "update()");
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

static int plan_callback(const void *config, runner_call *call, const char *const *names, uint32_t n) {
    (void)call, (void)names, (void)n;
    at_plan(config, "the callback's plan()");
    return RUNNER_OK;
}

static uint32_t epoch(const void *config, runner_epoch *epoch) {
    (void)epoch;
    at_work(config, "epoch()");
    return 0;
}

static int fill(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    (void)call;
    for (uint64_t i = 0; i < runner_elements(&tensor->shape); i++)
        values[i] = 0.01f * (float)(i % 7);
    at_work(config, "fill()");
    return RUNNER_OK;
}

static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)updates_per_epoch, (void)total_updates;
    if (update == 2)
        at_work(config, "rate()");
    return 0.01;
}

static const runner_optimizer_ops optimizer_ops = {.size = sizeof optimizer_ops, .plan = plan_optimizer, .step = step};
static const runner_layer_ops forward_ops = {
    .size = sizeof forward_ops, .plan = plan_layer, .forward = forward, .backward = backward};
static const runner_layer_ops backward_ops = {
    .size = sizeof backward_ops, .plan = plan_layer, .forward = forward_well, .backward = backward_badly};
static const runner_loss_ops loss_ops = {.size = sizeof loss_ops, .plan = plan_loss, .evaluate = evaluate};
static const runner_metric_ops metric_ops = {
    .size = sizeof metric_ops, .plan = plan_metric, .update = update, .result = result};
static const runner_callback_ops callback_ops = {.size = sizeof callback_ops, .plan = plan_callback, .epoch = epoch};
static const runner_initializer_ops initializer_ops = {.size = sizeof initializer_ops, .fill = fill};
static const runner_schedule_ops schedule_ops = {.size = sizeof schedule_ops, .rate = rate};

#define COMPONENT(of, called, table, its_ops)                                                                          \
    {                                                                                                                  \
        .kind = (of), .config_size = sizeof(struct config), .name = (called), .doc = "misbehaves", .params = (table),  \
        .n_params = RUNNER_COUNT(table), .ops = &(its_ops)                                                             \
    }

static const runner_component components[] = {
    COMPONENT(RUNNER_OPTIMIZER, "bad_optimizer", optimizer_params, optimizer_ops),
    COMPONENT(RUNNER_LAYER, "bad_forward", params, forward_ops),
    COMPONENT(RUNNER_LAYER, "bad_backward", params, backward_ops),
    COMPONENT(RUNNER_LOSS, "bad_loss", params, loss_ops),
    COMPONENT(RUNNER_METRIC, "bad_metric", params, metric_ops),
    COMPONENT(RUNNER_CALLBACK, "bad_callback", params, callback_ops),
    COMPONENT(RUNNER_INITIALIZER, "bad_initializer", params, initializer_ops),
    COMPONENT(RUNNER_SCHEDULE, "bad_schedule", params, schedule_ops),
};
RUNNER_PLUGIN(components, "1.0.0")

/* An optimizer that does what no plugin should, in one of many ways; each counts on what the host might take for granted. */
#define _GNU_SOURCE
#include <runner/plugin.h>

#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum act {
    LATE_WRITER,
    RAISE_LIMITS,
    STRICT,
    TIMER,
    NO_WAIT,
    SEND_DESCRIPTORS,
    ENDLESS_ROWS,
    ONE_LINE,
    UNMAP,
    UNLOAD,
    BE_NICE,
    DEEP_FOLDERS,
    ZONE,
    OUTLIVE,
    ZERO_ORDERS,
    LACK_AND_RECURSE
};
static const char *const acts[] = {"late_writer", "raise_limits",     "strict",       "timer",
                                   "no_wait",     "send_descriptors", "endless_rows", "one_line",
                                   "unmap",       "unload",           "be_nice",      "deep_folders",
                                   "zone",        "outlive",          "zero_orders",  "lack_and_recurse",
                                   NULL};

#define COLUMNS 4
#define SOCKET 3 /* by which the process speaks with the supervisor */

/* ---- What the host calls itself, should its own not come first ------------------------------------------------------- */

RUNNER_EXPORT void *mremap(void *old, size_t size, size_t wanted, int flags, ...) {
    (void)old, (void)size, (void)wanted, (void)flags;
    abort();
}

RUNNER_EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    (void)fd, (void)message, (void)flags;
    abort();
}

RUNNER_EXPORT int omp_get_thread_num(void);
int omp_get_thread_num(void) {
    return 1000000;
}

/* ---- Acts ------------------------------------------------------------------------------------------------------------ */

/* A message: type, length, payload. */
static void send_frame(uint32_t type, const void *bytes, size_t n) {
    char frame[4096];
    uint32_t header[2] = {type, (uint32_t)n};
    memcpy(frame, header, sizeof header);
    memcpy(frame + sizeof header, bytes, n);
    for (size_t at = 0; at < sizeof header + n;) {
        ssize_t wrote = write(SOCKET, frame + at, sizeof header + n - at);
        if (wrote <= 0)
            _exit(5);
        at += (size_t)wrote;
    }
}

/* After the trial has ended, if it can. */
static void *write_late(void *unused) {
    for (;;) {
        usleep(300000);
        if (write(SOCKET, "junk", 4) < 0)
            return unused;
    }
}

static void take_all(void) {
    for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)resource, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit((__rlimit_resource_t)resource, &limit);
        }
    }
    for (int i = 0; i < 500; i++) /* of megabytes, where 100 are allowed */
        memset(malloc((size_t)1 << 20), 1, (size_t)1 << 20);
}

static void tick(int number) {
    (void)number;
}

static void run_timer(void) {
    struct sigaction action = {.sa_handler = tick}; /* calls of the system are not begun again */
    struct itimerval often = {{0, 500}, {0, 500}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

static void send_descriptors(void) {
    int fds[200];
    union {
        char bytes[CMSG_SPACE(sizeof fds)];
        struct cmsghdr aligned;
    } control = {{0}};
    char byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        fds[i] = STDERR_FILENO;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    ssize_t (*next_sendmsg)(int, const struct msghdr *, int);
    void *found = dlsym(RTLD_DEFAULT, "sendmsg");
    memcpy(&next_sendmsg, &found, sizeof found);
    for (int i = 0; i < 1000; i++)
        if (next_sendmsg(SOCKET, &message, MSG_NOSIGNAL) < 0)
            return;
}

/* As the host sends one after each epoch: that, updates, examples, rate, two times, and each column's value. */
static void send_rows(void) {
    uint64_t row[7 + 2 * COLUMNS] = {[6] = COLUMNS};
    for (row[0] = 2;; row[0]++)
        send_frame(105, row, sizeof row);
}

static void print_one_line(void) {
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    memcpy(block, "\033[2J\033]0;owned\007\033[?1049h", 22);
    for (int i = 0; i < 1600; i++)
        if (write(STDERR_FILENO, block, sizeof block) < 0)
            return;
}

/* All shared memory of the process, and then its heap. */
static void unmap(int writing) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    void *from[64];
    size_t length[64], n = 0;
    while (maps != NULL && n < 64 && fgets(line, sizeof line, maps) != NULL) {
        void *to;
        if ((strstr(line, "memfd:") != NULL || strstr(line, "[heap]") != NULL) &&
            sscanf(line, "%p-%p", &from[n], &to) == 2) {
            length[n] = (size_t)((char *)to - (char *)from[n]);
            n++;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!writing)
            munmap(from[i], length[i]);
        else if (mprotect(from[i], length[i], PROT_READ | PROT_WRITE) == 0 && length[i] <= 4096)
            memset(from[i], 0xff, length[i]);
}

static void unload(void) {
    Dl_info info;
    if (dladdr((void *)acts, &info) == 0)
        return;
    void *self = dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_LAZY);
    for (int i = 0; self != NULL && i < 100; i++)
        dlclose(self);
}

static void disturb_others(void) {
    struct sched_param least = {0};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    fprintf(stderr, "scheduler: %d\n", sched_setscheduler(getppid(), SCHED_IDLE, &least));
    fprintf(stderr, "affinity: %d\n", sched_setaffinity(getppid(), sizeof one, &one));
    fprintf(stderr, "priority: %d\n", setpriority(PRIO_PROCESS, (id_t)getppid(), 19));
    fprintf(stderr, "all: %d\n", setpriority(PRIO_USER, 0, 19));
    fprintf(stderr, "orphan: %d\n", prctl(PR_SET_PDEATHSIG, 0));
}

static void make_deep_folders(void) {
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || chdir(folder) < 0)
        return;
    for (int i = 0; i < 300; i++)
        if (mkdir("deeper", 0700) < 0 || chdir("deeper") < 0)
            return;
}

static void misbehave(int act) {
    pthread_t thread;
    fprintf(stderr, "last words of %s\n", acts[act]);
    switch (act) {
    case LATE_WRITER: pthread_create(&thread, NULL, write_late, NULL); break;
    case RAISE_LIMITS: take_all(); break;
    case STRICT: prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); break;
    case TIMER: run_timer(); break;
    case NO_WAIT: fcntl(SOCKET, F_SETFL, O_NONBLOCK); break;
    case SEND_DESCRIPTORS: send_descriptors(); break;
    case ENDLESS_ROWS: send_rows(); break;
    case ONE_LINE: print_one_line(); break;
    case UNMAP: unmap(0); break;
    case UNLOAD: unload(); break;
    case BE_NICE: disturb_others(); break;
    case DEEP_FOLDERS: make_deep_folders(); break;
    case ZONE:
        setenv("TZ", "Pacific/Kiritimati", 1);
        tzset();
        break;
    case LACK_AND_RECURSE:
        free(malloc((size_t)1 << 40));
        for (;;)
            *(volatile char *)alloca(1 << 12) = 1;
    case ZERO_ORDERS: unmap(1); break;
    default: break;
    }
}

/* When it is opened: a process in another session, which outlives its parent where it can. */
__attribute__((constructor)) static void outlive(void) {
    const char *mark = getenv("NASTY_OUTLIVES");
    if (mark == NULL || fork() != 0)
        return;
    setsid();
    prctl(PR_SET_NAME, mark);
    for (int i = 0; i < 60; i++)
        sleep(1);
    _exit(0);
}

struct config {
    double learning_rate;
    int32_t act;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length"),
    RUNNER_PARAM_CHOICE(struct config, act, NULL, acts, "what it does"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    static int done;
    (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * g[i];
    if (step->number == 9 && !done++) /* in the second epoch */
        misbehave(((const struct config *)config)->act);
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct config),
     .name = "nasty",
     .doc = "gradient descent that does what no plugin should",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

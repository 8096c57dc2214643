#include "bench/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void servers_find_cores(struct servers *servers) {
    cpu_set_t set;
    servers->n_cores = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        die("sched_getaffinity() fails");
    for (size_t i = 0; i < CPU_SETSIZE && servers->n_cores < SERVER_CORES; i++)
        if (CPU_ISSET(i, &set))
            servers->cores[servers->n_cores++] = i;
    if (servers->n_cores < SERVER_CORES)
        die("%d cores are needed, and %d may be used", SERVER_CORES, servers->n_cores);
}

/* Thread settings that all mathematical libraries understand, and none of those that slow one down on this machine. Where the program is
   to run as on an older processor, so are its peers. */
static void set_environment(int threads) {
    static const char *const limits[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};
    static const char *const unwanted[] = {"OPENBLAS_CORETYPE",        "OPENBLAS_L2_SIZE",   "ATEN_CPU_CAPABILITY",
                                           "NVPL_BLAS_DEBUG_CPU_TYPE", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS",
                                           "ONEDNN_MAX_CPU_ISA",       "OMP_WAIT_POLICY",    "OMP_PROC_BIND",
                                           "GOMP_CPU_AFFINITY"};
    static const char *const older[][2] = {{"OPENBLAS_CORETYPE", "ZEN"},
                                           {"MKL_ENABLE_INSTRUCTIONS", "AVX2"},
                                           {"ATEN_CPU_CAPABILITY", "avx2"},
                                           {"ONEDNN_MAX_CPU_ISA", "AVX2"},
                                           {"XLA_FLAGS", "--xla_cpu_max_isa=AVX2"}};
    const char *level = getenv("RUNNER_CPU_LEVEL");
    char text[16];
    snprintf(text, sizeof text, "%d", threads);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        setenv(limits[i], text, 1);
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        unsetenv(unwanted[i]);
    for (size_t i = 0; i < sizeof older / sizeof *older && level != NULL && strcmp(level, "3") == 0; i++)
        setenv(older[i][0], older[i][1], 1);
}

_Noreturn static void child(const struct server *server, const struct servers *servers, int process, int in, int out) {
    cpu_set_t set;
    char log[4096];
    CPU_ZERO(&set);
    for (int i = 0; i < servers->n_cores; i++)
        if (server->threads > 1 || i == process % servers->n_cores)
            CPU_SET(servers->cores[i], &set);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(log, sizeof log, "%s/%s %d.log", servers->logs, server->name, process);
    for (char *c = log + strlen(servers->logs); *c != '\0'; c++)
        *c = *c == ' ' ? '_' : *c;
    int errors = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (sched_setaffinity(0, sizeof set, &set) != 0 || errors < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
        dup2(errors, 2) < 0)
        _exit(126);
    set_environment(server->threads);
    /* Round robin, so that teams which share the cores take turns as under the usual scheduling. */
    if (servers->realtime > 0)
        sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = servers->realtime});
    execvp(server->arguments[0], (char *const *)server->arguments);
    fprintf(stderr, "cannot run %s\n", server->arguments[0]);
    _exit(127);
}

void server_start(struct server *server, const struct servers *servers) {
    server->alive = true;
    server->attempts = servers->attempts;
    for (int p = 0; p < server->processes; p++) {
        int in[2], out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
            die("pipe2() fails");
        server->pids[p] = fork();
        if (server->pids[p] < 0)
            die("fork() fails");
        if (server->pids[p] == 0)
            child(server, servers, p, in[0], out[1]);
        close(in[0]), close(out[1]);
        server->to[p] = fdopen(in[1], "w");
        server->from[p] = fdopen(out[0], "r");
    }
}

void server_stop(struct server *server) {
    for (int p = 0; p < server->processes && server->alive; p++) {
        kill(server->pids[p], SIGKILL);
        waitpid(server->pids[p], NULL, 0);
        fclose(server->to[p]);
        fclose(server->from[p]);
    }
    server->alive = server->ready = false;
}

/* A measurement during which other programs kept its threads from a core for more than this share of the time is made again. */
#define DISTURBED 0.02

enum { PAUSE = 20000000 /* nanoseconds before another attempt, but for the first */ };

struct answer {
    char text[SERVER_TEXT];
};

/* Sends a line to all processes, lets them work, and waits for their answers. */
static bool ask(struct server *server, const char *line, struct answer answers[SERVER_CORES]) {
    bool good = server->alive;
    for (int p = 0; p < server->processes && p < SERVER_CORES && good; p++) {
        kill(server->pids[p], SIGCONT);
        good = fprintf(server->to[p], "%s\n", line) > 0 && fflush(server->to[p]) == 0;
    }
    for (int p = 0; p < server->processes && p < SERVER_CORES && good; p++)
        good = fgets(answers[p].text, SERVER_TEXT, server->from[p]) != NULL;
    for (int p = 0; p < server->processes && p < SERVER_CORES && good; p++) {
        answers[p].text[strcspn(answers[p].text, "\n")] = '\0';
        kill(server->pids[p], SIGSTOP);
    }
    if (!good)
        server_stop(server);
    return good;
}

bool server_prepare(struct server *server, const char *words) {
    struct answer answers[SERVER_CORES];
    server->ready = false;
    if (!ask(server, words, answers)) {
        snprintf(server->variant, sizeof server->variant, "not installed, or it died: see its log");
        return false;
    }
    for (int p = 0; p < server->processes; p++)
        if (strncmp(answers[p].text, "ready ", 6) != 0) {
            snprintf(server->variant, sizeof server->variant, "%.250s", answers[p].text);
            return false;
        }
    snprintf(server->variant, sizeof server->variant, "%.240s", answers[0].text + 6);
    return server->ready = true;
}

/* Nanoseconds that the threads of a process have waited for a core, so far. */
static double waited(pid_t pid) {
    char path[64 + 256];
    double sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = task->d_name[0] != '.' ? fopen(path, "r") : NULL;
        double ran, delay;
        if (file != NULL && fscanf(file, "%lf %lf", &ran, &delay) == 2)
            sum += delay;
        if (file != NULL)
            fclose(file);
    }
    if (tasks != NULL)
        closedir(tasks);
    return sum;
}

static double all_waited(const struct server *server) {
    double sum = 0;
    for (int p = 0; p < server->processes; p++)
        sum += waited(server->pids[p]);
    return 1e-9 * sum;
}

static bool go_once(struct server *server, struct span span, double values[SERVER_CORES][SERVE_VALUES],
                    double *elapsed) {
    struct answer answers[SERVER_CORES];
    char line[64];
    snprintf(line, sizeof line, "go %g %g", span.seconds, span.warm);
    const double start = now();
    if (!server->ready || !ask(server, line, answers))
        return false;
    *elapsed = now() - start;
    for (int p = 0; p < server->processes; p++) {
        char *at = answers[p].text;
        strtol(at, &at, 10);
        for (int v = 0; v < SERVE_VALUES; v++)
            values[p][v] = strtod(at, &at);
    }
    return true;
}

bool server_go(struct server *server, struct span span, double values[SERVER_CORES][SERVE_VALUES], double *elapsed) {
    const bool crowded = server->processes * server->threads > SERVER_CORES;
    for (int attempt = 0; attempt < server->attempts; attempt++) {
        const double before = server->ready ? all_waited(server) : 0;
        if (!go_once(server, span, values, elapsed))
            return false;
        if (crowded || all_waited(server) - before <= DISTURBED * *elapsed)
            return true;
        server->disturbed++;
        if (attempt > 0)
            nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
    }
    server->kept++;
    return true;
}

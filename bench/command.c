#include "bench/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn static void child(const struct settings *settings, const char *name, const char *const *arguments) {
    const struct servers *servers = &settings->servers;
    cpu_set_t set;
    char log[COMMAND_PATH];
    CPU_ZERO(&set);
    for (int i = 0; i < servers->n_cores; i++)
        CPU_SET(servers->cores[i], &set);
    snprintf(log, sizeof log, "%s/%s.log", servers->logs, name);
    int output = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), input = open("/dev/null", O_RDONLY);
    if (sched_setaffinity(0, sizeof set, &set) != 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
        dup2(output, 2) < 0)
        _exit(126);
    if (servers->realtime > 0)
        sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = servers->realtime});
    execvp(arguments[0], (char *const *)arguments);
    fprintf(stderr, "cannot run %s\n", arguments[0]);
    _exit(127);
}

bool command_run(const struct settings *settings, const char *name, const char *const *arguments, double *seconds) {
    int status = 0;
    const double start = now();
    const pid_t pid = fork();
    if (pid < 0)
        die("fork() fails");
    if (pid == 0)
        child(settings, name, arguments);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (seconds != NULL)
        *seconds = now() - start;
    if (status != 0)
        fprintf(stderr, "bench: %s fails: see %s/%s.log\n", name, settings->servers.logs, name);
    return status == 0;
}

static void make_folder(const char *path) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die("cannot make the folder %s: %s", path, strerror(errno));
}

void command_write_config(const struct settings *settings, const char *name, const char *text, char *path) {
    snprintf(path, COMMAND_PATH, "%s/runs", settings->out);
    make_folder(path);
    snprintf(path, COMMAND_PATH, "%s/runs/%s.yaml", settings->out, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        die("cannot write %s: %s", path, strerror(errno));
    fputs(text, file);
    if (fclose(file) != 0)
        die("cannot write %s: %s", path, strerror(errno));
}

bool command_run_config(const struct settings *settings, const char *folder, const char *config,
                        const char *const *words, double *seconds) {
    char program[COMMAND_PATH], results[COMMAND_PATH];
    const char *arguments[COMMAND_ARGUMENTS] = {program, config, "--quiet", "--fresh", "--results", results};
    size_t n = 6;
    snprintf(program, sizeof program, "%s/runner", settings->build);
    snprintf(results, sizeof results, "%s/runs/%s", settings->out, folder);
    for (size_t i = 0; words != NULL && words[i] != NULL && n + 1 < COMMAND_ARGUMENTS; i++)
        arguments[n++] = words[i];
    arguments[n] = NULL;
    return command_run(settings, folder, arguments, seconds);
}

/* The next cell of a line of CSV, without its quotes; NULL past the last. */
static char *next_cell(char **rest) {
    char *cell = *rest, *end = cell;
    if (cell == NULL)
        return NULL;
    for (bool quoted = false; *end != '\0' && *end != '\n' && (quoted || *end != ','); end++)
        quoted ^= *end == '"';
    *rest = *end == ',' ? end + 1 : NULL;
    *end = '\0';
    return cell;
}

size_t command_read_column(const struct settings *settings, const char *table, const char *column, double *values,
                           size_t size) {
    char path[COMMAND_PATH], *line = NULL;
    size_t capacity = 0, n = 0, place = SIZE_MAX;
    snprintf(path, sizeof path, "%s/runs/%s", settings->out, table);
    FILE *file = fopen(path, "r");
    for (bool first = true; file != NULL && n < size && getline(&line, &capacity, file) > 0; first = false) {
        char *rest = line, *cell;
        for (size_t i = 0; (cell = next_cell(&rest)) != NULL; i++)
            if (first && strcmp(cell, column) == 0)
                place = i;
            else if (!first && i == place)
                values[n++] = atof(cell);
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return n;
}

static bool same_bytes(const char *path, const char *other) {
    FILE *a = fopen(path, "rb"), *b = fopen(other, "rb");
    bool same = a != NULL && b != NULL;
    while (same) {
        int x = getc(a), y = getc(b);
        same = x == y;
        if (x == EOF)
            break;
    }
    if (a != NULL)
        fclose(a);
    if (b != NULL)
        fclose(b);
    return same;
}

bool command_same_tables(const struct settings *settings, const char *folder, const char *other) {
    static const char *const tables[] = {"points.csv", "trials.csv", "epochs.csv", "summary.csv"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char path[COMMAND_PATH], path_other[COMMAND_PATH];
        snprintf(path, sizeof path, "%s/runs/%s/%s", settings->out, folder, tables[i]);
        snprintf(path_other, sizeof path_other, "%s/runs/%s/%s", settings->out, other, tables[i]);
        if (!same_bytes(path, path_other))
            return false;
    }
    return true;
}

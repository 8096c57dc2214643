/* Runs the benchmarks and judges them; started by bench/run. */
#include "bench/settings.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    void (*run)(struct settings *settings);
    const char *doc;
} groups[] = {
    {"machine", bench_machine, "rates of one core: FMA, products, bandwidth by working set; the way between two cores"},
    {"kernels", bench_kernels, "the hot kernels, each beside the machine's bound"},
    {"step", bench_steps, "a training step, against the peers and the roofline"},
    {"grids", bench_grids, "whole runs: overhead of a trial, start, memory"},
    {"bits", bench_bits, "equal bits for all threads, workers and processors"},
};
enum { GROUPS = sizeof groups / sizeof *groups };

struct request {
    struct settings settings;
    const char *only; /* NULL: all */
    char *batches, *optimizers;
};

static const struct argp_option options[] = {
    {"only", 'o', "NAME", 0, "measure one group: machine, kernels, step, grids, bits", 0},
    {"quick", 'q', NULL, 0, "3 short rounds, no torch.compile: to see whether all is there", 0},
    {"rounds", 'r', "N", 0, "rounds of each comparison (default: 7)", 0},
    {"seconds", 's', "S", 0, "for which a round measures a side (default: 0.25)", 0},
    {"batches", 'b', "LIST", 0, "batch sizes of the group step (default: 1,10,32,100,1000,10000)", 0},
    {"optimizers", 'O', "LIST", 0, "its optimizers (default: sgd,momentum,adam)", 0},
    {"network", 'N', "NAME", 0, "its network: lecture, or against PyTorch alone dropout, normalized, lenet, cnn", 0},
    {"trials", 't', "N", 0, "of the large grid of group grids (default: 2000)", 0},
    {"peers", 'p', "LIST", 0, "peers of group step (default: torch,jax,keras,scikit-learn)", 0},
    {"no-peers", 'n', NULL, 0, "without Python", 0},
    {"realtime", 'R', "PRIORITY", OPTION_ARG_OPTIONAL, "schedule what is measured before all else (default: 10)", 0},
    {"out", 'd', "FOLDER", 0, "where the CSV, the picture and the logs go (default: bench/out)", 0},
    {"build", 'B', "FOLDER", OPTION_HIDDEN, NULL, 0},
    {"source", 'S', "FOLDER", OPTION_HIDDEN, NULL, 0},
    {"python", 'P', "FILE", OPTION_HIDDEN, NULL, 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state) {
    struct request *request = state->input;
    struct settings *settings = &request->settings;
    switch (key) {
    case 'o': request->only = argument; return 0;
    case 'q':
        settings->quick = true;
        settings->servers.attempts = 3;
        return 0;
    case 'r':
        settings->rounds = (size_t)atoi(argument);
        if (settings->rounds < 1 || settings->rounds > ROUNDS)
            die("rounds are from 1 to %d", ROUNDS);
        return 0;
    case 's':
        settings->seconds = atof(argument);
        if (!(settings->seconds > 0))
            die("seconds are more than 0");
        return 0;
    case 'b': request->batches = argument; return 0;
    case 'O': request->optimizers = argument; return 0;
    case 'N': settings->network = argument; return 0;
    case 't':
        settings->trials = atoi(argument);
        if (settings->trials < 1 || settings->trials > 100000)
            die("trials are from 1 to 100000");
        return 0;
    case ARGP_KEY_END: /* what was not given, in whatever order the options stood */
        settings->rounds = settings->rounds > 0 ? settings->rounds : settings->quick ? 3 : 7;
        settings->seconds = settings->seconds > 0 ? settings->seconds : settings->quick ? 0.08 : 0.25;
        settings->trials = settings->trials > 0 ? settings->trials : settings->quick ? 200 : 2000;
        return 0;
    case 'p': settings->peers = argument; return 0;
    case 'n': settings->python = NULL; return 0;
    case 'R': settings->servers.realtime = argument != NULL ? atoi(argument) : 10; return 0;
    case 'd': settings->out = argument; return 0;
    case 'B': settings->build = argument; return 0;
    case 'S': settings->source = argument; return 0;
    case 'P': settings->python = argument[0] != '\0' ? argument : NULL; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void read_lists(struct request *request) {
    struct settings *settings = &request->settings;
    char *rest = NULL;
    for (char *word = strtok_r(request->batches, ",", &rest); word != NULL && settings->n_batches < BATCHES;
         word = strtok_r(NULL, ",", &rest)) {
        settings->batches[settings->n_batches] = atoi(word);
        if (settings->batches[settings->n_batches++] < 1)
            die("no batch size: %s", word);
    }
    for (char *word = strtok_r(request->optimizers, ",", &rest); word != NULL && settings->n_optimizers < OPTIMIZERS;
         word = strtok_r(NULL, ",", &rest)) {
        if (strcmp(word, "sgd") != 0 && strcmp(word, "momentum") != 0 && strcmp(word, "adam") != 0)
            die("no optimizer: %s", word);
        settings->optimizers[settings->n_optimizers++] = word;
    }
}

static void make_folder(const char *path) {
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        die("cannot make the folder %s: %s", path, strerror(errno));
}

/* By gnuplot, where it is there and steps were measured. */
static bool plot(const struct settings *settings, const char *csv, const char *svg) {
    char variables[9000], script[4200];
    bool steps = false;
    for (size_t i = 0; i < settings->rows.count; i++)
        steps = steps || strcmp(settings->rows.items[i].group, "step") == 0;
    snprintf(variables, sizeof variables, "csv='%s'; svg='%s'", csv, svg);
    snprintf(script, sizeof script, "%s/bench/plot.gp", settings->source);
    const char *const arguments[] = {"gnuplot", "-e", variables, script, NULL};
    int status = -1;
    pid_t pid;
    if (steps && posix_spawnp(&pid, arguments[0], NULL, NULL, (char *const *)arguments, environ) == 0)
        waitpid(pid, &status, 0);
    return status == 0;
}

int main(int argc, char **argv) {
    static const struct argp argp = {
        options, parse, NULL, "Measures runner beside its peers and judges it by its goals.", NULL, NULL, NULL};
    char batches[] = "1,10,32,100,1000,10000", optimizers[] = "sgd,momentum,adam", out[4096], logs[4200], csv[4200],
         svg[4200];
    static struct request request;
    request.settings =
        (struct settings){.build = "build/release", .source = ".", .network = "lecture", .servers.attempts = 8};
    request.batches = batches;
    request.optimizers = optimizers;
    argp_parse(&argp, argc, argv, 0, NULL, &request);
    struct settings *settings = &request.settings;
    read_lists(&request);
    snprintf(out, sizeof out, "%s/bench/out", settings->source);
    if (settings->out == NULL)
        settings->out = out;
    snprintf(logs, sizeof logs, "%s/logs", settings->out);
    snprintf(csv, sizeof csv, "%s/%s.csv", settings->out, request.only != NULL ? request.only : "bench");
    make_folder(settings->out);
    make_folder(logs);
    settings->servers.logs = logs;
    servers_find_cores(&settings->servers);
    signal(SIGPIPE, SIG_IGN);
    /* So that nothing comes between two turns; the programs that it starts set their own. */
    if (settings->servers.realtime > 0)
        sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK,
                           &(struct sched_param){.sched_priority = settings->servers.realtime});
    if (settings->python == NULL)
        fprintf(stderr, "bench: without Python: no PyTorch, JAX, Keras, scikit-learn (bench/peers.sh installs them)\n");
    bool found = false;
    for (size_t i = 0; i < GROUPS; i++)
        if (request.only == NULL || strcmp(request.only, groups[i].name) == 0) {
            found = true;
            groups[i].run(settings);
        }
    if (!found)
        die("no group %s", request.only);
    if (!rows_write_csv(&settings->rows, csv))
        die("cannot write %s: %s", csv, strerror(errno));
    rows_print_ratios(&settings->rows, "kernels");
    size_t missed = rows_print_goals(&settings->rows);
    snprintf(svg, sizeof svg, "%.*s.svg", (int)strlen(csv) - 4, csv);
    bool drawn = plot(settings, csv, svg);
    printf("%s%s%s\n", csv, drawn ? " and " : "", drawn ? svg : "");
    rows_clear(&settings->rows);
    return missed > 0 ? 1 : 0;
}

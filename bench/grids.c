/*
 * Whole runs of the program, rows of the group "grids": what a trial of a large grid costs beyond its training, how long it takes until the
 * first update is done, what a trial has in memory, and how much of a small grid's time the cores spend on training.
 */
#include "bench/command.h"
#include "bench/machine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_TRIALS = 100000, MEMORY_BATCHES = 3 };

/* Images of MNIST: in its two files, their pixels, and the share of these that is not 0 in the first of them. */
#define TRAIN_ROWS 60000.0
#define ROWS 70000.0
#define PIXELS 784
#define DENSITY 0.191
#define SPARSE_ENTRY 8 /* bytes */

static const char xor_model[] =
    "dataset: xor\n"
    "model: [{dense: {units: 4, activation: tanh}}, {dense: {units: 1, activation: sigmoid}}]\n"
    "loss: binary_crossentropy\n";

static const char lecture_model[] =
    "dataset: mnist\n"
    "model: [{dense: {units: 500, activation: sigmoid}}, {dense: {units: 500, activation: sigmoid}},\n"
    "        {dense: {units: 10, activation: softmax}}]\n"
    "loss: categorical_crossentropy\n";

static struct row *add_row(struct settings *settings, const char *what, const struct series *value, double goal) {
    return rows_add(&settings->rows, (struct row){.group = "grids",
                                                  .what = what,
                                                  .arrangement = "runner",
                                                  .value = summarize(value),
                                                  .goal = goal,
                                                  .at_most = true});
}

static double sum(const double *values, size_t n) {
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

/* Wall-clock time of a grid of tiny trials, less what its workers spent on training, a trial. */
static void overhead(struct settings *settings) {
    char text[1024], config[COMMAND_PATH];
    struct series values = {0}, training = {0}, disk = {0};
    double *seconds = malloc(MOST_TRIALS * sizeof *seconds), elapsed;
    const size_t rounds = settings->quick || settings->trials > 5000 ? 1 : 3;
    const int cores = settings->servers.n_cores;
    if (seconds == NULL)
        die("no memory");
    snprintf(text, sizeof text, "experiment: tiny\n%soptimizer: {sgd: {learning_rate: 0.1}}\n%s%d\n", xor_model,
             "train: {batch_size: full, epochs: 100}\nseeds: ", settings->trials);
    command_write_config(settings, "tiny", text, config);
    for (size_t round = 0; round < rounds; round++) {
        if (!command_run_config(settings, "overhead", config, NULL, &elapsed))
            break;
        size_t n = command_read_column(settings, "overhead/tiny/timing.csv", "seconds", seconds, MOST_TRIALS);
        if (n != (size_t)settings->trials)
            break;
        series_add(&training, 1e3 * sum(seconds, n) / (double)n);
        series_add(&values, 1e3 * (elapsed - sum(seconds, n) / cores) / (double)n);
        series_add(&disk, 1e3 * elapsed / (double)n);
    }
    struct row *row = add_row(settings, "overhead of a trial (xor), ms", &values, 1);
    row_bound(row,
              "%d trials of 100 updates on %d cores: %.3f ms a trial in all, of which training takes %.3f on one core",
              settings->trials, cores, series_median(&disk), series_median(&training));
    free(seconds);
}

/* When the supervisor heard of the first epoch with an update, by the events in a log of `--json`; 0 where there is none. */
static double first_update(const struct settings *settings, const char *name) {
    char path[COMMAND_PATH], *line = NULL;
    size_t capacity = 0;
    double then = 0;
    snprintf(path, sizeof path, "%s/%s.log", settings->servers.logs, name);
    FILE *file = fopen(path, "r");
    while (file != NULL && then == 0 && getline(&line, &capacity, file) > 0) {
        const char *time = strstr(line, "\"time\":"), *updates = strstr(line, "\"updates\":");
        if (strstr(line, "\"event\":\"epoch\"") != NULL && time != NULL && updates != NULL &&
            strtod(updates + strlen("\"updates\":"), NULL) >= 1)
            then = strtod(time + strlen("\"time\":"), NULL);
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return then;
}

/* Until the first update of the first trial is done and known; and the whole command, for comparison. */
static void start(struct settings *settings) {
    char text[1024], config[COMMAND_PATH];
    struct series values = {0}, whole = {0}, peer = {0};
    snprintf(text, sizeof text, "experiment: first\n%soptimizer: sgd\ntrain: {batch_size: full, epochs: 100}\n",
             xor_model);
    command_write_config(settings, "first", text, config);
    static const char *const words[] = {"--json", NULL};
    const char *const import[] = {settings->python, "-c", "import torch", NULL};
    for (size_t round = 0; round < settings->rounds; round++) {
        double elapsed;
        struct timespec begun;
        clock_gettime(CLOCK_REALTIME, &begun);
        if (!command_run_config(settings, "start", config, words, &elapsed))
            break;
        const double then = first_update(settings, "start");
        if (then == 0)
            break;
        series_add(&values, 1e3 * (then - (double)begun.tv_sec - 1e-9 * (double)begun.tv_nsec));
        series_add(&whole, 1e3 * elapsed);
        if (settings->python != NULL && round < 3 && command_run(settings, "import_torch", import, &elapsed))
            series_add(&peer, 1e3 * elapsed);
    }
    struct row *row = add_row(settings, "start to the first update, ms", &values, 50);
    row_bound(row, "the whole command with its tables and report takes %.0f ms; `import torch` %.0f",
              series_median(&whole), series_median(&peer));
}

/* The most that a trial's worker had in memory; 0 where it could not be measured. */
static double peak(struct settings *settings, const char *name, const char *config, const char *const *words) {
    char table[128];
    double bytes = 0;
    snprintf(table, sizeof table, "%s/%s/timing.csv", name, name);
    if (!command_run_config(settings, name, config, words, NULL) ||
        command_read_column(settings, table, "peak_memory_bytes", &bytes, 1) != 1)
        return 0;
    return bytes;
}

/* Beyond what the same worker has for a network of a few bytes: the libraries. */
static void memory(struct settings *settings) {
    static const int batches[MEMORY_BATCHES] = {100, 1000, 10000};
    static const char *const words[] = {"--workers", "1", "--threads", "1", NULL};
    char text[1024], config[COMMAND_PATH], name[32];
    snprintf(text, sizeof text, "experiment: fixed\n%soptimizer: adam\ntrain: {batch_size: full, epochs: 1}\n",
             xor_model);
    command_write_config(settings, "fixed", text, config);
    const double fixed = peak(settings, "fixed", config, words);
    for (int i = 0; i < MEMORY_BATCHES; i++) {
        struct series ratio = {0};
        snprintf(name, sizeof name, "memory%d", batches[i]);
        snprintf(text, sizeof text, "experiment: %s\n%soptimizer: adam\ntrain: {batch_size: %d, epochs: 1}\n", name,
                 lecture_model, batches[i]);
        command_write_config(settings, name, text, config);
        const double found = peak(settings, name, config, words);
        const double data = ROWS * (PIXELS + sizeof(int)), view = batches[i] * DENSITY * PIXELS * SPARSE_ENTRY;
        const double weights = 3.0 * sizeof(float) * MACHINE_WEIGHTS; /* and two slots */
        const double activations = 2.0 * batches[i] * (500 + 500 + 10) * sizeof(float);
        if (found > 0 && fixed > 0)
            series_add(&ratio, (found - fixed) / (data + view + weights + activations));
        struct row *row = add_row(settings, "memory, times what is needed", &ratio, 1.2);
        row->batch = batches[i];
        row_bound(
            row,
            "%.1f MB beyond %.1f of libraries; data %.1f, sparse view %.1f, weights and slots %.1f, two batches of "
            "activations %.1f",
            1e-6 * (found - fixed), 1e-6 * fixed, 1e-6 * data, 1e-6 * view, 1e-6 * weights, 1e-6 * activations);
    }
}

/* A grid of eight trials of an epoch each: samples a second, and the share of the cores' time that is training. */
static void small_grid(struct settings *settings) {
    char text[1024], config[COMMAND_PATH];
    struct series rates = {0}, shares = {0};
    double seconds[8], evaluated[8], elapsed;
    const size_t rounds = settings->quick ? 1 : 3;
    snprintf(text, sizeof text,
             "experiment: grid\n%soptimizer: sgd\ntrain: {batch_size: 100, epochs: 1}\n"
             "grid: {optimizer: [sgd, adam]}\nseeds: 4\n",
             lecture_model);
    command_write_config(settings, "grid", text, config);
    for (size_t round = 0; round < rounds; round++) {
        if (!command_run_config(settings, "grid", config, NULL, &elapsed) ||
            command_read_column(settings, "grid/grid/timing.csv", "seconds", seconds, 8) != 8 ||
            command_read_column(settings, "grid/grid/timing.csv", "evaluate_seconds", evaluated, 8) != 8)
            break;
        series_add(&rates, 8 * TRAIN_ROWS / elapsed);
        series_add(&shares, (sum(seconds, 8)) / (elapsed * settings->servers.n_cores));
    }
    add_row(settings, "grid of 8 trials, samples a second", &rates, 0);
    add_row(settings, "grid of 8 trials, cores in trials", &shares, 0);
}

void bench_grids(struct settings *settings) {
    const char *data = getenv("RUNNER_DATA");
    overhead(settings);
    start(settings);
    if (data != NULL) {
        memory(settings);
        small_grid(settings);
    } else {
        fprintf(stderr, "bench: grids: memory and the small grid are left out: no $RUNNER_DATA\n");
    }
    fprintf(stderr, "bench: grids: done\n");
}

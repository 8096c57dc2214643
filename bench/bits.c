/* The promise of equal bits, tried on small grids: rows of the group "bits", each the share of runs whose tables are those of the first. */
#include "bench/command.h"

#include <string.h>

static const struct {
    const char *name, *rest;
} networks[] = {
    {"dense", "model: [{dense: {units: 200, activation: sigmoid}}, {dense: {units: 100, activation: tanh}},\n"
              "        {dense: {units: 10, activation: softmax}}]\n"
              "optimizer: adam\n"
              "grid: {train.batch_size: [1, 10, 32, 100], optimizer: [sgd, adam]}\n"},
    {"image", "model: [{conv2d: {filters: 8, kernel_size: 5, strides: 2}}, batch_normalization, relu, max_pooling2d,\n"
              "        {dropout: {rate: 0.2}}, {dense: {units: 200, activation: gelu}}, layer_normalization,\n"
              "        {dense: {units: 10, activation: softmax}}]\n"
              "optimizer: adam\n"
              "grid: {train.batch_size: [10, 50], optimizer: {momentum: {sgd: {momentum: 0.9}}, rmsprop: rmsprop}}\n"},
};
enum { NETWORKS = sizeof networks / sizeof *networks, COUNTS = 4 };

struct tally {
    struct settings *settings;
    const char *config, *experiment, *gemm;
    double same, all;
};

static bool run(const struct tally *tally, const char *folder, const char *workers, const char *threads,
                const char *level) {
    char gemm[32], program[COMMAND_PATH], results[COMMAND_PATH], variable[32];
    const struct settings *settings = tally->settings;
    snprintf(gemm, sizeof gemm, "engine.gemm=%s", tally->gemm);
    snprintf(program, sizeof program, "%s/runner", settings->build);
    snprintf(results, sizeof results, "%s/runs/%s", settings->out, folder);
    snprintf(variable, sizeof variable, "RUNNER_CPU_LEVEL=%s", level);
    const char *arguments[] = {"env",       variable, program,     tally->config, gemm,        "--quiet", "--fresh",
                               "--results", results,  "--workers", workers,       "--threads", threads,   NULL};
    if (threads == NULL)
        arguments[11] = NULL;
    return command_run(settings, folder, arguments, NULL);
}

static void compare(struct tally *tally, const char *workers, const char *threads, const char *level) {
    char first[256], other[256];
    snprintf(first, sizeof first, "bits/%s,engine.gemm=%s", tally->experiment, tally->gemm);
    snprintf(other, sizeof other, "bits_other/%s,engine.gemm=%s", tally->experiment, tally->gemm);
    const bool same =
        run(tally, "bits_other", workers, threads, level) && command_same_tables(tally->settings, first, other);
    if (!same)
        fprintf(stderr, "bench: bits: %s, %s: %s workers, %s threads, level %s: tables differ\n", tally->experiment,
                tally->gemm, workers, threads != NULL ? threads : "changing", level);
    tally->same += same;
    tally->all++;
}

static void add_row(const struct tally *tally, const char *what) {
    struct series share = {0};
    char text[128];
    if (tally->all > 0)
        series_add(&share, tally->same / tally->all);
    snprintf(text, sizeof text, "%s, %s", what, tally->experiment);
    struct row *row = rows_add(
        &tally->settings->rows,
        (struct row){.group = "bits", .what = text, .arrangement = tally->gemm, .value = summarize(&share), .goal = 1});
    row_bound(row, "%.0f of %.0f runs have the tables of the first", tally->same, tally->all);
}

/* Each against the run with one worker of one thread. */
static void try_network(struct settings *settings, int network, const char *gemm) {
    static const char *const threads[COUNTS] = {"1", "2", "3", "7"}, *const workers[COUNTS] = {"1", "2", "3", "4"};
    char text[2048], config[COMMAND_PATH];
    snprintf(text, sizeof text,
             "experiment: %s\ndataset: {digits: {train: 300, test: 50}}\nloss: categorical_crossentropy\n"
             "metrics: [accuracy]\ntrain: {epochs: 2}\nseeds: 1\n%s",
             networks[network].name, networks[network].rest);
    command_write_config(settings, networks[network].name, text, config);
    struct tally tally = {.settings = settings, .config = config, .experiment = networks[network].name, .gemm = gemm};
    if (!run(&tally, "bits", "1", "1", "4"))
        return;
    for (int w = 0; w < COUNTS; w++)
        for (int t = w == 0 ? 1 : 0; t < COUNTS; t++)
            if (!settings->quick || w == 1)
                compare(&tally, workers[w], threads[t], "4");
    compare(&tally, "2", NULL, "4");
    add_row(&tally, "same bits, threads x workers");
    if (strcmp(gemm, "portable") != 0)
        return;
    tally.same = tally.all = 0;
    compare(&tally, "1", "1", "3");
    compare(&tally, "2", "2", "3");
    add_row(&tally, "same bits, older processor");
}

void bench_bits(struct settings *settings) {
    static const char *const gemms[] = {"portable", "openblas"};
    for (int n = 0; n < NETWORKS; n++)
        for (int g = 0; g < 2; g++)
            try_network(settings, n, gemms[g]);
    fprintf(stderr, "bench: bits: done\n");
}

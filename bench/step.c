/*
 * Times training steps of the lecture's network (784-500-500-10, sigmoid) within one process:
 *
 *     bench_step FOLDERS DATASET THREADS SECONDS GEMM [[LAYERS] | BATCH:OPTIMIZER ...]
 *
 * FOLDERS of plugins are separated by colons, runner's own last. DATASET is a config's value ("mnist", "{digits: {train: 60000}}"). Each
 * BATCH:OPTIMIZER ("100:adam", "1:{sgd: {momentum: 0.9}}") prints a line: batch, optimizer, threads, updates, the median microseconds of an
 * update, and samples a second by that. SECONDS is how long each of them takes, or a number of updates ("20x"). LAYERS, a config's list
 * ("[{dense: {units: 10}}]"), are the network of those that follow it. Without any of them it serves `BATCH sgd|momentum|adam` (serve.h).
 */
#include "runner/train/step.h"
#include "bench/serve.h"
#include "runner/base/cpu.h"
#include "runner/base/yaml.h"
#include "runner/host/params.h"
#include "runner/train/settings.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDERS = 4, WARM = 3 /* updates that are not timed */ };

#define LECTURE                                                                                                        \
    "[{dense: {units: 500, activation: sigmoid}}, {dense: {units: 500, activation: sigmoid}}, "                        \
    "{dense: {units: 10, activation: softmax}}]"

struct bench {
    struct loader loader;
    struct data data;
    int threads;
    const char *gemm, *layers;
    /* what is prepared */
    bool prepared;
    struct arena arena;
    struct model model;
    struct stepper stepper;
    uint32_t *order;
    uint64_t start, batch_rows;
};

/* A component, or for RUNNER_LAYER a list of them. */
static struct tree *resolve(struct bench *bench, struct arena *arena, enum runner_kind kind, const char *yaml) {
    const struct catalog *catalog = &bench->loader.catalog;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct tree *value = yaml_read(yaml, strlen(yaml), "bench", arena, &diagnostics);
    if (value != NULL && kind == RUNNER_LAYER)
        for (size_t i = 0; i < value->count; i++)
            value->items[i] = component_resolve(catalog, kind, value->items[i], "bench", arena, &diagnostics);
    else if (value != NULL)
        value = component_resolve(catalog, kind, value, "bench", arena, &diagnostics);
    if (value == NULL || diagnostics.errors > 0) {
        diagnostics_print(&diagnostics, stderr);
        die("bad component: %s", yaml);
    }
    diagnostics_clear(&diagnostics);
    return value;
}

static struct tree *make_trial(struct bench *bench, const char *batch, const char *optimizer) {
    struct arena *arena = &bench->arena;
    struct mark mark = {0};
    struct tree *trial = tree_map(arena, mark);
    tree_set(arena, trial, "model", mark, resolve(bench, arena, RUNNER_LAYER, bench->layers));
    tree_set(arena, trial, "loss", mark, resolve(bench, arena, RUNNER_LOSS, "categorical_crossentropy"));
    tree_set(arena, trial, "optimizer", mark, resolve(bench, arena, RUNNER_OPTIMIZER, optimizer));
    char yaml[256];
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    snprintf(yaml, sizeof yaml, "{train: {batch_size: %s}, engine: {gemm: %s}}", batch, bench->gemm);
    struct tree *rest = yaml_read(yaml, strlen(yaml), "bench", arena, &diagnostics);
    if (rest == NULL)
        die("bad batch size: %s", batch);
    tree_set(arena, trial, "train", mark, tree_get(rest, "train"));
    tree_set(arena, trial, "engine", mark, tree_get(rest, "engine"));
    diagnostics_clear(&diagnostics);
    return trial;
}

static void clear(struct bench *bench) {
    if (!bench->prepared)
        return;
    stepper_clear(&bench->stepper);
    model_clear(&bench->model);
    arena_clear(&bench->arena);
    bench->prepared = false;
}

static void prepare(struct bench *bench, const char *batch, const char *optimizer) {
    struct error error = {0};
    struct train_settings settings;
    clear(bench);
    arena_init(&bench->arena);
    const struct tree *trial = make_trial(bench, batch, optimizer);
    if (train_settings_read(trial, &bench->data, &settings, NULL, &error) != STATUS_OK ||
        model_build(&bench->loader, trial, &bench->data, &bench->model, NULL, &error) != STATUS_OK)
        die("%s", error.text);
    model_plan_columns(&bench->model, settings.batch_rows, settings.micro_rows);
    if (model_initialize(&bench->model, 0, &error) != STATUS_OK)
        die("%s", error.text);
    uint64_t rows = bench->data.rows[DATA_TRAIN];
    bench->batch_rows = settings.batch_rows < rows ? settings.batch_rows : rows;
    bench->order = arena_array(&bench->arena, rows, sizeof *bench->order);
    random_permutation(random_key(0, "order", 1), rows, bench->order);
    stepper_init(&bench->stepper, &bench->model, &bench->data, bench->batch_rows, settings.micro_rows, bench->threads,
                 0);
    bench->start = 0;
    bench->prepared = true;
}

static void begin(struct bench *bench) {
    uint64_t rows = bench->data.rows[DATA_TRAIN];
    if (bench->start + bench->batch_rows > rows)
        bench->start = 0;
    stepper_begin(&bench->stepper, bench->order, bench->start, bench->batch_rows, 0.001);
    bench->start += bench->batch_rows;
}

struct timing {
    struct bench *bench;
    double seconds, end, last;
    size_t updates, limit; /* 0: by time */
    size_t made, n;
    double times[SERVE_SAMPLES];
};

/* After an update: notes its time, and begins another. */
static bool next_update(void *context) {
    struct timing *timing = context;
    double t = now();
    size_t u = timing->made++, updates = timing->updates;
    if (u >= WARM || (updates > 0 && u > 0))
        timing->times[timing->n++] = t - timing->last;
    else
        timing->end = t + timing->seconds;
    timing->last = t;
    bool more =
        updates > 0 ? timing->made < timing->limit : timing->n < 2 || (t < timing->end && timing->n < timing->limit);
    if (more)
        begin(timing->bench);
    return more;
}

/* Updates for about so long, two at least, or `updates` of them where that is not 0; the median microseconds. */
static double train(struct bench *bench, double seconds, size_t updates, size_t *count, size_t *all) {
    static struct timing timing;
    timing.bench = bench;
    timing.seconds = seconds;
    timing.updates = updates;
    timing.limit = updates > 0 ? updates : SERVE_SAMPLES;
    timing.made = timing.n = 0;
    begin(bench);
    stepper_team(&bench->stepper, bench->threads);
#pragma omp parallel num_threads(bench->threads)
    {
        unsigned before = thread_numbers_set();
        stepper_run(&bench->stepper, omp_get_thread_num(), next_update, &timing);
        thread_numbers_restore(before);
    }
    *count = timing.n;
    *all = timing.made;
    return 1e6 * median(timing.times, timing.n);
}

static const char *serve_prepare(void *context, size_t n, char *const words[], char *reason, size_t size) {
    if (n != 2) {
        snprintf(reason, size, "wanted: BATCH OPTIMIZER");
        return NULL;
    }
    prepare(context, words[0], strcmp(words[1], "momentum") == 0 ? "{sgd: {momentum: 0.9}}" : words[1]);
    return "runner";
}

static size_t serve_go(void *context, double seconds, size_t *count, double values[SERVE_VALUES]) {
    size_t all = 0;
    values[0] = train(context, seconds, 0, count, &all);
    values[1] = (double)all; /* with those that warm up */
    return 2;
}

static size_t split_folders(char *text, const char *folders[FOLDERS]) {
    size_t n = 0;
    char *rest = NULL;
    for (char *folder = strtok_r(text, ":", &rest); folder != NULL && n < FOLDERS; folder = strtok_r(NULL, ":", &rest))
        folders[n++] = folder;
    return n;
}

int main(int argc, char **argv) {
    if (argc < 6)
        die("usage: bench_step FOLDERS DATASET THREADS SECONDS GEMM [[LAYERS] | BATCH:OPTIMIZER ...]");
    struct bench bench = {.threads = atoi(argv[3]), .gemm = argv[5], .layers = LECTURE};
    const char *folders[FOLDERS], *level = getenv("RUNNER_CPU_LEVEL");
    struct error error = {0};
    struct arena arena;
    int fd = -1;
    if (level != NULL && strcmp(level, "3") == 0)
        cpu_level_limit(3);
    arena_init(&arena);
    loader_open(&bench.loader, folders, split_folders(argv[1], folders), 1);
    if (products_prepare(&error) != STATUS_OK ||
        data_build(&bench.loader, resolve(&bench, &arena, RUNNER_DATASET, argv[2]), &fd, &error) != STATUS_OK ||
        data_map(fd, &bench.data, &error) != STATUS_OK)
        die("%s", error.text);
    for (int i = 6; i < argc; i++) {
        char *colon = strchr(argv[i], ':'), *x = strchr(argv[4], 'x');
        size_t count, all;
        if (argv[i][0] == '[') {
            bench.layers = argv[i];
            continue;
        }
        if (colon == NULL)
            die("wanted BATCH:OPTIMIZER, not %s", argv[i]);
        *colon = '\0';
        prepare(&bench, argv[i], colon + 1);
        double time = train(&bench, x == NULL ? atof(argv[4]) : 0, x == NULL ? 0 : (size_t)atoi(argv[4]), &count, &all);
        printf("%s,\"%s\",%d,%zu,%.2f,%.0f\n", argv[i], colon + 1, bench.threads, count, time,
               1e6 * (double)bench.batch_rows / time);
        fflush(stdout);
    }
    if (argc == 6)
        serve(&(struct served){&bench, serve_prepare, serve_go});
    clear(&bench);
    data_unmap(&bench.data);
    close(fd);
    loader_close(&bench.loader);
    arena_clear(&arena);
    return 0;
}

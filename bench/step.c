/*
 * Times training steps of the lecture's network (784-500-500-10, sigmoid) within one process:
 *
 *     bench_step PLUGINS DATASET THREADS SECONDS GEMM [BATCH:OPTIMIZER ...]
 *
 * DATASET is a config's value ("mnist", "{digits: {train: 60000}}"). Each BATCH:OPTIMIZER ("100:adam", "1:{sgd: {momentum: 0.9}}") prints a
 * line: batch, optimizer, threads, updates, the median microseconds of an update, and samples a second by that.
 */
#include "runner/train/step.h"
#include "runner/base/yaml.h"
#include "runner/host/params.h"
#include "runner/train/settings.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_UPDATES = 100000 };

struct bench {
    struct loader loader;
    struct arena arena;
    struct data data;
    int threads;
    double seconds;
    const char *gemm;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *text) {
    fprintf(stderr, "bench_step: error: %s\n", text);
    exit(2);
}

static struct tree *resolve(struct bench *bench, enum runner_kind kind, const char *yaml) {
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct tree *value = yaml_read(yaml, strlen(yaml), "bench", &bench->arena, &diagnostics);
    if (value != NULL)
        value = component_resolve(&bench->loader.catalog, kind, value, "bench", &bench->arena, &diagnostics);
    if (value == NULL || diagnostics.errors > 0) {
        diagnostics_print(&diagnostics, stderr);
        die("bad component");
    }
    diagnostics_clear(&diagnostics);
    return value;
}

static struct tree *make_trial(struct bench *bench, const char *batch, const char *optimizer) {
    struct arena *arena = &bench->arena;
    struct mark mark = {0};
    struct tree *trial = tree_map(arena, mark), *model = tree_list(arena, mark);
    static const char *const layers[] = {"{dense: {units: 500, activation: sigmoid}}",
                                         "{dense: {units: 500, activation: sigmoid}}",
                                         "{dense: {units: 10, activation: softmax}}"};
    for (size_t i = 0; i < 3; i++)
        tree_append(arena, model, resolve(bench, RUNNER_LAYER, layers[i]));
    tree_set(arena, trial, "model", mark, model);
    tree_set(arena, trial, "loss", mark, resolve(bench, RUNNER_LOSS, "categorical_crossentropy"));
    tree_set(arena, trial, "optimizer", mark, resolve(bench, RUNNER_OPTIMIZER, optimizer));
    char yaml[256];
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    snprintf(yaml, sizeof yaml, "{train: {batch_size: %s}, engine: {gemm: %s}}", batch, bench->gemm);
    struct tree *rest = yaml_read(yaml, strlen(yaml), "bench", arena, &diagnostics);
    if (rest == NULL)
        die("bad batch size");
    tree_set(arena, trial, "train", mark, tree_get(rest, "train"));
    tree_set(arena, trial, "engine", mark, tree_get(rest, "engine"));
    diagnostics_clear(&diagnostics);
    return trial;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run(struct bench *bench, const char *batch, const char *optimizer) {
    struct error error = {0};
    struct train_settings settings;
    struct model model;
    struct stepper stepper;
    const struct tree *trial = make_trial(bench, batch, optimizer);
    if (train_settings_read(trial, &bench->data, &settings, NULL, &error) != STATUS_OK ||
        model_build(&bench->loader, trial, &bench->data, &model, NULL, &error) != STATUS_OK)
        die(error.text);
    model_plan_columns(&model, settings.batch_rows, settings.micro_rows);
    if (model_initialize(&model, 0, &error) != STATUS_OK)
        die(error.text);
    uint64_t rows = bench->data.rows[DATA_TRAIN];
    uint64_t batch_rows = settings.batch_rows < rows ? settings.batch_rows : rows;
    uint32_t *order = arena_array(&bench->arena, rows, sizeof *order);
    random_permutation(random_key(0, "order", 1), rows, order);
    stepper_init(&stepper, &model, &bench->data, batch_rows, settings.micro_rows, bench->threads, 0);
    static double times[MAX_UPDATES];
    size_t updates = 0;
    double end = 0, last = 0;
    uint64_t start = 0;
    bool more = true;
    stepper_begin(&stepper, order, start, batch_rows, 0.001);
#pragma omp parallel num_threads(bench->threads)
    {
        unsigned before = thread_numbers_set();
        int thread = omp_get_thread_num();
        for (size_t u = 0; more; u++) {
            stepper_run(&stepper, thread);
            if (!team_arrive(&stepper.team))
                continue;
            double t = now();
            if (u == 2)
                end = t + bench->seconds;
            if (u > 2)
                times[updates++] = t - last;
            last = t;
            more = u < 5 || (t < end && updates < MAX_UPDATES);
            start = start + 2 * batch_rows > rows ? 0 : start + batch_rows;
            if (more)
                stepper_begin(&stepper, order, start, batch_rows, 0.001);
            team_release(&stepper.team);
        }
        thread_numbers_restore(before);
    }
    qsort(times, updates, sizeof *times, by_value);
    printf("%s,\"%s\",%d,%zu,%.2f,%.0f\n", batch, optimizer, bench->threads, updates, 1e6 * times[updates / 2],
           (double)batch_rows / times[updates / 2]);
    fflush(stdout);
    stepper_clear(&stepper);
    model_clear(&model);
}

int main(int argc, char **argv) {
    if (argc < 6)
        die("usage: bench_step PLUGINS DATASET THREADS SECONDS GEMM [BATCH:OPTIMIZER ...]");
    struct bench bench = {.threads = atoi(argv[3]), .seconds = atof(argv[4]), .gemm = argv[5]};
    const char *folders[] = {argv[1]};
    struct error error = {0};
    int fd = -1;
    arena_init(&bench.arena);
    loader_open(&bench.loader, folders, 1, 1);
    if (products_prepare(&error) != STATUS_OK ||
        data_build(&bench.loader, resolve(&bench, RUNNER_DATASET, argv[2]), &fd, &error) != STATUS_OK ||
        data_map(fd, &bench.data, &error) != STATUS_OK)
        die(error.text);
    for (int i = 6; i < argc; i++) {
        char *colon = strchr(argv[i], ':');
        if (colon == NULL)
            die("wanted BATCH:OPTIMIZER");
        *colon = '\0';
        run(&bench, argv[i], colon + 1);
    }
    data_unmap(&bench.data);
    close(fd);
    loader_close(&bench.loader);
    arena_clear(&bench.arena);
    return 0;
}

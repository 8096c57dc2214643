/* What tests of the engine share: the built plugins, a small data set in memory, and trials written as YAML. */
#ifndef TESTS_UNIT_TRAIN_LAB_H
#define TESTS_UNIT_TRAIN_LAB_H

#include "runner/base/random.h"
#include "runner/base/yaml.h"
#include "runner/host/params.h"
#include "runner/train/step.h"
#include "runner/train/thread_numbers.h"
#include "runner/train/train.h"
#include "tests/sanitized.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab {
    struct arena arena;
    struct loader loader;
    struct data data;
};

/* `rows` examples of `units` inputs from [-1, 1), a third of them zero, with labels of `classes` classes or one target value (0). */
static inline void lab_data(struct lab *lab, uint64_t train, uint64_t test, uint32_t units, uint32_t classes) {
    lab->data = (struct data){.rows = {train, 0, test},
                              .input = {.rank = 1, .size = {units}},
                              .target = {.rank = 1, .size = {1}},
                              .element = RUNNER_F32,
                              .scale = 1,
                              .classes = classes};
    for (int split = 0; split < DATA_SPLITS; split++) {
        uint64_t rows = lab->data.rows[split];
        float *inputs = arena_array(&lab->arena, rows * units, sizeof *inputs);
        int32_t *targets = arena_array(&lab->arena, rows, sizeof *targets);
        struct random_key key = random_key(7, "inputs", (uint64_t)split),
                          noise = random_key(7, "labels", (uint64_t)split);
        random_fill_uniform(key, 0, 0, rows * units, inputs);
        for (uint64_t i = 0; i < rows * units; i++)
            inputs[i] = inputs[i] < 0.33f ? 0 : 2 * inputs[i] - 1;
        for (uint64_t i = 0; i < rows; i++) {
            float value = inputs[i * units] + inputs[i * units + 1];
            if (classes == 0)
                memcpy(&targets[i], &value, sizeof value);
            else
                targets[i] = (int32_t)random_below(noise, i, 0, classes);
        }
        lab->data.inputs[split] = inputs;
        lab->data.targets[split] = targets;
    }
}

static inline void lab_init(struct lab *lab) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/plugins",
             getenv("RUNNER_BUILD_DIR") == NULL ? "." : getenv("RUNNER_BUILD_DIR"));
    const char *folders[] = {folder};
    arena_init(&lab->arena);
    loader_open(&lab->loader, folders, 1, 1);
    if (lab->loader.count == 0) {
        fprintf(stderr, "no plugins in %s; set RUNNER_BUILD_DIR\n", folder);
        exit(1);
    }
}

static inline void lab_clear(struct lab *lab) {
    loader_close(&lab->loader);
    arena_clear(&lab->arena);
}

/* For setup() and teardown() of a group: *state is a lab with such data. */
static inline struct lab *lab_setup(void **state, uint64_t train, uint64_t test, uint32_t units, uint32_t classes) {
    static struct lab lab;
    lab_init(&lab);
    lab_data(&lab, train, test, units, classes);
    *state = &lab;
    return &lab;
}

static inline int lab_teardown(void **state) {
    lab_clear(*state);
    return 0;
}

/* A resolved trial from YAML with the keys of a config; what it leaves out of `train` and `engine` takes the engine's defaults. */
static inline struct tree *lab_trial(struct lab *lab, const char *yaml) {
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct tree *config = yaml_read(yaml, strlen(yaml), "trial", &lab->arena, &diagnostics);
    struct tree *trial = tree_map(&lab->arena, (struct mark){0});
    static const struct {
        const char *key;
        enum runner_kind kind;
        bool list;
    } sections[] = {{"model", RUNNER_LAYER, true},
                    {"loss", RUNNER_LOSS, false},
                    {"optimizer", RUNNER_OPTIMIZER, false},
                    {"metrics", RUNNER_METRIC, true},
                    {"callbacks", RUNNER_CALLBACK, true}};
    for (size_t s = 0; s < 5 && config != NULL; s++) {
        const struct tree *written = tree_get(config, sections[s].key);
        struct tree *value = sections[s].list ? tree_list(&lab->arena, (struct mark){0}) : NULL;
        for (size_t i = 0; sections[s].list && written != NULL && i < written->count; i++)
            tree_append(&lab->arena, value,
                        component_resolve(&lab->loader.catalog, sections[s].kind, written->items[i], sections[s].key,
                                          &lab->arena, &diagnostics));
        if (!sections[s].list)
            value = component_resolve(&lab->loader.catalog, sections[s].kind, written, sections[s].key, &lab->arena,
                                      &diagnostics);
        if (value != NULL)
            tree_set(&lab->arena, trial, sections[s].key, (struct mark){0}, value);
    }
    static const char *const rest[] = {"train", "engine", "save", "seed"};
    for (size_t s = 0; s < sizeof rest / sizeof rest[0] && config != NULL; s++)
        if (tree_get(config, rest[s]) != NULL)
            tree_set(&lab->arena, trial, rest[s], (struct mark){0}, tree_get(config, rest[s]));
    if (diagnostics.errors > 0) {
        diagnostics_print(&diagnostics, stderr);
        exit(1);
    }
    diagnostics_clear(&diagnostics);
    return trial;
}

/* Updates by a team: next() begins each of them, the first too. */
static inline void lab_run(struct stepper *stepper, int threads, bool (*next)(void *context), void *context) {
#pragma omp parallel num_threads(threads)
    {
        unsigned before = thread_numbers_set();
#pragma omp single
        {
            stepper_team(stepper, omp_get_num_threads());
            next(context);
        }
        stepper_run(stepper, omp_get_thread_num(), next, context);
        thread_numbers_restore(before);
    }
}

/* A model and what trains it, on batches of up to `most` rows. */
struct lab_step {
    struct model model;
    struct stepper stepper;
};

/* As train.c does; where not `columns`, without panels of columns. */
static inline void lab_step_init(struct lab_step *step, struct lab *lab, const char *yaml, uint64_t most, bool columns,
                                 int threads) {
    struct error error = {0};
    enum status status = model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &step->model, NULL, &error);
    if (status == STATUS_OK && columns)
        model_plan_columns(&step->model, most, most);
    if (status != STATUS_OK || model_initialize(&step->model, 3, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    stepper_init(&step->stepper, &step->model, &lab->data, most, most, threads, 5);
}

static inline void lab_step_clear(struct lab_step *step) {
    stepper_clear(&step->stepper);
    model_clear(&step->model);
}

/* Of all tensors, in Keras' order, to be released with free(). */
static inline float *lab_weights(const struct model *model, uint64_t *count) {
    *count = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        *count += model->tensors[t].elements;
    float *weights = memory_alloc(*count, sizeof *weights), *at = weights;
    for (size_t t = 0; t < model->n_tensors; at += model->tensors[t++].elements)
        tensor_gather(&model->tensors[t], model->tensors[t].weights, at);
    return weights;
}

#endif

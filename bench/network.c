#include "bench/network.h"

#include "bench/serve.h"
#include "runner/base/yaml.h"
#include "runner/host/params.h"
#include "runner/train/settings.h"

#include <string.h>
#include <unistd.h>

enum { FOLDERS = 4 };

static const struct {
    const char *name, *layers;
} networks[] = {
    {"lecture", NETWORK_LECTURE},
    {"dropout",
     "[{dense: {units: 512, activation: relu}}, {dropout: {rate: 0.2}}, {dense: {units: 512, activation: relu}}, "
     "{dropout: {rate: 0.2}}, {dense: {units: 10, activation: softmax}}]"},
    {"normalized",
     "[{dense: {units: 500}}, batch_normalization, relu, {dense: {units: 500}}, layer_normalization, relu, "
     "{dense: {units: 10, activation: softmax}}]"},
    {"lenet", "[{conv2d: {filters: 32, kernel_size: 3, activation: relu}}, max_pooling2d, "
              "{conv2d: {filters: 64, kernel_size: 3, activation: relu}}, max_pooling2d, "
              "{dense: {units: 128, activation: relu}}, {dense: {units: 10, activation: softmax}}]"},
    {"cnn", "[{conv2d: {filters: 16, kernel_size: 3, padding: same}}, batch_normalization, relu, max_pooling2d, "
            "{conv2d: {filters: 32, kernel_size: 3, padding: same}}, batch_normalization, relu, average_pooling2d, "
            "{dropout: {rate: 0.2}}, {dense: {units: 10, activation: softmax}}]"},
};

const char *network_named(const char *name) {
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (strcmp(networks[i].name, name) == 0)
            return networks[i].layers;
    return NULL;
}

/* A component, or for RUNNER_LAYER a list of them. */
static struct tree *resolve(const struct network *network, struct arena *arena, enum runner_kind kind,
                            const char *yaml) {
    const struct catalog *catalog = &network->loader.catalog;
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

static struct tree *make_trial(struct network *network, const char *batch, const char *optimizer) {
    struct arena *arena = &network->arena;
    struct mark mark = {0};
    struct tree *trial = tree_map(arena, mark);
    tree_set(arena, trial, "model", mark, resolve(network, arena, RUNNER_LAYER, network->layers));
    tree_set(arena, trial, "loss", mark, resolve(network, arena, RUNNER_LOSS, "categorical_crossentropy"));
    tree_set(arena, trial, "optimizer", mark, resolve(network, arena, RUNNER_OPTIMIZER, optimizer));
    char yaml[256];
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    snprintf(yaml, sizeof yaml, "{train: {batch_size: %s}, engine: {gemm: %s}}", batch, network->gemm);
    struct tree *rest = yaml_read(yaml, strlen(yaml), "bench", arena, &diagnostics);
    if (rest == NULL)
        die("bad batch size: %s", batch);
    tree_set(arena, trial, "train", mark, tree_get(rest, "train"));
    tree_set(arena, trial, "engine", mark, tree_get(rest, "engine"));
    diagnostics_clear(&diagnostics);
    return trial;
}

static void clear(struct network *network) {
    if (!network->prepared)
        return;
    stepper_clear(&network->stepper);
    model_clear(&network->model);
    arena_clear(&network->arena);
    network->prepared = false;
}

static void forget(struct network *network) {
    clear(network);
    if (network->fd < 0)
        return;
    data_unmap(&network->data);
    close(network->fd);
    network->fd = -1;
}

void network_open(struct network *network, char *folders) {
    const char *list[FOLDERS];
    size_t n = 0;
    char *rest = NULL;
    struct error error = {0};
    for (char *folder = strtok_r(folders, ":", &rest); folder != NULL && n < FOLDERS;
         folder = strtok_r(NULL, ":", &rest))
        list[n++] = folder;
    network->fd = -1;
    loader_open(&network->loader, list, n, 1);
    if (products_prepare(&error) != STATUS_OK)
        die("%s", error.text);
}

void network_read(struct network *network, const char *dataset) {
    struct error error = {0};
    struct arena arena;
    forget(network);
    arena_init(&arena);
    if (data_build(&network->loader, resolve(network, &arena, RUNNER_DATASET, dataset), &network->fd, &error) !=
            STATUS_OK ||
        data_map(network->fd, &network->data, &error) != STATUS_OK)
        die("%s", error.text);
    arena_clear(&arena);
}

void network_prepare(struct network *network, const char *batch, const char *optimizer) {
    struct error error = {0};
    struct train_settings settings;
    clear(network);
    arena_init(&network->arena);
    const struct tree *trial = make_trial(network, batch, optimizer);
    if (train_settings_read(trial, &network->data, &settings, NULL, &error) != STATUS_OK ||
        model_build(&network->loader, trial, &network->data, &network->model, NULL, &error) != STATUS_OK)
        die("%s", error.text);
    model_plan_columns(&network->model, settings.batch_rows, settings.micro_rows);
    if (model_initialize(&network->model, 0, &error) != STATUS_OK)
        die("%s", error.text);
    uint64_t rows = network->data.rows[DATA_TRAIN];
    network->batch_rows = settings.batch_rows < rows ? settings.batch_rows : rows;
    network->order = arena_array(&network->arena, rows, sizeof *network->order);
    random_permutation(random_key(0, "order", 1), rows, network->order);
    stepper_init(&network->stepper, &network->model, &network->data, network->batch_rows, settings.micro_rows,
                 network->threads, 0);
    network->prepared = true;
}

void network_close(struct network *network) {
    forget(network);
    loader_close(&network->loader);
}

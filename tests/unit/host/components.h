/* Components in memory, and a loader that holds them, for the tests of this folder. They use every type of parameter. */
#ifndef TESTS_UNIT_HOST_COMPONENTS_H
#define TESTS_UNIT_HOST_COMPONENTS_H

#include "runner/host/loader.h"
#include "runner/host/params.h"

struct everything {
    int32_t flag, mode;
    int64_t count, maybe;
    double share, learning_rate, open;
    const char *title, *path;
    runner_ints sizes;
    runner_floats weights;
    const runner_part *activation;
    runner_parts layers;
};

static const char *const modes[] = {"fast", "exact", "none", NULL};

static const runner_param everything_params[] = {
    RUNNER_PARAM_BOOL(struct everything, flag, "true", "a flag"),
    RUNNER_PARAM_CHOICE(struct everything, mode, "exact", modes, "a choice"),
    RUNNER_PARAM_INT(struct everything, count, NULL, 1, 1e15, "a count"),
    RUNNER_PARAM_(RUNNER_INT, struct everything, maybe, RUNNER_NULLABLE, 0, "null", 0, 9, NULL, "a digit"),
    RUNNER_PARAM_FLOAT(struct everything, share, "0.5", 0, 1, "a share"),
    RUNNER_PARAM_RATE(struct everything, learning_rate, "0.001", "a rate"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct everything, open, RUNNER_OPEN_MIN | RUNNER_OPEN_MAX, 0, "1", 0, 2, NULL, "open"),
    RUNNER_PARAM_TEXT(struct everything, title, "''", "a text"),
    RUNNER_PARAM_PATH(struct everything, path, "null", "a path"),
    {"sizes", RUNNER_INTS, 0, offsetof(struct everything, sizes), 0, "[2, 3]", 1, 100, NULL, "sizes"},
    {"weights", RUNNER_FLOATS, 0, offsetof(struct everything, weights), 0, "1", 0, 100, NULL, "weights"},
    RUNNER_PARAM_PART(struct everything, activation, RUNNER_LAYER, "relu", "an activation"),
    {"layers", RUNNER_COMPONENTS, 0, offsetof(struct everything, layers), RUNNER_LAYER, "[]", 0, 0, NULL, "layers"},
};

struct leaky {
    double slope;
};

static const runner_param leaky_params[] = {RUNNER_PARAM_FLOAT(struct leaky, slope, "0.3", 0, 1, "slope below 0")};

struct twisted {
    const runner_part *inner;
};

static const runner_param twisted_params[] = {
    RUNNER_PARAM_PART(struct twisted, inner, RUNNER_LAYER, "twisted", "itself")};

static const char *blobs_urls[] = {"https://example.org/blobs.gz", "http://example.org/blobs"};
static struct catalog_download blobs_downloads[] = {
    {"blobs", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 1000, blobs_urls, 2},
};

/* Ordered by kind, then name, as a catalogue is. */
static const runner_component components[] = {
    {.kind = RUNNER_DATASET, .name = "blobs", .doc = "points"},
    {.kind = RUNNER_LAYER, .config_size = sizeof(struct leaky), .name = "leaky", .params = leaky_params, .n_params = 1},
    {.kind = RUNNER_LAYER, .name = "relu", .doc = "rectifier"},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct twisted),
     .name = "twisted",
     .params = twisted_params,
     .n_params = 1},
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct everything),
     .name = "everything",
     .params = everything_params,
     .n_params = RUNNER_COUNT(everything_params)},
    {.kind = RUNNER_OPTIMIZER, .name = "sgd"},
    {.kind = RUNNER_SCHEDULE,
     .config_size = sizeof(struct leaky),
     .name = "decay",
     .params = leaky_params,
     .n_params = 1},
};
#define N_COMPONENTS (sizeof components / sizeof *components)

static inline void components_open(struct loader *loader) {
    *loader = (struct loader){0};
    struct arena *arena = &loader->arena;
    struct catalog *catalog = &loader->catalog;
    catalog->count = N_COMPONENTS;
    catalog->components = arena_array(arena, N_COMPONENTS, sizeof *catalog->components);
    loader->components = arena_array(arena, N_COMPONENTS, sizeof *loader->components);
    for (size_t i = 0; i < N_COMPONENTS; i++) {
        size_t n_host;
        const runner_param *host = host_params((enum runner_kind)components[i].kind, &n_host);
        n_host = components[i].kind == RUNNER_OPTIMIZER ? 0 : n_host; /* so that expectations stay short */
        struct catalog_component *entry = &catalog->components[i];
        *entry = (struct catalog_component){.kind = (enum runner_kind)components[i].kind,
                                            .name = components[i].name,
                                            .doc = components[i].doc,
                                            .file = "in memory",
                                            .hash = "0123456789abcdef0123456789abcdef",
                                            .n_own = components[i].n_params,
                                            .n_params = components[i].n_params + n_host};
        entry->params = arena_array(arena, entry->n_params, sizeof *entry->params);
        for (size_t k = 0; k < entry->n_params; k++) {
            bool own = k < entry->n_own;
            catalog_param_from_table(own ? &components[i].params[k] : &host[k - entry->n_own], arena,
                                     &entry->params[k]);
        }
        loader->components[i] = &components[i];
    }
    catalog->components[0].downloads = blobs_downloads;
    catalog->components[0].n_downloads = 1;
}

#endif

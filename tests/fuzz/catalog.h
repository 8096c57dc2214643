/* A catalogue with a few components of each form of parameter, for targets that read configs. */
#ifndef TESTS_FUZZ_CATALOG_H
#define TESTS_FUZZ_CATALOG_H

#include "runner/host/params.h"

static const char *const fuzz_fills[] = {"zeros", "ones", NULL};

static const struct runner_param fuzz_data[] = {
    {.name = "train", .type = RUNNER_INT, .initial = "12000", .min = 1, .max = 1e9},
    {.name = "scale", .type = RUNNER_FLOAT, .flags = RUNNER_OPEN_MIN, .initial = "0.5", .min = 0, .max = 1e9},
    {.name = "path", .type = RUNNER_PATH, .flags = RUNNER_NULLABLE, .initial = "null"},
    {.name = "columns", .type = RUNNER_TEXTS, .flags = RUNNER_NULLABLE, .initial = "null"},
};
static const struct runner_param fuzz_layer[] = {
    {.name = "units", .type = RUNNER_INT, .min = 1, .max = 1e9},
    {.name = "activation", .type = RUNNER_COMPONENT, .kind = RUNNER_LAYER, .initial = "linear"},
    {.name = "fill", .type = RUNNER_CHOICE, .initial = "zeros", .choices = fuzz_fills},
    {.name = "strides", .type = RUNNER_INTS, .initial = "[1, 1]", .min = 1, .max = 100},
};
static const struct runner_param fuzz_residual[] = {
    {.name = "layers", .type = RUNNER_COMPONENTS, .kind = RUNNER_LAYER},
};
static const struct runner_param fuzz_optimizer[] = {
    {.name = "learning_rate", .type = RUNNER_RATE, .kind = RUNNER_SCHEDULE, .initial = "0.01", .min = 0, .max = 1e30},
    {.name = "nesterov", .type = RUNNER_BOOL, .initial = "false", .max = 1},
};
static const struct runner_param fuzz_schedule[] = {
    {.name = "values", .type = RUNNER_FLOATS, .min = 0, .max = 1e30},
    {.name = "title", .type = RUNNER_TEXT, .initial = "''"},
};

static inline void fuzz_catalog_add(struct catalog *catalog, enum runner_kind kind, const char *name,
                                    const struct runner_param *table, size_t count) {
    struct catalog_component *component = &catalog->components[catalog->count++];
    *component = (struct catalog_component){.kind = kind,
                                            .name = name,
                                            .doc = "",
                                            .file = "",
                                            .hash = "00000000000000000000000000000000",
                                            .version = "1",
                                            .n_params = count,
                                            .n_own = count};
    component->params = arena_array(&catalog->arena, count, sizeof *component->params);
    for (size_t i = 0; i < count; i++)
        catalog_param_from_table(&table[i], &catalog->arena, &component->params[i]);
}

#define FUZZ_TABLE(table) table, sizeof(table) / sizeof(table)[0]

static inline struct catalog *fuzz_catalog(void) {
    static struct catalog catalog;
    static struct catalog_component components[16];
    if (catalog.count > 0)
        return &catalog;
    arena_init(&catalog.arena);
    catalog.components = components;
    fuzz_catalog_add(&catalog, RUNNER_DATASET, "digits", FUZZ_TABLE(fuzz_data));
    fuzz_catalog_add(&catalog, RUNNER_LAYER, "dense", FUZZ_TABLE(fuzz_layer));
    fuzz_catalog_add(&catalog, RUNNER_LAYER, "linear", NULL, 0);
    fuzz_catalog_add(&catalog, RUNNER_LAYER, "relu", NULL, 0);
    fuzz_catalog_add(&catalog, RUNNER_LAYER, "residual", FUZZ_TABLE(fuzz_residual));
    fuzz_catalog_add(&catalog, RUNNER_LOSS, "mean_squared_error", NULL, 0);
    fuzz_catalog_add(&catalog, RUNNER_OPTIMIZER, "adam", FUZZ_TABLE(fuzz_optimizer));
    fuzz_catalog_add(&catalog, RUNNER_OPTIMIZER, "sgd", FUZZ_TABLE(fuzz_optimizer));
    fuzz_catalog_add(&catalog, RUNNER_METRIC, "accuracy", NULL, 0);
    fuzz_catalog_add(&catalog, RUNNER_METRIC, "mean_squared_error", NULL, 0);
    fuzz_catalog_add(&catalog, RUNNER_SCHEDULE, "steps", FUZZ_TABLE(fuzz_schedule));
    return &catalog;
}

#endif

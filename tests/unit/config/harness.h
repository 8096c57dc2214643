/*
 * For the tests of config: a catalogue made by hand, files in a fresh folder (the current one), and the diagnostics as text.
 */
#ifndef TESTS_UNIT_CONFIG_HARNESS_H
#define TESTS_UNIT_CONFIG_HARNESS_H

#include "runner/config/experiment.h"
#include "runner/host/params.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define UNUSED __attribute__((unused))

enum { HARNESS_MAX = 32, HARNESS_ROWS = 1200 };

struct harness {
    struct catalog catalog;
    struct catalog_component components[HARNESS_MAX];
    struct diagnostics diagnostics;
    struct experiment experiment;
    enum status status;
    char folder[64];
    int rows_calls;
};

static const char *const harness_fills[] = {"zeros", "ones", NULL};

static const struct runner_param digits_params[] = {
    {.name = "train", .type = RUNNER_INT, .initial = "12000", .min = 1, .max = 1e9},
    {.name = "test", .type = RUNNER_INT, .initial = "2000", .min = 0, .max = 1e9},
    {.name = "scale", .type = RUNNER_FLOAT, .initial = "0.5", .min = 0, .max = 1e9},
};
static const struct runner_param idx_params[] = {
    {.name = "path", .type = RUNNER_PATH},
    {.name = "title", .type = RUNNER_TEXT, .initial = "''"},
};
static const struct runner_param dense_params[] = {
    {.name = "units", .type = RUNNER_INT, .min = 1, .max = 1e9},
    {.name = "activation", .type = RUNNER_COMPONENT, .kind = RUNNER_LAYER, .initial = "linear"},
    {.name = "fill", .type = RUNNER_CHOICE, .initial = "zeros", .choices = harness_fills},
};
static const struct runner_param sgd_params[] = {
    {.name = "learning_rate", .type = RUNNER_RATE, .kind = RUNNER_SCHEDULE, .initial = "0.01", .min = 0, .max = 1e30},
    {.name = "momentum", .type = RUNNER_FLOAT, .initial = "0", .min = 0, .max = 1},
};
static const struct runner_param adam_params[] = {
    {.name = "learning_rate", .type = RUNNER_RATE, .kind = RUNNER_SCHEDULE, .initial = "0.001", .min = 0, .max = 1e30},
    {.name = "beta_1", .type = RUNNER_FLOAT, .initial = "0.9", .min = 0, .max = 1},
};
static const struct runner_param cosine_params[] = {
    {.name = "initial", .type = RUNNER_FLOAT, .min = 0, .max = 1e30},
    {.name = "steps", .type = RUNNER_INT, .initial = "1000", .min = 1, .max = 1e9},
};

UNUSED static void harness_add(struct harness *harness, enum runner_kind kind, const char *name,
                               const struct runner_param *table, size_t count) {
    struct catalog_component *component = &harness->components[harness->catalog.count++];
    size_t n_host;
    const struct runner_param *host = host_params(kind, &n_host);
    n_host = kind == RUNNER_OPTIMIZER ? 0 : n_host; /* the language does not care for them; expectations stay short */
    *component = (struct catalog_component){.kind = kind, .name = name, .n_params = count + n_host, .n_own = count};
    component->params = arena_array(&harness->catalog.arena, count + n_host, sizeof *component->params);
    for (size_t i = 0; i < count + n_host; i++) {
        catalog_param_from_table(i < count ? &table[i] : &host[i - count], &harness->catalog.arena,
                                 &component->params[i]);
    }
}

#define HARNESS_TABLE(table) table, sizeof(table) / sizeof(table)[0]

UNUSED static int harness_setup(void **state) {
    struct harness *harness = memory_alloc(1, sizeof *harness);
    arena_init(&harness->catalog.arena);
    harness->catalog.components = harness->components;
    harness_add(harness, RUNNER_DATASET, "digits", HARNESS_TABLE(digits_params));
    harness_add(harness, RUNNER_DATASET, "idx", HARNESS_TABLE(idx_params));
    harness_add(harness, RUNNER_LAYER, "dense", HARNESS_TABLE(dense_params));
    harness_add(harness, RUNNER_LAYER, "linear", NULL, 0);
    harness_add(harness, RUNNER_LAYER, "sigmoid", NULL, 0);
    harness_add(harness, RUNNER_LAYER, "softmax", NULL, 0);
    harness_add(harness, RUNNER_LAYER, "tanh", NULL, 0);
    harness_add(harness, RUNNER_LOSS, "categorical_crossentropy", NULL, 0);
    harness_add(harness, RUNNER_LOSS, "mean_squared_error", NULL, 0);
    harness_add(harness, RUNNER_OPTIMIZER, "adam", HARNESS_TABLE(adam_params));
    harness_add(harness, RUNNER_OPTIMIZER, "sgd", HARNESS_TABLE(sgd_params));
    harness_add(harness, RUNNER_METRIC, "accuracy", NULL, 0);
    harness_add(harness, RUNNER_METRIC, "mean_squared_error", NULL, 0);
    harness_add(harness, RUNNER_SCHEDULE, "cosine", HARNESS_TABLE(cosine_params));
    strcpy(harness->folder, "/tmp/runner-config-XXXXXX");
    assert_non_null(mkdtemp(harness->folder));
    assert_int_equal(chdir(harness->folder), 0);
    *state = harness;
    return 0;
}

UNUSED static void harness_forget(struct harness *harness) {
    experiment_clear(&harness->experiment);
    diagnostics_clear(&harness->diagnostics);
}

UNUSED static int harness_teardown(void **state) {
    struct harness *harness = *state;
    char command[128];
    harness_forget(harness);
    arena_clear(&harness->catalog.arena);
    snprintf(command, sizeof command, "rm -rf '%s'", harness->folder);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(system(command), 0);
    free(harness);
    return 0;
}

UNUSED static void harness_write(const char *file, const char *text) {
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    assert_int_equal(fputs(text, stream) >= 0, 1);
    assert_int_equal(fclose(stream), 0);
}

/* Training rows: those of the data set's `train`, else HARNESS_ROWS. */
UNUSED static enum status harness_rows(void *context, const struct tree *dataset, double time_limit, int64_t *rows,
                                       struct error *error) {
    (void)time_limit;
    struct harness *harness = context;
    (void)error;
    harness->rows_calls++;
    const struct tree *train = tree_get(component_params(dataset), "train");
    *rows = train ? train->value.integer : HARNESS_ROWS;
    return STATUS_OK;
}

/* Loads a file with overrides, a list that ends with NULL (or NULL). */
UNUSED static struct experiment *harness_load_file(struct harness *harness, const char *file,
                                                   const char *const *overrides) {
    harness_forget(harness);
    diagnostics_init(&harness->diagnostics);
    struct experiment_source source = {.file = file, .overrides = overrides, .rows = harness_rows, .context = harness};
    while (overrides && overrides[source.n_overrides]) {
        source.n_overrides++;
    }
    harness->status = experiment_load(&source, &harness->catalog, &harness->diagnostics, &harness->experiment);
    return &harness->experiment;
}

UNUSED static struct experiment *harness_load(struct harness *harness, const char *text, const char *const *overrides) {
    harness_write("x.yaml", text);
    return harness_load_file(harness, "x.yaml", overrides);
}

/* What diagnostics_print() prints; the caller frees it. */
UNUSED static char *harness_messages(const struct harness *harness) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    diagnostics_print(&harness->diagnostics, stream);
    fclose(stream);
    return text;
}

UNUSED static void assert_loads(const struct harness *harness) {
    char *text = harness_messages(harness);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(harness->status, STATUS_OK);
}

UNUSED static void assert_messages(const struct harness *harness, const char *wanted) {
    char *text = harness_messages(harness);
    assert_string_equal(text, wanted);
    free(text);
    assert_int_equal(harness->status, STATUS_CONFIG);
}

/* The canonical text of a node, which lives until the next load. */
UNUSED static const char *text_of(struct harness *harness, const struct tree *tree) {
    assert_non_null(tree);
    struct text text;
    text_init(&text);
    tree_write(tree, &text);
    const char *copy = arena_copy_text(&harness->experiment.arena, text.data);
    text_clear(&text);
    return copy;
}

/* The tree of a point, which lives until the next load. */
UNUSED static const struct tree *point_of(struct experiment *experiment, size_t point) {
    return experiment_point(experiment, point, arena_alloc(&experiment->arena, sizeof(struct point)));
}

UNUSED static void assert_node(struct harness *harness, size_t point, const char *path, const char *wanted) {
    assert_int_equal(harness->status, STATUS_OK);
    assert_true(point < harness->experiment.n_points);
    assert_string_equal(text_of(harness, experiment_node(point_of(&harness->experiment, point), path)), wanted);
}

/* "a=1 b=- ..." */
UNUSED static void assert_labels(struct harness *harness, size_t point, const char *wanted) {
    const struct experiment *experiment = &harness->experiment;
    struct text text;
    text_init(&text);
    assert_true(point < experiment->n_points);
    for (size_t i = 0; i < experiment->n_axes; i++) {
        size_t label = experiment_label(experiment, point, i);
        text_printf(&text, "%s%s=%s", i ? " " : "", experiment->axes[i].name,
                    label == NO_LABEL ? "-" : experiment->axes[i].labels[label]);
    }
    assert_string_equal(text.data, wanted);
    text_clear(&text);
}

#define MINIMAL                                                                                                        \
    "dataset: digits\n"                                                                                                \
    "model: [{dense: {units: 10}}]\n"                                                                                  \
    "loss: categorical_crossentropy\n"                                                                                 \
    "optimizer: adam\n"

#define OVERRIDES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

#endif

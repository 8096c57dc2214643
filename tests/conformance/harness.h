/*
 * Runs the operations of built plugins without the training engine: finds components, fills config structs through their
 * parameter tables, and passes layers over small matrices. Every row of every matrix has padding behind it, which must
 * stay as it is. With the portable products, so that bits can be compared.
 */
#ifndef RUNNER_TESTS_CONFORMANCE_HARNESS_H
#define RUNNER_TESTS_CONFORMANCE_HARNESS_H

#include "runner/conformance/numbers.h"
#include "runner/host/loader.h"
#include "runner/host/services.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNUSED __attribute__((unused))
#define PADDING 1234.5f

struct harness {
    struct loader loader;
    struct error error;
    struct call call;
};

UNUSED static int harness_open(void **state) {
    static struct harness harness;
    const char *build = getenv("RUNNER_BUILD_DIR");
    if (build == NULL) {
        print_error("RUNNER_BUILD_DIR is not set: run this through ctest\n");
        return 1;
    }
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/plugins", build);
    loader_open(&harness.loader, (const char *const[]){folder}, 1, 1);
    call_init(&harness.call, &harness.error);
    harness.call.gemm = GEMM_PORTABLE;
    *state = &harness;
    return 0;
}

UNUSED static int harness_close(void **state) {
    struct harness *harness = *state;
    call_clear(&harness->call);
    loader_close(&harness->loader);
    return 0;
}

/* ---- Components and their configs ---- */

UNUSED static const runner_component *component_find(struct harness *harness, enum runner_kind kind, const char *name) {
    const runner_component *component = loader_find(&harness->loader, kind, name);
    if (component == NULL)
        fail_msg("no plugin holds %s", name);
    return component;
}

UNUSED static void config_set(const runner_component *component, void *config, const char *param, double value) {
    for (uint32_t i = 0; i < component->n_params; i++)
        if (strcmp(component->params[i].name, param) == 0) {
            unsigned char *field = (unsigned char *)config + component->params[i].offset;
            uint32_t type = component->params[i].type;
            if (type == RUNNER_FLOAT || type == RUNNER_RATE)
                memcpy(field, &value, sizeof value);
            else if (type == RUNNER_INT)
                memcpy(field, &(int64_t){(int64_t)value}, sizeof(int64_t));
            else
                memcpy(field, &(int32_t){(int32_t)value}, sizeof(int32_t));
            return;
        }
    fail_msg("%s has no parameter %s", component->name, param);
}

/* A list; `values` must outlive the config. */
UNUSED static void config_set_ints(const runner_component *component, void *config, const char *param,
                                   const int64_t *values, uint64_t count) {
    for (uint32_t i = 0; i < component->n_params; i++)
        if (strcmp(component->params[i].name, param) == 0) {
            assert_int_equal(component->params[i].type, RUNNER_INTS);
            runner_ints ints = {values, count};
            memcpy((unsigned char *)config + component->params[i].offset, &ints, sizeof ints);
            return;
        }
    fail_msg("%s has no parameter %s", component->name, param);
}

/* With the table's defaults, of lists those of one digit; components are left NULL. Released with free(). */
UNUSED static void *config_new(const runner_component *component) {
    static const int64_t digits[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    void *config = calloc(1, component->config_size + 1);
    for (uint32_t i = 0; i < component->n_params; i++) {
        const runner_param *param = &component->params[i];
        if (param->initial == NULL)
            continue;
        if (param->type == RUNNER_BOOL)
            config_set(component, config, param->name, strcmp(param->initial, "true") == 0);
        else if (param->type == RUNNER_INT || param->type == RUNNER_FLOAT || param->type == RUNNER_RATE)
            config_set(component, config, param->name, strtod(param->initial, NULL));
        else if (param->type == RUNNER_INTS && param->initial[0] >= '0' && param->initial[0] <= '9')
            config_set_ints(component, config, param->name, &digits[param->initial[0] - '0'], 1);
        for (int j = 0; param->type == RUNNER_CHOICE && param->choices[j] != NULL; j++)
            if (strcmp(param->choices[j], param->initial) == 0)
                config_set(component, config, param->name, j);
    }
    return config;
}

/* ---- Matrices ---- */

struct matrix {
    runner_view view;
    uint64_t size; /* values, padding behind the rows included */
};

UNUSED static struct matrix matrix_new(uint64_t rows, uint64_t columns) {
    struct matrix matrix = {.view = {.rows = rows, .columns = columns, .pitch = columns + 3}};
    matrix.size = rows * matrix.view.pitch;
    matrix.view.data = malloc(matrix.size * sizeof(float));
    assert_non_null(matrix.view.data);
    for (uint64_t i = 0; i < matrix.size; i++)
        matrix.view.data[i] = PADDING;
    return matrix;
}

UNUSED static void matrix_free(struct matrix *matrix) {
    free(matrix->view.data);
}

UNUSED static float *at(const struct matrix *matrix, uint64_t row, uint64_t column) {
    return matrix->view.data + row * matrix->view.pitch + column;
}

UNUSED static struct matrix matrix_random(uint64_t rows, uint64_t columns, uint64_t seed) {
    struct matrix matrix = matrix_new(rows, columns);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < columns; j++)
            *at(&matrix, i, j) = random_value(&seed);
    return matrix;
}

UNUSED static struct matrix matrix_copy(const struct matrix *from) {
    struct matrix matrix = matrix_new(from->view.rows, from->view.columns);
    memcpy(matrix.view.data, from->view.data, matrix.size * sizeof(float));
    return matrix;
}

UNUSED static void assert_matrix_equal(const struct matrix *a, const struct matrix *b) {
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->view.data, b->view.data, a->size * sizeof(float));
}

UNUSED static void assert_padding_kept(const struct matrix *matrix) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = matrix->view.columns; j < matrix->view.pitch; j++)
            assert_true(*at(matrix, i, j) == PADDING);
}

UNUSED static runner_view rows_of(const struct matrix *matrix, uint64_t first, uint64_t rows) {
    runner_view view = matrix->view;
    view.data += first * view.pitch;
    view.rows = rows;
    view.row0 = first;
    return view;
}

#endif

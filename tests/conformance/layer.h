/*
 * Runs one leaf layer outside the training engine: forward, backward and gradients of any rows and tiles, and the checks that hold for every
 * layer: derivatives against central differences of the float64 sum of weighted outputs, bits that do not depend on cuts, work
 * in place, and deltas that nobody wants.
 */
#ifndef RUNNER_TESTS_CONFORMANCE_LAYER_H
#define RUNNER_TESTS_CONFORMANCE_LAYER_H

#include "tests/conformance/harness.h"

#define TOLERANCE 2e-3 /* relative; 1e-2 is promised */
#define MARGIN 0.0625f /* relu's inputs keep this distance from its corner, more than a difference step */
#define STEP 0x1p-7f

struct layer {
    struct harness *harness;
    const runner_layer_ops *ops;
    unsigned char config[256];
    runner_plan plan;
    uint64_t rows;
    struct matrix input, output, weights, input_delta; /* weights: of the outputs in the sum; also their delta */
    struct matrix tensors[RUNNER_MAX_TENSORS];
    unsigned char *saved;
    double *statistics, *delta_statistics;
};

/* What expand() appends: its first layer. Activations are tested by themselves. */
struct capture {
    runner_build public;
    struct layer *layer;
};

UNUSED static runner_node capture_append(runner_build *build, const runner_layer_ops *ops, const void *config,
                                         uint32_t config_size, const runner_node *inputs, uint32_t n_inputs) {
    struct layer *layer = ((struct capture *)(void *)build)->layer;
    assert_int_equal(n_inputs, 1);
    if (inputs[0] == 8)
        return 9;
    assert_int_equal(inputs[0], 7);
    assert_true(config_size <= sizeof layer->config);
    layer->ops = ops;
    memcpy(layer->config, config, config_size);
    return 8;
}

UNUSED static void layer_open(struct layer *layer, struct harness *harness, const runner_component *component,
                              const void *config, const runner_shape *shape, uint64_t rows) {
    *layer = (struct layer){.harness = harness, .ops = component->ops, .rows = rows};
    assert_true(component->config_size <= sizeof layer->config);
    memcpy(layer->config, config, component->config_size);
    if (layer->ops->expand != NULL) {
        struct capture capture = {{.append = capture_append, .call = &harness->call.public}, layer};
        assert_in_range(layer->ops->expand(config, &capture.public, 7), 8, 9);
    }
    layer->plan = (runner_plan){.size = sizeof layer->plan, .n_inputs = 1, .inputs = {*shape}};
    assert_int_equal(layer->ops->plan(layer->config, &harness->call.public, &layer->plan), RUNNER_OK);
    uint64_t inputs = runner_elements(shape), outputs = runner_elements(&layer->plan.output);
    layer->input = matrix_random(rows, inputs, 1);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < inputs; j++) {
            float *x = at(&layer->input, i, j);
            *x = copysignf(2 * fabsf(*x) + MARGIN, *x);
        }
    layer->output = matrix_new(rows, outputs);
    layer->weights = matrix_random(rows, outputs, 2);
    layer->input_delta = matrix_new(rows, inputs);
    layer->saved = calloc(rows + 1, layer->plan.saved + 1);
    layer->statistics = calloc(layer->plan.statistics + 1u, sizeof(double));
    layer->delta_statistics = calloc(layer->plan.delta_statistics + 1u, sizeof(double));
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++) {
        const runner_shape *tensor = &layer->plan.tensors[t].shape;
        uint64_t columns = tensor->rank > 0 ? tensor->size[tensor->rank - 1] : 1;
        layer->tensors[t] = matrix_random(runner_elements(tensor) / columns, columns, 3 + t);
    }
}

UNUSED static void layer_close(struct layer *layer) {
    matrix_free(&layer->input);
    matrix_free(&layer->output);
    matrix_free(&layer->weights);
    matrix_free(&layer->input_delta);
    free(layer->saved);
    free(layer->statistics);
    free(layer->delta_statistics);
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++)
        matrix_free(&layer->tensors[t]);
}

struct views {
    runner_view input, output, weights, input_delta, tensors[RUNNER_MAX_TENSORS];
};

UNUSED static runner_rows layer_rows(const struct layer *layer, struct views *views, uint64_t first, uint64_t rows) {
    views->input = rows_of(&layer->input, first, rows);
    views->output = rows_of(&layer->output, first, rows);
    views->weights = rows_of(&layer->weights, first, rows);
    views->input_delta = rows_of(&layer->input_delta, first, rows);
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++)
        views->tensors[t] = layer->tensors[t].view;
    return (runner_rows){.size = sizeof(runner_rows),
                         .training = 1,
                         .first = first,
                         .rows = rows,
                         .batch = layer->rows,
                         .inputs = &views->input,
                         .output = &views->output,
                         .output_delta = &views->weights,
                         .input_deltas = &views->input_delta,
                         .tensors = views->tensors,
                         .saved = layer->saved + first * layer->plan.saved,
                         .statistics = layer->statistics,
                         .delta_statistics = layer->delta_statistics};
}

/* What the host does for a layer across the batch before its forward(), and before its backward(). */
UNUSED static void layer_reduce(struct layer *layer) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, 0, layer->rows);
    runner_call *call = &layer->harness->call.public;
    if (layer->plan.statistics == 0)
        return;
    memset(layer->statistics, 0, layer->plan.statistics * sizeof(double));
    call_reset(&layer->harness->call);
    layer->ops->reduce(layer->config, call, &run, layer->statistics);
    layer->ops->combine(layer->config, call, layer->rows, views.tensors, 1, layer->statistics);
}

UNUSED static void layer_reduce_delta(struct layer *layer) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, 0, layer->rows);
    runner_call *call = &layer->harness->call.public;
    if (layer->plan.delta_statistics == 0)
        return;
    memset(layer->delta_statistics, 0, layer->plan.delta_statistics * sizeof(double));
    call_reset(&layer->harness->call);
    layer->ops->reduce_delta(layer->config, call, &run, layer->delta_statistics);
    layer->ops->combine_delta(layer->config, call, layer->rows, layer->delta_statistics);
}

UNUSED static void layer_forward(struct layer *layer, uint64_t first, uint64_t rows) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, first, rows);
    call_reset(&layer->harness->call);
    layer->ops->forward(layer->config, &layer->harness->call.public, &run);
}

UNUSED static void layer_backward(struct layer *layer, uint64_t first, uint64_t rows) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, first, rows);
    call_reset(&layer->harness->call);
    layer->ops->backward(layer->config, &layer->harness->call.public, &run);
}

/* Adds alpha times the gradient of a part of tensor t into the same part of `into`. */
UNUSED static void layer_gradient(struct layer *layer, uint64_t first, uint64_t rows, const runner_tile *tile,
                                  float alpha, const struct matrix *into) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, first, rows);
    runner_view part = rows_of(into, tile->row, tile->rows);
    part = runner_columns(&part, tile->column, tile->columns);
    call_reset(&layer->harness->call);
    layer->ops->gradient(layer->config, &layer->harness->call.public, &run, tile, alpha, &part);
}

UNUSED static runner_tile whole_tensor(const struct layer *layer, uint32_t t) {
    return (runner_tile){.tensor = t, .rows = layer->tensors[t].view.rows, .columns = layer->tensors[t].view.columns};
}

UNUSED static struct matrix zero_gradient(const struct layer *layer, uint32_t t) {
    struct matrix gradient = matrix_copy(&layer->tensors[t]);
    for (uint64_t i = 0; i < gradient.view.rows; i++)
        memset(at(&gradient, i, 0), 0, gradient.view.columns * sizeof(float));
    return gradient;
}

UNUSED static double weighted_sum(struct layer *layer) {
    layer_reduce(layer);
    layer_forward(layer, 0, layer->rows);
    double sum = 0;
    for (uint64_t i = 0; i < layer->rows; i++)
        for (uint64_t j = 0; j < layer->output.view.columns; j++)
            sum += (double)*at(&layer->weights, i, j) * (double)*at(&layer->output, i, j);
    return sum;
}

/* Compares `derivative` with the central differences of the sum by the values of `by`. */
UNUSED static void check_derivative(struct layer *layer, const struct matrix *by, const struct matrix *derivative) {
    uint64_t rows = by->view.rows, columns = by->view.columns;
    double *differences = calloc(rows * columns, sizeof *differences), *values = calloc(rows * columns, sizeof *values);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < columns; j++) {
            float *x = at(by, i, j), kept = *x, above = kept + STEP, below = kept - STEP;
            *x = above;
            double sum = weighted_sum(layer);
            *x = below;
            differences[i * columns + j] = (sum - weighted_sum(layer)) / ((double)above - (double)below);
            *x = kept;
            values[i * columns + j] = (double)*at(derivative, i, j);
        }
    double error = relative_error(rows * columns, differences, values);
    free(differences);
    free(values);
    if (!(error < TOLERANCE))
        fail_msg("relative error %g", error);
}

UNUSED static void check_derivatives(struct layer *layer) {
    layer_reduce(layer);
    layer_forward(layer, 0, layer->rows);
    layer_reduce_delta(layer);
    layer_backward(layer, 0, layer->rows);
    check_derivative(layer, &layer->input, &layer->input_delta);
    layer_reduce(layer); /* differences have moved what is saved */
    layer_forward(layer, 0, layer->rows);
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++) {
        if ((layer->plan.tensors[t].flags & RUNNER_STATE) != 0)
            continue;
        runner_tile tile = whole_tensor(layer, t);
        struct matrix gradient = zero_gradient(layer, t);
        layer_gradient(layer, 0, layer->rows, &tile, 1, &gradient);
        check_derivative(layer, &layer->tensors[t], &gradient);
        layer_reduce(layer);
        layer_forward(layer, 0, layer->rows);
        assert_padding_kept(&gradient);
        layer_gradient(layer, 0, layer->rows, &tile, -1, &gradient); /* adds, and obeys alpha */
        for (uint64_t i = 0; i < tile.rows; i++)
            for (uint64_t j = 0; j < tile.columns; j++)
                assert_true(fabsf(*at(&gradient, i, j)) < 1e-5f);
        matrix_free(&gradient);
    }
    assert_padding_kept(&layer->output);
    assert_padding_kept(&layer->input_delta);
}

/* Row by row, and in tiles of 2 rows and 3 columns: the bits of the whole. */
UNUSED static void check_cuts(struct layer *layer) {
    layer_reduce(layer);
    layer_forward(layer, 0, layer->rows);
    layer_reduce_delta(layer);
    layer_backward(layer, 0, layer->rows);
    struct matrix output = matrix_copy(&layer->output), delta = matrix_copy(&layer->input_delta);
    for (uint64_t i = layer->rows; i-- > 0;) {
        memset(layer->saved + i * layer->plan.saved, 0x55, layer->plan.saved);
        memset(at(&layer->output, i, 0), 0x55, output.view.columns * sizeof(float));
        memset(at(&layer->input_delta, i, 0), 0x55, delta.view.columns * sizeof(float));
        layer_forward(layer, i, 1);
        layer_backward(layer, i, 1);
    }
    assert_matrix_equal(&layer->output, &output);
    assert_matrix_equal(&layer->input_delta, &delta);
    matrix_free(&output);
    matrix_free(&delta);
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++) {
        if ((layer->plan.tensors[t].flags & RUNNER_STATE) != 0)
            continue;
        struct matrix whole = zero_gradient(layer, t), parts = zero_gradient(layer, t);
        runner_tile tile = whole_tensor(layer, t);
        layer_gradient(layer, 0, layer->rows, &tile, 0.3f, &whole);
        for (uint64_t row = 0; row < whole.view.rows; row += 2)
            for (uint64_t column = 0; column < whole.view.columns; column += 3) {
                uint64_t rows = whole.view.rows - row, columns = whole.view.columns - column;
                tile = (runner_tile){t, row, rows < 2 ? rows : 2, column, columns < 3 ? columns : 3};
                for (uint64_t i = 0; i < layer->rows; i++)
                    layer_gradient(layer, i, 1, &tile, 0.3f, &parts);
            }
        assert_matrix_equal(&parts, &whole);
        matrix_free(&whole);
        matrix_free(&parts);
    }
}

/* Where the plan allows it: the same bits with the output in the input's place, and the input's delta in the output's. */
UNUSED static void check_in_place(struct layer *layer) {
    if ((layer->plan.flags & RUNNER_IN_PLACE) == 0)
        return;
    layer_forward(layer, 0, layer->rows);
    layer_backward(layer, 0, layer->rows);
    struct matrix values = matrix_copy(&layer->input), deltas = matrix_copy(&layer->weights);
    struct views views;
    runner_rows run = layer_rows(layer, &views, 0, layer->rows);
    views.input = views.output = values.view;
    views.weights = views.input_delta = deltas.view;
    layer->ops->forward(layer->config, &layer->harness->call.public, &run);
    layer->ops->backward(layer->config, &layer->harness->call.public, &run);
    assert_matrix_equal(&values, &layer->output);
    assert_matrix_equal(&deltas, &layer->input_delta);
    matrix_free(&values);
    matrix_free(&deltas);
}

/* Deltas that nobody wants have no rows, and no memory. */
UNUSED static void check_unwanted_delta(struct layer *layer) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, 0, layer->rows);
    views.input_delta = (runner_view){0};
    layer->ops->backward(layer->config, &layer->harness->call.public, &run);
}

UNUSED static void check_layer(struct harness *harness, const runner_component *component, const void *config,
                               const runner_shape *shape) {
    for (uint64_t rows = 1; rows <= 7; rows += 6) {
        struct layer layer;
        layer_open(&layer, harness, component, config, shape, rows);
        check_derivatives(&layer);
        check_cuts(&layer);
        check_in_place(&layer);
        check_unwanted_delta(&layer);
        layer_close(&layer);
    }
}

#endif

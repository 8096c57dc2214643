/*
 * Runs one leaf layer outside the training engine: forward, backward and gradients, to be compared with given values. What holds for
 * every layer (derivatives, cuts, memory, flags) is checked by `runner plugin test`: runner/conformance.
 */
#ifndef RUNNER_TESTS_CONFORMANCE_LAYER_H
#define RUNNER_TESTS_CONFORMANCE_LAYER_H

#include "tests/conformance/harness.h"

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

#endif

/* A layer, or what it expands to, forward and backward over a batch: a small graph of leaf layers. */
#include "cases.h"

#include <math.h>
#include <string.h>

enum { MAX_NODES = 32 };

struct node {
    const runner_layer_ops *ops;
    void *config;
    runner_plan plan;
    uint32_t inputs[RUNNER_MAX_INPUTS];
    runner_view output, delta, input_deltas[RUNNER_MAX_INPUTS], tensors[RUNNER_MAX_TENSORS];
    unsigned char *saved;
    double *statistics, *delta_statistics;
};

struct graph {
    runner_build build;
    struct node nodes[MAX_NODES]; /* 0 is the input */
    uint32_t n;
};

static runner_view matrix(uint64_t rows, uint64_t columns) {
    runner_view view = {.rows = rows, .columns = columns, .pitch = columns + 5}; /* what is behind a row is its own */
    view.data = host_memory(rows * view.pitch * sizeof(float) + sizeof(float));
    for (uint64_t i = 0; i < rows * view.pitch; i++)
        view.data[i] = NAN;
    return view;
}

static void zero(const runner_view *view) {
    for (uint64_t i = 0; i < view->rows; i++)
        memset(view->data + i * view->pitch, 0, view->columns * sizeof(float));
}

static float *flat(const runner_view *view) {
    float *values = host_memory(view->rows * view->columns * sizeof *values + sizeof *values);
    for (uint64_t i = 0; i < view->rows; i++)
        memcpy(values + i * view->columns, view->data + i * view->pitch, view->columns * sizeof *values);
    return values;
}

static runner_node append(runner_build *build, const runner_layer_ops *ops, const void *config, uint32_t config_size,
                          const runner_node *inputs, uint32_t n_inputs) {
    struct graph *graph = (struct graph *)build;
    if (graph->n == MAX_NODES)
        host_stop("more than %d layers", MAX_NODES);
    struct node *node = &graph->nodes[graph->n];
    node->ops = ops;
    node->config = host_memory(config_size);
    if (config_size > 0)
        memcpy(node->config, config, config_size);
    node->plan = (runner_plan){.size = sizeof node->plan, .n_inputs = n_inputs};
    for (uint32_t i = 0; i < n_inputs; i++) {
        node->inputs[i] = inputs[i];
        node->plan.inputs[i] = graph->nodes[inputs[i]].plan.output;
    }
    if (ops->plan(node->config, host_call, &node->plan) != RUNNER_OK)
        host_stop("plan() failed");
    return graph->n++;
}

static runner_node append_part(runner_build *build, const runner_part *part, runner_node input) {
    const runner_layer_ops *ops = part->component->ops;
    if (ops->expand != NULL)
        return ops->expand(part->config, build, input);
    return append(build, ops, part->config, part->component->config_size, &input, 1);
}

static int is_state(const struct node *node, uint32_t tensor) {
    return (node->plan.tensors[tensor].flags & RUNNER_STATE) != 0;
}

/* Tensor t of all layers has the values of seed 100 + t; a moving variance is above 0. */
static void fill_tensors(struct node *node, uint32_t *tensor) {
    for (uint32_t t = 0; t < node->plan.n_tensors; t++, ++*tensor) {
        const runner_shape *shape = &node->plan.tensors[t].shape;
        uint64_t columns = shape->rank > 0 ? shape->size[shape->rank - 1] : 1, n = runner_elements(shape);
        node->tensors[t] = matrix(n / columns, columns);
        int positive = strcmp(node->plan.tensors[t].name, "moving_variance") == 0;
        for (uint64_t i = 0; i < n; i++) {
            float value = case_value(100 + *tensor, (uint32_t)i);
            node->tensors[t].data[i / columns * node->tensors[t].pitch + i % columns] =
                positive ? fabsf(value) + 0.25f : value;
        }
    }
}

static void allocate(struct node *node, uint64_t rows) {
    uint64_t columns = runner_elements(&node->plan.output);
    node->output = matrix(rows, columns);
    node->delta = matrix(rows, columns);
    zero(&node->delta);
    for (uint32_t i = 0; i < node->plan.n_inputs; i++)
        node->input_deltas[i] = matrix(rows, runner_elements(&node->plan.inputs[i]));
    node->saved = host_memory(rows * node->plan.saved);
    node->statistics = host_memory(node->plan.statistics * sizeof(double));
    node->delta_statistics = host_memory(node->plan.delta_statistics * sizeof(double));
}

static runner_rows rows_of(const struct graph *graph, const struct node *node, runner_view *inputs, uint32_t training) {
    for (uint32_t i = 0; i < node->plan.n_inputs; i++)
        inputs[i] = graph->nodes[node->inputs[i]].output;
    return (runner_rows){.size = sizeof(runner_rows),
                         .training = training,
                         .rows = node->output.rows,
                         .batch = node->output.rows,
                         .inputs = inputs,
                         .output = &node->output,
                         .output_delta = &node->delta,
                         .input_deltas = node->input_deltas,
                         .tensors = node->tensors,
                         .saved = node->saved,
                         .statistics = node->statistics,
                         .delta_statistics = node->delta_statistics};
}

static void forward(struct graph *graph, struct node *node, uint32_t training) {
    runner_view inputs[RUNNER_MAX_INPUTS];
    runner_rows run = rows_of(graph, node, inputs, training);
    if (node->plan.statistics > 0) {
        if (training)
            node->ops->reduce(node->config, host_call, &run, node->statistics);
        host_scratch_reset();
        node->ops->combine(node->config, host_call, training ? run.batch : 0, node->tensors, training,
                           node->statistics);
    }
    host_scratch_reset();
    node->ops->forward(node->config, host_call, &run);
}

static void backward(struct graph *graph, struct node *node, uint32_t training) {
    runner_view inputs[RUNNER_MAX_INPUTS];
    runner_rows run = rows_of(graph, node, inputs, training);
    if (node->plan.delta_statistics > 0) {
        host_scratch_reset();
        node->ops->reduce_delta(node->config, host_call, &run, node->delta_statistics);
        node->ops->combine_delta(node->config, host_call, run.batch, node->delta_statistics);
    }
    host_scratch_reset();
    node->ops->backward(node->config, host_call, &run);
    for (uint32_t k = 0; k < node->plan.n_inputs; k++) {
        const runner_view *from = &node->input_deltas[k], *to = &graph->nodes[node->inputs[k]].delta;
        for (uint64_t i = 0; i < from->rows; i++)
            for (uint64_t j = 0; j < from->columns; j++)
                to->data[i * to->pitch + j] += from->data[i * from->pitch + j];
    }
}

static void check_gradient(struct test_case *test, struct graph *graph, struct node *node, uint32_t t, int number) {
    runner_view inputs[RUNNER_MAX_INPUTS], into = matrix(node->tensors[t].rows, node->tensors[t].columns);
    runner_rows run = rows_of(graph, node, inputs, 1);
    runner_tile tile = {.tensor = t, .rows = into.rows, .columns = into.columns};
    zero(&into);
    host_scratch_reset();
    node->ops->gradient(node->config, host_call, &run, &tile, 1.0f, &into);
    case_check(test, "gradient", number, into.rows * into.columns, flat(&into));
}

static void check_view(struct test_case *test, const char *name, int number, const runner_view *view) {
    case_check(test, name, number, view->rows * view->columns, flat(view));
}

void case_layer(struct test_case *test) {
    struct graph *graph = host_memory(sizeof *graph);
    graph->build = (runner_build){append, append_part, host_call};
    double sizes[1 + RUNNER_MAX_RANK];
    uint64_t n = case_numbers(test, "in", sizes, 1 + RUNNER_MAX_RANK), rows = (uint64_t)sizes[0];
    struct node *input = &graph->nodes[0];
    input->plan.output.rank = (uint32_t)n - 1;
    for (uint64_t i = 1; i < n; i++)
        input->plan.output.size[i - 1] = (uint32_t)sizes[i];
    graph->n = 1;
    runner_node last = append_part(&graph->build, test->part, 0);
    uint32_t training = (uint32_t)case_number(test, "training", 1), tensor = 0;
    allocate(input, rows);
    double factor = case_number(test, "factor", 1);
    for (uint64_t i = 0; i < rows * input->output.columns; i++)
        input->output.data[i / input->output.columns * input->output.pitch + i % input->output.columns] =
            (float)factor * case_value(1, (uint32_t)i);
    for (uint32_t k = 1; k < graph->n; k++) {
        allocate(&graph->nodes[k], rows);
        fill_tensors(&graph->nodes[k], &tensor);
        forward(graph, &graph->nodes[k], training);
    }
    runner_view *delta = &graph->nodes[last].delta;
    for (uint64_t i = 0; i < rows * delta->columns; i++)
        delta->data[i / delta->columns * delta->pitch + i % delta->columns] = case_value(2, (uint32_t)i);
    check_view(test, "output", 0, &graph->nodes[last].output);
    for (uint32_t k = graph->n; k-- > 1 && training;)
        backward(graph, &graph->nodes[k], training);
    if (training)
        check_view(test, "delta", 0, &input->delta);
    int gradients = 0, states = 0;
    for (uint32_t k = 1; k < graph->n; k++)
        for (uint32_t t = 0; t < graph->nodes[k].plan.n_tensors; t++)
            if (is_state(&graph->nodes[k], t))
                check_view(test, "state", states++, &graph->nodes[k].tensors[t]);
            else if (training)
                check_gradient(test, graph, &graph->nodes[k], t, gradients++);
}

#include "runner/train/slice.h"

#include <string.h>

/* The views that one layer's function sees of a slice. */
struct layer_run {
    runner_rows rows;
    runner_view inputs[RUNNER_MAX_INPUTS], output, output_delta, input_deltas[RUNNER_MAX_INPUTS];
    runner_view tensors[RUNNER_MAX_TENSORS]; /* where they are cut */
};

/* Views are set field by field where they are to stand: a core waits long for a struct that it has just written in parts and copies whole. */
static void set_rows(runner_view *view, float *buffer, const struct slice *slice, uint64_t units, uint64_t pitch) {
    const bool there = buffer != NULL;
    view->data = there ? buffer + slice->first * pitch : NULL;
    view->rows = there ? slice->rows : 0;
    view->columns = there ? units : 0;
    view->pitch = there ? pitch : 0;
    view->storage = NULL;
    view->row0 = 0;
    view->column0 = 0;
}

static void set_node(runner_view *view, float *buffer, const struct slice *slice, runner_node node) {
    set_rows(view, buffer, slice, slice->model->nodes[node].units, slice->model->nodes[node].pitch);
}

static void set_output(runner_view *view, const struct slice *slice, runner_node node) {
    set_node(view, slice->buffers->outputs[node], slice, node);
    if (node > 0 || !slice->model->sparse_input)
        return;
    view->data = NULL;
    view->rows = slice->rows;
    view->columns = slice->model->input_units;
    view->storage = &slice->buffers->sparse;
    view->row0 = slice->first;
}

/* Sets what the layer has; the rest is left alone, since clearing it all would cost more than a small layer. */
static void layer_run_init(struct layer_run *run, const struct slice *slice, runner_node index) {
    const struct node *node = &slice->model->nodes[index];
    const struct buffers *buffers = slice->buffers;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        set_output(&run->inputs[i], slice, node->inputs[i]);
        set_node(&run->input_deltas[i], buffers->deltas[node->inputs[i]], slice, node->inputs[i]);
    }
    set_output(&run->output, slice, index);
    set_node(&run->output_delta, buffers->deltas[index], slice, index);
    runner_rows *rows = &run->rows;
    rows->size = sizeof *rows;
    rows->training = slice->training;
    rows->first = slice->offset + slice->first;
    rows->rows = slice->rows;
    rows->batch = slice->batch;
    rows->inputs = run->inputs;
    rows->output = &run->output;
    rows->output_delta = &run->output_delta;
    rows->input_deltas = run->input_deltas;
    rows->tensors = node->tensors;
    rows->saved = buffers->saved[index] == NULL ? NULL : buffers->saved[index] + slice->first * node->plan.saved;
    rows->statistics = node->statistics;
    rows->delta_statistics = node->delta_statistics;
    call_reset(slice->call);
    if ((node->plan.flags & RUNNER_TRAINING_DIFFERS) != 0)
        slice->call->random = random_key(slice->seed, node->name, slice->update);
}

/* runner_columns() in place. */
static void cut(runner_view *view, uint64_t first, uint64_t n) {
    if (view->data != NULL)
        view->data += first;
    view->columns = n;
    view->column0 += first;
}

/* Cuts what has the output's columns. */
static void cut_columns(struct layer_run *run, const struct slice *slice, runner_node index, uint64_t first,
                        uint64_t n) {
    const struct node *node = &slice->model->nodes[index];
    cut(&run->output, first, n);
    cut(&run->output_delta, first, n);
    for (uint32_t t = 0; t < node->plan.n_tensors; t++) {
        const struct tensor *tensor = &slice->model->tensors[node->first_tensor + t];
        run->tensors[t] = node->tensors[t];
        cut(&run->tensors[t], first, n);
        run->tensors[t].data = tensor_at(tensor, tensor->weights, 0, first);
        run->tensors[t].pitch = tensor->pitch;
        if (tensor->pending != NULL)
            run->tensors[t].storage = &tensor->pending[first / tensor->panel];
    }
    run->rows.tensors = run->tensors;
}

void slice_forward_columns(const struct slice *slice, runner_node from, runner_node to, uint64_t first, uint64_t n) {
    const struct node *node = &slice->model->nodes[from];
    struct layer_run run;
    layer_run_init(&run, slice, from);
    cut_columns(&run, slice, from, first, n);
    node->ops->forward(node->config, &slice->call->public, &run.rows);
    slice_forward_elementwise(slice, from + 1, to, first, n);
}

void slice_forward_elementwise(const struct slice *slice, runner_node from, runner_node to, uint64_t first,
                               uint64_t n) {
    struct layer_run run;
    for (runner_node i = from; i < to; i++) {
        const struct node *node = &slice->model->nodes[i];
        layer_run_init(&run, slice, i);
        cut(&run.inputs[0], first, n);
        cut(&run.output, first, n);
        node->ops->forward(node->config, &slice->call->public, &run.rows);
    }
}

/* Cuts the elements of input 0, or its delta, and the rows of tensor 0 that belong to them. */
static void cut_inputs(struct layer_run *run, runner_view *input, uint64_t row, uint64_t rows) {
    cut(input, row, rows);
    run->tensors[0].data += row * run->tensors[0].pitch;
    run->tensors[0].row0 += row;
    run->tensors[0].rows = rows;
}

bool slice_keeps_zeros(const struct slice *slice, runner_node index, uint64_t slice_rows) {
    const struct node *node = &slice->model->nodes[index];
    runner_view input;
    set_output(&input, slice, node->inputs[0]);
    return product_slices_keep_zeros(slice->call->gemm, slice_rows, &input, &node->tensors[0]);
}

void slice_forward_share(const struct slice *slice, runner_node index, uint64_t first, uint64_t n, uint64_t row,
                         uint64_t rows) {
    const struct node *node = &slice->model->nodes[index];
    runner_call *call = &slice->call->public;
    struct layer_run run;
    layer_run_init(&run, slice, index);
    cut_columns(&run, slice, index, first, n);
    cut_inputs(&run, &run.inputs[0], row, rows);
    slice->call->keeps_zeros = true;
    if (row == 0)
        node->ops->forward(node->config, call, &run.rows);
    else
        call->host->product(call, 0, 1, &run.inputs[0], &run.tensors[0], 1, &run.output);
    slice->call->keeps_zeros = false;
}

void slice_backward_columns(const struct slice *slice, runner_node index, uint64_t first, uint64_t n, float *share) {
    const struct node *node = &slice->model->nodes[index];
    struct layer_run run;
    layer_run_init(&run, slice, index);
    cut_columns(&run, slice, index, first, n);
    run.input_deltas[0].data = share;
    node->ops->backward(node->config, &slice->call->public, &run.rows);
}

void slice_backward_block(const struct slice *slice, runner_node index, uint64_t row, uint64_t rows, uint64_t first,
                          uint64_t n, float *share) {
    const struct node *node = &slice->model->nodes[index];
    struct layer_run run;
    layer_run_init(&run, slice, index);
    cut_columns(&run, slice, index, first, n);
    run.input_deltas[0].data = share;
    cut_inputs(&run, &run.input_deltas[0], row, rows);
    node->ops->backward(node->config, &slice->call->public, &run.rows);
}

void slice_backward_elementwise(const struct slice *slice, runner_node from, runner_node to, uint64_t first,
                                uint64_t n) {
    struct layer_run run;
    for (runner_node i = from; i > to; i--) {
        const struct node *node = &slice->model->nodes[i];
        layer_run_init(&run, slice, i);
        cut(&run.inputs[0], first, n);
        cut(&run.output, first, n);
        cut(&run.output_delta, first, n);
        cut(&run.input_deltas[0], first, n);
        node->ops->backward(node->config, &slice->call->public, &run.rows);
    }
}

void slice_forward(const struct slice *slice, runner_node from, runner_node to) {
    struct layer_run run;
    for (runner_node i = from; i < to; i++) {
        const struct node *node = &slice->model->nodes[i];
        for (uint64_t first = 0; node->chunk < node->units && first < node->units; first += node->chunk)
            slice_forward_columns(slice, i, i + 1, first,
                                  node->units - first < node->chunk ? node->units - first : node->chunk);
        if (node->chunk < node->units)
            continue;
        layer_run_init(&run, slice, i);
        node->ops->forward(node->config, &slice->call->public, &run.rows);
    }
}

/* An input that several layers read gets the sum of their deltas: the last of them in the model's order writes it, the others, which come
   later on the way back, add. */
static bool writes_first(const struct model *model, runner_node input, runner_node reader, uint32_t place) {
    for (size_t i = model->n_nodes; i-- > reader;) {
        const struct node *node = &model->nodes[i];
        if (i > model->loss_input)
            continue;
        for (uint32_t k = 0; k < node->n_inputs; k++)
            if (node->inputs[k] == input)
                return i == reader && k == place;
    }
    return true;
}

static void add_delta(const runner_view *delta, float *sum) {
    for (uint64_t i = 0; i < delta->rows; i++)
        for (uint64_t j = 0; j < delta->columns; j++)
            sum[i * delta->pitch + j] += delta->data[i * delta->pitch + j];
}

void slice_backward(const struct slice *slice, runner_node from, runner_node to) {
    const struct model *model = slice->model;
    struct layer_run run;
    for (runner_node i = from; i > to; i--) {
        const struct node *node = &model->nodes[i];
        bool wanted = false;
        for (uint32_t k = 0; k < node->n_inputs; k++)
            wanted |= model->nodes[node->inputs[k]].delta_wanted;
        if (!wanted || i > model->loss_input)
            continue;
        layer_run_init(&run, slice, i);
        float *sums[RUNNER_MAX_INPUTS] = {NULL};
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            const struct node *input = &model->nodes[node->inputs[k]];
            if (!input->delta_wanted || input->n_consumers < 2 || writes_first(model, node->inputs[k], i, k))
                continue;
            sums[k] = run.input_deltas[k].data;
            run.input_deltas[k].data =
                slice->call->public.host->scratch(&slice->call->public, slice->rows * input->pitch * sizeof(float));
        }
        node->ops->backward(node->config, &slice->call->public, &run.rows);
        for (uint32_t k = 0; k < node->n_inputs; k++)
            if (sums[k] != NULL)
                add_delta(&run.input_deltas[k], sums[k]);
    }
}

static runner_loss_rows loss_rows(const struct slice *slice, uint32_t target, runner_view *prediction,
                                  runner_view *wanted) {
    const struct buffers *buffers = slice->buffers;
    runner_loss_rows rows = {
        .size = sizeof rows, .first = slice->offset + slice->first, .rows = slice->rows, .prediction = prediction};
    if (target == RUNNER_LABELS) {
        rows.labels = buffers->labels + slice->first;
        return rows;
    }
    const runner_loss_plan *plan = &slice->model->loss_plan;
    uint64_t elements = plan->classes;
    if (target == RUNNER_VALUES)
        elements = plan->classes == 0         ? runner_elements(&plan->data_target)
                   : prediction->columns == 1 ? 1
                                              : plan->classes;
    set_rows(wanted, target == RUNNER_ONE_HOT ? buffers->one_hot : buffers->values, slice, elements, elements);
    rows.target = wanted;
    return rows;
}

double slice_loss(const struct slice *slice, float scale) {
    const struct model *model = slice->model;
    const struct buffers *buffers = slice->buffers;
    runner_view wanted, prediction, delta;
    set_output(&prediction, slice, model->loss_input);
    set_node(&delta, buffers->deltas[model->loss_input], slice, model->loss_input);
    runner_loss_rows rows = loss_rows(slice, model->loss_plan.target, &prediction, &wanted);
    rows.from_logits = model->from_logits;
    rows.values = buffers->losses + slice->first;
    rows.scale = scale;
    rows.delta = delta.data == NULL ? NULL : &delta;
    call_reset(slice->call);
    const runner_loss_ops *ops = model->loss->ops;
    ops->evaluate(model->loss->config, &slice->call->public, &rows);
    double sum = 0;
    for (uint64_t r = 0; r < slice->rows; r++)
        sum += rows.values[r];
    return sum;
}

void slice_metrics(const struct slice *slice, double *sums) {
    const struct model *model = slice->model;
    runner_view wanted, prediction;
    set_output(&prediction, slice, model->output);
    for (size_t i = 0; i < model->n_metrics; i++) {
        const struct metric *metric = &model->metrics[i];
        runner_loss_rows rows = loss_rows(slice, metric->plan.target, &prediction, &wanted);
        call_reset(slice->call);
        const runner_metric_ops *ops = metric->part->ops;
        ops->update(metric->part->config, &slice->call->public, &rows, sums + metric->first_sum);
    }
}

void slice_reduce(const struct slice *slice, runner_node index, double *sums) {
    const struct node *node = &slice->model->nodes[index];
    struct layer_run run;
    layer_run_init(&run, slice, index);
    node->ops->reduce(node->config, &slice->call->public, &run.rows, sums);
}

void slice_reduce_delta(const struct slice *slice, runner_node index, double *sums) {
    const struct node *node = &slice->model->nodes[index];
    struct layer_run run;
    layer_run_init(&run, slice, index);
    node->ops->reduce_delta(node->config, &slice->call->public, &run.rows, sums);
}

void slice_gradient(const struct slice *slice, const struct tensor *tensor, const runner_tile *tile, float alpha,
                    const runner_view *into) {
    const struct node *node = &slice->model->nodes[tensor->node];
    struct layer_run run;
    layer_run_init(&run, slice, tensor->node);
    node->ops->gradient(node->config, &slice->call->public, &run.rows, tile, alpha, into);
}

void slice_outer_gradient(const struct slice *slice, const struct tensor *tensor, const runner_tile *tile, float alpha,
                          float beta, const runner_view *to) {
    struct layer_run run;
    layer_run_init(&run, slice, tensor->node);
    cut(&run.inputs[0], tile->row, tile->rows);
    cut(&run.output_delta, tile->column, tile->columns);
    slice->call->public.host->product(&slice->call->public, RUNNER_TRANSPOSE_A, alpha, &run.inputs[0],
                                      &run.output_delta, beta, to);
}

#include "runner/train/slice.h"

#include <string.h>

/* The views that one layer's function sees of a slice. */
struct layer_run {
    runner_rows rows;
    runner_view inputs[RUNNER_MAX_INPUTS], output, output_delta, input_deltas[RUNNER_MAX_INPUTS];
};

static runner_view rows_view(float *buffer, const struct slice *slice, uint64_t units) {
    if (buffer == NULL)
        return (runner_view){0};
    return (runner_view){.data = buffer + slice->first * units, .rows = slice->rows, .columns = units, .pitch = units};
}

static void layer_run_init(struct layer_run *run, const struct slice *slice, runner_node index) {
    const struct node *node = &slice->model->nodes[index];
    const struct buffers *buffers = slice->buffers;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        runner_node input = node->inputs[i];
        uint64_t units = slice->model->nodes[input].units;
        run->inputs[i] = rows_view(buffers->outputs[input], slice, units);
        run->input_deltas[i] = rows_view(buffers->deltas[input], slice, units);
    }
    run->output = rows_view(buffers->outputs[index], slice, node->units);
    run->output_delta = rows_view(buffers->deltas[index], slice, node->units);
    run->rows = (runner_rows){
        .size = sizeof run->rows,
        .training = slice->training,
        .first = slice->offset + slice->first,
        .rows = slice->rows,
        .batch = slice->batch,
        .inputs = run->inputs,
        .output = &run->output,
        .output_delta = &run->output_delta,
        .input_deltas = run->input_deltas,
        .tensors = node->tensors,
        .saved = buffers->saved[index] == NULL ? NULL : buffers->saved[index] + slice->first * node->plan.saved,
        .statistics = node->statistics,
        .delta_statistics = node->delta_statistics,
    };
    call_reset(slice->call);
    if ((node->plan.flags & RUNNER_TRAINING_DIFFERS) != 0)
        slice->call->random = random_key(slice->seed, node->name, slice->update);
}

void slice_forward(const struct slice *slice, runner_node from, runner_node to) {
    struct layer_run run;
    for (runner_node i = from; i < to; i++) {
        const struct node *node = &slice->model->nodes[i];
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
                slice->call->public.host->scratch(&slice->call->public, slice->rows * input->units * sizeof(float));
        }
        node->ops->backward(node->config, &slice->call->public, &run.rows);
        for (uint32_t k = 0; k < node->n_inputs; k++)
            for (uint64_t j = 0; sums[k] != NULL && j < slice->rows * run.input_deltas[k].columns; j++)
                sums[k][j] += run.input_deltas[k].data[j];
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
    *wanted = rows_view(target == RUNNER_ONE_HOT ? buffers->one_hot : buffers->values, slice, elements);
    rows.target = wanted;
    return rows;
}

double slice_loss(const struct slice *slice, float scale) {
    const struct model *model = slice->model;
    const struct buffers *buffers = slice->buffers;
    uint64_t units = model->nodes[model->loss_input].units;
    runner_view wanted, prediction = rows_view(buffers->outputs[model->loss_input], slice, units);
    runner_view delta = rows_view(buffers->deltas[model->loss_input], slice, units);
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
    runner_view wanted,
        prediction = rows_view(slice->buffers->outputs[model->output], slice, model->nodes[model->output].units);
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

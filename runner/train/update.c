/* The second half of an update: from deltas to gradients, from gradients to weights. */
#include "runner/train/step.h"

#include <math.h>
#include <string.h>

static bool grouped(const struct model *model, const struct tensor *tensor) {
    return (model->nodes[tensor->node].plan.flags & RUNNER_ROWS_GRADIENT) != 0;
}

static void run_group(struct stepper *stepper, int thread, const struct part *part, const struct row_group *group) {
    const struct tensor *tensor = &stepper->model->tensors[group->tensor];
    uint64_t first = group->first < part->rows ? group->first : part->rows;
    uint64_t rows = part->rows - first < group->rows ? part->rows - first : group->rows;
    struct slice slice = stepper_slice(stepper, thread, part, first, rows);
    runner_tile whole = {.tensor = tensor->index, .rows = tensor->rows, .columns = tensor->columns};
    runner_view into = {
        .data = group->gradient, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->columns};
    memset(group->gradient, 0, tensor->elements * sizeof(float));
    if (rows > 0)
        slice_gradient(&slice, tensor, &whole, 1, &into);
}

/* Adds the groups' gradients of a tile in their order. */
static void add_groups(const struct stepper *stepper, const struct tile *tile, uint64_t at, uint64_t n, float *into) {
    for (size_t g = 0; g < stepper->n_groups; g++)
        for (uint64_t i = 0; stepper->groups[g].tensor == tile->tensor && i < n; i++)
            into[i] += stepper->groups[g].gradient[at + i];
}

static void add_gradient(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile,
                         float alpha, float *into) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    uint64_t at = tile->row * tensor->columns, n = tile->rows * tensor->columns;
    if (grouped(stepper->model, tensor)) {
        add_groups(stepper, tile, at, n, into);
        return;
    }
    struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
    runner_tile place = {.tensor = tensor->index, .row = tile->row, .rows = tile->rows, .columns = tensor->columns};
    runner_view view = {.data = into, .rows = tile->rows, .columns = tensor->columns, .pitch = tensor->columns};
    slice_gradient(&slice, tensor, &place, alpha, &view);
}

/* What Keras does to a gradient before the optimizer sees it: the regularizer's share, then clipping. */
static void prepare(struct stepper *stepper, size_t index, float *gradient) {
    const struct model *model = stepper->model;
    const struct tile *tile = &stepper->tiles[index];
    const struct tensor *tensor = &model->tensors[tile->tensor];
    uint64_t at = tile->row * tensor->columns, n = tile->rows * tensor->columns;
    if (tensor->plan->regularizer != NULL) {
        const runner_regularizer_ops *ops = tensor->plan->regularizer->ops;
        stepper->tile_penalties[index] =
            ops->penalty(tensor->plan->regularizer->config, n, tensor->weights + at, gradient);
    }
    float bound = (float)model->clipping.value;
    for (uint64_t i = 0; bound > 0 && i < n; i++)
        gradient[i] = gradient[i] > bound ? bound : gradient[i] < -bound ? -bound : gradient[i];
    double squares = 0;
    for (uint64_t i = 0; stepper->norms && i < n; i++)
        squares += (double)gradient[i] * (double)gradient[i];
    stepper->tile_squares[index] = squares;
}

/* Weight decay before the step: decoupled as in Keras, w -= w rate decay, or in the gradient as in PyTorch, g += decay w. */
static void decay(const struct stepper *stepper, const struct tensor *tensor, uint64_t at, uint64_t n,
                  float *gradient) {
    float factor = (float)(tensor->decay_coupled ? tensor->weight_decay : stepper->step.rate * tensor->weight_decay);
    float *w = tensor->weights + at;
    for (uint64_t i = 0; factor != 0 && i < n; i++)
        if (tensor->decay_coupled)
            gradient[i] += factor * w[i];
        else
            w[i] -= w[i] * factor;
}

static void apply(struct stepper *stepper, const struct tile *tile, float *gradient) {
    const struct model *model = stepper->model;
    const struct tensor *tensor = &model->tensors[tile->tensor];
    const runner_optimizer_ops *ops = model->optimizer->ops;
    uint64_t at = tile->row * tensor->columns, n = tile->rows * tensor->columns;
    float factor = stepper->norms ? stepper->factors[tile->tensor] : 1;
    for (uint64_t i = 0; factor != 1 && i < n; i++)
        gradient[i] *= factor;
    decay(stepper, tensor, at, n, gradient);
    if ((tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0)
        return;
    float *slots[RUNNER_MAX_SLOTS];
    for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
        slots[s] = tensor->slots[s] + at;
    ops->step(tensor->optimizer_config, &stepper->step, n, tensor->weights + at, gradient, slots);
}

/* The optimizer does nothing to this tensor but to add a multiple of the gradient. */
static bool direct(const struct stepper *stepper, const struct tensor *tensor) {
    return (tensor->optimizer.flags & RUNNER_LINEAR) != 0 && !(stepper->model->clipping.value > 0) &&
           !(tensor->weight_decay > 0) && tensor->plan->regularizer == NULL && !grouped(stepper->model, tensor);
}

/* The gradient of one tile over the part's rows; streamed, the optimizer follows at once while the tile is in the cache. */
static void run_tile(struct stepper *stepper, int thread, const struct part *part, size_t index) {
    const struct tile *tile = &stepper->tiles[index];
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    uint64_t at = tile->row * tensor->columns, n = tile->rows * tensor->columns;
    if (!stepper->materialised && direct(stepper, tensor)) {
        add_gradient(stepper, thread, part, tile, (float)-stepper->step.rate, tensor->weights + at);
        return;
    }
    float *gradient = stepper->materialised ? tensor->gradient + at : stepper->gradients[thread];
    if (part->offset == 0)
        memset(gradient, 0, n * sizeof *gradient);
    add_gradient(stepper, thread, part, tile, 1, gradient);
    if (part->offset + part->rows < part->batch)
        return;
    prepare(stepper, index, gradient);
    if (!stepper->norms)
        apply(stepper, tile, gradient);
}

void stepper_gradients(struct stepper *stepper, int thread, const struct part *part) {
    if (stepper->n_groups > 0) {
#pragma omp for schedule(dynamic, 1)
        for (size_t g = 0; g < stepper->n_groups; g++)
            run_group(stepper, thread, part, &stepper->groups[g]);
    }
#pragma omp for schedule(dynamic, 1)
    for (size_t t = 0; t < stepper->n_tiles; t++)
        run_tile(stepper, thread, part, t);
}

/* Clipping by a norm scales a gradient by bound / norm where that is below 1 (Keras' clipnorm, global_clipnorm). */
static float clip_factor(double bound, double squares) {
    double norm = sqrt(squares);
    return norm > bound ? (float)(bound / norm) : 1;
}

static void find_factors(struct stepper *stepper) {
    const struct model *model = stepper->model;
    double all = 0;
    for (size_t first = 0, next; first < stepper->n_tiles; first = next) {
        double squares = 0;
        uint32_t tensor = stepper->tiles[first].tensor;
        for (next = first; next < stepper->n_tiles && stepper->tiles[next].tensor == tensor; next++)
            squares += stepper->tile_squares[next];
        all += squares;
        stepper->factors[tensor] = model->clipping.norm > 0 ? clip_factor(model->clipping.norm, squares) : 1;
    }
    for (size_t t = 0; model->clipping.global_norm > 0 && t < model->n_tensors; t++)
        stepper->factors[t] = clip_factor(model->clipping.global_norm, all);
}

static runner_view slot_view(const struct tensor *tensor, uint32_t slot) {
    runner_view view = {
        .data = tensor->slots[slot], .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->columns};
    if (tensor->optimizer.slot_shape[slot] == RUNNER_SLOT_ROWS)
        view.columns = view.pitch = 1;
    else if (tensor->optimizer.slot_shape[slot] == RUNNER_SLOT_COLUMNS)
        view.rows = 1;
    return view;
}

static void run_tensor(struct stepper *stepper, int thread, const struct tensor *tensor) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    struct call *call = &stepper->calls[thread];
    runner_view w = {
        .data = tensor->weights, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->columns};
    if ((tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0) {
        runner_view g = w, slots[RUNNER_MAX_SLOTS];
        g.data = tensor->gradient;
        for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
            slots[s] = slot_view(tensor, s);
        call_reset(call);
        ops->step_tensor(tensor->optimizer_config, &call->public, &stepper->step, &w, &g, slots);
    }
    if (tensor->plan->constraint != NULL) {
        const runner_constraint_ops *constraint = tensor->plan->constraint->ops;
        call_reset(call);
        constraint->apply(tensor->plan->constraint->config, &call->public, &w);
    }
}

static void add_penalties(struct stepper *stepper, uint64_t rows) {
    double penalty = 0;
    for (size_t t = 0; t < stepper->n_tiles; t++)
        penalty += stepper->tile_penalties[t];
    stepper->loss_sum += penalty * (double)rows;
}

void stepper_optimize(struct stepper *stepper, int thread, uint64_t rows) {
    const struct model *model = stepper->model;
    if (stepper->norms) {
#pragma omp single
        find_factors(stepper);
#pragma omp for schedule(dynamic, 1)
        for (size_t t = 0; t < stepper->n_tiles; t++) {
            const struct tensor *tensor = &model->tensors[stepper->tiles[t].tensor];
            apply(stepper, &stepper->tiles[t], tensor->gradient + stepper->tiles[t].row * tensor->columns);
        }
    }
    if (stepper->whole_tensors || stepper->constraints) {
#pragma omp for schedule(dynamic, 1)
        for (size_t t = 0; t < model->n_tensors; t++)
            if (model->tensors[t].trained)
                run_tensor(stepper, thread, &model->tensors[t]);
    }
    if (stepper->regularizers) {
#pragma omp single
        add_penalties(stepper, rows);
    }
}

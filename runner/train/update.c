#include "runner/train/update.h"

#include <math.h>
#include <string.h>

static void run_group(struct stepper *stepper, int thread, const struct part *part, const struct row_group *group) {
    const struct tensor *tensor = &stepper->model->tensors[group->tensor];
    uint64_t first = group->first < part->rows ? group->first : part->rows;
    uint64_t rows = part->rows - first < group->rows ? part->rows - first : group->rows;
    struct slice slice = stepper_slice(stepper, thread, part, first, rows);
    runner_tile whole = {.tensor = tensor->index, .rows = tensor->rows, .columns = tensor->columns};
    runner_view into = {
        .data = group->gradient, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->pitch};
    memset(group->gradient, 0, tensor_floats(tensor) * sizeof(float));
    if (rows > 0)
        slice_gradient(&slice, tensor, &whole, 1, &into);
}

/* A part of a matrix with the tensor's pitch. */
static runner_view part_of(const struct tensor *tensor, float *matrix, const struct tile *tile) {
    return (runner_view){.data = tensor_at(tensor, matrix, tile->row, tile->column),
                         .rows = tile->rows,
                         .columns = tile->columns,
                         .pitch = tensor->pitch};
}

static void copy_tile(const runner_view *from, const runner_view *to) {
    for (uint64_t i = 0; i < from->rows; i++)
        memcpy(to->data + i * to->pitch, from->data + i * from->pitch, from->columns * sizeof(float));
}

/* Where the gradient of a tile is computed: in the tensor's own, or in the thread's small buffer. */
static runner_view gradient_of(const struct stepper *stepper, int thread, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    if (tensor->gradient != NULL)
        return part_of(tensor, tensor->gradient, tile);
    return (runner_view){
        .data = stepper->gradients[thread], .rows = tile->rows, .columns = tile->columns, .pitch = tensor->pitch};
}

/* Adds the groups' gradients of a tile in their order. */
static void add_groups(const struct stepper *stepper, const struct tile *tile, const runner_view *into) {
    for (size_t g = 0; g < stepper->n_groups; g++) {
        if (stepper->groups[g].tensor != tile->tensor)
            continue;
        runner_view from = part_of(&stepper->model->tensors[tile->tensor], stepper->groups[g].gradient, tile);
        for (uint64_t i = 0; i < into->rows; i++)
            for (uint64_t j = 0; j < into->columns; j++)
                into->data[i * into->pitch + j] += from.data[i * from.pitch + j];
    }
}

static void add_gradient(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile,
                         float alpha, const runner_view *into) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    if (stepper_grouped(stepper, tensor)) {
        add_groups(stepper, tile, into);
        return;
    }
    struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
    runner_tile place = {.tensor = tensor->index,
                         .row = tile->row,
                         .rows = tile->rows,
                         .column = tile->column,
                         .columns = tile->columns};
    slice_gradient(&slice, tensor, &place, alpha, into);
}

/* Rows whose elements lie one after another count as one. */
static uint64_t run_length(const struct tensor *tensor, const struct tile *tile, uint64_t *runs) {
    const bool whole = tensor->pitch == tile->columns;
    *runs = whole ? 1 : tile->rows;
    return whole ? tile->rows * tile->columns : tile->columns;
}

/* What Keras does to a gradient before the optimizer sees it: the regularizer's share, then clipping. */
static void prepare(struct stepper *stepper, size_t index, const runner_view *gradient) {
    const struct model *model = stepper->model;
    const struct tile *tile = &stepper->tiles[index];
    const struct tensor *tensor = &model->tensors[tile->tensor];
    const struct runner_part *regularizer = tensor->plan->regularizer;
    runner_view weights = part_of(tensor, tensor->weights, tile);
    float bound = (float)model->clipping.value;
    double penalty = 0, squares = 0;
    uint64_t runs, length = run_length(tensor, tile, &runs);
    for (uint64_t r = 0; r < runs; r++) {
        float *g = gradient->data + r * gradient->pitch;
        if (regularizer != NULL) {
            const runner_regularizer_ops *ops = regularizer->ops;
            penalty += ops->penalty(regularizer->config, length, weights.data + r * weights.pitch, g);
        }
        for (uint64_t i = 0; bound > 0 && i < length; i++)
            g[i] = g[i] > bound ? bound : g[i] < -bound ? -bound : g[i];
        for (uint64_t i = 0; stepper->norms && i < length; i++)
            squares += (double)g[i] * (double)g[i];
    }
    stepper->tile_penalties[index] = penalty;
    stepper->tile_squares[index] = squares;
}

/* Weight decay before the step: decoupled as in Keras, w -= w rate decay, or in the gradient as in PyTorch, g += decay w. */
static void decay(const struct stepper *stepper, const struct tensor *tensor, float *w, float *gradient, uint64_t n) {
    float factor = (float)(tensor->decay_coupled ? tensor->weight_decay : stepper->step.rate * tensor->weight_decay);
    for (uint64_t i = 0; factor != 0 && i < n; i++)
        if (tensor->decay_coupled)
            gradient[i] += factor * w[i];
        else
            w[i] -= w[i] * factor;
}

static void apply(struct stepper *stepper, const struct tile *tile, const runner_view *gradient) {
    const struct model *model = stepper->model;
    const struct tensor *tensor = &model->tensors[tile->tensor];
    const runner_optimizer_ops *ops = model->optimizer->ops;
    float factor = stepper->norms ? stepper->factors[tile->tensor] : 1;
    const bool whole = (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0;
    uint64_t runs, length = run_length(tensor, tile, &runs);
    uint64_t place = (uint64_t)(tensor_at(tensor, tensor->weights, tile->row, tile->column) - tensor->weights);
    for (uint64_t r = 0; r < runs; r++, place += tensor->pitch) {
        float *g = gradient->data + r * gradient->pitch, *w = tensor->weights + place, *slots[RUNNER_MAX_SLOTS];
        for (uint64_t i = 0; factor != 1 && i < length; i++)
            g[i] *= factor;
        decay(stepper, tensor, w, g, length);
        if (whole)
            continue;
        tensor_slots_at(tensor, place, slots);
        ops->step(tensor->optimizer_config, &stepper->step, length, w, g, slots);
    }
    tensor_transpose(tensor, tile->row, tile->rows, tile->column, tile->columns);
}

static bool is_sparse(const struct model *model, const struct tensor *tensor) {
    return model->sparse_input && model->nodes[tensor->node].inputs[0] == 0;
}

void stepper_outer_step(struct stepper *stepper, int thread, const struct tensor *tensor, const runner_step *step,
                        float x, const float *delta, uint64_t n, float *w, float *const *slots) {
    const runner_optimizer_ops *ops = stepper->model->optimizer->ops;
    float *restrict gradient = stepper->gradients[thread];
    if (x != 0 && ops->step_outer != NULL) {
        ops->step_outer(tensor->optimizer_config, step, n, w, x, delta, slots);
        return;
    }
    for (uint64_t j = 0; j < n; j++)
        gradient[j] =
            x == 0 ? 0 : __builtin_fmaf(x, delta[j], 0.0f); /* as a product adds to 0: not -0, and no 0 * infinity */
    ops->step(tensor->optimizer_config, step, n, w, gradient, slots);
}

static void run_outer(struct stepper *stepper, int thread, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    const float *inputs = stepper->buffers.outputs[stepper->model->nodes[tensor->node].inputs[0]];
    const float *delta = stepper->buffers.deltas[tensor->node] + tile->column;
    uint64_t place = (uint64_t)(tensor_at(tensor, tensor->weights, tile->row, tile->column) - tensor->weights);
    for (uint64_t i = tile->row; i < tile->row + tile->rows; i++, place += tensor->pitch) {
        float *slots[RUNNER_MAX_SLOTS];
        tensor_slots_at(tensor, place, slots);
        stepper_outer_step(stepper, thread, tensor, &stepper->step, inputs[i], delta, tile->columns,
                           tensor->weights + place, slots);
    }
    tensor_transpose(tensor, tile->row, tile->rows, tile->column, tile->columns);
}

/* Where it can, it writes the gradient, and does not add it to zeros. */
runner_view stepper_gradient(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    const runner_view gradient = gradient_of(stepper, thread, tile);
    if (part->offset == 0 && stepper_is_product(stepper, tensor)) {
        struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
        const runner_tile place = {
            .row = tile->row, .rows = tile->rows, .column = tile->column, .columns = tile->columns};
        slice_outer_gradient(&slice, tensor, &place, 1, 0, &gradient);
        return gradient;
    }
    for (uint64_t i = 0; part->offset == 0 && i < tile->rows; i++)
        memset(gradient.data + i * gradient.pitch, 0, tile->columns * sizeof(float));
    add_gradient(stepper, thread, part, tile, 1, &gradient);
    return gradient;
}

static bool is_last(const struct part *part) {
    return part->offset + part->rows == part->batch;
}

/* Adds a multiple of the gradient to the weights. Later parts of the batch still read these: so the sums stand elsewhere until the last. */
static void add_direct(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    const runner_view weights = part_of(tensor, tensor->weights, tile);
    const bool stored = tensor->gradient != NULL;
    const runner_view sums = stored ? part_of(tensor, tensor->gradient, tile) : weights;
    if (stored && part->offset == 0)
        copy_tile(&weights, &sums);
    add_gradient(stepper, thread, part, tile, (float)-stepper->step.rate, &sums);
    if (!is_last(part))
        return;
    if (stored)
        copy_tile(&sums, &weights);
    tensor_transpose(tensor, tile->row, tile->rows, tile->column, tile->columns);
}

/* Of a whole panel: the product that adds to it leaves that to the next one that reads it. */
static void postpone(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    const runner_tile place = {.row = tile->row, .rows = tile->rows, .column = tile->column, .columns = tile->columns};
    runner_view weights = part_of(tensor, tensor->weights, tile);
    weights.storage = &tensor->pending[tile->column / tensor->panel];
    struct slice slice = stepper_slice(stepper, thread, part, 0, part->rows);
    slice_outer_gradient(&slice, tensor, &place, (float)-stepper->step.rate, 1, &weights);
}

void stepper_tile(struct stepper *stepper, int thread, const struct part *part, size_t index) {
    const struct tile *tile = &stepper->tiles[index];
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    if (tensor->pending != NULL) {
        postpone(stepper, thread, part, tile);
        return;
    }
    if (!stepper->materialised && stepper_direct(stepper, tensor)) {
        add_direct(stepper, thread, part, tile);
        return;
    }
    if (stepper_is_outer(stepper, tensor) && !is_sparse(stepper->model, tensor)) {
        run_outer(stepper, thread, tile);
        return;
    }
    runner_view gradient = stepper_gradient(stepper, thread, part, tile);
    if (!is_last(part))
        return;
    prepare(stepper, index, &gradient);
    if (!stepper->norms)
        apply(stepper, tile, &gradient);
}

void stepper_groups(struct stepper *stepper, int thread, const struct part *part) {
    struct team *team = &stepper->team;
    for (size_t g; (g = team_next(team, thread, stepper->n_groups)) < stepper->n_groups;)
        run_group(stepper, thread, part, &stepper->groups[g]);
    if (stepper->n_groups > 0)
        team_meet(team, thread);
}

/* Clipping by a norm scales a gradient by bound / norm where that is below 1 (Keras' clipnorm, global_clipnorm). */
static float clip_factor(double bound, double squares) {
    double norm = sqrt(squares);
    return norm > bound ? (float)(bound / norm) : 1;
}

static void find_factors(struct stepper *stepper) {
    const struct model *model = stepper->model;
    double all = 0, *squares = stepper->tensor_squares;
    memset(squares, 0, model->n_tensors * sizeof *squares);
    for (size_t t = 0; t < stepper->n_tiles; t++)
        squares[stepper->tiles[t].tensor] += stepper->tile_squares[t];
    for (size_t t = 0; t < model->n_tensors; t++)
        all += squares[t];
    for (size_t t = 0; t < model->n_tensors; t++)
        stepper->factors[t] = model->clipping.norm > 0          ? clip_factor(model->clipping.norm, squares[t])
                              : model->clipping.global_norm > 0 ? clip_factor(model->clipping.global_norm, all)
                                                                : 1;
}

static runner_view slot_view(const struct tensor *tensor, uint32_t slot) {
    runner_view view = {
        .data = tensor->slots[slot], .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->pitch};
    if (tensor->optimizer.slot_shape[slot] == RUNNER_SLOT_ROWS)
        view.columns = view.pitch = 1;
    else if (tensor->optimizer.slot_shape[slot] == RUNNER_SLOT_COLUMNS)
        view.rows = 1, view.pitch = tensor->columns;
    return view;
}

static void run_tensor(struct stepper *stepper, int thread, const struct tensor *tensor) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    struct call *call = &stepper->calls[thread];
    runner_view w = {.data = tensor->weights, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->pitch};
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
    tensor_transpose_all(tensor);
}

static void add_penalties(struct stepper *stepper, uint64_t rows) {
    double penalty = 0;
    for (size_t t = 0; t < stepper->n_tiles; t++)
        penalty += stepper->tile_penalties[t];
    stepper->loss_sum += penalty * (double)rows;
}

void stepper_optimize(struct stepper *stepper, int thread, uint64_t rows) {
    const struct model *model = stepper->model;
    struct team *team = &stepper->team;
    if (stepper->norms) {
        if (team_arrive(team, thread)) {
            find_factors(stepper);
            team_release(team);
        }
        for (size_t t; (t = team_next(team, thread, stepper->n_tiles)) < stepper->n_tiles;) {
            runner_view gradient = gradient_of(stepper, thread, &stepper->tiles[t]);
            apply(stepper, &stepper->tiles[t], &gradient);
        }
    }
    if (stepper->whole_tensors || stepper->constraints) {
        team_meet(team, thread);
        for (size_t t; (t = team_next(team, thread, model->n_tensors)) < model->n_tensors;)
            if (model->tensors[t].trained)
                run_tensor(stepper, thread, &model->tensors[t]);
    }
    if (stepper->regularizers && team_arrive(team, thread)) {
        add_penalties(stepper, rows);
        team_release(team);
    }
}

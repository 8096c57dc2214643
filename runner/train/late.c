#include "runner/train/late.h"

#include "runner/train/update.h"

#include <string.h>

/* Nothing but step() changes its weights and slots, and each row by itself. */
static bool may_be_late(const struct model *model, const struct tensor *tensor) {
    const struct node *node = &model->nodes[tensor->node];
    return model->sparse_input && node->inputs[0] == 0 && (node->plan.flags & RUNNER_INPUT_ROWS) != 0 &&
           tensor->trained && tensor->index == 0 && tensor->rows == model->input_units &&
           (tensor->optimizer.flags & (RUNNER_LINEAR | RUNNER_WHOLE_TENSOR)) == 0 && !(model->clipping.value > 0) &&
           !(tensor->weight_decay > 0) && tensor->plan->regularizer == NULL && tensor->plan->constraint == NULL;
}

uint64_t late_size(const struct model *model, uint64_t batch_rows) {
    const struct late *late = NULL; /* for the sizes of what it points at */
    uint64_t size = 0;
    for (size_t t = 0; t < model->n_tensors && batch_rows <= MODEL_MANY_ROWS; t++) {
        const struct tensor *tensor = &model->tensors[t];
        const uint64_t chunks = (tensor->columns + MODEL_LEAST_COLUMNS - 1) / MODEL_LEAST_COLUMNS;
        if (!may_be_late(model, tensor))
            continue;
        size += LATE_STEPS * sizeof *late->steps + row_pitch(tensor->columns) * sizeof *late->zeros +
                tensor->rows * (chunks * sizeof *late->made + sizeof *late->read + sizeof *late->is_read);
        if (batch_rows == 1)
            size += LATE_STEPS * row_pitch(tensor->columns) * sizeof *late->deltas +
                    chunks * tensor->rows * sizeof *late->inputs;
    }
    return size;
}

/* The layer whose rows an update reads at first, once it knows which; 0: none. */
static runner_node first_layer(const struct stepper *stepper) {
    if (stepper->stages != NULL)
        return stepper->stages[0].node;
    const bool layers = stepper->by_layers && stepper->phases[1].cut == CUT_OUTPUTS;
    return layers && stepper->phases[1].forward_from == 1 ? 1 : 0;
}

/* As the layer's columns are cut forward. */
static void plan_chunks(struct stepper *stepper) {
    struct late *late = &stepper->late;
    if (stepper->by_layers) {
        late->n_chunks = stepper->phases[1].n_blocks;
        late->first = stepper->phases[1].first;
        return;
    }
    late->n_chunks = stepper->stages[0].n_chunks;
    late->first = arena_array(&stepper->arena, late->n_chunks + 1, sizeof *late->first);
    for (size_t c = 0; c < late->n_chunks; c++)
        late->first[c] = c * late->tensor->panel;
    late->first[late->n_chunks] = late->tensor->columns;
}

void late_plan(struct stepper *stepper) {
    struct model *model = stepper->model;
    struct late *late = &stepper->late;
    unsigned turn = 5;
    const runner_node layer = first_layer(stepper);
    struct tensor *tensor = &model->tensors[model->nodes[layer].first_tensor];
    if (layer == 0 || model->nodes[layer].plan.n_tensors == 0 || !may_be_late(model, tensor) || stepper->materialised ||
        tensor->storage.transposed != NULL)
        return;
    late->tensor = tensor;
    plan_chunks(stepper);
    late->zeros = model_floats(&stepper->arena, tensor->pitch, &turn);
    late->steps = arena_array(&stepper->arena, LATE_STEPS, sizeof *late->steps);
    late->made = arena_array(&stepper->arena, late->n_chunks * tensor->rows, sizeof *late->made);
    if (stepper_is_outer(stepper, tensor)) {
        late->delta_pitch = row_pitch(tensor->columns);
        late->deltas = model_floats(&stepper->arena, LATE_STEPS * late->delta_pitch, &turn);
        late->inputs = arena_array(&stepper->arena, late->n_chunks * tensor->rows, sizeof *late->inputs);
    }
    late->read = arena_array(&stepper->arena, tensor->rows, sizeof *late->read);
    late->is_read = arena_array(&stepper->arena, tensor->rows, sizeof *late->is_read);
}

/* The batch has been gathered. */
static void note_rows(struct stepper *stepper) {
    struct late *late = &stepper->late;
    const struct sparse_rows *x = &stepper->buffers.sparse.rows;
    memset(late->is_read, 0, late->tensor->rows);
    late->n_read = 0;
    for (uint64_t s = 0; s < x->segments; s++) {
        uint64_t columns = 0;
        for (uint64_t g = 0; g * x->group < stepper->part.rows; g++)
            columns |= sparse_columns(sparse_masks(x, g) + s * x->group, x->group);
        for (; columns != 0; columns &= columns - 1) {
            const uint64_t row = s * KERNEL_SEGMENT + (uint64_t)__builtin_ctzll(columns);
            late->is_read[row] = 1;
            late->read[late->n_read++] = (uint32_t)row;
        }
    }
}

void late_begin(struct stepper *stepper) {
    struct late *late = &stepper->late;
    if (late->tensor == NULL)
        return;
    late->last = stepper->step.number;
    if (!late->running) {
        late->running = true;
        late->base = late->last - 1;
        for (size_t i = 0; i < late->n_chunks * late->tensor->rows; i++)
            late->made[i] = late->base;
    }
    if (late->all) { /* by the update before, whose own step is still due */
        late->base = late->last - 2;
        late->steps[0] = late->steps[LATE_STEPS - 1];
        if (late->deltas != NULL)
            memcpy(late->deltas, late->deltas + (LATE_STEPS - 1) * late->delta_pitch,
                   late->delta_pitch * sizeof(float));
    }
    uint64_t place = late->last - late->base;
    late->steps[place - 1] = stepper->step;
    late->all = place == LATE_STEPS;
    note_rows(stepper);
}

/* Where the chunk's columns of a row begin. */
static uint64_t place_of(const struct tensor *tensor, uint64_t column, uint64_t row) {
    return (uint64_t)(tensor_at(tensor, tensor->weights, row, column) - tensor->weights);
}

/* With gradients of 0. */
static void make_zero_steps(const struct stepper *stepper, const runner_step *steps, uint64_t count, uint64_t n,
                            float *w, float *const *slots) {
    const struct tensor *tensor = stepper->late.tensor;
    const runner_optimizer_ops *ops = stepper->model->optimizer->ops;
    if (count == 0 || (tensor->optimizer.flags & RUNNER_ZERO_IS_NOOP) != 0)
        return;
    if (ops->step_zeros != NULL) {
        ops->step_zeros(tensor->optimizer_config, steps, count, n, w, slots);
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        ops->step(tensor->optimizer_config, &steps[i], n, w, stepper->late.zeros, slots);
}

/* Of chunks .. end - 1 of one panel, which have had the same steps; by their thread, `thread`. */
static void make_steps(struct stepper *stepper, int thread, size_t chunk, size_t end, uint64_t row, uint64_t until) {
    struct late *late = &stepper->late;
    const struct tensor *tensor = late->tensor;
    const uint64_t here = chunk * tensor->rows + row, done = late->made[here] - late->base;
    uint64_t count = until - late->made[here];
    if (count == 0)
        return;
    const uint64_t first = late->first[chunk], n = late->first[end] - first, place = place_of(tensor, first, row);
    const runner_step *steps = late->steps + done;
    float *w = tensor->weights + place, *slots[RUNNER_MAX_SLOTS];
    for (size_t c = chunk; c < end; c++)
        late->made[c * tensor->rows + row] = until;
    tensor_slots_at(tensor, place, slots);
    if (late->inputs != NULL && late->inputs[here] != 0) {
        const float *delta = late->deltas + done * late->delta_pitch + first;
        stepper_outer_step(stepper, thread, tensor, steps, late->inputs[here], delta, n, w, slots);
        late->inputs[here] = 0;
        steps++;
        count--;
    }
    make_zero_steps(stepper, steps, count, n, w, slots);
}

void late_catch_up(struct stepper *stepper, int thread, size_t chunk, size_t end) {
    struct late *late = &stepper->late;
    if (late->tensor == NULL)
        return;
    for (uint64_t i = 0; i < (late->all ? late->tensor->rows : late->n_read); i++)
        make_steps(stepper, thread, chunk, end, late->all ? i : late->read[i], late->last - 1);
}

/* The first chunk of the tile's columns. */
static size_t chunk_of(const struct late *late, const struct tile *tile) {
    size_t chunk = 0;
    while (late->first[chunk] < tile->column)
        chunk++;
    return chunk;
}

/* Leaves the steps of the rows that a batch of one example has read, those of its entries, due. */
static void keep_entries(struct stepper *stepper, const struct tile *tile) {
    struct late *late = &stepper->late;
    const size_t chunk = chunk_of(late, tile);
    const struct sparse_rows *x = &stepper->buffers.sparse.rows;
    const struct sparse_entry *entries = sparse_entries(x, 0);
    uint32_t count = sparse_marks(x, 0)[x->segments * x->group];
    if (tile->row == 0)
        memcpy(late->deltas + (late->last - late->base - 1) * late->delta_pitch + tile->column,
               stepper->buffers.deltas[late->tensor->node] + tile->column, tile->columns * sizeof(float));
    for (uint32_t e = 0; e < count; e++)
        if (entries[e].column >= tile->row && entries[e].column < tile->row + tile->rows)
            late->inputs[chunk * late->tensor->rows + entries[e].column] = entries[e].value;
}

/* The columns of a segment of the batch's inputs, which have been gathered as one group, from left to right. */
struct columns {
    const struct sparse_entry *entries;
    uint32_t next[KERNEL_ROWS];        /* each example's */
    uint64_t examples[KERNEL_SEGMENT]; /* bits: those that have an entry in a column */
};

/* The entries of the next column, as of a row that has one for each example. Returns how many. */
static uint64_t columns_next(struct columns *columns, uint64_t column, struct sparse_entry *to) {
    uint64_t count = 0;
    for (uint64_t left = columns->examples[column]; left != 0; left &= left - 1) {
        const uint32_t r = (uint32_t)__builtin_ctzll(left);
        to[count++] = (struct sparse_entry){r, columns->entries[columns->next[r]++].value};
    }
    return count;
}

/* From column `from` on. */
static void columns_init(struct columns *columns, const struct sparse_rows *x, uint64_t rows, uint64_t from) {
    const uint64_t segment = from / KERNEL_SEGMENT;
    struct sparse_entry skipped[KERNEL_ROWS];
    uint64_t masks[KERNEL_ROWS] = {0};
    columns->entries = sparse_entries(x, 0);
    memcpy(columns->next, sparse_marks(x, 0) + segment * x->group, rows * sizeof *columns->next);
    memcpy(masks, sparse_masks(x, 0) + segment * x->group, rows * sizeof *masks);
    kernels_get()->turn_masks(rows, masks, columns->examples);
    for (uint64_t column = 0; column < from % KERNEL_SEGMENT; column++)
        columns_next(columns, column, skipped);
}

/* With the gradient of a row of the tile, whose weights there begin at w. */
static void step_row(struct stepper *stepper, const struct tile *tile, float *w, const float *gradient) {
    const struct tensor *tensor = stepper->late.tensor;
    const runner_optimizer_ops *ops = stepper->model->optimizer->ops;
    float *slots[RUNNER_MAX_SLOTS];
    tensor_slots_at(tensor, (uint64_t)(w - tensor->weights), slots);
    ops->step(tensor->optimizer_config, &stepper->step, tile->columns, w, gradient, slots);
}

/* The rows of the tile that the update has read have had its step. */
static void note_steps(struct late *late, const struct tile *tile) {
    for (size_t c = chunk_of(late, tile); c < late->n_chunks && late->first[c] < tile->column + tile->columns; c++)
        for (uint64_t i = tile->row; i < tile->row + tile->rows; i++)
            if (late->is_read[i])
                late->made[c * late->tensor->rows + i] = late->last;
}

/* Row by row, whose sum stays in the first-level cache. */
static void step_rows(struct stepper *stepper, int thread, const struct tile *tile) {
    const struct tensor *tensor = stepper->late.tensor;
    const struct kernels *kernels = kernels_get();
    const float *deltas = stepper->buffers.deltas[tensor->node] + tile->column;
    const uint64_t pitch = stepper->model->nodes[tensor->node].pitch;
    float *gradient = stepper->gradients[thread], *w = tensor_at(tensor, tensor->weights, tile->row, tile->column);
    struct sparse_entry entries[KERNEL_ROWS];
    struct columns columns;
    for (uint64_t i = 0; i < tile->rows; i++, w += tensor->pitch) {
        const uint64_t row = tile->row + i, column = row % KERNEL_SEGMENT;
        if (i == 0 || column == 0)
            columns_init(&columns, &stepper->buffers.sparse.rows, stepper->part.rows, row);
        const uint64_t count = columns_next(&columns, column, entries);
        if (count == 0)
            continue;
        kernels->row_sum(tile->columns, entries, count, deltas, pitch, gradient);
        step_row(stepper, tile, w, gradient);
    }
}

static void step_tile(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile) {
    const struct tensor *tensor = stepper->late.tensor;
    const runner_view gradient = stepper_gradient(stepper, thread, part, tile);
    float *w = tensor_at(tensor, tensor->weights, tile->row, tile->column);
    for (uint64_t i = 0; i < tile->rows; i++)
        if (stepper->late.is_read[tile->row + i])
            step_row(stepper, tile, w + i * tensor->pitch, gradient.data + i * gradient.pitch);
}

void late_tile(struct stepper *stepper, int thread, const struct part *part, size_t index) {
    struct late *late = &stepper->late;
    const struct tile *tile = &stepper->tiles[index];
    if (late->tensor != &stepper->model->tensors[tile->tensor]) {
        stepper_tile(stepper, thread, part, index);
    } else if (late->inputs != NULL) {
        keep_entries(stepper, tile);
    } else {
        if (stepper->stages != NULL && stepper_is_product(stepper, late->tensor))
            step_rows(stepper, thread, tile);
        else
            step_tile(stepper, thread, part, tile);
        note_steps(late, tile);
    }
}

void late_flush(struct stepper *stepper) {
    struct late *late = &stepper->late;
    if (!late->running)
        return;
    uint64_t until = stepper->diverged ? late->last - 1 : late->last;
    for (size_t chunk = 0; chunk < late->n_chunks; chunk++)
        for (uint64_t row = 0; row < late->tensor->rows; row++)
            make_steps(stepper, 0, chunk, chunk + 1, row, until);
    late->running = late->all = false;
}

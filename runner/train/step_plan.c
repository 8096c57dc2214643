#include "runner/train/step_plan.h"

#include "runner/base/cpu.h"
#include "runner/host/pending.h"
#include "runner/train/late.h"
#include "runner/train/step_columns.h"
#include "runner/train/step_layers.h"
#include "runner/train/step_tiles.h"

#include <string.h>

/* A slice of about this many rows is worth a product's fixed cost and still leaves its activations in the cache. */
#define SLICE_ROWS 64

/* Columns of the weights from which on a dot product with each row is faster than to keep a transposed copy up to date. */
#define LONG_ROW 64
/* Of an update, up to which products that transpose the weights for themselves, in the cache, take less time than to keep a copy. */
#define FEW_SPANS 4
/* Groups of rows of a tensor whose gradient is costly: enough for the threads of one trial, few enough to add up. */
#define ROW_GROUPS 8

/* Slices of a part: enough for the threads of one trial, and work enough between two meetings of them. */
#define PART_SLICES 16

/* Spans for each thread of a team, so that one whose core is slower takes fewer of them. */
#define TEAM_SPANS 4
#define SPAN_PERCENT 60 /* of the second-level cache, for what a layer reads and writes of a span */

uint64_t slice_rows_for(uint64_t batch_rows) {
    if (batch_rows < 4)
        return batch_rows;
    uint64_t slices = (batch_rows + SLICE_ROWS - 1) / SLICE_ROWS;
    slices = (slices + 1) / 2 * 2; /* so that two threads share them evenly */
    return (batch_rows + slices - 1) / slices;
}

uint64_t part_rows_for(const struct model *model, uint64_t micro_rows) {
    for (size_t i = 1; i < model->n_nodes; i++) {
        const runner_plan *plan = &model->nodes[i].plan;
        if (plan->statistics > 0 || plan->delta_statistics > 0 || (plan->flags & RUNNER_ROWS_GRADIENT) != 0)
            return micro_rows; /* sums over all of its rows, or by groups of them */
    }
    const uint64_t rows = PART_SLICES * slice_rows_for(micro_rows);
    return rows < micro_rows ? rows : micro_rows;
}

/* Where each layer's products are known to have a row an example, whose bits do not depend on the other rows (products.h). */
static bool has_spans(const struct model *model) {
    for (size_t i = 1; i < model->n_nodes; i++) {
        const runner_plan *plan = &model->nodes[i].plan;
        bool products = false;
        for (uint32_t t = 0; t < plan->n_tensors; t++)
            products |= (plan->tensors[t].flags & RUNNER_PRODUCT) != 0;
        if (plan->statistics > 0 || plan->delta_statistics > 0 || (plan->flags & RUNNER_ROWS_GRADIENT) != 0 ||
            (products && (plan->flags & RUNNER_COLUMNS) == 0))
            return false;
    }
    return true;
}

/* Floats of a row that some layer reads and writes, at most. */
static uint64_t widest(const struct model *model) {
    uint64_t most = 0;
    for (size_t i = 1; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        uint64_t floats = node->pitch;
        for (uint32_t k = 0; k < node->n_inputs; k++)
            floats += model->nodes[node->inputs[k]].pitch;
        most = floats > most ? floats : most;
    }
    return most;
}

static uint64_t rounded_up(uint64_t n, uint64_t to) {
    return (n + to - 1) / to * to;
}

void stepper_set_span(struct stepper *stepper, int threads) {
    const uint64_t rows = stepper->slice_rows, slices = rounded_up(stepper->part_rows, rows) / rows;
    stepper->span_rows = rows;
    if (stepper->stages == NULL && rows > 1 && has_spans(stepper->model)) {
        const uint64_t fitting = cpu_second_cache() / 100 * SPAN_PERCENT / (widest(stepper->model) * sizeof(float));
        uint64_t most = (fitting < PRODUCT_TALL ? fitting : PRODUCT_TALL - 1) / rows;
        const uint64_t team = threads > 1 ? TEAM_SPANS * (uint64_t)threads : 1;
        most = most < 1 ? 1 : most;
        uint64_t spans = rounded_up(slices, most) / most;
        spans = spans < team ? team : spans;
        stepper->span_rows = spans < slices ? rounded_up(slices, spans) / spans * rows : rows;
    }
    if (stepper->stages == NULL && !stepper->gathered)
        buffers_regroup(&stepper->buffers, stepper->span_rows);
}

/* Cuts the nodes where a layer across the batch waits for all rows, on the way forward and on the way back. */
static void plan_phases(struct stepper *stepper) {
    const struct model *model = stepper->model;
    runner_node end = (runner_node)model->n_nodes;
    stepper->phases = arena_array(&stepper->arena, 2 * model->n_nodes + 1, sizeof *stepper->phases);
    struct phase *phase = stepper->phases;
    phase->forward_from = 1;
    for (runner_node i = 1; i < end; i++) {
        if (model->nodes[i].plan.statistics == 0)
            continue;
        phase->forward_to = i;
        phase->reduce = i;
        *++phase = (struct phase){.forward_from = i};
    }
    phase->forward_to = end;
    phase->loss = true;
    phase->backward_from = model->loss_input;
    for (runner_node i = model->loss_input; i > 0; i--) {
        if (model->nodes[i].plan.delta_statistics == 0 || !model->nodes[i].delta_wanted)
            continue;
        phase->backward_to = i;
        phase->reduce_delta = i;
        *++phase = (struct phase){.forward_from = 1, .forward_to = 1, .backward_from = i};
    }
    phase->backward_to = 0;
    stepper->n_phases = (size_t)(phase - stepper->phases) + 1;
}

static void plan_tiles(struct stepper *stepper) {
    for (size_t t = 0; t < stepper->model->n_tensors; t++)
        stepper_add_tiles(stepper, (uint32_t)t, 0, stepper->model->tensors[t].columns);
}

/* Slices stay whole, so that a group begins where a slice does. */
static void plan_groups(struct stepper *stepper) {
    const struct model *model = stepper->model;
    size_t slices = (stepper->n_slices + ROW_GROUPS - 1) / ROW_GROUPS;
    uint64_t group_rows = slices * stepper->slice_rows;
    unsigned turn = 2;
    stepper->groups = arena_array(&stepper->arena, ROW_GROUPS * model->n_tensors, sizeof *stepper->groups);
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        if (!tensor->trained || (model->nodes[tensor->node].plan.flags & RUNNER_ROWS_GRADIENT) == 0)
            continue;
        for (uint64_t first = 0; first < stepper->micro_rows; first += group_rows)
            stepper->groups[stepper->n_groups++] =
                (struct row_group){.tensor = (uint32_t)t,
                                   .first = first,
                                   .rows = group_rows,
                                   .gradient = model_floats(&stepper->arena, tensor_floats(tensor), &turn)};
    }
}

/* What the model wants of an update. */
static void plan_steps(struct stepper *stepper) {
    const struct model *model = stepper->model;
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        stepper->whole_tensors |= tensor->trained && (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0;
        stepper->constraints |= tensor->trained && tensor->plan->constraint != NULL;
        stepper->regularizers |= tensor->trained && tensor->plan->regularizer != NULL;
    }
    stepper->norms = model->clipping.norm > 0 || model->clipping.global_norm > 0;
    stepper->materialised = stepper->whole_tensors || stepper->norms || stepper->micro_rows < stepper->batch_rows;
}

static void plan_gradients(struct stepper *stepper) {
    struct model *model = stepper->model;
    unsigned turn = 1;
    const bool stored = stepper->materialised || stepper->part_rows < stepper->batch_rows;
    for (size_t t = 0; t < model->n_tensors && stored; t++)
        if (model->tensors[t].trained)
            model->tensors[t].gradient = model_floats(&stepper->arena, tensor_floats(&model->tensors[t]), &turn);
    uint64_t largest = 0;
    for (size_t i = 0; i < stepper->n_tiles; i++) {
        const struct tensor *tensor = &model->tensors[stepper->tiles[i].tensor];
        uint64_t elements = stepper_direct(stepper, tensor) ? 0 : stepper->tiles[i].rows * tensor->pitch;
        largest = elements > largest ? elements : largest;
    }
    for (int i = 0; i < stepper->threads; i++)
        stepper->gradients[i] = model_floats(&stepper->arena, largest, &turn);
    stepper->tile_squares = arena_array(&stepper->arena, stepper->n_tiles, sizeof(double));
    stepper->tile_penalties = arena_array(&stepper->arena, stepper->n_tiles, sizeof(double));
    stepper->tensor_squares = arena_array(&stepper->arena, model->n_tensors, sizeof(double));
    stepper->factors = arena_array(&stepper->arena, model->n_tensors, sizeof(float));
}

/* backward() multiplies by the transposed weights. For one row it takes dot products, except where sums are portable; for the few rows of a
   layer that is cut by columns, the product transposes them strip by strip; else a copy that is kept up to date costs less. */
static bool wants_transposed(const struct model *model, const struct tensor *tensor, uint64_t batch_rows) {
    const struct node *node = &model->nodes[tensor->node];
    bool wanted = false;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        wanted |= model->nodes[node->inputs[i]].delta_wanted;
    return wanted && tensor->trained && (tensor->plan->flags & RUNNER_PRODUCT) != 0 && tensor->rows >= 2 &&
           tensor->panel >= tensor->columns &&
           (batch_rows >= 2 || tensor->columns < LONG_ROW || model->gemm != GEMM_OPENBLAS);
}

uint64_t stepper_copies_size(const struct model *model, uint64_t batch_rows) {
    uint64_t floats = 0;
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        if (wants_transposed(model, tensor, batch_rows))
            floats += tensor->columns * row_pitch(tensor->rows);
        if (batch_rows == 1 && model->sparse_input && model->nodes[tensor->node].inputs[0] == 0 &&
            (tensor->plan->flags & RUNNER_PRODUCT) != 0 && (tensor->optimizer.flags & RUNNER_LINEAR) != 0)
            floats += PENDING_DELTAS * row_pitch(tensor->columns);
    }
    return floats * sizeof(float) + late_size(model, batch_rows);
}

static void plan_transposed(struct stepper *stepper) {
    struct model *model = stepper->model;
    unsigned turn = 3;
    stepper->transposed = arena_array(&stepper->arena, model->n_tensors, sizeof *stepper->transposed);
    for (size_t t = 0; t < model->n_tensors; t++) {
        struct tensor *tensor = &model->tensors[t];
        if (!wants_transposed(model, tensor, stepper->batch_rows))
            continue;
        uint64_t pitch = row_pitch(tensor->rows);
        stepper->transposed[t] = model_floats(&stepper->arena, tensor->columns * pitch, &turn);
        tensor->storage = (struct weights_storage){{STORAGE_WEIGHTS}, NULL, pitch};
        model->nodes[tensor->node].tensors[tensor->index].storage = &tensor->storage;
    }
    stepper_keep_transposed(stepper, stepper->threads);
}

void stepper_keep_transposed(struct stepper *stepper, int threads) {
    const struct kernels *kernels = kernels_get();
    const uint64_t rows = stepper->slice_rows;
    const bool crosses = threads > 1 && rows > 1 && rows <= kernels->turned_rows;
    const uint64_t spans = rounded_up(stepper->batch_rows, stepper->span_rows) / stepper->span_rows;
    const bool few = stepper->stages == NULL && rows > 1 && spans <= FEW_SPANS;
    const bool spared = rows <= KERNEL_TURNED && product_spares_copy(stepper->span_rows);
    for (size_t t = 0; t < stepper->model->n_tensors; t++) {
        struct tensor *tensor = &stepper->model->tensors[t];
        const bool by_rows = (stepper->model->nodes[tensor->node].plan.flags & RUNNER_OUTER_GRADIENT) != 0;
        const bool spares = (few || stepper->by_layers) && tensor->columns >= LONG_ROW;
        const bool kept = !by_rows || !(crosses || spared || spares);
        float *copy = kept ? stepper->transposed[t] : NULL;
        if (copy == tensor->storage.transposed)
            continue;
        tensor->storage.transposed = copy;
        tensor_transpose_all(tensor);
    }
}

/* Of sparse inputs a product reads few rows, and most of those that an update changes are not among the next one's. */
static void plan_due(struct arena *arena, struct pending_storage *pending, unsigned *turn) {
    pending->due = arena_array(arena, pending->rows, sizeof *pending->due);
    for (uint64_t i = 0; i < pending->rows; i++)
        pending->due[i].delta = KERNEL_NO_CHANGE;
    pending->delta_pitch = row_pitch(pending->columns);
    pending->deltas = model_floats(arena, PENDING_DELTAS * pending->delta_pitch, turn);
}

static void plan_pending(struct stepper *stepper) {
    struct model *model = stepper->model;
    struct arena *arena = &stepper->arena;
    unsigned turn = 6;
    for (size_t t = 0; t < model->n_tensors; t++) {
        struct tensor *tensor = &model->tensors[t];
        if (!stepper_postpones(stepper, tensor))
            continue;
        const bool sparse = model->sparse_input && model->nodes[tensor->node].inputs[0] == 0;
        uint64_t panels = (tensor->columns + tensor->panel - 1) / tensor->panel;
        tensor->pending = arena_lines(arena, panels, sizeof *tensor->pending);
        for (uint64_t p = 0; p < panels; p++) {
            uint64_t first = p * tensor->panel, left = tensor->columns - first;
            tensor->pending[p] = (struct pending_storage){
                .storage = {STORAGE_PENDING},
                .weights = tensor_at(tensor, tensor->weights, 0, first),
                .rows = tensor->rows,
                .columns = left < tensor->panel ? left : tensor->panel,
                .pitch = tensor->pitch,
                .changes = arena_array(arena, tensor->rows + KERNEL_LANES, sizeof *tensor->pending[p].changes),
                .delta = model_floats(arena, tensor->panel, &turn)};
            if (sparse && tensor->storage.transposed == NULL)
                plan_due(arena, &tensor->pending[p], &turn);
        }
        if (tensor->storage.transposed != NULL) {
            tensor->pending[0].transposed = &tensor->storage;
            tensor->pending[0].factors = model_floats(arena, tensor->rows, &turn);
        }
        if (panels == 1)
            model->nodes[tensor->node].tensors[tensor->index].storage = &tensor->pending[0];
    }
}

void stepper_settle(struct stepper *stepper) {
    for (size_t t = 0; t < stepper->model->n_tensors; t++) {
        struct tensor *tensor = &stepper->model->tensors[t];
        for (uint64_t p = 0; tensor->pending != NULL && p * tensor->panel < tensor->columns; p++)
            pending_settle(&tensor->pending[p]);
    }
}

void stepper_plan(struct stepper *stepper) {
    plan_steps(stepper);
    const bool planned = stepper_plan_columns(stepper) || stepper_plan_layers(stepper);
    if (!stepper->by_layers)
        plan_phases(stepper);
    if (!planned)
        plan_tiles(stepper);
    plan_groups(stepper);
    stepper_set_span(stepper, stepper->threads);
    plan_gradients(stepper);
    plan_transposed(stepper);
    plan_pending(stepper);
    late_plan(stepper);
}

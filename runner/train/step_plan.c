#include "runner/train/step.h"

/* Floats of a tile: its gradient, weights and slots fit a core's second-level cache together. */
#define TILE_ELEMENTS (32 * 1024)
/* Groups of rows of a tensor whose gradient is costly: enough for the threads of one trial, few enough to add up. */
#define ROW_GROUPS 8

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
    const struct model *model = stepper->model;
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            stepper->tiles = arena_array(&stepper->arena, count, sizeof *stepper->tiles);
        count = 0;
        for (size_t t = 0; t < model->n_tensors; t++) {
            const struct tensor *tensor = &model->tensors[t];
            if (!tensor->trained)
                continue;
            uint64_t rows = TILE_ELEMENTS / tensor->columns;
            rows = rows < 1 ? 1 : rows > tensor->rows ? tensor->rows : rows;
            for (uint64_t row = 0; row < tensor->rows; row += rows, count++)
                if (pass == 1)
                    stepper->tiles[count] =
                        (struct tile){.tensor = (uint32_t)t,
                                      .row = row,
                                      .rows = tensor->rows - row < rows ? tensor->rows - row : rows};
        }
    }
    stepper->n_tiles = count;
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
                                   .gradient = model_floats(&stepper->arena, tensor->elements, &turn)};
    }
}

static void plan_gradients(struct stepper *stepper) {
    struct model *model = stepper->model;
    unsigned turn = 1;
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        stepper->whole_tensors |= tensor->trained && (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0;
        stepper->constraints |= tensor->trained && tensor->plan->constraint != NULL;
        stepper->regularizers |= tensor->trained && tensor->plan->regularizer != NULL;
    }
    stepper->norms = model->clipping.norm > 0 || model->clipping.global_norm > 0;
    stepper->materialised = stepper->whole_tensors || stepper->norms || stepper->micro_rows < stepper->batch_rows;
    for (size_t t = 0; t < model->n_tensors && stepper->materialised; t++)
        if (model->tensors[t].trained)
            model->tensors[t].gradient = model_floats(&stepper->arena, model->tensors[t].elements, &turn);
    uint64_t largest = 0;
    for (size_t i = 0; i < stepper->n_tiles; i++) {
        uint64_t elements = stepper->tiles[i].rows * model->tensors[stepper->tiles[i].tensor].columns;
        largest = elements > largest ? elements : largest;
    }
    for (int i = 0; i < stepper->threads; i++)
        stepper->gradients[i] = model_floats(&stepper->arena, largest, &turn);
    stepper->tile_squares = arena_array(&stepper->arena, stepper->n_tiles, sizeof(double));
    stepper->tile_penalties = arena_array(&stepper->arena, stepper->n_tiles, sizeof(double));
    stepper->factors = arena_array(&stepper->arena, model->n_tensors, sizeof(float));
}

void stepper_plan(struct stepper *stepper) {
    plan_phases(stepper);
    plan_tiles(stepper);
    plan_groups(stepper);
    plan_gradients(stepper);
}

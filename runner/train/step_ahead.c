#include "runner/train/step_ahead.h"

#include "runner/train/step_layers.h"
#include "runner/train/step_plan.h"

uint64_t stepper_ahead_size(const struct model *model, uint64_t batch_rows) {
    if (!model->sparse_input || batch_rows > LAYERS_APART_ROWS)
        return 0;
    const uint64_t group = batch_rows < MODEL_FEW_ROWS ? batch_rows : slice_rows_for(batch_rows);
    return buffers_make_sparse(NULL, NULL, batch_rows, group, model->input_units) + batch_rows * sizeof(uint32_t);
}

void stepper_plan_ahead(struct stepper *stepper, uint64_t group) {
    const struct model *model = stepper->model;
    if (!model->sparse_input || stepper->threads < 2)
        return;
    stepper->ahead.examples = arena_array(&stepper->arena, stepper->batch_rows, sizeof(uint32_t));
    buffers_make_sparse(&stepper->ahead.sparse, &stepper->arena, stepper->micro_rows, group, model->input_units);
}

void stepper_gather_ahead(void *context) {
    struct stepper *stepper = context;
    struct ahead *ahead = &stepper->ahead;
    const struct part *part = &stepper->part;
    const uint64_t start = part->start + part->rows;
    if (ahead->examples == NULL || start + part->rows > stepper->data->rows[DATA_TRAIN] ||
        atomic_exchange_explicit(&ahead->taken, true, memory_order_relaxed))
        return;
    sparse_gather(&ahead->sparse, stepper->data, DATA_TRAIN, part->order, start, part->rows);
    for (uint64_t r = 0; r < part->rows; r++)
        ahead->examples[r] = (uint32_t)slice_example(part->order, start + r);
    ahead->rows = part->rows;
}

bool stepper_take_ahead(struct stepper *stepper) {
    struct ahead *ahead = &stepper->ahead;
    const struct part *part = &stepper->part;
    bool same = ahead->rows == part->rows;
    for (uint64_t r = 0; r < part->rows && same; r++)
        same = ahead->examples[r] == slice_example(part->order, part->start + r);
    if (same) {
        const struct sparse_storage these = ahead->sparse;
        ahead->sparse = stepper->buffers.sparse;
        stepper->buffers.sparse = these;
    }
    ahead->rows = 0;
    atomic_store_explicit(&ahead->taken, false, memory_order_relaxed);
    return same;
}

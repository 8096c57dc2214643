#include "runner/train/model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096
#define STAGGER 9 /* cache lines from one allocation's offset to the next; odd, so that 64 of them differ */
#define LINE 64
#define SPARSE_SHARE 0.6   /* inputs that are not zero, of which fewer make sparse rows pay */
#define SPARSE_UNITS 64    /* inputs of a row, of which fewer are not worth it */
#define SPARSE_SAMPLE 1024 /* rows looked at */

static uint64_t nonzeros(const struct data *data, uint64_t row, uint64_t units) {
    uint64_t count = 0;
    if (data->element == RUNNER_U8) {
        const uint8_t *x = (const uint8_t *)data->inputs[DATA_TRAIN] + row * units;
        for (uint64_t j = 0; j < units; j++)
            count += x[j] != 0;
    } else {
        const float *x = (const float *)data->inputs[DATA_TRAIN] + row * units;
        for (uint64_t j = 0; j < units; j++)
            count += x[j] != 0;
    }
    return count;
}

void model_plan_input(struct model *model, const struct data *data) {
    uint64_t units = model->input_units, rows = data->rows[DATA_TRAIN], seen = 0, count = 0;
    model->sparse_input = false;
    if (data->inputs[DATA_TRAIN] == NULL || units < SPARSE_UNITS || units > UINT32_MAX || model->loss_input == 0 ||
        model->output == 0)
        return;
    for (size_t i = 1; i < model->n_nodes; i++)
        for (uint32_t k = 0; k < model->nodes[i].n_inputs; k++)
            if (model->nodes[i].inputs[k] == 0 && (k > 0 || (model->nodes[i].plan.flags & RUNNER_SPARSE_INPUT) == 0))
                return;
    uint64_t step = rows / SPARSE_SAMPLE + 1;
    for (uint64_t row = 0; row < rows; row += step, seen += units)
        count += nonzeros(data, row, units);
    model->sparse_input = (double)count < SPARSE_SHARE * (double)seen;
}

static uint64_t with_gaps(uint64_t count) {
    return count + 2 * PAGE / sizeof(float);
}

float *model_floats(struct arena *arena, uint64_t count, unsigned *turn) {
    uintptr_t start = (uintptr_t)arena_array(arena, with_gaps(count), sizeof(float));
    uintptr_t page = (start + PAGE - 1) / PAGE * PAGE;
    return (float *)(page + (uintptr_t)(*turn)++ * STAGGER % (PAGE / LINE) * LINE);
}

/* Keras' compute_fans: a vector counts in both directions; before the last two dimensions stands the receptive field. */
static void fans(runner_tensor *tensor) {
    const runner_shape *shape = &tensor->shape;
    if (tensor->fan_in != 0 && tensor->fan_out != 0)
        return;
    if (shape->rank < 2) {
        tensor->fan_in = tensor->fan_out = shape->rank == 0 ? 1 : shape->size[0];
        return;
    }
    uint64_t field = 1;
    for (uint32_t i = 0; i + 2 < shape->rank; i++)
        field *= shape->size[i];
    tensor->fan_in = field * shape->size[shape->rank - 2];
    tensor->fan_out = field * shape->size[shape->rank - 1];
}

static enum status fill(struct model *model, struct tensor *tensor, struct call *call, uint64_t seed, float *values) {
    runner_tensor described = *tensor->plan;
    const struct runner_part *part = described.initializer;
    if (part == NULL)
        return STATUS_OK;
    if (part->kind != RUNNER_INITIALIZER)
        return error_set(call->error, STATUS_CONFIG, "plugin of %s: the initializer of '%s' is a %s",
                         model->nodes[tensor->node].name, described.name, runner_kind_name(part->kind));
    fans(&described);
    call->random = random_key(seed, tensor->name, 0);
    call_reset(call);
    const runner_initializer_ops *ops = part->ops;
    if (ops->fill(part->config, &call->public, &described, values) == RUNNER_OK) {
        tensor_scatter(tensor, tensor->weights, values);
        return STATUS_OK;
    }
    if (!call->failed)
        error_set(call->error, STATUS_CONFIG, "fill() failed without a reason");
    return error_prefix(call->error, "%s of %s", part->name, tensor->name);
}

static uint64_t slot_elements(const struct tensor *tensor, uint32_t slot) {
    switch (tensor->optimizer.slot_shape[slot]) {
    case RUNNER_SLOT_ROWS: return tensor->rows;
    case RUNNER_SLOT_COLUMNS: return tensor->columns;
    default: return tensor_floats(tensor);
    }
}

/* What model_floats() takes for all weights and slots. */
static uint64_t bytes_of_tensors(const struct model *model) {
    uint64_t floats = 0;
    for (size_t i = 0; i < model->n_tensors; i++) {
        const struct tensor *tensor = &model->tensors[i];
        floats += with_gaps(tensor_floats(tensor));
        for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
            floats += with_gaps(slot_elements(tensor, s));
    }
    return floats * sizeof(float);
}

enum status model_initialize(struct model *model, uint64_t seed, struct error *error) {
    struct call call;
    call_init(&call, error);
    call.constants = model->constants;
    call.n_constants = model->n_constants;
    enum status status = STATUS_OK;
    unsigned turn = 0;
    arena_reserve(&model->arena, bytes_of_tensors(model));
    for (size_t i = 0; i < model->n_tensors && status == STATUS_OK; i++) {
        struct tensor *tensor = &model->tensors[i];
        tensor->weights = model_floats(&model->arena, tensor_floats(tensor), &turn);
        model->nodes[tensor->node].tensors[tensor->index] = (runner_view){
            .data = tensor->weights, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->pitch};
        float *values = memory_alloc(tensor->elements, sizeof *values);
        status = fill(model, tensor, &call, seed, values);
        free(values);
        for (uint32_t s = 0; s < tensor->optimizer.slots; s++) {
            uint64_t elements = slot_elements(tensor, s);
            tensor->slots[s] = model_floats(&model->arena, elements, &turn);
            for (uint64_t j = 0; tensor->optimizer.slot_initial[s] != 0 && j < elements; j++)
                tensor->slots[s][j] = tensor->optimizer.slot_initial[s];
        }
    }
    call_clear(&call);
    return status;
}

#include "runner/train/model.h"

#include <stdint.h>
#include <string.h>

#define PAGE 4096
#define STAGGER 9 /* cache lines from one allocation's offset to the next; odd, so that 64 of them differ */
#define LINE 64

float *model_floats(struct arena *arena, uint64_t count, unsigned *turn) {
    uintptr_t start = (uintptr_t)arena_array(arena, count + 2 * PAGE / sizeof(float), sizeof(float));
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

static enum status fill(struct model *model, struct tensor *tensor, struct call *call, uint64_t seed) {
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
    if (ops->fill(part->config, &call->public, &described, tensor->weights) == RUNNER_OK)
        return STATUS_OK;
    if (!call->failed)
        error_set(call->error, STATUS_CONFIG, "fill() failed without a reason");
    return error_prefix(call->error, "%s of %s", part->name, tensor->name);
}

static uint64_t slot_elements(const struct tensor *tensor, uint32_t slot) {
    switch (tensor->optimizer.slot_shape[slot]) {
    case RUNNER_SLOT_ROWS: return tensor->rows;
    case RUNNER_SLOT_COLUMNS: return tensor->columns;
    default: return tensor->elements;
    }
}

enum status model_initialize(struct model *model, uint64_t seed, struct error *error) {
    struct call call;
    call_init(&call, error);
    call.constants = model->constants;
    call.n_constants = model->n_constants;
    enum status status = STATUS_OK;
    unsigned turn = 0;
    for (size_t i = 0; i < model->n_tensors && status == STATUS_OK; i++) {
        struct tensor *tensor = &model->tensors[i];
        tensor->weights = model_floats(&model->arena, tensor->elements, &turn);
        model->nodes[tensor->node].tensors[tensor->index] = (runner_view){
            .data = tensor->weights, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->columns};
        status = fill(model, tensor, &call, seed);
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

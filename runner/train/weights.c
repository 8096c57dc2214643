#include "runner/train/weights.h"

void tensor_read(const struct tensor *tensor, float *values) {
    tensor_gather(tensor, tensor->weights, values);
}

void tensor_write(struct tensor *tensor, const float *values) {
    tensor_scatter(tensor, tensor->weights, values);
    tensor_transpose_all(tensor);
}

uint64_t weights_count(const struct model *model) {
    uint64_t count = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        count += model->tensors[t].elements;
    return count;
}

void weights_keep(struct weights_copy *copy, const struct model *model, uint64_t epoch, struct arena *arena) {
    if (copy->values == NULL)
        copy->values = arena_array(arena, weights_count(model), sizeof *copy->values);
    float *at = copy->values;
    for (size_t t = 0; t < model->n_tensors; at += model->tensors[t++].elements)
        tensor_read(&model->tensors[t], at);
    copy->epoch = epoch;
    copy->kept = true;
}

void weights_restore(const struct weights_copy *copy, struct model *model) {
    const float *at = copy->values;
    for (size_t t = 0; t < model->n_tensors; at += model->tensors[t++].elements)
        tensor_write(&model->tensors[t], at);
}

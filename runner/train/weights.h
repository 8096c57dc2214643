/*
 * Weights by value: between a tensor's storage, which is the engine's own, and plain values in Keras' shape and order
 * (row-major [elements]). Whoever reads or sets weights from outside the engine goes through these. [main] thread, between
 * updates.
 */
#ifndef RUNNER_TRAIN_WEIGHTS_H
#define RUNNER_TRAIN_WEIGHTS_H

#include "runner/train/model.h"

void tensor_read(const struct tensor *tensor, float *values);
void tensor_write(struct tensor *tensor, const float *values);

/* A copy of all tensors, states among them, as they were after an epoch. */
struct weights_copy {
    float *values; /* tensor after tensor; in the arena of the first weights_keep() */
    uint64_t epoch;
    bool kept;
};

/* Elements of all tensors. */
uint64_t weights_count(const struct model *model);
void weights_keep(struct weights_copy *copy, const struct model *model, uint64_t epoch, struct arena *arena);
void weights_restore(const struct weights_copy *copy, struct model *model);

#endif

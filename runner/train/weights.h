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

/* An .npz file of all tensors by name ("dense_1/kernel") to a descriptor: those of `copy`, or where that is NULL as they are. */
enum status weights_write_file(const struct model *model, const struct weights_copy *copy, int fd, struct error *error);
/* The same back: sets all tensors from the file of a resolved `init` (config/resolve.h), which may be NULL or null. STATUS_CONFIG
   where it changed since it was resolved, or does not fit: the text lists the names that are missing, unexpected or of
   another shape. With `check` nothing is set, and the model needs no memory of weights yet. */
enum status weights_read_init(struct model *model, const struct tree *init, bool check, struct error *error);

#endif

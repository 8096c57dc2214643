/*
 * A tensor of the model as a matrix in memory: the last dimension is the columns. Rows have gaps between them and may be cut into panels of
 * columns, so whoever wants plain values in Keras' order goes through tensor_gather() and tensor_scatter().
 */
#ifndef RUNNER_TRAIN_TENSOR_H
#define RUNNER_TRAIN_TENSOR_H

#include "runner/host/storage.h"
#include "runner/plugin.h"

#include <stdbool.h>

struct tensor {
    const char *name;
    const runner_tensor *plan;
    uint64_t rows, columns, elements; /* as a matrix: the last dimension is the columns */
    uint64_t panel;                   /* columns of a panel: weights, gradient and slots are [panels][rows][pitch] */
    uint64_t pitch;                   /* of a panel's rows */
    bool trained;
    uint32_t node, index;            /* whose it is, and which of that layer's */
    float *weights;                  /* [rows][columns] */
    float *gradient;                 /* likewise, or NULL where gradients are streamed */
    struct weights_storage storage;  /* the transposed weights, which the stepper keeps where backward() wants them */
    struct pending_storage *pending; /* [panels], or NULL: updates come with the next product that reads the weights */
    runner_optimizer_plan optimizer;
    float *slots[RUNNER_MAX_SLOTS];
    double weight_decay;          /* by the host; 0: none, or the tensor is excluded */
    bool decay_coupled;           /* added to the gradient rather than taken off the weights */
    const void *optimizer_config; /* the optimizer's, or for an excluded tensor one without weight decay */
};

/* Where element (row, column) of a matrix of the tensor's form stands; the rest of the panel's row follows it. */
static inline float *tensor_at(const struct tensor *tensor, float *matrix, uint64_t row, uint64_t column) {
    uint64_t panel = column / tensor->panel;
    return matrix + (panel * tensor->rows + row) * tensor->pitch + column % tensor->panel;
}

/* The slots of the weights from such a place on. */
static inline void tensor_slots_at(const struct tensor *tensor, uint64_t place, float *slots[RUNNER_MAX_SLOTS]) {
    for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
        slots[s] = tensor->slots[s] + place;
}

/* Floats of such a matrix. */
uint64_t tensor_floats(const struct tensor *tensor);
/* Copies [rows][columns] without gaps to such a matrix and back. */
void tensor_scatter(const struct tensor *tensor, float *matrix, const float *from);
void tensor_gather(const struct tensor *tensor, const float *matrix, float *to);
/* Brings the transposed weights, where there are some, up to date with a part of the weights that lies within a panel, or with all. */
void tensor_transpose(const struct tensor *tensor, uint64_t row, uint64_t rows, uint64_t column, uint64_t columns);
void tensor_transpose_all(const struct tensor *tensor);

#endif

/*
 * Rows on their way through a model: the buffers that hold a batch (or a part of one), and the passes over a run of rows.
 *
 * Functions on rows are [any] thread: they touch nothing but their rows of the buffers. Each buffer is [capacity][units] with the node's pitch.
 */
#ifndef RUNNER_TRAIN_SLICE_H
#define RUNNER_TRAIN_SLICE_H

#include "runner/train/model.h"

struct buffers {
    struct arena arena;
    uint64_t capacity;            /* rows */
    float **outputs;              /* [n_nodes]; one buffer may serve two nodes where a layer works in place */
    struct sparse_storage sparse; /* in place of outputs[0] where model.sparse_input */
    float **deltas;               /* [n_nodes]; NULL where none is wanted, and all of them while evaluating */
    unsigned char **saved;        /* [n_nodes] */
    int32_t *labels;              /* [capacity] where the data set has classes */
    float *one_hot, *values; /* [capacity][classes], [capacity][elements of the target]; NULL where nobody wants them */
    double *losses;          /* [capacity] */
};

/* With `deltas` for training, without for evaluation. Every slice that is gathered begins at a multiple of `group` rows. */
void buffers_init(struct buffers *buffers, const struct model *model, const struct data *data, uint64_t capacity,
                  uint64_t group, bool deltas);
/* From now on at a multiple of this one, which is a multiple of the first, and less than PRODUCT_TALL. */
void buffers_regroup(struct buffers *buffers, uint64_t group);
void buffers_clear(struct buffers *buffers);
/* Room for rows without a zero, in groups of `group` rows or of a multiple of that; what is not written costs no memory. With `sparse` NULL
   nothing is made. Returns its bytes. */
uint64_t buffers_make_sparse(struct sparse_storage *sparse, struct arena *arena, uint64_t rows, uint64_t group,
                             uint64_t units);
/* Bytes that they hold. */
uint64_t buffers_size(const struct model *model, const struct data *data, uint64_t capacity, uint64_t group,
                      bool deltas);

/* A run of rows of a batch: `first` and `rows` count within the buffers, `batch` is how many rows the buffers hold now. */
struct slice {
    const struct model *model;
    struct buffers *buffers;
    struct call *call;
    uint64_t first, rows, batch;
    uint64_t offset; /* of the buffers' first row in the whole batch (micro-batches) */
    bool training;
    uint64_t seed, update; /* of the noise; `update` counts from 0 */
};

/* Copies examples order[first] .. (or first .. where `order` is NULL) of a split into the buffers; `start` is the place of the buffers' row 0 in the
   order. */
void slice_gather(const struct slice *slice, const struct data *data, enum data_split split, const uint32_t *order,
                  uint64_t start);
/* The number of the example at a place of the order, which may be NULL. */
static inline uint64_t slice_example(const uint32_t *order, uint64_t place) {
    return order == NULL ? place : order[place];
}

/* The targets alone. */
void slice_gather_targets(const struct slice *slice, const struct data *data, enum data_split split,
                          const uint32_t *order, uint64_t start);
/* The inputs alone, of `rows` examples from place `start` on, to the only group of `sparse`. */
void sparse_gather(const struct sparse_storage *sparse, const struct data *data, enum data_split split,
                   const uint32_t *order, uint64_t start, uint64_t rows);
/* Fetches the example at a place of the order, if there is one, from memory: it will be gathered soon. */
void slice_fetch(const struct data *data, enum data_split split, const uint32_t *order, uint64_t place);
/* forward() of nodes from .. to - 1. */
void slice_forward(const struct slice *slice, runner_node from, runner_node to);
/* backward() of nodes from .. to + 1, downwards. */
void slice_backward(const struct slice *slice, runner_node from, runner_node to);
/* The same for columns first .. first + n of the outputs of node `from`, which has RUNNER_COLUMNS, and of the RUNNER_ELEMENTWISE nodes
   behind it, up to node to - 1. */
void slice_forward_columns(const struct slice *slice, runner_node from, runner_node to, uint64_t first, uint64_t n);
/* The same for RUNNER_ELEMENTWISE nodes alone. */
void slice_forward_elementwise(const struct slice *slice, runner_node from, runner_node to, uint64_t first, uint64_t n);
/* The share of elements row .. row + rows - 1 of its input in such columns of the output of a node with RUNNER_INPUT_SUM, to be added in their order.
   Where slice_keeps_zeros(), the output has the bits of slice_forward_columns() once all are. */
void slice_forward_share(const struct slice *slice, runner_node node, uint64_t first, uint64_t n, uint64_t row,
                         uint64_t rows);
/* No `slice_rows` of the node's input have so many zeros that their product with its tensor 0 skips them. */
bool slice_keeps_zeros(const struct slice *slice, runner_node node, uint64_t slice_rows);
/* The share of the input's delta that these columns of such a node's output give, into `share` [rows][pitch of the input]. */
void slice_backward_columns(const struct slice *slice, runner_node node, uint64_t first, uint64_t n, float *share);
/* The part of that share which belongs to elements row .. row + rows - 1 of the input, where the node has RUNNER_INPUT_COLUMNS. */
void slice_backward_block(const struct slice *slice, runner_node node, uint64_t row, uint64_t rows, uint64_t first,
                          uint64_t n, float *share);
/* backward() of RUNNER_ELEMENTWISE nodes from .. to + 1, downwards, for columns first .. first + n. */
void slice_backward_elementwise(const struct slice *slice, runner_node from, runner_node to, uint64_t first,
                                uint64_t n);
/* Losses into the buffers, and, with deltas, scale times their derivative; returns their sum in the order of rows. */
double slice_loss(const struct slice *slice, float scale);
/* Adds to the sums of all metrics. */
void slice_metrics(const struct slice *slice, double *sums);
/* The statistics of a layer across the batch, added to sums. */
void slice_reduce(const struct slice *slice, runner_node node, double *sums);
void slice_reduce_delta(const struct slice *slice, runner_node node, double *sums);
/* Adds alpha times the gradient of a tile over all rows of the slice into `into`. */
void slice_gradient(const struct slice *slice, const struct tensor *tensor, const runner_tile *tile, float alpha,
                    const runner_view *into);
/* to = alpha times that gradient + beta to, for tensor 0 of a layer with RUNNER_OUTER_GRADIENT, by a product of the host's own. */
void slice_outer_gradient(const struct slice *slice, const struct tensor *tensor, const runner_tile *tile, float alpha,
                          float beta, const runner_view *to);

#endif

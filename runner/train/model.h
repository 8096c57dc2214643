/*
 * A trial's network: leaf layers in an order in which inputs come before outputs, their tensors, the loss, the metrics and the
 * optimizer, all bound to plugins and planned. [main] thread builds it; read-only while training but for weights and slots.
 *
 * Node 0 is the batch's input and has no layer. Layers are named as in Keras: component and number ("dense_2"), counted from
 * 1 over the whole model; a tensor is LAYER/NAME ("dense_2/kernel").
 */
#ifndef RUNNER_TRAIN_MODEL_H
#define RUNNER_TRAIN_MODEL_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/base/tree.h"
#include "runner/host/data.h"
#include "runner/host/part.h"
#include "runner/host/products.h"
#include "runner/host/services.h"
#include "runner/train/tensor.h"

#include <stdbool.h>

struct node {
    const char *name, *component; /* "dense_1", "dense" */
    const char *path;             /* place in the trial: "model.0" */
    const struct runner_layer_ops *ops;
    void *config;
    runner_plan plan;
    runner_node inputs[RUNNER_MAX_INPUTS];
    uint32_t n_inputs, n_consumers;
    uint64_t units;       /* elements of the output */
    uint64_t pitch;       /* of its rows in the buffers */
    bool delta_wanted;    /* a trained tensor stands at or before this node */
    size_t first_tensor;  /* of plan.n_tensors in model.tensors */
    uint64_t chunk;       /* columns of its output that are computed at a time; `units` but in a step cut by columns */
    runner_view *tensors; /* [plan.n_tensors], whole; not to be used where chunk < units */
    double *statistics, *delta_statistics;
};

struct metric {
    const struct runner_part *part;
    runner_metric_plan plan;
    uint32_t first_sum; /* its place among the sums of all metrics */
};

/* What the host does to gradients for every optimizer; 0: nothing. As in Keras at most one of them is set. */
struct clipping {
    double norm;        /* of each tensor's gradient */
    double global_norm; /* of all gradients together */
    double value;       /* of each element */
};

struct model {
    struct arena arena;
    struct node *nodes;
    size_t n_nodes, nodes_capacity;
    struct tensor *tensors;
    size_t n_tensors;
    runner_node output;     /* what metrics see */
    runner_node loss_input; /* what the loss sees: the output, or the input of the final activation */
    const struct runner_part *loss;
    runner_loss_plan loss_plan;
    bool from_logits;
    struct metric *metrics;
    size_t n_metrics;
    uint32_t n_sums; /* of all metrics together */
    const struct runner_part *optimizer;
    const struct runner_part *schedule; /* of the learning rate; NULL: `rate` */
    double rate;
    struct clipping clipping;
    enum gemm gemm;
    uint64_t input_units;
    const runner_constant *constants; /* of the data set, n_constants of them */
    uint32_t n_constants;
    bool sparse_input; /* the layers get the rows of the batch without their zeros */
};

/* Builds and plans; no weights yet. `where` gets the path within the trial that is at fault. */
enum status model_build(const struct loader *loader, const struct tree *trial, const struct data *data,
                        struct model *model, struct text *where, struct error *error);
/* The same in two parts: all but the optimizer, then the optimizer, which may be planned again with another. */
enum status model_build_layers(const struct loader *loader, const struct tree *trial, const struct data *data,
                               struct model *model, struct text *where, struct error *error);
enum status model_build_optimizer(const struct loader *loader, const struct tree *trial, struct model *model,
                                  struct text *where, struct error *error);
/* Allocates weights and slots and fills them: weights by their initializers, keyed by `seed` and the tensor's name. */
enum status model_initialize(struct model *model, uint64_t seed, struct error *error);
void model_clear(struct model *model);
/* Decides sparse_input from the data: worth it where a good part of the inputs is zero and the layers that read them can. */
void model_plan_input(struct model *model, const struct data *data);
/* Rows of a batch that fill the registers of a product, and from which on the weights are a small part of what a core reads. */
enum { MODEL_FEW_ROWS = 32, MODEL_MANY_ROWS = 128 };
/* Of what a layer is cut into: fewer, and its products would not skip zeros as one of the whole layer does (products.c). */
enum { MODEL_LEAST_COLUMNS = 64 };
/* A step of so many rows may be cut by layers (step_layers.c). Between model_build() and model_initialize(), or later. */
bool model_by_layers(const struct model *model, uint64_t batch_rows, uint64_t micro_rows);
/* Between model_build() and model_initialize(): cuts the layers that are better trained by columns where a batch has so many rows. */
void model_plan_columns(struct model *model, uint64_t batch_rows, uint64_t micro_rows);

/* Every layer reads the one before it alone, and nothing in the model needs all rows at once or sums by groups of rows. */
bool model_is_chain(const struct model *model);
/* A layer of many weights, whose output's columns have columns of them for themselves. */
bool model_has_columns(const struct model *model, runner_node index);
/* In a chain: columns of this layer may run for themselves. */
bool model_is_elementwise(const struct model *model, runner_node index);

/* Memory for `count` floats, zeroed, 64-byte aligned, at offsets modulo 4096 that differ from one call to the next: equal offsets of
   weights, gradient and slots make the caches fight. Lives as long as the arena. */
float *model_floats(struct arena *arena, uint64_t count, unsigned *turn);

#endif

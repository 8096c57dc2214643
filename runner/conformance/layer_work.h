/* A leaf layer at work: statistics, forward, backward and the gradient of each tensor, in the variants that the engine may choose. */
#ifndef RUNNER_CONFORMANCE_LAYER_WORK_H
#define RUNNER_CONFORMANCE_LAYER_WORK_H

#include "runner/conformance/kinds.h"

/* What a component appends to a model: its own leaf layers, and those of components within it. */
struct leaf {
    const runner_layer_ops *ops;
    void *config; /* guarded */
    runner_plan plan;
    bool own;
};

struct layer_variant {
    bool evaluating;  /* training is 0 */
    bool spoil;       /* what the plan does not ask to be kept is gone after forward(), and tensors in gradient() */
    bool in_place;    /* output over input 0, its delta over the output's */
    bool unwanted;    /* nobody wants input deltas */
    bool hidden;      /* views without data where the plan allows it */
    uint64_t columns; /* forward() and backward() are asked for so many columns at a time; 0: all */
    bool cut_inputs;  /* elementwise: inputs and the output's delta are cut along */
    bool cut_tensors; /* as dense: tensors are cut along, and backward() gives each cut's share of the input's delta */
    bool input_columns; /* only backward() is cut, by columns of input 0 and with them by rows of tensor 0 */
    bool input_sum; /* only forward() is cut so: it gets the first of them, and the host adds what the others give */
};

struct layer_work {
    struct work work;
    struct leaf leaf;
    struct layer_variant variant;
    uint64_t rows;
    struct matrix inputs[RUNNER_MAX_INPUTS], output, weights, input_deltas[RUNNER_MAX_INPUTS];
    struct matrix tensors[RUNNER_MAX_TENSORS], gradients[RUNNER_MAX_TENSORS], share;
    struct hidden hidden_input, hidden_tensors[RUNNER_MAX_TENSORS];
    unsigned char *saved;
    double *statistics, *delta_statistics;
};

enum layer_phase { PHASE_REDUCE, PHASE_FORWARD, PHASE_REDUCE_DELTA, PHASE_BACKWARD, PHASE_GRADIENT };

/* The views of one call. */
struct layer_views {
    runner_rows rows;
    runner_view inputs[RUNNER_MAX_INPUTS], output, output_delta, input_deltas[RUNNER_MAX_INPUTS],
        tensors[RUNNER_MAX_TENSORS];
};
void layer_views_init(struct layer_views *views, const struct layer_work *own, uint64_t first, uint64_t rows);

/* Phases first .. last, one job each, without looking at memory afterwards. */
void layer_run_phases(struct layer_work *own, unsigned first, unsigned last);

/* Expands the component over an input of this shape. The number of leaves; 0 after a refusal. */
enum { MAX_LEAVES = 64 };
uint32_t layer_expand(struct subject *subject, const runner_shape *input, struct leaf leaves[MAX_LEAVES]);

#endif

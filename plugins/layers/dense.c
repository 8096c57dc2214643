/* Fully connected layers. dense: y = activation(x W + b), with Keras' parameters; unlike Keras' it reads any input as one
   flat vector. W is "kernel" [in][units], b is "bias" [units]. maxout (Goodfellow et al. 2013): the largest of `pieces` such
   outputs for each unit, those of unit u being columns u * pieces ... of W [in][units * pieces]. */
#include <runner/plugin.h>
#include <string.h>

#define MAX_WEIGHTS (UINT64_C(1) << 40)

struct dense {
    int64_t units, pieces; /* dense has no pieces: 0 stands for one */
    const runner_part *activation;
    int32_t use_bias;
    const runner_part *kernel_initializer, *bias_initializer;
    const runner_part *kernel_regularizer, *bias_regularizer, *kernel_constraint, *bias_constraint;
};

#define BIAS_PARAM RUNNER_PARAM_BOOL(struct dense, use_bias, "true", "whether a bias is added")
#define WEIGHT_PARAMS                                                                                                  \
    RUNNER_PARAM_PART(struct dense, kernel_initializer, RUNNER_INITIALIZER, "glorot_uniform",                          \
                      "first values of the kernel [inputs][units]"),                                                   \
        RUNNER_PARAM_PART(struct dense, bias_initializer, RUNNER_INITIALIZER, "zeros",                                 \
                          "first values of the bias [units]"),                                                         \
        RUNNER_PARAM_PART(struct dense, kernel_regularizer, RUNNER_REGULARIZER, "null", "penalty of the kernel"),      \
        RUNNER_PARAM_PART(struct dense, bias_regularizer, RUNNER_REGULARIZER, "null", "penalty of the bias"),          \
        RUNNER_PARAM_PART(struct dense, kernel_constraint, RUNNER_CONSTRAINT, "null", "bounds of the kernel"),         \
        RUNNER_PARAM_PART(struct dense, bias_constraint, RUNNER_CONSTRAINT, "null", "bounds of the bias")

static const runner_param dense_params[] = {
    RUNNER_PARAM_INT(struct dense, units, NULL, 1, INT32_MAX, "number of outputs"),
    RUNNER_PARAM_PART(struct dense, activation, RUNNER_LAYER, "null", "layer that the outputs pass through"),
    BIAS_PARAM,
    WEIGHT_PARAMS,
};

static const runner_param maxout_params[] = {
    RUNNER_PARAM_INT(struct dense, units, NULL, 1, INT32_MAX, "number of outputs"),
    RUNNER_PARAM_INT(struct dense, pieces, "2", 1, 65535, "linear pieces that each output is the largest of"),
    BIAS_PARAM,
    WEIGHT_PARAMS,
};

enum { KERNEL, BIAS };

static int plan(void *config, runner_call *call, runner_plan *plan) {
    const struct dense *dense = config;
    uint64_t inputs = runner_elements(&plan->inputs[0]), units = (uint64_t)dense->units;
    units *= dense->pieces > 0 ? (uint64_t)dense->pieces : 1;
    if (inputs == 0 || inputs > UINT32_MAX || units > UINT32_MAX || inputs > MAX_WEIGHTS / units)
        return call->host->fail(call, "dense of %llu units cannot take %llu inputs: the kernel would have %s",
                                (unsigned long long)units, (unsigned long long)inputs,
                                inputs == 0 ? "no values" : "more than 2^40 values");
    plan->output = (runner_shape){.rank = 1, .size = {(uint32_t)units}};
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_SPARSE_INPUT | RUNNER_COLUMNS | RUNNER_INPUT_COLUMNS | RUNNER_INPUT_ROWS |
                  RUNNER_OUTER_GRADIENT | RUNNER_INPUT_SUM | (plan->inputs[0].rank == 1 ? 0 : RUNNER_FLATTEN);
    plan->tensors[KERNEL] = (runner_tensor){.name = "kernel",
                                            .flags = RUNNER_PRODUCT,
                                            .shape = {.rank = 2, .size = {(uint32_t)inputs, (uint32_t)units}},
                                            .initializer = dense->kernel_initializer,
                                            .regularizer = dense->kernel_regularizer,
                                            .constraint = dense->kernel_constraint};
    plan->tensors[BIAS] = (runner_tensor){.name = "bias",
                                          .shape = plan->output,
                                          .initializer = dense->bias_initializer,
                                          .regularizer = dense->bias_regularizer,
                                          .constraint = dense->bias_constraint};
    plan->n_tensors = dense->use_bias ? 2 : 1;
    return RUNNER_OK;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct dense *dense = config;
    const runner_view *y = run->output;
    if (dense->use_bias)
        for (uint64_t i = 0; i < y->rows; i++)
            memcpy(y->data + i * y->pitch, run->tensors[BIAS].data, y->columns * sizeof(float));
    call->host->product(call, 0, 1.0f, &run->inputs[0], &run->tensors[KERNEL], dense->use_bias ? 1.0f : 0.0f, y);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    if (run->input_deltas[0].rows > 0)
        call->host->product(call, RUNNER_TRANSPOSE_B, 1.0f, run->output_delta, &run->tensors[KERNEL], 0.0f,
                            &run->input_deltas[0]);
}

static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    (void)config;
    runner_view delta = runner_columns(run->output_delta, tile->column, tile->columns);
    if (tile->tensor == KERNEL) {
        runner_view inputs = runner_columns(&run->inputs[0], tile->row, tile->rows);
        call->host->product(call, RUNNER_TRANSPOSE_A, alpha, &inputs, &delta, 1.0f, into);
        return;
    }
    for (uint64_t i = 0; i < delta.rows; i++) /* row by row, so that every cut of the batch adds in the same order */
        for (uint64_t j = 0; j < delta.columns; j++)
            into->data[j] += alpha * delta.data[i * delta.pitch + j];
}

static const runner_layer_ops product_ops = {
    .size = sizeof product_ops, .plan = plan, .forward = forward, .backward = backward, .gradient = gradient};

static runner_node dense_expand(const void *config, runner_build *build, runner_node input) {
    const struct dense *dense = config;
    runner_node node = build->append(build, &product_ops, dense, sizeof *dense, &input, 1);
    if (node == RUNNER_NO_NODE || dense->activation == NULL)
        return node;
    return build->append_part(build, dense->activation, node);
}

/* ---- The largest of each unit's pieces ---- */

static int max_plan(void *config, runner_call *call, runner_plan *plan) {
    (void)call;
    const struct dense *maxout = config;
    plan->output = (runner_shape){.rank = 1, .size = {(uint32_t)maxout->units}};
    plan->flags = RUNNER_KEEP_INPUT;
    return RUNNER_OK;
}

/* The first of equals; NaN is above all. */
static uint64_t largest(const float *x, uint64_t n) {
    uint64_t best = 0;
    for (uint64_t k = 1; k < n; k++)
        best = x[k] > x[best] || (x[k] != x[k] && x[best] == x[best]) ? k : best;
    return best;
}

static void max_forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    uint64_t pieces = (uint64_t)((const struct dense *)config)->pieces;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0; j < run->output->columns; j++)
            y[j] = x[j * pieces + largest(x + j * pieces, pieces)];
    }
}

static void max_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    uint64_t pieces = (uint64_t)((const struct dense *)config)->pieces;
    const runner_view *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        memset(dx, 0, into->columns * sizeof *dx);
        for (uint64_t j = 0; j < run->output_delta->columns; j++)
            dx[j * pieces + largest(x + j * pieces, pieces)] = d[j];
    }
}

static const runner_layer_ops max_ops = {
    .size = sizeof max_ops, .plan = max_plan, .forward = max_forward, .backward = max_backward};

static runner_node maxout_expand(const void *config, runner_build *build, runner_node input) {
    runner_node node = build->append(build, &product_ops, config, sizeof(struct dense), &input, 1);
    return node == RUNNER_NO_NODE ? node : build->append(build, &max_ops, config, sizeof(struct dense), &node, 1);
}

static const runner_layer_ops dense_ops = {.size = sizeof dense_ops, .expand = dense_expand};
static const runner_layer_ops maxout_ops = {.size = sizeof maxout_ops, .expand = maxout_expand};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct dense),
     .name = "dense",
     .doc = "fully connected layer: activation(x kernel + bias)",
     .params = dense_params,
     .n_params = RUNNER_COUNT(dense_params),
     .ops = &dense_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct dense),
     .name = "maxout",
     .doc = "fully connected layer whose outputs are the largest of several linear pieces each",
     .params = maxout_params,
     .n_params = RUNNER_COUNT(maxout_params),
     .ops = &maxout_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* A fully connected layer, y = activation(x W + b), with Keras' parameters. Unlike Keras' it reads any input as one flat
   vector. W is "kernel" [in][units], b is "bias" [units]. */
#include <runner/plugin.h>
#include <string.h>

#define MAX_WEIGHTS (UINT64_C(1) << 40)

struct dense {
    int64_t units;
    const runner_part *activation;
    int32_t use_bias;
    const runner_part *kernel_initializer, *bias_initializer;
};

static const runner_param params[] = {
    RUNNER_PARAM_INT(struct dense, units, NULL, 1, INT32_MAX, "number of outputs"),
    RUNNER_PARAM_PART(struct dense, activation, RUNNER_LAYER, "null", "layer that the outputs pass through"),
    RUNNER_PARAM_BOOL(struct dense, use_bias, "true", "whether a bias is added"),
    RUNNER_PARAM_PART(struct dense, kernel_initializer, RUNNER_INITIALIZER, "glorot_uniform",
                      "first values of the kernel [inputs][units]"),
    RUNNER_PARAM_PART(struct dense, bias_initializer, RUNNER_INITIALIZER, "zeros", "first values of the bias [units]"),
};

enum { KERNEL, BIAS };

static int plan(void *config, runner_call *call, runner_plan *plan) {
    const struct dense *dense = config;
    uint64_t inputs = runner_elements(&plan->inputs[0]), units = (uint64_t)dense->units;
    if (inputs == 0 || inputs > UINT32_MAX || inputs > MAX_WEIGHTS / units)
        return call->host->fail(call, "dense of %llu units cannot take %llu inputs: the kernel would have %s",
                                (unsigned long long)units, (unsigned long long)inputs,
                                inputs == 0 ? "no values" : "more than 2^40 values");
    plan->output = (runner_shape){.rank = 1, .size = {(uint32_t)units}};
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_SPARSE_INPUT | (plan->inputs[0].rank == 1 ? 0 : RUNNER_FLATTEN);
    plan->tensors[KERNEL] = (runner_tensor){.name = "kernel",
                                            .flags = RUNNER_PRODUCT,
                                            .shape = {.rank = 2, .size = {(uint32_t)inputs, (uint32_t)units}},
                                            .initializer = dense->kernel_initializer};
    plan->tensors[BIAS] =
        (runner_tensor){.name = "bias", .shape = plan->output, .initializer = dense->bias_initializer};
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

static runner_node expand(const void *config, runner_build *build, runner_node input) {
    const struct dense *dense = config;
    runner_node node = build->append(build, &product_ops, dense, sizeof *dense, &input, 1);
    if (node == RUNNER_NO_NODE || dense->activation == NULL)
        return node;
    return build->append_part(build, dense->activation, node);
}

static const runner_layer_ops ops = {.size = sizeof ops, .expand = expand};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct dense),
     .name = "dense",
     .doc = "fully connected layer: activation(x kernel + bias)",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

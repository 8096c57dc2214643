/* Initializers that draw nothing: zeros, ones, constant. */
#include <runner/plugin.h>

struct constant {
    double value;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct constant, value, "0.0", -3e38, 3e38, "the value of all"),
};

static int fill(const runner_tensor *tensor, double value, float *values) {
    uint64_t n = runner_elements(&tensor->shape);
    for (uint64_t i = 0; i < n; i++)
        values[i] = (float)value;
    return RUNNER_OK;
}

static int zeros(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    (void)config, (void)call;
    return fill(tensor, 0.0, values);
}

static int ones(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    (void)config, (void)call;
    return fill(tensor, 1.0, values);
}

static int constant(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    (void)call;
    const struct constant *constant = config;
    return fill(tensor, constant->value, values);
}

static const runner_initializer_ops zeros_ops = {.size = sizeof zeros_ops, .fill = zeros};
static const runner_initializer_ops ones_ops = {.size = sizeof ones_ops, .fill = ones};
static const runner_initializer_ops constant_ops = {.size = sizeof constant_ops, .fill = constant};

static const runner_component components[] = {
    {.kind = RUNNER_INITIALIZER, .name = "zeros", .doc = "all values 0", .ops = &zeros_ops},
    {.kind = RUNNER_INITIALIZER, .name = "ones", .doc = "all values 1", .ops = &ones_ops},
    {.kind = RUNNER_INITIALIZER,
     .config_size = sizeof(struct constant),
     .name = "constant",
     .doc = "all values the same",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &constant_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

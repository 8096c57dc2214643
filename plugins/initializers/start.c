/* An initializer that takes the values of a constant of the data set, such as the start of a quadratic problem. */
#include <math.h>
#include <runner/plugin.h>

struct start {
    const char *constant;
    double otherwise;
};

static const runner_param params[] = {
    RUNNER_PARAM_TEXT(struct start, constant, "start", "name of the data set's constant"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct start, otherwise, RUNNER_NULLABLE, 0, "0.0", -3e38, 3e38, NULL,
                  "the value of all where the data set has no such constant; null: an error"),
};

static int fill(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct start *start = config;
    const runner_constant *constant = call->host->constant(call, start->constant);
    uint64_t n = runner_elements(&tensor->shape);
    if (constant == NULL && isnan(start->otherwise))
        return call->host->fail(
            call, "the data set has no constant '%s'; quadratic has `start`, and npz what `constants` names",
            start->constant);
    if (constant != NULL && runner_elements(&constant->shape) != n)
        return call->host->fail(call, "the data set's constant '%s' has %llu values, but the tensor has %llu",
                                start->constant, (unsigned long long)runner_elements(&constant->shape),
                                (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++)
        values[i] = constant != NULL ? constant->values[i] : (float)start->otherwise;
    return RUNNER_OK;
}

static const runner_initializer_ops ops = {.size = sizeof ops, .fill = fill};

static const runner_component components[] = {
    {.kind = RUNNER_INITIALIZER,
     .config_size = sizeof(struct start),
     .name = "start",
     .doc = "a constant of the data set",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

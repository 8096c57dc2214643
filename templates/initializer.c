/* skeleton: uniform within gain / sqrt(fan_in). Begin here: `make` builds it, `make test` checks it, `make run` trains with it. */
#include <math.h>
#include <runner/plugin.h>

struct config {
    double gain;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, gain, "1.0", 0, 1e6, "limit times the root of fan_in"),
};

/* All values in row-major order of tensor->shape. The numbers are keyed by the seed and the tensor's name. */
static int fill(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct config *own = (const struct config *)config;
    uint64_t n = runner_elements(&tensor->shape);
    float limit = (float)(own->gain / sqrt((double)(tensor->fan_in > 0 ? tensor->fan_in : 1)));
    call->host->uniform(call, 0, 0, n, values);
    for (uint64_t i = 0; i < n; i++)
        values[i] = limit * (2.0f * values[i] - 1.0f);
    return RUNNER_OK;
}

static const runner_initializer_ops ops = {sizeof(runner_initializer_ops), 0, fill};

static const runner_component components[] = {
    {RUNNER_INITIALIZER, sizeof(struct config), "skeleton", "uniform within gain / sqrt(fan_in)", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

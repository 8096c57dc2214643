/* Lion (Chen et al. 2023), as the paper and Keras have it: w -= rate sign(beta_1 m + (1 - beta_1) g), then
   m = beta_2 m + (1 - beta_2) g. PyTorch has none. */
#include <runner/plugin.h>

struct lion {
    double learning_rate, beta_1, beta_2;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct lion, learning_rate, "0.001", "step length, the same for all weights"),
    RUNNER_PARAM_FLOAT(struct lion, beta_1, "0.9", 0, 1, "share of the mean in the direction"),
    RUNNER_PARAM_FLOAT(struct lion, beta_2, "0.99", 0, 1, "decay of the mean of the gradient"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->slots = 1;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct lion *lion = config;
    float rate = (float)step->rate, beta_1 = (float)lion->beta_1, beta_2 = (float)lion->beta_2;
    float gain_1 = (float)(1.0 - lion->beta_1), gain_2 = (float)(1.0 - lion->beta_2);
    float *restrict m = slots[0];
    for (uint64_t i = 0; i < n; i++) {
        float blend = m[i] * beta_1 + g[i] * gain_1;
        float sign = blend > 0.0f ? 1.0f : blend < 0.0f ? -1.0f : blend; /* 0, or NaN, which must show */
        w[i] -= rate * sign;
        m[i] = m[i] * beta_2 + g[i] * gain_2;
    }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct lion),
     .name = "lion",
     .doc = "sign of a mean of the gradient",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* RMSprop (Hinton 2012) in Keras' form: v = rho v + (1 - rho) g^2, w -= rate g / sqrt(v + epsilon); centered, the square of
   a mean of g is taken off v. With momentum that step goes into b = momentum b + step, w -= b. PyTorch adds epsilon to the
   root (epsilon_inside_root: false) and takes the rate out of b (rate_in_momentum: false), which differs once it changes. */
#include <math.h>
#include <runner/plugin.h>

struct rmsprop {
    double learning_rate, rho, momentum, epsilon;
    int32_t centered, epsilon_inside_root, rate_in_momentum;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct rmsprop, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_FLOAT(struct rmsprop, rho, "0.9", 0, 1, "decay of the mean of the squared gradient"),
    RUNNER_PARAM_FLOAT(struct rmsprop, momentum, "0.0", 0, 1, "share of the last step that is kept"),
    RUNNER_PARAM_FLOAT(struct rmsprop, epsilon, "1e-7", 0, 1e30, "added to that mean"),
    RUNNER_PARAM_BOOL(struct rmsprop, centered, "false", "whether the variance is used in place of the mean square"),
    RUNNER_PARAM_BOOL(struct rmsprop, epsilon_inside_root, "true", "false: epsilon is added to the root (PyTorch)"),
    RUNNER_PARAM_BOOL(struct rmsprop, rate_in_momentum, "true", "false: the rate multiplies the momentum (PyTorch)"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct rmsprop *rmsprop = config;
    plan->slots = 1u + (rmsprop->momentum > 0) + (rmsprop->centered != 0);
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct rmsprop *rmsprop = config;
    float rho = (float)rmsprop->rho, gain = (float)(1.0 - rmsprop->rho), momentum = (float)rmsprop->momentum;
    float inside = rmsprop->epsilon_inside_root ? (float)rmsprop->epsilon : 0.0f;
    float outside = rmsprop->epsilon_inside_root ? 0.0f : (float)rmsprop->epsilon;
    float inner = rmsprop->rate_in_momentum ? (float)step->rate : 1.0f;
    float outer = rmsprop->rate_in_momentum ? 1.0f : (float)step->rate;
    float *restrict v = slots[0];
    float *restrict kept = rmsprop->momentum > 0 ? slots[1] : NULL;
    float *restrict mean = rmsprop->centered ? slots[kept != NULL ? 2 : 1] : NULL;
    for (uint64_t i = 0; i < n; i++) {
        v[i] = rho * v[i] + gain * (g[i] * g[i]);
        float square = v[i] + inside;
        if (mean != NULL) {
            mean[i] = rho * mean[i] + gain * g[i];
            float variance = v[i] - mean[i] * mean[i] + inside;
            square = variance < 0.0f ? inside : variance; /* where rounding took it below 0 */
        }
        float change = inner * g[i] / (sqrtf(square) + outside);
        if (kept != NULL)
            change = kept[i] = momentum * kept[i] + change;
        w[i] -= outer * change;
    }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct rmsprop),
     .name = "rmsprop",
     .doc = "gradient over the root of a running mean of its square",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* Stochastic gradient descent in Keras' form: v = momentum v - rate g, w += v; with nesterov w += momentum v - rate g.
   PyTorch takes the rate out of v (rate_in_momentum: false), which differs once it changes, and has a dampening d, by which
   v takes up (1 - d) g in place of g, but for the first update. */
#include <runner/plugin.h>

struct sgd {
    double learning_rate, momentum, dampening;
    int32_t nesterov, rate_in_momentum;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct sgd, learning_rate, "0.01", "step length"),
    RUNNER_PARAM_FLOAT(struct sgd, momentum, "0.0", 0, 1, "share of the last step that is kept"),
    RUNNER_PARAM_BOOL(struct sgd, nesterov, "false", "whether the momentum looks one step ahead"),
    RUNNER_PARAM_FLOAT(struct sgd, dampening, "0.0", 0, 1,
                       "share of a gradient that the momentum leaves out (PyTorch)"),
    RUNNER_PARAM_BOOL(struct sgd, rate_in_momentum, "true", "false: the rate multiplies the momentum (PyTorch)"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct sgd *sgd = config;
    if (sgd->momentum > 0)
        plan->slots = 1;
    else
        plan->flags = RUNNER_LINEAR | RUNNER_ZERO_IS_NOOP;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct sgd *sgd = config;
    float rate = (float)step->rate, momentum = (float)sgd->momentum;
    if (!(sgd->momentum > 0)) {
        for (uint64_t i = 0; i < n; i++)
            w[i] -= rate * g[i];
        return;
    }
    float *restrict v = slots[0];
    float inner = sgd->rate_in_momentum ? rate : 1.0f, outer = sgd->rate_in_momentum ? 1.0f : rate;
    float damped = step->number > 1 ? (float)(1.0 - sgd->dampening) * inner : inner;
    if (sgd->nesterov)
        for (uint64_t i = 0; i < n; i++) {
            v[i] = momentum * v[i] - damped * g[i];
            w[i] += outer * (momentum * v[i] - inner * g[i]);
        }
    else
        for (uint64_t i = 0; i < n; i++) {
            v[i] = momentum * v[i] - damped * g[i];
            w[i] += outer * v[i];
        }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct sgd),
     .name = "sgd",
     .doc = "gradient descent, with momentum where it is not 0",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

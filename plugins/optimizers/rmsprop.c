/* RMSprop (Hinton 2012) in Keras' form: v = rho v + (1 - rho) g^2, w -= rate g / sqrt(v + epsilon); centered, the square of
   a mean of g is taken off v. With momentum that step goes into b = momentum b + step, w -= b. PyTorch adds epsilon to the
   root (epsilon_inside_root: false) and takes the rate out of b (rate_in_momentum: false), which differs once it changes. */
#include <math.h>
#include <runner/plugin.h>
#include <stdbool.h>

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

/* Float constants of one update, and the slots: `kept` with momentum, `mean` where centered. */
struct run {
    float rho, gain, momentum, inside, outside, inner, outer;
    float *v, *kept, *mean;
};

/* A copy for each form, without a branch in the loop, which the compiler would not turn into vectors otherwise. */
static inline __attribute__((always_inline)) void run_step(const bool moves, const bool centered, const struct run *run,
                                                           uint64_t n, float *restrict w, const float *restrict g) {
    const struct run r = *run;
    float *restrict v = r.v, *restrict kept = r.kept, *restrict mean = r.mean;
    for (uint64_t i = 0; i < n; i++) {
        v[i] = r.rho * v[i] + r.gain * (g[i] * g[i]);
        float square = v[i] + r.inside;
        if (centered) {
            mean[i] = r.rho * mean[i] + r.gain * g[i];
            float variance = v[i] - mean[i] * mean[i] + r.inside;
            square = variance < 0.0f ? r.inside : variance; /* where rounding took it below 0 */
        }
        float change = r.inner * g[i] / (sqrtf(square) + r.outside);
        if (moves)
            change = kept[i] = r.momentum * kept[i] + change;
        w[i] -= r.outer * change;
    }
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    const struct rmsprop *rmsprop = config;
    const bool moves = rmsprop->momentum > 0, centered = rmsprop->centered != 0;
    const struct run run = {
        .rho = (float)rmsprop->rho,
        .gain = (float)(1.0 - rmsprop->rho),
        .momentum = (float)rmsprop->momentum,
        .inside = rmsprop->epsilon_inside_root ? (float)rmsprop->epsilon : 0.0f,
        .outside = rmsprop->epsilon_inside_root ? 0.0f : (float)rmsprop->epsilon,
        .inner = rmsprop->rate_in_momentum ? (float)step->rate : 1.0f,
        .outer = rmsprop->rate_in_momentum ? 1.0f : (float)step->rate,
        .v = slots[0],
        .kept = moves ? slots[1] : NULL,
        .mean = centered ? slots[moves ? 2 : 1] : NULL,
    };
    if (moves && centered)
        run_step(true, true, &run, n, w, g);
    else if (moves)
        run_step(true, false, &run, n, w, g);
    else if (centered)
        run_step(false, true, &run, n, w, g);
    else
        run_step(false, false, &run, n, w, g);
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

/* skeleton: gradient descent with momentum. Begin here: `make` builds it, `make test` checks it, `make run` trains with it. */
#include <runner/plugin.h>

/* What a config may set. The host reads it by the table below; the plugin sees the struct alone. */
struct config {
    double learning_rate, momentum;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length; a number or a schedule"),
    RUNNER_PARAM_FLOAT(struct config, momentum, "0.9", 0, 1, "share of the last step that is kept"),
};

/* For each tensor: slots are values that the host keeps beside every weight from update to update. They start at 0. */
static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->slots = 1;
    return RUNNER_OK;
}

/* For a run of n weights, by several threads on different runs. The rate is a schedule's where the config has one. */
static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    const struct config *own = (const struct config *)config;
    float rate = (float)step->rate, momentum = (float)own->momentum, *velocity = slots[0];
    for (uint64_t i = 0; i < n; i++) {
        velocity[i] = momentum * velocity[i] - rate * g[i];
        w[i] += velocity[i];
    }
}

/* No begin(), step_tensor(), step_zeros() and step_outer(). */
static const runner_optimizer_ops ops = {sizeof(runner_optimizer_ops), 0, plan, NULL, step, NULL, NULL, NULL};

static const runner_component components[] = {
    {RUNNER_OPTIMIZER, sizeof(struct config), "skeleton", "gradient descent with momentum", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

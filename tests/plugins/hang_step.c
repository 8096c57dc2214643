/* An optimizer that never returns: only a time limit ends its trial. */
#include <runner/plugin.h>

struct config {
    double learning_rate;
    int64_t at;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length"),
    RUNNER_PARAM_INT(struct config, at, "1", 1, 1e15, "the update at which it goes wrong, counted from 1"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    const struct config *own = config;
    (void)slots;
    if (step->number >= (uint64_t)own->at) {
        volatile int forever = 1;
        while (forever) {
        }
    }
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * g[i];
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct config),
     .name = "hang_step",
     .doc = "gradient descent that never returns",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

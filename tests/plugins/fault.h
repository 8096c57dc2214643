/*
 * An optimizer that goes wrong: gradient descent that calls fault() in each step from update `at` on. A test plugin is a file that
 * defines FAULT (its name, a string), perhaps FAULT_AT (the first `at`), and fault(), and includes this behind.
 */
#include <runner/plugin.h>

#ifndef FAULT_AT
#define FAULT_AT "3"
#endif

struct config {
    double learning_rate;
    int64_t at;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length"),
    RUNNER_PARAM_INT(struct config, at, FAULT_AT, 1, 1e15, "the update from which on it goes wrong, counted from 1"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    const struct config *own = config;
    (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * g[i];
    if (step->number >= (uint64_t)own->at)
        fault(n, w);
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct config),
     .name = FAULT,
     .doc = "gradient descent that goes wrong",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

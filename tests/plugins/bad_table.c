/* Refused: a parameter's field lies outside the config struct. */
#include <runner/plugin.h>

struct config {
    double learning_rate, momentum;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length"),
    RUNNER_PARAM_FLOAT(struct config, momentum, "0.9", 0, 1, "share of the last step that is kept"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    (void)config, (void)step, (void)n, (void)w, (void)g, (void)slots;
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(double),
     .name = "bad_table",
     .doc = "an optimizer whose config struct is too small",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

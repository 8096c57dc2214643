/* Refused: an optimizer without step(). */
#include <runner/plugin.h>

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER, .name = "missing_step", .doc = "an optimizer that cannot step", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

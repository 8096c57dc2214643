/* Refused: a callback without epoch(). */
#include <runner/plugin.h>

static int plan(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    (void)config, (void)call, (void)names, (void)n_names;
    return RUNNER_OK;
}

static const runner_callback_ops ops = {.size = sizeof ops, .plan = plan};

static const runner_component components[] = {
    {.kind = RUNNER_CALLBACK, .name = "missing_epoch", .doc = "a callback that is never asked", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

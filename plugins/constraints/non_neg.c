/* Keras' non_neg: negative weights become 0. */
#include <runner/plugin.h>

static void apply(const void *config, runner_call *call, const runner_view *w) {
    (void)config, (void)call;
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++) {
            float *value = w->data + i * w->pitch + j;
            *value = *value < 0.0f ? 0.0f : *value;
        }
}

static const runner_constraint_ops ops = {.size = sizeof ops, .apply = apply};

static const runner_component components[] = {
    {.kind = RUNNER_CONSTRAINT, .name = "non_neg", .doc = "no weight is below 0", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

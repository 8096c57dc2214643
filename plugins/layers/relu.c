/* The rectifier: y = max(x, 0); its derivative at 0 is taken as 0. NaN stays NaN. */
#include <runner/plugin.h>

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT;
    return RUNNER_OK;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0; j < run->output->columns; j++)
            y[j] = x[j] <= 0.0f ? 0.0f : x[j];
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *y = run->output->data + i * run->output->pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++)
            dx[j] = y[j] <= 0.0f ? 0.0f : d[j];
    }
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "relu", .doc = "the rectifier max(x, 0)", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

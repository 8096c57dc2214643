/* The hyperbolic tangent; dx = d (1 - y^2). */
#include <runner/plugin.h>

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    const runner_view *x = &run->inputs[0], *y = run->output;
    for (uint64_t i = 0; i < run->rows; i++)
        call->host->tanh(y->columns, x->data + i * x->pitch, y->data + i * y->pitch);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *y = run->output->data + i * run->output->pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++)
            dx[j] = d[j] * ((1.0f - y[j]) * (1.0f + y[j]));
    }
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "tanh", .doc = "the hyperbolic tangent", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

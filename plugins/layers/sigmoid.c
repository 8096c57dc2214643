/* The logistic function y = 1 / (1 + exp(-x)), from e = exp(-|x|), which never overflows: 1 / (1 + e) where x >= 0,
   e / (1 + e) where x < 0. dx = d y (1 - y). */
#include <math.h>
#include <runner/plugin.h>

enum { BLOCK = 512 }; /* values at a time, on the stack */

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT;
    return RUNNER_OK;
}

/* n is 1 .. BLOCK. */
static void sigmoid(const runner_host *host, uint64_t n, const float *x, float *y) {
    float e[BLOCK];
    e[0] = -fabsf(x[0]);
    for (uint64_t j = 1; j < n; j++)
        e[j] = -fabsf(x[j]);
    host->exp(n, e, e);
    for (uint64_t j = 0; j < n; j++)
        y[j] = (x[j] < 0.0f ? e[j] : 1.0f) / (1.0f + e[j]);
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0, left = run->output->columns; left > 0;) {
            uint64_t n = left < BLOCK ? left : BLOCK;
            sigmoid(call->host, n, x + j, y + j);
            j += n;
            left -= n;
        }
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
            dx[j] = d[j] * (y[j] * (1.0f - y[j]));
    }
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "sigmoid", .doc = "the logistic function 1 / (1 + exp(-x))", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

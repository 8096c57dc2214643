/* Softmax over the last dimension: y = exp(x - max x) / sum exp(x - max x); dx = y (d - sum d y). */
#include <runner/plugin.h>

struct softmax {
    uint32_t classes; /* values that add up to 1 */
};

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)call;
    struct softmax *softmax = config;
    const runner_shape *shape = &plan->inputs[0];
    softmax->classes = shape->rank > 0 ? shape->size[shape->rank - 1] : 1;
    plan->output = *shape;
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT;
    return RUNNER_OK;
}

static void distribution(const runner_host *host, uint32_t n, const float *x, float *y) {
    float max = x[0];
    for (uint32_t j = 1; j < n; j++)
        max = x[j] > max ? x[j] : max;
    for (uint32_t j = 0; j < n; j++)
        y[j] = x[j] - max;
    host->exp(n, y, y);
    double sum = 0;
    for (uint32_t j = 0; j < n; j++)
        sum += (double)y[j];
    float divisor = (float)sum;
    for (uint32_t j = 0; j < n; j++)
        y[j] /= divisor;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct softmax *softmax = config;
    const runner_view *x = &run->inputs[0], *y = run->output;
    for (uint64_t i = 0; i < run->rows; i++)
        for (uint64_t j = 0; j < y->columns; j += softmax->classes)
            distribution(call->host, softmax->classes, x->data + i * x->pitch + j, y->data + i * y->pitch + j);
}

static void distribution_delta(uint32_t n, const float *y, const float *d, float *dx) {
    double sum = 0;
    for (uint32_t j = 0; j < n; j++)
        sum += (double)d[j] * (double)y[j];
    float mean = (float)sum;
    for (uint32_t j = 0; j < n; j++)
        dx[j] = y[j] * (d[j] - mean);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct softmax *softmax = config;
    const runner_view *y = run->output, *d = run->output_delta, *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++)
        for (uint64_t j = 0; j < into->columns; j += softmax->classes)
            distribution_delta(softmax->classes, y->data + i * y->pitch + j, d->data + i * d->pitch + j,
                               into->data + i * into->pitch + j);
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct softmax),
     .name = "softmax",
     .doc = "exp(x) over its sum along the last dimension",
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

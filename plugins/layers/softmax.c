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

/* x - max x */
static void subtract_largest(uint32_t n, const float *x, float *to) {
    float max = x[0];
    for (uint32_t j = 1; j < n; j++)
        max = x[j] > max ? x[j] : max;
    for (uint32_t j = 0; j < n; j++)
        to[j] = x[j] - max;
}

static void divide_by_sum(uint32_t n, const float *powers, float *y) {
    double sum = 0;
    for (uint32_t j = 0; j < n; j++)
        sum += (double)powers[j];
    const float divisor = (float)sum;
    for (uint32_t j = 0; j < n; j++)
        y[j] = powers[j] / divisor;
}

enum { VALUES = 512 }; /* of some rows at a time: a call of exp() for ten values takes as long as for thirty */

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct softmax *softmax = config;
    const runner_view *x = &run->inputs[0], *y = run->output;
    const uint64_t n = y->columns, most = n < VALUES ? VALUES / n : 1;
    float *powers = call->host->scratch(call, most * n * sizeof *powers);
    for (uint64_t first = 0, rows; first < run->rows; first += rows) {
        rows = run->rows - first < most ? run->rows - first : most;
        for (uint64_t i = 0; i < rows; i++)
            for (uint64_t j = 0; j < n; j += softmax->classes)
                subtract_largest(softmax->classes, x->data + (first + i) * x->pitch + j, powers + i * n + j);
        call->host->exp(rows * n, powers, powers);
        for (uint64_t i = 0; i < rows; i++)
            for (uint64_t j = 0; j < n; j += softmax->classes)
                divide_by_sum(softmax->classes, powers + i * n + j, y->data + (first + i) * y->pitch + j);
    }
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

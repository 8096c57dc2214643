/* Rectifiers, with the parameters of Keras' layers ReLU and LeakyReLU: y = min(x, max_value) where x > threshold, else
   negative_slope (x - threshold). The derivative is 1, 0 from max_value on, and negative_slope at the corner and below.
   NaN stays NaN. */
#include <math.h>
#include <runner/plugin.h>

struct relu {
    double max_value, negative_slope, threshold;
};

static const runner_param relu_params[] = {
    RUNNER_PARAM_(RUNNER_FLOAT, struct relu, max_value, RUNNER_NULLABLE | RUNNER_OPEN_MIN, 0, "null", 0, 3e38, NULL,
                  "largest output; null for no bound"),
    RUNNER_PARAM_FLOAT(struct relu, negative_slope, "0.0", 0, 3e38, "slope below the threshold"),
    RUNNER_PARAM_FLOAT(struct relu, threshold, "0.0", 0, 3e38, "where the rectifier opens"),
};

static const runner_param leaky_params[] = {
    RUNNER_PARAM_FLOAT(struct relu, negative_slope, "0.3", 0, 3e38, "slope below 0"),
};

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT | RUNNER_ELEMENTWISE; /* y > 0 exactly where x > threshold */
    return RUNNER_OK;
}

static float bound(const struct relu *relu) {
    return relu->max_value > 0 ? (float)relu->max_value : INFINITY;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct relu *relu = config;
    float max = bound(relu), slope = (float)relu->negative_slope, threshold = (float)relu->threshold;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0; j < run->output->columns; j++)
            y[j] = x[j] <= threshold ? (slope > 0.0f ? slope * (x[j] - threshold) : 0.0f) : x[j] > max ? max : x[j];
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct relu *relu = config;
    const runner_view *into = &run->input_deltas[0];
    float max = bound(relu), slope = (float)relu->negative_slope;
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *y = run->output->data + i * run->output->pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++)
            dx[j] = y[j] <= 0.0f ? (slope > 0.0f ? slope * d[j] : 0.0f) : y[j] >= max ? 0.0f : d[j];
    }
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct relu),
     .name = "relu",
     .doc = "the rectifier max(x, 0)",
     .params = relu_params,
     .n_params = RUNNER_COUNT(relu_params),
     .ops = &ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct relu),
     .name = "leaky_relu",
     .doc = "x where x > 0, else negative_slope x (the slope of Keras' layer, not that of its function)",
     .params = leaky_params,
     .n_params = RUNNER_COUNT(leaky_params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

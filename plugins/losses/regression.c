/*
 * Losses that are a mean over the outputs of a function of the error e = y - target, and the metrics of the same names:
 *   mean_squared_error    e^2,
 *   mean_absolute_error   |e|, whose derivative at 0 is 0,
 *   huber                 e^2 / 2 up to |e| = delta, beyond it delta |e| - delta^2 / 2 (Huber 1964); PyTorch's SmoothL1Loss
 *                         is that over delta (over_delta: true).
 * root_mean_squared_error is the root of the first, as a metric over all rows.
 */
#include <math.h>
#include <runner/plugin.h>

struct huber {
    double delta;
    int32_t over_delta;
};

static const runner_param huber_params[] = {
    RUNNER_PARAM_(RUNNER_FLOAT, struct huber, delta, RUNNER_OPEN_MIN, 0, "1.0", 0, 1e30, NULL,
                  "error at which it goes from quadratic to linear"),
    RUNNER_PARAM_BOOL(struct huber, over_delta, "false",
                      "true: divided by delta (PyTorch's SmoothL1Loss, whose beta is delta)"),
};

static int check(runner_call *call, uint32_t classes, const runner_shape *prediction, const runner_shape *target) {
    unsigned long long outputs = runner_elements(prediction), values = runner_elements(target);
    const char *plural = outputs == 1 ? "" : "s";
    if (classes > 0 && outputs != classes && !(outputs == 1 && classes == 2))
        return call->host->fail(
            call, "the model ends with %llu output%s, but the data set has %u class%s; give its last layer %u unit%s",
            outputs, plural, classes, classes == 1 ? "" : "es", classes, classes == 1 ? "" : "s");
    if (classes == 0 && outputs != values)
        return call->host->fail(call,
                                "the model ends with %llu output%s, but a target of the data set has %llu values; give "
                                "its last layer %llu units",
                                outputs, plural, values, values);
    return RUNNER_OK;
}

static int plan(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)config;
    plan->target = RUNNER_VALUES;
    return check(call, plan->classes, &plan->prediction, &plan->data_target);
}

static int plan_metric(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config;
    plan->target = RUNNER_VALUES;
    plan->sums = 1;
    return check(call, plan->classes, &plan->prediction, &plan->data_target);
}

typedef double row_value(const void *config, uint64_t n, const float *y, const float *t);
typedef void row_delta(const void *config, uint64_t n, const float *y, const float *t, float scale, float *delta);

static double squared(const void *config, uint64_t n, const float *y, const float *t) {
    (void)config;
    double sum = 0;
    for (uint64_t j = 0; j < n; j++) {
        double error = (double)y[j] - (double)t[j];
        sum += error * error;
    }
    return sum / (double)n;
}

static void squared_delta(const void *config, uint64_t n, const float *y, const float *t, float scale, float *delta) {
    (void)config;
    float factor = scale * 2.0f / (float)n;
    for (uint64_t j = 0; j < n; j++)
        delta[j] = factor * (y[j] - t[j]);
}

static double absolute(const void *config, uint64_t n, const float *y, const float *t) {
    (void)config;
    double sum = 0;
    for (uint64_t j = 0; j < n; j++)
        sum += fabs((double)y[j] - (double)t[j]);
    return sum / (double)n;
}

static void absolute_delta(const void *config, uint64_t n, const float *y, const float *t, float scale, float *delta) {
    (void)config;
    float factor = scale / (float)n;
    for (uint64_t j = 0; j < n; j++)
        delta[j] = y[j] > t[j] ? factor : y[j] < t[j] ? -factor : 0.0f * (y[j] - t[j]); /* NaN must show */
}

static double huber(const void *config, uint64_t n, const float *y, const float *t) {
    const struct huber *huber = config;
    double bound = huber->delta, sum = 0;
    for (uint64_t j = 0; j < n; j++) {
        double error = fabs((double)y[j] - (double)t[j]);
        sum += error <= bound ? 0.5 * error * error : bound * error - 0.5 * bound * bound;
    }
    return sum / (double)n / (huber->over_delta ? bound : 1.0);
}

static void huber_delta(const void *config, uint64_t n, const float *y, const float *t, float scale, float *delta) {
    const struct huber *huber = config;
    float bound = (float)huber->delta, factor = scale / (float)n / (huber->over_delta ? bound : 1.0f);
    for (uint64_t j = 0; j < n; j++) {
        float error = y[j] - t[j];
        delta[j] = factor * (error > bound ? bound : error < -bound ? -bound : error);
    }
}

static void evaluate(const void *config, const runner_loss_rows *run, row_value *value, row_delta *derivative) {
    uint64_t n = run->prediction->columns;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch;
        const float *t = run->target->data + i * run->target->pitch;
        if (run->values != NULL)
            run->values[i] = value(config, n, y, t);
        if (run->delta != NULL)
            derivative(config, n, y, t, run->scale, run->delta->data + i * run->delta->pitch);
    }
}

static void add(const void *config, const runner_loss_rows *run, row_value *value, double *sums) {
    for (uint64_t i = 0; i < run->rows; i++)
        sums[0] += value(config, run->prediction->columns, run->prediction->data + i * run->prediction->pitch,
                         run->target->data + i * run->target->pitch);
}

static double mean(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

static double root(const void *config, uint64_t rows, const double *sums) {
    return sqrt(mean(config, rows, sums));
}

/* The functions and ops of a loss and its metric */
#define LOSS(name, value, derivative)                                                                                  \
    static void name##_evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {                  \
        (void)call;                                                                                                    \
        evaluate(config, run, value, derivative);                                                                      \
    }                                                                                                                  \
    static void name##_update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {      \
        (void)call;                                                                                                    \
        add(config, run, value, sums);                                                                                 \
    }                                                                                                                  \
    static const runner_loss_ops name##_ops = {                                                                        \
        .size = sizeof(runner_loss_ops), .plan = plan, .evaluate = name##_evaluate};                                   \
    static const runner_metric_ops name##_metric_ops = {                                                               \
        .size = sizeof(runner_metric_ops), .plan = plan_metric, .update = name##_update, .result = mean};
LOSS(squared, squared, squared_delta)
LOSS(absolute, absolute, absolute_delta)
LOSS(huber, huber, huber_delta)
static const runner_metric_ops root_metric_ops = {
    .size = sizeof(runner_metric_ops), .plan = plan_metric, .update = squared_update, .result = root};

#define PLAIN(component_kind, component, text, component_ops)                                                          \
    { .kind = component_kind, .name = component, .doc = text, .ops = &component_ops }
#define HUBER(component_kind, component_ops)                                                                           \
    {                                                                                                                  \
        .kind = component_kind, .config_size = sizeof(struct huber), .name = "huber",                                  \
        .doc = "squared error near 0, absolute error beyond", .params = huber_params,                                  \
        .n_params = RUNNER_COUNT(huber_params), .ops = &component_ops                                                  \
    }
#define SQUARED "mean over the outputs of (y - target)^2"
#define ABSOLUTE "mean over the outputs of |y - target|"
static const runner_component components[] = {
    PLAIN(RUNNER_LOSS, "mean_squared_error", SQUARED, squared_ops),
    PLAIN(RUNNER_METRIC, "mean_squared_error", SQUARED, squared_metric_ops),
    PLAIN(RUNNER_METRIC, "root_mean_squared_error", "root of the mean of (y - target)^2", root_metric_ops),
    PLAIN(RUNNER_LOSS, "mean_absolute_error", ABSOLUTE, absolute_ops),
    PLAIN(RUNNER_METRIC, "mean_absolute_error", ABSOLUTE, absolute_metric_ops),
    HUBER(RUNNER_LOSS, huber_ops),
    HUBER(RUNNER_METRIC, huber_metric_ops),
};
RUNNER_PLUGIN(components, "1.1.0")

/* Keras' binary_accuracy: the share of outputs that are above the threshold just where the target is 1. */
#include <runner/plugin.h>

struct binary_accuracy {
    double threshold;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct binary_accuracy, threshold, "0.5", 0, 1, "outputs above it count as 1"),
};

static int plan(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config;
    unsigned long long outputs = runner_elements(&plan->prediction), values = runner_elements(&plan->data_target);
    unsigned long long wanted = plan->classes > 0 ? plan->classes : values;
    if (outputs != wanted && !(outputs == 1 && plan->classes == 2))
        return call->host->fail(call,
                                "the model ends with %llu output%s, but the data set has %llu %s; give its last layer "
                                "%llu units",
                                outputs, outputs == 1 ? "" : "s", wanted,
                                plan->classes > 0 ? "classes" : "values in a target", wanted);
    plan->target = RUNNER_VALUES;
    plan->sums = 2; /* right outputs, outputs */
    return RUNNER_OK;
}

static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)call;
    float threshold = (float)((const struct binary_accuracy *)config)->threshold;
    uint64_t n = run->prediction->columns, correct = 0;
    for (uint64_t i = 0; i < run->rows; i++)
        for (uint64_t j = 0; j < n; j++) {
            float predicted = run->prediction->data[i * run->prediction->pitch + j] > threshold ? 1.0f : 0.0f;
            correct += predicted == run->target->data[i * run->target->pitch + j];
        }
    sums[0] += (double)correct;
    sums[1] += (double)(run->rows * n);
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config, (void)rows;
    return sums[0] / sums[1];
}

static const runner_metric_ops ops = {.size = sizeof ops, .plan = plan, .update = update, .result = result};

static const runner_component components[] = {
    {.kind = RUNNER_METRIC,
     .config_size = sizeof(struct binary_accuracy),
     .name = "binary_accuracy",
     .doc = "share of outputs on the right side of the threshold",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

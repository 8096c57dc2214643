/* Keras' accuracy: the share of rows whose largest output (the first of equals) is the label's; with one output, whose
   output is above 0.5 just where the label is 1. */
#include <runner/plugin.h>

static int plan(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config;
    uint64_t outputs = runner_elements(&plan->prediction);
    if (plan->classes == 0)
        return call->host->fail(call, "accuracy needs classes, but the data set's targets are values; leave it out");
    if (outputs != plan->classes && !(outputs == 1 && plan->classes == 2))
        return call->host->fail(
            call, "the model ends with %llu output%s, but the data set has %u classes; give its last layer %u units",
            (unsigned long long)outputs, outputs == 1 ? "" : "s", plan->classes, plan->classes);
    plan->target = RUNNER_LABELS;
    plan->sums = 1;
    return RUNNER_OK;
}

static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)config, (void)call;
    uint64_t n = run->prediction->columns, correct = 0;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch;
        uint64_t class = n == 1 && y[0] > 0.5f;
        for (uint64_t j = 1; j < n; j++)
            class = y[j] > y[class] ? j : class;
        correct += class == (uint64_t)run->labels[i];
    }
    sums[0] += (double)correct;
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

static const runner_metric_ops ops = {.size = sizeof ops, .plan = plan, .update = update, .result = result};

static const runner_component components[] = {
    {.kind = RUNNER_METRIC, .name = "accuracy", .doc = "share of examples whose class is predicted right", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

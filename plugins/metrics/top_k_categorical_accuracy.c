/* Keras' top_k_categorical_accuracy: the share of rows in which fewer than k outputs are above that of the label's class.
   The host gives labels to either name. */
#include <math.h>
#include <runner/plugin.h>

struct top_k {
    int64_t k;
};

static const runner_param params[] = {
    RUNNER_PARAM_INT(struct top_k, k, "5", 1, 1e9, "how many of the largest outputs count"),
};

static int plan(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config;
    uint64_t outputs = runner_elements(&plan->prediction);
    if (plan->classes == 0)
        return call->host->fail(
            call, "top_k_categorical_accuracy needs classes, but the data set's targets are values; leave it out");
    if (outputs != plan->classes)
        return call->host->fail(
            call, "the model ends with %llu output%s, but the data set has %u classes; give its last layer %u units",
            (unsigned long long)outputs, outputs == 1 ? "" : "s", plan->classes, plan->classes);
    plan->target = RUNNER_LABELS;
    plan->sums = 1;
    return RUNNER_OK;
}

static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)call;
    const struct top_k *top_k = config;
    uint64_t correct = 0;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch, own = y[run->labels[i]];
        int64_t above = 0;
        for (uint64_t j = 0; j < run->prediction->columns; j++)
            above += y[j] > own;
        correct += above < top_k->k && !isnan(own);
    }
    sums[0] += (double)correct;
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

static const runner_metric_ops ops = {.size = sizeof ops, .plan = plan, .update = update, .result = result};

#define COMPONENT(component)                                                                                           \
    {                                                                                                                  \
        .kind = RUNNER_METRIC, .config_size = sizeof(struct top_k), .name = component,                                 \
        .doc = "share of examples whose class is among the k largest outputs", .params = params,                       \
        .n_params = RUNNER_COUNT(params), .ops = &ops                                                                  \
    }
static const runner_component components[] = {
    COMPONENT("top_k_categorical_accuracy"),
    COMPONENT("sparse_top_k_categorical_accuracy"),
};
RUNNER_PLUGIN(components, "1.0.0")

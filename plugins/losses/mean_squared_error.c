/* Mean of (y - t)^2 over the outputs; derivative 2 (y - t) / n. */
#include <runner/plugin.h>

static int plan(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)config;
    uint64_t outputs = runner_elements(&plan->prediction);
    if (plan->classes > 0) {
        if (outputs != plan->classes && !(outputs == 1 && plan->classes == 2))
            return call->host->fail(call, "the model ends with %llu output%s, but the data set has %u classes",
                                    (unsigned long long)outputs, outputs == 1 ? "" : "s", plan->classes);
    } else if (outputs != runner_elements(&plan->data_target)) {
        return call->host->fail(call, "the model ends with %llu output%s, but a target of the data set has %llu values",
                                (unsigned long long)outputs, outputs == 1 ? "" : "s",
                                (unsigned long long)runner_elements(&plan->data_target));
    }
    plan->target = RUNNER_VALUES;
    return RUNNER_OK;
}

static void evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)config, (void)call;
    uint64_t n = run->prediction->columns;
    float factor = run->scale * 2.0f / (float)n;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch;
        const float *t = run->target->data + i * run->target->pitch;
        if (run->values != NULL) {
            double sum = 0;
            for (uint64_t j = 0; j < n; j++) {
                double error = (double)y[j] - (double)t[j];
                sum += error * error;
            }
            run->values[i] = sum / (double)n;
        }
        if (run->delta != NULL) {
            float *d = run->delta->data + i * run->delta->pitch;
            for (uint64_t j = 0; j < n; j++)
                d[j] = factor * (y[j] - t[j]);
        }
    }
}

static const runner_loss_ops ops = {.size = sizeof ops, .plan = plan, .evaluate = evaluate};

static const runner_component components[] = {
    {.kind = RUNNER_LOSS, .name = "mean_squared_error", .doc = "mean over the outputs of (y - target)^2", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

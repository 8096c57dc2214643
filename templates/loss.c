/* skeleton: the pseudo-Huber loss, mean over the outputs of delta^2 (sqrt(1 + (error / delta)^2) - 1). Begin here: `make` builds
   it, `make test` checks it, `make run` trains with it. */
#include <math.h>
#include <runner/plugin.h>

struct config {
    double delta;
};

static const runner_param params[] = {
    RUNNER_PARAM_(RUNNER_FLOAT, struct config, delta, RUNNER_OPEN_MIN, 0, "1.0", 0, 1e6, NULL,
                  "error at which squares turn into magnitudes"),
};

/* Once: does the data set fit, and in which form shall targets come? Labels become one-hot, or 0 and 1 for one output. */
static int plan(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)config;
    uint64_t outputs = runner_elements(&plan->prediction);
    uint64_t wanted = plan->classes == 0                   ? runner_elements(&plan->data_target)
                      : plan->classes == 2 && outputs == 1 ? 1
                                                           : plan->classes;
    if (outputs != wanted)
        return call->host->fail(call, "the model ends with %llu outputs; wanted %llu", (unsigned long long)outputs,
                                (unsigned long long)wanted);
    plan->target = RUNNER_VALUES;
    return RUNNER_OK;
}

/* For a run of rows: the loss of each, and scale times its derivatives; either may not be wanted. */
static void evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)call;
    double delta = ((const struct config *)config)->delta;
    uint64_t n = run->prediction->columns;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch;
        const float *target = run->target->data + i * run->target->pitch;
        double sum = 0;
        for (uint64_t j = 0; j < n; j++) {
            double error = (double)y[j] - (double)target[j], root = sqrt(1 + error / delta * (error / delta));
            sum += delta * delta * (root - 1);
            if (run->delta != NULL)
                run->delta->data[i * run->delta->pitch + j] = run->scale * (float)(error / root / (double)n);
        }
        if (run->values != NULL)
            run->values[i] = sum / (double)n;
    }
}

static const runner_loss_ops ops = {sizeof(runner_loss_ops), 0, plan, evaluate};

static const runner_component components[] = {
    {RUNNER_LOSS, sizeof(struct config), "skeleton", "mean over the outputs of the pseudo-Huber loss", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

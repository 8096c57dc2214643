/* Exponential linear units: y = scale x where x > 0, else scale alpha (exp(x) - 1). elu has scale 1 and alpha as its
   parameter (Clevert et al. 2016); selu the fixed point that keeps mean 0 and variance 1 (Klambauer et al. 2017).
   exp(x) - 1 is 2 t / (1 - t) with t = tanh(x / 2), exact near 0 too. The derivative comes from y: where y <= 0 it is
   scale alpha exp(x) = y + scale alpha. */
#include <runner/plugin.h>

enum { BLOCK = 512 }; /* values at a time, on the stack */

struct elu {
    double alpha, scale; /* scale 0 stands for selu's constants */
};

static const runner_param elu_params[] = {
    RUNNER_PARAM_FLOAT(struct elu, alpha, "1.0", 0, 3e38, "minus the value at minus infinity"),
};

static int plan_elu(void *config, runner_call *call, runner_plan *plan) {
    (void)call;
    struct elu *elu = config;
    elu->scale = 1.0;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static int plan_selu(void *config, runner_call *call, runner_plan *plan) {
    int status = plan_elu(config, call, plan);
    *(struct elu *)config = (struct elu){.alpha = 1.6732632423543772, .scale = 1.0507009873554805};
    return status;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct elu *elu = config;
    float scale = (float)elu->scale, low = (float)(elu->scale * elu->alpha), t[BLOCK];
    for (uint64_t i = 0; i < run->rows; i++) {
        for (uint64_t j = 0, columns = run->output->columns; j < columns; j += BLOCK) {
            const float *x = run->inputs[0].data + i * run->inputs[0].pitch + j;
            float *y = run->output->data + i * run->output->pitch + j;
            uint64_t n = columns - j < BLOCK ? columns - j : BLOCK;
            for (uint64_t k = 0; k < n; k++)
                t[k] = 0.5f * (x[k] > 0.0f ? 0.0f : x[k]);
            call->host->tanh(n, t, t);
            for (uint64_t k = 0; k < n; k++)
                y[k] = x[k] > 0.0f ? scale * x[k] : low * (2.0f * t[k] / (1.0f - t[k]));
        }
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct elu *elu = config;
    const runner_view *into = &run->input_deltas[0];
    float scale = (float)elu->scale, low = (float)(elu->scale * elu->alpha);
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *y = run->output->data + i * run->output->pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++)
            dx[j] = d[j] * (y[j] > 0.0f ? scale : y[j] + low);
    }
}

static const runner_layer_ops elu_ops = {sizeof elu_ops, .plan = plan_elu, .forward = forward, .backward = backward};
static const runner_layer_ops selu_ops = {sizeof selu_ops, .plan = plan_selu, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct elu),
     .name = "elu",
     .doc = "exponential linear unit: x where x > 0, else alpha (exp(x) - 1)",
     .params = elu_params,
     .n_params = RUNNER_COUNT(elu_params),
     .ops = &elu_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct elu),
     .name = "selu",
     .doc = "scaled exponential linear unit, self-normalising",
     .ops = &selu_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

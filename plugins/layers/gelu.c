/* The Gaussian error linear unit (Hendrycks and Gimpel 2016), y = x P with P = (1 + erf(x / sqrt 2)) / 2; approximate:
   P = (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3). dy/dx = P + x P'. */
#include <runner/plugin.h>

enum { BLOCK = 512 }; /* values at a time, on the stack */
#define SQRT_1_2 0.70710678f
#define SQRT_2_PI 0.79788456f  /* sqrt(2 / pi) */
#define SQRT_1_2PI 0.39894228f /* 1 / sqrt(2 pi) */
#define CUBIC 0.044715f

struct gelu {
    int32_t approximate;
};

static const runner_param params[] = {
    RUNNER_PARAM_BOOL(struct gelu, approximate, "false", "by tanh instead of erf"),
};

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

/* f[k] = y, or where d is given, d[k] dy/dx */
static void block(const struct gelu *gelu, const runner_host *host, uint64_t n, const float *x, const float *d,
                  float *f) {
    float p[BLOCK], slope[BLOCK]; /* slope: of P */
    for (uint64_t k = 0; k < n; k++) {
        p[k] = gelu->approximate ? SQRT_2_PI * (x[k] + CUBIC * x[k] * x[k] * x[k]) : SQRT_1_2 * x[k];
        slope[k] = -0.5f * x[k] * x[k];
    }
    (gelu->approximate ? host->tanh : host->erf)(n, p, p);
    if (d != NULL && !gelu->approximate)
        host->exp(n, slope, slope);
    for (uint64_t k = 0; k < n; k++) {
        float half = 0.5f * (1.0f + p[k]);
        slope[k] = gelu->approximate ? 0.5f * (1.0f - p[k] * p[k]) * SQRT_2_PI * (1.0f + 3.0f * CUBIC * x[k] * x[k])
                                     : SQRT_1_2PI * slope[k];
        f[k] = d == NULL ? x[k] * half : d[k] * (half + x[k] * slope[k]);
    }
}

static void blocks(const void *config, runner_call *call, const runner_view *x, const runner_view *d,
                   const runner_view *f) {
    for (uint64_t i = 0; i < f->rows; i++)
        for (uint64_t j = 0; j < f->columns; j += BLOCK)
            block(config, call->host, f->columns - j < BLOCK ? f->columns - j : BLOCK, x->data + i * x->pitch + j,
                  d == NULL ? NULL : d->data + i * d->pitch + j, f->data + i * f->pitch + j);
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    blocks(config, call, &run->inputs[0], NULL, run->output);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    blocks(config, call, &run->inputs[0], run->output_delta, &run->input_deltas[0]);
}

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct gelu),
     .name = "gelu",
     .doc = "Gaussian error linear unit: x times the normal distribution function",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

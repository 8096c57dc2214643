/* The logistic function s(x) = 1 / (1 + exp(-x)) and what is made of it: silu, y = x s(x) (also known as swish), and
   softplus, y = log(1 + exp(x)), whose derivative is s(x). All come from e = exp(-|x|), which never overflows: s is
   1 / (1 + e) where x >= 0 and e / (1 + e) where x < 0. sigmoid: dx = d y (1 - y). */
#include <math.h>
#include <runner/plugin.h>

enum { BLOCK = 512 }; /* values at a time, on the stack */

/* Writes n (1 .. BLOCK) values from x, or, for a derivative, from x and d. */
typedef void function(const runner_host *host, uint64_t n, const float *x, const float *d, float *y);

static void exp_minus_abs(const runner_host *host, uint64_t n, const float *x, float *e) {
    e[0] = -fabsf(x[0]);
    for (uint64_t j = 1; j < n; j++)
        e[j] = -fabsf(x[j]);
    host->exp(n, e, e);
}

/* The host may have it in one pass, with the same bits. */
static void sigmoid(const runner_host *host, uint64_t n, const float *x, const float *d, float *y) {
    (void)d;
    void (*const *logistic)(uint64_t, const float *, float *) = host->extension("logistic");
    if (logistic != NULL) {
        (*logistic)(n, x, y);
        return;
    }
    float e[BLOCK];
    exp_minus_abs(host, n, x, e);
    for (uint64_t j = 0; j < n; j++)
        y[j] = (x[j] < 0.0f ? e[j] : 1.0f) / (1.0f + e[j]);
}

static void silu(const runner_host *host, uint64_t n, const float *x, const float *d, float *y) {
    float s[BLOCK];
    sigmoid(host, n, x, NULL, s);
    for (uint64_t j = 0; j < n; j++)
        y[j] = d == NULL ? x[j] * s[j] : d[j] * (s[j] * (1.0f + x[j] * (1.0f - s[j])));
}

/* log(1 + e) is e log(u) / (u - 1) with u = 1 + e as rounded, exact for small e too (Goldberg 1991, theorem 4). */
static void softplus(const runner_host *host, uint64_t n, const float *x, const float *d, float *y) {
    (void)d;
    float e[BLOCK], u[BLOCK], log_u[BLOCK];
    exp_minus_abs(host, n, x, e);
    for (uint64_t j = 0; j < n; j++)
        u[j] = 1.0f + e[j];
    host->log(n, u, log_u);
    for (uint64_t j = 0; j < n; j++)
        y[j] = (x[j] <= 0.0f ? 0.0f : x[j]) + (u[j] - 1.0f > 0.0f ? e[j] * (log_u[j] / (u[j] - 1.0f)) : e[j]);
}

static void softplus_delta(const runner_host *host, uint64_t n, const float *x, const float *d, float *dx) {
    float s[BLOCK];
    sigmoid(host, n, x, NULL, s);
    for (uint64_t j = 0; j < n; j++)
        dx[j] = d[j] * s[j];
}

static void apply(runner_call *call, function *f, const runner_view *x, const runner_view *d, const runner_view *y) {
    for (uint64_t i = 0; i < y->rows; i++)
        for (uint64_t j = 0; j < y->columns; j += BLOCK)
            f(call->host, y->columns - j < BLOCK ? y->columns - j : BLOCK, x->data + i * x->pitch + j,
              d == NULL ? NULL : d->data + i * d->pitch + j, y->data + i * y->pitch + j);
}

static int plan_from_output(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_KEEP_OUTPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static int plan_from_input(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static void forward_sigmoid(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    apply(call, sigmoid, &run->inputs[0], NULL, run->output);
}

static void forward_silu(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    apply(call, silu, &run->inputs[0], NULL, run->output);
}

static void forward_softplus(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    apply(call, softplus, &run->inputs[0], NULL, run->output);
}

static void backward_sigmoid(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *y = run->output->data + i * run->output->pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++)
            dx[j] = d[j] * (y[j] * (1.0f - y[j]));
    }
}

static void backward_silu(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    apply(call, silu, &run->inputs[0], run->output_delta, &run->input_deltas[0]);
}

static void backward_softplus(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    apply(call, softplus_delta, &run->inputs[0], run->output_delta, &run->input_deltas[0]);
}

#define OPS(name, how)                                                                                                 \
    { sizeof(runner_layer_ops), .plan = how, .forward = forward_##name, .backward = backward_##name }
static const runner_layer_ops sigmoid_ops = OPS(sigmoid, plan_from_output);
static const runner_layer_ops silu_ops = OPS(silu, plan_from_input);
static const runner_layer_ops softplus_ops = OPS(softplus, plan_from_input);

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "sigmoid", .doc = "the logistic function 1 / (1 + exp(-x))", .ops = &sigmoid_ops},
    {.kind = RUNNER_LAYER, .name = "silu", .doc = "x times the logistic function of x", .ops = &silu_ops},
    {.kind = RUNNER_LAYER, .name = "softplus", .doc = "log(1 + exp(x))", .ops = &softplus_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/*
 * The loss of a noisy quadratic problem: 0.5 (t - x)^T H (t - x) of the model's output t and a row x of the data set, whose
 * constant `hessian` is H [n][n]; its derivative is H (t - x). Of an H that is not symmetric only (H + H^T) / 2 shows, in both.
 */
#include <runner/plugin.h>

struct quadratic {
    /* found by plan() */
    uint64_t n;
    int32_t diagonal;
    const float *hessian;
};

/* Keeps H, or where it is not symmetric its symmetric part. */
static int keep_hessian(struct quadratic *quadratic, runner_call *call, const float *h) {
    uint64_t n = quadratic->n;
    int symmetric = 1;
    quadratic->diagonal = 1;
    quadratic->hessian = h;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < i; j++) {
            symmetric &= h[i * n + j] == h[j * n + i];
            quadratic->diagonal &= h[i * n + j] == 0 && h[j * n + i] == 0;
        }
    if (symmetric)
        return RUNNER_OK;
    float *mean = call->host->memory(call, n * n * sizeof *mean);
    if (mean == NULL)
        return RUNNER_FAILED;
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < n; j++)
            mean[i * n + j] = (float)(0.5 * ((double)h[i * n + j] + (double)h[j * n + i]));
    quadratic->hessian = mean;
    return RUNNER_OK;
}

static int plan(void *config, runner_call *call, runner_loss_plan *plan) {
    struct quadratic *quadratic = config;
    unsigned long long outputs = runner_elements(&plan->prediction), values = runner_elements(&plan->data_target);
    const runner_constant *hessian = call->host->constant(call, "hessian");
    if (hessian == NULL)
        return call->host->fail(call,
                                "the loss quadratic needs the constant `hessian`, which this data set does not have; "
                                "wanted the data set quadratic, or npz with constants: [hessian]");
    if (plan->classes > 0 || outputs != values)
        return call->host->fail(call,
                                "the model ends with %llu values, but a row of the data set has %llu; "
                                "wanted the model [variable]",
                                outputs, plan->classes > 0 ? 1 : values);
    if (hessian->shape.rank != 2 || hessian->shape.size[0] != values || hessian->shape.size[1] != values)
        return call->host->fail(call,
                                "the constant `hessian` is no matrix [%llu][%llu], as the model ends with %llu values",
                                values, values, values);
    plan->target = RUNNER_VALUES;
    quadratic->n = values;
    return keep_hessian(quadratic, call, hessian->values);
}

/* g = H d */
static void product(const struct quadratic *quadratic, const double *d, double *g) {
    uint64_t n = quadratic->n;
    for (uint64_t j = 0; j < n; j++)
        g[j] = (double)quadratic->hessian[j * n + j] * d[j];
    for (uint64_t k = 0; k < n && !quadratic->diagonal; k++) {
        const float *row = quadratic->hessian + k * n;
        for (uint64_t j = 0; j < k; j++)
            g[j] += (double)row[j] * d[k];
        for (uint64_t j = k + 1; j < n; j++)
            g[j] += (double)row[j] * d[k];
    }
}

static void evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {
    const struct quadratic *quadratic = config;
    uint64_t n = quadratic->n;
    double *d = call->host->scratch(call, 2 * n * sizeof *d), *g = d + n;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *t = run->prediction->data + i * run->prediction->pitch;
        const float *x = run->target->data + i * run->target->pitch;
        for (uint64_t j = 0; j < n; j++)
            d[j] = (double)t[j] - (double)x[j];
        product(quadratic, d, g);
        double sum = 0;
        for (uint64_t j = 0; j < n; j++)
            sum += d[j] * g[j];
        if (run->values != NULL)
            run->values[i] = 0.5 * sum;
        if (run->delta == NULL)
            continue;
        float *delta = run->delta->data + i * run->delta->pitch;
        for (uint64_t j = 0; j < n; j++)
            delta[j] = (float)((double)run->scale * g[j]);
    }
}

static const runner_loss_ops ops = {.size = sizeof ops, .plan = plan, .evaluate = evaluate};

static const runner_component components[] = {
    {.kind = RUNNER_LOSS,
     .config_size = sizeof(struct quadratic),
     .name = "quadratic",
     .doc = "0.5 (t - x)^T H (t - x) with the data set's constant `hessian`",
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

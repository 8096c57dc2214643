/*
 * Keras' categorical cross-entropy, -sum t log p, of one-hot targets t.
 *
 * From logits z (after a final softmax): log p = z - max z - log sum exp(z - max z); derivative p sum(t) - t.
 * From values y, as Keras: q = y / sum y, p = q cut to [1e-7, 1 - 1e-7]; derivative by y of just that,
 * (g + T) / sum y with g = -t / q where q is not cut, else 0, and T the sum of t where q is not cut.
 */
#include <math.h>
#include <runner/plugin.h>

#define EPSILON 1e-7

static int plan(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)config;
    const runner_shape *prediction = &plan->prediction;
    uint64_t outputs = runner_elements(prediction);
    if (plan->classes == 0)
        return call->host->fail(call, "categorical_crossentropy needs classes, but the data set's targets are values");
    if (outputs != plan->classes)
        return call->host->fail(call, "the model ends with %llu output%s, but the data set has %u classes",
                                (unsigned long long)outputs, outputs == 1 ? "" : "s", plan->classes);
    if (prediction->rank > 0 && prediction->size[prediction->rank - 1] != plan->classes)
        return call->host->fail(call, "the last dimension of the model's output is %u, but the data set has %u classes",
                                prediction->size[prediction->rank - 1], plan->classes);
    plan->target = RUNNER_ONE_HOT;
    plan->logits_of = "softmax";
    return RUNNER_OK;
}

/* log(1 + r) for r > -1, within some 1e-15: libm's differs from version to version. With 1 + r = m 2^e and m in
   [sqrt 1/2, sqrt 2), it is e log 2 + 2 atanh((m - 1) / (m + 1)), by the series of atanh; e = 0 keeps small r whole. */
static double log_1_plus(double r) {
    if (!isfinite(r))
        return r;
    int e = 0;
    double m = frexp(1.0 + r, &e); /* exact, as is ldexp */
    if (m < 0.70710678118654752) {
        m *= 2.0;
        e--;
    }
    double t = e == 0 ? r / (2.0 + r) : (m - 1.0) / (m + 1.0);
    double u = t * t, sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * u + 1.0 / k;
    return e * 0.69314718055994531 + 2.0 * t * sum;
}

static void logits_row(const runner_host *host, uint64_t n, const float *z, const float *t, float *p, float scale,
                       double *value, float *delta) {
    uint64_t top = 0;
    for (uint64_t j = 1; j < n; j++)
        top = z[j] > z[top] ? j : top;
    for (uint64_t j = 0; j < n; j++)
        p[j] = z[j] - z[top];
    host->exp(n, p, p);
    double others = 0, targets = 0; /* sum of p but for p[top], which is 1; NaN where z[top] is not finite */
    for (uint64_t j = 0; j < n; j++) {
        others += j == top ? (double)p[j] - 1.0 : (double)p[j];
        targets += (double)t[j];
    }
    if (value != NULL) {
        double log_sum = log_1_plus(others), sum = 0;
        for (uint64_t j = 0; j < n; j++)
            if (t[j] != 0.0f)
                sum += (double)t[j] * (log_sum - ((double)z[j] - (double)z[top]));
        *value = sum;
    }
    if (delta != NULL) {
        double factor = targets / (1.0 + others);
        for (uint64_t j = 0; j < n; j++)
            delta[j] = scale * (float)((double)p[j] * factor - (double)t[j]);
    }
}

static void values_row(uint64_t n, const float *y, const float *t, float scale, double *value, float *delta) {
    double sum = 0, loss = 0, kept = 0;
    for (uint64_t j = 0; j < n; j++)
        sum += (double)y[j];
    for (uint64_t j = 0; j < n; j++) {
        double q = (double)y[j] / sum, p = q < EPSILON ? EPSILON : q > 1.0 - EPSILON ? 1.0 - EPSILON : q;
        if (t[j] != 0.0f)
            loss -= (double)t[j] * log_1_plus(p - 1.0);
        if (p == q)
            kept += (double)t[j];
        if (delta != NULL)
            delta[j] = p == q ? (float)((double)-t[j] / q) : 0.0f;
    }
    if (value != NULL)
        *value = loss;
    for (uint64_t j = 0; delta != NULL && j < n; j++)
        delta[j] = scale * (float)(((double)delta[j] + kept) / sum);
}

static void evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)config;
    uint64_t n = run->prediction->columns;
    float *p = run->from_logits ? call->host->scratch(call, n * sizeof(float)) : NULL;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *y = run->prediction->data + i * run->prediction->pitch;
        const float *t = run->target->data + i * run->target->pitch;
        double *value = run->values != NULL ? run->values + i : NULL;
        float *delta = run->delta != NULL ? run->delta->data + i * run->delta->pitch : NULL;
        if (run->from_logits)
            logits_row(call->host, n, y, t, p, run->scale, value, delta);
        else
            values_row(n, y, t, run->scale, value, delta);
    }
}

static const runner_loss_ops ops = {.size = sizeof ops, .plan = plan, .evaluate = evaluate};

static const runner_component components[] = {
    {.kind = RUNNER_LOSS, .name = "categorical_crossentropy", .doc = "-sum target log p over the classes", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

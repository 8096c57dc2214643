/*
 * Muon (Jordan 2024) in Keras' form. Of a matrix: m = momentum m + g, x = g + momentum m (nesterov) or m,
 * w -= rate s orthogonal(x), where orthogonal() brings the singular values of x near 1 by the Newton-Schulz iteration
 *   x / (|x| + 1e-7), then ns_steps times: a = x x^T, x = muon_a x + (muon_b a + muon_c a^2) x,
 * and s = rms_rate sqrt(max(rows, columns)) (Liu et al. 2025), or 1 where rms_rate is null. PyTorch's default is
 * s = sqrt(max(1, rows / columns)) (adjust_lr: original), its "match_rms_adamw" is Keras' s.
 *
 * All other tensors, and those of layers in exclude_layers, take Adam's step at adam_lr_ratio times the rate. Before either,
 * rate * weight_decay (or adam_weight_decay) of the weights is taken off.
 */
#include <math.h>
#include <runner/plugin.h>
#include <string.h>

struct muon {
    double learning_rate, adam_beta_1, adam_beta_2, adam_weight_decay, epsilon, weight_decay, muon_a, muon_b, muon_c;
    double adam_lr_ratio, momentum, rms_rate;
    int64_t ns_steps;
    runner_texts exclude_layers;
    int32_t nesterov, adjust_lr;
};

enum { MATCH_RMS_ADAMW, ORIGINAL };
static const char *const adjustments[] = {"match_rms_adamw", "original", NULL};
#define WIDE 1e30

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct muon, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct muon, adam_beta_1, RUNNER_OPEN_MAX, 0, "0.9", 0, 1, NULL,
                  "adam: decay of the mean of the gradient"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct muon, adam_beta_2, RUNNER_OPEN_MAX, 0, "0.999", 0, 1, NULL,
                  "adam: decay of the mean of its square"),
    RUNNER_PARAM_FLOAT(struct muon, adam_weight_decay, "0.004", 0, WIDE, "adam: share of rate * weight taken off"),
    RUNNER_PARAM_FLOAT(struct muon, epsilon, "1e-7", 0, WIDE, "adam: added to the root of the mean square"),
    RUNNER_PARAM_FLOAT(struct muon, weight_decay, "0.004", 0, WIDE, "matrices: share of rate * weight taken off"),
    RUNNER_PARAM_(RUNNER_TEXTS, struct muon, exclude_layers, 0, 0, "[]", 0, 0, NULL,
                  "tensors whose name holds one of these texts take adam's step"),
    RUNNER_PARAM_FLOAT(struct muon, muon_a, "3.4445", -WIDE, WIDE, "factor of x in the Newton-Schulz iteration"),
    RUNNER_PARAM_FLOAT(struct muon, muon_b, "-4.7750", -WIDE, WIDE, "factor of x x^T x"),
    RUNNER_PARAM_FLOAT(struct muon, muon_c, "2.0315", -WIDE, WIDE, "factor of x x^T x x^T x"),
    RUNNER_PARAM_FLOAT(struct muon, adam_lr_ratio, "1.0", 0, WIDE, "adam: its rate in units of the rate"),
    RUNNER_PARAM_FLOAT(struct muon, momentum, "0.95", 0, 1, "share of the last direction that is kept"),
    RUNNER_PARAM_INT(struct muon, ns_steps, "5", 0, 1000, "Newton-Schulz iterations"),
    RUNNER_PARAM_BOOL(struct muon, nesterov, "true", "whether the momentum looks one step ahead"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct muon, rms_rate, RUNNER_NULLABLE, 0, "0.2", 0, WIDE, NULL,
                  "root mean square of an update in units of the rate; null: steps are not scaled"),
    RUNNER_PARAM_CHOICE(struct muon, adjust_lr, "match_rms_adamw", adjustments, "how steps are scaled by the shape"),
};

enum { POWER_1, POWER_2, ALPHA }; /* values: adam_beta^t as running products, Adam's factor of m */
enum { MOMENTUM, SQUARE };        /* slots: m; Adam's v */

static int is_excluded(const runner_texts *words, const char *name) {
    for (uint64_t i = 0; i < words->count; i++)
        if (strstr(name, words->values[i]) != NULL)
            return 1;
    return 0;
}

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct muon *muon = config;
    const runner_shape *shape = &plan->tensor.shape;
    if (shape->rank != 2 || is_excluded(&muon->exclude_layers, plan->tensor.name)) {
        plan->slots = 2;
        return RUNNER_OK;
    }
    uint64_t side = shape->size[0] < shape->size[1] ? shape->size[0] : shape->size[1];
    plan->flags = RUNNER_WHOLE_TENSOR;
    plan->slots = 1;
    plan->scratch = 2 * (runner_elements(shape) + side * side) * sizeof(float) + 4 * 64;
    return RUNNER_OK;
}

static void begin(const void *config, runner_step *step) {
    const struct muon *muon = config;
    double *values = step->values;
    values[POWER_1] = muon->adam_beta_1 * (step->number == 1 ? 1.0 : values[POWER_1]);
    values[POWER_2] = muon->adam_beta_2 * (step->number == 1 ? 1.0 : values[POWER_2]);
    values[ALPHA] = step->rate * muon->adam_lr_ratio * sqrt(1.0 - values[POWER_2]) / (1.0 - values[POWER_1]);
}

static void decay(uint64_t n, float share, float *w) {
    for (uint64_t i = 0; i < n; i++)
        w[i] -= w[i] * share;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct muon *muon = config;
    float alpha = (float)step->values[ALPHA], epsilon = (float)muon->epsilon;
    float gain_1 = (float)(1.0 - muon->adam_beta_1), gain_2 = (float)(1.0 - muon->adam_beta_2);
    float *restrict m = slots[MOMENTUM], *restrict v = slots[SQUARE];
    decay(n, (float)(step->rate * muon->adam_weight_decay), w);
    for (uint64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * gain_1;
        v[i] += (g[i] * g[i] - v[i]) * gain_2;
        w[i] -= m[i] * alpha / (sqrtf(v[i]) + epsilon);
    }
}

static runner_view matrix(runner_call *call, uint64_t rows, uint64_t columns) {
    float *data = call->host->scratch(call, rows * columns * sizeof *data);
    return (runner_view){.data = data, .rows = rows, .columns = columns, .pitch = columns};
}

/* orthogonal(x) in place. a is taken on the shorter side: x x^T, or x^T x, which then stands on the right. */
static void orthogonalize(const struct muon *muon, runner_call *call, runner_view *x) {
    uint64_t n = x->rows * x->columns, side = x->rows < x->columns ? x->rows : x->columns;
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)x->data[i] * (double)x->data[i];
    float scale = (float)(1.0 / (sqrt(sum) + 1e-7));
    for (uint64_t i = 0; i < n; i++)
        x->data[i] *= scale;

    runner_view next = matrix(call, x->rows, x->columns), a = matrix(call, side, side), b = matrix(call, side, side);
    for (int64_t k = 0; k < muon->ns_steps; k++) {
        call->host->product(call, x->rows > x->columns ? RUNNER_TRANSPOSE_A : RUNNER_TRANSPOSE_B, 1, x, x, 0, &a);
        memcpy(b.data, a.data, side * side * sizeof(float));
        call->host->product(call, 0, (float)muon->muon_c, &a, &a, (float)muon->muon_b, &b);
        memcpy(next.data, x->data, n * sizeof(float));
        if (x->rows > x->columns)
            call->host->product(call, 0, 1, x, &b, (float)muon->muon_a, &next);
        else
            call->host->product(call, 0, 1, &b, x, (float)muon->muon_a, &next);
        runner_view last = *x;
        *x = next;
        next = last;
    }
}

static void step_tensor(const void *config, runner_call *call, const runner_step *step, const runner_view *w,
                        const runner_view *g, const runner_view *slots) {
    const struct muon *muon = config;
    float momentum = (float)muon->momentum;
    runner_view x = matrix(call, w->rows, w->columns);
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++) {
            float *m = slots[MOMENTUM].data + i * slots[MOMENTUM].pitch + j, slope = g->data[i * g->pitch + j];
            *m = momentum * *m + slope;
            x.data[i * x.pitch + j] = muon->nesterov ? slope + momentum * *m : *m;
        }
    orthogonalize(muon, call, &x);

    double rows = (double)w->rows, columns = (double)w->columns, scale = 1;
    if (muon->adjust_lr == ORIGINAL)
        scale = rows > columns ? sqrt(rows / columns) : 1.0;
    else if (!isnan(muon->rms_rate))
        scale = muon->rms_rate * sqrt(rows > columns ? rows : columns);
    float rate = (float)(step->rate * scale), share = (float)(step->rate * muon->weight_decay);
    for (uint64_t i = 0; i < w->rows; i++) {
        decay(w->columns, share, w->data + i * w->pitch);
        for (uint64_t j = 0; j < w->columns; j++)
            w->data[i * w->pitch + j] -= rate * x.data[i * x.pitch + j];
    }
}

static const runner_optimizer_ops ops = {
    .size = sizeof ops, .plan = plan, .begin = begin, .step = step, .step_tensor = step_tensor};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct muon),
     .name = "muon",
     .doc = "orthogonalized momentum for matrices, adamw for the rest",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

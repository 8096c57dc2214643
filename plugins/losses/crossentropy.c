/*
 * Keras' categorical_crossentropy, sparse_categorical_crossentropy and binary_crossentropy, and metrics of the same names.
 *
 * Categorical: -sum t log p of one-hot targets t; sparse is the same of labels. label_smoothing s makes t (1 - s) + s / classes
 * of t, as PyTorch does.
 * From logits z (after a final softmax): log p = z - max z - log sum exp(z - max z); derivative p sum(t) - t.
 * From values y: q = y / sum y, p = q cut to [LOW, HIGH]; derivative by y of just that, (g + T) / sum y with g = -t / q where
 * q is not cut, else 0, and T the sum of t where q is not cut.
 *
 * Binary: the mean over the outputs of -t log p - (1 - t) log(1 - p), where s makes t (1 - s) + s / 2 of t.
 * From logits (after a final sigmoid): max(z, 0) - z t + log(1 + exp(-|z|)); derivative sigmoid(z) - t.
 * From values: p = y cut to [LOW, HIGH]; derivative (p - t) / (p (1 - p)), 0 where y is cut.
 */
#include <math.h>
#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

#define LOW ((double)1e-7f) /* keras.config.epsilon() and 1 minus that, in float32 as Keras has them */
#define HIGH ((double)(1.0f - 1e-7f))

struct crossentropy {
    double label_smoothing;
    int32_t from_logits;
};

static const runner_param params[] = {
    RUNNER_PARAM_BOOL(struct crossentropy, from_logits, "false",
                      "whether the model ends with logits, not probabilities"),
    RUNNER_PARAM_FLOAT(struct crossentropy, label_smoothing, "0.0", 0, 1, "share of a target spread over all classes"),
};

static int check_classes(runner_call *call, uint32_t classes, const runner_shape *prediction, const char *name) {
    uint64_t outputs = runner_elements(prediction);
    if (classes == 0)
        return call->host->fail(
            call,
            "%s needs classes, but the data set's targets are values; take a loss for values, such as "
            "mean_squared_error",
            name);
    if (outputs != classes)
        return call->host->fail(
            call, "the model ends with %llu output%s, but the data set has %u class%s; give its last layer %u unit%s",
            (unsigned long long)outputs, outputs == 1 ? "" : "s", classes, classes == 1 ? "" : "es", classes,
            classes == 1 ? "" : "s");
    if (prediction->rank > 0 && prediction->size[prediction->rank - 1] != classes)
        return call->host->fail(
            call,
            "the last dimension of the model's output is %u, but the data set has %u classes; end it with "
            "dense: {units: %u}",
            prediction->size[prediction->rank - 1], classes, classes);
    return RUNNER_OK;
}

static int check_binary(runner_call *call, uint32_t classes, const runner_shape *prediction,
                        const runner_shape *target) {
    unsigned long long outputs = runner_elements(prediction), values = runner_elements(target);
    const char *plural = outputs == 1 ? "" : "s";
    if (classes > 0 && outputs != classes && !(outputs == 1 && classes == 2))
        return call->host->fail(call,
                                "binary_crossentropy: the model ends with %llu output%s, but the data set has %u "
                                "classes; give its last layer %u units",
                                outputs, plural, classes, classes == 2 ? 1 : classes);
    if (classes == 0 && outputs != values)
        return call->host->fail(call,
                                "binary_crossentropy: the model ends with %llu output%s, but a target of the data set "
                                "has %llu values; give its last layer %llu units",
                                outputs, plural, values, values);
    return RUNNER_OK;
}

/* log(1 + r) for r > -1, within some 1e-15: libm's differs from version to version. With 1 + r = m 2^e and m in
   [sqrt 1/2, sqrt 2), it is e log 2 + 2 atanh((m - 1) / (m + 1)), by the series of atanh; e = 0 keeps small r whole. */
static inline double log_1_plus(double r) {
    const double all = 1.0 + r;
    uint64_t bits;
    memcpy(&bits, &all, sizeof bits);
    int e = (int)(bits >> 52) - 1022;
    bits = (bits & 0xfffffffffffff) | (uint64_t)1022 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m < 0.70710678118654752) {
        m *= 2.0;
        e--;
    }
    double t = (e == 0 ? r : m - 1.0) / (e == 0 ? 2.0 + r : m + 1.0);
    double u = t * t, sum = 0;
    for (int k = 21; k >= 1; k -= 2)
        sum = sum * u + 1.0 / k;
    const double log = e * 0.69314718055994531 + 2.0 * t * sum;
    return isfinite(r) ? log : r;
}

/* One row of predictions y (or logits z) and targets t; `value` and `delta` may be NULL, `p` is scratch [n]. */
struct row {
    const runner_host *host;
    uint64_t n;
    const float *y, *t;
    float *p, scale;
    double *value;
    float *delta;
};

/* Rows at a time, of up to MANY classes: a call of exp() for ten values takes as long as for thirty, and logarithms make vectors. */
enum { ROWS = 32, MANY = 128 };

/* Of some rows of logits z, [rows][n] and [rows]. */
struct exponentials {
    float *p;              /* exp(z - z[top]) */
    uint64_t top[ROWS];    /* of the largest */
    double others[ROWS];   /* sum of p but for p[top], which is 1; NaN where z[top] is not finite */
    double log_sums[ROWS]; /* log(1 + others) */
};

static void find_exponentials(const runner_host *host, const runner_view *z, uint64_t first, uint64_t rows,
                              struct exponentials *found) {
    const uint64_t n = z->columns;
    float *p = found->p;
    for (uint64_t r = 0; r < rows; r++) {
        const float *at = z->data + (first + r) * z->pitch;
        uint64_t top = 0;
        for (uint64_t j = 1; j < n; j++)
            top = at[j] > at[top] ? j : top;
        for (uint64_t j = 0; j < n; j++)
            p[r * n + j] = at[j] - at[top];
        found->top[r] = top;
    }
    host->exp(rows * n, p, p);
    for (uint64_t r = 0; r < rows; r++) {
        double others = 0;
        for (uint64_t j = 0; j < n; j++)
            others += j == found->top[r] ? (double)p[r * n + j] - 1.0 : (double)p[r * n + j];
        found->others[r] = others;
    }
    for (uint64_t r = 0; r < rows; r++)
        found->log_sums[r] = log_1_plus(found->others[r]);
}

static void categorical_logits(const struct row *row, const struct exponentials *all, uint64_t r) {
    const uint64_t n = row->n, top = all->top[r];
    const float *z = row->y, *t = row->t, *p = all->p + r * n;
    double targets = 0, sum = 0;
    for (uint64_t j = 0; j < n; j++)
        targets += (double)t[j];
    if (row->value != NULL) {
        for (uint64_t j = 0; j < n; j++)
            if (t[j] != 0.0f)
                sum += (double)t[j] * (all->log_sums[r] - ((double)z[j] - (double)z[top]));
        *row->value = sum;
    }
    if (row->delta != NULL) {
        double factor = targets / (1.0 + all->others[r]);
        for (uint64_t j = 0; j < n; j++)
            row->delta[j] = row->scale * (float)((double)p[j] * factor - (double)t[j]);
    }
}

static double cut(double q) {
    return q < LOW ? LOW : q > HIGH ? HIGH : q;
}

static void categorical_values(const struct row *row) {
    const float *t = row->t;
    float *delta = row->delta;
    double sum = 0, loss = 0, kept = 0;
    for (uint64_t j = 0; j < row->n; j++)
        sum += (double)row->y[j];
    for (uint64_t j = 0; j < row->n; j++) {
        double q = (double)row->y[j] / sum, p = cut(q);
        if (t[j] != 0.0f)
            loss -= (double)t[j] * log_1_plus(p - 1.0);
        if (p == q)
            kept += (double)t[j];
        if (delta != NULL)
            delta[j] = p == q ? (float)((double)-t[j] / q) : 0.0f;
    }
    if (row->value != NULL)
        *row->value = loss;
    for (uint64_t j = 0; delta != NULL && j < row->n; j++)
        delta[j] = row->scale * (float)(((double)delta[j] + kept) / sum);
}

static void binary_logits(const struct row *row) {
    uint64_t n = row->n;
    float *e = row->p, factor = row->scale / (float)n;
    double loss = 0;
    for (uint64_t j = 0; j < n; j++)
        e[j] = -fabsf(row->y[j]);
    row->host->exp(n, e, e);
    for (uint64_t j = 0; j < n; j++) {
        double z = (double)row->y[j], t = (double)row->t[j], small = (double)e[j];
        if (row->value != NULL)
            loss += (z > 0 ? z : 0) - z * t + log_1_plus(small);
        if (row->delta != NULL)
            row->delta[j] = factor * (float)((z < 0 ? small : 1.0) / (1.0 + small) - t);
    }
    if (row->value != NULL)
        *row->value = loss / (double)n;
}

static void binary_values(const struct row *row) {
    float factor = row->scale / (float)row->n;
    double loss = 0;
    for (uint64_t j = 0; j < row->n; j++) {
        double y = (double)row->y[j], t = (double)row->t[j], p = cut(y);
        if (row->value != NULL)
            loss -= t * log_1_plus(p - 1.0) + (1.0 - t) * log_1_plus(-p);
        if (row->delta != NULL)
            row->delta[j] = p == y ? factor * (float)((p - t) / (p * (1.0 - p))) : 0.0f * (float)p;
    }
    if (row->value != NULL)
        *row->value = loss / (double)row->n;
}

/* Targets of a row: from its label or its vector, t becoming factor t + offset. */
static void smooth(const runner_loss_rows *run, uint64_t i, float factor, float offset, float *t) {
    uint64_t n = run->prediction->columns;
    for (uint64_t j = 0; j < n; j++)
        t[j] = run->labels == NULL             ? run->target->data[i * run->target->pitch + j] * factor + offset
               : (uint64_t)run->labels[i] == j ? factor + offset
                                               : offset;
}

enum family { CATEGORICAL, SPARSE, BINARY };

static void evaluate_rows(enum family family, const struct crossentropy *config, runner_call *call,
                          const runner_loss_rows *run, double *sum) {
    uint64_t n = run->prediction->columns;
    int logits = run->from_logits || config->from_logits;
    const uint64_t rows = n > MANY ? 1 : ROWS;
    float share = (float)config->label_smoothing, *t = NULL;
    struct exponentials all = {.p = call->host->scratch(call, rows * n * sizeof *all.p)};
    if (family == SPARSE || share > 0.0f)
        t = call->host->scratch(call, n * sizeof *t);
    for (uint64_t i = 0; i < run->rows; i++) {
        if (logits && family != BINARY && i % rows == 0)
            find_exponentials(call->host, run->prediction, i, run->rows - i < rows ? run->rows - i : rows, &all);
        double value;
        struct row row = {.host = call->host,
                          .n = n,
                          .y = run->prediction->data + i * run->prediction->pitch,
                          .p = all.p,
                          .scale = run->scale,
                          .value = sum != NULL           ? &value
                                   : run->values != NULL ? run->values + i
                                                         : NULL,
                          .delta = run->delta != NULL ? run->delta->data + i * run->delta->pitch : NULL};
        if (t != NULL)
            smooth(run, i, 1.0f - share, family == BINARY ? 0.5f * share : share / (float)n, t);
        row.t = t != NULL ? t : run->target->data + i * run->target->pitch;
        if (family == BINARY)
            logits ? binary_logits(&row) : binary_values(&row);
        else
            logits ? categorical_logits(&row, &all, i % rows) : categorical_values(&row);
        if (sum != NULL)
            *sum += value;
    }
}

static double mean(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

/* The functions and ops of a loss and its metric */
#define LOSS(name, family, form, activation, check)                                                                    \
    static int name##_plan(void *config, runner_call *call, runner_loss_plan *plan) {                                  \
        const struct crossentropy *crossentropy = config;                                                              \
        plan->target = form;                                                                                           \
        plan->logits_of = crossentropy->from_logits ? NULL : activation;                                               \
        return check;                                                                                                  \
    }                                                                                                                  \
    static int name##_plan_metric(void *config, runner_call *call, runner_metric_plan *plan) {                         \
        (void)config;                                                                                                  \
        plan->target = form;                                                                                           \
        plan->sums = 1;                                                                                                \
        return check;                                                                                                  \
    }                                                                                                                  \
    static void name##_evaluate(const void *config, runner_call *call, const runner_loss_rows *run) {                  \
        evaluate_rows(family, config, call, run, NULL);                                                                \
    }                                                                                                                  \
    static void name##_update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {      \
        evaluate_rows(family, config, call, run, sums);                                                                \
    }                                                                                                                  \
    static const runner_loss_ops name##_ops = {                                                                        \
        .size = sizeof(runner_loss_ops), .plan = name##_plan, .evaluate = name##_evaluate};                            \
    static const runner_metric_ops name##_metric_ops = {                                                               \
        .size = sizeof(runner_metric_ops), .plan = name##_plan_metric, .update = name##_update, .result = mean};
LOSS(categorical, CATEGORICAL, RUNNER_ONE_HOT, "softmax",
     check_classes(call, plan->classes, &plan->prediction, "categorical_crossentropy"))
LOSS(sparse, SPARSE, RUNNER_LABELS, "softmax",
     check_classes(call, plan->classes, &plan->prediction, "sparse_categorical_crossentropy"))
LOSS(binary, BINARY, RUNNER_VALUES, "sigmoid", check_binary(call, plan->classes, &plan->prediction, &plan->data_target))

#define COMPONENTS(component, text, count, family)                                                                     \
    {.kind = RUNNER_LOSS,                                                                                              \
     .config_size = sizeof(struct crossentropy),                                                                       \
     .name = component,                                                                                                \
     .doc = text,                                                                                                      \
     .params = params,                                                                                                 \
     .n_params = count,                                                                                                \
     .ops = &family##_ops},                                                                                            \
    {                                                                                                                  \
        .kind = RUNNER_METRIC, .config_size = sizeof(struct crossentropy), .name = component, .doc = text,             \
        .params = params, .n_params = count, .ops = &family##_metric_ops                                               \
    }
static const runner_component components[] = {
    COMPONENTS("categorical_crossentropy", "-sum target log p over the classes", RUNNER_COUNT(params), categorical),
    COMPONENTS("sparse_categorical_crossentropy", "-log p of the label's class", 1, sparse), /* from_logits only */
    COMPONENTS("binary_crossentropy", "-target log p - (1 - target) log(1 - p)", RUNNER_COUNT(params), binary),
};
RUNNER_PLUGIN(components, "1.1.0")

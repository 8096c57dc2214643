/* LAMB (You et al. 2020) in Keras' form: with m, v and their bias corrections as in Adam, u = m' / (sqrt(v') + epsilon) and
   w -= rate |w| / |u| u, the norms being of the whole tensor; their ratio is 1 where one of them is 0. The paper adds its
   weight decay to u before the norm is taken (coupled_weight_decay); Keras takes it off the weights apart from that. */
#include <math.h>
#include <runner/plugin.h>

struct lamb {
    double learning_rate, beta_1, beta_2, epsilon, coupled_weight_decay;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct lamb, learning_rate, "0.001", "step length in units of the tensor's norm"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct lamb, beta_1, RUNNER_OPEN_MAX, 0, "0.9", 0, 1, NULL,
                  "decay of the mean of the gradient"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct lamb, beta_2, RUNNER_OPEN_MAX, 0, "0.999", 0, 1, NULL,
                  "decay of the mean of its square"),
    RUNNER_PARAM_FLOAT(struct lamb, epsilon, "1e-7", 0, 1e30, "added to the root of that mean"),
    RUNNER_PARAM_FLOAT(struct lamb, coupled_weight_decay, "0.0", 0, 1e30,
                       "share of the weight in the update whose norm is taken (paper)"),
};

enum { POWER_1, POWER_2, CORRECTION_1, CORRECTION_2 }; /* values: beta^t as running products, 1 / (1 - beta^t) */
enum { MEAN, SQUARE, N_SLOTS };
enum { PARTS = 8 }; /* a sum of squares is kept in that many, so that it can be vectorised */

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->flags = RUNNER_WHOLE_TENSOR;
    plan->slots = N_SLOTS;
    plan->scratch = runner_elements(&plan->tensor.shape) * sizeof(float);
    return RUNNER_OK;
}

static void begin(const void *config, runner_step *step) {
    const struct lamb *lamb = config;
    double *values = step->values;
    values[POWER_1] = lamb->beta_1 * (step->number == 1 ? 1.0 : values[POWER_1]);
    values[POWER_2] = lamb->beta_2 * (step->number == 1 ? 1.0 : values[POWER_2]);
    values[CORRECTION_1] = 1.0 / (1.0 - values[POWER_1]);
    values[CORRECTION_2] = 1.0 / (1.0 - values[POWER_2]);
}

static void add_squares(uint64_t n, const float *x, double sums[PARTS]) {
    uint64_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (int k = 0; k < PARTS; k++)
            sums[k] += (double)x[i + (uint64_t)k] * (double)x[i + (uint64_t)k];
    for (; i < n; i++)
        sums[i % PARTS] += (double)x[i] * (double)x[i];
}

static double norm(const double sums[PARTS]) {
    return sqrt(((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7])));
}

/* u of a row */
static void direction(const struct lamb *lamb, const runner_step *step, uint64_t n, const float *restrict w,
                      const float *restrict g, float *restrict m, float *restrict v, float *restrict u) {
    float gain_1 = (float)(1.0 - lamb->beta_1), gain_2 = (float)(1.0 - lamb->beta_2), epsilon = (float)lamb->epsilon;
    float correction_1 = (float)step->values[CORRECTION_1], correction_2 = (float)step->values[CORRECTION_2];
    float decay = (float)lamb->coupled_weight_decay;
    for (uint64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * gain_1;
        v[i] += (g[i] * g[i] - v[i]) * gain_2;
        u[i] = m[i] * correction_1 / (sqrtf(v[i] * correction_2) + epsilon) + decay * w[i];
    }
}

static void step_tensor(const void *config, runner_call *call, const runner_step *step, const runner_view *w,
                        const runner_view *g, const runner_view *slots) {
    const struct lamb *lamb = config;
    const runner_view *m = &slots[MEAN], *v = &slots[SQUARE];
    uint64_t columns = w->columns;
    float *u = call->host->scratch(call, w->rows * columns * sizeof *u);
    double weights[PARTS] = {0}, updates[PARTS] = {0};
    for (uint64_t i = 0; i < w->rows; i++) {
        direction(lamb, step, columns, w->data + i * w->pitch, g->data + i * g->pitch, m->data + i * m->pitch,
                  v->data + i * v->pitch, u + i * columns);
        add_squares(columns, w->data + i * w->pitch, weights);
        add_squares(columns, u + i * columns, updates);
    }
    double weight = norm(weights), update = norm(updates);
    float rate = (float)(step->rate * (weight > 0 && update > 0 ? weight / update : 1.0));
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < columns; j++)
            w->data[i * w->pitch + j] -= rate * u[i * columns + j];
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .begin = begin, .step_tensor = step_tensor};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct lamb),
     .name = "lamb",
     .doc = "adam with steps in proportion to the norm of each tensor",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

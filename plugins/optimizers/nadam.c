/* Nadam (Dozat 2016) in Keras' form. With u_t = beta_1 (1 - 0.96^(momentum_decay t) / 2) and U_t their product up to t:
   m += (g - m) (1 - beta_1), v += (g^2 - v) (1 - beta_2),
   w -= rate (u_t+1 m / (1 - U_t u_t+1) + (1 - u_t) g / (1 - U_t)) / (sqrt(v / (1 - beta_2^t)) + epsilon).
   Keras' momentum_decay is 1; PyTorch's is 0.004, as in the paper. */
#include <math.h>
#include <runner/plugin.h>

struct nadam {
    double learning_rate, beta_1, beta_2, epsilon, momentum_decay;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct nadam, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct nadam, beta_1, RUNNER_OPEN_MAX, 0, "0.9", 0, 1, NULL,
                  "decay of the mean of the gradient"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct nadam, beta_2, RUNNER_OPEN_MAX, 0, "0.999", 0, 1, NULL,
                  "decay of the mean of its square"),
    RUNNER_PARAM_FLOAT(struct nadam, epsilon, "1e-7", 0, 1e30, "added to the root of that mean"),
    RUNNER_PARAM_FLOAT(struct nadam, momentum_decay, "1.0", 0, 1e30, "how fast the momentum grows to beta_1"),
};

enum {
    WARMTH,
    PRODUCT,
    POWER_2,
    FACTOR_M,
    FACTOR_G
}; /* values: 0.96^(decay t), U_t, beta_2^t, factors of m and of g */
enum { MEAN, SQUARE, N_SLOTS };

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->slots = N_SLOTS;
    return RUNNER_OK;
}

static void begin(const void *config, runner_step *step) {
    const struct nadam *nadam = config;
    double *values = step->values, base = pow(0.96, nadam->momentum_decay);
    if (step->number == 1)
        values[WARMTH] = values[PRODUCT] = values[POWER_2] = 1.0;
    values[WARMTH] *= base;
    double now = nadam->beta_1 * (1.0 - 0.5 * values[WARMTH]),
           next = nadam->beta_1 * (1.0 - 0.5 * values[WARMTH] * base);
    values[PRODUCT] *= now;
    values[POWER_2] *= nadam->beta_2;
    values[FACTOR_M] = step->rate * next / (1.0 - values[PRODUCT] * next);
    values[FACTOR_G] = step->rate * (1.0 - now) / (1.0 - values[PRODUCT]);
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct nadam *nadam = config;
    float factor_m = (float)step->values[FACTOR_M], factor_g = (float)step->values[FACTOR_G];
    float correction = (float)(1.0 / (1.0 - step->values[POWER_2])), epsilon = (float)nadam->epsilon;
    float gain_1 = (float)(1.0 - nadam->beta_1), gain_2 = (float)(1.0 - nadam->beta_2);
    float *restrict m = slots[MEAN], *restrict v = slots[SQUARE];
    for (uint64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * gain_1;
        v[i] += (g[i] * g[i] - v[i]) * gain_2;
        w[i] -= (factor_m * m[i] + factor_g * g[i]) / (sqrtf(v[i] * correction) + epsilon);
    }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .begin = begin, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct nadam),
     .name = "nadam",
     .doc = "adam with Nesterov momentum",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* Adam (Kingma and Ba 2015) in Keras 3's form: with alpha = rate sqrt(1 - beta_2^t) / (1 - beta_1^t),
   m += (g - m) (1 - beta_1), v += (g^2 - v) (1 - beta_2), w -= alpha m / (sqrt(v) + epsilon); with amsgrad the largest v so
   far stands in place of v. */
#include <math.h>
#include <runner/plugin.h>

struct adam {
    double learning_rate, beta_1, beta_2, epsilon;
    int32_t amsgrad;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct adam, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct adam, beta_1, RUNNER_OPEN_MAX, 0, "0.9", 0, 1, NULL,
                  "decay of the mean of the gradient"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct adam, beta_2, RUNNER_OPEN_MAX, 0, "0.999", 0, 1, NULL,
                  "decay of the mean of its square"),
    RUNNER_PARAM_FLOAT(struct adam, epsilon, "1e-7", 0, 1e30, "added to the root of that mean"),
    RUNNER_PARAM_BOOL(struct adam, amsgrad, "false", "whether that mean may only grow in the divisor"),
};

enum { POWER_1, POWER_2, ALPHA };        /* values: beta_1^t, beta_2^t as running products, alpha */
enum { MEAN, SQUARE, LARGEST, N_SLOTS }; /* slots: m, v, largest v */

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct adam *adam = config;
    plan->slots = adam->amsgrad ? N_SLOTS : N_SLOTS - 1;
    return RUNNER_OK;
}

static void begin(const void *config, runner_step *step) {
    const struct adam *adam = config;
    step->values[POWER_1] = adam->beta_1 * (step->number == 1 ? 1.0 : step->values[POWER_1]);
    step->values[POWER_2] = adam->beta_2 * (step->number == 1 ? 1.0 : step->values[POWER_2]);
    step->values[ALPHA] = step->rate * sqrt(1.0 - step->values[POWER_2]) / (1.0 - step->values[POWER_1]);
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct adam *adam = config;
    float alpha = (float)step->values[ALPHA], epsilon = (float)adam->epsilon;
    float gain_1 = (float)(1.0 - adam->beta_1), gain_2 = (float)(1.0 - adam->beta_2);
    float *restrict m = slots[MEAN], *restrict v = slots[SQUARE];
    if (adam->amsgrad) {
        float *restrict largest = slots[LARGEST];
        for (uint64_t i = 0; i < n; i++) {
            m[i] += (g[i] - m[i]) * gain_1;
            v[i] += (g[i] * g[i] - v[i]) * gain_2;
            largest[i] = largest[i] > v[i] ? largest[i] : v[i];
            w[i] -= m[i] * alpha / (sqrtf(largest[i]) + epsilon);
        }
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * gain_1;
        v[i] += (g[i] * g[i] - v[i]) * gain_2;
        w[i] -= m[i] * alpha / (sqrtf(v[i]) + epsilon);
    }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .begin = begin, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct adam),
     .name = "adam",
     .doc = "adaptive moments",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

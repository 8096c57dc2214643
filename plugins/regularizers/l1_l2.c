/* Keras' l1, l2 and l1_l2: l1 sum |w| + l2 sum w^2; derivative l1 sign(w) + 2 l2 w, with sign(0) = 0. PyTorch's coupled
   weight_decay d is l2 = d / 2. */
#include <math.h>
#include <runner/plugin.h>

struct l1_l2 {
    double l1, l2;
};

#define STRENGTH(field, initial, text) RUNNER_PARAM_FLOAT(struct l1_l2, field, initial, 0, 1e30, text)
static const runner_param l1_params[] = {STRENGTH(l1, "0.01", "factor of the sum of magnitudes")};
static const runner_param l2_params[] = {STRENGTH(l2, "0.01", "factor of the sum of squares")};
static const runner_param l1_l2_params[] = {
    STRENGTH(l1, "0.0", "factor of the sum of magnitudes"),
    STRENGTH(l2, "0.0", "factor of the sum of squares"),
};

static double penalty(const void *config, uint64_t n, const float *w, float *g) {
    const struct l1_l2 *factors = config;
    float l1 = (float)factors->l1, slope = (float)(2.0 * factors->l2);
    double magnitudes = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++) {
        magnitudes += (double)fabsf(w[i]);
        squares += (double)w[i] * (double)w[i];
    }
    for (uint64_t i = 0; g != NULL && i < n; i++)
        g[i] += (w[i] > 0.0f ? l1 : w[i] < 0.0f ? -l1 : 0.0f) + slope * w[i];
    return factors->l1 * magnitudes + factors->l2 * squares;
}

static const runner_regularizer_ops ops = {.size = sizeof ops, .penalty = penalty};

#define COMPONENT(component, text)                                                                                     \
    {                                                                                                                  \
        .kind = RUNNER_REGULARIZER, .config_size = sizeof(struct l1_l2), .name = #component, .doc = text,              \
        .params = component##_params, .n_params = RUNNER_COUNT(component##_params), .ops = &ops                        \
    }
static const runner_component components[] = {
    COMPONENT(l1, "sum of the magnitudes of the weights"),
    COMPONENT(l2, "sum of the squares of the weights"),
    COMPONENT(l1_l2, "sums of the magnitudes and of the squares of the weights"),
};
RUNNER_PLUGIN(components, "1.0.0")

/* Adagrad (Duchi, Hazan and Singer 2011) in Keras' form: a += g^2, w -= rate g / sqrt(a + epsilon), where a starts at
   initial_accumulator_value. The paper and PyTorch add epsilon to the root (epsilon_inside_root: false); PyTorch starts at
   0 with epsilon 1e-10 and rate 0.01. */
#include <math.h>
#include <runner/plugin.h>

struct adagrad {
    double learning_rate, initial_accumulator_value, epsilon;
    int32_t epsilon_inside_root;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct adagrad, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_FLOAT(struct adagrad, initial_accumulator_value, "0.1", 0, 1e30, "what the sum of squares starts at"),
    RUNNER_PARAM_FLOAT(struct adagrad, epsilon, "1e-7", 0, 1e30, "added to that sum"),
    RUNNER_PARAM_BOOL(struct adagrad, epsilon_inside_root, "true", "false: epsilon is added to the root (PyTorch)"),
};

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct adagrad *adagrad = config;
    plan->slots = 1;
    plan->slot_initial[0] = (float)adagrad->initial_accumulator_value;
    if (plan->slot_initial[0] > 0.0f || (float)adagrad->epsilon > 0.0f) /* else 0 / 0 */
        plan->flags = RUNNER_ZERO_IS_NOOP;
    return RUNNER_OK;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *restrict w, const float *restrict g,
                 float *const *slots) {
    const struct adagrad *adagrad = config;
    float rate = (float)step->rate, epsilon = (float)adagrad->epsilon;
    float inside = adagrad->epsilon_inside_root ? epsilon : 0.0f,
          outside = adagrad->epsilon_inside_root ? 0.0f : epsilon;
    float *restrict sum = slots[0];
    for (uint64_t i = 0; i < n; i++) {
        sum[i] += g[i] * g[i];
        w[i] -= rate * g[i] / (sqrtf(sum[i] + inside) + outside);
    }
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct adagrad),
     .name = "adagrad",
     .doc = "gradient over the root of the sum of its squares",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

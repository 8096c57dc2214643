/* Optimizers that break one promise each; see tests/e2e/plugin_test.sh. */
#include <runner/plugin.h>

struct config {
    double learning_rate;
};
static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct config, learning_rate, "0.01", "step length"),
};

static int plan_none(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    return RUNNER_OK;
}

static int plan_slot(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->slots = 1;
    return RUNNER_OK;
}

static int plan_linear(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->flags = RUNNER_LINEAR | RUNNER_ZERO_IS_NOOP;
    return RUNNER_OK;
}

static void descend(const runner_step *step, uint64_t n, float *w, const float *g, float factor) {
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * factor * g[i];
}

__attribute__((no_sanitize("address", "undefined"))) static void
writes_beyond(const void *config, const runner_step *step, uint64_t n, float *w, const float *g, float *const *slots) {
    (void)config;
    descend(step, n, w, g, 1);
    for (uint64_t i = 0; i <= n; i++)
        ((volatile float *)slots[0])[i] = 0;
}

static void remembers(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                      float *const *slots) {
    static float momentum;
    (void)config, (void)slots;
    momentum = 0.9f * momentum + g[0];
    descend(step, n, w, g, 1 + 0.01f * momentum);
}

/* Of memory that a thread has for itself: the address in 10 bits, all of it, since such memory often lies at the same place of larger blocks. */
static unsigned place_of(const void *memory) {
    uintptr_t page = (uintptr_t)memory >> 12;
    return (unsigned)((page ^ page >> 10 ^ page >> 20) & 1023);
}

static void by_thread(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                      float *const *slots) {
    static _Thread_local float own;
    (void)config, (void)slots;
    descend(step, n, w, g, 1 + 0.001f * (float)place_of(&own));
}

static void by_run(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                   float *const *slots) {
    (void)config, (void)slots;
    descend(step, n, w, g, 1 + 0.001f * (float)n); /* the run's length, which the host chooses */
}

static void climbs(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                   float *const *slots) {
    (void)config, (void)slots;
    descend(step, n, w, g, -1);
}

static void decays(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                   float *const *slots) {
    (void)config, (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * (g[i] + 0.01f * w[i]);
}

#define OPTIMIZER(name_, plan_, step_)                                                                                 \
    static const runner_optimizer_ops name_ = {.size = sizeof name_, .plan = plan_, .step = step_};
OPTIMIZER(out_of_bounds, plan_slot, writes_beyond)
OPTIMIZER(hidden_state, plan_none, remembers)
OPTIMIZER(thread_dependent, plan_none, by_thread)
OPTIMIZER(cut_dependent, plan_none, by_run)
OPTIMIZER(wrong_gradient, plan_none, climbs)
OPTIMIZER(not_linear, plan_linear, decays)

static void rests(const void *config, const runner_step *steps, uint64_t count, uint64_t n, float *w,
                  float *const *slots) {
    (void)config, (void)steps, (void)count, (void)n, (void)w, (void)slots;
}

static const runner_optimizer_ops not_late = {
    .size = sizeof not_late, .plan = plan_none, .step = decays, .step_zeros = rests};

static void adds(const void *config, const runner_step *step, uint64_t n, float *w, float x, const float *g,
                 float *const *slots) {
    (void)config, (void)step, (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] += x * g[i];
}

static const runner_optimizer_ops not_outer = {
    .size = sizeof not_outer, .plan = plan_none, .step = decays, .step_outer = adds};

#define COMPONENT(name_)                                                                                               \
    {                                                                                                                  \
        .kind = RUNNER_OPTIMIZER, .config_size = sizeof(struct config), .name = #name_, .doc = "breaks a promise",     \
        .params = params, .n_params = RUNNER_COUNT(params), .ops = &name_                                              \
    }
static const runner_component components[] = {
    COMPONENT(out_of_bounds),  COMPONENT(hidden_state), COMPONENT(thread_dependent), COMPONENT(cut_dependent),
    COMPONENT(wrong_gradient), COMPONENT(not_linear),   COMPONENT(not_late),         COMPONENT(not_outer)};
RUNNER_PLUGIN(components, "1.0.0")

/* Keras' ExponentialDecay: initial_learning_rate decay_rate^(update / decay_steps), the exponent rounded down where
   staircase is on. */
#include <math.h>
#include <runner/plugin.h>

struct exponential_decay {
    double initial_learning_rate, decay_rate;
    int64_t decay_steps;
    int32_t staircase;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct exponential_decay, initial_learning_rate, NULL, 0, 1e30, "rate of the first update"),
    RUNNER_PARAM_INT(struct exponential_decay, decay_steps, NULL, 1, 1e18, "updates in which it falls by decay_rate"),
    RUNNER_PARAM_FLOAT(struct exponential_decay, decay_rate, NULL, 0, 1e30,
                       "what is left of it after decay_steps updates"),
    RUNNER_PARAM_BOOL(struct exponential_decay, staircase, "false", "whether it falls only every decay_steps updates"),
};

/* base^x for base, x >= 0 with nothing but products and roots, which are the same bits with every libm: x's whole part by
   squaring, its binary fraction by roots of roots. */
static double power(double base, double x) {
    double result = 1, whole = floor(x), fraction = x - whole, square = base, root = base;
    for (; whole >= 1; whole = floor(whole / 2), square *= square)
        if (fmod(whole, 2) == 1)
            result *= square;
    while (fraction > 0) {
        root = sqrt(root);
        fraction *= 2;
        if (fraction >= 1) {
            result *= root;
            fraction -= 1;
        }
    }
    return result;
}

static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)updates_per_epoch, (void)total_updates;
    const struct exponential_decay *decay = config;
    double steps = (double)update / (double)decay->decay_steps;
    return decay->initial_learning_rate * power(decay->decay_rate, decay->staircase ? floor(steps) : steps);
}

static const runner_schedule_ops ops = {.size = sizeof ops, .rate = rate};

static const runner_component components[] = {
    {.kind = RUNNER_SCHEDULE,
     .config_size = sizeof(struct exponential_decay),
     .name = "exponential_decay",
     .doc = "falls by the same factor in equal times",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

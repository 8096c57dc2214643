/* Keras' CosineDecay (Loshchilov and Hutter 2017). With a warmup_target the rate first goes from initial_learning_rate to it
   in a line of warmup_steps updates; then it goes from there to alpha times that along half a cosine of decay_steps updates,
   and stays. PyTorch's CosineAnnealingLR is the same with alpha = eta_min / lr. */
#include <math.h>
#include <runner/plugin.h>

struct cosine_decay {
    double initial_learning_rate, alpha, warmup_target;
    int64_t decay_steps, warmup_steps;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct cosine_decay, initial_learning_rate, NULL, 0, 1e30, "rate of the first update"),
    RUNNER_PARAM_(RUNNER_INT, struct cosine_decay, decay_steps, RUNNER_NULLABLE, 0, "null", 1, 1e18, NULL,
                  "updates of the fall; null: all that follow the warm-up"),
    RUNNER_PARAM_FLOAT(struct cosine_decay, alpha, "0.0", 0, 1e30, "share of the highest rate that is left at the end"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct cosine_decay, warmup_target, RUNNER_NULLABLE, 0, "null", 0, 1e30, NULL,
                  "rate at the end of the warm-up; null: no warm-up"),
    RUNNER_PARAM_INT(struct cosine_decay, warmup_steps, "0", 0, 1e18, "updates of the warm-up"),
};

/* cos(pi x) for x in [0, 1], within 1e-15: libm's differs from version to version. It is sin(pi y) with y = 1/2 - x, by
   the series of the sine. */
static double cos_pi(double x) {
    double y = 3.14159265358979324 * (0.5 - x), square = y * y, sum = 0;
    for (int k = 27; k >= 3; k -= 2)
        sum = (1.0 + sum) * -square / (k * (k - 1));
    return y * (1.0 + sum);
}

static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)updates_per_epoch;
    const struct cosine_decay *cosine = config;
    double from = cosine->initial_learning_rate, step = (double)update, warmup = 0;
    if (!isnan(cosine->warmup_target)) {
        warmup = (double)cosine->warmup_steps;
        if (step < warmup)
            return from + (cosine->warmup_target - from) * (step / warmup);
        from = cosine->warmup_target;
    }
    double steps = cosine->decay_steps > 0 ? (double)cosine->decay_steps : (double)total_updates - warmup;
    double fraction = step - warmup < steps ? (step - warmup) / steps : 1.0;
    double height = 0.5 * (1.0 + cos_pi(fraction));
    return from * ((1.0 - cosine->alpha) * height + cosine->alpha);
}

static const runner_schedule_ops ops = {.size = sizeof ops, .rate = rate};

static const runner_component components[] = {
    {.kind = RUNNER_SCHEDULE,
     .config_size = sizeof(struct cosine_decay),
     .name = "cosine_decay",
     .doc = "falls along half a cosine, after a warm-up where wanted",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

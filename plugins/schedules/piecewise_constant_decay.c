/* Keras' PiecewiseConstantDecay: values[i] for the first i with update <= boundaries[i], else the last value. Updates count
   from 0. Not a number where there is not one value more than boundaries. */
#include <math.h>
#include <runner/plugin.h>

struct piecewise {
    runner_ints boundaries;
    runner_floats values;
};

static const runner_param params[] = {
    RUNNER_PARAM_(RUNNER_INTS, struct piecewise, boundaries, 0, 0, NULL, 0, 1e18, NULL,
                  "the last update of each piece but the last, growing"),
    RUNNER_PARAM_(RUNNER_FLOATS, struct piecewise, values, 0, 0, NULL, 0, 1e30, NULL,
                  "the rates of the pieces, one more than boundaries"),
};

static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)updates_per_epoch, (void)total_updates;
    const struct piecewise *piecewise = config;
    if (piecewise->values.count != piecewise->boundaries.count + 1)
        return (double)NAN;
    uint64_t piece = 0;
    while (piece < piecewise->boundaries.count && update > (uint64_t)piecewise->boundaries.values[piece])
        piece++;
    return piecewise->values.values[piece];
}

static const runner_schedule_ops ops = {.size = sizeof ops, .rate = rate};

static const runner_component components[] = {
    {.kind = RUNNER_SCHEDULE,
     .config_size = sizeof(struct piecewise),
     .name = "piecewise_constant_decay",
     .doc = "constant between given updates",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

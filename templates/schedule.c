/* skeleton: initial_learning_rate / (1 + decay epochs). Begin here: `make` builds it, `make test` checks it, `make run` trains
   with it. */
#include <runner/plugin.h>

struct config {
    double initial_learning_rate, decay;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, initial_learning_rate, "0.1", 0, 1e30, "rate of the first update"),
    RUNNER_PARAM_FLOAT(struct config, decay, "0.5", 0, 1e6, "how fast it falls, per epoch"),
};

/* The rate of update `update`, counted from 0. It depends on the arguments alone: calls come in any order. */
static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)total_updates;
    const struct config *own = (const struct config *)config;
    return own->initial_learning_rate / (1 + own->decay * (double)update / (double)updates_per_epoch);
}

static const runner_schedule_ops ops = {sizeof(runner_schedule_ops), 0, rate};

static const runner_component components[] = {
    {RUNNER_SCHEDULE, sizeof(struct config), "skeleton", "inverse to the epochs", params, RUNNER_COUNT(params), 0,
     &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

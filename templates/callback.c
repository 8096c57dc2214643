/* skeleton: stops a trial once a column of epochs.csv has fallen to a target. Begin here: `make` builds it, `make test` checks it,
   `make run` trains with it. */
#include <runner/plugin.h>
#include <string.h>

struct config {
    const char *column;
    double target;
};

static const runner_param params[] = {
    RUNNER_PARAM_TEXT(struct config, column, "train_loss", "column that is watched: train_* or val_*"),
    RUNNER_PARAM_FLOAT(struct config, target, "0.1", -1e30, 1e30, "value at which to stop"),
};

static int plan(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    const struct config *own = (const struct config *)config;
    for (uint32_t i = 0; i < n_names; i++)
        if (strcmp(names[i], own->column) == 0)
            return RUNNER_OK;
    return call->host->fail(call, "there is no column '%s'", own->column);
}

/* After each epoch. What must be remembered stands in epoch->memory, never in the plugin. */
static uint32_t epoch_end(const void *config, runner_epoch *epoch) {
    const struct config *own = (const struct config *)config;
    for (uint32_t i = 0; i < epoch->n_values; i++)
        if (strcmp(epoch->names[i], own->column) == 0 && epoch->values[i] <= own->target)
            return RUNNER_STOP;
    return 0;
}

static const runner_callback_ops ops = {sizeof(runner_callback_ops), 0, plan, epoch_end};

static const runner_component components[] = {
    {RUNNER_CALLBACK, sizeof(struct config), "skeleton", "stops where a column falls to a target", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

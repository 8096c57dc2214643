/* A data set and an optimizer that never return from the first call, and say so by a file in the current folder. */
#include <runner/plugin.h>

#include <stdio.h>

struct config {
    int unused;
};

static const runner_param params[] = {
    RUNNER_PARAM_BOOL(struct config, unused, "false", "nothing"),
};

static void hang(const char *name) {
    FILE *file = fopen(name, "w");
    if (file != NULL)
        fclose(file);
    volatile int forever = 1;
    while (forever) {
    }
}

static int open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)config, (void)call, (void)seed, (void)dataset;
    hang("in_open");
    return RUNNER_FAILED;
}

static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)call, (void)split, (void)examples, (void)n, (void)inputs, (void)targets;
    return RUNNER_FAILED;
}

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call, (void)plan;
    hang("in_plan");
    return RUNNER_FAILED;
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    (void)config, (void)step, (void)n, (void)w, (void)g, (void)slots;
}

static const runner_dataset_ops dataset_ops = {.size = sizeof dataset_ops, .open = open, .read = read};
static const runner_optimizer_ops optimizer_ops = {.size = sizeof optimizer_ops, .plan = plan, .step = step};

static const runner_component components[] = {
    {.kind = RUNNER_DATASET,
     .config_size = sizeof(struct config),
     .name = "hang_open",
     .doc = "a data set that is never there",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &dataset_ops},
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct config),
     .name = "hang_plan",
     .doc = "an optimizer that is never planned",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &optimizer_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

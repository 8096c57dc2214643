/* A data set that goes wrong in the way it is told to. */
#include <runner/plugin.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum fault { CRASH_OPEN, CRASH_READ, ABORT, EXIT, HANG, NOT_A_NUMBER, INFINITE };
static const char *const faults[] = {"crash_open", "crash_read", "abort", "exit", "hang", "nan", "infinite", NULL};

struct config {
    int32_t fault;
};

static const runner_param params[] = {
    RUNNER_PARAM_CHOICE(struct config, fault, NULL, faults, "what goes wrong"),
};

/* The fault itself is wanted, not a sanitizer's report of it. */
__attribute__((no_sanitize("address", "undefined"))) static void crash(void) {
    volatile float *volatile nothing = NULL;
    *nothing = 1.0f;
}

static int open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)call, (void)seed;
    const struct config *own = config;
    if (own->fault == CRASH_OPEN)
        crash();
    dataset->rows[RUNNER_TRAIN] = dataset->rows[RUNNER_TEST] = 40;
    dataset->input = (runner_shape){1, {4}};
    dataset->element = RUNNER_F32;
    dataset->scale = 1;
    dataset->classes = 10;
    dataset->state = (void *)(uintptr_t)config;
    return RUNNER_OK;
}

static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    (void)call, (void)split, (void)examples;
    float *values = inputs;
    int32_t *labels = targets;
    for (uint64_t i = 0; i < n; i++)
        labels[i] = 0;
    for (uint64_t i = 0; i < 4 * n; i++)
        values[i] = 0;
    switch (((const struct config *)dataset->state)->fault) {
    case CRASH_READ: crash(); break;
    case ABORT: fputs("the last words of reading\n", stderr); abort();
    case EXIT: exit(0);
    case HANG:
        for (volatile int forever = 1; forever;)
            continue;
        break;
    case NOT_A_NUMBER: values[0] = NAN; break;
    default: values[0] = INFINITY; break;
    }
    return RUNNER_OK;
}

static const runner_dataset_ops ops = {.size = sizeof ops, .open = open, .read = read};

static const runner_component components[] = {
    {.kind = RUNNER_DATASET,
     .config_size = sizeof(struct config),
     .name = "bad_data",
     .doc = "a data set that goes wrong",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

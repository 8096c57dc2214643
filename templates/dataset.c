/* skeleton: points in a square, those in the circle of the given radius are class 1. Begin here: `make` builds it, `make test`
   checks it, `make run` trains with it. */
#include <runner/plugin.h>

struct config {
    int64_t train, test;
    double radius;
};

static const runner_param params[] = {
    RUNNER_PARAM_INT(struct config, train, "1000", 1, 1e8, "number of training examples"),
    RUNNER_PARAM_INT(struct config, test, "200", 0, 1e8, "number of test examples"),
    RUNNER_PARAM_FLOAT(struct config, radius, "0.8", 0, 2, "of the circle; the square is [-1, 1] x [-1, 1]"),
};

/* Sizes and shapes. `state` comes from host->memory(), lives as long as the data set and is read-only from now on. */
static int open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    const struct config *own = (const struct config *)config;
    (void)seed; /* it keys uniform() and friends already */
    struct config *state = (struct config *)call->host->memory(call, sizeof *state);
    if (state == NULL)
        return RUNNER_FAILED;
    *state = *own;
    dataset->state = state;
    dataset->rows[RUNNER_TRAIN] = (uint64_t)own->train;
    dataset->rows[RUNNER_TEST] = (uint64_t)own->test;
    dataset->input.rank = 1;
    dataset->input.size[0] = 2;
    dataset->element = RUNNER_F32;
    dataset->scale = 1.0f;
    dataset->classes = 2;
    return RUNNER_OK;
}

/* By several threads, for examples in any order: an example depends on its number alone. */
static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    const struct config *own = (const struct config *)dataset->state;
    for (uint64_t i = 0; i < n; i++) {
        float *x = (float *)inputs + 2 * i;
        call->host->uniform(call, 2 * examples[i] + (uint64_t)split, 0, 2, x);
        x[0] = 2.0f * x[0] - 1.0f;
        x[1] = 2.0f * x[1] - 1.0f;
        ((int32_t *)targets)[i] = (double)(x[0] * x[0] + x[1] * x[1]) < own->radius * own->radius;
    }
    return RUNNER_OK;
}

static const runner_dataset_ops ops = {sizeof(runner_dataset_ops), 0, open, read, NULL, 0, 0};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct config), "skeleton", "points within and without a circle", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

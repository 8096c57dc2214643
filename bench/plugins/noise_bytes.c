/* noise_bytes: inputs without a zero, in the form of MNIST, so that bench_run can measure the engine's dense path. */
#include <runner/plugin.h>

struct noise_config {
    int64_t rows;
};

static int noise_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)call, (void)seed;
    const struct noise_config *from = config;
    dataset->rows[RUNNER_TRAIN] = (uint64_t)from->rows;
    dataset->input = (runner_shape){1, {784}};
    dataset->element = RUNNER_U8;
    dataset->scale = 1.0f / 255.0f;
    dataset->classes = 10;
    return RUNNER_OK;
}

static int noise_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                      uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)split;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t bits[785];
        unsigned char *x = (unsigned char *)inputs + i * 784;
        call->host->bits(call, examples[i], 0, 785, bits);
        for (int j = 0; j < 784; j++)
            x[j] = (unsigned char)(1 + bits[j] % 255);
        ((int32_t *)targets)[i] = (int32_t)(bits[784] % 10);
    }
    return RUNNER_OK;
}

static const runner_param noise_params[] = {
    RUNNER_PARAM_INT(struct noise_config, rows, "60000", 1, 1e7, "number of examples"),
};

static const runner_dataset_ops noise_ops = {.size = sizeof noise_ops, .open = noise_open, .read = noise_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct noise_config), "noise_bytes", "784 random bytes from 1 to 255, and a random label",
     noise_params, RUNNER_COUNT(noise_params), 0, &noise_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

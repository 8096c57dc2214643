/*
 * xor: the parity of bits, which no linear network learns (Minsky, Papert 1969); two bits are the exclusive or.
 *
 * Example i is corner i modulo 2^bits of the unit cube, the first bit changing slowest, with normal noise on each input. The label is
 * the number of ones modulo 2.
 */
#include <runner/plugin.h>

struct xor_config {
    int64_t bits, rows[2];
    double noise;
};

static int xor_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed; /* keys host->normal() */
    const struct xor_config *from = config;
    struct xor_config *state = call->host->memory(call, sizeof *state);
    if (state == NULL)
        return RUNNER_FAILED;
    *state = *from;
    for (int split = 0; split < 2; split++)
        dataset->rows[split] = from->rows[split] == INT64_MIN ? UINT64_C(1) << from->bits : (uint64_t)from->rows[split];
    dataset->input = (runner_shape){1, {(uint32_t)from->bits}};
    dataset->element = RUNNER_F32;
    dataset->scale = 1;
    dataset->classes = 2;
    dataset->state = state;
    return RUNNER_OK;
}

static int xor_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                    uint64_t n, void *inputs, void *targets) {
    const struct xor_config * xor = dataset->state;
    const uint64_t bits = (uint64_t) xor->bits;
    for (uint64_t i = 0; i < n; i++) {
        float *x = (float *)inputs + i * bits;
        int32_t *label = (int32_t *)targets + i;
        *label = 0;
        call->host->normal(call, examples[i] * 2 + (uint64_t)split, 0, bits, x);
        for (uint64_t j = 0; j < bits; j++) {
            const int32_t bit = (int32_t)(examples[i] >> (bits - 1 - j) & 1);
            x[j] = (float)bit + (float)xor->noise *x[j];
            *label ^= bit;
        }
    }
    return RUNNER_OK;
}

#define ROWS(split, name, min, doc)                                                                                    \
    {                                                                                                                  \
        name, RUNNER_INT, RUNNER_NULLABLE, (uint32_t)offsetof(struct xor_config, rows[split]), 0, "null", min, 1e9,    \
            NULL, doc                                                                                                  \
    }
static const runner_param xor_params[] = {
    RUNNER_PARAM_INT(struct xor_config, bits, "2", 1, 24, "number of inputs"),
    RUNNER_PARAM_FLOAT(struct xor_config, noise, "0.0", 0, 1e6, "standard deviation of the noise on each input"),
    ROWS(RUNNER_TRAIN, "train", 1, "number of training rows; null: 2^bits, each corner once"),
    ROWS(RUNNER_TEST, "test", 0, "number of test rows; null: 2^bits, each corner once"),
};

static const runner_dataset_ops xor_ops = {.size = sizeof xor_ops, .open = xor_open, .read = xor_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct xor_config), "xor", "parity of bits; of two the exclusive or", xor_params,
     RUNNER_COUNT(xor_params), 0, &xor_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

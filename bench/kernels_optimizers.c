/* Optimizers on a tile's run of weights, which the second-level cache holds, and on all weights of the lecture's network at once. */
#include "bench/kernels.h"
#include "bench/machine.h"
#include "bench/network.h"
#include "bench/serve.h"

#include <stdio.h>

enum { TILE = 16 * 1024, SIZES = 2 };

static const struct {
    const char *name, *value; /* of `optimizer` */
} optimizers[] = {
    {"sgd", "sgd"},         {"momentum", "{sgd: {momentum: 0.9}}"},
    {"adam", "adam"},       {"adamw", "adamw"},
    {"rmsprop", "rmsprop"}, {"adagrad", "adagrad"},
    {"lion", "lion"},       {"nadam", "nadam"},
};

struct optimizer_run {
    struct network network;
    const runner_optimizer_ops *ops;
    const void *config;
    runner_step step;
    uint64_t n;
    float *weights, *gradient, *slots[RUNNER_MAX_SLOTS];
};

static void run_step(void *context) {
    const struct optimizer_run *run = context;
    run->ops->step(run->config, &run->step, run->n, run->weights, run->gradient, run->slots);
}

bool kernels_of_optimizers(size_t index, const char *folders, struct kernel *kernel) {
    static struct optimizer_run run;
    static char text[4096];
    if (index >= SIZES * sizeof optimizers / sizeof *optimizers)
        return false;
    if (run.network.layers == NULL) {
        run.network.threads = 1;
        run.network.gemm = "portable";
        run.network.layers = "[{dense: {units: 10, activation: softmax}}]";
        snprintf(text, sizeof text, "%s", folders);
        network_open(&run.network, text);
        network_read(&run.network, "{digits: {train: 10, test: 1}}");
    }
    network_prepare(&run.network, "10", optimizers[index / SIZES].value);
    const struct tensor *tensor = &run.network.model.tensors[0];
    unsigned turn = 0;
    run.ops = run.network.model.optimizer->ops;
    run.config = tensor->optimizer_config;
    run.n = index % SIZES == 0 ? TILE : MACHINE_WEIGHTS;
    run.weights = model_floats(&run.network.arena, run.n, &turn);
    run.gradient = model_floats(&run.network.arena, run.n, &turn);
    for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
        run.slots[s] = model_floats(&run.network.arena, run.n, &turn);
    for (uint64_t i = 0; i < run.n; i++)
        run.gradient[i] = 0.01f * (float)(1 + i % 97);
    run.step = (runner_step){.size = sizeof run.step, .number = 1, .rate = 1e-6};
    if (run.ops->begin != NULL)
        run.ops->begin(run.config, &run.step);
    const double arrays = 1 + tensor->optimizer.slots, all = sizeof(float) * (double)run.n;
    *kernel = (struct kernel){.bytes = all * (2 * arrays + 1),
                              .working_set = all * (arrays + 1),
                              .loop = LOOP_UPDATE,
                              .arrays = (int)arrays,
                              .run = run_step,
                              .context = &run};
    snprintf(kernel->name, sizeof kernel->name, "%s", optimizers[index / SIZES].name);
    snprintf(kernel->shape, sizeof kernel->shape, "%llu weights", (unsigned long long)run.n);
    return true;
}

/* A data set whose file grows while it is read: it is the plugin itself that writes there, after it has read it. */
#include <runner/plugin.h>

#include <stdio.h>

struct config {
    const char *path;
};

static const runner_param params[] = {
    RUNNER_PARAM_PATH(struct config, path, "grows.txt", "the file"),
};

static int open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    const struct config *own = config;
    runner_file file;
    (void)seed;
    if (call->host->read_file(call, own->path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    FILE *stream = fopen(own->path, "a");
    if (stream != NULL) {
        fputs("more\n", stream);
        fclose(stream);
    }
    dataset->rows[RUNNER_TRAIN] = 4;
    dataset->input.rank = 1;
    dataset->input.size[0] = 1;
    dataset->element = RUNNER_F32;
    dataset->scale = 1.0f;
    dataset->classes = 2;
    return RUNNER_OK;
}

static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)call, (void)split;
    for (uint64_t i = 0; i < n; i++) {
        ((float *)inputs)[i] = (float)examples[i];
        ((int32_t *)targets)[i] = examples[i] % 2 != 0;
    }
    return RUNNER_OK;
}

static const runner_dataset_ops ops = {.size = sizeof ops, .open = open, .read = read};

static const runner_component components[] = {
    {.kind = RUNNER_DATASET,
     .config_size = sizeof(struct config),
     .name = "change_data",
     .doc = "a data set whose file grows",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

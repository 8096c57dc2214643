/* Data sets whose files are published on 127.0.0.1 under PORT, for fetch_test.c, which builds this with SHA256 and SIZE of the file. */
#include <runner/plugin.h>

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define AT(place) "http://127.0.0.1:" TEXT(PORT) "/" place

struct config {
    const char *path;
};

static const runner_param params[] = {
    RUNNER_PARAM_PATH(struct config, path, "null", "folder of the file"),
};

/* The bytes of the file are the examples, and say nothing. */
static int open_file(const struct config *config, runner_call *call, const char *name, runner_dataset *dataset) {
    runner_file file;
    const char *path = call->host->find_file(call, config->path, name, "bytes.txt");
    if (path == NULL || call->host->read_file(call, path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->rows[RUNNER_TRAIN] = dataset->rows[RUNNER_TEST] = file.size / 1000;
    dataset->input = (runner_shape){1, {4}};
    dataset->element = RUNNER_F32;
    dataset->scale = 1;
    dataset->classes = 2;
    return RUNNER_OK;
}

static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)call, (void)split;
    for (uint64_t i = 0; i < n; i++)
        ((int32_t *)targets)[i] = (int32_t)(examples[i] % 2);
    for (uint64_t i = 0; i < 4 * n; i++)
        ((float *)inputs)[i] = 1;
    return RUNNER_OK;
}

#define DATASET(name, ops_size, table, count)                                                                          \
    static int open_##name(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {            \
        (void)seed;                                                                                                    \
        return open_file(config, call, #name, dataset);                                                                \
    }                                                                                                                  \
    static const runner_dataset_ops ops_##name = {.size = ops_size,                                                    \
                                                  .open = open_##name,                                                 \
                                                  .read = read,                                                        \
                                                  .downloads = table,                                                  \
                                                  .n_downloads = count,                                                \
                                                  .download_size = sizeof(runner_download)};

/* A data set with one file, and where that is to be had. */
#define PUBLISHED(name, ...)                                                                                           \
    static const char *const urls_##name[] = {__VA_ARGS__, NULL};                                                      \
    static const runner_download downloads_##name[] = {{"bytes.txt", SHA256, SIZE, urls_##name}};                      \
    DATASET(name, sizeof(runner_dataset_ops), downloads_##name, 1)

PUBLISHED(plain, AT("plain"))
PUBLISHED(packed, AT("packed"))
PUBLISHED(mirrors, AT("missing"), AT("wrong"), AT("cut"), AT("plain"))
PUBLISHED(wrong, AT("wrong"), AT("page"))
PUBLISHED(damaged, AT("damaged"))
PUBLISHED(missing, AT("missing"))
PUBLISHED(moved, AT("moved"))
PUBLISHED(loop, AT("loop"))
PUBLISHED(local, AT("local"))
PUBLISHED(endless, AT("endless"))
PUBLISHED(huge, AT("huge"))
PUBLISHED(bomb, AT("bomb"))
PUBLISHED(stall, AT("stall"))
PUBLISHED(silent, AT("silent"))
PUBLISHED(noise, AT("noise"))
PUBLISHED(cut, AT("cut"))
PUBLISHED(closed, "http://127.0.0.1:1/plain")
/* Fetched by way of a proxy alone, so that nobody asks for the name. */
PUBLISHED(far, "http://nowhere.invalid/plain")

/* 50 MiB of zeros, as they are and as gzip. */
#define ZEROS_SHA256 "8565a714dca840f8652c5bae9249ab05f5fb5a4f9f13fbe23304b10f68252da2"
static const char *const urls_zeros[] = {AT("zeros"), NULL};
static const char *const urls_zeros_packed[] = {AT("bomb"), NULL};
static const runner_download downloads_zeros[] = {
    {"zeros", ZEROS_SHA256, 50 << 20, urls_zeros},
    {"more_zeros", ZEROS_SHA256, 50 << 20, urls_zeros_packed},
};
DATASET(zeros, sizeof(runner_dataset_ops), downloads_zeros, 2)

static const char *const urls_last[] = {AT("packed"), NULL};
static const runner_download downloads_both[] = {
    {"bytes.txt", SHA256, SIZE, urls_plain},
    {"more.txt", SHA256, SIZE, urls_last},
};
static const runner_download downloads_named[] = {{"bytes.gz", SHA256, SIZE, urls_last}};
DATASET(named, sizeof(runner_dataset_ops), downloads_named, 1)
DATASET(both, sizeof(runner_dataset_ops), downloads_both, 2)
DATASET(nothing, sizeof(runner_dataset_ops), NULL, 0)
/* Of version 1.1: what stands behind its size is nobody's. */
DATASET(old, offsetof(runner_dataset_ops, downloads), (const runner_download *)16, 7)

#define COMPONENT(name)                                                                                                \
    { RUNNER_DATASET, sizeof(struct config), #name, "a file", params, RUNNER_COUNT(params), 0, &ops_##name }
static const runner_component components[] = {
    COMPONENT(plain),   COMPONENT(packed), COMPONENT(mirrors), COMPONENT(wrong),   COMPONENT(damaged),
    COMPONENT(missing), COMPONENT(moved),  COMPONENT(loop),    COMPONENT(local),   COMPONENT(endless),
    COMPONENT(huge),    COMPONENT(bomb),   COMPONENT(stall),   COMPONENT(silent),  COMPONENT(cut),
    COMPONENT(closed),  COMPONENT(far),    COMPONENT(both),    COMPONENT(nothing), COMPONENT(old),
    COMPONENT(named),   COMPONENT(noise),  COMPONENT(zeros),
};
RUNNER_PLUGIN(components, "1.0.0")

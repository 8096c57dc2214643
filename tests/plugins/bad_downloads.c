/* Refused: what it says is published would be written outside the folder of its files. */
#include <runner/plugin.h>

static int open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)config, (void)seed, (void)dataset;
    return call->host->fail(call, "nobody opens it");
}

static int read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)call, (void)split, (void)examples, (void)n, (void)inputs, (void)targets;
    return RUNNER_OK;
}

static const char *const urls[] = {"https://example.org/profile", NULL};
static const runner_download downloads[] = {
    {"../../.profile", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 100, urls},
};

static const runner_dataset_ops ops = {.size = sizeof ops,
                                       .open = open,
                                       .read = read,
                                       .downloads = downloads,
                                       .n_downloads = RUNNER_COUNT(downloads),
                                       .download_size = sizeof *downloads};

static const runner_component components[] = {
    {.kind = RUNNER_DATASET, .name = "bad_downloads", .doc = "a data set that would write elsewhere", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

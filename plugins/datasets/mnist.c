/*
 * mnist: the MNIST database of handwritten digits (LeCun, Cortes, Burges), 60000 training and 10000 test images [28][28][1].
 *
 * Reads the four files of the database, gzipped or not, checks that they are the published ones and leaves the rest to idx.
 */
#include <runner/plugin.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct mnist_config {
    const char *path;
    int64_t train, test;
    double scale;
};

/* As sha256sum and stat give them for the decompressed files of http://yann.lecun.com/exdb/mnist, and where they are to be had now. */
#define FILE_(name, sha256, size)                                                                                      \
    {                                                                                                                  \
        name, sha256, size, (const char *const[]) {                                                                    \
            "https://ossci-datasets.s3.amazonaws.com/mnist/" name ".gz",                                               \
                "https://storage.googleapis.com/cvdf-datasets/mnist/" name ".gz", NULL                                 \
        }                                                                                                              \
    }
static const runner_download files[] = {
    FILE_("train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47040016),
    FILE_("train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60008),
    FILE_("t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7840016),
    FILE_("t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10008),
};
/* What idx calls them. */
static const char *const params_of_idx[] = {"train_images", "train_labels", "test_images", "test_labels"};
#define FILES RUNNER_COUNT(files)

static int mnist_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed;
    const struct mnist_config *from = config;
    const int64_t rows[2] = {from->train, from->test};
    static const char *const names[2] = {"train", "test"};
    char numbers[2][24];
    runner_setting settings[FILES + 3];
    uint32_t n = 0;
    for (uint32_t i = 0; i < FILES; i++) {
        runner_file file;
        const char *path = call->host->find_file(call, from->path, "mnist", files[i].file);
        if (path == NULL || call->host->read_file(call, path, &file) != RUNNER_OK)
            return RUNNER_FAILED;
        if (strcmp(file.sha256, files[i].sha256) != 0)
            return call->host->fail(
                call,
                "%s: the decompressed file has the SHA-256 %s, wanted %s, that of MNIST's %s; for other "
                "files use the data set idx",
                path, file.sha256, files[i].sha256, files[i].file);
        settings[n++] = (runner_setting){params_of_idx[i], path};
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (rows[i] == INT64_MIN)
            continue;
        snprintf(numbers[i], sizeof numbers[i], "%" PRId64, rows[i]);
        settings[n++] = (runner_setting){names[i], numbers[i]};
    }
    settings[n++] = (runner_setting){"classes", "10"};
    if (call->host->open_as(call, "idx", settings, n, dataset) != RUNNER_OK)
        return RUNNER_FAILED;
    dataset->scale = (float)from->scale;
    return RUNNER_OK;
}

/* Not reached: the data set that took this one's place reads. */
static int mnist_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                      uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)split, (void)examples, (void)n, (void)inputs, (void)targets;
    return call->host->fail(call, "mnist: the data set idx has not taken over");
}

static const runner_param mnist_params[] = {
    RUNNER_PARAM_PATH(struct mnist_config, path, "null",
                      "folder of the four files, gzipped or not; null: $RUNNER_DATA/mnist, then the user's cache"),
    RUNNER_PARAM_(RUNNER_INT, struct mnist_config, train, RUNNER_NULLABLE, 0, "null", 1, 60000, NULL,
                  "number of training images, the first of the file; null: all"),
    RUNNER_PARAM_(RUNNER_INT, struct mnist_config, test, RUNNER_NULLABLE, 0, "null", 0, 10000, NULL,
                  "number of test images, the first of the file; null: all"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct mnist_config, scale, RUNNER_OPEN_MIN, 0, "0.00392156862745098", 0, 1e6, NULL,
                  "factor on the pixels 0..255; 1 keeps them raw"),
};

static const runner_dataset_ops mnist_ops = {.size = sizeof mnist_ops,
                                             .open = mnist_open,
                                             .read = mnist_read,
                                             .downloads = files,
                                             .n_downloads = FILES,
                                             .download_size = sizeof *files};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct mnist_config), "mnist", "handwritten digits, 28x28 grey images in ten classes",
     mnist_params, RUNNER_COUNT(mnist_params), 0, &mnist_ops},
};

RUNNER_PLUGIN(components, "1.1.0")

/*
 * cifar10: the CIFAR-10 images (Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images), in ten classes.
 *
 * The binary version: data_batch_1.bin to data_batch_5.bin are for training, test_batch.bin for testing. A record is the label, one
 * byte, and the red, the green and the blue plane [32][32]. Images become [32][32][3]. The published files have 10000 records each;
 * others of the same form, such as an excerpt, are read as well.
 */
#include <runner/plugin.h>

#include <inttypes.h>

#define BATCHES 5
#define PLANE 1024
#define IMAGE (3 * PLANE)
#define RECORD (1 + IMAGE)

struct cifar_config {
    const char *path;
    int64_t rows[2];
    double scale;
};

struct batch {
    const unsigned char *records;
    uint64_t rows;
};

struct cifar {
    struct batch batches[2][BATCHES]; /* by runner_split */
};

static int batch_open(runner_call *call, const char *folder, const char *name, struct batch *batch, uint64_t wanted) {
    runner_file file;
    const char *path = call->host->find_file(call, folder, "cifar10", name);
    if (path == NULL || call->host->read_file(call, path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    if (file.size == 0 || file.size % RECORD != 0)
        return call->host->fail(call,
                                "%s: has %" PRIu64 " bytes, wanted records of %d bytes, a label and an image; it "
                                "is cut short or no file of CIFAR-10's binary version",
                                path, file.size, RECORD);
    batch->records = file.bytes;
    batch->rows = file.size / RECORD;
    for (uint64_t row = 0; row < batch->rows && row < wanted; row++)
        if (batch->records[row * RECORD] > 9)
            return call->host->fail(call, "%s: record %" PRIu64 ": label %d, wanted 0 to 9", path, row,
                                    batch->records[row * RECORD]);
    return RUNNER_OK;
}

/* Reads no more files than the rows that are wanted need. */
static int split_open(const struct cifar_config *from, runner_call *call, int split, struct cifar *cifar,
                      uint64_t *rows) {
    static const char *const names[2][BATCHES] = {
        {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
        {"test_batch.bin"}};
    const uint64_t wanted = from->rows[split] == INT64_MIN ? UINT64_MAX : (uint64_t)from->rows[split];
    *rows = 0;
    for (int i = 0; i < BATCHES && names[split][i] != NULL && *rows < wanted; i++) {
        struct batch *batch = &cifar->batches[split][i];
        if (batch_open(call, from->path, names[split][i], batch, wanted - *rows) != RUNNER_OK)
            return RUNNER_FAILED;
        *rows += batch->rows;
    }
    if (wanted != UINT64_MAX && *rows < wanted)
        return call->host->fail(call, "`%s` asks for %" PRIu64 " rows, but the files have %" PRIu64,
                                split == RUNNER_TEST ? "test" : "train", wanted, *rows);
    *rows = *rows < wanted ? *rows : wanted;
    return RUNNER_OK;
}

static int cifar_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed;
    const struct cifar_config *from = config;
    struct cifar *cifar = call->host->memory(call, sizeof *cifar);
    if (cifar == NULL)
        return RUNNER_FAILED;
    for (int split = 0; split < 2; split++)
        if (split_open(from, call, split, cifar, &dataset->rows[split]) != RUNNER_OK)
            return RUNNER_FAILED;
    dataset->input = (runner_shape){3, {32, 32, 3}};
    dataset->element = RUNNER_U8;
    dataset->scale = (float)from->scale;
    dataset->classes = 10;
    dataset->state = cifar;
    return RUNNER_OK;
}

static int cifar_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                      uint64_t n, void *inputs, void *targets) {
    (void)call;
    const struct cifar *cifar = dataset->state;
    for (uint64_t i = 0; i < n; i++) {
        const struct batch *batch = cifar->batches[split];
        uint64_t row = examples[i];
        for (; row >= batch->rows; batch++)
            row -= batch->rows;
        const unsigned char *record = batch->records + row * RECORD;
        unsigned char *image = (unsigned char *)inputs + i * IMAGE;
        ((int32_t *)targets)[i] = record[0];
        for (int pixel = 0; pixel < PLANE; pixel++)
            for (int colour = 0; colour < 3; colour++)
                image[3 * pixel + colour] = record[1 + colour * PLANE + pixel];
    }
    return RUNNER_OK;
}

#define ROWS(split, name, min, doc)                                                                                    \
    {                                                                                                                  \
        name, RUNNER_INT, RUNNER_NULLABLE, (uint32_t)offsetof(struct cifar_config, rows[split]), 0, "null", min,       \
            UINT32_MAX, NULL, doc                                                                                      \
    }
static const runner_param cifar_params[] = {
    RUNNER_PARAM_PATH(struct cifar_config, path, "null",
                      "folder of the six files, gzipped or not; null: $RUNNER_DATA/cifar10, then the user's cache"),
    ROWS(RUNNER_TRAIN, "train", 1, "number of training images, the first of the files; null: all"),
    ROWS(RUNNER_TEST, "test", 0, "number of test images, the first of the file; null: all"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct cifar_config, scale, RUNNER_OPEN_MIN, 0, "0.00392156862745098", 0, 1e6, NULL,
                  "factor on the pixels 0..255; 1 keeps them raw"),
};

static const runner_dataset_ops cifar_ops = {.size = sizeof cifar_ops, .open = cifar_open, .read = cifar_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct cifar_config), "cifar10", "photographs, 32x32 colour images in ten classes",
     cifar_params, RUNNER_COUNT(cifar_params), 0, &cifar_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

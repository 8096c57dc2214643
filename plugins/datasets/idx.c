/*
 * idx: images and labels from IDX files, gzipped or not, as MNIST and its kin are published.
 *
 * The format (LeCun, Cortes, Burges: the MNIST database of handwritten digits): bytes 00 00, a type code, the rank, then a
 * big-endian 32-bit size for each dimension, the first being the number of examples, then the values, big-endian, row-major.
 * A file must have exactly the bytes that its header announces.
 *
 * Examples [h][w] become [h][w][1], scalars become [1]. Bytes without sign stay bytes; all other types become float32. A
 * subset is the first rows of the file.
 */
#include <runner/plugin.h>

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* More classes than this are thought a slip unless the config names them. */
#define MOST_CLASSES 65536

struct idx_config {
    const char *train_images, *train_labels, *test_images, *test_labels;
    int64_t train, test, classes;
    double scale;
};

enum idx_type { IDX_U8 = 0x08, IDX_I8 = 0x09, IDX_I16 = 0x0b, IDX_I32 = 0x0c, IDX_F32 = 0x0d, IDX_F64 = 0x0e };

struct idx_file {
    const char *path;
    const unsigned char *values;
    uint32_t type; /* enum idx_type */
    uint32_t rank; /* of the file: one more than the examples' */
    uint64_t rows;
    runner_shape example;
};

struct idx {
    struct idx_file images[2], labels[2]; /* by runner_split */
    uint64_t elements;                    /* of an example */
};

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Bytes of a value; 0 for an unknown type. */
static uint64_t type_size(uint32_t type) {
    switch (type) {
    case IDX_U8:
    case IDX_I8: return 1;
    case IDX_I16: return 2;
    case IDX_I32:
    case IDX_F32: return 4;
    case IDX_F64: return 8;
    default: return 0;
    }
}

static int check_magic(runner_call *call, const char *path, const runner_file *file) {
    const unsigned char *b = file->bytes;
    if (file->size == 0)
        return call->host->fail(call, "%s: the file is empty, wanted an IDX file", path);
    if (file->size < 4)
        return call->host->fail(call, "%s: the file ends after %" PRIu64 " bytes, within the header of an IDX file",
                                path, file->size);
    if (b[0] != 0 || b[1] != 0 || type_size(b[2]) == 0)
        return call->host->fail(
            call,
            "%s: starts with the bytes %02x %02x %02x %02x, wanted the magic number of an IDX file: 00 00, "
            "a type 08, 09, 0b, 0c, 0d or 0e, and the number of dimensions",
            path, b[0], b[1], b[2], b[3]);
    if (b[3] == 0 || b[3] > RUNNER_MAX_RANK + 1)
        return call->host->fail(call,
                                "%s: says that it has %u dimensions (magic number %02x %02x %02x %02x), wanted 1 to %d",
                                path, b[3], b[0], b[1], b[2], b[3], RUNNER_MAX_RANK + 1);
    const uint64_t header = 4 + 4 * (uint64_t)b[3];
    if (file->size < header)
        return call->host->fail(call,
                                "%s: the file ends after %" PRIu64 " bytes, within its header of %" PRIu64
                                " bytes for %u "
                                "dimensions",
                                path, file->size, header, b[3]);
    return RUNNER_OK;
}

/* The bytes that the header announces must be those that are there. */
static int check_size(runner_call *call, const char *path, const runner_file *file) {
    const unsigned char *b = file->bytes;
    uint64_t wanted = type_size(b[2]);
    for (uint32_t i = 0; i < b[3]; i++) {
        const uint32_t size = big_endian(b + 4 + 4 * i);
        if (size == 0)
            return call->host->fail(
                call, i == 0 ? "%s: holds no examples (dimension %u is 0)" : "%s: dimension %u is 0", path, i + 1);
        if (wanted > UINT64_MAX / 2 / size)
            return call->host->fail(call, "%s: its dimensions multiply to more than 2^63 bytes; the header is damaged",
                                    path);
        wanted *= size;
    }
    wanted += 4 + 4 * (uint64_t)b[3];
    if (file->size < wanted)
        return call->host->fail(call,
                                "%s: truncated: it has %" PRIu64 " bytes, its header announces %" PRIu64
                                " (%u rows of %u dimensions, %" PRIu64 " bytes a value)",
                                path, file->size, wanted, big_endian(b + 4), b[3] - 1u, type_size(b[2]));
    if (file->size > wanted)
        return call->host->fail(
            call, "%s: has %" PRIu64 " bytes behind its values: %" PRIu64 " bytes, its header announces %" PRIu64, path,
            file->size - wanted, file->size, wanted);
    return RUNNER_OK;
}

static int idx_file_read(runner_call *call, const char *path, struct idx_file *idx) {
    runner_file file;
    if (call->host->read_file(call, path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    if (check_magic(call, path, &file) != RUNNER_OK || check_size(call, path, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    const uint32_t rank = file.bytes[3];
    idx->path = path;
    idx->rank = rank;
    idx->type = file.bytes[2];
    idx->values = file.bytes + 4 + 4 * rank;
    idx->rows = big_endian(file.bytes + 4);
    idx->example = (runner_shape){.rank = rank - 1};
    for (uint32_t i = 1; i < rank; i++)
        idx->example.size[i - 1] = big_endian(file.bytes + 4 + 4 * i);
    if (rank == 1 || rank == 3)
        idx->example.size[idx->example.rank++] = 1;
    return RUNNER_OK;
}

static int64_t label_at(const struct idx_file *labels, uint64_t row) {
    const unsigned char *b = labels->values + row * type_size(labels->type);
    switch (labels->type) {
    case IDX_U8: return b[0];
    case IDX_I8: return (int8_t)b[0];
    case IDX_I16: return (int16_t)(uint16_t)(b[0] << 8 | b[1]);
    default: return (int32_t)big_endian(b);
    }
}

/* Checks all labels of the file and raises *largest to the largest. `classes` 0: not given. */
static int check_labels(runner_call *call, const struct idx_file *labels, int64_t classes, int64_t *largest) {
    for (uint64_t row = 0; row < labels->rows; row++) {
        const int64_t label = label_at(labels, row);
        if (label < 0)
            return call->host->fail(call, "%s: row %" PRIu64 ": label %" PRId64 " is negative, wanted 0 or more",
                                    labels->path, row, label);
        if (classes > 0 && label >= classes)
            return call->host->fail(call,
                                    "%s: row %" PRIu64 ": label %" PRId64 " is out of range, wanted 0 to %" PRId64
                                    " (classes: %" PRId64 ")",
                                    labels->path, row, label, classes - 1, classes);
        if (classes == 0 && label >= MOST_CLASSES)
            return call->host->fail(call,
                                    "%s: row %" PRIu64 ": label %" PRId64
                                    " would make more than %d classes; give `classes` "
                                    "where that is meant",
                                    labels->path, row, label, MOST_CLASSES);
        *largest = label > *largest ? label : *largest;
    }
    return RUNNER_OK;
}

/* Both files of a split, which must fit each other. */
static int split_read(runner_call *call, struct idx *idx, runner_split split, const char *images, const char *labels,
                      int64_t classes, int64_t *largest) {
    struct idx_file *x = &idx->images[split], *y = &idx->labels[split];
    if (idx_file_read(call, images, x) != RUNNER_OK || idx_file_read(call, labels, y) != RUNNER_OK)
        return RUNNER_FAILED;
    if (y->rank != 1)
        return call->host->fail(call, "%s: has %u dimensions, wanted labels, which have one", labels, y->rank);
    if (y->type == IDX_F32 || y->type == IDX_F64)
        return call->host->fail(call, "%s: holds floating-point values (type %02x), wanted labels, which are integers",
                                labels, y->type);
    if (x->rows != y->rows)
        return call->host->fail(call, "%s has %" PRIu64 " images, but %s has %" PRIu64 " labels", images, x->rows,
                                labels, y->rows);
    return check_labels(call, y, classes, largest);
}

static int same_form(const struct idx_file *a, const struct idx_file *b) {
    if (a->type != b->type || a->example.rank != b->example.rank)
        return 0;
    return memcmp(a->example.size, b->example.size, sizeof a->example.size) == 0;
}

/* How many rows of a file to take: `wanted`, or all where that is null. */
static int subset(runner_call *call, const struct idx_file *images, const char *param, int64_t wanted, uint64_t *rows) {
    *rows = images->rows;
    if (wanted == INT64_MIN)
        return RUNNER_OK;
    if ((uint64_t)wanted > images->rows)
        return call->host->fail(call, "`%s` asks for %" PRId64 " rows, but %s has %" PRIu64, param, wanted,
                                images->path, images->rows);
    *rows = (uint64_t)wanted;
    return RUNNER_OK;
}

static int idx_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed;
    const struct idx_config *from = config;
    const int64_t classes = from->classes == INT64_MIN ? 0 : from->classes;
    int64_t largest = 0;
    struct idx *idx = call->host->memory(call, sizeof *idx);
    if (idx == NULL)
        return RUNNER_FAILED;
    if ((from->test_images == NULL) != (from->test_labels == NULL))
        return call->host->fail(call, "`%s` is given without `%s`",
                                from->test_images == NULL ? "test_labels" : "test_images",
                                from->test_images == NULL ? "test_images" : "test_labels");
    if (split_read(call, idx, RUNNER_TRAIN, from->train_images, from->train_labels, classes, &largest) != RUNNER_OK ||
        subset(call, &idx->images[RUNNER_TRAIN], "train", from->train, &dataset->rows[RUNNER_TRAIN]) != RUNNER_OK)
        return RUNNER_FAILED;
    if (from->test_images != NULL) {
        if (split_read(call, idx, RUNNER_TEST, from->test_images, from->test_labels, classes, &largest) != RUNNER_OK ||
            subset(call, &idx->images[RUNNER_TEST], "test", from->test, &dataset->rows[RUNNER_TEST]) != RUNNER_OK)
            return RUNNER_FAILED;
        if (!same_form(&idx->images[RUNNER_TRAIN], &idx->images[RUNNER_TEST]))
            return call->host->fail(call, "%s and %s hold examples of different shapes or types", from->train_images,
                                    from->test_images);
    } else if (from->test > 0) {
        return call->host->fail(call, "`test` asks for %" PRId64 " rows, but no `test_images` are given", from->test);
    }
    const struct idx_file *images = &idx->images[RUNNER_TRAIN];
    idx->elements = runner_elements(&images->example);
    dataset->input = images->example;
    dataset->element = images->type == IDX_U8 ? RUNNER_U8 : RUNNER_F32;
    dataset->scale = (float)from->scale;
    dataset->classes = (uint32_t)(classes > 0 ? classes : largest + 1);
    dataset->state = idx;
    return RUNNER_OK;
}

static void to_float(uint32_t type, const unsigned char *b, uint64_t n, float *out) {
    for (uint64_t i = 0; i < n; i++, b += type_size(type)) {
        switch (type) {
        case IDX_I8: out[i] = (float)(int8_t)b[0]; break;
        case IDX_I16: out[i] = (float)(int16_t)(uint16_t)(b[0] << 8 | b[1]); break;
        case IDX_I32: out[i] = (float)(int32_t)big_endian(b); break;
        case IDX_F32: {
            const uint32_t bits = big_endian(b);
            memcpy(&out[i], &bits, sizeof bits);
            break;
        }
        default: {
            const uint64_t bits = (uint64_t)big_endian(b) << 32 | big_endian(b + 4);
            double value;
            memcpy(&value, &bits, sizeof bits);
            out[i] = (float)value;
        }
        }
    }
}

static int idx_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                    uint64_t n, void *inputs, void *targets) {
    (void)call;
    const struct idx *idx = dataset->state;
    const struct idx_file *images = &idx->images[split];
    const uint64_t row_size = idx->elements * type_size(images->type);
    int32_t *labels = targets;
    for (uint64_t i = 0; i < n; i++) {
        const unsigned char *from = images->values + examples[i] * row_size;
        if (images->type == IDX_U8)
            memcpy((unsigned char *)inputs + i * row_size, from, row_size);
        else
            to_float(images->type, from, idx->elements, (float *)inputs + i * idx->elements);
        labels[i] = (int32_t)label_at(&idx->labels[split], examples[i]);
    }
    return RUNNER_OK;
}

static const runner_param idx_params[] = {
    RUNNER_PARAM_(RUNNER_PATH, struct idx_config, train_images, 0, 0, NULL, 0, 0, NULL,
                  "IDX file of the training examples, gzipped or not"),
    RUNNER_PARAM_(RUNNER_PATH, struct idx_config, train_labels, 0, 0, NULL, 0, 0, NULL, "IDX file of their labels"),
    RUNNER_PARAM_PATH(struct idx_config, test_images, "null", "IDX file of the test examples; null: no test split"),
    RUNNER_PARAM_PATH(struct idx_config, test_labels, "null", "IDX file of their labels"),
    RUNNER_PARAM_(RUNNER_INT, struct idx_config, train, RUNNER_NULLABLE, 0, "null", 1, UINT32_MAX, NULL,
                  "number of training rows, the first of the file; null: all"),
    RUNNER_PARAM_(RUNNER_INT, struct idx_config, test, RUNNER_NULLABLE, 0, "null", 0, UINT32_MAX, NULL,
                  "number of test rows, the first of the file; null: all"),
    RUNNER_PARAM_(RUNNER_INT, struct idx_config, classes, RUNNER_NULLABLE, 0, "null", 1, INT_MAX, NULL,
                  "number of classes; null: the largest label and 1"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct idx_config, scale, RUNNER_OPEN_MIN, 0, "0.00392156862745098", 0, 1e6, NULL,
                  "factor on the values; 1/255 takes bytes to 0..1, 1 keeps them raw"),
};

static const runner_dataset_ops idx_ops = {.size = sizeof idx_ops, .open = idx_open, .read = idx_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct idx_config), "idx", "images and labels from IDX files, gzipped or not", idx_params,
     RUNNER_COUNT(idx_params), 0, &idx_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

#include "runner/base/file.h"
#include "runner/host/data_constants.h"
#include "runner/host/data_layout.h"
#include "runner/host/files.h"
#include "runner/host/part.h"
#include "runner/host/services.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK 1024 /* rows read at a time */
#define ULL(x) ((unsigned long long)(x))

static const char *const split_names[DATA_SPLITS] = {"train", "validation", "test"};

/* A data set on its way into the memfd. */
struct build {
    struct arena arena;
    struct call call;
    struct data_files files;
    struct error *error;
    const struct runner_part *part;
    const runner_dataset_ops *ops; /* that read: the part's, or those of the data set that took its place */
    runner_dataset dataset;
    uint64_t seed;
    uint64_t input_size, target_size; /* bytes of a row */
    uint64_t *examples[DATA_SPLITS];  /* which of the plugin's examples a split holds; NULL: all in order */
    struct data_header header;
    unsigned char *mapping;
};

static enum status refuse(struct build *build, const char *what) {
    return error_set(build->error, STATUS_CONFIG, "data set %s: %s", build->part->name, what);
}

/* What to return after a function of the plugin has failed. */
static enum status plugin_failed(struct build *build, const char *function) {
    if (!build->call.failed)
        return error_set(build->error, STATUS_CONFIG, "data set %s: %s() failed and gave no reason", build->part->name,
                         function);
    const enum status status = build->error->status;
    error_prefix(build->error, "data set %s", build->part->name);
    return status;
}

static enum status open_dataset(struct build *build) {
    const runner_dataset_ops *ops = build->part->ops;
    build->call.memory = &build->arena;
    build->call.files = &build->files;
    build->call.random = random_key(build->seed, "dataset", 0);
    const int result = ops->open(build->part->config, &build->call.public, build->seed, &build->dataset);
    build->call.memory = NULL;
    if (result != RUNNER_OK || build->call.failed)
        return plugin_failed(build, "open");
    build->ops = build->files.ops != NULL ? build->files.ops : ops;
    return STATUS_OK;
}

/* What the plugin says about itself must make sense before anything is sized by it. */
static enum status check_dataset(struct build *build) {
    runner_dataset *dataset = &build->dataset;
    if (dataset->rows[RUNNER_TRAIN] == 0)
        return refuse(build, "it has no training rows");
    if (dataset->rows[RUNNER_TRAIN] > UINT32_MAX || dataset->rows[RUNNER_TEST] > UINT32_MAX)
        return refuse(build, "it has more than 2^32 rows");
    if (dataset->element != RUNNER_F32 && dataset->element != RUNNER_U8)
        return refuse(build, "its inputs are of an unknown element type; a data set says RUNNER_F32 or RUNNER_U8");
    if (!isfinite(dataset->scale) || dataset->scale <= 0.0f)
        return refuse(build, "its scale is not a positive number");
    if (dataset->classes > INT32_MAX)
        return refuse(build, "it has more than 2^31 classes");
    if (dataset->input.rank > RUNNER_MAX_RANK || dataset->target.rank > RUNNER_MAX_RANK)
        return refuse(build, "a shape has more than 6 dimensions");
    if (dataset->classes > 0)
        dataset->target = (runner_shape){0};
    for (uint32_t i = 0; i < RUNNER_MAX_RANK; i++) {
        if ((i < dataset->input.rank && dataset->input.size[i] == 0) ||
            (i < dataset->target.rank && dataset->target.size[i] == 0))
            return refuse(build, "a dimension of its shapes is 0");
        if (i >= dataset->input.rank)
            dataset->input.size[i] = 0;
        if (i >= dataset->target.rank)
            dataset->target.size[i] = 0;
    }
    if (!data_row_sizes(&dataset->input, dataset->element, &dataset->target, dataset->classes, &build->input_size,
                        &build->target_size))
        return refuse(build, "a row has more bytes than a program can address");
    if (constants_check(dataset->constants, dataset->n_constants, build->error) != STATUS_OK)
        return error_prefix(build->error, "data set %s", build->part->name);
    return STATUS_OK;
}

/* ---- Validation rows ---- */

/* How many of n training rows `validation` asks for. */
static enum status validation_count(struct build *build, uint64_t n, uint64_t *count) {
    const double wanted = part_float(build->part, "validation");
    const char *name = build->part->name;
    *count = 0;
    if (wanted == 0)
        return STATUS_OK;
    if (!(wanted > 0) || (wanted >= 1 && floor(wanted) != wanted))
        return error_set(build->error, STATUS_CONFIG,
                         "data set %s: validation is %g, wanted a share below 1 or a whole number of rows", name,
                         wanted);
    const double rows = wanted < 1 ? floor(wanted * (double)n + 0.5) : wanted;
    if (rows < 1)
        return error_set(build->error, STATUS_CONFIG,
                         "data set %s: validation is %g, which of %llu training rows is none", name, wanted, ULL(n));
    if (rows >= (double)n)
        return error_set(build->error, STATUS_CONFIG,
                         "data set %s: validation takes %.0f of %llu training rows and leaves none to train on", name,
                         rows, ULL(n));
    *count = (uint64_t)rows;
    return STATUS_OK;
}

struct share {
    uint64_t members, taken; /* rows of a class, and how many of them go into validation */
    uint64_t rest;           /* of the division, decides who gets the rows left over */
    uint32_t class;
};

static int by_rest(const void *a, const void *b) {
    const struct share *x = a, *y = b;
    if (x->rest != y->rest)
        return x->rest > y->rest ? -1 : 1;
    return x->class < y->class ? -1 : x->class > y->class;
}

static int by_class(const void *a, const void *b) {
    const struct share *x = a, *y = b;
    return x->class < y->class ? -1 : x->class > y->class;
}

/* Shares of the classes by largest remainder; of equal remainders the lower class gets the row. */
static void shares_divide(struct share *shares, uint32_t classes, uint64_t count, uint64_t n) {
    uint64_t left = count;
    for (uint32_t class = 0; class < classes; class ++) {
        const uint64_t product = count * shares[class].members; /* both are below 2^32 */
        shares[class].class = class;
        shares[class].taken = product / n;
        shares[class].rest = product % n;
        left -= shares[class].taken;
    }
    qsort(shares, classes, sizeof *shares, by_rest);
    for (uint64_t i = 0; i < left; i++)
        shares[i].taken++;
    qsort(shares, classes, sizeof *shares, by_class);
}

static enum status check_label(struct build *build, const char *split, uint64_t example, int32_t label) {
    if (label >= 0 && (uint32_t)label < build->dataset.classes)
        return STATUS_OK;
    return error_set(build->error, STATUS_CONFIG, "data set %s: %s row %llu: label %d is out of range, wanted 0 to %u",
                     build->part->name, split, ULL(example), label, build->dataset.classes - 1);
}

/* The labels of all training rows, read before anything is placed. */
static enum status read_labels(struct build *build, int32_t *labels, uint64_t n) {
    uint64_t examples[CHUNK];
    enum status status = STATUS_OK;
    void *inputs = memory_alloc(CHUNK, build->input_size);
    for (uint64_t first = 0; first < n && status == STATUS_OK; first += CHUNK) {
        const uint64_t rows = n - first < CHUNK ? n - first : CHUNK;
        for (uint64_t i = 0; i < rows; i++)
            examples[i] = first + i;
        call_reset(&build->call);
        if (build->ops->read(&build->dataset, &build->call.public, RUNNER_TRAIN, examples, rows, inputs,
                             labels + first) != RUNNER_OK ||
            build->call.failed)
            status = plugin_failed(build, "read");
        for (uint64_t i = first; i < first + rows && status == STATUS_OK; i++)
            status = check_label(build, "train", i, labels[i]);
    }
    free(inputs);
    return status;
}

/* Each row in order goes into validation with probability (rows still wanted of its class) / (rows of its class still to
   come), which draws every subset of the wanted size alike: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S. */
static void draw_rows(struct build *build, const int32_t *labels, struct share *shares, uint64_t n, uint64_t count) {
    const struct random_key key = random_key(build->seed, "validation", 0);
    uint64_t *train = arena_array(&build->arena, n - count, sizeof *train), n_train = 0;
    uint64_t *validation = arena_array(&build->arena, count, sizeof *validation), n_validation = 0;
    for (uint64_t i = 0; i < n; i++) {
        struct share *share = &shares[labels == NULL ? 0 : labels[i]];
        if (random_below(key, 0, i, share->members--) < share->taken) {
            share->taken--;
            validation[n_validation++] = i;
        } else {
            train[n_train++] = i;
        }
    }
    build->examples[DATA_TRAIN] = train;
    build->examples[DATA_VALIDATION] = validation;
}

static enum status cut_validation(struct build *build) {
    const uint64_t n = build->dataset.rows[RUNNER_TRAIN];
    const uint32_t classes = build->dataset.classes > 0 ? build->dataset.classes : 1;
    int32_t *labels = NULL;
    struct share *shares = NULL;
    uint64_t count = 0;
    enum status status = validation_count(build, n, &count);
    build->header.rows[DATA_TRAIN] = n - count;
    build->header.rows[DATA_VALIDATION] = count;
    build->header.rows[DATA_TEST] = build->dataset.rows[RUNNER_TEST];
    if (status != STATUS_OK || count == 0)
        return status;
    shares = memory_alloc(classes, sizeof *shares);
    if (build->dataset.classes > 0) {
        labels = memory_alloc(n, sizeof *labels);
        status = read_labels(build, labels, n);
        if (status != STATUS_OK)
            goto out;
        for (uint64_t i = 0; i < n; i++)
            shares[labels[i]].members++;
    } else {
        shares[0].members = n;
    }
    shares_divide(shares, classes, count, n);
    draw_rows(build, labels, shares, n, count);
out:
    free(labels);
    free(shares);
    return status;
}

/* ---- Rows ---- */

static enum status check_finite(struct build *build, const char *what, const char *split, const uint64_t *examples,
                                uint64_t rows, uint64_t elements, const float *values) {
    for (uint64_t i = 0; i < rows * elements; i++)
        if (!isfinite(values[i]))
            return error_set(build->error, STATUS_CONFIG,
                             "data set %s: %s row %llu: %s %llu is %s, wanted a finite number", build->part->name,
                             split, ULL(examples[i / elements]), what, ULL(i % elements),
                             isnan(values[i]) ? "nan"
                             : values[i] > 0  ? "inf"
                                              : "-inf");
    return STATUS_OK;
}

static enum status check_rows(struct build *build, const char *split, const uint64_t *examples, uint64_t rows,
                              const void *inputs, const void *targets) {
    enum status status = STATUS_OK;
    if (build->dataset.element == RUNNER_F32)
        status = check_finite(build, "input", split, examples, rows, build->input_size / sizeof(float), inputs);
    if (status == STATUS_OK && build->dataset.classes == 0)
        status = check_finite(build, "target", split, examples, rows, build->target_size / sizeof(float), targets);
    for (uint64_t i = 0; i < rows && status == STATUS_OK && build->dataset.classes > 0; i++)
        status = check_label(build, split, examples[i], ((const int32_t *)targets)[i]);
    return status;
}

static enum status read_split(struct build *build, enum data_split split) {
    const runner_split from = split == DATA_TEST ? RUNNER_TEST : RUNNER_TRAIN;
    const char *name = split_names[from == RUNNER_TEST ? DATA_TEST : DATA_TRAIN]; /* as the user counts rows */
    const uint64_t n = build->header.rows[split];
    unsigned char *inputs = build->mapping + build->header.inputs[split];
    unsigned char *targets = build->mapping + build->header.targets[split];
    uint64_t examples[CHUNK];
    for (uint64_t first = 0; first < n; first += CHUNK) {
        const uint64_t rows = n - first < CHUNK ? n - first : CHUNK;
        for (uint64_t i = 0; i < rows; i++)
            examples[i] = build->examples[split] == NULL ? first + i : build->examples[split][first + i];
        void *x = inputs + first * build->input_size, *y = targets + first * build->target_size;
        call_reset(&build->call);
        if (build->ops->read(&build->dataset, &build->call.public, from, examples, rows, x, y) != RUNNER_OK ||
            build->call.failed)
            return plugin_failed(build, "read");
        const enum status status = check_rows(build, name, examples, rows, x, y);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void hash_shape(struct hash_stream *stream, const runner_shape *shape) {
    hash_stream_add_u64(stream, shape->rank);
    for (uint32_t i = 0; i < shape->rank; i++)
        hash_stream_add_u64(stream, shape->size[i]);
}

/* Little endian, as all machines are that this program runs on. */
static struct hash128 hash_rows(const struct build *build) {
    const struct data_header *header = &build->header;
    uint32_t scale;
    struct hash_stream stream;
    hash_stream_init(&stream);
    hash_shape(&stream, &header->input);
    hash_shape(&stream, &header->target);
    memcpy(&scale, &header->scale, sizeof scale);
    hash_stream_add_u64(&stream, header->element);
    hash_stream_add_u64(&stream, scale);
    hash_stream_add_u64(&stream, header->classes);
    for (int split = 0; split < DATA_SPLITS; split++) {
        hash_stream_add_u64(&stream, header->rows[split]);
        hash_stream_add(&stream, build->mapping + header->inputs[split], header->rows[split] * build->input_size);
        hash_stream_add(&stream, build->mapping + header->targets[split], header->rows[split] * build->target_size);
    }
    if (header->n_constants > 0)
        constants_hash(build->dataset.constants, header->n_constants, &stream);
    const struct hash128 hash = hash_stream_result(&stream);
    hash_stream_clear(&stream);
    return hash;
}

/* ---- The memfd ---- */

static enum status no_memory(struct build *build, const char *what) {
    return error_set(build->error, STATUS_ENVIRONMENT, "data set %s: cannot %s %llu bytes of shared memory: %s",
                     build->part->name, what, ULL(build->header.size), strerror(errno));
}

/* Pages are taken at once: a write to a page that is not to be had would be a SIGBUS. */
static enum status memory_open(struct build *build, int *fd) {
    *fd = memfd_create("runner-data", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return no_memory(build, "open");
    int result;
    do
        result = fallocate(*fd, 0, 0, (off_t)build->header.size);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return no_memory(build, "get");
    void *mapping = mmap(NULL, build->header.size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (mapping == MAP_FAILED)
        return no_memory(build, "map");
    build->mapping = mapping;
    return STATUS_OK;
}

static void memory_unmap(struct build *build) {
    if (build->mapping != NULL)
        munmap(build->mapping, build->header.size);
    build->mapping = NULL;
}

static enum status write_memory(struct build *build, int *fd) {
    struct data_header *header = &build->header;
    struct text files;
    text_init(&files);
    data_files_write(&build->files, &files);
    header->magic = DATA_MAGIC;
    header->input = build->dataset.input;
    header->target = build->dataset.target;
    header->element = build->dataset.element;
    header->classes = build->dataset.classes;
    header->scale = build->dataset.scale;
    header->files_size = files.length + 1;
    header->n_constants = build->dataset.n_constants;
    header->constants_size = constants_size(build->dataset.constants, header->n_constants);
    enum status status = STATUS_OK;
    if (!data_layout(header))
        status = refuse(build, "its rows have more bytes than a program can address");
    if (status == STATUS_OK)
        status = memory_open(build, fd);
    for (int split = 0; split < DATA_SPLITS && status == STATUS_OK; split++)
        status = read_split(build, (enum data_split)split);
    if (status == STATUS_OK) {
        header->hash = hash_rows(build);
        memcpy(build->mapping + header->files, files.data, header->files_size);
        constants_write(build->dataset.constants, header->n_constants, build->mapping + header->constants);
        memcpy(build->mapping, header, sizeof *header);
        memory_unmap(build);
        if (!file_seal(*fd))
            status = no_memory(build, "seal");
    }
    text_clear(&files);
    return status;
}

enum status data_build(const struct loader *loader, const struct tree *resolved, int *fd, struct error *error) {
    struct build build = {.error = error};
    struct runner_part *part = NULL;
    *fd = -1;
    arena_init(&build.arena);
    call_init(&build.call, error);
    build.call.loader = loader;
    data_files_init(&build.files, 0);
    enum status status = part_bind(loader, RUNNER_DATASET, resolved, "dataset", &build.arena, &part, error);
    if (status != STATUS_OK)
        goto out;
    build.part = part;
    build.seed = (uint64_t)part_int(part, "seed");
    build.files.seed = build.seed;
    status = open_dataset(&build);
    if (status == STATUS_OK)
        status = check_dataset(&build);
    if (status == STATUS_OK)
        status = cut_validation(&build);
    if (status == STATUS_OK)
        status = write_memory(&build, fd);
    if (status == STATUS_OK)
        status = data_files_check(&build.files, error);
out:
    memory_unmap(&build);
    if (status != STATUS_OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    data_files_clear(&build.files);
    call_clear(&build.call);
    arena_clear(&build.arena);
    return status;
}

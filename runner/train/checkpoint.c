#include "runner/train/checkpoint.h"

#include "runner/base/hash.h"
#include "runner/train/training.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "runner checkpoint"
#define VERSION 1 /* of the state's form: raised where it, or what the engine makes of it, changes */
#define FORMAT_SIZE (sizeof MAGIC + sizeof(uint64_t) + HASH_TEXT_SIZE)

/* One walk over the state serves all three, so that what is written is what is read. */
enum mode { WRITE, CHECK, READ };

struct codec {
    enum mode mode;
    FILE *file; /* WRITE */
    struct hash_stream hash;
    const char *at, *end; /* CHECK, READ */
    bool bad;             /* CHECK: it does not fit */
    float *scratch;       /* [elements of the largest tensor] */
};

static void code_bytes(struct codec *codec, void *bytes, size_t n) {
    if (codec->mode == WRITE) {
        codec->bad = codec->bad || fwrite(bytes, 1, n, codec->file) != n;
        hash_stream_add(&codec->hash, bytes, n);
        return;
    }
    if (codec->bad || n > (size_t)(codec->end - codec->at)) {
        codec->bad = true;
        return;
    }
    if (codec->mode == READ && n > 0)
        memcpy(bytes, codec->at, n);
    codec->at += n;
}

/* A number that decides what follows: read in CHECK as well, 0 where there is none. Returns it. */
static uint64_t code_number(struct codec *codec, uint64_t number) {
    const char *at = codec->at;
    code_bytes(codec, &number, sizeof number);
    if (codec->mode != WRITE && codec->bad)
        number = 0;
    else if (codec->mode != WRITE)
        memcpy(&number, at, sizeof number);
    return number;
}

/* What has to be the same on both sides. */
static void code_fixed(struct codec *codec, uint64_t number) {
    codec->bad = code_number(codec, number) != number || codec->bad;
}

static bool code_flag(struct codec *codec, bool flag) {
    uint64_t number = code_number(codec, flag);
    codec->bad = codec->bad || number > 1;
    return number == 1;
}

static void code_name(struct codec *codec, const char *name) {
    struct hash128 hash = hash128_of(name, strlen(name));
    code_fixed(codec, hash.high);
    code_fixed(codec, hash.low);
}

/* A matrix of the tensor's form goes in Keras' order, whatever the engine's own is. */
static void code_matrix(struct codec *codec, struct tensor *tensor, float *matrix) {
    code_fixed(codec, tensor->elements);
    if (codec->mode == WRITE)
        tensor_gather(tensor, matrix, codec->scratch);
    code_bytes(codec, codec->scratch, tensor->elements * sizeof(float));
    if (codec->mode == READ)
        tensor_scatter(tensor, matrix, codec->scratch);
}

static void code_slot(struct codec *codec, struct tensor *tensor, uint32_t slot) {
    uint32_t shape = tensor->optimizer.slot_shape[slot];
    uint64_t elements = shape == RUNNER_SLOT_ROWS ? tensor->rows : tensor->columns;
    code_fixed(codec, shape);
    if (shape != RUNNER_SLOT_ROWS && shape != RUNNER_SLOT_COLUMNS) {
        code_matrix(codec, tensor, tensor->slots[slot]);
        return;
    }
    code_fixed(codec, elements);
    code_bytes(codec, tensor->slots[slot], elements * sizeof(float));
}

static void code_tensors(struct codec *codec, struct model *model) {
    code_fixed(codec, model->n_tensors);
    for (size_t t = 0; t < model->n_tensors; t++) {
        struct tensor *tensor = &model->tensors[t];
        code_name(codec, tensor->name);
        code_matrix(codec, tensor, tensor->weights);
        if (codec->mode == READ)
            tensor_transpose_all(tensor);
        code_fixed(codec, tensor->optimizer.slots);
        for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
            code_slot(codec, tensor, s);
    }
}

static void code_copy(struct codec *codec, struct weights_copy *copy, struct training *training) {
    bool kept = code_flag(codec, copy->kept);
    uint64_t epoch = code_number(codec, copy->epoch), count = weights_count(&training->model);
    if (!kept)
        return;
    if (codec->mode == READ) {
        if (copy->values == NULL)
            copy->values = arena_array(&training->arena, count, sizeof *copy->values);
        copy->kept = true;
        copy->epoch = epoch;
    }
    code_bytes(codec, copy->values, count * sizeof *copy->values);
}

static void code_callbacks(struct codec *codec, struct training *training) {
    struct callbacks *callbacks = &training->callbacks;
    code_fixed(codec, callbacks->count);
    code_bytes(codec, &callbacks->rate_factor, sizeof callbacks->rate_factor);
    for (size_t i = 0; i < callbacks->count; i++) {
        struct callback *callback = &callbacks->items[i];
        code_bytes(codec, callback->memory, sizeof callback->memory);
        bool restores = code_flag(codec, callback->restores);
        if (codec->mode == READ)
            callback->restores = restores;
        code_copy(codec, &callback->copy, training);
    }
    code_bytes(codec, &training->saving.value, sizeof training->saving.value);
    code_copy(codec, &training->saving.copy, training);
}

/* Counters that could lead out of the data, or out of step with each other. */
static bool position_fits(const struct training *training, const struct train_position *position, uint64_t examples) {
    const struct train_settings *settings = &training->settings;
    uint64_t updates = 0, begun = examples / settings->batch_rows;
    return position->epoch < settings->epochs && position->updates < settings->total_updates &&
           !__builtin_mul_overflow(position->epoch, settings->updates_per_epoch, &updates) &&
           begun < settings->updates_per_epoch && examples % settings->batch_rows == 0 &&
           updates + begun == position->updates && isfinite(position->seconds) && position->seconds >= 0;
}

static void code_counters(struct codec *codec, struct training *training, struct train_position *position) {
    uint64_t seconds;
    memcpy(&seconds, &position->seconds, sizeof seconds);
    position->epoch = code_number(codec, position->epoch);
    position->updates = code_number(codec, position->updates);
    seconds = code_number(codec, seconds);
    memcpy(&position->seconds, &seconds, sizeof seconds);
    uint64_t examples = code_number(codec, training->epoch_examples);
    codec->bad = codec->bad || !position_fits(training, position, examples);
    code_bytes(codec, &training->examples, sizeof training->examples);
    code_bytes(codec, &training->epoch_seconds, sizeof training->epoch_seconds);
    code_bytes(codec, &training->loss_sum, sizeof training->loss_sum);
    code_fixed(codec, training->model.n_sums);
    code_bytes(codec, training->sums, training->model.n_sums * sizeof *training->sums);
    code_fixed(codec, RUNNER_MAX_VALUES);
    code_bytes(codec, training->stepper.step.values, sizeof training->stepper.step.values);
    if (codec->mode == READ) {
        training->updates = training->stepper.step.number = position->updates;
        training->epoch_examples = examples;
    }
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* A row in `rows`: this, then the values, then a byte for each of them where it is known. */
struct packed_row {
    uint64_t epoch, updates, examples;
    double learning_rate, seconds, evaluate_seconds;
};

static size_t row_size(const struct training *training) {
    return sizeof(struct packed_row) + training->columns.count * (sizeof(double) + 1);
}

void checkpoint_add_row(struct training *training, const struct train_row *row) {
    struct packed_row packed = {row->epoch,         row->updates, row->examples,
                                row->learning_rate, row->seconds, row->evaluate_seconds};
    text_add_bytes(&training->rows, &packed, sizeof packed);
    for (size_t i = 0; i < training->columns.count; i++) {
        double value = row->known[i] ? row->values[i] : 0;
        text_add_bytes(&training->rows, &value, sizeof value);
    }
    for (size_t i = 0; i < training->columns.count; i++)
        text_add_char(&training->rows, row->known[i] ? 1 : 0);
}

bool checkpoint_report_rows(struct training *training) {
    const struct train_request *request = training->request;
    size_t n = training->columns.count, size = row_size(training);
    bool go_on = true;
    for (size_t at = 0; go_on && request->on_row != NULL && at + size <= training->rows.length; at += size) {
        const char *values = training->rows.data + at + sizeof(struct packed_row);
        struct packed_row packed;
        memcpy(&packed, training->rows.data + at, sizeof packed);
        memcpy(training->values, values, n * sizeof(double));
        for (size_t i = 0; i < n; i++)
            training->known[i] = values[n * sizeof(double) + i] != 0;
        struct train_row row = {.epoch = packed.epoch,
                                .updates = packed.updates,
                                .examples = packed.examples,
                                .learning_rate = packed.learning_rate,
                                .seconds = packed.seconds,
                                .evaluate_seconds = packed.evaluate_seconds,
                                .values = training->values,
                                .known = training->known};
        go_on = request->on_row(request->context, &training->columns, &row);
    }
    return go_on;
}

static void code_rows(struct codec *codec, struct training *training, const struct train_position *position) {
    code_fixed(codec, training->columns.count);
    uint64_t n = code_number(codec, training->rows.length), size = row_size(training);
    codec->bad = codec->bad || n % size != 0 || n / size != position->epoch + 1;
    if (codec->mode == WRITE) {
        code_bytes(codec, training->rows.data, n);
        return;
    }
    const char *rows = codec->at;
    if (codec->bad || n > (uint64_t)(codec->end - rows)) {
        codec->bad = true;
        return;
    }
    codec->at += n;
    if (codec->mode == READ)
        text_add_bytes(&training->rows, rows, n);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static void code_state(struct codec *codec, struct training *training, struct train_position *position) {
    code_counters(codec, training, position);
    code_rows(codec, training, position);
    code_callbacks(codec, training);
    code_tensors(codec, &training->model);
}

static float *scratch_new(const struct model *model) {
    uint64_t most = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        most = model->tensors[t].elements > most ? model->tensors[t].elements : most;
    return memory_alloc(most + 1, sizeof(float));
}

enum status checkpoint_write(struct training *training, const struct train_position *position, int fd,
                             struct error *error) {
    struct codec codec = {.mode = WRITE};
    struct train_position copy = *position;
    char magic[] = MAGIC, identity[HASH_TEXT_SIZE];
    int own = dup(fd);
    codec.file = own >= 0 ? fdopen(own, "w") : NULL;
    if (codec.file == NULL) {
        enum status status = error_set(error, STATUS_TRIAL, "cannot write a checkpoint: %s", strerror(errno));
        if (own >= 0)
            close(own);
        return status;
    }
    snprintf(identity, sizeof identity, "%-*s", HASH_TEXT_SIZE - 1, training->request->identity);
    hash_stream_init(&codec.hash);
    codec.scratch = scratch_new(&training->model);
    code_bytes(&codec, magic, sizeof magic);
    code_fixed(&codec, VERSION);
    code_bytes(&codec, identity, sizeof identity);
    code_state(&codec, training, &copy);
    struct hash128 hash = hash_stream_result(&codec.hash);
    code_number(&codec, hash.high);
    code_number(&codec, hash.low);
    hash_stream_clear(&codec.hash);
    free(codec.scratch);
    bool failed = ferror(codec.file) != 0;
    failed = fclose(codec.file) != 0 || failed;
    if (failed)
        return error_set(error, STATUS_TRIAL, "cannot write a checkpoint: %s", strerror(errno));
    return codec.bad ? error_set(error, STATUS_TRIAL,
                                 "cannot write a checkpoint at epoch %llu, update %llu: its "
                                 "counters are out of step",
                                 (unsigned long long)position->epoch, (unsigned long long)position->updates)
                     : STATUS_OK;
}

/* What stands around the state. */
static enum status open_bytes(const struct training *training, const void *bytes, size_t n, struct codec *codec,
                              struct error *error) {
    const char *at = bytes;
    uint64_t version;
    struct hash128 written;
    if (n < FORMAT_SIZE + sizeof written || memcmp(at, MAGIC, sizeof MAGIC) != 0)
        return error_set(error, STATUS_TRIAL, "it is no checkpoint, or only the beginning of one");
    memcpy(&written.high, at + n - 16, 8);
    memcpy(&written.low, at + n - 8, 8);
    if (!hash128_equal(written, hash128_of(at, n - 16)))
        return error_set(error, STATUS_TRIAL, "it is damaged: its checksum is another");
    memcpy(&version, at + sizeof MAGIC, sizeof version);
    if (version != VERSION)
        return error_set(error, STATUS_TRIAL, "it has form %llu, and this version of runner reads form %d",
                         (unsigned long long)version, VERSION);
    const char *identity = training->request->identity;
    if (identity == NULL || strncmp(identity, at + sizeof MAGIC + sizeof version, HASH_TEXT_SIZE) != 0)
        return error_set(error, STATUS_TRIAL, "it is of another trial");
    *codec = (struct codec){.mode = CHECK, .at = at + FORMAT_SIZE, .end = at + n - 16};
    return STATUS_OK;
}

enum status checkpoint_read(struct training *training, const void *bytes, size_t n, struct train_position *position,
                            struct error *error) {
    struct codec check;
    *position = (struct train_position){0};
    enum status status = open_bytes(training, bytes, n, &check, error);
    if (status != STATUS_OK)
        return status;
    struct codec codec = check;
    code_state(&check, training, position);
    if (check.bad || check.at != check.end)
        return error_set(error, STATUS_TRIAL, "it does not fit the trial");
    codec.mode = READ;
    codec.scratch = scratch_new(&training->model);
    code_state(&codec, training, position);
    free(codec.scratch);
    return STATUS_OK;
}

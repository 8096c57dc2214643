/* A trial that goes on from any of its checkpoints ends as the one that was never interrupted, bit for bit, and trains the rest alone. A
   checkpoint that is not whole, or of another trial, is passed over. */
/* ctest: timeout 300 (teams meet at barriers, which is slow where others use the machine too) */
#include "tests/unit/train/lab.h"

#include "runner/base/hash.h"
#include "runner/train/checkpoint.h"
#include "runner/train/training.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define IDENTITY "0123456789abcdef0123456789abcdef"
#define MODEL                                                                                                          \
    "model: [{dense: {units: 9, activation: tanh}}, batch_normalization, {dropout: {rate: 0.3}}, "                     \
    "{dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\nmetrics: [accuracy]\n"                 \
    "save: [2, best, last]\n"
#define CALLBACKS                                                                                                      \
    "callbacks: [{early_stopping: {patience: 2, restore_best_weights: true}}, "                                        \
    "{reduce_lr_on_plateau: {patience: 0, min_delta: 0.1, factor: 0.5}}]\n"

enum { MAX_ROWS = 16, MAX_CHECKPOINTS = 64, MAX_FILES = 8 };

struct file {
    unsigned char *bytes;
    size_t n;
    uint64_t epoch;
};

struct history {
    struct lab *lab;
    size_t rows, columns, stop_after;
    double values[MAX_ROWS][12];
    struct file checkpoints[MAX_CHECKPOINTS], weights[MAX_FILES];
    size_t n_checkpoints, n_weights;
    struct train_position at[MAX_CHECKPOINTS], resumed;
    bool has_resumed;
    char why[256];
    struct train_result result;
};

static struct file read_file(int fd, uint64_t epoch) {
    off_t n = lseek(fd, 0, SEEK_END);
    struct file file = {memory_alloc((size_t)n + 1, 1), (size_t)n, epoch};
    assert_int_equal(pread(fd, file.bytes, file.n, 0), n);
    close(fd);
    return file;
}

static bool on_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct history *history = context;
    double *to = history->values[history->rows];
    assert_true(history->rows < MAX_ROWS && columns->count <= 8);
    history->columns = columns->count;
    for (size_t i = 0; i < columns->count; i++)
        to[i] = row->known[i] ? row->values[i] : -1;
    to[8] = (double)row->updates;
    to[9] = (double)row->examples;
    to[10] = row->learning_rate;
    to[11] = (double)row->epoch;
    history->rows++;
    return history->stop_after == 0 || history->rows < history->stop_after;
}

static enum status on_weights(void *context, uint64_t epoch, const struct model *model, const struct weights_copy *copy,
                              struct error *error) {
    struct history *history = context;
    int fd = memfd_create("weights", MFD_CLOEXEC);
    assert_true(history->n_weights < MAX_FILES);
    enum status status = weights_write_file(model, copy, fd, error);
    history->weights[history->n_weights++] = read_file(fd, epoch);
    return status;
}

static enum status on_checkpoint(void *context, struct training *training, const struct train_position *position,
                                 struct error *error) {
    struct history *history = context;
    int fd = memfd_create("checkpoint", MFD_CLOEXEC);
    assert_true(history->n_checkpoints < MAX_CHECKPOINTS);
    enum status status = checkpoint_write(training, position, fd, error);
    history->at[history->n_checkpoints] = *position;
    history->checkpoints[history->n_checkpoints++] = read_file(fd, position->epoch);
    return status;
}

static void on_resume(void *context, const struct train_position *position, const char *why) {
    struct history *history = context;
    history->has_resumed = position != NULL;
    if (position != NULL)
        history->resumed = *position;
    snprintf(history->why, sizeof history->why, "%s", why);
}

static struct history *run(struct lab *lab, const char *yaml, int threads, const void *bytes, size_t n,
                           const char *identity, size_t stop_after) {
    struct history *history = memory_alloc(1, sizeof *history);
    struct error error = {0};
    history->stop_after = stop_after;
    struct lab local = *lab; /* whose trial goes when it has run */
    arena_init(&local.arena);
    struct train_request request = {.loader = &lab->loader,
                                    .trial = lab_trial(&local, yaml),
                                    .data = &lab->data,
                                    .threads = threads,
                                    .on_row = on_row,
                                    .on_weights = on_weights,
                                    .on_checkpoint = on_checkpoint,
                                    .on_resume = on_resume,
                                    .checkpoint = bytes,
                                    .checkpoint_length = n,
                                    .identity = identity,
                                    .context = history};
    if (train_run(&request, &history->result, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    arena_clear(&local.arena);
    return history;
}

static void release(struct history *history) {
    for (size_t i = 0; i < history->n_checkpoints; i++)
        free(history->checkpoints[i].bytes);
    for (size_t i = 0; i < history->n_weights; i++)
        free(history->weights[i].bytes);
    free(history);
}

static const struct file *weights_of(const struct history *history, uint64_t epoch) {
    for (size_t i = 0; i < history->n_weights; i++)
        if (history->weights[i].epoch == epoch)
            return &history->weights[i];
    return NULL;
}

/* What was handed out before the checkpoint was handed out then. */
static void assert_same_end(const struct history *whole, const struct history *rest, const char *yaml) {
    const struct train_result *a = &whole->result, *b = &rest->result;
    if (whole->rows != rest->rows || memcmp(whole->values, rest->values, sizeof whole->values) != 0)
        fail_msg("other rows after update %llu with %s", (unsigned long long)rest->resumed.updates, yaml);
    assert_string_equal(a->stopped_by, b->stopped_by);
    assert_true(a->outcome == b->outcome && a->epochs == b->epochs && a->updates == b->updates);
    assert_true(a->has_best == b->has_best && a->best_epoch == b->best_epoch);
    assert_true(a->restored == b->restored && a->restored_epoch == b->restored_epoch);
    assert_true(rest->n_weights > 0);
    for (size_t i = 0; i < rest->n_weights; i++) {
        const struct file *file = weights_of(whole, rest->weights[i].epoch);
        if (file == NULL || file->n != rest->weights[i].n || memcmp(file->bytes, rest->weights[i].bytes, file->n) != 0)
            fail_msg("other weights of epoch %llu with %s", (unsigned long long)rest->weights[i].epoch, yaml);
    }
}

/* Goes on from every `every`-th checkpoint, with as many threads as it comes to. */
static void go_on_from_all(struct lab *lab, const char *yaml, size_t every) {
    struct history *whole = run(lab, yaml, 1, NULL, 0, IDENTITY, 0);
    assert_true(whole->n_checkpoints > 2);
    for (size_t i = 0; i < whole->n_checkpoints; i += every) {
        struct history *rest =
            run(lab, yaml, i % 3 == 1 ? 2 : 1, whole->checkpoints[i].bytes, whole->checkpoints[i].n, IDENTITY, 0);
        assert_true(rest->has_resumed);
        assert_int_equal(rest->resumed.updates, whole->at[i].updates);
        assert_int_equal(rest->resumed.epoch, whole->at[i].epoch);
        assert_true(rest->resumed.seconds == whole->at[i].seconds);
        assert_int_equal(rest->n_checkpoints, whole->n_checkpoints - i - 1); /* one an update: what was trained */
        assert_same_end(whole, rest, yaml);
        release(rest);
    }
    release(whole);
}

static void every_optimizer_goes_on_bit_for_bit(void **state) {
    static const char *const optimizers[] = {
        "{sgd: {momentum: 0.9, nesterov: true}}",
        "{sgd: {learning_rate: {cosine_decay: {initial_learning_rate: 0.1, decay_steps: 20}}}}",
        "adam",
        "{adam: {amsgrad: true, clipnorm: 0.1}}",
        "adamw",
        "nadam",
        "lion",
        "adagrad",
        "rmsprop",
        "{rmsprop: {centered: true, momentum: 0.5}}",
        "adafactor",
        "lamb",
        "muon",
    };
    char yaml[2048];
    for (size_t o = 0; o < sizeof optimizers / sizeof optimizers[0]; o++) {
        snprintf(yaml, sizeof yaml,
                 MODEL CALLBACKS "optimizer: %s\ntrain: {batch_size: 70, epochs: 6, checkpoint: 1 updates}\n",
                 optimizers[o]);
        go_on_from_all(*state, yaml, 2);
    }
}

static void every_order_and_batch_goes_on_bit_for_bit(void **state) {
    static const char *const trains[] = {
        "{batch_size: 30, epochs: 3, shuffle: once, checkpoint: 1 updates}",
        "{batch_size: 30, epochs: 3, shuffle: never, checkpoint: 1 updates}",
        "{batch_size: 30, epochs: 9, updates: 17, checkpoint: 1 updates}",
        "{batch_size: 30, epochs: 3, drop_last: true, checkpoint: 1 updates}",
        "{batch_size: full, epochs: 8, evaluate_every: 3, checkpoint: 1 updates}",
        "{batch_size: full, epochs: 8, checkpoint: 1 epochs}",
        "{batch_size: 67, epochs: 8, checkpoint: 1e-9 seconds}",
        "{batch_size: 9, epochs: 2, evaluate_train: true, checkpoint: 1 updates}",
    };
    char yaml[2048];
    for (size_t t = 0; t < sizeof trains / sizeof trains[0]; t++) {
        snprintf(yaml, sizeof yaml, MODEL "optimizer: adam\ntrain: %s\nengine: {micro_batch: 41}\n", trains[t]);
        go_on_from_all(*state, yaml, 1);
    }
}

/* Layers cut by columns keep their weights in another form, and batches of 1 begin in the middle of an epoch. */
static void a_wide_layer_at_batch_1_goes_on_bit_for_bit(void **state) {
    struct lab *lab = *state, small = *lab;
    lab_data(&small, 25, 10, 130, 3);
    go_on_from_all(&small,
                   "model: [{dense: {units: 600, activation: relu}}, {dense: {units: 300, activation: relu}}, "
                   "{dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\nsave: [last]\n"
                   "optimizer: adam\ntrain: {batch_size: 1, epochs: 2, checkpoint: 1 updates}\n",
                   9);
    lab->arena = small.arena;
}

static void checkpoints_come_as_often_as_the_key_says(void **state) {
    static const struct {
        const char *checkpoint;
        size_t n, updates[8];
    } cases[] = {{"null", 0, {0}},
                 {"2 epochs", 2, {14, 28}}, /* 7 updates an epoch; none after the last epoch */
                 {"10 updates", 3, {10, 20, 30}},
                 {"7 updates", 4, {7, 14, 21, 28}},
                 {"100 updates", 0, {0}},
                 {"60 minutes", 0, {0}}};
    char yaml[1024];
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        snprintf(yaml, sizeof yaml, MODEL "optimizer: sgd\ntrain: {batch_size: 30, epochs: 5, checkpoint: %s}\n",
                 cases[c].checkpoint);
        struct history *history = run(*state, yaml, 1, NULL, 0, IDENTITY, 0);
        assert_int_equal(history->n_checkpoints, cases[c].n);
        for (size_t i = 0; i < cases[c].n; i++) {
            assert_int_equal(history->at[i].updates, cases[c].updates[i]);
            assert_int_equal(history->at[i].epoch, cases[c].updates[i] / 7);
        }
        release(history);
    }
}

/* ---- What is not to be gone on from ------------------------------------------------------------------------------ */

#define TINY                                                                                                           \
    "model: [{dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\noptimizer: adam\n"             \
    "save: [best]\ntrain: {batch_size: 100, epochs: 3, checkpoint: 1 updates}\n"

/* Ends after the first row, which is that of the untrained network. */
static void assert_refused(struct lab *lab, const void *bytes, size_t n, const char *identity, const char *why) {
    struct history *history = run(lab, TINY, 1, bytes, n, identity, 1);
    assert_false(history->has_resumed);
    if (strstr(history->why, why) == NULL)
        fail_msg("'%s' does not say '%s'", history->why, why);
    assert_true(history->rows == 1 && history->values[0][8] == 0);
    release(history);
}

static void a_damaged_checkpoint_is_passed_over(void **state) {
    struct history *whole = run(*state, TINY, 1, NULL, 0, IDENTITY, 0);
    struct file *file = &whole->checkpoints[2];
    for (size_t i = 0; i < file->n; i++) {
        file->bytes[i] ^= (unsigned char)(1u << i % 8);
        assert_refused(*state, file->bytes, file->n, IDENTITY, "it is ");
        file->bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    for (size_t n = 0; n < file->n; n++) {
        unsigned char *part = memory_alloc(n + 1, 1); /* of its own, so that a sanitizer sees a read beyond */
        memcpy(part, file->bytes, n);
        part = memory_resize(part, n > 0 ? n : 1, 1);
        assert_refused(*state, part, n, IDENTITY, "it is ");
        free(part);
    }
    /* From the beginning it ends as if there had been none. */
    struct history *again = run(*state, TINY, 1, file->bytes, file->n - 1, IDENTITY, 0);
    assert_int_equal(again->n_checkpoints, whole->n_checkpoints);
    assert_same_end(whole, again, TINY);
    release(again);
    release(whole);
}

static void make_whole(struct file *file) {
    struct hash128 hash = hash128_of(file->bytes, file->n - 16);
    memcpy(file->bytes + file->n - 16, &hash.high, 8);
    memcpy(file->bytes + file->n - 8, &hash.low, 8);
}

static void a_checkpoint_of_another_trial_is_passed_over(void **state) {
    struct history *whole = run(*state, TINY, 1, NULL, 0, IDENTITY, 0);
    struct file *file = &whole->checkpoints[0];
    assert_refused(*state, file->bytes, file->n, "0123456789abcdef0123456789abcdee", "it is of another trial");
    /* of an engine that had another form, the rest being good */
    file->bytes[18]++;
    make_whole(file);
    assert_refused(*state, file->bytes, file->n, IDENTITY, "it has form 2");
    release(whole);
    /* one that claims to be of this trial but has other tensors */
    whole = run(
        *state,
        "model: [{dense: {units: 5}}, {dense: {units: 3, activation: softmax}}]\n"
        "loss: categorical_crossentropy\noptimizer: adam\ntrain: {batch_size: 100, epochs: 3, checkpoint: 1 updates}\n",
        1, NULL, 0, IDENTITY, 0);
    assert_refused(*state, whole->checkpoints[0].bytes, whole->checkpoints[0].n, IDENTITY, "it does not fit the trial");
    release(whole);
}

/* With a checksum that is right any byte may be wrong. It is passed over or gone on from, and nothing is read or written beyond. */
static void any_bytes_do_no_harm(void **state) {
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    struct history *whole = run(*state, TINY, 1, NULL, 0, IDENTITY, 0);
    struct file *file = &whole->checkpoints[2];
    for (size_t i = 0; i < file->n - 16; i++)
        for (size_t m = 0; m < sizeof masks; m++) {
            file->bytes[i] ^= masks[m];
            make_whole(file);
            struct history *history = run(*state, TINY, 1, file->bytes, file->n, IDENTITY, 3);
            assert_true(history->rows > 0);
            release(history);
            file->bytes[i] ^= masks[m];
        }
    release(whole);
}

static int setup(void **state) {
    struct lab *lab = lab_setup(state, 200, 50, 11, 3);
    lab->data.rows[DATA_VALIDATION] = 30;
    lab->data.inputs[DATA_VALIDATION] = lab->data.inputs[DATA_TEST];
    lab->data.targets[DATA_VALIDATION] = lab->data.targets[DATA_TEST];
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimizer_goes_on_bit_for_bit),
        cmocka_unit_test(every_order_and_batch_goes_on_bit_for_bit),
        cmocka_unit_test(a_wide_layer_at_batch_1_goes_on_bit_for_bit),
        cmocka_unit_test(checkpoints_come_as_often_as_the_key_says),
        cmocka_unit_test(a_damaged_checkpoint_is_passed_over),
        cmocka_unit_test(a_checkpoint_of_another_trial_is_passed_over),
        cmocka_unit_test(any_bytes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

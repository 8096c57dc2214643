/* A checkpoint as a damaged disk or another hand may leave it. The bytes are the state, to which what stands around it is added, so that the
   fuzzer gets behind the checksum; with an odd first byte they are the file as it is. A file is refused with a reason, or training goes
   on from it. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/train/lab.h"

#include "runner/base/hash.h"
#include "runner/train/checkpoint.h"

#define IDENTITY "0123456789abcdef0123456789abcdef"

static const char trial_text[] =
    "model: [{dense: {units: 2}}, batch_normalization, {dense: {units: 3, activation: softmax}}]\n"
    "loss: categorical_crossentropy\nmetrics: [accuracy]\noptimizer: {adam: {amsgrad: true}}\nsave: [best]\n"
    "callbacks: [{early_stopping: {patience: 2, restore_best_weights: true}}]\n"
    "train: {batch_size: 4, epochs: 4, checkpoint: 1 updates}\n";

struct fuzzed {
    bool told, resumed;
    size_t rows;
};

static bool on_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct fuzzed *fuzzed = context;
    (void)columns, (void)row;
    return ++fuzzed->rows < 8;
}

static void on_resume(void *context, const struct train_position *position, const char *why) {
    struct fuzzed *fuzzed = context;
    fuzzed->told = true;
    fuzzed->resumed = position != NULL;
    FUZZ_CHECK((position == NULL) == (why[0] != '\0'));
    FUZZ_CHECK(position == NULL || (position->epoch < 4 && position->updates < 8));
}

static struct lab *open_lab(void) {
    static struct lab lab;
    if (lab.loader.count > 0)
        return &lab;
    char executable[4096];
    ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1); /* BUILD/tests/fuzz/NAME */
    FUZZ_CHECK(n > 0);
    executable[n] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(executable, '/') = '\0';
    setenv("RUNNER_BUILD_DIR", executable, 0);
    lab_init(&lab);
    lab_data(&lab, 8, 4, 3, 3);
    lab.data.rows[DATA_VALIDATION] = 4;
    lab.data.inputs[DATA_VALIDATION] = lab.data.inputs[DATA_TEST];
    lab.data.targets[DATA_VALIDATION] = lab.data.targets[DATA_TEST];
    return &lab;
}

static void wrap(const uint8_t *bytes, size_t n, struct text *out) {
    uint64_t version = 1;
    text_add_bytes(out, "runner checkpoint", 18);
    text_add_bytes(out, &version, sizeof version);
    text_add_bytes(out, IDENTITY, sizeof IDENTITY);
    text_add_bytes(out, bytes, n);
    struct hash128 hash = hash128_of(out->data, out->length);
    text_add_bytes(out, &hash.high, sizeof hash.high);
    text_add_bytes(out, &hash.low, sizeof hash.low);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct lab *lab = open_lab(), local = *lab;
    arena_init(&local.arena);
    struct text file;
    text_init(&file);
    if (n > 0 && bytes[0] % 2 == 1)
        text_add_bytes(&file, bytes + 1, n - 1);
    else if (n > 0)
        wrap(bytes + 1, n - 1, &file);
    struct fuzzed fuzzed = {0};
    struct train_result result;
    struct error error = {0};
    struct train_request request = {.loader = &lab->loader,
                                    .trial = lab_trial(&local, trial_text),
                                    .data = &lab->data,
                                    .threads = 1,
                                    .on_row = on_row,
                                    .on_resume = on_resume,
                                    .checkpoint = file.data,
                                    .checkpoint_length = file.length,
                                    .identity = IDENTITY,
                                    .context = &fuzzed};
    FUZZ_CHECK(train_run(&request, &result, NULL, &error) == STATUS_OK);
    FUZZ_CHECK(fuzzed.told && fuzzed.rows > 0);
    text_clear(&file);
    arena_clear(&local.arena);
    return 0;
}

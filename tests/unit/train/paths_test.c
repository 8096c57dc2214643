/* ctest: timeout 300 (the thread sanitizer makes it slow, and other tests run beside it) */
/* The paths that an update may take: by slices of rows, by layers or by columns, from dense or sparse inputs, with any number of threads. They give the
   same weights: to the bit where DESIGN 5 says so, else to rounding. */
#include "tests/unit/train/lab.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 70, ROWS = 100, UPDATES = 4 };

struct path {
    uint64_t rows;
    const char *optimizer, *gemm;
    bool sparse, columns;
    int threads;
    bool slices; /* where it would go by layers */
};

static const char *const model_text =
    "model: [{dense: {units: 600, activation: sigmoid}}, {dropout: {rate: 0.1}}, {dense: {units: 300, activation: "
    "relu}},"
    " {dense: {units: 290}}, {dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\n";

struct updates {
    struct stepper *stepper;
    const struct path *path;
    uint64_t begun;
    uint32_t order[ROWS]; /* changes now and then, so that other examples come next than stood there an update before */
};

static bool next_update(void *context) {
    struct updates *updates = context;
    uint64_t rows = updates->path->rows;
    if (updates->begun == UPDATES)
        return false;
    for (uint32_t i = 0; i < ROWS; i++)
        updates->order[i] = (i + (uint32_t)updates->begun / 2 * 13) % ROWS;
    stepper_begin(updates->stepper, updates->order, updates->begun++ * rows % (ROWS - rows + 1), rows, 0.1);
    return true;
}

/* Trains from the same start; weights of all tensors in Keras' order, to be released with free(). */
static float *weights_after(struct lab *lab, const struct path *path, uint64_t *count) {
    char yaml[1024];
    struct error error = {0};
    struct model model;
    struct stepper stepper;
    snprintf(yaml, sizeof yaml, "%soptimizer: %s\nengine: {gemm: %s}\n", model_text, path->optimizer, path->gemm);
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &model, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    if (path->columns)
        model_plan_columns(&model, path->rows, path->rows);
    model.sparse_input = path->sparse;
    assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
    const uint64_t most = path->slices ? 4 * ROWS : path->rows; /* that batches of another epoch might have */
    stepper_init(&stepper, &model, &lab->data, most, most, path->threads, 5);
    const bool layers = path->rows >= 32 && !path->slices && strstr(path->optimizer, "norm") == NULL;
    assert_true(stepper.by_layers == layers);
    assert_true((stepper.stages != NULL) == (path->columns && path->rows < 32 && strcmp(path->gemm, "openblas") == 0));
    struct updates updates = {.stepper = &stepper, .path = path};
    lab_run(&stepper, path->threads, next_update, &updates);
    assert_false(stepper.failed || stepper.diverged);
    float *weights = lab_weights(&model, count);
    stepper_clear(&stepper);
    model_clear(&model);
    return weights;
}

/* What a path leads to, for others to compare with; `values` is released with free(). */
struct weights {
    float *values;
    uint64_t count;
};

static struct weights wanted_after(struct lab *lab, const struct path *path) {
    struct weights weights;
    weights.values = weights_after(lab, path, &weights.count);
    return weights;
}

static bool leads_to(struct lab *lab, const struct path *path, const struct weights *wanted) {
    const struct weights found = wanted_after(lab, path);
    bool same = found.count == wanted->count && memcmp(found.values, wanted->values, found.count * sizeof(float)) == 0;
    free(found.values);
    return same;
}

static double difference(struct lab *lab, const struct path *a, const struct path *b) {
    uint64_t n, m;
    float *x = weights_after(lab, a, &n), *y = weights_after(lab, b, &m);
    double squares = 0, size = 0;
    for (uint64_t i = 0; i < n; i++) {
        squares += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
        size += (double)x[i] * (double)x[i];
    }
    free(x);
    free(y);
    return sqrt(squares / size);
}

static const uint64_t batches[] = {1, 2, 7, 31, 32, 50};
static const char *const optimizers[] = {"sgd", "{sgd: {momentum: 0.9}}", "adam", "{adam: {global_clipnorm: 0.01}}"};
enum { OPTIMIZERS = 4, FIRST = SANITIZED ? 1 : 0, EACH = SANITIZED ? 2 : 1 };

static void threads_change_no_bit_on_any_path(void **state) {
    struct lab *lab = *state;
    for (size_t b = 0; b < 6; b++)
        for (size_t o = FIRST; o < OPTIMIZERS; o += SANITIZED || b % 2 ? 2 : 1)
            for (int gemm = 0; gemm < 2; gemm++) {
                struct path one = {batches[b], optimizers[o], gemm ? "portable" : "openblas", true, true, 1, false},
                            many = one;
                const struct weights wanted = wanted_after(lab, &one);
                for (many.threads = SANITIZED ? 3 : 2; many.threads <= (SANITIZED ? 3 : 7);
                     many.threads += many.threads == 3 ? 4 : 1)
                    if (!leads_to(lab, &many, &wanted))
                        fail_msg("%d rows, %s, %s: %d threads differ from one", (int)one.rows, one.optimizer, one.gemm,
                                 many.threads);
                free(wanted.values);
            }
}

static void sparse_rows_give_the_bits_of_dense_ones_with_portable_sums(void **state) {
    struct lab *lab = *state;
    for (size_t b = 0; b < 6; b++)
        for (size_t o = FIRST; o < OPTIMIZERS; o += EACH) {
            struct path dense = {batches[b], optimizers[o], "portable", false, true, 2, false}, sparse = dense;
            sparse.sparse = true;
            const struct weights wanted = wanted_after(lab, &dense);
            if (!leads_to(lab, &sparse, &wanted))
                fail_msg("%d rows, %s", (int)dense.rows, dense.optimizer);
            free(wanted.values);
        }
}

static void columns_give_the_weights_of_slices_to_rounding(void **state) {
    struct lab *lab = *state;
    for (size_t b = 0; b < 4; b++)
        for (size_t o = FIRST; o < OPTIMIZERS; o += EACH)
            for (int sparse = 0; sparse < 2; sparse++) {
                struct path slices = {batches[b], optimizers[o], "openblas", sparse == 1, false, 1, false},
                            columns = slices;
                columns.columns = true;
                /* adam divides by roots of squares near zero, which magnifies roundings */
                double bound = o < 2 ? 1e-6 : 1e-3, found = difference(lab, &slices, &columns);
                if (!(found < bound))
                    fail_msg("%d rows, %s: differs by %g", (int)slices.rows, slices.optimizer, found);
            }
}

static void layers_give_the_bits_of_slices(void **state) {
    struct lab *lab = *state;
    for (size_t b = 4; b < 6; b++)
        for (size_t o = FIRST; o < OPTIMIZERS; o += EACH)
            for (int i = 0; i < 4; i++) {
                struct path slices = {batches[b], optimizers[o], i & 1 ? "portable" : "openblas", (i & 2) != 0, false,
                                      1,          true},
                            layers = slices;
                const struct weights wanted = wanted_after(lab, &slices);
                layers.slices = false;
                for (int columns = 0; columns < 2; columns++) {
                    layers.columns = columns == 1;
                    layers.threads = 1 + (i + 4 * columns) % 3;
                    if (!leads_to(lab, &layers, &wanted))
                        fail_msg("%d rows, %s, case %d, columns %d", (int)slices.rows, slices.optimizer, i, columns);
                }
                free(wanted.values);
            }
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_bit_on_any_path),
        cmocka_unit_test(sparse_rows_give_the_bits_of_dense_ones_with_portable_sums),
        cmocka_unit_test(layers_give_the_bits_of_slices),
        cmocka_unit_test(columns_give_the_weights_of_slices_to_rounding),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

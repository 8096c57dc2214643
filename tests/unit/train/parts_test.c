/* Batches of so many rows that they go through the network and into the gradients in parts: the parts change no bit. */
#include "tests/unit/train/lab.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 2500, UNITS = 20 };

static const char *const network =
    "model: [{dense: {units: 40, activation: sigmoid}}, {dropout: {rate: 0.1}}, {dense: {units: 1}}]\n"
    "loss: mean_squared_error\n";
/* Its predictions are so far above the targets that the gradient does not depend on the weights. */
static const char *const shifted = "model: [{dense: {units: 1, bias_initializer: {constant: {value: 100}}}}]\n"
                                   "loss: mean_absolute_error\n";

struct updates {
    const char *model, *optimizer;
    uint64_t rows, micro_rows; /* of a full batch, and of a micro-batch */
    uint64_t batches[2];       /* rows of each update */
    double rate;
    int threads;
};

struct progress {
    struct stepper *stepper;
    const struct updates *updates;
    uint64_t start;
    size_t begun;
};

static bool next_update(void *context) {
    struct progress *progress = context;
    const struct updates *updates = progress->updates;
    uint64_t rows = progress->begun == 2 ? 0 : updates->batches[progress->begun++];
    if (rows == 0)
        return false;
    stepper_begin(progress->stepper, NULL, progress->start, rows, updates->rate);
    progress->start += rows;
    return true;
}

/* Of all tensors, to be released with free(). */
static float *weights_after(struct lab *lab, const struct updates *updates, uint64_t *count) {
    char yaml[1024];
    struct error error = {0};
    struct model model;
    struct stepper stepper;
    snprintf(yaml, sizeof yaml, "%soptimizer: %s\nengine: {gemm: portable}\n", updates->model, updates->optimizer);
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &model, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
    stepper_init(&stepper, &model, &lab->data, updates->rows, updates->micro_rows, updates->threads, 5);
    assert_true((stepper.part_rows < stepper.micro_rows) == (updates->micro_rows > 1024));
    struct progress progress = {.stepper = &stepper, .updates = updates};
    lab_run(&stepper, updates->threads, next_update, &progress);
    assert_false(stepper.failed || stepper.diverged);
    float *weights = lab_weights(&model, count);
    stepper_clear(&stepper);
    model_clear(&model);
    return weights;
}

static void check_same(struct lab *lab, const struct updates *a, const struct updates *b) {
    uint64_t n, m;
    float *x = weights_after(lab, a, &n), *y = weights_after(lab, b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n * sizeof *x);
    free(x);
    free(y);
}

static const char *const optimizers[] = {"{sgd: {global_clipnorm: 0.01}}", "{sgd: {momentum: 0.9}}", "adam", "sgd"};

static void threads_change_no_bit_of_a_batch_in_parts(void **state) {
    for (size_t o = 0; o < 4; o++) {
        struct updates one = {network, optimizers[o], ROWS - 100, ROWS - 100, {ROWS - 100, 100}, 0.1, 1}, many = one;
        for (many.threads = 2; many.threads <= 7; many.threads += many.threads == 3 ? 4 : 1)
            check_same(*state, &one, &many);
    }
}

/* Micro-batches are summed in a gradient of their own before the optimizer sees it; that of plain SGD has other roundings. */
static void parts_give_the_bits_of_micro_batches(void **state) {
    for (size_t o = 0; o < 3; o++) {
        struct updates parts = {network, optimizers[o], ROWS - 100, ROWS - 100, {ROWS - 100, 100}, 0.1, 2},
                       micro = parts;
        micro.micro_rows = 400;
        check_same(*state, &parts, &micro);
    }
}

/* Sums of products of the same numbers in the same order: scaled by 1 / 2048 and a rate of 1 / 2, or by 1 / 1024 and of 1 / 4. */
static void a_direct_update_in_parts_is_that_of_two_halves(void **state) {
    struct updates parts = {shifted, "sgd", 2048, 2048, {2048, 0}, 0.5, 2};
    struct updates halves = {shifted, "sgd", 1024, 1024, {1024, 1024}, 0.25, 1};
    check_same(*state, &parts, &halves);
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 0);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_bit_of_a_batch_in_parts),
        cmocka_unit_test(parts_give_the_bits_of_micro_batches),
        cmocka_unit_test(a_direct_update_in_parts_is_that_of_two_halves),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

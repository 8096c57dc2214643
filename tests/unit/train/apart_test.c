/* ctest: timeout 300 (the thread sanitizer makes it slow, and other tests run beside it) */
/* Threads of a team that keep to their rows of the weights and pass sums on, and gather the next batch while they wait, change no bit. */
#include "tests/unit/train/lab.h"

#include "runner/train/step_ahead.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 100, UNITS = 72, EPOCHS = 3, MOST = 7 };

/* The hidden layers of the second have many zeros, so that their products skip some. */
static const char *const models[] = {
    "[{dense: {units: 600, activation: sigmoid}}, {dropout: {rate: 0.1}}, {dense: {units: 300, activation: tanh}}, "
    "{dense: {units: 270, use_bias: false}}, {dense: {units: 3, activation: softmax}}]",
    "[{dense: {units: 300, activation: relu, bias_initializer: {constant: {value: -0.3}}}}, {dense: {units: 290, "
    "activation: sigmoid}}, {dense: {units: 3, activation: softmax}}]",
};
static const char *const optimizers[] = {"sgd", "{sgd: {momentum: 0.9}}", "adam", "lamb"};
static const uint64_t batches[] = {32, 33, 48, 49}; /* 100 rows end with batches of 4, 1, 4 and 2 */

struct lesson {
    struct lab_step step;
    uint64_t rows, begun;
    bool ahead;        /* one thread gathers the next batch after each update */
    uint64_t gathered; /* updates that found their inputs so */
};

static bool next_update(void *context) {
    struct lesson *lesson = context;
    struct stepper *stepper = &lesson->step.stepper;
    const uint64_t n = (ROWS + lesson->rows - 1) / lesson->rows, start = lesson->begun % n * lesson->rows;
    if (lesson->begun == EPOCHS * n)
        return false;
    if (lesson->ahead && lesson->begun > 0)
        stepper_gather_ahead(stepper);
    stepper_begin(stepper, NULL, start, ROWS - start < lesson->rows ? ROWS - start : lesson->rows, 0.01);
    lesson->gathered += stepper->gathered;
    lesson->begun++;
    return true;
}

/* By a team of so many threads; weights as in memory, to be released with free(). */
static float *weights_after(struct lab *lab, size_t model, const char *optimizer, int threads, struct lesson *lesson,
                            uint64_t *count) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "model: %s\nloss: categorical_crossentropy\noptimizer: %s\n", models[model], optimizer);
    lab_step_init(&lesson->step, lab, yaml, lesson->rows, true, MOST);
    assert_true(lesson->step.stepper.by_layers);
    assert_true(lesson->step.stepper.apart == (lesson->rows <= 48));
    lab_run(&lesson->step.stepper, threads, next_update, lesson);
    assert_false(lesson->step.stepper.failed || lesson->step.stepper.diverged);
    float *weights = lab_weights(&lesson->step.model, count);
    lab_step_clear(&lesson->step);
    return weights;
}

static void threads_that_keep_apart_change_no_bit(void **state) {
    static const int teams[] = {2, 3, MOST};
    for (size_t m = 0; m < 2; m++)
        for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++)
            for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
                uint64_t n, k;
                float *one = weights_after(*state, m, optimizers[o], 1, &(struct lesson){.rows = batches[b]}, &n);
                for (size_t t = 0; t < 3; t++) {
                    float *more =
                        weights_after(*state, m, optimizers[o], teams[t], &(struct lesson){.rows = batches[b]}, &k);
                    if (n != k || memcmp(one, more, n * sizeof *one) != 0)
                        fail_msg("model %zu, %s, %d rows, %d threads", m, optimizers[o], (int)batches[b], teams[t]);
                    free(more);
                }
                free(one);
            }
}

static void what_is_gathered_ahead_changes_no_bit(void **state) {
    for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++) {
        struct lesson plain = {.rows = 32}, ahead = {.rows = 32, .ahead = true};
        uint64_t n, k;
        float *x = weights_after(*state, 0, optimizers[o], 1, &plain, &n);
        float *y = weights_after(*state, 0, optimizers[o], 1, &ahead, &k);
        assert_int_equal(plain.gathered, 0);
        assert_int_equal(ahead.gathered, EPOCHS * 2); /* of four batches neither the first nor the short one */
        assert_int_equal(n, k);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
    }
}

/* Dense inputs are not gathered ahead. */
static int setup(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 0, UNITS, 3);
    float *inputs = (float *)(uintptr_t)lab->data.inputs[DATA_TRAIN];
    for (uint64_t i = 0; i < ROWS * UNITS; i++)
        inputs[i] = i % 5 < 2 ? inputs[i] : 0;
    return 0;
}

static int setup_dense(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 0, UNITS, 3);
    float *inputs = (float *)(uintptr_t)lab->data.inputs[DATA_TRAIN];
    for (uint64_t i = 0; i < ROWS * UNITS; i++)
        inputs[i] = inputs[i] == 0 ? 0.5f : inputs[i];
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_that_keep_apart_change_no_bit, setup, lab_teardown),
        cmocka_unit_test_setup_teardown(threads_that_keep_apart_change_no_bit, setup_dense, lab_teardown),
        cmocka_unit_test_setup_teardown(what_is_gathered_ahead_changes_no_bit, setup, lab_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

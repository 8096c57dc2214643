/* Spans: slices that a thread takes through the layers at once. As many as the team and the cache leave, and they change no bit. */
#include "tests/unit/train/lab.h"

#include "runner/base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 700, UNITS = 72, UPDATES = 4 };

static const char *const dense =
    "[{dense: {units: 90, activation: relu}}, {dropout: {rate: 0.4}}, {dense: {units: 80, activation: sigmoid}}, "
    "{dense: {units: 3, activation: softmax}}]";
static const char *const across =
    "[{dense: {units: 9}}, batch_normalization, {dense: {units: 3, activation: softmax}}]";
static const char *const convolution =
    "[{conv2d: {filters: 4, kernel_size: 3, activation: relu}}, {dense: {units: 3, activation: softmax}}]";
static const char *const huge = "[{dense: {units: 20000}}, {dense: {units: 3, activation: softmax}}]";

struct lesson {
    struct lab_step step;
    uint64_t rows;
    size_t begun;
    double losses[UPDATES], correct[UPDATES];
};

static void lesson_init(struct lesson *lesson, struct lab *lab, const char *layers, uint64_t rows, int threads) {
    char yaml[1024];
    *lesson = (struct lesson){.rows = rows};
    snprintf(yaml, sizeof yaml,
             "model: %s\nloss: categorical_crossentropy\noptimizer: adam\nmetrics: [accuracy]\n"
             "engine: {gemm: portable}\n",
             layers);
    lab_step_init(&lesson->step, lab, yaml, rows, false, threads);
}

static void span_and_slice(struct lab *lab, const char *layers, uint64_t rows, int threads, uint64_t *span,
                           uint64_t *slice) {
    struct lesson lesson;
    lesson_init(&lesson, lab, layers, rows, threads);
    *span = lesson.step.stepper.span_rows;
    *slice = lesson.step.stepper.slice_rows;
    lab_step_clear(&lesson.step);
}

static void check_span(struct lab *lab, const char *layers, uint64_t rows, int threads, uint64_t slices) {
    uint64_t span, slice;
    span_and_slice(lab, layers, rows, threads, &span, &slice);
    assert_int_equal(span, slices * slice);
}

/* Of that many slices what a layer reads and writes fits the second-level caches of most machines. */
static void skip_where_the_cache_is_small(void) {
    if (cpu_second_cache() < 512 * 1024)
        skip();
}

static void a_span_has_as_many_slices_as_the_team_leaves(void **state) {
    skip_where_the_cache_is_small();
    check_span(*state, dense, 32, 1, 2);
    check_span(*state, dense, 100, 1, 2);
    check_span(*state, dense, 100, 2, 1);
    check_span(*state, dense, 700, 1, 4); /* of 59 rows each */
    check_span(*state, dense, 700, 2, 2);
    check_span(*state, dense, 700, 3, 1);
    check_span(*state, dense, 4, 1, 2);
    check_span(*state, dense, 3, 1, 1);
}

static void some_models_have_none(void **state) {
    check_span(*state, across, 100, 1, 1);
    check_span(*state, convolution, 100, 1, 1);
    check_span(*state, huge, 100, 1, 1); /* a row of them would not stay in the cache */
}

static void check_copies(struct lab *lab, uint64_t rows, int threads, bool copied) {
    struct lesson lesson;
    lesson_init(&lesson, lab, dense, rows, threads);
    const struct tensor *kernel = &lesson.step.model.tensors[2];
    assert_string_equal(kernel->plan->name, "kernel");
    assert_int_equal(kernel->rows, 90);
    assert_true((kernel->storage.transposed != NULL) == copied);
    lab_step_clear(&lesson.step);
}

static void weights_are_kept_transposed_where_many_spans_read_them(void **state) {
    skip_where_the_cache_is_small();
    check_copies(*state, 100, 1, false);
    check_copies(*state, 100, 2, false);
    check_copies(*state, 700, 1, false);
    check_copies(*state, 700, 2, true);
}

static bool next_update(void *context) {
    struct lesson *lesson = context;
    if (lesson->begun > 0) {
        lesson->losses[lesson->begun - 1] = lesson->step.stepper.loss_sum;
        lesson->correct[lesson->begun - 1] = lesson->step.stepper.sums[0];
    }
    if (lesson->begun == UPDATES)
        return false;
    /* the last batch is short */
    stepper_begin(&lesson->step.stepper, NULL, 0, lesson->begun == UPDATES - 1 ? lesson->rows / 2 + 1 : lesson->rows,
                  0.01);
    lesson->begun++;
    return true;
}

static void spans_change_no_bit(void **state) {
    static const uint64_t batches[] = {4, 32, 36, 41, 100, 101, 500, 700};
    static struct lesson spans, slices;
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        uint64_t n, m;
        lesson_init(&spans, *state, dense, batches[b], 1);
        lesson_init(&slices, *state, dense, batches[b], 12);
        assert_true(spans.step.model.sparse_input);
        assert_true(spans.step.stepper.span_rows > slices.step.stepper.span_rows);
        lab_run(&spans.step.stepper, 1, next_update, &spans);
        lab_run(&slices.step.stepper, 12, next_update, &slices);
        assert_memory_equal(spans.losses, slices.losses, sizeof spans.losses);
        assert_memory_equal(spans.correct, slices.correct, sizeof spans.correct);
        float *x = lab_weights(&spans.step.model, &n), *y = lab_weights(&slices.step.model, &m);
        assert_int_equal(n, m);
        assert_memory_equal(x, y, n * sizeof *x);
        free(x);
        free(y);
        lab_step_clear(&spans.step);
        lab_step_clear(&slices.step);
    }
}

/* Most inputs are 0, so that they are gathered as sparse rows. */
static int setup(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 40, UNITS, 3);
    lab->data.input = (runner_shape){.rank = 3, .size = {8, 9, 1}};
    float *inputs = (float *)(uintptr_t)lab->data.inputs[DATA_TRAIN];
    for (uint64_t i = 0; i < ROWS * UNITS; i++)
        inputs[i] = i % 5 < 2 ? inputs[i] : 0;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_span_has_as_many_slices_as_the_team_leaves),
        cmocka_unit_test(some_models_have_none),
        cmocka_unit_test(weights_are_kept_transposed_where_many_spans_read_them),
        cmocka_unit_test(spans_change_no_bit),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

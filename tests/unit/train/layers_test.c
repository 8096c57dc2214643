/* What a cut by layers must leave alone: sums over tiles, and which products may skip zeros. */
#include "tests/unit/train/lab.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 70, ROWS = 100 };

static double loss_of(struct lab *lab, const char *yaml, uint64_t most) {
    struct lab_step built;
    lab_step_init(&built, lab, yaml, most, true, 1);
    stepper_update(&built.stepper, NULL, 0, ROWS, 0.1);
    const double loss = built.stepper.loss_sum;
    lab_step_clear(&built);
    return loss;
}

static void penalties_are_added_in_one_order(void **state) {
    struct lab *lab = *state;
    static const char *const yaml =
        "model: [{dense: {units: 600, activation: sigmoid, kernel_regularizer: {l1_l2: {l1: 0.01, l2: 0.1}}}},"
        " {dense: {units: 290, kernel_regularizer: l2}}, {dense: {units: 3, activation: softmax}}]\n"
        "loss: categorical_crossentropy\noptimizer: sgd\n";
    const double layers = loss_of(lab, yaml, ROWS), slices = loss_of(lab, yaml, 4 * ROWS);
    assert_memory_equal(&layers, &slices, sizeof layers);
}

static void norms_are_of_the_tiles_of_slices(void **state) {
    struct lab *lab = *state;
    static const char *const clipping[] = {"clipvalue: 0.1", "clipnorm: 0.1", "global_clipnorm: 0.1"};
    for (size_t c = 0; c < 3; c++) {
        char yaml[1024];
        struct lab_step built;
        snprintf(yaml, sizeof yaml,
                 "model: [{dense: {units: 600}}, {dense: {units: 290}}, {dense: {units: 3, activation: softmax}}]\n"
                 "loss: categorical_crossentropy\noptimizer: {adam: {%s}}\n",
                 clipping[c]);
        lab_step_init(&built, lab, yaml, ROWS, true, 1);
        assert_true(built.stepper.by_layers == (c == 0));
        assert_true((built.model.tensors[0].panel < 600) == (c == 0));
        lab_step_clear(&built);
    }
}

static void blocks_are_wide_enough_to_skip_zeros(void **state) {
    struct lab *lab = *state;
    for (unsigned units = 128; units < 9000; units += units < 700 ? 1 : 499) {
        char yaml[1024];
        struct lab_step built;
        snprintf(yaml, sizeof yaml,
                 "model: [{dense: {units: %u}}, {dense: {units: %u}}, {dense: {units: 3, activation: softmax}}]\n"
                 "loss: categorical_crossentropy\noptimizer: sgd\n",
                 units, units < 700 ? units : 128);
        lab_step_init(&built, lab, yaml, 32, true, 1);
        if (units >= 256)
            assert_true(built.stepper.by_layers);
        for (size_t p = 0; p < built.stepper.n_phases; p++) {
            const struct phase *phase = &built.stepper.phases[p];
            for (size_t b = 0; b < phase->n_blocks; b++)
                if (phase->first[b + 1] < phase->first[b] + MODEL_LEAST_COLUMNS)
                    fail_msg("%u units: a block of %d", units, (int)(phase->first[b + 1] - phase->first[b]));
        }
        for (size_t t = 0; t < built.stepper.n_tiles; t++)
            assert_true(built.stepper.tiles[t].columns >= MODEL_LEAST_COLUMNS || built.stepper.tiles[t].columns == 3);
        lab_step_clear(&built);
    }
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalties_are_added_in_one_order),
        cmocka_unit_test(norms_are_of_the_tiles_of_slices),
        cmocka_unit_test(blocks_are_wide_enough_to_skip_zeros),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

/* Tiles, in which weights get their gradients and steps: every weight is in one, and chunks of columns share what other layers have. */
#include "tests/unit/train/lab.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 60, ROWS = 100 };

static const char *const models[] = {
    "[{dense: {units: 500, activation: sigmoid}}, {dense: {units: 300, activation: relu}}, {dense: {units: 3, "
    "activation: softmax}}]",
    "[{dense: {units: 700}}, {dense: {units: 150}}, {dense: {units: 70, use_bias: false}}, {dense: {units: 3, "
    "activation: softmax}}]",
    "[{dense: {units: 40}}, {dense: {units: 1000}}, {dense: {units: 3, activation: softmax}}]",
    "[{dense: {units: 20}}, {dense: {units: 3, activation: softmax}}]",
};

static void build(struct lab *lab, const char *layers, uint64_t batch_rows, struct lab_step *built) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "model: %s\nloss: categorical_crossentropy\noptimizer: sgd\n", layers);
    lab_step_init(built, lab, yaml, batch_rows, true, 2);
}

static void every_weight_is_in_one_tile(void **state) {
    struct lab *lab = *state;
    struct lab_step built;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++)
        for (uint64_t rows = 1; rows <= ROWS; rows += rows < 3 ? 1 : 29) {
            build(lab, models[m], rows, &built);
            for (size_t t = 0; t < built.model.n_tensors; t++) {
                const struct tensor *tensor = &built.model.tensors[t];
                unsigned char *seen = calloc(tensor->elements, 1);
                for (size_t i = 0; i < built.stepper.n_tiles; i++) {
                    const struct tile *tile = &built.stepper.tiles[i];
                    for (uint64_t r = 0; tile->tensor == t && r < tile->rows; r++)
                        for (uint64_t c = 0; c < tile->columns; c++)
                            seen[(tile->row + r) * tensor->columns + tile->column + c]++;
                }
                for (uint64_t e = 0; e < tensor->elements; e++)
                    assert_int_equal(seen[e], 1);
                free(seen);
            }
            lab_step_clear(&built);
        }
}

/* Rows of the last layer's kernel [300][3] of models[0] in tiles from .. to - 1. */
static uint64_t last_rows(const struct lab_step *built, size_t from, size_t to) {
    uint64_t rows = 0;
    for (size_t i = from; i < to; i++) {
        const struct tensor *tensor = &built->model.tensors[built->stepper.tiles[i].tensor];
        rows += tensor->rows == 300 && tensor->columns == 3 ? built->stepper.tiles[i].rows : 0;
    }
    return rows;
}

/* Two threads have a chunk each, and wait for each other at its end. */
static void chunks_share_the_rows_of_a_long_tensor(void **state) {
    struct lab_step built;
    build(*state, models[0], 2, &built);
    const struct stage *stage = &built.stepper.stages[built.stepper.n_stages - 1];
    assert_int_equal(stage->n_chunks, 2);
    for (size_t c = 0; c < 2; c++)
        assert_in_range(last_rows(&built, stage->first_tile[c], stage->first_tile[c + 1]), 300 / 2 - 16, 300 / 2 + 16);
    lab_step_clear(&built);
}

/* Its update comes with the next product, by the thread that made this one. */
static void chunks_do_not_share_what_is_postponed(void **state) {
    struct lab_step built;
    build(*state, models[0], 1, &built);
    const struct stage *stage = &built.stepper.stages[built.stepper.n_stages - 1];
    assert_int_equal(last_rows(&built, 0, stage->first_tile[2]), 0);
    assert_int_equal(last_rows(&built, stage->first_tile[2], stage->tiles_end), 300);
    lab_step_clear(&built);
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_weight_is_in_one_tile),
        cmocka_unit_test(chunks_share_the_rows_of_a_long_tensor),
        cmocka_unit_test(chunks_do_not_share_what_is_postponed),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

/* Tiles of dense products that add straight to the weights, which are as high as what a product packs (has_high_tiles() of step_tiles.c):
   their heights, and that no bit depends on them. */
#include "tests/unit/train/lab.h"

#include "runner/base/hash.h"
#include "runner/host/kernels.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A batch goes neither by columns nor by layers. */
enum { UNITS = 30, ROWS = 150, UPDATES = 3 };

struct shape {
    uint64_t rows, columns; /* of the kernel of the second layer */
};

static void open_step(struct lab *lab, const struct shape *shape, const char *optimizer, int threads,
                      struct lab_step *step) {
    char yaml[512];
    struct error error = {0};
    snprintf(
        yaml, sizeof yaml,
        "model: [{dense: {units: %d, activation: tanh}}, {dense: {units: %d, activation: tanh}}, {dense: {units: 3, "
        "activation: softmax}}]\nloss: categorical_crossentropy\noptimizer: %s\n",
        (int)shape->rows, (int)shape->columns, optimizer);
    assert_int_equal(model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &step->model, NULL, &error),
                     STATUS_OK);
    model_plan_columns(&step->model, ROWS, ROWS);
    assert_int_equal(model_initialize(&step->model, 3, &error), STATUS_OK);
    stepper_init(&step->stepper, &step->model, &lab->data, ROWS, ROWS, threads, 5);
}

/* Of the first tile of the tensor; the others are as high, but for the last one. */
static uint64_t height(const struct stepper *stepper, size_t tensor) {
    uint64_t found = 0, row = 0;
    for (size_t i = 0; i < stepper->n_tiles; i++) {
        const struct tile *tile = &stepper->tiles[i];
        if (tile->tensor != tensor)
            continue;
        assert_int_equal(tile->row, row);
        found = found == 0 ? tile->rows : found;
        row += tile->rows;
        assert_true(tile->rows == found || row == stepper->model->tensors[tensor].rows);
    }
    return found;
}

static uint64_t height_of(struct lab *lab, const struct shape *shape, const char *optimizer) {
    struct lab_step step;
    open_step(lab, shape, optimizer, 2, &step);
    const struct tensor *kernel = &step.model.tensors[2];
    assert_true(kernel->rows == shape->rows && kernel->columns == shape->columns);
    const uint64_t found = height(&step.stepper, 2);
    lab_step_clear(&step);
    return found;
}

/* By what a product packs: 96 rows, and 64 with AVX-512. In equal parts, of an even number of threes. */
static void heights_follow_what_is_packed(void **state) {
    static const struct {
        uint64_t packed;
        struct shape shape;
        uint64_t height;
    } cases[] = {
        {96, {300, 500}, 78},
        {96, {300, 512}, 78},
        {96, {300, 342}, 78},
        {96, {96, 500}, 96},
        {96, {97, 500}, 54},
        {96, {40, 500}, 40},
        {64, {300, 700}, 60},
        {64, {300, 768}, 60},
        {64, {300, 513}, 60},
        {64, {65, 700}, 36},
        /* more than such tiles would not fit the cache, of fewer columns others are higher */
        {96, {300, 513}, 64},
        {96, {300, 341}, 128},
        {64, {300, 769}, 64},
        {64, {300, 512}, 64},
    };
    const uint64_t packed = kernels_get()->packed_rows;
    assert_true(packed == 96 || packed == 64);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (cases[i].packed == packed && height_of(*state, &cases[i].shape, "sgd") != cases[i].height)
            fail_msg("case %zu: a height of %d instead of %d", i, (int)height_of(*state, &cases[i].shape, "sgd"),
                     (int)cases[i].height);
}

static struct shape high_shape(void) {
    return (struct shape){300, kernels_get()->packed_rows == 96 ? 500 : 700};
}

/* A gradient of its own, or slots, share the cache with the tile. */
static void others_have_plain_heights(void **state) {
    static const char *const optimizers[] = {"adam", "{sgd: {momentum: 0.9}}", "{sgd: {clipvalue: 0.1}}",
                                             "{sgd: {clipnorm: 0.1}}", "{sgd: {weight_decay: 0.1}}"};
    const struct shape shape = high_shape();
    assert_true(height_of(*state, &shape, "sgd") != 64);
    for (size_t o = 0; o < sizeof optimizers / sizeof *optimizers; o++)
        assert_int_equal(height_of(*state, &shape, optimizers[o]), 64);
}

/* Cuts all tiles of the kernel anew. Sums over tiles, which depend on the cut, are not asked for. */
static void cut(struct stepper *stepper, uint64_t rows) {
    const struct tensor *kernel = &stepper->model->tensors[2];
    const size_t most = stepper->n_tiles + kernel->rows;
    struct tile *tiles = arena_array(&stepper->arena, most, sizeof *tiles);
    size_t n = 0;
    assert_true(!stepper->by_layers && stepper->stages == NULL && !stepper->norms && !stepper->regularizers);
    for (size_t i = 0; i < stepper->n_tiles; i++)
        if (stepper->tiles[i].tensor != 2)
            tiles[n++] = stepper->tiles[i];
    for (uint64_t row = 0; row < kernel->rows; row += rows)
        tiles[n++] = (struct tile){2, row, kernel->rows - row < rows ? kernel->rows - row : rows, 0, kernel->columns};
    stepper->tiles = tiles;
    stepper->n_tiles = n;
    stepper->tile_squares = arena_array(&stepper->arena, most, sizeof(double));
    stepper->tile_penalties = arena_array(&stepper->arena, most, sizeof(double));
}

struct updates {
    struct stepper *stepper;
    size_t begun;
};

static bool next_update(void *context) {
    struct updates *updates = context;
    if (updates->begun == UPDATES)
        return false;
    stepper_begin(updates->stepper, NULL, 0, ROWS, 0.05);
    updates->begun++;
    return true;
}

/* Of the weights after some updates with tiles of so many rows, 0: as planned. */
static struct hash128 weights_after(struct lab *lab, uint64_t rows, int threads) {
    struct lab_step step;
    uint64_t count;
    const struct shape shape = high_shape();
    open_step(lab, &shape, "sgd", threads, &step);
    if (rows > 0)
        cut(&step.stepper, rows);
    struct updates updates = {.stepper = &step.stepper};
    lab_run(&step.stepper, threads, next_update, &updates);
    assert_false(step.stepper.failed || step.stepper.diverged);
    float *weights = lab_weights(&step.model, &count);
    const struct hash128 hash = hash128_of(weights, count * sizeof *weights);
    free(weights);
    lab_step_clear(&step);
    return hash;
}

static void no_bit_depends_on_the_height(void **state) {
    static const uint64_t heights[] = {64, 12, 37, 1, 96, 300};
    const struct hash128 planned = weights_after(*state, 0, 1);
    assert_true(hash128_equal(weights_after(*state, 0, 2), planned));
    for (size_t h = 0; h < sizeof heights / sizeof *heights; h++)
        for (int threads = 1; threads <= 2; threads++)
            if (!hash128_equal(weights_after(*state, heights[h], threads), planned))
                fail_msg("tiles of %d rows, %d threads", (int)heights[h], threads);
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heights_follow_what_is_packed),
        cmocka_unit_test(others_have_plain_heights),
        cmocka_unit_test(no_bit_depends_on_the_height),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

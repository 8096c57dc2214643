#include "tests/unit/host/data_setup.h"

#define PIXELS 784

static const unsigned char *image(const struct data *data, enum data_split split, uint64_t row) {
    return (const unsigned char *)data->inputs[split] + PIXELS * row;
}

static void defaults_are_those_of_the_manual(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "digits");
    assert_int_equal(data->rows[DATA_TRAIN], 12000);
    assert_int_equal(data->rows[DATA_TEST], 2000);
    assert_int_equal(data->classes, 10);
    assert_int_equal(data->element, RUNNER_U8);
    assert_true(data->scale == 1.0f / 255.0f);
    assert_int_equal(data->input.rank, 3);
    assert_int_equal(data->input.size[0] * 10000 + data->input.size[1] * 100 + data->input.size[2], 282801);
    assert_string_equal(data->files, "[]");
}

static void each_ten_examples_hold_every_digit_in_random_order(void **state) {
    struct setup *setup = *state;
    build_data(setup, "digits: {train: 2000}");
    const int32_t *labels = labels_of(&setup->data, DATA_TRAIN);
    int first[10] = {0};
    for (int i = 0; i < 2000; i += 10) {
        unsigned seen = 0;
        for (int j = 0; j < 10; j++)
            seen |= 1u << labels[i + j];
        assert_int_equal(seen, 1023);
        first[labels[i]]++;
    }
    /* 200 draws of ten: 20 each with standard deviation 4.2. */
    for (int digit = 0; digit < 10; digit++)
        assert_in_range(first[digit], 4, 40);
}

static void examples_do_not_depend_on_the_number_of_rows(void **state) {
    struct setup *setup = *state;
    build_data(setup, "digits: {train: 100, test: 50}");
    unsigned char *kept = malloc(50 * PIXELS);
    assert_non_null(kept);
    memcpy(kept, image(&setup->data, DATA_TEST, 0), 50 * PIXELS);
    assert_memory_not_equal(kept, image(&setup->data, DATA_TRAIN, 0), PIXELS);
    build_data(setup, "digits: {train: 10, test: 60}");
    assert_memory_equal(kept, image(&setup->data, DATA_TEST, 0), 50 * PIXELS);
    build_data(setup, "digits: {train: 10, test: 60, seed: 1}");
    for (uint64_t row = 0; row < 50; row++)
        assert_memory_not_equal(kept + row * PIXELS, image(&setup->data, DATA_TEST, row), PIXELS);
    free(kept);
}

/* Examples are read by their number, not by their place in the call: the rows less the validation rows are the same images. */
static void cutting_validation_rows_leaves_the_images(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    unsigned char *all = malloc(1500 * PIXELS);
    assert_non_null(all);
    build_data(setup, "digits: {train: 1500}");
    memcpy(all, image(data, DATA_TRAIN, 0), 1500 * PIXELS);
    build_data(setup, "digits: {train: 1500, validation: 300}");
    uint64_t next[2] = {0};
    for (uint64_t i = 0; i < 1500; i++) {
        const bool held = next[1] < 300 && memcmp(all + i * PIXELS, image(data, DATA_VALIDATION, next[1]), PIXELS) == 0;
        const enum data_split split = held ? DATA_VALIDATION : DATA_TRAIN;
        assert_true(next[held] < data->rows[split]);
        assert_memory_equal(all + i * PIXELS, image(data, split, next[held]++), PIXELS);
    }
    free(all);
}

/* Not an independent number, but the one that every compiler and optimisation level must give: results/reference hangs on it.
   It changes only when the images are meant to change. */
static void bits_are_the_same_on_every_machine(void **state) {
    struct setup *setup = *state;
    char text[HASH_TEXT_SIZE];
    build_data(setup, "digits: {train: 1000, test: 1000}");
    assert_string_equal(hash128_write(setup->data.hash, text), "e8df5113405c2832b0843f9de26d7c29");
}

static void images_are_as_sparse_as_scanned_ones(void **state) {
    struct setup *setup = *state;
    build_data(setup, "digits: {train: 1000}");
    uint64_t ink = 0, dark = 0;
    for (uint64_t i = 0; i < 1000 * PIXELS; i++) {
        const unsigned char pixel = image(&setup->data, DATA_TRAIN, 0)[i];
        ink += pixel > 0;
        dark += pixel > 200;
    }
    assert_in_range(ink, 1000 * PIXELS * 15 / 100, 1000 * PIXELS * 25 / 100);
    assert_in_range(dark, 1000 * PIXELS * 5 / 100, 1000 * PIXELS * 20 / 100);
}

/* The mean image of each digit, as a classifier: digits are told apart, but not that simply. */
static void mean_images_classify_most_but_not_all(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    build_data(setup, "digits: {train: 4000, test: 1000}");
    static double mean[10][PIXELS];
    for (uint64_t row = 0; row < 4000; row++)
        for (int i = 0; i < PIXELS; i++)
            mean[labels_of(data, DATA_TRAIN)[row]][i] += image(data, DATA_TRAIN, row)[i] / 400.0;
    int right = 0;
    for (uint64_t row = 0; row < 1000; row++) {
        double least = 1e300;
        int nearest = -1;
        for (int digit = 0; digit < 10; digit++) {
            double distance = 0;
            for (int i = 0; i < PIXELS; i++) {
                const double d = image(data, DATA_TEST, row)[i] - mean[digit][i];
                distance += d * d;
            }
            nearest = distance < least ? digit : nearest;
            least = distance < least ? distance : least;
        }
        right += nearest == labels_of(data, DATA_TEST)[row];
    }
    assert_in_range(right, 600, 900);
}

static void parameters_change_the_images(void **state) {
    struct setup *setup = *state;
    static const char *const forms[] = {"slant: 0.1",   "rotation: 0.3", "stretch: 0", "shift: 0",
                                        "thickness: 1", "jitter: 0.05",  "bend: 0",    "noise: 0"};
    build_data(setup, "digits: {train: 20}");
    unsigned char kept[20 * PIXELS];
    memcpy(kept, image(&setup->data, DATA_TRAIN, 0), sizeof kept);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        build_data(setup, "digits: {train: 20, %s}", forms[i]);
        assert_memory_not_equal(kept, image(&setup->data, DATA_TRAIN, 0), sizeof kept);
    }
    build_data(setup, "digits: {train: 20, scale: 1}");
    assert_true(setup->data.scale == 1.0f);
    assert_memory_equal(kept, image(&setup->data, DATA_TRAIN, 0), sizeof kept);
}

static void extreme_parameters_draw_all_the_same(void **state) {
    struct setup *setup = *state;
    build_data(
        setup,
        "digits: {train: 500, slant: 1, rotation: 1.5, stretch: 0.5, shift: 8, thickness: 4, jitter: 0.5, bend: 2, "
        "noise: 1}");
    build_data(setup,
               "digits: {train: 500, slant: 0, rotation: 0, stretch: 0, shift: 0, thickness: 0.4, jitter: 0, bend: 0, "
               "noise: 0, test: 0}");
    assert_int_equal(setup->data.rows[DATA_TEST], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_those_of_the_manual, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(each_ten_examples_hold_every_digit_in_random_order, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(examples_do_not_depend_on_the_number_of_rows, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(cutting_validation_rows_leaves_the_images, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(bits_are_the_same_on_every_machine, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(images_are_as_sparse_as_scanned_ones, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(mean_images_classify_most_but_not_all, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(parameters_change_the_images, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(extreme_parameters_draw_all_the_same, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The files of the database itself. Skipped, visibly, where they are not beside the project. */
#include "tests/unit/host/data_setup.h"

static const char *shared_mnist(struct setup *setup) {
    return arena_printf(&setup->arena, "%s/data/mnist", from_environment("RUNNER_SHARED"));
}

/* Counts as published: http://yann.lecun.com/exdb/mnist, and in each table of the database since. */
static void the_database_is_read_whole(void **state) {
    struct setup *setup = *state;
    const struct data *data = &setup->data;
    static const uint64_t published[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    build_data(setup, "mnist: {path: \"%s\"}", shared_mnist(setup));
    assert_int_equal(data->rows[DATA_TRAIN], 60000);
    assert_int_equal(data->rows[DATA_TEST], 10000);
    assert_int_equal(data->classes, 10);
    assert_int_equal(data->element, RUNNER_U8);
    assert_true(data->scale == 1.0f / 255.0f);
    assert_int_equal(data->input.size[0] * 10000 + data->input.size[1] * 100 + data->input.size[2], 282801);
    uint64_t counts[10] = {0}, ink = 0;
    for (uint64_t i = 0; i < 60000; i++)
        counts[labels_of(data, DATA_TRAIN)[i]]++;
    assert_memory_equal(counts, published, sizeof counts);
    for (uint64_t i = 0; i < 60000 * 784; i++)
        ink += ((const unsigned char *)data->inputs[DATA_TRAIN])[i] > 0;
    assert_in_range(ink, 60000 * 784 / 1000 * 190, 60000 * 784 / 1000 * 192); /* 19.1 % */
    assert_int_equal(labels_of(data, DATA_TRAIN)[0], 5);
    assert_int_equal(labels_of(data, DATA_TEST)[0], 7);
    assert_non_null(strstr(data->files, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"));
    assert_non_null(strstr(data->files, "\"bytes\": 47040016}"));
}

static void subsets_scale_and_validation_apply(void **state) {
    struct setup *setup = *state;
    build_data(setup, "mnist: {path: \"%s\", train: 1000, test: 100, scale: 1, validation: 0.1}", shared_mnist(setup));
    assert_int_equal(setup->data.rows[DATA_TRAIN], 900);
    assert_int_equal(setup->data.rows[DATA_VALIDATION], 100);
    assert_int_equal(setup->data.rows[DATA_TEST], 100);
    assert_true(setup->data.scale == 1.0f);
}

static void runner_data_is_looked_at(void **state) {
    struct setup *setup = *state;
    const char *folder = arena_printf(&setup->arena, "%s/data", from_environment("RUNNER_SHARED"));
    assert_int_equal(setenv("RUNNER_DATA", folder, 1), 0);
    build_data(setup, "mnist: {train: 10, test: 10}");
    assert_int_equal(setup->data.rows[DATA_TRAIN], 10);
    unsetenv("RUNNER_DATA");
}

int main(void) {
    unsetenv("RUNNER_DATA");
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/data/mnist", from_environment("RUNNER_SHARED"));
    if (access(folder, R_OK) != 0) {
        print_message("skipped: no MNIST in $RUNNER_SHARED/data/mnist\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_database_is_read_whole, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(subsets_scale_and_validation_apply, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(runner_data_is_looked_at, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/host/data_setup.h"

#include <sys/stat.h>

/* Skips, visibly, where the files of the database are not beside the project. */
static const char *shared_mnist(struct setup *setup) {
    const char *folder = arena_printf(&setup->arena, "%s/data/mnist", from_environment("RUNNER_SHARED"));
    if (access(folder, R_OK) != 0) {
        print_message("skipped: no MNIST in $RUNNER_SHARED/data/mnist\n");
        skip();
    }
    return folder;
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
    shared_mnist(setup);
    const char *folder = arena_printf(&setup->arena, "%s/data", from_environment("RUNNER_SHARED"));
    assert_int_equal(setenv("RUNNER_DATA", folder, 1), 0);
    build_data(setup, "mnist: {train: 10, test: 10}");
    assert_int_equal(setup->data.rows[DATA_TRAIN], 10);
    unsetenv("RUNNER_DATA");
}

static void absence_says_where_it_looked_and_what_to_do(void **state) {
    struct setup *setup = *state;
    assert_int_equal(setenv("XDG_CACHE_HOME", setup->folder, 1), 0);
    refuse_data(setup, STATUS_CONFIG,
                "RUNNER_DATA (which is not set)|/runner/mnist|train-images-idx3-ubyte.gz|put the files|`path`",
                "mnist");
    assert_int_equal(setenv("RUNNER_DATA", "/nowhere", 1), 0);
    unsetenv("XDG_CACHE_HOME");
    assert_int_equal(setenv("HOME", "/home/of/nobody", 1), 0);
    refuse_data(setup, STATUS_CONFIG, "/nowhere/mnist|/home/of/nobody/.cache/runner/mnist|set RUNNER_DATA", "mnist");
    refuse_data(setup, STATUS_CONFIG, "`path`|train-images-idx3-ubyte", "mnist: {path: \"%s\"}", setup->folder);
    assert_null(strstr(setup->error.text, "nowhere"));
    unsetenv("RUNNER_DATA");
}

/* The wanted hash is that of SHA256SUMS of the shared data; the found one is sha256sum's of "not the images". */
static void other_files_are_refused_by_their_hash(void **state) {
    struct setup *setup = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/runner", setup->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/runner/mnist", setup->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/runner/mnist/train-images-idx3-ubyte", setup->folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("not the images", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("XDG_CACHE_HOME", setup->folder, 1), 0);
    refuse_data(setup, STATUS_CONFIG,
                "runner/mnist/"
                "train-images-idx3-ubyte|b92c50d925943457043508886f301474870d500787c0f84de80b08836c3a6a6d|"
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db|idx",
                "mnist");
    unsetenv("XDG_CACHE_HOME");
}

int main(void) {
    unsetenv("RUNNER_DATA");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_database_is_read_whole, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(subsets_scale_and_validation_apply, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(runner_data_is_looked_at, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(absence_says_where_it_looked_and_what_to_do, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(other_files_are_refused_by_their_hash, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where `mnist` looks for its files, and which it refuses. */
#include "tests/unit/host/data_setup.h"

#include <sys/stat.h>

static void absence_says_where_it_looked_and_what_to_do(void **state) {
    struct setup *setup = *state;
    assert_int_equal(setenv("XDG_CACHE_HOME", setup->folder, 1), 0);
    refuse_data(
        setup, STATUS_CONFIG,
        "RUNNER_DATA (which is not set)|/runner/mnist|train-images-idx3-ubyte.gz|put the files|`path`; `runner fetch "
        "mnist` gets them",
        "mnist");
    assert_int_equal(setenv("RUNNER_DATA", "/nowhere", 1), 0);
    unsetenv("XDG_CACHE_HOME");
    assert_int_equal(setenv("HOME", "/home/of/nobody", 1), 0);
    refuse_data(setup, STATUS_CONFIG, "/nowhere/mnist|/home/of/nobody/.cache/runner/mnist|set RUNNER_DATA", "mnist");
    refuse_data(setup, STATUS_CONFIG,
                "`path`|train-images-idx3-ubyte|; `runner fetch mnist --into` that folder puts it there",
                "mnist: {path: \"%s\"}", setup->folder);
    assert_null(strstr(setup->error.text, "nowhere"));
    refuse_data(setup, STATUS_CONFIG, "`path`|data_batch_1.bin", "cifar10"); /* which names nothing to fetch */
    assert_null(strstr(setup->error.text, "runner fetch"));
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
        cmocka_unit_test_setup_teardown(absence_says_where_it_looked_and_what_to_do, setup_open, setup_close),
        cmocka_unit_test_setup_teardown(other_files_are_refused_by_their_hash, setup_open, setup_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runner/host/catalog.h"

#include "tests/unit/host/components.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(struct catalog *catalog) {
    struct text text;
    text_init(&text);
    catalog_write(catalog, &text);
    char *copy = text_take(&text);
    text_clear(&text);
    return copy;
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    struct loader loader;
    components_open(&loader);
    loader.catalog.problems = (const char *[]){"x.so: found \"magic\"\\"};
    loader.catalog.n_problems = 1;
    loader.catalog.folders = (const char *[]){"/a", "/b"};
    loader.catalog.n_folders = 2;
    loader.catalog.components[1].foreign = true;
    char *text = written(&loader.catalog);
    struct catalog copy;
    struct error error;
    assert_int_equal(catalog_read(text, strlen(text), &copy, &error), STATUS_OK);
    char *again = written(&copy);
    assert_string_equal(again, text);
    const struct catalog_component *everything = catalog_find(&copy, RUNNER_OPTIMIZER, "everything");
    assert_non_null(everything);
    assert_int_equal(everything->n_own, RUNNER_COUNT(everything_params));
    const struct catalog_param *mode = catalog_param_find(everything, "mode");
    assert_int_equal(mode->type, RUNNER_CHOICE);
    assert_int_equal(mode->n_choices, 3);
    assert_string_equal(mode->choices[2], "none");
    assert_null(catalog_param_find(everything, "count")->initial);
    assert_true(copy.components[1].foreign);
    assert_non_null(catalog_param_find(&copy.components[1], "name")); /* the host's own */
    assert_string_equal(copy.problems[0], "x.so: found \"magic\"\\");
    assert_null(catalog_find(&copy, RUNNER_LAYER, "everything"));
    assert_int_equal(catalog_count_name(&copy, "sgd"), 1);
    free(text);
    free(again);
    catalog_clear(&copy);
    loader_close(&loader);
}

static void damaged_text_is_refused(void **state) {
    (void)state;
    struct loader loader;
    components_open(&loader);
    char *text = written(&loader.catalog);
    size_t length = strlen(text);
    struct catalog catalog;
    struct error error;
    for (size_t n = 0; n < length; n += 7) {
        assert_int_equal(catalog_read(text, n, &catalog, &error), STATUS_ENVIRONMENT);
    }
    static const char *const bad[] = {
        "[]",
        "{\"components\": 1, \"folders\": [], \"problems\": []}",
        "{\"components\": [1], \"folders\": [], \"problems\": []}",
        "{\"components\": [{\"kind\": 99}], \"folders\": [], \"problems\": []}",
        "{\"components\": [], \"folders\": [1], \"problems\": []}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(catalog_read(bad[i], strlen(bad[i]), &catalog, &error), STATUS_ENVIRONMENT);
    }
    free(text);
    loader_close(&loader);
}

static void kinds_have_names(void **state) {
    (void)state;
    for (int kind = RUNNER_DATASET; kind <= RUNNER_SCHEDULE; kind++) {
        assert_int_equal(runner_kind_from_name(runner_kind_name((enum runner_kind)kind)), kind);
    }
    assert_int_equal(runner_kind_from_name("layers"), 0);
    assert_int_equal(runner_kind_from_name(""), 0);
    assert_string_equal(runner_type_name(RUNNER_RATE), "rate");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(damaged_text_is_refused),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

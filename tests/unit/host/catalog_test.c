#include "runner/host/catalog.h"

#include "runner/base/yaml.h"
#include "runner/host/downloads.h"
#include "tests/unit/host/components.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(const struct catalog *catalog) {
    struct text text;
    struct arena arena;
    arena_init(&arena);
    text_init(&text);
    tree_write(catalog_write(catalog, &arena), &text);
    arena_clear(&arena);
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
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(catalog_read(catalog_write(&loader.catalog, &arena), &copy, &error), STATUS_OK);
    arena_clear(&arena); /* nothing of it is kept */
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
    assert_int_equal(copy.components[0].n_downloads, 1);
    const struct catalog_download *download = download_find(&copy.components[0], "blobs");
    assert_non_null(download);
    assert_int_equal(download->size, 1000);
    assert_int_equal(download->n_urls, 2);
    assert_string_equal(download->urls[1], "http://example.org/blobs");
    assert_null(download_find(&copy.components[0], "others"));
    assert_null(download_find(NULL, "blobs"));
    assert_string_equal(copy.problems[0], "x.so: found \"magic\"\\");
    assert_null(catalog_find(&copy, RUNNER_LAYER, "everything"));
    assert_int_equal(catalog_count_name(&copy, "sgd"), 1);
    free(text);
    free(again);
    catalog_clear(&copy);
    loader_close(&loader);
}

static void what_is_no_catalogue_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "[]",
        "text",
        "{\"components\": 1, \"folders\": [], \"problems\": []}",
        "{\"components\": [1], \"folders\": [], \"problems\": []}",
        "{\"components\": [{\"kind\": 99}], \"folders\": [], \"problems\": []}",
        "{\"components\": [], \"folders\": [1], \"problems\": []}",
        "{\"components\": [], \"folders\": []}",
    };
    struct catalog catalog;
    struct error error;
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    assert_int_equal(catalog_read(NULL, &catalog, &error), STATUS_ENVIRONMENT);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct tree *tree = yaml_read(bad[i], strlen(bad[i]), "bad", &arena, &diagnostics);
        assert_non_null(tree);
        assert_int_equal(catalog_read(tree, &catalog, &error), STATUS_ENVIRONMENT);
    }
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
}

/* Each value of a map by one of a type that stands nowhere in a catalogue. */
static void damage_each(const struct tree *root, struct tree *map) {
    struct tree truth = {.type = TREE_BOOL, .text = "true", .value.truth = true};
    struct catalog catalog;
    struct error error;
    for (size_t i = 0; i < map->count; i++) {
        struct tree *value = map->items[i];
        map->items[i] = &truth;
        assert_int_equal(catalog_read(root, &catalog, &error), STATUS_ENVIRONMENT);
        map->items[i] = value;
    }
}

static void values_of_another_type_are_refused(void **state) {
    (void)state;
    struct loader loader;
    struct catalog catalog;
    struct error error;
    struct arena arena;
    components_open(&loader);
    arena_init(&arena);
    struct tree *root = tree_copy(&arena, catalog_write(&loader.catalog, &arena));
    struct tree *component = tree_get(root, "components")->items[0];
    damage_each(root, root);
    damage_each(root, component);
    damage_each(root, tree_get(component, "params")->items[0]);
    damage_each(root, tree_get(component, "downloads")->items[0]);
    assert_int_equal(catalog_read(root, &catalog, &error), STATUS_OK);
    catalog_clear(&catalog);
    arena_clear(&arena);
    loader_close(&loader);
}

/* The supervisor writes files under these names, so it believes the process of the plugins none of them. */
static void downloads_that_are_not_well_are_refused(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"file", "../blobs"}, {"file", ""},
        {"file", "a\nb"},     {"file", "a\x1b[31m"},
        {"sha256", "ba89"},   {"urls", "file:///etc/passwd"},
        {"urls", "https://"}, {"urls", "https://example.org/a b"},
        {"no urls", NULL},
    };
    struct catalog catalog;
    struct error error;
    struct loader loader;
    components_open(&loader);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena arena;
        arena_init(&arena);
        struct tree *root = tree_copy(&arena, catalog_write(&loader.catalog, &arena));
        struct tree *map = tree_get(tree_get(root, "components")->items[0], "downloads")->items[0];
        if (bad[i][1] == NULL)
            tree_get(map, "urls")->count = 0;
        else if (strcmp(bad[i][0], "urls") == 0)
            tree_get(map, "urls")->items[1] = tree_text(&arena, (struct mark){0}, bad[i][1]);
        else
            tree_set(&arena, map, bad[i][0], (struct mark){0}, tree_text(&arena, (struct mark){0}, bad[i][1]));
        assert_int_equal(catalog_read(root, &catalog, &error), STATUS_ENVIRONMENT);
        arena_clear(&arena);
    }
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
        cmocka_unit_test(what_is_no_catalogue_is_refused),
        cmocka_unit_test(values_of_another_type_are_refused),
        cmocka_unit_test(downloads_that_are_not_well_are_refused),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

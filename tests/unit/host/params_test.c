#include "runner/host/params.h"

#include "runner/base/yaml.h"

#include "tests/unit/host/components.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct loader loader;
    struct arena arena;
    struct diagnostics diagnostics;
    char text[8192]; /* the resolved component, or the mistakes as they are printed */
};

static const struct tree *resolve(struct fixture *fixture, enum runner_kind kind, const char *yaml, const char *file) {
    components_open(&fixture->loader);
    arena_init(&fixture->arena);
    diagnostics_init(&fixture->diagnostics);
    const struct tree *value = yaml_read(yaml, strlen(yaml), file, &fixture->arena, &fixture->diagnostics);
    assert_non_null(value);
    const struct tree *resolved = component_resolve(&fixture->loader.catalog, kind, value, runner_kind_name(kind),
                                                    &fixture->arena, &fixture->diagnostics);
    assert_int_equal(resolved == NULL, fixture->diagnostics.errors > 0);
    fixture->text[0] = '\0';
    if (resolved) {
        struct text text;
        text_init(&text);
        tree_write(resolved, &text);
        snprintf(fixture->text, sizeof fixture->text, "%s", text.data);
        text_clear(&text);
    } else {
        FILE *stream = fmemopen(fixture->text, sizeof fixture->text, "w");
        diagnostics_print(&fixture->diagnostics, stream);
        fclose(stream);
    }
    return resolved;
}

static void close_fixture(struct fixture *fixture) {
    diagnostics_clear(&fixture->diagnostics);
    arena_clear(&fixture->arena);
    loader_close(&fixture->loader);
}

static void resolves_as(enum runner_kind kind, const char *yaml, const char *expected) {
    struct fixture fixture;
    resolve(&fixture, kind, yaml, "/folder/x.yaml");
    assert_string_equal(fixture.text, expected);
    close_fixture(&fixture);
}

static void fails_as(enum runner_kind kind, const char *yaml, const char *expected) {
    struct fixture fixture;
    resolve(&fixture, kind, yaml, "x.yaml");
    if (!strstr(fixture.text, expected)) {
        print_error("wanted: %s\nfound:  %s\n", expected, fixture.text);
    }
    assert_non_null(strstr(fixture.text, expected));
    close_fixture(&fixture);
}

#define RELU "{\"relu\": {\"name\": null}}"

static void defaults_are_written_out_in_the_order_of_the_table(void **state) {
    (void)state;
    resolves_as(RUNNER_OPTIMIZER, "everything: {count: 3}",
                "{\"everything\": {\"flag\": true, \"mode\": \"exact\", \"count\": 3, \"maybe\": null, \"share\": 0.5, "
                "\"learning_rate\": 0.001, \"open\": 1.0, \"title\": \"\", \"path\": null, \"sizes\": [2, 3], "
                "\"weights\": [1.0], \"activation\": " RELU ", \"layers\": []}}");
}

static void values_are_typed_by_the_table(void **state) {
    (void)state;
    resolves_as(
        RUNNER_OPTIMIZER,
        "everything: {open: 1.5, count: 1e3, learning_rate: 1, title: no, mode: none, maybe: 0x9, path: a/../b/./c//, "
        "sizes: 7, weights: [1, 2.5], activation: {layer/leaky: {slope: 1, name: x}}, layers: [relu, layer/relu], "
        "share: 0, flag: false}",
        "{\"everything\": {\"flag\": false, \"mode\": \"none\", \"count\": 1000, \"maybe\": 9, \"share\": 0.0, "
        "\"learning_rate\": 1.0, \"open\": 1.5, \"title\": \"no\", \"path\": \"/folder/b/c\", \"sizes\": [7], "
        "\"weights\": [1.0, 2.5], \"activation\": {\"leaky\": {\"slope\": 1.0, \"name\": \"x\"}}, \"layers\": "
        "[" RELU ", " RELU "]}}");
    resolves_as(RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: decay, activation: null, path: /../x/}",
                "{\"everything\": {\"flag\": true, \"mode\": \"exact\", \"count\": 1, \"maybe\": null, \"share\": 0.5, "
                "\"learning_rate\": {\"decay\": {\"slope\": 0.3}}, \"open\": 1.0, \"title\": \"\", \"path\": \"/x\", "
                "\"sizes\": "
                "[2, 3], \"weights\": [1.0], \"activation\": null, \"layers\": []}}");
}

static void all_forms_of_a_component_are_equal(void **state) {
    (void)state;
    static const char *const forms[] = {
        "blobs",   "dataset/blobs",           "{blobs: }", "{blobs: {}}", "{dataset/blobs: {seed: 0}}",
        "'blobs'", "{blobs: {validation: 0}}"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        resolves_as(RUNNER_DATASET, forms[i], "{\"blobs\": {\"seed\": 0, \"validation\": 0.0}}");
    }
}

static void what_is_resolved_resolves_to_itself(void **state) {
    (void)state;
    struct fixture fixture;
    resolve(&fixture, RUNNER_OPTIMIZER, "everything: {count: 1, path: x, layers: [leaky]}", "/folder/x.yaml");
    char text[sizeof fixture.text];
    strcpy(text, fixture.text);
    close_fixture(&fixture);
    resolves_as(RUNNER_OPTIMIZER, text, text);
}

static void marks_are_kept(void **state) {
    (void)state;
    struct fixture fixture;
    const struct tree *resolved = resolve(&fixture, RUNNER_OPTIMIZER, "everything:\n  count: 3\n", "x.yaml");
    const struct tree *params = component_params(resolved);
    assert_string_equal(component_name(resolved), "everything");
    assert_int_equal(tree_get(params, "count")->mark.line, 2);
    assert_int_equal(tree_get(params, "count")->mark.column, 10);
    assert_int_equal(tree_get(params, "share")->mark.line, 1); /* a default: that of the component */
    assert_string_equal(tree_get(params, "sizes")->items[1]->mark.file, "x.yaml");
    close_fixture(&fixture);
}

static void paths_of_the_command_line_are_those_of_the_current_folder(void **state) {
    (void)state;
    struct fixture fixture;
    const struct tree *resolved =
        resolve(&fixture, RUNNER_OPTIMIZER, "everything: {count: 1, path: x}", "command line");
    char *here = getcwd(NULL, 0), expected[4096];
    snprintf(expected, sizeof expected, "%s/x", here);
    assert_string_equal(tree_get(component_params(resolved), "path")->text, expected);
    close_fixture(&fixture);
    resolved = resolve(&fixture, RUNNER_OPTIMIZER, "everything: {count: 1, path: x}", "sub/x.yaml");
    snprintf(expected, sizeof expected, "%s/sub/x", here);
    assert_string_equal(tree_get(component_params(resolved), "path")->text, expected);
    close_fixture(&fixture);
    free(here);
}

static void mistakes_name_what_is_wanted(void **state) {
    (void)state;
    static const struct {
        enum runner_kind kind;
        const char *yaml, *expected;
    } cases[] = {
        {RUNNER_OPTIMIZER, "sgdd",
         "x.yaml:1:1: error: unknown optimizer 'sgdd'; did you mean 'sgd'? (known: everything, sgd)"},
        {RUNNER_OPTIMIZER, "relu", "error: unknown optimizer 'relu'; 'relu' is a layer (known: everything, sgd)"},
        {RUNNER_OPTIMIZER, "layer/relu",
         "error: optimizer is 'layer/relu'; wanted an optimizer (known: everything, sgd)"},
        {RUNNER_LOSS, "mse", "error: unknown loss 'mse' (no plugin has a loss)"},
        {RUNNER_OPTIMIZER, "5", "error: optimizer is 5; wanted an optimizer: NAME or {NAME: {PARAMETER: VALUE, ...}}"},
        {RUNNER_OPTIMIZER, "null", "error: optimizer is null; wanted an optimizer"},
        {RUNNER_OPTIMIZER, "[sgd]", "error: optimizer is a list; wanted an optimizer"},
        {RUNNER_OPTIMIZER, "{}", "error: optimizer is an empty map; wanted"},
        {RUNNER_OPTIMIZER, "{name: sgd, rate: 1}",
         "error: optimizer is a map of 2 keys (name, rate); wanted an optimizer"},
        {RUNNER_LAYER, "leaky:\nslope: 1", "indent the parameters of 'leaky' more than its name"},
        {RUNNER_LAYER, "leaky: 0.1", "error: the parameters of leaky are 0.1; wanted a map such as {slope: 0.1}"},
        {RUNNER_LAYER, "leaky: 1.5", "wanted a map such as {slope: ...}"},
        {RUNNER_LAYER, "leaky: fast", "wanted a map such as {slope: ...}"},
        {RUNNER_LAYER, "leaky: [0.1]", "wanted a map such as {slope: ...}"},
        {RUNNER_OPTIMIZER, "everything: 0", "wanted a map such as {count: ...}"},
        {RUNNER_LAYER, "leaky: {slop: 1}", "1:9: error: unknown parameter 'slop' of leaky; did you mean 'slope'?"},
        {RUNNER_LAYER, "leaky: {units: 1}", "unknown parameter 'units' of leaky; known: slope, name"},
        {RUNNER_OPTIMIZER, "sgd: {units: 1}", "unknown parameter 'units' of sgd, which has none"},
        {RUNNER_LAYER, "leaky: {slope: fast}", "1:16: error: slope is text 'fast'; wanted a number from 0 to 1"},
        {RUNNER_LAYER, "leaky: {slope: '0.5'}",
         "slope is text '0.5'; wanted a number from 0 to 1; leave out the quotes\n"},
        {RUNNER_LAYER, "leaky: {slope: '0,5'}", "wanted a number from 0 to 1; the decimal sign is a point: 0.5\n"},
        {RUNNER_LAYER, "leaky: {slope: 20%}", "wanted a number from 0 to 1; 20% is 0.2\n"},
        {RUNNER_LAYER, "leaky: {slope: '%'}", "wanted a number from 0 to 1\n"},
        {RUNNER_LAYER, "leaky: {slope: 0,5}",
         "unknown parameter '5' of leaky; wanted PARAMETER: VALUE, with a point as decimal sign\n"},
        {RUNNER_LAYER, "leaky: {slope: [0.1, 0.2]}",
         "wanted a number from 0 to 1; values to compare are listed in grid\n"},
        {RUNNER_LAYER, "[relu]", "{PARAMETER: VALUE, ...}}; values to compare are listed in grid\n"},
        {RUNNER_LAYER, "leaky(0.1)",
         "unknown layer 'leaky(0.1)'; wanted NAME or {NAME: {PARAMETER: VALUE, ...}} (known:"},
        {RUNNER_LAYER, "leaky: {slope: 1.5}", "slope is 1.5; wanted a number from 0 to 1"},
        {RUNNER_LAYER, "leaky: {slope: .nan}", "slope is .nan; wanted a number from 0 to 1"},
        {RUNNER_LAYER, "leaky: {slope: }", "slope is null; wanted a number from 0 to 1"},
        {RUNNER_LAYER, "leaky: {slope: [1]}", "slope is a list; wanted a number"},
        {RUNNER_LAYER, "leaky: {slope: true}", "slope is true; wanted a number"},
        {RUNNER_LAYER, "leaky: {name: a/b}", "name is 'a/b'; wanted letters, digits"},
        {RUNNER_LAYER, "leaky: {name: ''}", "name is ''; wanted letters, digits"},
        {RUNNER_LAYER, "twisted", "error: the default of inner leads back to 'twisted'; give inner"},
        {RUNNER_DATASET, "blobs: {validation: 1.5}",
         "validation is 1.5; wanted a share of the training rows below 1, or"},
        {RUNNER_DATASET, "blobs: {validation: -1}", "validation is -1; wanted a number from 0"},
        {RUNNER_DATASET, "blobs: {seed: 0.5}", "seed is 0.5; wanted an integer from 0"},
        {RUNNER_OPTIMIZER, "everything", "1:1: error: everything has no count; wanted an integer from 1"},
        {RUNNER_OPTIMIZER, "everything: {count: 0}", "count is 0; wanted an integer from 1"},
        {RUNNER_OPTIMIZER, "everything: {count: 1e30}", "count is 1e30; wanted an integer from 1 to 1000000000000000"},
        {RUNNER_OPTIMIZER, "everything: {count: 99999999999999999999}",
         "count is 99999999999999999999; wanted an integer"},
        {RUNNER_OPTIMIZER, "everything: {count: 1.5}", "count is 1.5; wanted an integer from 1"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, maybe: 10}", "maybe is 10; wanted an integer from 0 to 9, or null"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, open: 0}", "open is 0; wanted a number above 0 and below 2"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, open: 2}", "open is 2; wanted a number above 0 and below 2"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, flag: yes}", "flag is text 'yes'; wanted true or false"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, flag: 1}", "flag is 1; wanted true or false"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, mode: fats}",
         "mode is text 'fats'; wanted one of fast, exact, none; did you mean 'fast'?"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, title: [a]}", "title is a list; wanted text"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, title: ~}", "title is null; wanted text"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, path: ''}", "path is text ''; wanted the path of a file or folder"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, sizes: [1, x, 0]}",
         "x.yaml:1:35: error: sizes.1 is text 'x'; wanted an integer from 1 to 100\n"
         "x.yaml:1:38: error: sizes.2 is 0; wanted an integer from 1 to 100\n"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, sizes: {}}",
         "sizes is an empty map; wanted a list of integers from 1 to 100"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, weights: [.inf]}",
         "weights.0 is .inf; wanted a number from 0 to 100"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, layers: relu}",
         "layers is text 'relu'; wanted a list, each item a layer"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, layers: [null]}", "layers.0 is null; wanted a layer"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, activation: rellu}", "unknown layer 'rellu'; did you mean 'relu'?"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: -1}",
         "learning_rate is -1; wanted a number from 0, or a schedule"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: fast}",
         "learning_rate is text 'fast'; wanted a number from 0, or a schedule (known: decay)"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: decai}",
         "unknown schedule 'decai'; did you mean 'decay'?"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: {decay: {slope: 2}}}",
         "slope is 2; wanted a number from 0 to 1"},
        {RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: .inf}", "learning_rate is .inf; wanted a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fails_as(cases[i].kind, cases[i].yaml, cases[i].expected);
    }
}

static void all_mistakes_are_reported_at_once(void **state) {
    (void)state;
    struct fixture fixture;
    resolve(&fixture, RUNNER_OPTIMIZER, "everything: {share: 2, mode: x, activation: {leaky: {slope: 2, slip: 1}}}",
            "x.yaml");
    assert_int_equal(fixture.diagnostics.errors, 5);
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_written_out_in_the_order_of_the_table),
        cmocka_unit_test(values_are_typed_by_the_table),
        cmocka_unit_test(all_forms_of_a_component_are_equal),
        cmocka_unit_test(what_is_resolved_resolves_to_itself),
        cmocka_unit_test(marks_are_kept),
        cmocka_unit_test(paths_of_the_command_line_are_those_of_the_current_folder),
        cmocka_unit_test(mistakes_name_what_is_wanted),
        cmocka_unit_test(all_mistakes_are_reported_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "runner/host/part.h"

#include "runner/base/yaml.h"

#include "tests/unit/host/components.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct loader loader;
    struct arena arena;
    struct error error;
    struct runner_part *part;
    enum status status;
};

/* Binds the tree as it stands, or, where `resolve`, what it resolves to. */
static const void *bind(struct fixture *fixture, enum runner_kind kind, const char *yaml, bool resolve) {
    struct diagnostics diagnostics;
    components_open(&fixture->loader);
    arena_init(&fixture->arena);
    diagnostics_init(&diagnostics);
    const struct tree *tree = yaml_read(yaml, strlen(yaml), "/x.yaml", &fixture->arena, &diagnostics);
    assert_non_null(tree);
    if (resolve) {
        tree = component_resolve(&fixture->loader.catalog, kind, tree, "it", &fixture->arena, &diagnostics);
        assert_non_null(tree);
    }
    diagnostics_clear(&diagnostics);
    fixture->status = part_bind(&fixture->loader, kind, tree, "it", &fixture->arena, &fixture->part, &fixture->error);
    return fixture->part ? fixture->part->config : NULL;
}

static void close_fixture(struct fixture *fixture) {
    arena_clear(&fixture->arena);
    loader_close(&fixture->loader);
}

static void the_config_struct_is_filled(void **state) {
    (void)state;
    struct fixture fixture;
    const struct everything *config =
        bind(&fixture, RUNNER_OPTIMIZER,
             "everything: {count: 5, maybe: 3, mode: none, share: 0.25, title: hello, path: a, sizes: [4, 5], "
             "weights: 2, activation: {leaky: {slope: 0.5}}, layers: [relu, {leaky: {name: two}}], flag: false}",
             true);
    assert_int_equal(fixture.status, STATUS_OK);
    assert_int_equal((uintptr_t)config % 64, 0);
    assert_int_equal(config->flag, 0);
    assert_int_equal(config->mode, 2);
    assert_int_equal(config->count, 5);
    assert_int_equal(config->maybe, 3);
    assert_true(config->share == 0.25 && config->learning_rate == 0.001 && config->open == 1.0);
    assert_string_equal(config->title, "hello");
    assert_string_equal(config->path, "/a");
    assert_int_equal(config->sizes.count, 2);
    assert_int_equal(config->sizes.values[1], 5);
    assert_int_equal(config->weights.count, 1);
    assert_true(config->weights.values[0] == 2.0);
    assert_string_equal(config->activation->name, "leaky");
    assert_true(((const struct leaky *)config->activation->config)->slope == 0.5);
    assert_int_equal(config->layers.count, 2);
    assert_string_equal(part_text(config->layers.parts[1], "name"), "two");
    assert_null(part_text(config->layers.parts[0], "name"));
    struct runner_part *schedule;
    assert_int_equal(
        part_schedule(&fixture.loader, fixture.part, "learning_rate", &fixture.arena, &schedule, &fixture.error),
        STATUS_OK);
    assert_null(schedule);
    close_fixture(&fixture);
}

static void null_has_a_value_of_its_own(void **state) {
    (void)state;
    struct fixture fixture;
    const struct everything *config =
        bind(&fixture, RUNNER_OPTIMIZER, "everything: {count: 1, activation: null}", true);
    assert_true(config->maybe == INT64_MIN);
    assert_null(config->path);
    assert_null(config->activation);
    assert_int_equal(config->layers.count, 0);
    close_fixture(&fixture);
}

static void a_schedule_is_beside_the_config(void **state) {
    (void)state;
    struct fixture fixture;
    const struct everything *config =
        bind(&fixture, RUNNER_OPTIMIZER, "everything: {count: 1, learning_rate: {decay: {slope: 0.75}}}", true);
    assert_true(isnan(config->learning_rate));
    struct runner_part *schedule;
    assert_int_equal(
        part_schedule(&fixture.loader, fixture.part, "learning_rate", &fixture.arena, &schedule, &fixture.error),
        STATUS_OK);
    assert_string_equal(schedule->name, "decay");
    assert_int_equal(schedule->kind, RUNNER_SCHEDULE);
    assert_true(((const struct leaky *)schedule->config)->slope == 0.75);
    close_fixture(&fixture);
}

static void the_hosts_own_parameters_are_read_from_the_tree(void **state) {
    (void)state;
    struct fixture fixture;
    bind(&fixture, RUNNER_DATASET, "blobs: {seed: 7, validation: 0.1}", true);
    assert_int_equal(part_int(fixture.part, "seed"), 7);
    assert_true(part_float(fixture.part, "validation") == 0.1);
    close_fixture(&fixture);
}

static void what_is_not_resolved_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *expected;
    } cases[] = {
        {"relu", "it: found text; wanted one resolved layer"},
        {"{none: {}}", "it: unknown layer 'none'"},
        {"{leaky: {}}", "it.leaky.slope: found no value of type float"},
        {"{leaky: {slope: 1}}", "it.leaky.slope: found no value of type float"},
        {"{leaky: {slope: null}}", "it.leaky.slope: found no value of type float"},
        {"{twisted: {inner: {leaky: {slope: x}}}}", "it.twisted.inner.leaky.slope: found no value of type float"},
        {"{twisted: {inner: [1]}}", "it.twisted.inner: found a list; wanted one resolved layer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        assert_null(bind(&fixture, RUNNER_LAYER, cases[i].yaml, false));
        assert_int_equal(fixture.status, STATUS_CONFIG);
        assert_non_null(strstr(fixture.error.text, cases[i].expected));
        close_fixture(&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_config_struct_is_filled),
        cmocka_unit_test(null_has_a_value_of_its_own),
        cmocka_unit_test(a_schedule_is_beside_the_config),
        cmocka_unit_test(the_hosts_own_parameters_are_read_from_the_tree),
        cmocka_unit_test(what_is_not_resolved_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

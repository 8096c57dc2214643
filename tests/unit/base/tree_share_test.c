#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/diagnostics.h"
#include "runner/base/tree_share.h"
#include "runner/base/yaml.h"

#include <stdlib.h>
#include <string.h>

struct lab {
    struct arena arena, kept;
    struct tree_share share;
};

static int setup(void **state) {
    struct lab *lab = memory_alloc(1, sizeof *lab);
    arena_init(&lab->arena);
    arena_init(&lab->kept);
    tree_share_init(&lab->share, &lab->kept);
    *state = lab;
    return 0;
}

static int teardown(void **state) {
    struct lab *lab = *state;
    tree_share_clear(&lab->share);
    arena_clear(&lab->kept);
    arena_clear(&lab->arena);
    free(lab);
    return 0;
}

static const struct tree *share(struct lab *lab, const char *yaml) {
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    const struct tree *tree = yaml_read(yaml, strlen(yaml), "here", &lab->arena, &diagnostics);
    assert_non_null(tree);
    diagnostics_clear(&diagnostics);
    const struct tree *shared = tree_share_add(&lab->share, tree);
    assert_true(tree_equal(shared, tree));
    assert_ptr_not_equal(shared, tree);
    return shared;
}

static const char *written(const struct tree *tree, struct text *out) {
    text_reset(out);
    tree_write(tree, out);
    return out->data;
}

static void equal_trees_are_one(void **state) {
    struct lab *lab = *state;
    static const char yaml[] = "{a: {x: 1, y: [true, ~, 2.5]}, b: {}, c: []}";
    assert_ptr_equal(share(lab, yaml), share(lab, yaml));
}

static void equal_parts_of_different_trees_are_one(void **state) {
    struct lab *lab = *state;
    const struct tree *one = share(lab, "{a: {x: 1, y: 2}, b: 3}"), *two = share(lab, "{a: {x: 1, y: 2}, b: 4}");
    assert_ptr_not_equal(one, two);
    assert_ptr_equal(tree_get(one, "a"), tree_get(two, "a"));
    assert_ptr_equal(one->keys, two->keys);
    assert_ptr_equal(one->key_marks, two->key_marks);
}

static void what_differs_in_anything_is_not(void **state) {
    struct lab *lab = *state;
    static const char *const yaml[] = {"{a: 1}",  "{a: 1.0}",  "{a: '1'}", "{a: 01}",  "{b: 1}", "[1]", "{ a: 1}",
                                       "{a:  1}", "{a: true}", "{a: ~}",   "{a: [1]}", "{}",     "[]",  "{a: 1, b: 2}"};
    enum { N = sizeof yaml / sizeof yaml[0] };
    const struct tree *trees[N];
    struct text out;
    text_init(&out);
    for (size_t i = 0; i < N; i++)
        trees[i] = share(lab, yaml[i]);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(trees[i], trees[k]);
    assert_string_equal(written(trees[13], &out), "{\"a\": 1, \"b\": 2}");
    text_clear(&out);
}

/* More nodes than the table holds at first. */
static void many_trees(void **state) {
    struct lab *lab = *state;
    struct arena arena;
    arena_init(&arena);
    const struct tree *first[3000];
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < 3000; i++) {
            const struct tree *tree = share(lab, arena_printf(&arena, "{a: %zu, b: [%zu]}", i, i % 10));
            if (pass == 0)
                first[i] = tree;
            assert_ptr_equal(tree, first[i]);
            assert_int_equal(tree_get(tree, "a")->value.integer, i);
        }
    /* 3000 maps and integers; marks tell the lengths of integers apart, so 4 times 10 lists; their items; keys. */
    assert_int_equal(lab->share.table.count, 3000 + 3000 + 40 + 40 + 4);
    arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_trees_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_parts_of_different_trees_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(what_differs_in_anything_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(many_trees, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct mark nowhere = {NULL, 0, 0};

static int make_arena(void **state) {
    static struct arena arena;
    arena_init(&arena);
    *state = &arena;
    return 0;
}

static int clear_arena(void **state) {
    arena_clear(*state);
    return 0;
}

/* YAML 1.2.2, 10.3.2: tag resolution of the core schema. */
static void plain_scalars_follow_the_core_schema(void **state) {
    static const struct {
        const char *text;
        enum tree_type type;
    } cases[] = {
        {"", TREE_NULL},       {"~", TREE_NULL},      {"null", TREE_NULL},      {"Null", TREE_NULL},
        {"NULL", TREE_NULL},   {"nULL", TREE_TEXT},   {"none", TREE_TEXT},      {"true", TREE_BOOL},
        {"True", TREE_BOOL},   {"TRUE", TREE_BOOL},   {"false", TREE_BOOL},     {"False", TREE_BOOL},
        {"FALSE", TREE_BOOL},  {"tRUE", TREE_TEXT},   {"yes", TREE_TEXT},       {"no", TREE_TEXT},
        {"on", TREE_TEXT},     {"0", TREE_INT},       {"-0", TREE_INT},         {"+12", TREE_INT},
        {"007", TREE_INT},     {"0o17", TREE_INT},    {"0xFf", TREE_INT},       {"-0x1", TREE_TEXT},
        {"0o8", TREE_TEXT},    {"0x", TREE_TEXT},     {"0xg", TREE_TEXT},       {"0b1", TREE_TEXT},
        {"1_000", TREE_TEXT},  {"1.", TREE_FLOAT},    {".5", TREE_FLOAT},       {"-.5", TREE_FLOAT},
        {"1e3", TREE_FLOAT},   {"1E-3", TREE_FLOAT},  {"+1.5e+3", TREE_FLOAT},  {"1e", TREE_TEXT},
        {".", TREE_TEXT},      {".e3", TREE_TEXT},    {"-", TREE_TEXT},         {".inf", TREE_FLOAT},
        {"-.Inf", TREE_FLOAT}, {"+.INF", TREE_FLOAT}, {".iNF", TREE_TEXT},      {"inf", TREE_TEXT},
        {"-inf", TREE_TEXT},   {"nan", TREE_TEXT},    {".nan", TREE_FLOAT},     {".NaN", TREE_FLOAT},
        {".NAN", TREE_FLOAT},  {"-.nan", TREE_TEXT},  {"NaN", TREE_TEXT},       {"1:30", TREE_TEXT},
        {"1 ", TREE_TEXT},     {"1e999", TREE_FLOAT}, {"12 epochs", TREE_TEXT}, {"= 1", TREE_TEXT},
        {"1,5", TREE_TEXT},    {"1e5.5", TREE_TEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tree *tree = tree_plain(*state, nowhere, cases[i].text);
        if (tree->type != cases[i].type) {
            print_error("%s is %s, wanted %s\n", cases[i].text, tree_type_name(tree->type),
                        tree_type_name(cases[i].type));
        }
        assert_int_equal(tree->type, cases[i].type);
        assert_string_equal(tree->text, cases[i].text);
        assert_false(tree->quoted);
    }
}

static void plain_scalars_have_their_values(void **state) {
    assert_true(tree_plain(*state, nowhere, "True")->value.truth);
    assert_false(tree_plain(*state, nowhere, "FALSE")->value.truth);
    assert_int_equal(tree_plain(*state, nowhere, "-12")->value.integer, -12);
    assert_int_equal(tree_plain(*state, nowhere, "0o17")->value.integer, 15);
    assert_int_equal(tree_plain(*state, nowhere, "0xfF")->value.integer, 255);
    assert_true(tree_plain(*state, nowhere, "0x7fffffffffffffff")->value.integer == INT64_MAX);
    assert_true(tree_plain(*state, nowhere, "1e-3")->value.number == 1e-3);
    assert_true(tree_plain(*state, nowhere, "-.inf")->value.number == -(double)INFINITY);
    assert_true(tree_plain(*state, nowhere, "-1e999")->value.number == -(double)INFINITY);
    assert_true(isnan(tree_plain(*state, nowhere, ".nan")->value.number));
}

static void integers_beyond_64_bits_are_floats(void **state) {
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"9223372036854775808", 0x1p63},
        {"-9223372036854775809", -0x1p63},
        {"0x8000000000000000", 0x1p63},
        {"0x20000000000001000000", 0x20000000000001p24}, /* a tie: to even */
        {"0x20000000000001000001", 0x20000000000002p24}, /* just above it */
        {"0o1000000000000000000000", 0x1p63},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tree *tree = tree_plain(*state, nowhere, cases[i].text);
        assert_int_equal(tree->type, TREE_FLOAT);
        assert_true(tree->value.number == cases[i].number);
    }
}

static void quoted_scalars_are_text(void **state) {
    struct tree *tree = tree_text(*state, (struct mark){"f", 3, 4}, "12");
    assert_int_equal(tree->type, TREE_TEXT);
    assert_true(tree->quoted);
    assert_int_equal(tree->mark.line, 3);
}

static void maps_keep_order_and_replace_values(void **state) {
    struct tree *map = tree_map(*state, nowhere);
    char key[20];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", 99 - i);
        tree_set(*state, map, key, (struct mark){"f", (unsigned)i + 1, 1}, tree_int(*state, nowhere, i));
    }
    tree_set(*state, map, "k50", (struct mark){"g", 7, 1}, tree_text(*state, nowhere, "new"));
    assert_int_equal(map->count, 100);
    assert_string_equal(map->keys[0], "k99");
    assert_string_equal(tree_get(map, "k50")->text, "new");
    assert_string_equal(map->key_marks[tree_find(map, "k50")].file, "g");
    assert_null(tree_get(map, "absent"));
    tree_remove(map, "k99");
    tree_remove(map, "k0");
    tree_remove(map, "absent");
    assert_int_equal(map->count, 98);
    assert_string_equal(map->keys[0], "k98");
    assert_string_equal(map->keys[97], "k1");
    assert_int_equal(map->items[97]->value.integer, 98);
    assert_int_equal(map->key_marks[97].line, 99);
}

static void getting_from_what_is_no_map_gives_nothing(void **state) {
    assert_null(tree_get(NULL, "k"));
    assert_null(tree_get(tree_list(*state, nowhere), "k"));
    assert_int_equal(tree_find(tree_int(*state, nowhere, 1), "k"), -1);
}

static struct tree *sample(struct arena *arena) {
    struct tree *map = tree_map(arena, nowhere), *list = tree_list(arena, nowhere);
    tree_append(arena, list, tree_float(arena, nowhere, 0.5));
    tree_append(arena, list, tree_null(arena, nowhere));
    tree_append(arena, list, tree_map(arena, nowhere));
    tree_set(arena, map, "list", nowhere, list);
    tree_set(arena, map, "text", nowhere, tree_plain(arena, nowhere, "word"));
    tree_set(arena, map, "yes", nowhere, tree_bool(arena, nowhere, true));
    return map;
}

static void copies_are_equal_and_apart(void **state) {
    struct arena own;
    arena_init(&own);
    struct tree *tree = sample(&own), *copy = tree_copy(*state, tree);
    assert_true(tree_equal(tree, copy));
    tree_append(&own, tree->items[0], tree_int(&own, nowhere, 1));
    assert_false(tree_equal(tree, copy));
    arena_clear(&own);
    assert_true(tree_equal(copy, sample(*state)));
    tree_append(*state, copy->items[0], tree_int(*state, nowhere, 1)); /* a copy grows like any other */
    assert_int_equal(copy->items[0]->count, 4);
}

/* Of every size, at which the arrays of the copy have no room left. */
static void copies_of_any_size_grow(void **state) {
    struct tree *map = tree_map(*state, nowhere);
    char key[20];
    for (int i = 0; i < 40; i++) {
        struct tree *copy = tree_copy(*state, map);
        char *behind = memset(arena_alloc(*state, 16), 'x', 16); /* what a copy that overran its arrays would change */
        for (int j = i; j < 80; j++) {
            snprintf(key, sizeof key, "k%d", j);
            tree_set(*state, j == i ? map : copy, key, (struct mark){"f", (unsigned)j, 1},
                     tree_int(*state, nowhere, j));
            tree_set(*state, copy, key, (struct mark){"f", (unsigned)j, 1}, tree_int(*state, nowhere, j));
        }
        assert_memory_equal(behind, "xxxxxxxxxxxxxxxx", 16);
        assert_int_equal(map->count, i + 1);
        assert_int_equal(copy->count, 80);
        for (unsigned j = 0; j < 80; j++) {
            assert_int_equal(copy->items[j]->value.integer, j);
            assert_int_equal(copy->key_marks[j].line, j);
        }
    }
}

static void a_node_is_small(void **state) {
    (void)state;
    assert_true(sizeof(struct tree) <= 48);
}

static void equality_is_of_type_and_value(void **state) {
    struct arena *arena = *state;
    assert_false(tree_equal(tree_int(arena, nowhere, 1), tree_float(arena, nowhere, 1)));
    assert_true(tree_equal(tree_plain(arena, nowhere, "0x10"), tree_int(arena, nowhere, 16)));
    assert_true(tree_equal(tree_plain(arena, nowhere, "1e3"), tree_float(arena, nowhere, 1000)));
    assert_true(tree_equal(tree_plain(arena, nowhere, "a"), tree_text(arena, (struct mark){"f", 1, 1}, "a")));
    assert_true(tree_equal(tree_float(arena, nowhere, (double)NAN), tree_plain(arena, nowhere, ".nan")));
    assert_false(tree_equal(tree_float(arena, nowhere, 0.0), tree_float(arena, nowhere, -0.0)));
    assert_false(tree_equal(tree_map(arena, nowhere), tree_list(arena, nowhere)));
    struct tree *one = tree_map(arena, nowhere), *two = tree_map(arena, nowhere);
    tree_set(arena, one, "a", nowhere, tree_null(arena, nowhere));
    tree_set(arena, one, "b", nowhere, tree_null(arena, nowhere));
    tree_set(arena, two, "b", nowhere, tree_null(arena, nowhere));
    tree_set(arena, two, "a", nowhere, tree_null(arena, nowhere));
    assert_false(tree_equal(one, two));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, clear_arena)
    const struct CMUnitTest tests[] = {
        TEST(plain_scalars_follow_the_core_schema), TEST(plain_scalars_have_their_values),
        TEST(integers_beyond_64_bits_are_floats),   TEST(quoted_scalars_are_text),
        TEST(maps_keep_order_and_replace_values),   TEST(getting_from_what_is_no_map_gives_nothing),
        TEST(copies_are_equal_and_apart),           TEST(copies_of_any_size_grow),
        cmocka_unit_test(a_node_is_small),          TEST(equality_is_of_type_and_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/tree.h"

#include "runner/base/yaml.h"

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

static const char *written(struct arena *arena, const struct tree *tree, int indent) {
    struct text text;
    text_init(&text);
    if (indent < 0) {
        tree_write(tree, &text);
    } else {
        tree_write_yaml(tree, &text, indent);
    }
    const char *copy = arena_copy_bytes(arena, text.data, text.length);
    text_clear(&text);
    return copy;
}

static struct tree *list_of(struct arena *arena, int count) {
    struct tree *list = tree_list(arena, nowhere);
    for (int i = 0; i < count; i++) {
        tree_append(arena, list, tree_int(arena, nowhere, i + 1));
    }
    return list;
}

/* A config's shape: {model: [{dense: {units: 500, activation: sigmoid}}, flatten], grid: {...}, ...} */
static struct tree *sample(struct arena *arena) {
    struct tree *root = tree_map(arena, nowhere), *model = tree_list(arena, nowhere);
    struct tree *layer = tree_map(arena, nowhere), *dense = tree_map(arena, nowhere), *grid = tree_map(arena, nowhere);
    tree_set(arena, dense, "units", nowhere, tree_int(arena, nowhere, 500));
    tree_set(arena, dense, "activation", nowhere, tree_plain(arena, nowhere, "sigmoid"));
    tree_set(arena, layer, "dense", nowhere, dense);
    tree_append(arena, model, layer);
    tree_append(arena, model, tree_plain(arena, nowhere, "flatten"));
    tree_append(arena, model, list_of(arena, 2));
    struct tree *nested = tree_list(arena, nowhere);
    tree_append(arena, nested, tree_copy(arena, layer));
    tree_append(arena, nested, tree_map(arena, nowhere));
    tree_append(arena, model, nested);
    tree_set(arena, root, "model", nowhere, model);
    tree_set(arena, grid, "train.batch_size", nowhere, list_of(arena, 3));
    tree_set(arena, grid, "a b", nowhere, tree_text(arena, nowhere, "= 1 * x"));
    tree_set(arena, root, "grid", nowhere, grid);
    tree_set(arena, root, "empty", nowhere, tree_list(arena, nowhere));
    tree_set(arena, root, "none", nowhere, tree_map(arena, nowhere));
    tree_set(arena, root, "null", nowhere, tree_null(arena, nowhere));
    tree_set(arena, root, "rate", nowhere, tree_float(arena, nowhere, 1e-7));
    tree_set(arena, root, "one", nowhere, tree_float(arena, nowhere, 1));
    tree_set(arena, root, "answer", nowhere, tree_text(arena, nowhere, "no"));
    return root;
}

static void canonical_text_is_json_in_one_line(void **state) {
    assert_string_equal(written(*state, sample(*state), -1),
                        "{\"model\": [{\"dense\": {\"units\": 500, \"activation\": \"sigmoid\"}}, \"flatten\", [1, 2], "
                        "[{\"dense\": {\"units\": 500, \"activation\": \"sigmoid\"}}, {}]], "
                        "\"grid\": {\"train.batch_size\": [1, 2, 3], \"a b\": \"= 1 * x\"}, \"empty\": [], "
                        "\"none\": {}, \"null\": null, \"rate\": 1e-07, \"one\": 1.0, \"answer\": \"no\"}");
}

static void yaml_is_in_blocks_for_people(void **state) {
    assert_string_equal(written(*state, sample(*state), 0), "model:\n"
                                                            "  - dense:\n"
                                                            "      units: 500\n"
                                                            "      activation: sigmoid\n"
                                                            "  - flatten\n"
                                                            "  - [1, 2]\n"
                                                            "  - - dense:\n"
                                                            "        units: 500\n"
                                                            "        activation: sigmoid\n"
                                                            "    - {}\n"
                                                            "grid:\n"
                                                            "  train.batch_size: [1, 2, 3]\n"
                                                            "  \"a b\": \"= 1 * x\"\n"
                                                            "empty: []\n"
                                                            "none: {}\n"
                                                            "\"null\": null\n"
                                                            "rate: 1.0e-07\n"
                                                            "one: 1.0\n"
                                                            "answer: \"no\"\n");
    assert_string_equal(written(*state, tree_int(*state, nowhere, 5), 1), "  5\n");
    assert_string_equal(written(*state, list_of(*state, 2), 0), "[1, 2]\n");
}

static void long_lists_get_a_line_an_item(void **state) {
    const char *yaml = written(*state, list_of(*state, 60), 1);
    assert_memory_equal(yaml, "  - 1\n  - 2\n", 12);
}

static void floats_have_a_point_or_an_exponent(void **state) {
    static const struct {
        double number;
        const char *canonical, *yaml;
    } cases[] = {
        {1, "1.0", "1.0\n"},
        {-0.0, "-0.0", "-0.0\n"},
        {0.1, "0.1", "0.1\n"},
        {1e22, "1e+22", "1.0e+22\n"},
        {1.5e-9, "1.5e-09", "1.5e-09\n"},
        {(double)INFINITY, ".inf", ".inf\n"},
        {-(double)INFINITY, "-.inf", "-.inf\n"},
        {(double)NAN, ".nan", ".nan\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tree *tree = tree_float(*state, nowhere, cases[i].number);
        assert_string_equal(written(*state, tree, -1), cases[i].canonical);
        assert_string_equal(written(*state, tree, 0), cases[i].yaml);
        assert_string_equal(tree->text, cases[i].canonical);
    }
}

static const char *const texts[] = {
    "",
    " ",
    "a",
    "no",
    "Yes",
    "null",
    "~",
    "12",
    "1e3",
    ".5",
    ".inf",
    "0x10",
    "-",
    "- a",
    "a: b",
    "a #b",
    "#",
    "a,b",
    "[",
    "{",
    "*a",
    "&a",
    "!t",
    "%",
    "@",
    "`",
    "'",
    "\"",
    "\\",
    "a\\n",
    "a\nb",
    "a\tb",
    "\r\n",
    "\x01\x1f",
    "\x7f",
    "\xc2\x80",
    "\xc2\x85",
    "\xc2\xa0",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xef\xbb\xbf",
    "\xef\xbf\xbe",
    "\xf0\x9f\x98\x80",
    "gr\xc3\xb6n",
    "y",
    "on",
    "---",
    "...",
    "= 1",
    "$x",
    "a ",
    "a:",
    "x/y.z-1",
    "0o7",
    "1:30",
    "true",
    "?",
    "|",
    ">",
    "_",
};

static void any_text_is_escaped_so_that_it_reads_back(void **state) {
    struct tree *map = tree_map(*state, nowhere), *list = tree_list(*state, nowhere);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        tree_append(*state, list, tree_text(*state, nowhere, texts[i]));
        tree_set(*state, map, texts[i], nowhere, tree_text(*state, nowhere, texts[i]));
    }
    tree_set(*state, map, "list", nowhere, list);
    tree_set(*state, map, "sample", nowhere, sample(*state));
    for (int indent = -1; indent <= 0; indent++) {
        const char *text = written(*state, map, indent);
        struct diagnostics diagnostics;
        diagnostics_init(&diagnostics);
        struct tree *again = yaml_read(text, strlen(text), "written", *state, &diagnostics);
        diagnostics_print(&diagnostics, stderr);
        assert_non_null(again);
        assert_true(tree_equal(map, again));
        diagnostics_clear(&diagnostics);
    }
}

static void numbers_read_back_as_the_same_numbers(void **state) {
    static const double numbers[] = {
        0.0, -0.0, 1, 1e-7, 1e22, 0.1, 5e-324, 1.7976931348623157e308, 123456789012345678.0};
    struct tree *list = tree_list(*state, nowhere);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        tree_append(*state, list, tree_float(*state, nowhere, numbers[i]));
    }
    tree_append(*state, list, tree_float(*state, nowhere, (double)NAN));
    tree_append(*state, list, tree_float(*state, nowhere, -(double)INFINITY));
    tree_append(*state, list, tree_int(*state, nowhere, INT64_MIN));
    tree_append(*state, list, tree_int(*state, nowhere, INT64_MAX));
    tree_append(*state, list, tree_plain(*state, nowhere, "0o17"));
    for (int indent = -1; indent <= 0; indent++) {
        const char *text = written(*state, list, indent);
        struct diagnostics diagnostics;
        diagnostics_init(&diagnostics);
        struct tree *again = yaml_read(text, strlen(text), "written", *state, &diagnostics);
        assert_non_null(again);
        assert_true(tree_equal(list, again));
        diagnostics_clear(&diagnostics);
    }
}

static void bytes_that_are_no_utf8_become_a_replacement(void **state) {
    static const char *const bad[] = {
        "\xff", "\x80", "\xc3", "\xe2\x82", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *text = written(*state, tree_text(*state, nowhere, bad[i]), -1);
        assert_memory_equal(text, "\"\\ufffd", 7);
        for (; *text; text++) {
            assert_in_range(*text, 0x20, 0x7e);
        }
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_arena, clear_arena)
    const struct CMUnitTest tests[] = {
        TEST(canonical_text_is_json_in_one_line),
        TEST(yaml_is_in_blocks_for_people),
        TEST(long_lists_get_a_line_an_item),
        TEST(floats_have_a_point_or_an_exponent),
        TEST(any_text_is_escaped_so_that_it_reads_back),
        TEST(numbers_read_back_as_the_same_numbers),
        TEST(bytes_that_are_no_utf8_become_a_replacement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

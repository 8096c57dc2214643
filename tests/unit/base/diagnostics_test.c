#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed(const struct diagnostics *diagnostics) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    diagnostics_print(diagnostics, stream);
    fclose(stream);
    return text;
}

static void mistakes_are_printed_by_place(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_error(&diagnostics, (struct mark){"b.yaml", 9, 2}, "ninth");
    diagnostics_error(&diagnostics, (struct mark){"a.yaml", 1, 1}, "other file");
    diagnostics_warning(&diagnostics, (struct mark){"b.yaml", 2, 10}, "column %d", 10);
    diagnostics_error(&diagnostics, (struct mark){"b.yaml", 2, 9}, "column 9");
    diagnostics_error(&diagnostics, (struct mark){NULL, 0, 0}, "no place");
    diagnostics_error(&diagnostics, (struct mark){"command line", 1, 5}, "override");
    diagnostics_error(&diagnostics, (struct mark){"b.yaml", 9, 2}, "ninth again");
    assert_int_equal(diagnostics.errors, 6);
    assert_int_equal(diagnostics.count, 7);
    char *text = printed(&diagnostics);
    assert_string_equal(text, "b.yaml:2:9: error: column 9\n"
                              "b.yaml:2:10: warning: column 10\n"
                              "b.yaml:9:2: error: ninth\n"
                              "b.yaml:9:2: error: ninth again\n"
                              "a.yaml:1:1: error: other file\n"
                              "error: no place\n"
                              "command line: error: override\n");
    free(text);
    diagnostics_clear(&diagnostics);
}

static void the_same_mistake_is_kept_once(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    for (unsigned i = 0; i < 10; i++) {
        diagnostics_error(&diagnostics, (struct mark){"a.yaml", 1 + i % 2, 1}, "twice");
    }
    assert_int_equal(diagnostics.errors, 2);
    diagnostics_clear(&diagnostics);
}

static void marks_outlive_the_tree_they_came_from(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    char *file = strdup("gone.yaml");
    diagnostics_error(&diagnostics, (struct mark){file, 1, 1}, "x");
    free(file);
    char *text = printed(&diagnostics);
    assert_string_equal(text, "gone.yaml:1:1: error: x\n");
    free(text);
    diagnostics_clear(&diagnostics);
}

static void a_message_stays_one_line_without_escapes(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_error(&diagnostics, (struct mark){"a\n.yaml", 1, 1}, "key \"%s\"", "\x1b[2J\n");
    char *text = printed(&diagnostics);
    assert_string_equal(text, "a?.yaml:1:1: error: key \"?[2J?\"\n");
    free(text);
    diagnostics_clear(&diagnostics);
}

static void no_mistakes_print_nothing(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    char *text = printed(&diagnostics);
    assert_string_equal(text, "");
    free(text);
    diagnostics_clear(&diagnostics);
}

static void a_flood_is_cut(void **state) {
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    for (unsigned i = 1; i <= 3 * DIAGNOSTICS_MOST; i++)
        diagnostics_error(&diagnostics, (struct mark){"a.yaml", i, 1}, "%0*d\u00e9", i == 1 ? 1999 : 1, 0);
    assert_int_equal(diagnostics.errors, 3 * DIAGNOSTICS_MOST);
    char *text = printed(&diagnostics);
    assert_int_equal(strcspn(text, "\n"), strlen("a.yaml:1:1: error: ") + 1999 + strlen("..."));
    assert_null(strstr(text, "a.yaml:1001:1: "));
    assert_non_null(
        strstr(text, "\na.yaml:1000:1: error: 0\u00e9\nerror: more than 1000 mistakes; the rest is not shown\n"));
    free(text);
    diagnostics_clear(&diagnostics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_printed_by_place),
        cmocka_unit_test(the_same_mistake_is_kept_once),
        cmocka_unit_test(marks_outlive_the_tree_they_came_from),
        cmocka_unit_test(a_message_stays_one_line_without_escapes),
        cmocka_unit_test(no_mistakes_print_nothing),
        cmocka_unit_test(a_flood_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

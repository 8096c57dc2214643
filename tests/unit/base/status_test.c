#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/status.h"

#include <string.h>

static void error_set_returns_its_status_and_keeps_the_text(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(error_set(&error, STATUS_CONFIG, "found %d, wanted %s", 3, "4"), STATUS_CONFIG);
    assert_int_equal(error.status, STATUS_CONFIG);
    assert_string_equal(error.text, "found 3, wanted 4");
}

static void error_may_be_null(void **state) {
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_NO, "no"), STATUS_NO);
    assert_int_equal(error_prefix(NULL, "prefix"), STATUS_ENVIRONMENT);
}

static void error_prefix_stands_before_and_keeps_the_status(void **state) {
    (void)state;
    struct error error;
    error_set(&error, STATUS_TRIAL, "it broke");
    assert_int_equal(error_prefix(&error, "trial %d", 7), STATUS_TRIAL);
    assert_string_equal(error.text, "trial 7: it broke");
}

static void error_text_may_come_from_itself(void **state) {
    (void)state;
    struct error error;
    error_set(&error, STATUS_NO, "inner");
    error_set(&error, STATUS_NO, "outer (%s)", error.text);
    assert_string_equal(error.text, "outer (inner)");
}

static void control_characters_do_not_reach_the_terminal(void **state) {
    (void)state;
    struct error error;
    error_set(&error, STATUS_CONFIG, "file \x1b[31m\n\x7f");
    assert_string_equal(error.text, "file ?[31m??");
}

static void long_text_is_cut_between_characters(void **state) {
    (void)state;
    struct error error;
    char text[2 * ERROR_TEXT_SIZE];
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'x', sizeof text);
        for (size_t i = lead; i + 3 < sizeof text; i += 3) {
            memcpy(text + i, "\xe2\x82\xac", 3); /* the euro sign */
        }
        text[sizeof text - 1] = '\0';
        error_set(&error, STATUS_CONFIG, "%s", text);
        size_t length = strlen(error.text);
        assert_in_range(length, ERROR_TEXT_SIZE - 4, ERROR_TEXT_SIZE - 1);
        assert_int_equal((length - lead) % 3, 0);
        assert_memory_equal(error.text, text, length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_set_returns_its_status_and_keeps_the_text),
        cmocka_unit_test(error_may_be_null),
        cmocka_unit_test(error_prefix_stands_before_and_keeps_the_status),
        cmocka_unit_test(error_text_may_come_from_itself),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

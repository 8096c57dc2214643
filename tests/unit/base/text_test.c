#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void text_grows_and_stays_terminated(void **state) {
    (void)state;
    struct text text;
    text_init(&text);
    assert_string_equal(text.data, "");
    for (int i = 0; i < 1000; i++) {
        text_add(&text, "ab");
        text_add_char(&text, 'c');
        text_printf(&text, "%d", i % 10);
        assert_int_equal(text.data[text.length], 0);
    }
    assert_int_equal(text.length, 4000);
    assert_memory_equal(text.data + 3996, "abc9", 5);
    text_reset(&text);
    assert_string_equal(text.data, "");
    text_clear(&text);
}

static void text_may_hold_nul_bytes(void **state) {
    (void)state;
    struct text text;
    text_init(&text);
    text_add_bytes(&text, "a\0b", 3);
    text_add_bytes(&text, NULL, 0);
    assert_int_equal(text.length, 3);
    assert_memory_equal(text.data, "a\0b", 4);
    text_clear(&text);
}

static void whole_numbers_are_added_in_decimal(void **state) {
    (void)state;
    struct text text;
    text_init(&text);
    text_add_uint(&text, 0);
    text_add_uint(&text, 1029);
    text_add_uint(&text, UINT64_MAX);
    assert_string_equal(text.data, "0102918446744073709551615");
    text_clear(&text);
}

static void taken_text_is_the_callers(void **state) {
    (void)state;
    struct text text;
    text_init(&text);
    text_add(&text, "kept");
    char *taken = text_take(&text);
    assert_string_equal(taken, "kept");
    assert_string_equal(text.data, "");
    text_add(&text, "new");
    assert_string_equal(taken, "kept");
    free(taken);
    text_clear(&text);
}

static void slips_find_the_name_that_was_meant(void **state) {
    (void)state;
    static const char *const names[] = {"sgd", "adam", "learning_rate", "batch_size", "epochs", "relu", "tanh"};
    static const char *const slips[][2] = {
        {"adma", "adam"},    {"Adam", "adam"}, {"learningrate", "learning_rate"}, {"lerning_rat", "learning_rate"},
        {"epoch", "epochs"}, {"sdg", "sgd"},   {"batchsize", "batch_size"},       {"RELU", "relu"},
    };
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        assert_string_equal(text_nearest(slips[i][0], names, 7), slips[i][1]);
    }
}

static void words_that_are_far_find_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"sgd", "adam", "learning_rate", "x"};
    assert_null(text_nearest("momentum", names, 4));
    assert_null(text_nearest("lm", names, 4));
    assert_null(text_nearest("le", names, 4));
    assert_null(text_nearest("y", names, 4));
    assert_null(text_nearest("", names, 4));
    static const char *const keys[] = {"save", "init"};
    assert_null(text_nearest("rate", keys, 2));
    assert_null(text_nearest("scale", keys, 2));
    assert_null(text_nearest("units", keys, 2));
    static const char *const loss[] = {"categorical_crossentropy"};
    assert_string_equal(text_nearest("catgorical_crosentrpy", loss, 1), loss[0]);
    assert_null(text_nearest("catgorical_crosentrp", loss, 1));
    assert_null(text_nearest("adam", names, 0));
}

static void short_forms_find_the_whole_name(void **state) {
    (void)state;
    static const char *const names[] = {"sgd",          "learning_rate", "learning_rate_decay", "binary_accuracy",
                                        "accuracy",     "weight_decay",  "mean_squared_error",  "batch_normalization",
                                        "max_pooling2d"};
    static const char *const words[][2] = {
        {"lr", "learning_rate"},
        {"LR", "learning_rate"},
        {"acc", "accuracy"},
        {"wd", "weight_decay"},
        {"mse", "mean_squared_error"},
        {"learning", "learning_rate"},
        {"maxpool", "max_pooling2d"},
        {"batchnorm", "batch_normalization"},
        {"batch_norm", "batch_normalization"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_string_equal(text_nearest(words[i][0], names, 9), words[i][1]);
    }
    assert_null(text_nearest("me", names, 9)); /* not all initials, and too few letters for a beginning */
    assert_null(text_nearest("_", names, 9));
}

static void the_first_of_equally_near_names_is_found(void **state) {
    (void)state;
    static const char *const names[] = {"beta_1", "beta_2"};
    assert_string_equal(text_nearest("beta_3", names, 2), "beta_1");
    assert_string_equal(text_nearest("beta_2", names, 2), "beta_2");
}

static void what_steers_a_terminal_is_tamed(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"plain \u00e9 \u6570 \U0001F600", "plain \u00e9 \u6570 \U0001F600"},
        {"\033]0;title\007\r\x7f", "?]0;title???"},
        {"a\nb\tc", "a\nb?c"},
        {"\xc2\x9bm", "?m"},                /* a control character of ISO 6429 in UTF-8, */
        {"\x9bm \xc3(\xe2\x80", "?m ?(??"}, /* and in one byte */
        {"\u202eabc\u2066\u200f\u061c\u2028", "?abc????"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", texts[i][0]);
        size_t length = text_tame(text, strlen(text), "\n");
        assert_string_equal(text, texts[i][1]);
        assert_int_equal(length, strlen(text));
    }
    char nul[] = "a\0b";
    assert_int_equal(text_tame(nul, 3, "\n"), 3);
    assert_string_equal(nul, "a?b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_stays_terminated),
        cmocka_unit_test(text_may_hold_nul_bytes),
        cmocka_unit_test(whole_numbers_are_added_in_decimal),
        cmocka_unit_test(taken_text_is_the_callers),
        cmocka_unit_test(slips_find_the_name_that_was_meant),
        cmocka_unit_test(words_that_are_far_find_nothing),
        cmocka_unit_test(short_forms_find_the_whole_name),
        cmocka_unit_test(the_first_of_equally_near_names_is_found),
        cmocka_unit_test(what_steers_a_terminal_is_tamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

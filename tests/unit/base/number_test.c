#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/text.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The texts are those of Python's repr(), but for the ".0" of whole numbers. */
static void numbers_have_their_shortest_text(void **state) {
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {100.0, "100"},
        {-2.5, "-2.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e-7, "1e-07"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {0.00001, "1e-05"},
        {1e15, "1000000000000000"},
        {9007199254740993.0, "9007199254740992"},
        {1e16, "1e+16"},
        {1e22, "1e+22"},
        {1.5e300, "1.5e+300"},
        {123456.789, "123456.789"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {2.98023223876953125e-8, "2.9802322387695312e-08"},
    };
    char text[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(number_write(cases[i].number, text), cases[i].text);
    }
    assert_string_equal(number_write((double)NAN, text), "nan");
    assert_string_equal(number_write(-(double)NAN, text), "nan");
    assert_string_equal(number_write((double)INFINITY, text), "inf");
    assert_string_equal(number_write(-(double)INFINITY, text), "-inf");
    assert_string_equal(number_write_float(0.1F, text), "0.1");
    assert_string_equal(number_write_float(16777216.0F, text), "16777216");
    assert_string_equal(number_write_float(1e-45F, text), "1e-45");
    assert_string_equal(number_write_float(FLT_MAX, text), "3.4028235e+38");
}

static uint64_t next_bits(uint64_t *random) {
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return *random ^ *random >> 29;
}

static int digits_of(const char *text) {
    int digits = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9') {
            zeros = *text == '0' ? zeros + (digits > 0) : 0;
            digits += digits > 0 || *text != '0';
        }
    }
    return digits - zeros;
}

/* Against the C library's own conversions. */
static void check_shortest(double number) {
    char text[NUMBER_TEXT_SIZE], shorter[64];
    double again;
    number_write(number, text);
    assert_true(number_read(text, &again));
    assert_memory_equal(&again, &number, sizeof number);
    assert_true(strtod(text, NULL) == number);
    int digits = digits_of(text);
    snprintf(shorter, sizeof shorter, "%.*e", digits - 1, number);
    assert_true(digits == 17 || strtod(shorter, NULL) == number);
    if (digits > 1) {
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, number);
        assert_true(strtod(shorter, NULL) != number);
    }
}

static void any_double_reads_back_and_no_shorter_text_does(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_bits(&random);
        if (i % 4 == 0) {
            bits &= ~(0xffffffffffffULL << 4); /* few digits */
        }
        if (i % 7 == 0) {
            bits &= ~(0x7ffULL << 52); /* subnormal */
        }
        double number;
        memcpy(&number, &bits, sizeof number);
        if (isnan(number) || isinf(number) || number == 0.0) {
            continue;
        }
        check_shortest(number);
    }
}

static void decimals_of_few_digits_read_back_and_no_shorter_text_does(void **state) {
    (void)state;
    uint64_t random = 3;
    double power = 1;
    for (int places = 0; places < 20; places++, power *= 10) {
        for (int i = 0; i < 2000; i++) {
            uint64_t whole = next_bits(&random) >> (i % 60);
            check_shortest((double)(whole + 1) / power);
            check_shortest(nextafter(-(double)(whole + 1) / power, 0));
        }
    }
}

/* Any digits, and those in the middle between two doubles, with 54 bits of which up to three stand behind the point, or a trifle beside it. */
static void long_decimals_are_read_as_the_c_library_does(void **state) {
    (void)state;
    uint64_t random = 5;
    double number;
    for (int i = 0; i < 100000; i++) {
        const uint64_t bits = next_bits(&random);
        char text[64];
        snprintf(text, sizeof text, "%s%" PRIu64 "e-%d", bits % 2 ? "-" : "", next_bits(&random) >> (i % 13),
                 (int)(bits >> 59));
        assert_true(number_read(text, &number));
        assert_true(number == strtod(text, NULL));
        const uint64_t middle = UINT64_C(1) << 53 | bits >> 11 | 1;
        const int places = 1 + i % 3;
        snprintf(text, sizeof text, "%" PRIu64 ".%0*d", middle >> places, places,
                 (int)(middle % (UINT64_C(1) << places)) * (const int[]){5, 25, 125}[i % 3]);
        assert_true(number_read(text, &number));
        assert_true(number == strtod(text, NULL));
        text[strlen(text) - 1] = bits % 2 ? '4' : '6';
        assert_true(number_read(text, &number));
        assert_true(number == strtod(text, NULL));
    }
}

static void any_float_reads_back(void **state) {
    (void)state;
    uint64_t random = 2;
    for (int i = 0; i < 20000; i++) {
        uint32_t bits = (uint32_t)(next_bits(&random) >> 32);
        float number;
        memcpy(&number, &bits, sizeof number);
        if (isnan(number)) {
            continue;
        }
        char text[NUMBER_TEXT_SIZE];
        assert_true(strtof(number_write_float(number, text), NULL) == number);
        assert_true(digits_of(text) <= 9);
    }
}

static void decimal_numbers_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"+1", 1},
        {"-1.5", -1.5},
        {".5", 0.5},
        {"5.", 5},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"1e-3", 0.001},
        {"1e-999", 0},
        {"00012", 12},
        {"0e99999999999999999999", 0},
        {"inf", (double)INFINITY},
        {"-inf", -(double)INFINITY},
        {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
    };
    double number;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        number = 77;
        assert_true(number_read(cases[i].text, &number));
        assert_true(number == cases[i].number);
    }
    assert_true(number_read("nan", &number) && isnan(number));
    char tiny[2000]; /* zeros and exponent cancel */
    snprintf(tiny, sizeof tiny, "0.%0999d1e1000", 0);
    assert_true(number_read(tiny, &number) && number == 1);
}

static void other_text_is_no_number(void **state) {
    (void)state;
    static const char *const texts[] = {"",    " 1",   "1 ",  "1x",   "0x10",     "e5",    ".",
                                        "-",   "1e",   "1e+", "1,5",  "1_0",      "NaN",   "+inf",
                                        "Inf", "1..2", "--1", "1e5.", "infinity", "1e999", "-1e999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double number = 77;
        assert_false(number_read(texts[i], &number));
        assert_true(number == 77);
    }
}

/* Without a NUL behind them, and however the bytes go on. */
static void numbers_are_taken_from_the_beginning(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t taken;
        double number;
    } cases[] = {
        {"1.5,2", 3, 1.5},
        {"-0.25]", 5, -0.25},
        {"1e-3x", 4, 0.001},
        {"98765432109876543210,", 20, 98765432109876543210.0},
        {"0.00012345678901234567}", 22, 0.00012345678901234567},
        {"1.2.3", 3, 1.2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        double number = 77;
        assert_ptr_equal(number_take(text, text + strlen(text), &number), text + cases[i].taken);
        assert_true(number == cases[i].number);
        number = 77;
        assert_true(number_read_bytes(text, cases[i].taken, &number));
        assert_true(number == cases[i].number);
        assert_false(number_read_bytes(text, strlen(text), &number));
    }
    static const char *const texts[] = {"", "x", "-", ".", "e1", "1e", "1e+,", "1e999,", "nan"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double number = 77;
        assert_null(number_take(texts[i], texts[i] + strlen(texts[i]), &number));
        assert_true(number == 77);
    }
    static const char digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};
    double number;
    assert_true(number_read_bytes(digits, 8, &number) && number == 12345678);
    assert_true(number_read_bytes("nan,", 3, &number) && isnan(number));
}

/* Below a power of two doubles are half as far apart as above it, and 15 to 17 digits are decided there. */
static void neighbours_of_powers_of_two_have_their_shortest_text(void **state) {
    (void)state;
    for (int exponent = -40; exponent < 60; exponent++) {
        check_shortest(ldexp(1, exponent));
        check_shortest(nextafter(ldexp(1, exponent), 0));
        check_shortest(nextafter(-ldexp(1, exponent), -HUGE_VAL));
    }
}

static void integers_are_read_within_64_bits(void **state) {
    (void)state;
    int64_t number;
    assert_true(number_read_int("9223372036854775807", &number) && number == INT64_MAX);
    assert_true(number_read_int("-9223372036854775808", &number) && number == INT64_MIN);
    assert_true(number_read_int("+007", &number) && number == 7);
    assert_true(number_read_int("-0", &number) && number == 0);
    static const char *const texts[] = {
        "9223372036854775808", "-9223372036854775809", "", "+", "1.0", "0x1", " 1", "1e3"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(number_read_int(texts[i], &number));
    }
}

/* Makes German's locale in a folder of its own where the machine has the sources of locales. */
static bool use_decimal_comma(char *folder) {
    char command[256];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >%s/log 2>&1", folder, folder);
    return system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_ALL, "de_DE.UTF-8");
}

static void numbers_do_not_depend_on_the_locale(void **state) {
    (void)state;
    char folder[] = "/tmp/runner-locale-XXXXXX", command[256];
    assert_non_null(mkdtemp(folder));
    bool there = use_decimal_comma(folder);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    if (!there) {
        assert_int_equal(system(command), 0);
        print_message("skipped: no locale with a decimal comma can be made here (package locales)\n");
        skip();
    }
    char text[NUMBER_TEXT_SIZE], comma[8];
    snprintf(comma, sizeof comma, "%.1f", 0.5);
    assert_string_equal(comma, "0,5");
    double number = 0;
    assert_string_equal(number_write(-1234.5, text), "-1234.5");
    assert_true(number_read("1234.5", &number) && number == 1234.5);
    assert_true(number_read(number_write(0.1, text), &number) && number == 0.1);
    assert_string_equal(number_write_float(0.1F, text), "0.1");
    assert_false(number_read("1234,5", &number));
    setlocale(LC_ALL, "C");
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_shortest_text),
        cmocka_unit_test(any_double_reads_back_and_no_shorter_text_does),
        cmocka_unit_test(decimals_of_few_digits_read_back_and_no_shorter_text_does),
        cmocka_unit_test(long_decimals_are_read_as_the_c_library_does),
        cmocka_unit_test(any_float_reads_back),
        cmocka_unit_test(decimal_numbers_are_read),
        cmocka_unit_test(other_text_is_no_number),
        cmocka_unit_test(numbers_are_taken_from_the_beginning),
        cmocka_unit_test(neighbours_of_powers_of_two_have_their_shortest_text),
        cmocka_unit_test(integers_are_read_within_64_bits),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

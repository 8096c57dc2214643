#include "runner/config/expression.h"
#include "runner/base/text.h"
#include "tests/unit/config/harness.h"

static enum status look_up(void *context, const char *name, double *number, struct error *error) {
    (void)context;
    if (strcmp(name, "a") == 0) {
        *number = 3;
    } else if (strcmp(name, "b.\"c.d\".0") == 0) {
        *number = 4;
    } else {
        return error_set(error, STATUS_CONFIG, "no '%s'", name);
    }
    return STATUS_OK;
}

/* The expected numbers are worked out by hand. */
static void numbers_and_operators_follow_the_usual_precedence(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double wanted;
    } cases[] = {
        {" 1", 1},
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"8 / 4 / 2", 1},
        {"10 - 4 - 3", 3},
        {"2 ^ 3 ^ 2", 512},
        {"2 ** 3", 8},
        {"-2 ^ 2", -4},
        {"2 ^ -1", 0.5},
        {"- - 3", 3},
        {"+3 - -3", 6},
        {"1e-3 * 1E3", 1},
        {".5 + 1.", 1.5},
        {"0.1 + 0.2", 0.30000000000000004},
        {"sqrt(16) + exp(0) + log(1)", 5},
        {"log2(8) + log10(100)", 5},
        {"floor(1.5) + ceil(1.5) + round(2.5)", 6},
        {"abs(-2) + pow(2, 3)", 10},
        {"min(3, 1, 2) + max(3, 1, 2)", 4},
        {"a * b.\"c.d\".0", 12},
        {"max(a)", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double number = 0;
        struct error error = {.text = ""};
        assert_int_equal(expression_evaluate(cases[i].text, look_up, NULL, &number, &error), STATUS_OK);
        assert_string_equal(error.text, "");
        assert_true(number == cases[i].wanted);
    }
}

static void mistakes_say_what_is_wanted(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "expression '=' ends where a number, a name or '(' is wanted"},
        {" 1 +", "expression '= 1 +' ends where a number, a name or '(' is wanted"},
        {"(1", "expression '=(1' ends where ')' is wanted"},
        {"1 2", "expression '=1 2' wants an operator, found '2'"},
        {"1 % 2", "expression '=1 % 2' wants an operator, found '% 2'"},
        {"1 / 0", "expression '=1 / 0' divides by zero"},
        {"1 / (2 - 2)", "expression '=1 / (2 - 2)' divides by zero"},
        {"1e300 * 1e300", "expression '=1e300 * 1e300' is not finite"},
        {"log(0)", "expression '=log(0)': log is not finite there"},
        {"sqrt(-1)", "expression '=sqrt(-1)': sqrt is not finite there"},
        {"(-8) ^ 0.5", "expression '=(-8) ^ 0.5' is not finite"},
        {"sqr(4)", "unknown function 'sqr'; did you mean 'sqrt'?"},
        {"sqrt(1, 2)", "function 'sqrt' takes 1 argument, found more"},
        {"pow(1)", "function 'pow' takes 2 arguments, found 1"},
        {"1x", "expression '=1x': '1x' is no number"},
        {"1.2.3", "expression '=1.2.3': '1.2.3' is no number"},
        {"c + 1", "no 'c'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double number;
        struct error error = {.text = ""};
        assert_int_equal(expression_evaluate(cases[i][0], look_up, NULL, &number, &error), STATUS_CONFIG);
        assert_string_equal(error.text, cases[i][1]);
    }
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    struct text text;
    double number;
    struct error error = {.text = ""};
    text_init(&text);
    for (int i = 0; i < 100000; i++) {
        text_add_char(&text, i % 2 ? '(' : '-');
    }
    assert_int_equal(expression_evaluate(text.data, look_up, NULL, &number, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "nested deeper than 100 levels"));
    text_reset(&text);
    for (int i = 0; i < 100000; i++) {
        text_add(&text, "2^");
    }
    assert_int_equal(expression_evaluate(text.data, look_up, NULL, &number, &error), STATUS_CONFIG);
    text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_operators_follow_the_usual_precedence),
        cmocka_unit_test(mistakes_say_what_is_wanted),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/turns.h"

enum { A, B, C };

static void neighbours_are_compared_either_way_round(void **state) {
    (void)state;
    struct turns turns = {.n = 0};
    turns_add(&turns, A, 6);
    turns_add(&turns, B, 2); /* 3 */
    turns_add(&turns, A, 8); /* 4 */
    turns_add(&turns, C, 1);
    turns_add(&turns, B, 2); /* not beside A */
    turns_add(&turns, B, 4);
    turns_add(&turns, A, 2); /* 0.5 */
    const struct series ratio = turns_ratio(&turns, A, B), other = turns_ratio(&turns, B, A);
    assert_int_equal(ratio.n, 3);
    assert_true(ratio.values[0] == 3 && ratio.values[1] == 4 && ratio.values[2] == 0.5);
    assert_int_equal(other.n, 3);
    assert_true(other.values[2] == 2);
    assert_int_equal(turns_ratio(&turns, C, A).n, 1);
    const struct series values = turns_values(&turns, B);
    assert_int_equal(values.n, 3);
    assert_true(values.values[0] == 2 && values.values[1] == 2 && values.values[2] == 4);
    turns_clear(&turns);
    assert_int_equal(turns.n, 0);
}

static void nobody_has_no_ratio(void **state) {
    (void)state;
    const struct turns none = {.n = 0};
    assert_int_equal(turns_ratio(&none, A, B).n, 0);
    assert_int_equal(turns_values(&none, A).n, 0);
}

/* A machine that gets slower by a tenth a turn, and B half as fast as A. */
static void drift_cancels_out(void **state) {
    (void)state;
    struct turns turns = {.n = 0};
    double speed = 1000;
    for (int i = 0; i < 21; i++, speed *= 0.9)
        turns_add(&turns, i % 2 == 0 ? A : B, i % 2 == 0 ? speed : speed / 2);
    const struct series ratio = turns_ratio(&turns, A, B);
    assert_int_equal(ratio.n, 20);
    assert_float_equal(series_median(&ratio), 2, 0.02);
    turns_clear(&turns);
}

/* Both sides at half their speed in every fourth group of eight turns: only the ratios at its ends are off. */
static void what_disturbs_both_is_not_in_the_ratio(void **state) {
    (void)state;
    struct turns turns = {.n = 0};
    for (int i = 0; i < 256; i++) {
        const double speed = i / 8 % 4 == 3 ? 50 : 100;
        turns_add(&turns, i % 2 == 0 ? A : B, i % 2 == 0 ? 3 * speed : speed);
    }
    const struct series ratio = turns_ratio(&turns, A, B);
    const struct summary summary = summarize(&ratio);
    assert_true(summary.low == 3 && summary.median == 3 && summary.high == 3);
    turns_clear(&turns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_compared_either_way_round),
        cmocka_unit_test(nobody_has_no_ratio),
        cmocka_unit_test(drift_cancels_out),
        cmocka_unit_test(what_disturbs_both_is_not_in_the_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

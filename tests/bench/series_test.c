#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/series.h"

static void of_nothing_all_is_zero(void **state) {
    (void)state;
    static const struct series none;
    const struct summary summary = summarize(&none);
    assert_int_equal(summary.n, 0);
    assert_true(summary.median == 0 && summary.low == 0 && summary.high == 0);
    assert_true(median(NULL, 0) == 0);
}

/* The quartiles are those of R's quantile() and of NumPy's percentile(), whose default is the same definition. */
static void quartiles_stand_between_values(void **state) {
    (void)state;
    static const struct {
        double values[6];
        size_t n;
        double low, median, high;
    } cases[] = {
        {{7}, 1, 7, 7, 7},
        {{4, 1}, 2, 1.75, 2.5, 3.25},
        {{3, 1, 2}, 3, 1.5, 2, 2.5},
        {{8, 1, 4, 2}, 4, 1.75, 3, 5},
        {{5, 4, 3, 2, 1}, 5, 2, 3, 4},
        {{60, 10, 20, 50, 40, 30}, 6, 22.5, 35, 47.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct series series = {.n = 0};
        for (size_t j = 0; j < cases[i].n; j++)
            series_add(&series, cases[i].values[j]);
        const struct summary summary = summarize(&series);
        assert_int_equal(summary.n, cases[i].n);
        assert_float_equal(summary.low, cases[i].low, 1e-12);
        assert_float_equal(summary.median, cases[i].median, 1e-12);
        assert_float_equal(summary.high, cases[i].high, 1e-12);
        assert_true(series.values[0] == cases[i].values[0]); /* the order is kept */
    }
}

static void less_than_a_quarter_of_bad_values_moves_nothing_far(void **state) {
    (void)state;
    struct series series = {.n = 0};
    for (int i = 0; i < 100; i++)
        series_add(&series, i % 5 == 0 ? 1e9 : 10 + 0.01 * i);
    const struct summary summary = summarize(&series);
    assert_in_range((uintmax_t)(100 * summary.median), 1000, 1100);
    assert_in_range((uintmax_t)(100 * summary.high), 1000, 1100);
}

static void a_full_series_takes_no_more(void **state) {
    (void)state;
    static struct series series;
    for (int i = 0; i < SERIES + 3; i++)
        series_add(&series, i);
    assert_int_equal(series.n, SERIES);
    assert_true(series.values[SERIES - 1] == SERIES - 1);
}

static void ratios_are_of_the_same_places(void **state) {
    (void)state;
    static const struct series a = {{6, 9, 1}, 3}, b = {{2, 3}, 2};
    const struct series ratio = series_ratio(&a, &b);
    assert_int_equal(ratio.n, 2);
    assert_true(ratio.values[0] == 3 && ratio.values[1] == 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_nothing_all_is_zero),
        cmocka_unit_test(quartiles_stand_between_values),
        cmocka_unit_test(less_than_a_quarter_of_bad_values_moves_nothing_far),
        cmocka_unit_test(a_full_series_takes_no_more),
        cmocka_unit_test(ratios_are_of_the_same_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

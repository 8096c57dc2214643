#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/rows.h"

#include <math.h>

static void what_was_not_measured_bounds_nothing(void **state) {
    (void)state;
    struct row row = {0};
    row_bound(&row, "a step takes %.0f us beside %.2f; information", 12.4, 0.5);
    assert_string_equal(row.bound, "a step takes 12 us beside 0.50; information");
    row_bound(&row, "a step takes %.0f us", HUGE_VAL);
    assert_string_equal(row.bound, "");
    row_bound(&row, "a step takes %.0f us", 1.0);
    row_bound(&row, "%.1f", -HUGE_VAL);
    assert_string_equal(row.bound, "");
    row_bound(&row, "a step takes %.0f us; %.1f", 1.0, (double)NAN);
    assert_string_equal(row.bound, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_measured_bounds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

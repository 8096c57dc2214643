/* Time left: what finished trials say about those to come. The "machine" here takes times that the guess does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/cli/forecast.h"

#include <math.h>

#define N 5

/* A machine that is 7 times slower an update than the guess says, and 2 times faster an operation. */
static double machine(const struct forecast_point *point) {
    return 1.5e-11 * point->operations + point->updates * 7 * (1e-5 + 1e-9 * point->parameters);
}

static void batches(struct forecast_point points[N]) {
    static const double rows[N] = {1, 10, 100, 1000, 6000};
    for (size_t p = 0; p < N; p++)
        points[p] =
            (struct forecast_point){.operations = 5 * 6000 * 3.9e6, .updates = 5 * 6000 / rows[p], .parameters = 6.5e5};
}

static void a_small_batch_costs_more_before_anything_has_ended(void **state) {
    (void)state;
    struct forecast_point points[N];
    struct forecast forecast;
    batches(points);
    forecast_init(&forecast, points, N);
    for (size_t p = 1; p < N; p++)
        assert_true(forecast_seconds(&forecast, p - 1) > forecast_seconds(&forecast, p));
    forecast_clear(&forecast);
}

static void trials_of_the_same_point_say_most(void **state) {
    (void)state;
    struct forecast_point points[N];
    struct forecast forecast;
    batches(points);
    forecast_init(&forecast, points, N);
    for (size_t p = 0; p < N; p++)
        for (int seed = 0; seed < 3; seed++)
            forecast_add(&forecast, p, machine(&points[p]), 1);
    for (size_t p = 0; p < N; p++)
        assert_true(fabs(log(forecast_seconds(&forecast, p) / machine(&points[p]))) < 0.1);
    forecast_clear(&forecast);
}

static void other_points_say_something(void **state) {
    (void)state;
    struct forecast_point points[N];
    struct forecast forecast;
    batches(points);
    forecast_init(&forecast, points, N);
    double blind = fabs(log(forecast_seconds(&forecast, 0) / machine(&points[0])));
    forecast_add(&forecast, 1, machine(&points[1]), 1);
    assert_true(fabs(log(forecast_seconds(&forecast, 0) / machine(&points[0]))) < 0.5 * blind);
    forecast_add(&forecast, 3, machine(&points[3]), 1);
    assert_true(fabs(log(forecast_seconds(&forecast, 2) / machine(&points[2]))) < log(1.6));
    assert_true(forecast_seconds(&forecast, 0) > 10 * forecast_seconds(&forecast, 2));
    forecast_clear(&forecast);
}

static void what_is_taken_back_leaves_nothing(void **state) {
    (void)state;
    struct forecast_point points[N];
    struct forecast forecast;
    batches(points);
    forecast_init(&forecast, points, N);
    double before = forecast_seconds(&forecast, 0);
    forecast_add(&forecast, 0, 1000, 0.25);
    assert_true(forecast_seconds(&forecast, 0) > 2 * before);
    forecast_remove(&forecast, 0, 1000, 0.25);
    assert_true(fabs(log(forecast_seconds(&forecast, 0) / before)) < 1e-9);
    forecast_clear(&forecast);
}

static void points_of_which_nothing_is_known_have_a_forecast(void **state) {
    (void)state;
    struct forecast_point points[2] = {{0, 0, 0}, {0, 0, 0}};
    struct forecast forecast;
    forecast_init(&forecast, points, 2);
    assert_true(forecast_seconds(&forecast, 0) > 0);
    forecast_add(&forecast, 0, 0, 1);
    assert_true(isfinite(forecast_seconds(&forecast, 1)));
    forecast_clear(&forecast);
}

static void trials_go_to_the_first_free_worker(void **state) {
    (void)state;
    const double costs[] = {4, 3, 2};
    double busy[2] = {1, 3};
    /* 1+4 = 5; 3+3 = 6; 5+2 = 7 */
    assert_true(forecast_schedule(costs, 3, busy, 2) == 7);
    double idle[1] = {0};
    assert_true(forecast_schedule(costs, 0, idle, 1) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_batch_costs_more_before_anything_has_ended),
        cmocka_unit_test(trials_of_the_same_point_say_most),
        cmocka_unit_test(other_points_say_something),
        cmocka_unit_test(what_is_taken_back_leaves_nothing),
        cmocka_unit_test(points_of_which_nothing_is_known_have_a_forecast),
        cmocka_unit_test(trials_go_to_the_first_free_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

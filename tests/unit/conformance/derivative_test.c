/* Central differences: right derivatives pass, wrong ones do not, corners are left out, rounding is no error. */
#include "runner/conformance/derivative.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N = 50 };

struct problem {
    float x[N];
    double factor;            /* of the derivative that is claimed */
    double (*value)(float x); /* of one variable; the function is their sum */
    double (*slope)(float x);
    double rounding;
};

static float *place(void *context, uint64_t i) {
    return &((struct problem *)context)->x[i];
}

static double claimed(void *context, uint64_t i) {
    struct problem *problem = context;
    return problem->factor * problem->slope(problem->x[i]);
}

static double value(void *context, double *noise) {
    const struct problem *problem = context;
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += problem->value(problem->x[i]);
    if (noise != NULL)
        *noise = problem->rounding;
    return sum;
}

static bool compare(struct problem *problem, struct derivative_error *error) {
    static const float steps[] = {0x1p-7f, 0x1p-9f, 0x1p-5f};
    for (int i = 0; i < N; i++)
        problem->x[i] = -1.03f + 0.04f * (float)i;
    const struct derivative derivative = {problem, N, place, claimed, value, steps, 3};
    return derivative_compare(&derivative, error);
}

static double cube(float x) {
    return (double)x * (double)x * (double)x;
}
static double cube_slope(float x) {
    return 3 * (double)x * (double)x;
}
static double magnitude(float x) {
    return fabs((double)x);
}
static double sign(float x) {
    return x > 0 ? 1 : -1;
}
static double wave(float x) {
    return cos(200 * (double)x);
}
static double wave_slope(float x) {
    return -200 * sin(200 * (double)x);
}
static double stairs(float x) {
    return floor(4096 * (double)x);
}
static double constant(float x) {
    (void)x;
    return 1;
}
static double nothing(float x) {
    (void)x;
    return 0;
}

static void right_derivatives_pass(void **state) {
    (void)state;
    struct derivative_error error;
    struct problem smooth = {.factor = 1, .value = cube, .slope = cube_slope};
    assert_true(compare(&smooth, &error));
    assert_true(error.relative < 1e-4);
    assert_int_equal(error.corners, 0);
    struct problem steep = {.factor = 1, .value = wave, .slope = wave_slope}; /* only the small step fits */
    assert_true(compare(&steep, &error));
    struct problem flat = {.factor = 1, .value = constant, .slope = nothing};
    assert_true(compare(&flat, &error));
    assert_true(error.relative == 0);
}

static void wrong_derivatives_do_not(void **state) {
    (void)state;
    struct derivative_error error;
    const double factors[] = {0, -1, 0.5, 0.99, 1.005, (double)NAN};
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++) {
        struct problem problem = {.factor = factors[i], .value = cube, .slope = cube_slope};
        assert_true(compare(&problem, &error));
        assert_true(!(error.relative <= DERIVATIVE_TOLERANCE));
    }
    struct problem flat = {.factor = 1, .value = constant, .slope = sign};
    assert_true(compare(&flat, &error));
    assert_true(error.relative > 0.9);
}

static void corners_do_not_count(void **state) {
    (void)state;
    struct derivative_error error;
    struct problem problem = {.factor = 1, .value = magnitude, .slope = sign};
    assert_true(compare(&problem, &error));
    assert_true(error.relative < 1e-6);
    assert_in_range(error.corners, 0, 2); /* those next to 0 */
    problem.factor = 0.99;
    assert_true(compare(&problem, &error));
    assert_true(error.relative > DERIVATIVE_TOLERANCE);
}

static void a_function_of_corners_has_no_derivative(void **state) {
    (void)state;
    struct derivative_error error;
    struct problem problem = {.factor = 1, .value = wave, .slope = wave_slope};
    problem.value = stairs;
    problem.slope = nothing;
    assert_false(compare(&problem, &error) && error.relative <= DERIVATIVE_TOLERANCE);
}

static void what_rounding_explains_is_no_error(void **state) {
    (void)state;
    struct derivative_error error;
    struct problem problem = {.factor = 1e-3, .value = constant, .slope = sign};
    assert_true(compare(&problem, &error));
    assert_true(error.relative > DERIVATIVE_TOLERANCE);
    problem.rounding = 1e-5;
    assert_true(compare(&problem, &error));
    assert_true(error.relative == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_derivatives_pass),
        cmocka_unit_test(wrong_derivatives_do_not),
        cmocka_unit_test(corners_do_not_count),
        cmocka_unit_test(a_function_of_corners_has_no_derivative),
        cmocka_unit_test(what_rounding_explains_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

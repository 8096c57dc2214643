#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/serve.h"

struct steps {
    size_t made;
    double seconds; /* of one */
};

static void step(void *context) {
    struct steps *steps = context;
    const double end = now() + steps->seconds;
    steps->made++;
    while (now() < end) {
    }
}

static void one_long_step_is_enough(void **state) {
    (void)state;
    struct steps steps = {.seconds = 0.003};
    size_t count;
    const double time = measure(step, &steps, (struct span){0.001, 0}, &count);
    assert_int_equal(count, 1);
    assert_int_equal(steps.made, 1);
    assert_true(time >= 3000);
}

static void warm_steps_are_not_counted(void **state) {
    (void)state;
    struct steps steps = {.seconds = 0.001};
    size_t count;
    measure(step, &steps, (struct span){0.004, 0.0001}, &count);
    assert_int_equal(steps.made, count + 1); /* once at least */
    assert_in_range(count, 1, 4);
    const size_t before = steps.made;
    measure(step, &steps, (struct span){0, 0.003}, &count);
    assert_int_equal(count, 1);
    assert_in_range(steps.made - before, 2, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_long_step_is_enough),
        cmocka_unit_test(warm_steps_are_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

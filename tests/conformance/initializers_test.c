/* Initializers: bounds and moments of 60 000 values against the formulas in Keras' documentation. */
#include "tests/conformance/harness.h"

enum { IN = 300, OUT = 200, N = IN * OUT };

/* Of the normal distribution cut at +-2: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)) = 0.87962566103423978. */
#define CUT_STDDEV 0.87962566103423978

static void fill_with(struct harness *harness, const runner_component *component, const void *config,
                      const char *stream, float *values) {
    const runner_initializer_ops *ops = component->ops;
    runner_tensor tensor = {.name = "kernel", .shape = {2, {IN, OUT}}, .fan_in = IN, .fan_out = OUT};
    harness->call.random = random_key(0, stream, 0);
    call_reset(&harness->call);
    assert_int_equal(ops->fill(config, &harness->call.public, &tensor, values), RUNNER_OK);
}

/* The values have this mean and standard deviation within four standard errors (that of the deviation is below
   stddev / sqrt(2 n) but for the normal one), lie within mean +- bound and reach 98 % of it. */
static void check_moments(const char *name, const float *values, double mean, double stddev, double bound) {
    double sum = 0, squares = 0, largest = 0;
    for (int i = 0; i < N; i++) {
        double distance = (double)values[i] - mean;
        sum += distance;
        squares += distance * distance;
        largest = fabs(distance) > largest ? fabs(distance) : largest;
    }
    double found = sqrt(squares / N);
    if (!(fabs(sum / N) <= 4 * stddev / sqrt(N)))
        fail_msg("%s: mean off by %g, wanted %g", name, sum / N, mean);
    if (!(fabs(found - stddev) <= 4 * stddev / sqrt(2.0 * N)))
        fail_msg("%s: standard deviation %g, wanted %g", name, found, stddev);
    if (bound > 0 && !(largest <= bound * (1 + 1e-6) && largest >= 0.98 * bound))
        fail_msg("%s: largest distance %g, bound %g", name, largest, bound);
    if (!(bound > 0) && !(largest > 3.5 * stddev && largest < 6.5 * stddev))
        fail_msg("%s: largest distance %g of a normal with %g", name, largest, stddev);
}

struct setting {
    const char *param;
    double value;
};

static void check(void **state, const char *name, const struct setting *settings, double mean, double stddev,
                  double bound) {
    static float values[N], again[N], other[N];
    const runner_component *component = component_find(*state, RUNNER_INITIALIZER, name);
    void *config = config_new(component);
    for (; settings != NULL && settings->param != NULL; settings++)
        config_set(component, config, settings->param, settings->value);
    fill_with(*state, component, config, "dense/kernel", values);
    fill_with(*state, component, config, "dense/kernel", again);
    fill_with(*state, component, config, "dense_1/kernel", other);
    check_moments(name, values, mean, stddev, bound);
    assert_memory_equal(values, again, sizeof values);
    if (stddev > 0)
        assert_memory_not_equal(values, other, sizeof values);
    free(config);
}

/* A uniform variable within +-limit has the standard deviation limit / sqrt 3. */
static void check_uniform(void **state, const char *name, const struct setting *settings, double mean, double limit) {
    check(state, name, settings, mean, limit / sqrt(3), limit);
}

/* Cut at two standard deviations of the normal before the cut. */
static void check_truncated(void **state, const char *name, const struct setting *settings, double mean,
                            double stddev) {
    check(state, name, settings, mean, stddev, 2 * stddev / CUT_STDDEV);
}

static void glorot_he_and_lecun_have_their_variances(void **state) {
    check_uniform(state, "glorot_uniform", NULL, 0, sqrt(6.0 / (IN + OUT)));
    check_uniform(state, "he_uniform", NULL, 0, sqrt(6.0 / IN));
    check_uniform(state, "lecun_uniform", NULL, 0, sqrt(3.0 / IN));
    check_truncated(state, "glorot_normal", NULL, 0, sqrt(2.0 / (IN + OUT)));
    check_truncated(state, "he_normal", NULL, 0, sqrt(2.0 / IN));
    check_truncated(state, "lecun_normal", NULL, 0, sqrt(1.0 / IN));
}

static void variance_scaling_obeys_its_parameters(void **state) {
    check_truncated(state, "variance_scaling", NULL, 0, sqrt(1.0 / IN));
    const struct setting out[] = {{"scale", 3}, {"mode", 1}, {"distribution", 2}, {NULL, 0}};
    check_uniform(state, "variance_scaling", out, 0, sqrt(9.0 / OUT));
    const struct setting average[] = {{"scale", 0.5}, {"mode", 2}, {"distribution", 1}, {NULL, 0}};
    check(state, "variance_scaling", average, 0, sqrt(0.5 / ((IN + OUT) / 2.0)), 0);
}

static void plain_draws_have_keras_defaults(void **state) {
    check(state, "random_normal", NULL, 0, 0.05, 0);
    check_uniform(state, "random_uniform", NULL, 0, 0.05);
    check_truncated(state, "truncated_normal", NULL, 0, 0.05 * CUT_STDDEV);
}

static void plain_draws_obey_their_parameters(void **state) {
    const struct setting normal[] = {{"mean", 3}, {"stddev", 2}, {NULL, 0}};
    check(state, "random_normal", normal, 3, 2, 0);
    check_truncated(state, "truncated_normal", normal, 3, 2 * CUT_STDDEV);
    const struct setting uniform[] = {{"minval", 1}, {"maxval", 5}, {NULL, 0}};
    check_uniform(state, "random_uniform", uniform, 3, 2);
}

static void constants_are_constant(void **state) {
    static const struct {
        const char *name;
        double value;
    } constants[] = {{"zeros", 0}, {"ones", 1}, {"constant", -0.75}};
    static float values[N];
    for (int c = 0; c < 3; c++) {
        const runner_component *component = component_find(*state, RUNNER_INITIALIZER, constants[c].name);
        void *config = config_new(component);
        if (component->n_params > 0)
            config_set(component, config, "value", constants[c].value);
        fill_with(*state, component, config, "dense/bias", values);
        for (int i = 0; i < N; i++)
            assert_true(values[i] == (float)constants[c].value);
        free(config);
    }
}

static void bounds_the_wrong_way_round_are_refused(void **state) {
    struct harness *harness = *state;
    const runner_component *component = component_find(harness, RUNNER_INITIALIZER, "random_uniform");
    const runner_initializer_ops *ops = component->ops;
    void *config = config_new(component);
    config_set(component, config, "minval", 1);
    float value;
    runner_tensor tensor = {.name = "bias", .shape = {1, {1}}, .fan_in = 1, .fan_out = 1};
    assert_int_equal(ops->fill(config, &harness->call.public, &tensor, &value), RUNNER_FAILED);
    assert_string_equal(harness->error.text, "random_uniform: minval 1 is above maxval 0.05");
    harness->call.failed = false;
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glorot_he_and_lecun_have_their_variances),
        cmocka_unit_test(variance_scaling_obeys_its_parameters),
        cmocka_unit_test(plain_draws_have_keras_defaults),
        cmocka_unit_test(plain_draws_obey_their_parameters),
        cmocka_unit_test(constants_are_constant),
        cmocka_unit_test(bounds_the_wrong_way_round_are_refused),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

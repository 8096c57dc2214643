/* Schedules. The rates are those of keras.optimizers.schedules (keras 3.15.1 on torch 2.13.0, float32), for the steps below. */
#include "tests/conformance/harness.h"

enum { UPDATES = 10, MAX_SETTINGS = 7 };
static const uint64_t updates[UPDATES] = {0, 1, 2, 3, 5, 7, 10, 11, 24, 100};

struct setting {
    const char *param;
    double value;
};

/* clang-format off */
static const struct {
    const char *name;
    struct setting settings[MAX_SETTINGS];
    double wanted[UPDATES];
} cases[] = {
    /* ExponentialDecay(0.1, 10, 0.5), (0.1, 3, 0.9, staircase=True), (0.001, 7, 1.5) */
    {"exponential_decay", {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"decay_rate", 0.5}},
     {0.100000001, 0.0933033004, 0.0870550573, 0.0812252387, 0.0707106814, 0.0615572222, 0.0500000007, 0.0466516502, 0.0189464558, 9.76562515e-05}},
    {"exponential_decay", {{"initial_learning_rate", 0.1}, {"decay_steps", 3}, {"decay_rate", 0.9}, {"staircase", 1}},
     {0.100000001, 0.100000001, 0.100000001, 0.0899999961, 0.0899999961, 0.0809999928, 0.0728999898, 0.0728999898, 0.0430467129, 0.0030903127}},
    {"exponential_decay", {{"initial_learning_rate", 0.001}, {"decay_steps", 7}, {"decay_rate", 1.5}},
     {0.00100000005, 0.00105963403, 0.00112282438, 0.00118978275, 0.00133591704, 0.00150000001, 0.00178467424, 0.00189110159, 0.00401551696, 0.327785254}},
    /* CosineDecay(0.1, 10), (0.1, 13, alpha=0.2), (0.01, 10, alpha=0.1, warmup_target=0.2, warmup_steps=4),
       (0.5, 10, warmup_target=0.2, warmup_steps=0) */
    {"cosine_decay", {{"initial_learning_rate", 0.1}, {"decay_steps", 10}, {"warmup_target", (double)NAN}},
     {0.100000001, 0.0975528285, 0.0904508457, 0.0793892667, 0.049999997, 0.0206107404, 0, 0, 0, 0}},
    {"cosine_decay", {{"initial_learning_rate", 0.1}, {"decay_steps", 13}, {"alpha", 0.2}, {"warmup_target", (double)NAN}},
     {0.100000001, 0.0988376737, 0.0954182446, 0.0899404287, 0.0741841942, 0.0551785305, 0.0300595704, 0.0245817583, 0.0200000014, 0.0200000014}},
    {"cosine_decay", {{"initial_learning_rate", 0.01}, {"decay_steps", 10}, {"alpha", 0.1}, {"warmup_target", 0.2}, {"warmup_steps", 4}},
     {0.00999999978, 0.0574999973, 0.104999997, 0.152500004, 0.195595086, 0.162900671, 0.0821884498, 0.0570993312, 0.0200000014, 0.0200000014}},
    {"cosine_decay", {{"initial_learning_rate", 0.5}, {"decay_steps", 10}, {"warmup_target", 0.2}},
     {0.200000003, 0.195105657, 0.180901691, 0.158778533, 0.099999994, 0.0412214808, 0, 0, 0, 0}},
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof cases[0] };

static void *configure(const runner_component *component, const struct setting *settings) {
    void *config = config_new(component);
    for (int i = 0; i < MAX_SETTINGS && settings[i].param != NULL; i++)
        config_set(component, config, settings[i].param, settings[i].value);
    return config;
}

static double rate_at(const runner_component *component, const void *config, uint64_t update, uint64_t total) {
    const runner_schedule_ops *ops = component->ops;
    return ops->rate(config, update, 17, total);
}

/* To the rounding of float32: a power makes many times that of Keras' rounded decay_rate. */
static void rates_are_those_of_keras(void **state) {
    for (int k = 0; k < CASES; k++) {
        const runner_component *component = component_find(*state, RUNNER_SCHEDULE, cases[k].name);
        void *config = configure(component, cases[k].settings);
        for (int i = 0; i < UPDATES; i++) {
            double found = rate_at(component, config, updates[i], 1000), wanted = cases[k].wanted[i];
            if (!(fabs(found - wanted) <= 2e-6 * fabs(wanted) + 1e-9))
                fail_msg("%s, case %d: update %d has %.9g, not %.9g", cases[k].name, k, (int)updates[i], found, wanted);
        }
        free(config);
    }
}

static void cosine_decay_without_steps_takes_the_whole_training(void **state) {
    const runner_component *component = component_find(*state, RUNNER_SCHEDULE, "cosine_decay");
    void *config = configure(component, (const struct setting[MAX_SETTINGS]){{"initial_learning_rate", 0.01},
                                                                             {"decay_steps", -0x1p63},
                                                                             {"alpha", 0.1},
                                                                             {"warmup_target", 0.2},
                                                                             {"warmup_steps", 4}});
    void *given = configure(component, cases[5].settings);
    for (uint64_t update = 0; update < 20; update++)
        assert_true(rate_at(component, config, update, 14) == rate_at(component, given, update, 1000));
    free(config);
    free(given);
}

/* Against the C library, which is within 1e-15. */
static void decays_are_exact_in_float64(void **state) {
    const runner_component *exponential = component_find(*state, RUNNER_SCHEDULE, "exponential_decay");
    const runner_component *cosine = component_find(*state, RUNNER_SCHEDULE, "cosine_decay");
    void *falling = configure(
        exponential,
        (const struct setting[MAX_SETTINGS]){{"initial_learning_rate", 1}, {"decay_steps", 997}, {"decay_rate", 0.37}});
    void *bent =
        configure(cosine, (const struct setting[MAX_SETTINGS]){
                              {"initial_learning_rate", 1}, {"decay_steps", 9973}, {"warmup_target", (double)NAN}});
    for (uint64_t update = 0; update < 9973; update += 7) {
        double power = pow(0.37, (double)update / 997), height = 0.5 + 0.5 * cos(acos(-1) * (double)update / 9973);
        assert_true(fabs(rate_at(exponential, falling, update, 1) - power) <= 1e-14 * power);
        assert_true(fabs(rate_at(cosine, bent, update, 1) - height) <= 1e-15);
    }
    config_set(exponential, falling, "decay_rate", 0);
    assert_true(rate_at(exponential, falling, 0, 1) == 1 && rate_at(exponential, falling, 1, 1) == 0);
    free(falling);
    free(bent);
}

static void piecewise_constant_decay_is_that_of_keras(void **state) { /* PiecewiseConstantDecay(boundaries, values) */
    static const double wanted[UPDATES] = {0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.1, 0.01, 0.01, 0.01};
    struct {
        runner_ints boundaries;
        runner_floats values;
    } config = {{(const int64_t[]){2, 7, 10}, 3}, {(const double[]){0.5, 0.25, 0.1, 0.01}, 4}};
    const runner_component *component = component_find(*state, RUNNER_SCHEDULE, "piecewise_constant_decay");
    assert_int_equal(component->config_size, sizeof config);
    for (int i = 0; i < UPDATES; i++)
        assert_true(rate_at(component, &config, updates[i], 1000) == wanted[i]);
    config.values.count = 3;
    assert_true(isnan(rate_at(component, &config, 0, 1000)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_those_of_keras),
        cmocka_unit_test(cosine_decay_without_steps_takes_the_whole_training),
        cmocka_unit_test(decays_are_exact_in_float64),
        cmocka_unit_test(piecewise_constant_decay_is_that_of_keras),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

/*
 * Optimizers. The weights after five updates are Keras': keras 3.15.1 on jax 0.10.2, float32, with
 *   v = keras.Variable([1, -2, 0.5, 0]); opt.build([v]); for t in 1..5: opt.apply([gradient(t)], [v])
 * for keras.optimizers.SGD and Adam with the arguments named at each test, and gradient() as below.
 */
#include "tests/conformance/harness.h"

enum { WEIGHTS = 4, UPDATES = 5 };

static const float start[WEIGHTS] = {1, -2, 0.5f, 0};

static void gradient(uint64_t t, float *g) {
    g[0] = 0.5f * (float)t;
    g[1] = -0.25f;
    g[2] = ldexpf(1, -(int)t);
    g[3] = t % 2 == 0 ? 2 : -2;
}

struct setting {
    const char *param;
    double value;
};

struct optimizer {
    const runner_component *component;
    const runner_optimizer_ops *ops;
    void *config;
    runner_optimizer_plan plan;
    runner_step step;
};

static void optimizer_open(struct optimizer *optimizer, struct harness *harness, const char *name,
                           const struct setting *settings) {
    *optimizer = (struct optimizer){.component = component_find(harness, RUNNER_OPTIMIZER, name)};
    optimizer->ops = optimizer->component->ops;
    optimizer->config = config_new(optimizer->component);
    for (; settings->param != NULL; settings++)
        config_set(optimizer->component, optimizer->config, settings->param, settings->value);
    optimizer->plan = (runner_optimizer_plan){.size = sizeof optimizer->plan};
    assert_int_equal(optimizer->ops->plan(optimizer->config, &harness->call.public, &optimizer->plan), RUNNER_OK);
    optimizer->step = (runner_step){.size = sizeof optimizer->step};
}

static void optimizer_begin(struct optimizer *optimizer, double rate) {
    optimizer->step.number++;
    optimizer->step.rate = rate;
    if (optimizer->ops->begin != NULL)
        optimizer->ops->begin(optimizer->config, &optimizer->step);
}

static void check_trajectory(void **state, const char *name, double rate, const struct setting *settings,
                             const float *wanted) {
    struct optimizer optimizer;
    optimizer_open(&optimizer, *state, name, settings);
    float w[WEIGHTS], g[WEIGHTS], memory[RUNNER_MAX_SLOTS][WEIGHTS] = {{0}}, *slots[RUNNER_MAX_SLOTS] = {NULL};
    memcpy(w, start, sizeof w);
    for (uint32_t i = 0; i < optimizer.plan.slots; i++)
        slots[i] = memory[i];
    for (uint64_t t = 1; t <= UPDATES; t++) {
        optimizer_begin(&optimizer, rate);
        gradient(t, g);
        optimizer.ops->step(optimizer.config, &optimizer.step, WEIGHTS, w, g, slots);
    }
    for (int i = 0; i < WEIGHTS; i++)
        if (!(fabsf(w[i] - wanted[i]) <= 3e-7f * (1 + fabsf(wanted[i]))))
            fail_msg("weight %d is %.9g, not %.9g", i, (double)w[i], (double)wanted[i]);
    free(optimizer.config);
}

static void sgd_is_that_of_keras(void **state) { /* SGD() */
    const float wanted[] = {0.925000072f, -1.98749971f, 0.490312487f, 0.0199999996f};
    check_trajectory(state, "sgd", 0.01, (const struct setting[]){{NULL, 0}}, wanted);
}

static void momentum_is_that_of_keras(void **state) { /* SGD(0.1, momentum=0.9) */
    const float wanted[] = {-0.585154951f, -1.67139745f, 0.160394982f, 0.493219972f};
    check_trajectory(state, "sgd", 0.1, (const struct setting[]){{"momentum", 0.9}, {NULL, 0}}, wanted);
}

static void nesterov_is_that_of_keras(void **state) { /* SGD(0.1, momentum=0.9, nesterov=True) */
    const float wanted[] = {-1.17663944f, -1.57925773f, 0.0974805132f, 0.643897951f};
    check_trajectory(state, "sgd", 0.1, (const struct setting[]){{"momentum", 0.9}, {"nesterov", 1}, {NULL, 0}},
                     wanted);
}

static void adam_is_that_of_keras(void **state) { /* Adam() */
    const float wanted[] = {0.995149195f, -1.99500024f, 0.495813847f, 0.00143493467f};
    check_trajectory(state, "adam", 0.001, (const struct setting[]){{NULL, 0}}, wanted);
}

static void adam_with_other_parameters_is_that_of_keras(void **state) { /* Adam(0.1, 0.8, 0.9, 1e-3) */
    const struct setting settings[] = {{"beta_1", 0.8}, {"beta_2", 0.9}, {"epsilon", 1e-3}, {NULL, 0}};
    const float wanted[] = {0.512630284f, -1.50421941f, 0.0916091204f, 0.133960113f};
    check_trajectory(state, "adam", 0.1, settings, wanted);
}

static void amsgrad_is_that_of_keras(void **state) { /* Adam(0.1, beta_2=0.5, amsgrad=True) */
    const struct setting settings[] = {{"beta_2", 0.5}, {"amsgrad", 1}, {NULL, 0}};
    const float wanted[] = {0.578094959f, -1.50000048f, 0.129435375f, 0.143494487f};
    check_trajectory(state, "adam", 0.1, settings, wanted);
}

static const struct {
    const char *name;
    struct setting settings[3];
    uint32_t slots;
} forms[] = {
    {"sgd", {{NULL, 0}}, 0},
    {"sgd", {{"momentum", 0.5}, {NULL, 0}}, 1},
    {"sgd", {{"momentum", 0.5}, {"nesterov", 1}, {NULL, 0}}, 1},
    {"adam", {{NULL, 0}}, 2},
    {"adam", {{"amsgrad", 1}, {NULL, 0}}, 3},
};
enum { FORMS = sizeof forms / sizeof forms[0], N = 131 };

/* Three updates of N weights, in pieces of `piece`. */
static void train(struct optimizer *optimizer, uint64_t piece, float memory[RUNNER_MAX_SLOTS + 1][N]) {
    float g[N];
    memset(memory, 0, (RUNNER_MAX_SLOTS + 1) * sizeof memory[0]);
    optimizer->step = (runner_step){.size = sizeof optimizer->step};
    uint64_t random = 5;
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < N; i++)
            g[i] = random_value(&random);
        optimizer_begin(optimizer, 0.01 / (t + 1));
        for (uint64_t first = 0; first < N; first += piece) {
            float *slots[RUNNER_MAX_SLOTS];
            for (int i = 0; i < RUNNER_MAX_SLOTS; i++)
                slots[i] = memory[1 + i] + first;
            uint64_t n = N - first < piece ? N - first : piece;
            optimizer->ops->step(optimizer->config, &optimizer->step, n, memory[0] + first, g + first, slots);
        }
    }
}

static void bits_do_not_depend_on_cuts(void **state) {
    for (int f = 0; f < FORMS; f++) {
        struct optimizer optimizer;
        optimizer_open(&optimizer, *state, forms[f].name, forms[f].settings);
        assert_int_equal(optimizer.plan.slots, forms[f].slots);
        float whole[RUNNER_MAX_SLOTS + 1][N], parts[RUNNER_MAX_SLOTS + 1][N];
        train(&optimizer, N, whole);
        for (uint64_t piece = 1; piece < N; piece += 6) {
            train(&optimizer, piece, parts);
            assert_memory_equal(parts, whole, sizeof whole);
        }
        free(optimizer.config);
    }
}

static void flags_keep_their_promise(void **state) {
    for (int f = 0; f < FORMS; f++) {
        struct optimizer optimizer;
        optimizer_open(&optimizer, *state, forms[f].name, forms[f].settings);
        float memory[RUNNER_MAX_SLOTS + 1][N], before[RUNNER_MAX_SLOTS + 1][N], g[N] = {0}, *slots[RUNNER_MAX_SLOTS];
        train(&optimizer, N, memory);
        memcpy(before, memory, sizeof memory);
        for (int i = 0; i < RUNNER_MAX_SLOTS; i++)
            slots[i] = memory[1 + i];
        optimizer_begin(&optimizer, 0.1);
        optimizer.ops->step(optimizer.config, &optimizer.step, N, memory[0], g, slots);
        bool moved = memcmp(before, memory, sizeof memory) != 0;
        assert_int_equal(moved, (optimizer.plan.flags & RUNNER_ZERO_IS_NOOP) == 0);
        if ((optimizer.plan.flags & RUNNER_LINEAR) != 0) {
            g[0] = 0.7f;
            optimizer.ops->step(optimizer.config, &optimizer.step, N, memory[0], g, slots);
            assert_true(memory[0][0] == before[0][0] - 0.1f * 0.7f);
        }
        free(optimizer.config);
    }
}

/* beta^t runs down to 0: the weights stay finite, and the step is the plain one. */
static void adam_stays_sound_after_many_updates(void **state) {
    struct optimizer optimizer;
    optimizer_open(&optimizer, *state, "adam", (const struct setting[]){{NULL, 0}});
    float w = 0, g = 1, m = 0, v = 0, *slots[] = {&m, &v};
    for (int t = 0; t < 20000; t++) {
        optimizer_begin(&optimizer, 0.001);
        optimizer.ops->step(optimizer.config, &optimizer.step, 1, &w, &g, slots);
    }
    assert_true(fabsf(w + 20) < 0.01f); /* a constant gradient moves by the rate at each update */
    free(optimizer.config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_is_that_of_keras),
        cmocka_unit_test(momentum_is_that_of_keras),
        cmocka_unit_test(nesterov_is_that_of_keras),
        cmocka_unit_test(adam_is_that_of_keras),
        cmocka_unit_test(adam_with_other_parameters_is_that_of_keras),
        cmocka_unit_test(amsgrad_is_that_of_keras),
        cmocka_unit_test(bits_do_not_depend_on_cuts),
        cmocka_unit_test(flags_keep_their_promise),
        cmocka_unit_test(adam_stays_sound_after_many_updates),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

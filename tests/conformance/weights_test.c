/* Regularizers, constraints and orthogonal. Values "by Keras": keras 3.15.1 on torch 2.13.0, float32, of the weights below;
   derivatives by torch's autograd. */
#include "tests/conformance/harness.h"

enum { N = 12 };

static float weight(uint64_t i) {
    return (float)((5 * (int)i) % 7 - 3) / 4.0f;
}

static void check_penalty(void **state, const char *name, double l1, double l2, double penalty, const float *slopes) {
    const runner_component *component = component_find(*state, RUNNER_REGULARIZER, name);
    const runner_regularizer_ops *ops = component->ops;
    void *config = config_new(component);
    if (l1 >= 0)
        config_set(component, config, "l1", l1);
    if (l2 >= 0)
        config_set(component, config, "l2", l2);
    float w[N], g[N];
    for (uint64_t i = 0; i < N; i++) {
        w[i] = weight(i);
        g[i] = 0.5f;
    }
    assert_true(fabs(ops->penalty(config, N, w, NULL) - penalty) <= 2e-7 * penalty);
    assert_true(fabs(ops->penalty(config, N, w, g) - penalty) <= 2e-7 * penalty);
    for (int i = 0; i < N; i++)
        assert_true(fabsf(g[i] - 0.5f - slopes[i]) <= 2e-7f);
    free(config);
}

static void penalties_are_those_of_keras(void **state) { /* L1(0.3), L2(0.2), L1L2(0.1, 0.05), L1(), L2() */
    check_penalty(state, "l1", 0.3, -1, 1.6500000953674316,
                  (const float[N]){-0.3f, 0.3f, 0, -0.3f, 0.3f, 0.3f, -0.3f, -0.3f, 0.3f, 0, -0.3f, 0.3f});
    check_penalty(state, "l2", -1, 0.2, 0.675000011920929,
                  (const float[N]){-0.3f, 0.2f, 0, -0.2f, 0.3f, 0.1f, -0.1f, -0.3f, 0.2f, 0, -0.2f, 0.3f});
    check_penalty(
        state, "l1_l2", 0.1, 0.05, 0.71875,
        (const float[N]){-0.175f, 0.15f, 0, -0.15f, 0.175f, 0.125f, -0.125f, -0.175f, 0.15f, 0, -0.15f, 0.175f});
    check_penalty(state, "l1", -1, -1, 0.054999999701976776,
                  (const float[N]){-0.01f, 0.01f, 0, -0.01f, 0.01f, 0.01f, -0.01f, -0.01f, 0.01f, 0, -0.01f, 0.01f});
    check_penalty(
        state, "l2", -1, -1, 0.03374999761581421,
        (const float[N]){-0.015f, 0.01f, 0, -0.01f, 0.015f, 0.005f, -0.005f, -0.015f, 0.01f, 0, -0.01f, 0.015f});
    check_penalty(state, "l1_l2", -1, -1, 0, (const float[N]){0});
}

struct bound {
    const char *name, *params[3];
    double values[3];
    int64_t axis[2];
    uint64_t axes, rows;
    float factor, wanted[N]; /* factor: of the weights */
};

/* clang-format off */
static const struct bound bounds[] = {
    /* MaxNorm(0.9) and with axis 1, -1, [0, 1] of [4][3]; of [12]; MaxNorm() of three times the weights */
    {"max_norm", {"max_value"}, {0.9}, {0}, 1, 4, 1,
     {-0.721605241f, 0.353008986f, 0, -0.481070161f, 0.529513478f, 0.24053508f, -0.24053508f, -0.529513478f, 0.481070161f, 0, -0.353008986f, 0.721605241f}},
    {"max_norm", {"max_value"}, {0.9}, {1}, 1, 4, 1,
     {-0.74884516f, 0.499230117f, 0, -0.481070161f, 0.721605241f, 0.24053508f, -0.24053508f, -0.721605241f, 0.481070161f, 0, -0.499230117f, 0.74884516f}},
    {"max_norm", {"max_value"}, {0.9}, {-1}, 1, 4, 1,
     {-0.74884516f, 0.499230117f, 0, -0.481070161f, 0.721605241f, 0.24053508f, -0.24053508f, -0.721605241f, 0.481070161f, 0, -0.499230117f, 0.74884516f}},
    {"max_norm", {"max_value"}, {0.9}, {0, 1}, 2, 4, 1,
     {-0.367423415f, 0.244948953f, 0, -0.244948953f, 0.367423415f, 0.122474477f, -0.122474477f, -0.367423415f, 0.244948953f, 0, -0.244948953f, 0.367423415f}},
    {"max_norm", {"max_value"}, {0.9}, {0}, 1, 1, 1,
     {-0.367423415f, 0.244948953f, 0, -0.244948953f, 0.367423415f, 0.122474477f, -0.122474477f, -0.367423415f, 0.244948953f, 0, -0.244948953f, 0.367423415f}},
    {"max_norm", {NULL}, {0}, {0}, 1, 4, 3,
     {-1.60356748f, 0.784464478f, 0, -1.06904507f, 1.17669678f, 0.534522533f, -0.534522533f, -1.17669678f, 1.06904507f, 0, -0.784464478f, 1.60356748f}},
    /* MinMaxNorm(0.9, 1.1, rate=0.7), MinMaxNorm(axis=1), UnitNorm(), NonNeg() of [4][3] */
    {"min_max_norm", {"min_value", "max_value", "rate"}, {0.9, 1.1, 0.7}, {0}, 1, 4, 1,
     {-0.749999881f, 0.452018797f, 0, -0.49999994f, 0.678028226f, 0.24999997f, -0.24999997f, -0.678028226f, 0.49999994f, 0, -0.452018797f, 0.749999881f}},
    {"min_max_norm", {NULL}, {0}, {1}, 1, 4, 1,
     {-0.749999881f, 0.49999994f, 0, -0.49999994f, 0.749999881f, 0.24999997f, -0.24999997f, -0.749999881f, 0.49999994f, 0, -0.49999994f, 0.749999881f}},
    {"unit_norm", {NULL}, {0}, {0}, 1, 4, 1,
     {-0.801783621f, 0.392232239f, 0, -0.534522414f, 0.588348329f, 0.267261207f, -0.267261207f, -0.588348329f, 0.534522414f, 0, -0.392232239f, 0.801783621f}},
    {"non_neg", {NULL}, {0}, {0}, 0, 4, 1, {0, 0.5f, 0, 0, 0.75f, 0.25f, 0, 0, 0.5f, 0, 0, 0.75f}},
};
/* clang-format on */

static void constraints_are_those_of_keras(void **state) {
    struct harness *harness = *state;
    for (size_t k = 0; k < sizeof bounds / sizeof bounds[0]; k++) {
        const struct bound *bound = &bounds[k];
        const runner_component *component = component_find(harness, RUNNER_CONSTRAINT, bound->name);
        const runner_constraint_ops *ops = component->ops;
        void *config = config_new(component);
        for (int i = 0; i < 3 && bound->params[i] != NULL; i++)
            config_set(component, config, bound->params[i], bound->values[i]);
        runner_ints axis = {bound->axis, bound->axes};
        for (uint32_t p = 0; p < component->n_params; p++)
            if (strcmp(component->params[p].name, "axis") == 0)
                memcpy((char *)config + component->params[p].offset, &axis, sizeof axis);
        uint64_t columns = N / bound->rows;
        struct matrix w = matrix_new(bound->rows, columns);
        for (uint64_t i = 0; i < N; i++)
            *at(&w, i / columns, i % columns) = bound->factor * weight(i);
        call_reset(&harness->call);
        ops->apply(config, &harness->call.public, &w.view);
        for (uint64_t i = 0; i < N; i++) {
            float found = *at(&w, i / columns, i % columns);
            if (!(fabsf(found - bound->wanted[i]) <= 3e-7f))
                fail_msg("%s %d: weight %d is %.9g, not %.9g", bound->name, (int)k, (int)i, (double)found,
                         (double)bound->wanted[i]);
        }
        assert_padding_kept(&w);
        matrix_free(&w);
        free(config);
    }
}

/* Q^T Q = 1, and R = Q^T A, with A the normal matrix drawn from the same stream, is upper triangular with a positive
   diagonal: only one Q is so. `q` and `a` are [longer][shorter]. */
static void check_decomposition(const float *q, const float *a, uint64_t longer, uint64_t shorter) {
    for (uint64_t j = 0; j < shorter; j++)
        for (uint64_t k = 0; k < shorter; k++) {
            double product = 0, r = 0;
            for (uint64_t i = 0; i < longer; i++) {
                product += (double)q[i * shorter + j] * (double)q[i * shorter + k];
                r += (double)q[i * shorter + j] * (double)a[i * shorter + k];
            }
            assert_true(fabs(product - (j == k)) < 1e-6);
            assert_true(j <= k || fabs(r) < 3e-6);
            assert_true(j != k || r > 0);
        }
}

static void orthogonal_is_the_unique_decomposition(void **state) {
    struct harness *harness = *state;
    const runner_component *component = component_find(harness, RUNNER_INITIALIZER, "orthogonal");
    const runner_initializer_ops *ops = component->ops;
    static const runner_shape shapes[] = {{2, {1, 1}}, {2, {7, 7}}, {2, {40, 13}},     {2, {13, 40}},
                                          {2, {1, 5}}, {2, {5, 1}}, {4, {3, 3, 2, 8}}, {3, {2, 3, 20}}};
    void *config = config_new(component);
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        enum { MOST = 40 * 13 };
        float values[MOST], scaled[MOST], drawn[MOST], turned[MOST];
        runner_tensor tensor = {.name = "kernel", .shape = shapes[k]};
        uint64_t n = runner_elements(&shapes[k]), columns = shapes[k].size[shapes[k].rank - 1], rows = n / columns;
        harness->call.random = random_key(3, "dense/kernel", k);
        call_reset(&harness->call);
        assert_int_equal(ops->fill(config, &harness->call.public, &tensor, values), RUNNER_OK);
        harness->call.public.host->normal(&harness->call.public, 0, 0, n, drawn);
        for (uint64_t i = 0; i < n; i++)
            turned[i % columns * rows + i / columns] = values[i];
        check_decomposition(rows < columns ? turned : values, drawn, rows < columns ? columns : rows,
                            rows < columns ? rows : columns);
        config_set(component, config, "gain", -2);
        assert_int_equal(ops->fill(config, &harness->call.public, &tensor, scaled), RUNNER_OK);
        config_set(component, config, "gain", 1);
        for (uint64_t i = 0; i < n; i++)
            assert_true(scaled[i] == -2 * values[i]);
    }
    runner_tensor vector = {.name = "bias", .shape = {1, {4}}};
    float values[4];
    assert_int_equal(ops->fill(config, &harness->call.public, &vector, values), RUNNER_FAILED);
    assert_non_null(strstr(harness->error.text, "two or more dimensions, but 'bias' has 1"));
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(penalties_are_those_of_keras),
        cmocka_unit_test(constraints_are_those_of_keras),
        cmocka_unit_test(orthogonal_is_the_unique_decomposition),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

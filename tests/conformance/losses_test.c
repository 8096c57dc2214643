/*
 * Losses and metrics; `runner plugin test` has their derivatives and cuts. Values and derivatives "by Keras": keras 3.15.1 on jax 0.10.2, float32,
 *   keras.losses.categorical_crossentropy(t, y), ...(t, z, from_logits=True), mean_squared_error(t, z),
 *   jax.grad of their sums, keras.metrics.categorical_accuracy and binary_accuracy.
 */
#include "tests/conformance/harness.h"

enum { ROWS = 4, CLASSES = 4 };

struct loss {
    struct harness *harness;
    const runner_loss_ops *ops;
    void *config;
    uint32_t from_logits;
    struct matrix prediction, target, delta;
};

/* With random targets: one-hot, or values. */
static void loss_open(struct loss *loss, struct harness *harness, const char *name, uint32_t from_logits, uint64_t rows,
                      uint32_t n, bool one_hot) {
    *loss = (struct loss){.harness = harness, .from_logits = from_logits};
    const runner_component *component = component_find(harness, RUNNER_LOSS, name);
    loss->ops = component->ops;
    loss->config = config_new(component);
    loss->prediction = matrix_random(rows, n, 1);
    loss->target = matrix_random(rows, n, 2);
    loss->delta = matrix_new(rows, n);
    uint64_t random = 3;
    for (uint64_t i = 0; one_hot && i < rows; i++) {
        memset(at(&loss->target, i, 0), 0, n * sizeof(float));
        *at(&loss->target, i, (uint64_t)(fabsf(random_value(&random)) * (float)n) % n) = 1;
    }
}

static void loss_close(struct loss *loss) {
    matrix_free(&loss->prediction);
    matrix_free(&loss->target);
    matrix_free(&loss->delta);
    free(loss->config);
}

static void loss_evaluate(struct loss *loss, uint64_t first, uint64_t rows, double *values, float scale, bool delta) {
    runner_view prediction = rows_of(&loss->prediction, first, rows), target = rows_of(&loss->target, first, rows);
    runner_view into = rows_of(&loss->delta, first, rows);
    runner_loss_rows run = {.size = sizeof run,
                            .from_logits = loss->from_logits,
                            .first = first,
                            .rows = rows,
                            .prediction = &prediction,
                            .target = &target,
                            .values = values,
                            .scale = scale,
                            .delta = delta ? &into : NULL};
    call_reset(&loss->harness->call);
    loss->ops->evaluate(loss->config, &loss->harness->call.public, &run);
}

static void check_against(struct harness *harness, const char *name, uint32_t from_logits,
                          const float predictions[ROWS][CLASSES], const double *values,
                          const float deltas[ROWS][CLASSES]) {
    static const int labels[ROWS] = {3, 0, 0, 1};
    struct loss loss;
    loss_open(&loss, harness, name, from_logits, ROWS, CLASSES, true);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < CLASSES; j++) {
            *at(&loss.prediction, (uint64_t)i, (uint64_t)j) = predictions[i][j];
            *at(&loss.target, (uint64_t)i, (uint64_t)j) = j == labels[i];
        }
    double found[ROWS];
    loss_evaluate(&loss, 0, ROWS, found, 1, true);
    for (int i = 0; i < ROWS; i++) {
        assert_true(fabs(found[i] - values[i]) <= 4e-7 * fabs(values[i]) + 1e-20);
        for (int j = 0; deltas != NULL && j < CLASSES; j++)
            assert_true(fabsf(*at(&loss.delta, (uint64_t)i, (uint64_t)j) - deltas[i][j]) <= 3e-7f);
    }
    loss_close(&loss);
}

static const float logits[ROWS][CLASSES] = {
    {1, 2, 3, 4}, {-1, 0, 1, .5f}, {100, -100, 0, 50}, {.25f, .25f, .25f, .25f}};

static void categorical_crossentropy_of_values_is_that_of_keras(void **state) {
    static const float y[ROWS][CLASSES] = {
        {.1f, .2f, .3f, .4f}, {.5f, .25f, .125f, .0625f}, {0, 1, 0, 0}, {1e-9f, 1, 2, 3}};
    static const double values[ROWS] = {0.9162907, 0.6286086, 16.118095, 1.7917595};
    static const float deltas[ROWS][CLASSES] = {{1, 1, 1, -1.5f},
                                                {-0.9333334f, 1.0666666f, 1.0666666f, 1.0666666f},
                                                {0, 0, 0, 0},
                                                {0.16666667f, -0.8333333f, 0.16666667f, 0.16666667f}};
    check_against(*state, "categorical_crossentropy", 0, y, values, deltas);
}

static void categorical_crossentropy_of_logits_is_that_of_keras(void **state) {
    /* Keras gives 0 for the third; it is log(1 + e^-50 + ...) = 1.9287498e-22. */
    static const double values[ROWS] = {0.4401897, 2.7465672, 1.9287498e-22, 1.3862944};
    static const float deltas[ROWS][CLASSES] = {{3.2058604e-02f, 8.7144323e-02f, 2.3688284e-01f, -3.5608572e-01f},
                                                {-9.3585229e-01f, 1.7437148e-01f, 4.7399083e-01f, 2.8748998e-01f},
                                                {0, 0, 0, 1.9287499e-22f},
                                                {.25f, -.75f, .25f, .25f}};
    check_against(*state, "categorical_crossentropy", 1, logits, values, deltas);
}

static void mean_squared_error_is_that_of_keras(void **state) {
    static const double values[ROWS] = {5.75, 1.3125, 5575.25, 0.1875};
    check_against(*state, "mean_squared_error", 0, logits, values, NULL);
}

/* Against libm's log1p in double: small losses keep their digits, large ones their size. */
static void categorical_crossentropy_is_exact_over_its_range(void **state) {
    struct loss loss;
    loss_open(&loss, *state, "categorical_crossentropy", 1, 1, 2, true);
    *at(&loss.target, 0, 0) = 1;
    *at(&loss.target, 0, 1) = 0;
    *at(&loss.prediction, 0, 0) = 0;
    for (float z = -80; z <= 80; z += 0.37f) {
        *at(&loss.prediction, 0, 1) = z;
        double value, exact = z > 0 ? (double)z + log1p(exp(-(double)z)) : log1p(exp((double)z));
        loss_evaluate(&loss, 0, 1, &value, 1, false);
        assert_true(fabs(value - exact) <= 1e-7 * exact);
    }
    double value;
    *at(&loss.prediction, 0, 1) = 1e30f;
    loss_evaluate(&loss, 0, 1, &value, 1, true);
    assert_true(value == (double)1e30f);
    assert_true(*at(&loss.delta, 0, 0) == -1 && *at(&loss.delta, 0, 1) == 1);
    *at(&loss.prediction, 0, 1) = NAN;
    loss_evaluate(&loss, 0, 1, &value, 1, true);
    assert_true(isnan(value) && isnan(*at(&loss.delta, 0, 0)));
    *at(&loss.prediction, 0, 1) = INFINITY;
    loss_evaluate(&loss, 0, 1, &value, 1, true);
    assert_true(!isfinite(value));
    loss_close(&loss);
}

/* Against libm's log in double. The loss takes log(1 + (q - 1)), and q - 1 is rounded. */
static void categorical_crossentropy_of_values_has_an_exact_logarithm(void **state) {
    struct loss loss;
    loss_open(&loss, *state, "categorical_crossentropy", 0, 1, 2, true);
    *at(&loss.target, 0, 0) = 1;
    *at(&loss.target, 0, 1) = 0;
    for (float y = 1e-6f; y < 1e6f; y *= 1.07f) {
        *at(&loss.prediction, 0, 0) = y;
        *at(&loss.prediction, 0, 1) = 1;
        double value, q = (double)y / ((double)y + 1), exact = -log(q);
        loss_evaluate(&loss, 0, 1, &value, 1, false);
        assert_true(fabs(value - exact) <= 2e-16 / q + 4e-16 * exact);
    }
    loss_close(&loss);
}

static void check_refused(struct harness *harness, const char *name, uint32_t outputs, uint32_t classes,
                          uint32_t values, const char *words) {
    const runner_component *component = component_find(harness, RUNNER_LOSS, name);
    const runner_loss_ops *ops = component->ops;
    void *config = config_new(component);
    runner_loss_plan plan = {
        .size = sizeof plan, .classes = classes, .prediction = {1, {outputs}}, .data_target = {1, {values}}};
    harness->call.failed = false;
    int result = ops->plan(config, &harness->call.public, &plan);
    free(config);
    if (words == NULL) {
        assert_int_equal(result, RUNNER_OK);
        return;
    }
    assert_int_equal(result, RUNNER_FAILED);
    assert_string_equal(harness->error.text, words);
    harness->call.failed = false;
}

static void losses_say_which_sizes_do_not_fit(void **state) {
    check_refused(*state, "categorical_crossentropy", 10, 10, 0, NULL);
    check_refused(*state, "categorical_crossentropy", 12, 10, 0,
                  "the model ends with 12 outputs, but the data set has 10 classes; give its last layer 10 units");
    check_refused(*state, "categorical_crossentropy", 3, 0, 3,
                  "categorical_crossentropy needs classes, but the data set's targets are values; take a loss for "
                  "values, such as mean_squared_error");
    check_refused(*state, "mean_squared_error", 10, 10, 0, NULL);
    check_refused(*state, "mean_squared_error", 1, 2, 0, NULL);
    check_refused(*state, "mean_squared_error", 3, 0, 3, NULL);
    check_refused(*state, "mean_squared_error", 1, 3, 0,
                  "the model ends with 1 output, but the data set has 3 classes; give its last layer 3 units");
    check_refused(
        *state, "mean_squared_error", 2, 0, 3,
        "the model ends with 2 outputs, but a target of the data set has 3 values; give its last layer 3 units");
}

static double accuracy(struct harness *harness, const struct matrix *prediction, const int32_t *labels) {
    const runner_metric_ops *ops = component_find(harness, RUNNER_METRIC, "accuracy")->ops;
    runner_loss_rows run = {
        .size = sizeof run, .rows = prediction->view.rows, .prediction = &prediction->view, .labels = labels};
    double sums[RUNNER_MAX_VALUES] = {0};
    ops->update(NULL, &harness->call.public, &run, sums);
    ops->update(NULL, &harness->call.public, &run, sums);
    return ops->result(NULL, 2 * prediction->view.rows, sums);
}

/* By Keras: categorical_accuracy of these is 1, 0, 1 (the first of equal outputs counts), binary_accuracy 0, 1, 1. */
static void accuracy_is_that_of_keras(void **state) {
    static const float classes[3][3] = {{.2f, .2f, .1f}, {.1f, .7f, .7f}, {0, 0, 1}};
    static const float one[3] = {.5f, .5f, .500001f};
    struct matrix prediction = matrix_new(3, 3), single = matrix_new(3, 1);
    for (uint64_t i = 0; i < 3; i++) {
        memcpy(at(&prediction, i, 0), classes[i], sizeof classes[i]);
        *at(&single, i, 0) = one[i];
    }
    assert_true(accuracy(*state, &prediction, (const int32_t[]){0, 2, 2}) == 2.0 / 3);
    assert_true(accuracy(*state, &prediction, (const int32_t[]){0, 1, 2}) == 1);
    assert_true(accuracy(*state, &single, (const int32_t[]){1, 0, 1}) == 2.0 / 3);
    assert_true(accuracy(*state, &single, (const int32_t[]){0, 0, 1}) == 1);
    matrix_free(&prediction);
    matrix_free(&single);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categorical_crossentropy_of_values_is_that_of_keras),
        cmocka_unit_test(categorical_crossentropy_of_logits_is_that_of_keras),
        cmocka_unit_test(mean_squared_error_is_that_of_keras),
        cmocka_unit_test(categorical_crossentropy_is_exact_over_its_range),
        cmocka_unit_test(categorical_crossentropy_of_values_has_an_exact_logarithm),
        cmocka_unit_test(losses_say_which_sizes_do_not_fit),
        cmocka_unit_test(accuracy_is_that_of_keras),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

/* What single layers give at special values. Their derivatives, and that cuts do not show, are checked by `runner plugin test`. */
#include "tests/conformance/layer.h"

/* y = f(x) of one row through an activation layer. */
static void apply(struct harness *harness, const char *name, uint32_t n, const float *x, float *y) {
    const runner_component *component = component_find(harness, RUNNER_LAYER, name);
    void *config = config_new(component);
    struct layer layer;
    layer_open(&layer, harness, component, config, &(runner_shape){1, {n}}, 1);
    memcpy(layer.input.view.data, x, n * sizeof(float));
    layer_forward(&layer, 0, 1);
    memcpy(y, layer.output.view.data, n * sizeof(float));
    layer_close(&layer);
    free(config);
}

static void activations_are_sound_at_large_and_special_values(void **state) {
    const float x[] = {-INFINITY, -1e30f, -100, -0.0f, 0.0f, 100, 1e30f, INFINITY, NAN};
    enum { N = sizeof x / sizeof x[0] };
    float y[N];
    apply(*state, "sigmoid", N, x, y);
    const float sigmoid[] = {0, 0, 0, 0.5f, 0.5f, 1, 1, 1};
    assert_memory_equal(y, sigmoid, 2 * sizeof(float));
    assert_true(y[2] >= 0 && y[2] < 1e-38f);
    assert_memory_equal(y + 3, sigmoid + 3, 5 * sizeof(float));
    assert_true(isnan(y[8]));
    apply(*state, "tanh", N, x, y);
    const float tanh_[] = {-1, -1, -1, -0.0f, 0, 1, 1, 1};
    assert_memory_equal(y, tanh_, sizeof tanh_);
    assert_true(isnan(y[8]));
    apply(*state, "relu", N, x, y);
    const float relu[] = {0, 0, 0, 0, 0, 100, 1e30f, INFINITY};
    assert_memory_equal(y, relu, sizeof relu);
    assert_true(isnan(y[8])); /* a network that diverged must not look alive */
    const float logits[] = {1e30f, -1e30f, 1e30f, 0};
    const float softmax[] = {0.5f, 0, 0.5f, 0};
    apply(*state, "softmax", 4, logits, y);
    assert_memory_equal(y, softmax, sizeof softmax);
    apply(*state, "softmax", 2, (const float[]){0, NAN}, y);
    assert_true(isnan(y[0]) && isnan(y[1]));
}

static void softmax_is_over_the_last_dimension(void **state) {
    const runner_component *component = component_find(*state, RUNNER_LAYER, "softmax");
    void *config = config_new(component);
    struct layer layer;
    layer_open(&layer, *state, component, config, &(runner_shape){3, {2, 2, 3}}, 1);
    layer_forward(&layer, 0, 1);
    for (uint64_t group = 0; group < 4; group++) {
        float sum = 0;
        for (uint64_t j = 0; j < 3; j++)
            sum += *at(&layer.output, 0, 3 * group + j);
        assert_true(fabsf(sum - 1) < 1e-6f);
    }
    layer_close(&layer);
    free(config);
}

/* Longer than the block that sigmoid works through at a time; values by libm in double. */
static void sigmoid_of_a_long_row_is_right(void **state) {
    enum { N = 1300 };
    float x[N], y[N];
    for (int i = 0; i < N; i++)
        x[i] = (float)(i - N / 2) * 0.05f;
    apply(*state, "sigmoid", N, x, y);
    for (int i = 0; i < N; i++) {
        double exact = 1 / (1 + exp(-(double)x[i]));
        assert_true(fabs((double)y[i] - exact) <= 3e-7 * exact);
    }
}

static const void *no_extension(const char *id) {
    (void)id;
    return NULL;
}

static void sigmoid_has_the_same_bits_on_a_host_without_it(void **state) {
    struct harness *harness = *state;
    enum { N = 1300 };
    float x[N], y[N], without[N];
    for (int i = 0; i < N; i++)
        x[i] = i % 100 == 7 ? -NAN : (float)(i - N / 2) * 0.15f; /* beyond what exp takes */
    apply(harness, "sigmoid", N, x, y);
    const runner_host *host = harness->call.public.host;
    runner_host older = *host;
    older.extension = no_extension;
    harness->call.public.host = &older;
    apply(harness, "sigmoid", N, x, without);
    harness->call.public.host = host;
    assert_memory_equal(y, without, sizeof y);
}

static void dense_says_what_does_not_fit(void **state) {
    struct harness *harness = *state;
    const runner_component *component = component_find(harness, RUNNER_LAYER, "dense");
    void *config = config_new(component);
    config_set(component, config, "units", 1);
    struct layer layer;
    layer_open(&layer, harness, component, config, &(runner_shape){1, {1}}, 1);
    config_set(component, layer.config, "units", 2000000000);
    runner_plan plan = {.size = sizeof plan, .n_inputs = 1, .inputs = {{2, {1000, 1000}}}};
    assert_int_equal(layer.ops->plan(layer.config, &harness->call.public, &plan), RUNNER_FAILED);
    assert_string_equal(harness->error.text, "dense of 2000000000 units cannot take 1000000 inputs: the kernel would "
                                             "have more than 2^40 values");
    harness->call.failed = false;
    layer_close(&layer);
    free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_sound_at_large_and_special_values),
        cmocka_unit_test(softmax_is_over_the_last_dimension),
        cmocka_unit_test(sigmoid_of_a_long_row_is_right),
        cmocka_unit_test(sigmoid_has_the_same_bits_on_a_host_without_it),
        cmocka_unit_test(dense_says_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

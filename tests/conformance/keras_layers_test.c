/* Layers against Keras 3: outputs, input deltas, gradients and state, from keras_values.py. */
#include "tests/conformance/layer.h"

struct keras_case {
    const char *component;
    runner_shape shape;
    uint64_t rows;
    int training;
    struct {
        const char *param;
        double value;
    } numbers[4];
    struct {
        const char *param;
        uint64_t count;
        int64_t values[2];
    } lists[3];
    const float *output, *input_delta, *gradients[2], *state[2];
};

#include "tests/conformance/keras_values.h"

/* Rounding of sums of a few dozen float32 products, relative to the largest value of the matrix. */
#define CLOSE 2e-6

static void fill(const struct matrix *matrix, uint64_t step, uint64_t start, uint64_t modulus, float scale) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = 0; j < matrix->view.columns; j++) {
            uint64_t index = i * matrix->view.columns + j;
            *at(matrix, i, j) = (float)((int64_t)((index * step + start) % modulus) - (int64_t)(modulus / 2)) / scale;
        }
}

static void expect(const struct keras_case *keras, const char *what, const struct matrix *found, const float *wanted) {
    float largest = 0;
    uint64_t n = found->view.rows * found->view.columns;
    for (uint64_t i = 0; i < n; i++)
        largest = fmaxf(largest, fabsf(wanted[i]));
    for (uint64_t i = 0; i < n; i++) {
        float value = *at(found, i / found->view.columns, i % found->view.columns);
        if (!(fabs((double)value - (double)wanted[i]) <= CLOSE * (double)largest))
            fail_msg("case %d, %s: %s[%d] is %.9g, Keras' is %.9g", (int)(keras - cases), keras->component, what,
                     (int)i, (double)value, (double)wanted[i]);
    }
}

static void open_case(struct harness *harness, const struct keras_case *keras, struct layer *layer) {
    const runner_component *component = component_find(harness, RUNNER_LAYER, keras->component);
    void *config = config_new(component);
    for (size_t i = 0; i < 4 && keras->numbers[i].param != NULL; i++)
        config_set(component, config, keras->numbers[i].param, keras->numbers[i].value);
    for (size_t i = 0; i < 3 && keras->lists[i].param != NULL; i++)
        config_set_ints(component, config, keras->lists[i].param, keras->lists[i].values, keras->lists[i].count);
    layer_open(layer, harness, component, config, &keras->shape, keras->rows);
    free(config);
    fill(&layer->input, 37, 11, 101, 32);
    fill(&layer->weights, 29, 5, 89, 64);
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++) {
        const struct matrix *tensor = &layer->tensors[t];
        fill(tensor, 53, 7, 97, 64);
        for (uint64_t j = 0; strcmp(layer->plan.tensors[t].name, "moving_variance") == 0 && j < tensor->view.columns;
             j++)
            *at(tensor, 0, j) = fabsf(*at(tensor, 0, j)) + 0.25f;
    }
}

static void evaluate_case(const struct keras_case *keras, struct layer *layer) {
    struct views views;
    runner_rows run = layer_rows(layer, &views, 0, layer->rows);
    run.training = 0;
    call_reset(&layer->harness->call);
    if (layer->plan.statistics > 0)
        layer->ops->combine(layer->config, &layer->harness->call.public, 0, views.tensors, 0, layer->statistics);
    layer->ops->forward(layer->config, &layer->harness->call.public, &run);
    expect(keras, "output", &layer->output, keras->output);
}

static void train_case(const struct keras_case *keras, struct layer *layer) {
    layer_reduce(layer);
    layer_forward(layer, 0, layer->rows);
    expect(keras, "output", &layer->output, keras->output);
    layer_reduce_delta(layer);
    layer_backward(layer, 0, layer->rows);
    expect(keras, "input delta", &layer->input_delta, keras->input_delta);
    uint32_t trained = 0, state = 0;
    for (uint32_t t = 0; t < layer->plan.n_tensors; t++) {
        if ((layer->plan.tensors[t].flags & RUNNER_STATE) != 0) {
            expect(keras, layer->plan.tensors[t].name, &layer->tensors[t], keras->state[state++]);
            continue;
        }
        struct matrix gradient = zero_gradient(layer, t);
        runner_tile tile = whole_tensor(layer, t);
        layer_gradient(layer, 0, layer->rows, &tile, 1, &gradient);
        expect(keras, layer->plan.tensors[t].name, &gradient, keras->gradients[trained++]);
        matrix_free(&gradient);
    }
}

static void layers_give_what_keras_gives(void **state) {
    for (const struct keras_case *keras = cases; keras < cases + sizeof cases / sizeof cases[0]; keras++) {
        struct layer layer;
        open_case(*state, keras, &layer);
        if (keras->training)
            train_case(keras, &layer);
        else
            evaluate_case(keras, &layer);
        layer_close(&layer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_give_what_keras_gives),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

/* The engine's gradients of whole models against central differences of the loss, which is summed in float64. */
#include "tests/unit/train/lab.h"

#include "runner/train/evaluate.h"
#include "runner/train/step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STEP 0.001f /* small, so that few rows cross the kink of relu */

/* One update of plain gradient descent at rate 1 gives the gradient: what the weights lost. */
static void weights_after_update(struct lab *lab, struct model *model, uint64_t micro_rows) {
    struct stepper stepper;
    uint64_t rows = lab->data.rows[DATA_TRAIN];
    stepper_init(&stepper, model, &lab->data, rows, micro_rows, 1, 0);
    stepper_update(&stepper, NULL, 0, rows, 1);
    assert_false(stepper.failed);
    stepper_clear(&stepper);
}

static double loss_now(struct evaluator *evaluator) {
    double values[4];
    struct error error = {0};
    assert_int_equal(evaluator_run(evaluator, DATA_TRAIN, values, &error), STATUS_OK);
    return values[0];
}

/* The relative error of a whole tensor's gradient: single elements near zero hold nothing but rounding. */
static void check_model(struct lab *lab, const char *layers, const char *loss, uint64_t micro_rows) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "model: [%s]\nloss: %s\noptimizer: {sgd: {learning_rate: 1}}\n", layers, loss);
    struct tree *trial = lab_trial(lab, yaml);
    struct model model;
    struct error error = {0};
    if (model_build(&lab->loader, trial, &lab->data, &model, NULL, &error) != STATUS_OK ||
        model_initialize(&model, 3, &error) != STATUS_OK)
        fail_msg("%s: %s", yaml, error.text);
    struct evaluator evaluator;
    evaluator_init(&evaluator, &model, &lab->data, 1);
    for (size_t t = 0; t < model.n_tensors; t++) {
        struct tensor *tensor = &model.tensors[t];
        if (!tensor->trained)
            continue;
        assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
        uint64_t floats = tensor->rows * tensor->pitch; /* with the gaps between rows, which stay 0 */
        float *before = memory_alloc(floats, sizeof *before);
        memcpy(before, tensor->weights, floats * sizeof *before);
        weights_after_update(lab, &model, micro_rows);
        double difference = 0, size = 0;
        float *after = memory_alloc(floats, sizeof *after);
        memcpy(after, tensor->weights, floats * sizeof *after);
        assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
        for (uint64_t i = 0; i < floats; i++) {
            float *w = &tensor->weights[i];
            float up = before[i] + STEP, down = before[i] - STEP;
            *w = up;
            double loss_up = loss_now(&evaluator);
            *w = down;
            double loss_down = loss_now(&evaluator);
            *w = before[i];
            double numeric = (loss_up - loss_down) / ((double)up - (double)down);
            double analytic = (double)before[i] - (double)after[i];
            difference += (numeric - analytic) * (numeric - analytic);
            size += numeric * numeric + analytic * analytic;
        }
        if (!(sqrt(difference) <= 1e-2 * sqrt(size)))
            fail_msg("%s of %s: gradient differs by %g of %g", tensor->name, yaml, sqrt(difference), sqrt(size));
        free(before);
        free(after);
    }
    evaluator_clear(&evaluator);
    model_clear(&model);
}

static const char *const activations[] = {"sigmoid", "tanh", "relu", "softmax", "linear"};

static void every_activation_within_a_dense_layer(void **state) {
    char layers[512];
    for (size_t a = 0; a < 5; a++) {
        snprintf(layers, sizeof layers,
                 "{dense: {units: 6, activation: %s, bias_initializer: random_normal}}, {dense: {units: 3, activation: "
                 "softmax}}",
                 activations[a]);
        check_model(*state, layers, "categorical_crossentropy", 4096);
    }
}

static void every_activation_as_a_layer_and_as_the_last_one(void **state) {
    char layers[512];
    for (size_t a = 0; a < 5; a++) {
        snprintf(layers, sizeof layers,
                 "{dense: {units: 3, kernel_initializer: {random_normal: {stddev: 0.5}}, bias_initializer: "
                 "random_normal}}, %s",
                 activations[a]);
        check_model(*state, layers, "mean_squared_error", 4096);
    }
}

static void crossentropy_of_probabilities_and_of_logits(void **state) {
    check_model(*state, "{dense: {units: 3, activation: softmax}}", "categorical_crossentropy", 4096);
    check_model(*state, "{dense: {units: 3, activation: softmax}}, linear", "categorical_crossentropy", 4096);
    check_model(*state, "{dense: {units: 3, activation: sigmoid}}", "categorical_crossentropy", 4096);
}

static void gradients_without_bias_and_in_micro_batches(void **state) {
    check_model(*state,
                "{dense: {units: 5, use_bias: false, activation: tanh}}, {dense: {units: 3, activation: softmax}}",
                "categorical_crossentropy", 7);
}

static int setup(void **state) {
    lab_setup(state, 25, 0, 4, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_activation_within_a_dense_layer),
        cmocka_unit_test(every_activation_as_a_layer_and_as_the_last_one),
        cmocka_unit_test(crossentropy_of_probabilities_and_of_logits),
        cmocka_unit_test(gradients_without_bias_and_in_micro_batches),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

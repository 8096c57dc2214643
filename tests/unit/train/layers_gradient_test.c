/* Layers within whole models, through the engine's slices, phases, tiles and groups of rows: gradients against central differences of the
   training loss, and histories that do not depend on threads. */
#include "tests/unit/train/lab.h"

#include "runner/train/step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STEP 0.0005f   /* small, so that few rows cross a corner */
#define TOLERANCE 1e-2 /* relative, of a whole tensor; what is much smaller than the largest gradient is rounding */

enum { EVERY = SANITIZED ? 11 : 1 }; /* of how many weights one is moved */
enum { HEIGHT = 6, WIDTH = 5, CHANNELS = 2, ROWS = 100, CLASSES = 3 };

/* The loss of the first `rows` rows as trained on in update 0, after which the weights have lost rate times their gradient. */
static double update(struct stepper *stepper, uint64_t rows, double rate) {
    stepper->step.number = 0; /* the same noise each time */
    stepper_update(stepper, NULL, 0, rows, rate);
    assert_false(stepper->failed);
    return stepper->loss_sum / (double)rows;
}

struct check {
    struct model model;
    struct stepper stepper;
    float **before, **gradients; /* [n_tensors] */
};

static void check_init(struct check *check, struct lab *lab, const char *yaml, uint64_t rows, uint64_t micro_rows) {
    struct error error = {0};
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &check->model, NULL, &error) != STATUS_OK ||
        model_initialize(&check->model, 3, &error) != STATUS_OK)
        fail_msg("%s: %s", yaml, error.text);
    stepper_init(&check->stepper, &check->model, &lab->data, rows, micro_rows, 1, 5);
    struct model *model = &check->model;
    check->before = arena_array(&model->arena, model->n_tensors, sizeof(float *));
    check->gradients = arena_array(&model->arena, model->n_tensors, sizeof(float *));
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        check->before[t] = arena_array(&model->arena, tensor_floats(tensor), sizeof(float));
        check->gradients[t] = arena_array(&model->arena, tensor_floats(tensor), sizeof(float));
        memcpy(check->before[t], tensor->weights, tensor_floats(tensor) * sizeof(float));
    }
}

static void restore(struct check *check) {
    for (size_t t = 0; t < check->model.n_tensors; t++)
        memcpy(check->model.tensors[t].weights, check->before[t],
               tensor_floats(&check->model.tensors[t]) * sizeof(float));
}

static double numeric(struct check *check, float *weight, uint64_t rows) {
    float kept = *weight, up = kept + STEP, down = kept - STEP;
    *weight = up;
    double loss_up = update(&check->stepper, rows, 0);
    *weight = down;
    double loss_down = update(&check->stepper, rows, 0);
    *weight = kept;
    return (loss_up - loss_down) / ((double)up - (double)down);
}

static void check_model(struct lab *lab, const char *layers, uint64_t rows, uint64_t micro_rows) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "model: [%s, {dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\n"
             "optimizer: {sgd: {learning_rate: 1}}\n",
             layers);
    struct check check;
    check_init(&check, lab, yaml, rows, micro_rows);
    struct model *model = &check.model;
    update(&check.stepper, rows, 1);
    double largest = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        for (uint64_t i = 0; i < tensor_floats(&model->tensors[t]) && model->tensors[t].trained; i++) {
            check.gradients[t][i] = check.before[t][i] - model->tensors[t].weights[i];
            largest = fmax(largest, fabs((double)check.gradients[t][i]));
        }
    assert_true(largest > 0);
    restore(&check);
    for (size_t t = 0; t < model->n_tensors; t++) {
        const struct tensor *tensor = &model->tensors[t];
        double difference = 0, size = 0;
        for (uint64_t i = 0; i < tensor_floats(tensor) && tensor->trained; i += EVERY) {
            double wanted = numeric(&check, &tensor->weights[i], rows), found = (double)check.gradients[t][i];
            difference += (wanted - found) * (wanted - found);
            size += wanted * wanted + found * found;
        }
        double noise = 1e-4 * largest * sqrt((double)tensor_floats(tensor));
        if (!(sqrt(difference) <= TOLERANCE * sqrt(size) + noise))
            fail_msg("%s with %d rows of %s: gradient differs by %g of %g", tensor->name, (int)rows, yaml,
                     sqrt(difference), sqrt(size));
    }
    stepper_clear(&check.stepper);
    model_clear(model);
}

/* A dense layer with biases before each, so that a wrong input delta shows in weights. */
#define BEFORE "{dense: {units: 6, bias_initializer: random_normal}}, "
#define NORMAL "{random_normal: {stddev: 0.5}}"

static const char *const vectors[] = {
    BEFORE "elu",
    BEFORE "selu",
    BEFORE "gelu",
    BEFORE "{gelu: {approximate: true}}",
    BEFORE "silu",
    BEFORE "softplus",
    BEFORE "{prelu: {alpha_initializer: {constant: {value: 0.25}}}}",
    BEFORE "{dropout: {rate: 0.4}}, {dense: {units: 5, activation: tanh}}, {dropout: {rate: 0.2}}",
    BEFORE "{gaussian_noise: {stddev: 0.3}}, tanh",
    BEFORE "{layer_normalization: {gamma_initializer: " NORMAL "}}",
    BEFORE "{layer_normalization: {center: false, epsilon: 0.00001}}, tanh",
    "{maxout: {units: 4, pieces: 3, bias_initializer: " NORMAL "}}",
    "{variable: {shape: [2, 4], initializer: " NORMAL "}}, tanh",
    BEFORE "{residual: {layers: [{dense: {units: 6, activation: tanh}}, {dense: {units: 6}}]}}",
    BEFORE "{residual: {layers: []}}, tanh",
    BEFORE "{residual: {layers: [{residual: {layers: [tanh]}}, elu]}}, {residual: {layers: [silu]}}",
    "flatten, {residual: {layers: [{dense: {units: 60, activation: tanh}}]}}",
};

static const char *const images[] = {
    "{conv2d: {filters: 3, kernel_size: 3, activation: tanh, bias_initializer: " NORMAL
    "}}, {conv2d: {filters: 2, kernel_size: 2}}",
    "{conv2d: {filters: 3, kernel_size: [2, 3], padding: same, strides: 2}}, tanh, "
    "{conv2d: {filters: 2, kernel_size: 2, dilation_rate: [1, 2], use_bias: false, padding: same}}",
    "{conv2d: {filters: 3, kernel_size: 2}}, {average_pooling2d: {pool_size: 3, strides: 2, padding: same}}, flatten",
    "{conv2d: {filters: 3, kernel_size: 1, activation: tanh}}, global_average_pooling2d",
    "{conv2d: {filters: 3, kernel_size: 1}}, {max_pooling2d: {pool_size: [2, 3], strides: 1}}",
    "{conv2d: {filters: 3, kernel_size: 1, bias_initializer: " NORMAL
    "}}, {prelu: {shared_axes: [1, 2], alpha_initializer: " NORMAL "}}",
    "{conv2d: {filters: 3, kernel_size: 1, bias_initializer: " NORMAL
    "}}, {prelu: {shared_axes: 3, alpha_initializer: " NORMAL "}}",
    "{conv2d: {filters: 3, kernel_size: 1}}, {layer_normalization: {gamma_initializer: " NORMAL "}}, tanh",
    "{residual: {layers: [{conv2d: {filters: 2, kernel_size: 3, padding: same, activation: tanh}}]}}, "
    "{max_pooling2d: {strides: 3, padding: same}}",
};

/* Of two rows a normalised batch is +-1, which no weight moves. */
static const char *const batches[] = {
    BEFORE "{batch_normalization: {gamma_initializer: " NORMAL "}}, tanh",
    "{batch_normalization: {center: false}}, {dense: {units: 4}}, batch_normalization, tanh",
    BEFORE "{batch_normalization: {scale: false}}, {batch_normalization: {scale: false, center: false}}, silu",
    BEFORE "{residual: {layers: [batch_normalization, tanh, {dense: {units: 6}}, batch_normalization]}}, tanh",
    ("{conv2d: {filters: 3, kernel_size: 2}}, batch_normalization, {conv2d: {filters: 2, kernel_size: 2}}, "
     "{batch_normalization: {epsilon: 0.00001}}, tanh"),
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void gradients_of_layers_on_vectors(void **state) {
    const uint64_t rows[] = {1, 7, 70};
    for (size_t i = 0; i < COUNT(vectors); i++)
        for (size_t r = 0; r < COUNT(rows); r++)
            check_model(*state, vectors[i], rows[r], 4096);
}

static void gradients_of_layers_on_images(void **state) {
    const uint64_t rows[] = {1, 7, 70};
    for (size_t i = 0; i < COUNT(images); i++)
        for (size_t r = 0; r < COUNT(rows); r++)
            check_model(*state, images[i], rows[r], 4096);
}

static void gradients_of_layers_across_the_batch(void **state) {
    const uint64_t rows[] = {5, 70};
    for (size_t i = 0; i < COUNT(batches); i++)
        for (size_t r = 0; r < COUNT(rows); r++)
            check_model(*state, batches[i], rows[r], 4096);
}

static void gradients_in_micro_batches(void **state) {
    check_model(*state, vectors[7], 50, 9);
    check_model(*state, vectors[9], 50, 9);
    check_model(*state, images[0], 50, 9);
    check_model(*state, images[4], 50, 9);
    check_model(*state, batches[0], 50, 9); /* whose statistics are those of each micro-batch */
}

/* ---- Histories ---- */

enum { MAX_VALUES = 64 };

struct history {
    size_t count;
    double values[MAX_VALUES];
};

static bool on_row(void *context, const struct train_columns *columns, const struct train_row *row) {
    struct history *history = context;
    for (size_t i = 0; i < columns->count; i++) {
        assert_true(history->count < MAX_VALUES);
        history->values[history->count++] = row->known[i] ? row->values[i] : 0;
    }
    return true;
}

static struct history run(struct lab *lab, const char *layers, const char *rest, int threads) {
    char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "model: [%s, {dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\n"
             "metrics: [accuracy]\noptimizer: adam\n%s",
             layers, rest);
    struct history history = {0};
    struct train_result result;
    struct error error = {0};
    struct train_request request = {.loader = &lab->loader,
                                    .trial = lab_trial(lab, yaml),
                                    .data = &lab->data,
                                    .threads = threads,
                                    .on_row = on_row,
                                    .context = &history};
    if (train_run(&request, &result, NULL, &error) != STATUS_OK)
        fail_msg("%s: %s", yaml, error.text);
    assert_int_equal(result.outcome, TRAIN_DONE);
    return history;
}

static void same_history(const struct history *a, const struct history *b, const char *what) {
    if (a->count != b->count || memcmp(a->values, b->values, a->count * sizeof(double)) != 0)
        fail_msg("histories differ: %s", what);
}

static void check_threads(struct lab *lab, const char *layers) {
    const char *const batch_sizes[] = {"3", "37", "full"};
    for (size_t b = 0; b < COUNT(batch_sizes); b++) {
        char rest[128];
        snprintf(rest, sizeof rest, "train: {batch_size: %s, epochs: 2}\n", batch_sizes[b]);
        struct history one = run(lab, layers, rest, 1), three = run(lab, layers, rest, 3);
        same_history(&one, &three, layers);
    }
}

static void three_threads_train_as_one(void **state) {
    for (size_t i = 0; i < COUNT(vectors); i++)
        check_threads(*state, vectors[i]);
    for (size_t i = 0; i < COUNT(images); i++)
        check_threads(*state, images[i]);
    for (size_t i = 0; i < COUNT(batches); i++)
        check_threads(*state, batches[i]);
}

/* But for convolution, whose gradient is added by groups of a micro-batch's rows, and statistics of a batch. */
static void micro_batches_change_no_bit_of_the_weights(void **state) {
    for (size_t i = 0; i < COUNT(vectors); i++) {
        const char *const rest = "train: {batch_size: 50, epochs: 2}\nengine: {gemm: portable, micro_batch: ";
        char whole_rest[256], parts_rest[256];
        snprintf(whole_rest, sizeof whole_rest, "%s4096}\n", rest);
        snprintf(parts_rest, sizeof parts_rest, "%s7}\n", rest);
        struct history whole = run(*state, vectors[i], whole_rest, 1), parts = run(*state, vectors[i], parts_rest, 1);
        for (size_t row = 0; row < whole.count / 4;
             row++) /* running means add in another order: look at the test rows */
            if (whole.values[4 * row + 2] != parts.values[4 * row + 2])
                fail_msg("micro-batches differ in epoch %d of %s", (int)row, vectors[i]);
    }
}

/* ---- Noise ---- */

static void evaluation_sees_no_noise(void **state) {
    const char *const rest = "train: {batch_size: 10, epochs: 0}\n";
    struct history plain = run(*state, BEFORE "linear", rest, 1);
    struct history dropout = run(*state, BEFORE "{dropout: {rate: 0.5}}", rest, 1);
    struct history noise = run(*state, BEFORE "{gaussian_noise: {stddev: 2}}", rest, 1);
    same_history(&plain, &dropout, "dropout");
    same_history(&plain, &noise, "gaussian_noise");
}

/* Masks of two dropout layers of 60 units on ones, over 100 rows. */
static void dropout_keeps_its_share_and_differs_by_layer_row_and_update(void **state) {
    struct lab *lab = *state;
    struct check check;
    check_init(&check, lab,
               "model: [{variable: {shape: 200, initializer: ones}}, {dropout: {rate: 0.3}}, {residual: {layers: "
               "[{variable: {shape: 200, initializer: ones}}, {dropout: {rate: 0.3}}]}}, {dense: {units: 3, "
               "activation: softmax}}]\nloss: categorical_crossentropy\noptimizer: sgd\n",
               ROWS, 4096);
    const unsigned char *one = check.stepper.buffers.saved[2], *other = check.stepper.buffers.saved[4];
    unsigned char first[200 * ROWS];
    update(&check.stepper, ROWS, 0);
    memcpy(first, one, sizeof first);
    int kept = 0, both = 0, rows_alike = 0, again = 0;
    stepper_update(&check.stepper, NULL, 0, ROWS, 0);
    for (int i = 0; i < 200 * ROWS; i++) {
        kept += first[i];
        both += one[i] & other[i];
        rows_alike += i >= 200 && first[i] & first[i - 200];
        again += first[i] & one[i];
    }
    /* 20000 draws: 4 standard deviations are 260 around 0.7 and 282 around 0.49 of them */
    assert_in_range(kept, 14000 - 260, 14000 + 260);
    assert_in_range(both, 9800 - 282, 9800 + 282);
    assert_in_range(rows_alike, 9702 - 282, 9702 + 282);
    assert_in_range(again, 9800 - 282, 9800 + 282);
    stepper_clear(&check.stepper);
    model_clear(&check.model);
}

static int setup(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 30, HEIGHT * WIDTH * CHANNELS, CLASSES);
    lab->data.input = (runner_shape){.rank = 3, .size = {HEIGHT, WIDTH, CHANNELS}};
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_layers_on_vectors),
        cmocka_unit_test(gradients_of_layers_on_images),
        cmocka_unit_test(gradients_of_layers_across_the_batch),
        cmocka_unit_test(gradients_in_micro_batches),
        cmocka_unit_test(three_threads_train_as_one),
        cmocka_unit_test(micro_batches_change_no_bit_of_the_weights),
        cmocka_unit_test(evaluation_sees_no_noise),
        cmocka_unit_test(dropout_keeps_its_share_and_differs_by_layer_row_and_update),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

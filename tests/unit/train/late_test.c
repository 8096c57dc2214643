/* ctest: timeout 120 (the address sanitizer makes it slow, and other tests run beside it) */
/* Steps that come late (runner/train/late.h), and gradients of one example that are not stored, against the same updates with no step late and
   stored gradients: the same bits of weights and slots. */
#include "tests/unit/train/lab.h"

#include "runner/base/hash.h"
#include "runner/train/late.h"
#include "runner/train/step_plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 80 /* of two segments */, ROWS = 100, UPDATES = 300 };

static const char *const model_text =
    "model: [{dense: {units: 300, activation: relu}}, {dense: {units: 270, activation: tanh}}, "
    "{dense: {units: 3, activation: softmax}}]\nloss: categorical_crossentropy\n";

/* Runs end after these updates; in the first more steps are due than are kept. */
static const uint64_t ends[] = {270, 271, UPDATES};

struct updates {
    struct stepper *stepper;
    uint64_t rows, begun, end;
};

static bool next_update(void *context) {
    struct updates *updates = context;
    uint64_t u = updates->begun, rows = updates->rows;
    if (u == updates->end)
        return false;
    stepper_begin(updates->stepper, NULL, u * rows % (ROWS - rows + 1), rows, 0.002 / (double)(1 + u % 5));
    updates->begun++;
    return true;
}

/* A hash of weights and slots of all tensors after each run. */
static struct hash128 state_after(struct lab *lab, const char *optimizer, uint64_t rows, int threads, bool late,
                                  bool outer) {
    char yaml[1024];
    struct error error = {0};
    struct model model;
    struct stepper stepper;
    struct hash_stream hash;
    hash_stream_init(&hash);
    snprintf(yaml, sizeof yaml, "%soptimizer: %s\n", model_text, optimizer);
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &model, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    model_plan_columns(&model, rows, rows);
    model.sparse_input = true;
    assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
    stepper_init(&stepper, &model, &lab->data, rows, rows, threads, 5);
    assert_non_null(stepper.late.tensor);
    if (!late)
        stepper.late.tensor = NULL;
    for (size_t i = 0; i < model.n_nodes && !outer; i++)
        model.nodes[i].plan.flags &= ~RUNNER_OUTER_GRADIENT;
    if (!outer)
        stepper.late.inputs = NULL; /* rows that are read get their step in time */
    struct updates updates = {.stepper = &stepper, .rows = rows};
    for (size_t r = 0; r < sizeof ends / sizeof ends[0]; r++) {
        updates.end = ends[r];
        lab_run(&stepper, threads, next_update, &updates);
        assert_false(stepper.failed || stepper.diverged);
        for (size_t t = 0; t < model.n_tensors; t++) {
            const struct tensor *tensor = &model.tensors[t];
            float *plain = memory_alloc(tensor->elements, sizeof *plain);
            for (uint32_t s = 0; s <= tensor->optimizer.slots; s++) {
                tensor_gather(tensor, s == 0 ? tensor->weights : tensor->slots[s - 1], plain);
                hash_stream_add(&hash, plain, tensor->elements * sizeof *plain);
            }
            free(plain);
        }
    }
    stepper_clear(&stepper);
    model_clear(&model);
    struct hash128 result = hash_stream_result(&hash);
    hash_stream_clear(&hash);
    return result;
}

static void same_bits_late(struct lab *lab, const char *optimizer, uint64_t rows) {
    struct hash128 wanted = state_after(lab, optimizer, rows, 1, false, false);
    for (int threads = SANITIZED ? 2 : 1; threads <= 2; threads++)
        for (int path = 1; path < 4; path++)
            if (!hash128_equal(state_after(lab, optimizer, rows, threads, path & 1, path & 2), wanted))
                fail_msg("%s, %d rows, %d threads, path %d", optimizer, (int)rows, threads, path);
}

/* Bytes behind the struct. */
static uint64_t bytes_of(const struct late *late) {
    const struct tensor *tensor = late->tensor;
    const uint64_t places = late->n_chunks * tensor->rows;
    uint64_t bytes = LATE_STEPS * sizeof *late->steps + tensor->pitch * sizeof *late->zeros +
                     places * sizeof *late->made + tensor->rows * (sizeof *late->read + sizeof *late->is_read);
    if (late->inputs != NULL)
        bytes += places * sizeof *late->inputs + LATE_STEPS * late->delta_pitch * sizeof *late->deltas;
    return bytes;
}

/* Chunks may be narrower than they are here. */
static void the_forecast_counts_what_late_steps_need(void **state) {
    static const uint64_t batches[] = {1, 4, 20, 32, 90};
    struct lab *lab = *state;
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        char yaml[1024];
        struct error error = {0};
        struct model model;
        struct stepper stepper;
        snprintf(yaml, sizeof yaml, "%soptimizer: adam\n", model_text);
        assert_int_equal(model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, &model, NULL, &error), STATUS_OK);
        model.sparse_input = true;
        const uint64_t forecast = late_size(&model, batches[b]);
        assert_true(stepper_copies_size(&model, batches[b]) >= forecast);
        assert_int_equal(late_size(&model, MODEL_MANY_ROWS + 1), 0);
        model_plan_columns(&model, batches[b], batches[b]);
        assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
        stepper_init(&stepper, &model, &lab->data, batches[b], batches[b], 2, 5);
        assert_non_null(stepper.late.tensor);
        assert_in_range(bytes_of(&stepper.late), forecast - forecast / 5, forecast);
        stepper_clear(&stepper);
        model_clear(&model);
    }
}

static void late_steps_and_outer_products_give_the_bits_of_steps_in_time(void **state) {
    static const char *const optimizers[] = {
        "adam",
        "adam",
        "{adam: {amsgrad: true, epsilon: 0.001}}",
        "adamw",
        "{adam: {beta_1: 0.0, beta_2: 0.9}}", /* weights rest from the first step on */
        "{adam: {beta_1: 0.5}}",              /* and after some */
        "{sgd: {momentum: 0.9, nesterov: true}}",
        "rmsprop",
        "adagrad",
        "nadam"};
    for (size_t o = 0; o < sizeof optimizers / sizeof optimizers[0]; o += SANITIZED ? 3 : 1) {
        uint64_t rows = o % 4 > 0 ? 1 : o == 4 ? 20 : 4;
        same_bits_late(*state, optimizers[o], rows);
    }
}

/* Of 32 rows and more, which go layer by layer: two blocks of a panel, one after another or by a thread each. */
static void late_steps_give_the_bits_of_steps_in_time_layer_by_layer(void **state) {
    same_bits_late(*state, "adam", 32);
    if (!SANITIZED)
        same_bits_late(*state, "{sgd: {momentum: 0.9}}", 90);
}

/* Element j is in about one example of 1 + j / 4, and the last ten are in none. */
static void thin_out(struct lab *lab) {
    float *inputs = (float *)lab->data.inputs[DATA_TRAIN];
    for (uint64_t i = 0; i < ROWS; i++)
        for (uint64_t j = 0; j < UNITS; j++)
            if (j >= UNITS - 10 || random_below(random_key(9, "thin", 0), i, j, 1 + (uint32_t)j / 4) > 0)
                inputs[i * UNITS + j] = 0;
}

static int setup(void **state) {
    struct lab *lab = lab_setup(state, ROWS, 0, UNITS, 3);
    thin_out(lab);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forecast_counts_what_late_steps_need),
        cmocka_unit_test(late_steps_and_outer_products_give_the_bits_of_steps_in_time),
        cmocka_unit_test(late_steps_give_the_bits_of_steps_in_time_layer_by_layer),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

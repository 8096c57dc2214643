/* Updates that come with the next product that reads the weights (runner/host/storage.h), against the same updates made at once: the same bits. */
#include "tests/unit/train/lab.h"

#include "runner/base/hash.h"
#include "runner/train/step_plan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { UNITS = 60, ROWS = 40, UPDATES = 30 };

/* Panels of 256, of 244 and of 44 columns, and layers for one thread with and without a transposed copy of their weights; weights that products
   read with gaps (dropout, relu), and without. */
static const char *const models[] = {
    "[{dense: {units: 500, activation: sigmoid}}, {dense: {units: 300, activation: relu}}, {dropout: {rate: 0.3}}, "
    "{dense: {units: "
    "256}}, {dense: {units: 3, activation: softmax}}]",
    "[{dense: {units: 300, use_bias: false, activation: relu}}, {dense: {units: 768, activation: tanh}}, {dense: "
    "{units: 3, "
    "activation: softmax}}]",
};

/* Runs end after these updates. */
static const uint64_t ends[] = {1, 2, 9, UPDATES};

struct updates {
    struct stepper *stepper;
    uint64_t begun, end;
};

static bool next_update(void *context) {
    struct updates *updates = context;
    uint64_t u = updates->begun;
    if (u == updates->end)
        return false;
    stepper_begin(updates->stepper, NULL, u % ROWS, 1, 0.02 / (double)(1 + u % 3));
    updates->begun++;
    return true;
}

/* Makes each update at once. */
static void forbid(struct model *model) {
    for (size_t t = 0; t < model->n_tensors; t++)
        model->tensors[t].pending = NULL;
}

static size_t count_pending(const struct model *model) {
    size_t count = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        count += model->tensors[t].pending != NULL;
    return count;
}

static size_t count_kernels(const struct model *model) {
    size_t count = 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        count += model->tensors[t].rows > 1;
    return count;
}

/* Bytes of transposed weights and of deltas. */
static uint64_t bytes_of_copies(const struct stepper *stepper) {
    uint64_t floats = 0;
    for (size_t t = 0; t < stepper->model->n_tensors; t++) {
        const struct tensor *tensor = &stepper->model->tensors[t];
        if (stepper->transposed[t] != NULL)
            floats += tensor->columns * row_pitch(tensor->rows);
        for (uint64_t p = 0; tensor->pending != NULL && p * tensor->panel < tensor->columns; p++)
            if (tensor->pending[p].due != NULL)
                floats += PENDING_DELTAS * tensor->pending[p].delta_pitch;
    }
    return floats * sizeof(float);
}

static void check_constraints(const struct model *model) {
    for (size_t t = 0; t < model->n_tensors; t++)
        for (uint64_t i = 0; model->tensors[t].plan->constraint != NULL && i < tensor_floats(&model->tensors[t]); i++)
            assert_true(model->tensors[t].weights[i] >= 0);
}

struct way {
    const char *layers, *optimizer;
    bool sparse, pending;
    int threads;
};

static void build(struct lab *lab, const struct way *way, struct model *model) {
    char yaml[1024];
    struct error error = {0};
    snprintf(yaml, sizeof yaml, "model: %s\nloss: categorical_crossentropy\noptimizer: %s\n", way->layers,
             way->optimizer);
    if (model_build(&lab->loader, lab_trial(lab, yaml), &lab->data, model, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    model->sparse_input = way->sparse;
}

/* A hash of all weights after each run. */
static struct hash128 weights_after(struct lab *lab, const struct way *way) {
    struct error error = {0};
    struct model model;
    struct stepper stepper;
    struct hash_stream hash;
    hash_stream_init(&hash);
    build(lab, way, &model);
    model_plan_columns(&model, 1, 1);
    assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
    stepper_init(&stepper, &model, &lab->data, 1, 1, way->threads, 5);
    const bool postpones = strcmp(way->optimizer, "sgd") == 0 && strstr(way->layers, "constraint") == NULL;
    assert_int_equal(count_pending(&model), postpones ? count_kernels(&model) : 0);
    if (!way->pending)
        forbid(&model);
    struct updates updates = {.stepper = &stepper};
    for (size_t r = 0; r < sizeof ends / sizeof ends[0]; r++) {
        updates.end = ends[r];
        lab_run(&stepper, way->threads, next_update, &updates);
        assert_false(stepper.failed || stepper.diverged);
        check_constraints(&model);
        for (size_t t = 0; t < model.n_tensors; t++) {
            float *plain = memory_alloc(model.tensors[t].elements, sizeof *plain);
            tensor_gather(&model.tensors[t], model.tensors[t].weights, plain);
            hash_stream_add(&hash, plain, model.tensors[t].elements * sizeof *plain);
            free(plain);
        }
    }
    stepper_clear(&stepper);
    assert_int_equal(count_pending(&model), 0);
    model_clear(&model);
    struct hash128 result = hash_stream_result(&hash);
    hash_stream_clear(&hash);
    return result;
}

static void updates_on_the_way_give_the_bits_of_updates_at_once(void **state) {
    for (size_t m = 0; m < 2; m++)
        for (int sparse = 0; sparse < 2; sparse++) {
            struct way way = {models[m], "sgd", sparse == 1, false, 1};
            struct hash128 wanted = weights_after(*state, &way);
            way.pending = true;
            for (way.threads = 1; way.threads <= 3; way.threads++)
                if (!hash128_equal(weights_after(*state, &way), wanted))
                    fail_msg("model %d, %s, %d threads", (int)m, sparse ? "sparse" : "dense", way.threads);
        }
}

/* They read all weights after each update. */
static void constraints_want_updates_at_once(void **state) {
    static const char *const layers[] = {"[{dense: {units: 300, activation: relu}}, {dense: {units: 3, activation: "
                                         "softmax, kernel_constraint: non_neg}}]",
                                         "[{dense: {units: 300, activation: relu}}, {dense: {units: 3, activation: "
                                         "softmax, bias_constraint: non_neg}}]"};
    for (size_t m = 0; m < 2; m++) {
        struct way way = {layers[m], "sgd", false, true, 1};
        weights_after(*state, &way);
    }
}

static void other_optimizers_update_at_once(void **state) {
    static const char *const optimizers[] = {"{sgd: {momentum: 0.9}}", "{sgd: {clipnorm: 0.01}}",
                                             "{sgd: {clipvalue: 0.01}}", "{sgd: {weight_decay: 0.01}}"};
    for (size_t o = 0; o < sizeof optimizers / sizeof optimizers[0]; o++) {
        struct way way = {models[0], optimizers[o], true, true, 1};
        weights_after(*state, &way);
    }
}

/* But for the gaps between panels of columns, of which a plan does not know: less than a cache line in 256 columns. */
static void the_forecast_counts_copies_of_weights_and_deltas(void **state) {
    struct lab *lab = *state;
    for (size_t m = 0; m < 2; m++)
        for (int sparse = 0; sparse < 2; sparse++)
            for (uint64_t batch = 1; batch <= 40; batch += 39) {
                struct model model;
                struct error error = {0};
                struct way way = {models[m], "sgd", sparse == 1, true, 1};
                build(lab, &way, &model);
                const uint64_t forecast = stepper_copies_size(&model, batch);
                model_plan_columns(&model, batch, batch);
                assert_int_equal(model_initialize(&model, 3, &error), STATUS_OK);
                struct stepper stepper;
                stepper_init(&stepper, &model, &lab->data, batch, batch, 1, 1);
                const uint64_t kept = bytes_of_copies(&stepper);
                assert_true(kept > 0);
                assert_in_range(forecast, kept - kept / 10, kept + kept / 10);
                stepper_clear(&stepper);
                model_clear(&model);
            }
}

static int setup(void **state) {
    lab_setup(state, ROWS, 0, UNITS, 3);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_on_the_way_give_the_bits_of_updates_at_once),
        cmocka_unit_test(constraints_want_updates_at_once),
        cmocka_unit_test(other_optimizers_update_at_once),
        cmocka_unit_test(the_forecast_counts_copies_of_weights_and_deltas),
    };
    return cmocka_run_group_tests(tests, setup, lab_teardown);
}

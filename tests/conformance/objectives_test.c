/*
 * The losses that are not in losses_test.c, label smoothing, and the metrics. Values and derivatives (of their sum) are those
 * of keras.losses, keras.metrics (keras 3.15.1 on torch 2.13.0, float32) and torch's autograd, of the predictions below.
 */
#include "tests/conformance/harness.h"

enum { ROWS = 4, COLUMNS = 4, MAX_SETTINGS = 3 };

struct setting {
    const char *param;
    double value;
};

static const float logits[ROWS][COLUMNS] = {{1, 2, 3, 4}, {-1, 0, 1, .5f}, {30, -40, 0, 5}, {.25f, .25f, .25f, .25f}};
static const float shares[ROWS][COLUMNS] = {
    {.1f, .2f, .3f, .4f}, {.5f, .25f, .125f, .0625f}, {0, 1, 0, .5f}, {1e-9f, .25f, .999f, .75f}};
static const float vectors[ROWS][COLUMNS] = {{0, 1, 1, 0}, {1, 0, .25f, 1}, {1, 0, 1, .5f}, {1, 0, 1, .75f}};
static const int32_t labels[ROWS] = {3, 0, 2, 1};

/* clang-format off */
static const struct sample {
    const char *name;
    struct setting settings[MAX_SETTINGS];
    uint32_t target, from_logits;
    const float (*predictions)[COLUMNS];
    double values[ROWS];
    float deltas[ROWS][COLUMNS];
} samples[] = {
    {"categorical_crossentropy", {{"label_smoothing", 0.1}}, RUNNER_ONE_HOT, 1, logits,
     {0.590189695, 2.63406706, 30.1249981, 1.38629425},
     {{0.00705860555f, 0.0621443242f, 0.211882785f, -0.2810857f},
      {-0.860852301f, 0.149371475f, 0.448990762f, 0.262489945f},
      {0.974999964f, -0.0250000004f, -0.924999952f, -0.0250000004f},
      {0.224999964f, -0.674999952f, 0.224999964f, 0.224999964f}}},
    {"categorical_crossentropy", {{"label_smoothing", 0.3}}, RUNNER_ONE_HOT, 0, shares,
     {1.09382498, 0.940524876, 13.8131866, 2.94558525},
     {{0.25f, 0.625f, 0.75f, -0.937499881f},
      {-0.48333323f, 0.766666591f, 0.466666579f, -0.133333445f},
      {0.100000001f, 0.0249999985f, 0.100000001f, -0.0500000045f},
      {0.462731332f, -2.63726854f, 0.387656271f, 0.362731338f}}},
    {"sparse_categorical_crossentropy", {{"from_logits", 1}}, RUNNER_LABELS, 0, logits,
     {0.440189689, 2.74656725, 30, 1.38629436},
     {{0.0320586078f, 0.0871443301f, 0.236882806f, -0.356085718f},
      {-0.935852289f, 0.174371496f, 0.473990828f, 0.28748998f},
      {1, 3.97544995e-31f, -1, 1.38879437e-11f},
      {0.25f, -0.75f, 0.25f, 0.25f}}},
    {"sparse_categorical_crossentropy", {{NULL, 0}}, RUNNER_LABELS, 0, shares,
     {0.9162907, 0.628608584, 16.1180954, 2.07894158},
     {{1, 1, 1, -1.5f},
      {-0.933333278f, 1.0666666f, 1.0666666f, 1.0666666f},
      {0, 0, 0, 0},
      {0.500250101f, -3.4997499f, 0.500250101f, 0.500250101f}}},
    {"binary_crossentropy", {{NULL, 0}}, RUNNER_VALUES, 1, logits,
     {1.37673175, 0.885936916, 0.79996562, 0.654064417},
     {{0.182764649f, -0.0298007429f, -0.0118564665f, 0.24550344f},
      {-0.182764649f, 0.125f, 0.120264649f, -0.094385162f},
      {0, 1.06208853e-18f, -0.125f, 0.123326793f},
      {-0.109455869f, 0.140544131f, -0.109455869f, -0.0469558686f}}},
    {"binary_crossentropy", {{"from_logits", 1}, {"label_smoothing", 0.2}}, RUNNER_VALUES, 0, logits,
     {1.37673163, 0.86093688, 2.54996538, 0.663439393},
     {{0.157764643f, -0.00480075181f, 0.0131435245f, 0.220503435f},
      {-0.157764643f, 0.100000001f, 0.107764646f, -0.0693851709f},
      {0.0249999911f, -0.0250000004f, -0.100000009f, 0.123326793f},
      {-0.0844558775f, 0.115544133f, -0.0844558775f, -0.0344558805f}}},
    {"binary_crossentropy", {{NULL, 0}}, RUNNER_VALUES, 0, shares,
     {0.857399225, 1.09335673, 12.2179298, 4.24227858},
     {{0.277777791f, -1.24999988f, -0.833333313f, 0.416666657f},
      {-0.5f, 0.333333343f, -0.285714298f, -4},
      {0, 0, 0, 0},
      {0, 0.333333343f, -0.25025025f, 0}}},
    {"binary_crossentropy", {{"label_smoothing", 0.2}}, RUNNER_VALUES, 0, shares,
     {0.86662668, 1.07744467, 11.0134659, 4.05319309},
     {{0, -1.09375f, -0.714285731f, 0.3125f},
      {-0.400000036f, 0.200000003f, -0.400000036f, -3.5733335f},
      {0, 0, 0, 0},
      {0, 0.200000003f, 24.7750893f, 0.0666666031f}}},
    {"huber", {{NULL, 0}}, RUNNER_VALUES, 0, logits,
     {1.5, 0.4765625, 18.125, 0.1796875},
     {{0.25f, 0.25f, 0.25f, 0.25f},
      {-0.25f, 0, 0.1875f, -0.125f},
      {0.25f, -0.25f, -0.25f, 0.25f},
      {-0.1875f, 0.0625f, -0.1875f, -0.125f}}},
    {"huber", {{"delta", 0.3}}, RUNNER_VALUES, 0, logits,
     {0.555000067, 0.210000008, 5.54250002, 0.124062508},
     {{0.075000003f, 0.075000003f, 0.075000003f, 0.075000003f},
      {-0.075000003f, 0, 0.075000003f, -0.075000003f},
      {0.075000003f, -0.075000003f, -0.075000003f, 0.075000003f},
      {-0.075000003f, 0.0625f, -0.075000003f, -0.075000003f}}},
    {"mean_absolute_error", {{NULL, 0}}, RUNNER_VALUES, 0, logits,
     {2, 0.8125, 18.625, 0.5625},
     {{0.25f, 0.25f, 0.25f, 0.25f},
      {-0.25f, -0, 0.25f, -0.25f},
      {0.25f, -0.25f, -0.25f, 0.25f},
      {-0.25f, 0.25f, -0.25f, -0.25f}}},
};
/* clang-format on */
enum { SAMPLES = sizeof samples / sizeof samples[0] };

static void *configure(const runner_component *component, const struct setting *settings) {
    void *config = config_new(component);
    for (int i = 0; i < MAX_SETTINGS && settings[i].param != NULL; i++)
        config_set(component, config, settings[i].param, settings[i].value);
    return config;
}

struct loss {
    struct harness *harness;
    const runner_loss_ops *ops;
    void *config;
    const struct sample *sample;
    struct matrix prediction, target, delta;
};

static struct matrix matrix_of(const float values[ROWS][COLUMNS]) {
    struct matrix matrix = matrix_new(ROWS, COLUMNS);
    for (uint64_t i = 0; i < ROWS; i++)
        memcpy(at(&matrix, i, 0), values[i], sizeof values[i]);
    return matrix;
}

static struct matrix targets_of(uint32_t form) {
    struct matrix matrix = matrix_of(vectors);
    for (uint64_t i = 0; i < ROWS && form == RUNNER_ONE_HOT; i++)
        for (uint64_t j = 0; j < COLUMNS; j++)
            *at(&matrix, i, j) = (int32_t)j == labels[i];
    return matrix;
}

static void loss_open(struct loss *loss, struct harness *harness, const struct sample *sample) {
    const runner_component *component = component_find(harness, RUNNER_LOSS, sample->name);
    *loss = (struct loss){.harness = harness, .ops = component->ops, .sample = sample};
    loss->config = configure(component, sample->settings);
    loss->prediction = matrix_of(sample->predictions);
    loss->target = targets_of(sample->target);
    loss->delta = matrix_new(ROWS, COLUMNS);
}

static void loss_close(struct loss *loss) {
    assert_padding_kept(&loss->delta);
    matrix_free(&loss->prediction);
    matrix_free(&loss->target);
    matrix_free(&loss->delta);
    free(loss->config);
}

static void loss_evaluate(struct loss *loss, uint64_t first, uint64_t rows, double *values, float scale, bool delta) {
    runner_view prediction = rows_of(&loss->prediction, first, rows), target = rows_of(&loss->target, first, rows);
    runner_view into = rows_of(&loss->delta, first, rows);
    bool by_label = loss->sample->target == RUNNER_LABELS;
    runner_loss_rows run = {.size = sizeof run,
                            .from_logits = loss->sample->from_logits,
                            .first = first,
                            .rows = rows,
                            .prediction = &prediction,
                            .target = by_label ? NULL : &target,
                            .labels = by_label ? labels + first : NULL,
                            .values = values,
                            .scale = scale,
                            .delta = delta ? &into : NULL};
    call_reset(&loss->harness->call);
    loss->ops->evaluate(loss->config, &loss->harness->call.public, &run);
}

static void losses_are_those_of_keras(void **state) {
    for (int k = 0; k < SAMPLES; k++) {
        struct loss loss;
        loss_open(&loss, *state, &samples[k]);
        double values[ROWS];
        loss_evaluate(&loss, 0, ROWS, values, 0.5f, true);
        for (int i = 0; i < ROWS; i++) {
            double wanted = samples[k].values[i];
            if (!(fabs(values[i] - wanted) <= 3e-7 * (1 + fabs(wanted))))
                fail_msg("%s %d: row %d is %.9g, not %.9g", samples[k].name, k, i, values[i], wanted);
            for (int j = 0; j < COLUMNS; j++) {
                float found = *at(&loss.delta, (uint64_t)i, (uint64_t)j) * 2, slope = samples[k].deltas[i][j];
                if (!(fabsf(found - slope) <= 3e-7f * (1 + fabsf(slope))))
                    fail_msg("%s %d: derivative %d of row %d is %.9g, not %.9g", samples[k].name, k, j, i,
                             (double)found, (double)slope);
            }
        }
        loss_close(&loss);
    }
}

/* sparse is the same bits as categorical of one-hot targets. */
static void sparse_is_categorical_of_labels(void **state) {
    for (uint32_t from_logits = 0; from_logits < 2; from_logits++) {
        const float(*predictions)[COLUMNS] = from_logits ? logits : shares;
        struct sample by_label = {.name = "sparse_categorical_crossentropy",
                                  .target = RUNNER_LABELS,
                                  .from_logits = from_logits,
                                  .predictions = predictions};
        struct sample by_vector = by_label;
        by_vector.name = "categorical_crossentropy";
        by_vector.target = RUNNER_ONE_HOT;
        struct loss a, b;
        double values_a[ROWS], values_b[ROWS];
        loss_open(&a, *state, &by_label);
        loss_open(&b, *state, &by_vector);
        loss_evaluate(&a, 0, ROWS, values_a, 1, true);
        loss_evaluate(&b, 0, ROWS, values_b, 1, true);
        assert_memory_equal(values_a, values_b, sizeof values_a);
        assert_matrix_equal(&a.delta, &b.delta);
        loss_close(&a);
        loss_close(&b);
    }
}

/* Against libm's log1p in double. */
static void binary_crossentropy_is_exact_over_its_range(void **state) {
    struct loss loss;
    loss_open(&loss, *state, &(struct sample){.name = "binary_crossentropy", .from_logits = 1, .predictions = logits});
    loss.prediction.view.columns = loss.target.view.columns = loss.delta.view.columns = 1;
    *at(&loss.target, 0, 0) = 1;
    for (float z = -80; z <= 80; z += 0.37f) {
        *at(&loss.prediction, 0, 0) = z;
        double value, exact = log1p(exp(-fabs((double)z))) + (z < 0 ? -(double)z : 0),
                      slope = -1 / (1 + exp((double)z));
        loss_evaluate(&loss, 0, 1, &value, 1, true);
        assert_true(fabs(value - exact) <= 2e-7 * exact);
        assert_true(fabs((double)*at(&loss.delta, 0, 0) - slope) <= 1e-7);
    }
    double value;
    *at(&loss.prediction, 0, 0) = NAN;
    loss_evaluate(&loss, 0, 1, &value, 1, true);
    assert_true(isnan(value) && isnan(*at(&loss.delta, 0, 0)));
    loss.delta.view.columns = COLUMNS;
    *at(&loss.delta, 0, 0) = 0;
    loss_close(&loss);
}

static int plan_of(struct harness *harness, const char *name, bool from_logits, uint32_t outputs, uint32_t classes,
                   uint32_t values, runner_loss_plan *plan) {
    const runner_component *component = component_find(harness, RUNNER_LOSS, name);
    const runner_loss_ops *ops = component->ops;
    void *config = config_new(component);
    if (from_logits)
        config_set(component, config, "from_logits", 1);
    *plan = (runner_loss_plan){
        .size = sizeof *plan, .classes = classes, .prediction = {1, {outputs}}, .data_target = {1, {values}}};
    call_reset(&harness->call);
    harness->call.failed = false;
    int result = ops->plan(config, &harness->call.public, plan);
    free(config);
    return result;
}

static void plans_name_targets_and_activations(void **state) {
    runner_loss_plan plan;
    assert_int_equal(plan_of(*state, "sparse_categorical_crossentropy", false, 3, 3, 0, &plan), RUNNER_OK);
    assert_int_equal(plan.target, RUNNER_LABELS);
    assert_string_equal(plan.logits_of, "softmax");
    assert_int_equal(plan_of(*state, "binary_crossentropy", false, 1, 2, 0, &plan), RUNNER_OK);
    assert_int_equal(plan.target, RUNNER_VALUES);
    assert_string_equal(plan.logits_of, "sigmoid");
    assert_int_equal(plan_of(*state, "binary_crossentropy", true, 5, 0, 5, &plan), RUNNER_OK);
    assert_null(plan.logits_of); /* the model's output is the logits */
    assert_int_equal(plan_of(*state, "categorical_crossentropy", true, 3, 3, 0, &plan), RUNNER_OK);
    assert_null(plan.logits_of);
    assert_int_equal(plan_of(*state, "sparse_categorical_crossentropy", false, 3, 0, 3, &plan), RUNNER_FAILED);
    assert_int_equal(plan_of(*state, "binary_crossentropy", false, 1, 3, 0, &plan), RUNNER_FAILED);
    assert_int_equal(plan_of(*state, "binary_crossentropy", false, 2, 0, 3, &plan), RUNNER_FAILED);
    assert_int_equal(plan_of(*state, "huber", false, 2, 0, 3, &plan), RUNNER_FAILED);
    ((struct harness *)*state)->call.failed = false;
}

/* In two parts, rows 0 and 1 .. 4; by labels where `classes` is not NULL. */
static double metric(struct harness *harness, const char *name, struct setting setting,
                     const float predictions[ROWS][COLUMNS], const int32_t *classes, uint32_t form) {
    const runner_component *component = component_find(harness, RUNNER_METRIC, name);
    const runner_metric_ops *ops = component->ops;
    void *config = configure(component, (const struct setting[MAX_SETTINGS]){setting});
    runner_metric_plan plan = {.size = sizeof plan,
                               .classes = form == RUNNER_VALUES ? 0 : COLUMNS,
                               .prediction = {1, {COLUMNS}},
                               .data_target = {1, {COLUMNS}}};
    call_reset(&harness->call);
    assert_int_equal(ops->plan(config, &harness->call.public, &plan), RUNNER_OK);
    assert_int_equal(plan.target, form);
    assert_true(plan.sums >= 1 && plan.sums <= RUNNER_MAX_VALUES);
    struct matrix prediction = matrix_of(predictions), target = targets_of(form);
    double sums[RUNNER_MAX_VALUES] = {0};
    for (uint64_t first = 0; first < ROWS; first = first == 0 ? 1 : ROWS) {
        uint64_t rows = first == 0 ? 1 : ROWS - 1;
        runner_view y = rows_of(&prediction, first, rows), t = rows_of(&target, first, rows);
        runner_loss_rows run = {.size = sizeof run, .first = first, .rows = rows, .prediction = &y};
        run.target = form == RUNNER_LABELS ? NULL : &t;
        run.labels = form == RUNNER_LABELS ? classes + first : NULL;
        call_reset(&harness->call);
        ops->update(config, &harness->call.public, &run, sums);
    }
    double result = ops->result(config, ROWS, sums);
    matrix_free(&prediction);
    matrix_free(&target);
    free(config);
    return result;
}

static void check_metric(void **state, const char *name, struct setting setting, const float predictions[ROWS][COLUMNS],
                         uint32_t form, double wanted) {
    double found = metric(*state, name, setting, predictions, labels, form);
    if (!(fabs(found - wanted) <= 3e-7 * fabs(wanted)))
        fail_msg("%s is %.9g, not %.9g", name, found, wanted);
}

static void metrics_are_those_of_keras(void **state) {
    const struct setting none = {NULL, 0};
    check_metric(state, "binary_accuracy", none, shares, RUNNER_VALUES, 0.3125);
    check_metric(state, "binary_accuracy", (struct setting){"threshold", 0.2}, shares, RUNNER_VALUES, 0.25);
    check_metric(state, "mean_squared_error", none, shares, RUNNER_VALUES, 0.410595775);
    check_metric(state, "root_mean_squared_error", none, shares, RUNNER_VALUES, 0.640777469);
    check_metric(state, "mean_absolute_error", none, shares, RUNNER_VALUES, 0.503968716);
    check_metric(state, "huber", none, logits, RUNNER_VALUES, (1.5 + 0.4765625 + 18.125 + 0.1796875) / 4);
    check_metric(state, "binary_crossentropy", (struct setting){"label_smoothing", 0.1}, shares, RUNNER_VALUES,
                 4.42771149);
    check_metric(state, "categorical_crossentropy", none, shares, RUNNER_ONE_HOT, 4.93548393);
    check_metric(state, "sparse_categorical_crossentropy", (struct setting){"from_logits", 1}, logits, RUNNER_LABELS,
                 8.64326286);
}

/* SparseTopKCategoricalAccuracy(k) of these is 0.5, 0.5, 0.75, 1 for k = 1 .. 4: a tie with the k-th counts. */
static void top_k_is_that_of_keras(void **state) {
    static const float predictions[ROWS][COLUMNS] = {
        {.1f, .3f, .3f, .2f}, {.4f, .1f, .2f, .3f}, {.25f, .25f, .25f, .25f}, {.1f, .2f, .3f, .4f}};
    static const int32_t classes[ROWS] = {1, 2, 3, 0};
    static const double wanted[] = {0.5, 0.5, 0.75, 1, 1};
    static const char *const names[] = {"top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"};
    for (int n = 0; n < 2; n++)
        for (int k = 1; k <= 5; k++)
            assert_true(metric(*state, names[n], (struct setting){"k", k}, predictions, classes, RUNNER_LABELS) ==
                        wanted[k - 1]);
    static const float broken[ROWS][COLUMNS] = {{NAN, 1, 1, 1}, {1, 1, NAN, 1}, {NAN, NAN, NAN, NAN}, {1, 1, 1, 1}};
    assert_true(metric(*state, names[0], (struct setting){"k", 4}, broken, classes, RUNNER_LABELS) == 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_those_of_keras),
        cmocka_unit_test(sparse_is_categorical_of_labels),
        cmocka_unit_test(binary_crossentropy_is_exact_over_its_range),
        cmocka_unit_test(plans_name_targets_and_activations),
        cmocka_unit_test(metrics_are_those_of_keras),
        cmocka_unit_test(top_k_is_that_of_keras),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

#include "runner/config/path.h"
#include "tests/unit/config/harness.h"

static void a_path_has_a_normal_form(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"train.epochs", "train.epochs"},
        {"\"train\".epochs", "train.epochs"},
        {"a.\"b.c\"", "a.\"b.c\""},
        {"a.\"b\\\"c\"", "a.\"b\\\"c\""},
        {"a.\"\"", "a.\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct path path;
        struct error error;
        assert_int_equal(path_read(cases[i][0], &harness->catalog.arena, &path, &error), STATUS_OK);
        assert_string_equal(path.text, cases[i][1]);
    }
}

static void a_bad_path_is_an_error(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"", "path '' has an empty segment"},
        {"a..b", "path 'a..b' has an empty segment"},
        {".a", "path '.a' has an empty segment"},
        {"a.", "path 'a.' has an empty segment"},
        {"a.\"b", "path 'a.\"b' has a quote that does not end"},
        {"a\"b\"", "path 'a\"b\"' wants a point between its segments"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct path path;
        struct error error;
        assert_int_equal(path_read(cases[i][0], &harness->catalog.arena, &path, &error), STATUS_CONFIG);
        assert_string_equal(error.text, cases[i][1]);
    }
}

static void a_path_goes_through_plugin_names(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "dataset: digits\n"
                 "model:\n"
                 "  - dense: {units: 3, activation: tanh}\n"
                 "  - layer/dense: {units: 10}\n"
                 "loss: categorical_crossentropy\n"
                 "optimizer:\n"
                 "  adam:\n"
                 "metrics: [accuracy]\n"
                 "grid:\n"
                 "  dataset.digits.train: [100]\n"
                 "  optimizer.adam.learning_rate: [0.5]\n"
                 "  model.0.dense.units: [4]\n"
                 "  model.1.dense.activation: [softmax]\n"
                 "  engine.gemm: [portable]\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.digits.train", "100");
    assert_node(harness, 0, "optimizer.adam.learning_rate", "0.5");
    assert_node(harness, 0, "model.0.dense.units", "4");
    assert_node(harness, 0, "model.1.dense.activation", "{\"softmax\": {\"name\": null}}");
    assert_node(harness, 0, "engine.gemm", "\"portable\"");
}

static void a_path_that_does_not_fit_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL "grid:\n"
                         "  optimizer.sgd.momentum: [0.5]\n"
                         "  model.1.dense.units: [4]\n"
                         "  model.first.dense.units: [4]\n"
                         "  model.0.units: [4]\n"
                         "  dataset.digits.train.all: [4]\n"
                         "  model.dense.units: [4]\n"
                         "  optimizer.learning_rate.x: [4]\n"
                         "  optimizer.learning_rate.cosine.steps: [4]\n"
                         "  train.epochs.x: [4]\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:6:3: error: path 'optimizer.sgd.momentum' goes through 'sgd', but 'adam' stands there\n"
        "x.yaml:7:3: error: path 'model.1.dense.units': '1' is no place in a list of 1, wanted 0 to 0\n"
        "x.yaml:8:3: error: path 'model.first.dense.units': 'first' is no place in a list of 1, wanted 0 to 0\n"
        "x.yaml:9:3: error: path 'model.0.units' leaves out the plugin; did you mean 'model.0.dense.units'?\n"
        "x.yaml:11:3: error: path 'model.dense.units' leaves out the place in the list; did you mean "
        "'model.0.dense.units'?\n"
        "x.yaml:12:3: error: path 'optimizer.learning_rate.x' leaves out the plugin; did you mean "
        "'optimizer.adam.learning_rate'?\n"
        "x.yaml:13:3: error: path 'optimizer.learning_rate.cosine.steps' leaves out the plugin; did you mean "
        "'optimizer.adam.learning_rate.cosine.steps'?\n");
}

static void a_node_falls_back_to_its_nearest_ancestor(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness, MINIMAL, NULL);
    assert_loads(harness);
    const struct tree *tree = point_of(experiment, 0);
    assert_int_equal(experiment_node(tree, "model.0.dense.units")->mark.line, 2);
    assert_int_equal(experiment_node(tree, "model.0.dense.units")->mark.column, 25);
    assert_ptr_equal(experiment_node(tree, "model.7.dense"), tree_get(tree, "model"));
    assert_ptr_equal(experiment_node(tree, "nothing"), tree);
    assert_ptr_equal(experiment_node(tree, ""), tree);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_path_has_a_normal_form),
        TEST(a_bad_path_is_an_error),
        TEST(a_path_goes_through_plugin_names),
        TEST(a_path_that_does_not_fit_is_an_error),
        TEST(a_node_falls_back_to_its_nearest_ancestor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

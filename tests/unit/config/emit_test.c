/* The config as resolved is a config that gives the same points. */
#include "tests/unit/config/harness.h"

#include <sys/stat.h>

/* Axes, labels, seeds and trials of an experiment as text. */
static char *everything(const struct experiment *experiment) {
    struct text text;
    struct arena arena;
    arena_init(&arena);
    text_init(&text);
    text_printf(&text, "%s: %s\n", experiment->name, experiment->description ? experiment->description : "-");
    for (size_t i = 0; i < experiment->n_axes; i++) {
        text_printf(&text, "%s%s:", experiment->axes[i].name, experiment->axes[i].dataset ? " (data sets)" : "");
        for (size_t j = 0; j < experiment->axes[i].count; j++) {
            text_printf(&text, " %s", experiment->axes[i].labels[j]);
        }
        text_add(&text, "\n");
    }
    for (size_t i = 0; i < experiment->n_trials; i++) {
        for (size_t j = 0; j < experiment->n_axes; j++) {
            size_t label = experiment_label(experiment, experiment_trial(experiment, i).point, j);
            text_printf(&text, "%s ", label == NO_LABEL ? "-" : experiment->axes[j].labels[label]);
        }
        tree_write(experiment_trial_tree(experiment, i, &arena), &text);
        text_add(&text, "\n");
    }
    arena_clear(&arena);
    char *copy = text_take(&text);
    text_clear(&text);
    return copy;
}

static char *yaml_of(const struct tree *tree) {
    struct text text;
    text_init(&text);
    tree_write_yaml(tree, &text, 0);
    char *copy = text_take(&text);
    text_clear(&text);
    return copy;
}

/* Loads, writes, loads again from another folder; the written config is `grid` in its part about axes (NULL: any). */
static void assert_round_trip(struct harness *harness, const char *config, const char *const *overrides,
                              const char *grid) {
    struct experiment *experiment = harness_load(harness, config, overrides);
    assert_loads(harness);
    char *before = everything(experiment), *yaml = yaml_of(experiment->config);
    const char *axes = strstr(yaml, "\ngrid:");
    axes = axes ? axes : strstr(yaml, "\ncases:");
    if (grid) {
        assert_non_null(axes);
        assert_string_equal(axes + 1, grid);
    }
    assert_null(strstr(yaml, "\nlet:"));
    mkdir("other", 0700);
    harness_write("other/config.yaml", yaml);
    experiment = harness_load_file(harness, "other/config.yaml", NULL);
    assert_loads(harness);
    char *after = everything(experiment), *again = yaml_of(experiment->config);
    assert_string_equal(after, before);
    assert_string_equal(again, yaml);
    free(before);
    free(after);
    free(yaml);
    free(again);
}

static void plain_axes_stay_a_grid(void **state) {
    assert_round_trip(
        *state,
        "description: A & B\n" MINIMAL
        "grid: {train.batch_size: [1, 1e1, full], optimizer: [sgd, adam], model.0.dense.activation: {a: tanh}}\n"
        "seeds: 2\n",
        NULL,
        "grid:\n"
        "  train.batch_size: [1, 10, full]\n"
        "  optimizer:\n"
        "    - sgd:\n"
        "        learning_rate: 0.01\n"
        "        momentum: 0.0\n"
        "    - adam:\n"
        "        learning_rate: 0.001\n"
        "        beta_1: 0.9\n"
        "  model.0.dense.activation:\n"
        "    a:\n"
        "      tanh:\n"
        "        name: null\n"
        "seeds: [0, 1]\n");
}

/* Comparisons hold the data set equal, on whatever axis it is set, before the config is written out and after. */
static void axes_of_data_sets_stay_so(void **state) {
    struct harness *harness = *state;
    static const char *const rest = "model: [{dense: {units: 2}}]\nloss: mean_squared_error\noptimizer: adam\n";
    static const struct {
        const char *head, *axes;
        bool dataset; /* on the first axis */
    } configs[] = {
        {"let: {data: digits}\ndataset: $data\n",
         "grid: {data: {a: digits, b: {digits: {train: 50}}}, train.epochs: [1, 2]}\n", true},
        {"dataset: digits\n", "grid: {dataset: {a: digits, b: {digits: {train: 50}}}, train.epochs: [1, 2]}\n", true},
        {"dataset: digits\n",
         "cases: {problem: {a: {dataset: digits}, b: {dataset: {digits: {train: 50}}, model.0.dense.units: 3}}}\n",
         true},
        {"dataset: digits\n", "grid: {dataset.digits.train: [50, 60], train.epochs: [1, 2]}\n", false},
        {"dataset: digits\n", "cases: {size: {a: {dataset.digits.train: 50}, b: {train.epochs: 2}}}\n", false},
        {"dataset: digits\n", "cases: {same: {a: {dataset: digits}, b: {train.epochs: 2}}}\n", false},
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct text text;
        text_init(&text);
        text_printf(&text, "%s%s%s", configs[i].head, rest, configs[i].axes);
        struct experiment *experiment = harness_load(harness, text.data, NULL);
        assert_loads(harness);
        if (experiment->axes[0].dataset != configs[i].dataset)
            fail_msg("%s", text.data);
        assert_round_trip(harness, text.data, NULL, NULL);
        text_clear(&text);
    }
}

static void a_config_without_axes_has_none(void **state) {
    assert_round_trip(*state, "experiment: e\n" MINIMAL "train: {epochs: 3 updates}\nreport: {lecture: true}\n", NULL,
                      NULL);
}

static void a_name_becomes_cases(void **state) {
    assert_round_trip(*state,
                      "let: {act: tanh}\ndataset: digits\n"
                      "model: [{dense: {units: 1, activation: $act}}, {dense: {units: 2, activation: $act}}]\n"
                      "loss: mean_squared_error\noptimizer: adam\n"
                      "grid: {act: [tanh, sigmoid], train.epochs: [1, 2]}\n",
                      NULL,
                      "cases:\n"
                      "  act:\n"
                      "    tanh:\n"
                      "      model.0.dense.activation:\n"
                      "        tanh:\n"
                      "          name: null\n"
                      "      model.1.dense.activation:\n"
                      "        tanh:\n"
                      "          name: null\n"
                      "    sigmoid:\n"
                      "      model.0.dense.activation:\n"
                      "        sigmoid:\n"
                      "          name: null\n"
                      "      model.1.dense.activation:\n"
                      "        sigmoid:\n"
                      "          name: null\n"
                      "  train.epochs:\n"
                      "    \"1\":\n"
                      "      train.epochs: 1\n"
                      "    \"2\":\n"
                      "      train.epochs: 2\n"
                      "seeds: [0]\n");
}

static void values_that_depend_on_two_axes_become_nested_cases(void **state) {
    assert_round_trip(*state,
                      "let: {n: 1}\n" MINIMAL
                      "train: {updates: = n * train.batch_size}\ngrid: {n: [2, 3], train.batch_size: [10, 20]}\n",
                      NULL,
                      "cases:\n"
                      "  \"n\":\n"
                      "    \"2\":\n"
                      "      cases:\n"
                      "        train.batch_size:\n"
                      "          \"10\":\n"
                      "            train.batch_size: 10\n"
                      "            train.updates: 20\n"
                      "          \"20\":\n"
                      "            train.batch_size: 20\n"
                      "            train.updates: 40\n"
                      "    \"3\":\n"
                      "      cases:\n"
                      "        train.batch_size:\n"
                      "          \"10\":\n"
                      "            train.batch_size: 10\n"
                      "            train.updates: 30\n"
                      "          \"20\":\n"
                      "            train.batch_size: 20\n"
                      "            train.updates: 60\n"
                      "seeds: [0]\n");
}

static void cases_with_axes_of_their_own_come_back(void **state) {
    assert_round_trip(*state,
                      "let: {n: 1}\n" MINIMAL "grid: {loss: [mean_squared_error, categorical_crossentropy]}\n"
                      "cases:\n"
                      "  rule:\n"
                      "    adam: {optimizer: adam, grid: {optimizer.adam.learning_rate: [0.1, 0.2], n: [2]}}\n"
                      "    none:\n"
                      "    sgd: {optimizer: sgd, grid: {n: [1, 2], optimizer.sgd.momentum: [0, 0.5]}}\n"
                      "  last: {x: {}, y: {train.epochs: = n}}\n"
                      "seeds: [5, 1]\n",
                      NULL, NULL);
}

static void a_rate_that_follows_the_full_batch_comes_back(void **state) {
    assert_round_trip(*state,
                      "dataset: {digits: {train: 600}}\nmodel: [softmax]\nloss: mean_squared_error\n"
                      "optimizer: {adam: {learning_rate: = 0.01 * train.batch_size / 100}}\n"
                      "grid: {train.batch_size: [1, full], train.epochs: [3 updates, 2, 1 epoch]}\n",
                      NULL, NULL);
}

static void dollars_and_paths_come_back(void **state) {
    assert_round_trip(
        *state,
        "let: {t: '= 1'}\ndataset: {idx: {path: d, title: '$$a${t}$$$$'}}\nmodel: [softmax]\n"
        "loss: mean_squared_error\noptimizer: adam\n"
        "grid: {dataset.idx.title: ['$$x', '$$y${t}', plain]}\ncases: {'odd \"name\".x': {'a: b': {}, '#': {}}}\n",
        NULL, NULL);
}

static void overridden_axes_come_back(void **state) {
    assert_round_trip(*state, MINIMAL "grid: {train.epochs: [1, 2], optimizer: {slow: {sgd: {}}, fast: adam}}\n",
                      OVERRIDES("train.epochs=7", "optimizer=slow"), NULL);
}

static void an_axis_that_changes_nothing_comes_back(void **state) {
    assert_round_trip(*state, "let: {n: 1}\n" MINIMAL "grid: {n: [1, 2], optimizer: {a: adam, b: {adam: {}}}}\n", NULL,
                      NULL);
}

static void models_of_different_depth_come_back(void **state) {
    assert_round_trip(
        *state,
        MINIMAL "grid:\n  model: {one: [softmax], two: [tanh, softmax]}\n  train: {a: {epochs: 2}, b: {updates: 3}}\n",
        NULL, NULL);
}

static void ten_thousand_points_are_quick(void **state) {
    struct harness *harness = *state;
    struct text text;
    text_init(&text);
    text_add(&text, "let: {n: 1}\n" MINIMAL "train: {updates: = n * train.batch_size}\ngrid:\n");
    static const char *const axes[] = {"n", "train.batch_size", "optimizer.adam.learning_rate", "dataset.digits.train"};
    for (int axis = 0; axis < 4; axis++) {
        text_printf(&text, "  %s: [", axes[axis]);
        for (int i = 1; i <= 10; i++) {
            text_printf(&text, "%d, ", i);
        }
        text_add(&text, "]\n");
    }
    struct experiment *experiment = harness_load(harness, text.data, NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_points, 10000);
    assert_node(harness, 9999, "train.updates", "100");
    text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(plain_axes_stay_a_grid),
        TEST(axes_of_data_sets_stay_so),
        TEST(a_config_without_axes_has_none),
        TEST(a_name_becomes_cases),
        TEST(values_that_depend_on_two_axes_become_nested_cases),
        TEST(cases_with_axes_of_their_own_come_back),
        TEST(a_rate_that_follows_the_full_batch_comes_back),
        TEST(dollars_and_paths_come_back),
        TEST(overridden_axes_come_back),
        TEST(an_axis_that_changes_nothing_comes_back),
        TEST(models_of_different_depth_come_back),
        TEST(ten_thousand_points_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

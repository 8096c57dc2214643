#include "tests/unit/config/harness.h"

static void labels_are_canonical_values_and_names(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment =
        harness_load(harness,
                     "let: {flag: true, any: 1}\n" MINIMAL "grid:\n"
                     "  optimizer.adam.learning_rate: [1e-3, 0x10, 100.0, {cosine: {initial: 1}}]\n"
                     "  flag: [true, no, ~]\n"
                     "  any: [adam, {sgd: {momentum: 0.5}}, '7']\n"
                     "  loss: [loss/mean_squared_error, categorical_crossentropy]\n",
                     NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_axes, 4);
    static const char *const wanted[4][4] = {
        {"0.001", "16", "100", "cosine"},
        {"true", "no", "null"},
        {"adam", "sgd", "7"},
        {"mean_squared_error", "categorical_crossentropy"},
    };
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < experiment->axes[i].count; j++) {
            assert_string_equal(experiment->axes[i].labels[j], wanted[i][j]);
        }
    }
    assert_int_equal(experiment->n_points, 4 * 3 * 3 * 2);
    assert_int_equal(experiment->axes[0].mark.line, 7);
}

static void a_map_gives_labels(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL "grid:\n"
                         "  optimizer: {slow: {sgd: {learning_rate: 0.001}}, fast: sgd, adam: adam}\n"
                         "  model: {one: [{dense: {units: 1}}], two: [{dense: {units: 2}}, softmax]}\n",
                 NULL);
    assert_loads(harness);
    assert_labels(harness, 3, "optimizer=fast model=two");
    assert_node(harness, 0, "optimizer", "{\"sgd\": {\"learning_rate\": 0.001, \"momentum\": 0.0}}");
    assert_node(harness, 3, "optimizer.sgd.learning_rate", "0.01");
    assert_node(harness, 3, "model.1", "{\"softmax\": {\"name\": null}}");
}

static void bad_axes_are_errors(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {rate: 1}\n" MINIMAL "grid:\n"
                 "  train.epochs: 5\n"
                 "  train.updates: []\n"
                 "  train.batch_size: [10, 1e1, 20]\n"
                 "  optimizer: [adam, {adam: {beta_1: 0.5}}]\n"
                 "  model: [[{dense: {units: 1}}], [{dense: {units: 2}}]]\n"
                 "  train: [{epochs: 1}]\n"
                 "  seeds: [1, 2]\n"
                 "  rat: [1]\n"
                 "  train.: [1]\n"
                 "  rate: ['']\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:7:17: error: axis 'train.epochs' is an integer; wanted a list of values or a map {LABEL: VALUE, ...}\n"
        "x.yaml:8:18: error: axis 'train.updates' is an empty list; wanted a list of values or a map {LABEL: VALUE, "
        "...}\n"
        "x.yaml:9:26: error: axis 'train.batch_size' has two values with the label '10'; give labels: {LABEL: VALUE, "
        "...}\n"
        "x.yaml:10:21: error: axis 'optimizer' has two values with the label 'adam'; give labels: {LABEL: VALUE, ...}\n"
        "x.yaml:11:11: error: axis 'model' has a list without a name; give labels: {LABEL: VALUE, ...}\n"
        "x.yaml:11:34: error: axis 'model' has a list without a name; give labels: {LABEL: VALUE, ...}\n"
        "x.yaml:12:11: error: axis 'train' has a map without a name; give labels: {LABEL: VALUE, ...}\n"
        "x.yaml:13:3: error: axis 'seeds' is a key of the whole experiment, not of a point; wanted a path such as "
        "train.epochs, or a name of 'let'\n"
        "x.yaml:14:3: error: axis 'rat' is neither a path nor a name of 'let'; did you mean 'rate'?\n"
        "x.yaml:15:3: error: axis path 'train.' has an empty segment\n"
        "x.yaml:16:10: error: axis 'rate' has an empty label\n");
}

static void names_that_tables_use_are_refused(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "let: {status: 1}\n" MINIMAL "grid: {status: [1, 2]}\ncases: {seed: {a: {}}}\n", NULL);
    assert_messages(harness,
                    "x.yaml:6:8: error: 'status' cannot be the name of an axis: the tables have a column of that name\n"
                    "x.yaml:7:9: error: 'seed' cannot be the name of an axis: the tables have a column of that name\n");
}

static void one_path_of_two_axes_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL "grid: {train.epochs: [1, 2], '\"train\".epochs': [3, 4]}\n"
                         "cases: {rule: {a: {train.epochs: 5}}}\n",
                 NULL);
    assert_messages(harness,
                    "x.yaml:5:30: error: 'train.epochs' is set by two axes, 'train.epochs' and '\"train\".epochs'\n"
                    "x.yaml:6:20: error: 'train.epochs' is set by two axes, 'train.epochs' and 'rule'\n"
                    "x.yaml:6:20: error: 'train.epochs' is set by two axes, '\"train\".epochs' and 'rule'\n");
}

static void a_path_within_another_axis_is_set_after_it(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL
                 "grid: {optimizer.sgd.momentum: [0.5, 0.75], optimizer: {a: sgd, b: {sgd: {learning_rate: 1}}}}\n",
                 NULL);
    assert_loads(harness);
    assert_labels(harness, 3, "optimizer.sgd.momentum=0.75 optimizer=b");
    assert_node(harness, 3, "optimizer", "{\"sgd\": {\"learning_rate\": 1.0, \"momentum\": 0.75}}");
}

static void a_path_that_fits_some_values_of_an_axis_only_asks_for_cases(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL "grid: {optimizer: [sgd, adam], optimizer.adam.learning_rate: [1, 2]}\n", NULL);
    assert_messages(harness,
                    "x.yaml:5:32: error: path 'optimizer.adam.learning_rate' goes through 'adam', but 'sgd' stands "
                    "there; use cases to set both together\n");
}

static void cases_set_several_paths_and_may_hold_a_grid(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness,
                                                 "let: {n: 1}\n" MINIMAL "grid: {loss: [mean_squared_error]}\n"
                                                 "cases:\n"
                                                 "  rule:\n"
                                                 "    small: {n: 5, train.batch_size: 10}\n"
                                                 "    plain:\n"
                                                 "    adam:\n"
                                                 "      optimizer: adam\n"
                                                 "      grid: {optimizer.adam.learning_rate: [0.1, 0.2]}\n"
                                                 "    sgd:\n"
                                                 "      optimizer: sgd\n"
                                                 "      grid: {n: [1, 2], optimizer.sgd.momentum: [0, 0.5]}\n"
                                                 "  last: {x: {}, y: {train.epochs: = n}}\n",
                                                 NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_points, (1 + 1 + 2 + 4) * 2);
    assert_labels(
        harness, 0,
        "loss=mean_squared_error rule=small optimizer.adam.learning_rate=- n=- optimizer.sgd.momentum=- last=x");
    assert_labels(
        harness, 3,
        "loss=mean_squared_error rule=plain optimizer.adam.learning_rate=- n=- optimizer.sgd.momentum=- last=y");
    assert_labels(
        harness, 6,
        "loss=mean_squared_error rule=adam optimizer.adam.learning_rate=0.2 n=- optimizer.sgd.momentum=- last=x");
    assert_labels(
        harness, 15,
        "loss=mean_squared_error rule=sgd optimizer.adam.learning_rate=- n=2 optimizer.sgd.momentum=0.5 last=y");
    assert_node(harness, 1, "train.epochs", "5");
    assert_node(harness, 1, "train.batch_size", "10");
    assert_node(harness, 3, "train.batch_size", "32");
    assert_node(harness, 6, "optimizer.adam.learning_rate", "0.2");
    assert_node(harness, 15, "optimizer.sgd.momentum", "0.5");
    assert_node(harness, 15, "train.epochs", "2");
}

static void inner_axes_of_one_name_share_a_column(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness,
                                                 "let: {n: 1}\n" MINIMAL "cases:\n"
                                                 "  rule:\n"
                                                 "    a: {grid: {n: [1, 2]}}\n"
                                                 "    b: {grid: {n: [2, 3]}}\n"
                                                 "    c: {cases: {deep: {x: {grid: {n: [3]}}}}}\n",
                                                 NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_axes, 3);
    assert_int_equal(experiment->axes[2].count, 3);
    assert_labels(harness, 2, "rule=b deep=- n=2");
    assert_labels(harness, 4, "rule=c deep=x n=3");
}

static void an_axis_that_applies_twice_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {n: 1, m: 1}\n" MINIMAL "grid: {n: [1, 2]}\n"
                 "cases:\n"
                 "  n: {a: {}}\n"
                 "  rule: {a: {grid: {n: [1]}}, b: {grid: {m: [1]}}}\n"
                 "  other: {a: {grid: {m: [1]}}}\n",
                 NULL);
    assert_messages(harness, "x.yaml:8:3: error: axis 'n' is defined twice\n"
                             "x.yaml:9:21: error: axis 'n' is defined twice\n"
                             "x.yaml:10:22: error: axis 'm' is defined twice\n");
}

static void bad_cases_are_errors(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL "cases:\n"
                         "  a: [1]\n"
                         "  b: {}\n"
                         "  c: {x: 1, y: {trian.epochs: 1}, z: {grid: 1}}\n"
                         "  d: {x: {optimizer.adam.beta: 1}}\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:6:6: error: cases of 'a' are a list; wanted a map {LABEL: {PATH: VALUE, ...}, ...}\n"
        "x.yaml:7:6: error: cases of 'b' are an empty map; wanted a map {LABEL: {PATH: VALUE, ...}, ...}\n"
        "x.yaml:8:10: error: a case is an integer; wanted a map {PATH: VALUE, ...}\n"
        "x.yaml:8:17: error: 'trian.epochs' is neither a path nor a name of 'let'; did you mean 'train.epochs'?\n"
        "x.yaml:8:45: error: grid is an integer; wanted a map {AXIS: ..., ...}\n"
        "x.yaml:9:11: error: unknown parameter 'beta' of adam; did you mean 'beta_1'?\n");
    harness_load(harness, MINIMAL "grid: [1]\ncases: x\n", NULL);
    assert_messages(harness, "x.yaml:5:7: error: grid is a list; wanted a map {AXIS: ..., ...}\n"
                             "x.yaml:6:8: error: cases is text; wanted a map {AXIS: ..., ...}\n");
}

static void a_mistake_common_to_all_points_is_reported_once(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL "train: {shuffle: nevr, epochs: = x}\ngrid: {train.batch_size: [1, 2, 0, 3]}\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:5:18: error: train.shuffle is text 'nevr'; wanted one of each_epoch, once, never; did you mean "
        "'never'?\n"
        "x.yaml:5:32: error: undefined name 'x': it is neither a path nor a name of 'let'\n"
        "x.yaml:6:33: error: train.batch_size is 0; wanted an integer from 1 to 1000000000000\n");
}

static void too_many_trials_are_refused_before_they_are_made(void **state) {
    struct harness *harness = *state;
    struct text text;
    text_init(&text);
    text_add(&text, MINIMAL "let: {a: 0, b: 0, c: 0, d: 0}\nseeds: 2\ngrid:\n");
    for (int axis = 0; axis < 4; axis++) {
        text_printf(&text, "  %c: [", 'a' + axis);
        for (int i = 0; i < 100; i++) {
            text_printf(&text, "%d, ", i);
        }
        text_add(&text, "]\n");
    }
    harness_load(harness, text.data, NULL);
    assert_messages(harness,
                    "x.yaml:7:1: error: the grid has 200000000 trials (100000000 points, 2 seeds); more than 1000000 "
                    "are refused\n");
    text_clear(&text);
}

static void a_count_that_overflows_is_refused(void **state) {
    struct harness *harness = *state;
    struct text text;
    text_init(&text);
    text_add(&text, MINIMAL "cases:\n");
    for (int axis = 0; axis < 70; axis++) {
        text_printf(&text, "  a%d: {x: {}, y: {}}\n", axis);
    }
    harness_load(harness, text.data, NULL);
    assert_messages(harness,
                    "x.yaml:5:1: error: the grid has too many trials to count; more than 1000000 are refused\n");
    text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(labels_are_canonical_values_and_names),
        TEST(a_map_gives_labels),
        TEST(bad_axes_are_errors),
        TEST(names_that_tables_use_are_refused),
        TEST(one_path_of_two_axes_is_an_error),
        TEST(a_path_within_another_axis_is_set_after_it),
        TEST(a_path_that_fits_some_values_of_an_axis_only_asks_for_cases),
        TEST(cases_set_several_paths_and_may_hold_a_grid),
        TEST(inner_axes_of_one_name_share_a_column),
        TEST(an_axis_that_applies_twice_is_an_error),
        TEST(bad_cases_are_errors),
        TEST(a_mistake_common_to_all_points_is_reported_once),
        TEST(too_many_trials_are_refused_before_they_are_made),
        TEST(a_count_that_overflows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

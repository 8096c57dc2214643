#include "tests/unit/config/harness.h"

#define GRID                                                                                                           \
    "let: {n: 1}\n" MINIMAL "grid:\n"                                                                                  \
    "  train.batch_size: [1, 10, full]\n"                                                                              \
    "  optimizer: {slow: {sgd: {learning_rate: 0.001}}, adam: adam}\n"                                                 \
    "cases:\n"                                                                                                         \
    "  rule:\n"                                                                                                        \
    "    a: {train.evaluate_every: 3}\n"                                                                               \
    "    b: {grid: {n: [5, 6]}}\n"

static void an_override_sets_its_path(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment =
        harness_load(harness, MINIMAL "train: {epochs: 3}\n",
                     OVERRIDES("train.epochs=2", "optimizer={sgd: {momentum: 0.5}}", "model.0.dense.units=0x10",
                               "\"train\".updates==2 * train.epochs", "seeds=[3,4]"));
    assert_loads(harness);
    assert_node(harness, 0, "train.epochs", "2");
    assert_node(harness, 0, "train.updates", "4");
    assert_node(harness, 0, "optimizer.sgd.momentum", "0.5");
    assert_node(harness, 0, "model.0.dense.units", "16");
    assert_int_equal(experiment_trial(experiment, 1).seed, 4);
    static const char *const normal[] = {"train.epochs=2", "optimizer={sgd:{momentum:0.5}}", "model.0.dense.units=16",
                                         "train.updates==2 * train.epochs", "seeds=[3,4]"};
    assert_int_equal(experiment->n_overrides, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(experiment->overrides[i], normal[i]);
    }
}

static void marks_count_within_the_argument(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL, OVERRIDES("optimizer={sgd: {momentum: 0.5}}"));
    assert_loads(harness);
    const struct tree *momentum = experiment_node(point_of(&harness->experiment, 0), "optimizer.sgd.momentum");
    assert_string_equal(momentum->mark.file, "command line");
    assert_int_equal(momentum->mark.column, 28);
}

static void names_and_words_are_no_part_of_the_folder(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment =
        harness_load(harness, MINIMAL, OVERRIDES("experiment=other", "description=hm", "report.lecture=true"));
    assert_loads(harness);
    assert_string_equal(experiment->name, "other");
    assert_string_equal(experiment->description, "hm");
    assert_non_null(experiment->report);
    assert_int_equal(experiment->n_overrides, 0);
}

static void the_last_of_one_path_counts(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(
        harness, GRID, OVERRIDES("optimizer=slow", "optimizer=adam", "train.epochs=1e1", "train.epochs=2"));
    assert_loads(harness);
    assert_int_equal(experiment->n_overrides, 2);
    assert_string_equal(experiment->overrides[0], "optimizer=adam");
    assert_string_equal(experiment->overrides[1], "train.epochs=2");
    assert_int_equal(experiment->n_points, 9);
}

static void an_override_fixes_an_axis_to_a_label_or_value(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment =
        harness_load(harness, GRID, OVERRIDES("optimizer=slow", "train.batch_size=7", "rule=a"));
    assert_loads(harness);
    assert_int_equal(experiment->n_points, 1);
    assert_labels(harness, 0, "train.batch_size=7 optimizer=slow rule=a");
    assert_node(harness, 0, "optimizer.sgd.learning_rate", "0.001");
    assert_node(harness, 0, "train.batch_size", "7");
    assert_node(harness, 0, "train.evaluate_every", "3");
}

static void a_list_replaces_the_values_of_an_axis(void **state) {
    struct harness *harness = *state;
    harness_load(harness, GRID,
                 OVERRIDES("optimizer=[adam, sgd]", "train.batch_size=[full, 1e1]", "rule=[b, a]", "n=6"));
    assert_loads(harness);
    assert_int_equal(harness->experiment.n_points, 2 * 2 * 2);
    assert_labels(harness, 0, "train.batch_size=full optimizer=adam rule=b n=6");
    assert_labels(harness, 7, "train.batch_size=10 optimizer=sgd rule=a n=-");
}

static void an_override_of_a_name_sets_it(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "let: {n: 1}\n" MINIMAL "train: {epochs: $n}\n", OVERRIDES("n=5"));
    assert_loads(harness);
    assert_node(harness, 0, "train.epochs", "5");
    harness_load(harness, "let: {n: 1}\n" MINIMAL "train: {epochs: $n}\n", OVERRIDES("let.n=6"));
    assert_loads(harness);
    assert_node(harness, 0, "train.epochs", "6");
}

static void an_override_below_an_axis_changes_the_values_that_it_fits(void **state) {
    struct harness *harness = *state;
    harness_load(harness, GRID, OVERRIDES("optimizer.sgd.momentum=0.5", "rule=a"));
    assert_loads(harness);
    assert_node(harness, 0, "optimizer", "{\"sgd\": {\"learning_rate\": 0.001, \"momentum\": 0.5}}");
    assert_node(harness, 1, "optimizer", "{\"adam\": {\"learning_rate\": 0.001, \"beta_1\": 0.9}}");
}

static void bad_overrides_are_errors(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"train.epochs", "override 'train.epochs' is not of the form path=value"},
        {"=2", "override '=2' is not of the form path=value"},
        {"train.epochs=", "override 'train.epochs=' has no value; for none write null"},
        {"train..epochs=1", "override 'train..epochs=1': path 'train..epochs' has an empty segment"},
        {"trian.epochs=1", "override 'trian.epochs=1': 'trian.epochs' is neither a path nor a name of 'let'; did you "
                           "mean 'train.epochs'?"},
        {"learning_rat=1", "override 'learning_rat=1': 'learning_rat' is neither a path nor a name of 'let'; "
                           "did you mean 'optimizer.adam.learning_rate'?"},
        {"batch_size=2", "override 'batch_size=2': 'batch_size' is neither a path nor a name of 'let'; did you mean "
                         "'train.batch_size'?"},
        {"optimizer.beta_1=0", "override 'optimizer.beta_1=0' fits no value of the axis that sets this"},
        {"model.0.units=5", "override 'model.0.units=5': path 'model.0.units' leaves out the plugin; did you mean "
                            "'model.0.dense.units'?"},
        {"units=5", "override 'units=5': 'units' is neither a path nor a name of 'let'; did you mean "
                    "'model.0.dense.units'?"},
        {"epoch=5", "override 'epoch=5': 'epoch' is neither a path nor a name of 'let'; did you mean 'train.epochs'?"},
        {"model.dense.units=5",
         "override 'model.dense.units=5': path 'model.dense.units' leaves out the place in the list; "
         "did you mean 'model.0.dense.units'?"},
        {"train.epoch=1", "unknown key 'epoch' of train; did you mean 'epochs'?"},
        {"train.epochs=x",
         "train.epochs is text 'x'; wanted an integer from 0 to 1000000000000, or null, or '3000 updates'"},
        {"include=x",
         "override 'include=x': 'include' is a key of the whole experiment, not of a point; wanted a path such as "
         "train.epochs, or a name of 'let'"},
        {"model.3.dense.units=1",
         "override 'model.3.dense.units=1': path 'model.3.dense.units': '3' is no place in a list of 1, wanted 0 to 0"},
        {"rule=c", "override 'rule=c': axis 'rule' has no such case; it has a, b"},
        {"rule=[a, a]", "override 'rule=[a, a]' gives the label 'a' twice"},
        {"rule=[]", "override 'rule=[]' leaves the axis 'rule' empty"},
        {"optimizer.rmsprop.rho=1", "override 'optimizer.rmsprop.rho=1' fits no value of the axis that sets this"},
        {"train.evaluate_every=2",
         "override 'train.evaluate_every=2': the cases of 'rule' set this; choose one of them with 'rule=LABEL'"},
        {"optimizer=adm", "unknown optimizer 'adm'; did you mean 'adam'? (known: adam, sgd)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char wanted[512];
        harness_load(harness, GRID, OVERRIDES(cases[i][0]));
        snprintf(wanted, sizeof wanted, "command line: error: %s\n", cases[i][1]);
        assert_messages(harness, wanted);
    }
}

static void bad_yaml_of_an_override_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL, OVERRIDES("train.epochs=[1, 2", "train.updates={a: 1, a: 2}"));
    char *messages = harness_messages(harness);
    assert_int_equal(harness->status, STATUS_CONFIG);
    assert_ptr_equal(strstr(messages, "command line: error: override 'train.epochs=[1, 2': "), messages);
    assert_non_null(strstr(messages, "command line: error: override 'train.updates={a: 1, a: 2}': "));
    free(messages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_override_sets_its_path),
        TEST(marks_count_within_the_argument),
        TEST(names_and_words_are_no_part_of_the_folder),
        TEST(the_last_of_one_path_counts),
        TEST(an_override_fixes_an_axis_to_a_label_or_value),
        TEST(a_list_replaces_the_values_of_an_axis),
        TEST(an_override_of_a_name_sets_it),
        TEST(an_override_below_an_axis_changes_the_values_that_it_fits),
        TEST(bad_overrides_are_errors),
        TEST(bad_yaml_of_an_override_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

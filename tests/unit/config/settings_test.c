/* `train`, `engine`, `seeds`, `metrics`, `report`, names. */
#include "tests/unit/config/harness.h"

static void durations_are_epochs_or_updates(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][3] = {
        {"{epochs: 12 epochs}", "12", "null"},
        {"{epochs: 1 epoch}", "1", "null"},
        {"{epochs: 3000 updates}", "null", "3000"},
        {"{updates: 3000}", "null", "3000"},
        {"{epochs: 5, updates: 10}", "5", "10"},
        {"{updates: 7 updates}", "null", "7"},
        {"{epochs: 0}", "0", "null"},
        {"{epochs: null, updates: 2}", "null", "2"},
        {"{epochs: 2e1}", "20", "null"},
        {"", "1", "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "train: %s\n", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_loads(harness);
        assert_node(harness, 0, "train.epochs", cases[i][1]);
        assert_node(harness, 0, "train.updates", cases[i][2]);
    }
}

static void bad_durations_are_errors(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"{epochs: 12 days}",
         "x.yaml:5:17: error: train.epochs is text '12 days'; wanted an integer from 0 to 1000000000000, or null, or "
         "'3000 updates'\n"},
        {"{epochs: 3 updates, updates: 4}",
         "x.yaml:5:17: error: train.epochs is '3 updates' beside train.updates; wanted one of the two\n"},
        {"{epochs: ~}", "x.yaml:5:17: error: train.epochs is null and so is train.updates: training would never end\n"},
        {"{updates: 3 epochs}",
         "x.yaml:5:18: error: train.updates is text '3 epochs'; wanted an integer from 1 to 1000000000000, or null\n"},
        {"{epochs: 0 updates}",
         "x.yaml:5:17: error: train.updates is 0; wanted an integer from 1 to 1000000000000, or null\n"},
        {"{epochs: 1.5}",
         "x.yaml:5:17: error: train.epochs is 1.5; wanted an integer from 0 to 1000000000000, or null\n"},
        {"{batch_size: Full}",
         "x.yaml:5:21: error: train.batch_size is text 'Full'; wanted an integer from 1 to 1000000000000, or full\n"},
        {"[1]", "x.yaml:5:8: error: train is a list; wanted a map {KEY: VALUE, ...}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "train: %s\n", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_messages(harness, cases[i][1]);
    }
}

static void checkpoints_come_after_epochs_updates_or_minutes(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"null", "null"},
        {"5 epochs", "\"5 epochs\""},
        {"1 epoch", "\"1 epochs\""},
        {"3000 updates", "\"3000 updates\""},
        {"10 minutes", "\"10 minutes\""},
        {"10m", "\"10 minutes\""},
        {"2 h", "\"120 minutes\""},
        {"90 s", "\"90 seconds\""},
        {"100 ms", "\"0.1 seconds\""},
        {"1e1 min", "\"10 minutes\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "train: {checkpoint: %s}\n", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_loads(harness);
        assert_node(harness, 0, "train.checkpoint", cases[i][1]);
    }
    static const char *const wrong[] = {"5",         "true", "0 epochs",   "-1 epochs", "epochs",
                                        "5 parsecs", "0 s",  "1.5 epochs", "[1]"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "train: {checkpoint: %s}\n", wrong[i]);
        harness_load(harness, text, NULL);
        assert_int_equal(harness->diagnostics.errors, 1);
        assert_non_null(
            strstr(harness->diagnostics.items[0].message, "wanted '5 epochs', '3000 updates', '10 minutes' or null"));
    }
}

static void shuffle_takes_the_words_of_keras(void **state) {
    struct harness *harness = *state;
    static const char *const cases[][2] = {
        {"true", "\"each_epoch\""}, {"false", "\"never\""}, {"once", "\"once\""}, {"never", "\"never\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "train: {shuffle: %s}\n", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_loads(harness);
        assert_node(harness, 0, "train.shuffle", cases[i][1]);
    }
}

static void the_engine_has_a_table(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL "engine: {gemm: portabel, blas: 1}\n", NULL);
    assert_messages(
        harness, "x.yaml:5:16: error: engine.gemm is text 'portabel'; wanted one of openblas, portable; did you mean "
                 "'portable'?\n"
                 "x.yaml:5:26: error: unknown key 'blas' of engine; known: gemm, micro_batch\n");
}

static void seeds_are_a_number_or_a_list(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness, MINIMAL "seeds: 3\n", NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_seeds, 3);
    assert_int_equal(experiment->seeds[2], 2);
    experiment = harness_load(harness, MINIMAL "seeds: [9, 3]\n", NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_seeds, 2);
    assert_int_equal(experiment->seeds[0], 9);
    static const char *const cases[][2] = {
        {"0", "x.yaml:5:8: error: seeds is 0; wanted a number of seeds from 1, or a list of seeds\n"},
        {"many", "x.yaml:5:8: error: seeds is many; wanted a number of seeds from 1, or a list of seeds\n"},
        {"[]", "x.yaml:5:8: error: seeds is an empty list; wanted at least one seed\n"},
        {"[1, 2, 1]", "x.yaml:5:8: error: seed 1 is listed twice\n"},
        {"[1, -2]", "x.yaml:5:12: error: a seed is -2; wanted an integer from 0 to 2^53\n"},
        {"[a]", "x.yaml:5:9: error: a seed is a; wanted an integer from 0 to 2^53\n"},
        {"9000000000", "x.yaml:5:8: error: seeds is 9000000000; more than 1000000 trials are refused\n"},
        {"{a: 1}", "x.yaml:5:8: error: seeds is a map; wanted a number of seeds from 1, or a list of seeds\n"},
        {"$n", "x.yaml:5:8: error: undefined name '$n': 'let' does not define it\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, MINIMAL "seeds: %s\n", cases[i][0]);
        harness_load(harness, text, NULL);
        assert_messages(harness, cases[i][1]);
    }
}

static void metrics_are_distinct(void **state) {
    struct harness *harness = *state;
    harness_load(harness, MINIMAL "metrics: [accuracy, metric/accuracy]\n", NULL);
    assert_messages(harness, "x.yaml:5:21: error: metric 'accuracy' is listed twice\n");
    harness_load(harness, MINIMAL "metrics: accuracy\n", NULL);
    assert_messages(harness, "x.yaml:5:10: error: metrics is text; wanted a list of metrics, such as [accuracy]\n");
}

static void a_model_is_a_list_of_layers(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "dataset: digits\nmodel: []\nloss: mean_squared_error\noptimizer: adam\n", NULL);
    assert_messages(harness, "x.yaml:2:8: error: model is an empty list; wanted at least one layer\n");
    harness_load(harness, "dataset: digits\nmodel: {dense: {units: 1}}\nloss: mean_squared_error\noptimizer: adam\n",
                 NULL);
    assert_messages(harness, "x.yaml:2:8: error: model is a map; wanted a list of layers\n");
}

static void what_is_required_is_asked_for(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "loss:\n", NULL);
    assert_messages(harness, "x.yaml:1:1: error: 'dataset' is missing\n"
                             "x.yaml:1:1: error: 'model' is missing\n"
                             "x.yaml:1:1: error: 'optimizer' is missing\n"
                             "x.yaml:1:6: error: 'loss' is missing\n");
}

static void a_section_may_come_from_an_axis(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "model: [softmax]\nloss: mean_squared_error\n"
                 "grid: {optimizer: [sgd, adam], dataset.digits.train: [1, 2]}\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 3, "dataset.digits.train", "2");
    assert_node(harness, 3, "optimizer.adam.beta_1", "0.9");
}

static void a_name_is_that_of_a_folder(void **state) {
    struct harness *harness = *state;
    harness_write("my.config.yaml", MINIMAL);
    assert_string_equal(harness_load_file(harness, "my.config.yaml", NULL)->name, "my.config");
    assert_loads(harness);
    assert_string_equal(harness_load(harness, "experiment: a_B-1.x\n" MINIMAL, NULL)->name, "a_B-1.x");
    assert_loads(harness);
    static const char *const bad[] = {"../x", ".x", "a/b", "-x", "a b", "'a,b'"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "experiment: %s\n" MINIMAL, bad[i]);
        harness_load(harness, text, NULL);
        char *messages = harness_messages(harness);
        assert_int_equal(harness->status, STATUS_CONFIG);
        assert_ptr_equal(strstr(messages, "x.yaml:1:13: error: experiment is '"), messages);
        free(messages);
    }
    harness_write("a b.yaml", MINIMAL);
    harness_load_file(harness, "a b.yaml", NULL);
    assert_messages(harness,
                    "a b.yaml: error: the file's name gives no name of a folder; give one with 'experiment: NAME'\n");
}

static void a_report_is_for_people(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness, MINIMAL "report: {lecture: true}\ndescription: $5\n", NULL);
    assert_loads(harness);
    assert_true(tree_get(experiment->report, "lecture")->value.truth);
    assert_string_equal(experiment->description, "$5");
    assert_null(harness_load(harness, MINIMAL, NULL)->report);
    harness_load(harness, MINIMAL "report: {lecture: yes, x: 1}\ndescription: [1]\n", NULL);
    assert_messages(harness, "x.yaml:5:19: error: report.lecture is yes; wanted true or false\n"
                             "x.yaml:5:24: error: unknown key 'x' of report; known: lecture\n"
                             "x.yaml:6:14: error: description is a list; wanted text\n");
}

static void a_file_that_is_no_map_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "- a\n", NULL);
    assert_messages(harness, "x.yaml:1:1: error: a config is a map of keys and values, found a list\n");
    harness_load(harness, MINIMAL "train: {epochs: 1, epochs: 2}\n", NULL);
    assert_int_equal(harness->status, STATUS_CONFIG);
    harness_load_file(harness, "absent.yaml", NULL);
    assert_messages(harness, "absent.yaml: error: cannot read it: No such file or directory\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(durations_are_epochs_or_updates),
        TEST(bad_durations_are_errors),
        TEST(checkpoints_come_after_epochs_updates_or_minutes),
        TEST(shuffle_takes_the_words_of_keras),
        TEST(the_engine_has_a_table),
        TEST(seeds_are_a_number_or_a_list),
        TEST(metrics_are_distinct),
        TEST(a_model_is_a_list_of_layers),
        TEST(what_is_required_is_asked_for),
        TEST(a_section_may_come_from_an_axis),
        TEST(a_name_is_that_of_a_folder),
        TEST(a_report_is_for_people),
        TEST(a_file_that_is_no_map_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

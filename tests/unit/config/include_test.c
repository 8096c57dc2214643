#include "tests/unit/config/harness.h"

#include <sys/stat.h>

static void maps_merge_by_key_and_lists_whole(void **state) {
    struct harness *harness = *state;
    harness_write("base.yaml", MINIMAL "metrics: [accuracy, mean_squared_error]\ntrain: {epochs: 5, batch_size: 7}\n"
                                       "grid: {train.epochs: [1, 2]}\nlet: {a: 1, b: 2}\n");
    harness_load(harness,
                 "include: base.yaml\nmetrics: [mean_squared_error]\ntrain: {batch_size: = a + b}\n"
                 "grid: {train.epochs: [3], a: [5]}\nlet: {b: 4}\n",
                 NULL);
    assert_loads(harness);
    assert_labels(harness, 0, "train.epochs=3 a=5");
    assert_node(harness, 0, "metrics", "[{\"mean_squared_error\": {}}]");
    assert_node(harness, 0, "train.batch_size", "9");
}

static void included_files_merge_in_order(void **state) {
    struct harness *harness = *state;
    harness_write("a.yaml", MINIMAL "train: {epochs: 1, batch_size: 1, evaluate_every: 1}\n");
    harness_write("b.yaml", "train: {epochs: 2, batch_size: 2}\n");
    harness_load(harness, "train: {epochs: 3}\ninclude: [a.yaml, b.yaml]\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "train.epochs", "3");
    assert_node(harness, 0, "train.batch_size", "2");
    assert_node(harness, 0, "train.evaluate_every", "1");
}

static void the_same_plugin_merges_and_another_replaces(void **state) {
    struct harness *harness = *state;
    harness_write("a.yaml",
                  "dataset: {digits: {train: 10, test: 20}}\nmodel: [softmax]\nloss: mean_squared_error\n"
                  "optimizer: {adam: {beta_1: 0.5}}\nlet: {o: {sgd: {momentum: 0.5}}, p: {sgd: {momentum: 0.5}}}\n");
    harness_load(harness,
                 "include: a.yaml\ndataset: {digits: {train: 30}}\noptimizer: {sgd: {learning_rate: 2}}\n"
                 "let: {o: adam, p: {sgd: {learning_rate: 3}}}\n"
                 "grid: {optimizer: {one: {sgd: {}}, two: $o, three: $p}}\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.digits.train", "30");
    assert_node(harness, 0, "dataset.digits.test", "20");
    assert_node(harness, 1, "optimizer", "{\"adam\": {\"learning_rate\": 0.001, \"beta_1\": 0.9}}");
    assert_node(harness, 2, "optimizer", "{\"sgd\": {\"learning_rate\": 3.0, \"momentum\": 0.5}}");
    harness_load(harness, "include: a.yaml\noptimizer: {sgd: {learning_rate: 2}}\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer", "{\"sgd\": {\"learning_rate\": 2.0, \"momentum\": 0.0}}");
    harness_load(harness, "include: a.yaml\noptimizer: optimizer/adam\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer", "{\"adam\": {\"learning_rate\": 0.001, \"beta_1\": 0.5}}");
}

static void plugins_within_parameters_merge_alike(void **state) {
    struct harness *harness = *state;
    harness_write("a.yaml", MINIMAL);
    harness_write("b.yaml", "include: a.yaml\noptimizer: {adam: {learning_rate: {cosine: {initial: 1}}}}\n");
    harness_load(harness, "include: b.yaml\noptimizer: {adam: {learning_rate: {cosine: {steps: 7}}}}\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer.adam.learning_rate", "{\"cosine\": {\"initial\": 1.0, \"steps\": 7}}");
    harness_load(harness, "include: b.yaml\noptimizer: {adam: {learning_rate: 0.5}}\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer.adam.learning_rate", "0.5");
}

static void paths_are_relative_to_the_file_that_names_them(void **state) {
    struct harness *harness = *state;
    assert_int_equal(mkdir("sub", 0700), 0);
    harness_write("sub/a.yaml", "include: b.yaml\ndataset: {idx: {path: here}}\n");
    harness_write("sub/b.yaml", "model: [softmax]\nloss: mean_squared_error\noptimizer: adam\n");
    harness_load(harness, "include: sub/a.yaml\n", NULL);
    assert_loads(harness);
    const char *path = arena_printf(&harness->experiment.arena, "\"%s/sub/here\"", harness->folder);
    assert_node(harness, 0, "dataset.idx.path", path);
    harness_load(harness, "include: sub/a.yaml\ngrid: {dataset.idx.path: [here, $p]}\nlet: {p: ../x}\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.idx.path",
                arena_printf(&harness->experiment.arena, "\"%s/here\"", harness->folder));
    harness_load(harness, "include: sub/a.yaml\n", OVERRIDES("dataset.idx.path=there"));
    assert_loads(harness);
    assert_node(harness, 0, "dataset.idx.path",
                arena_printf(&harness->experiment.arena, "\"%s/there\"", harness->folder));
}

static void equal_texts_of_two_files_are_two_paths(void **state) {
    struct harness *harness = *state;
    assert_int_equal(mkdir("sub", 0700), 0);
    harness_write("sub/a.yaml", "let: {p: here, own: ''}\nmodel: [softmax]\nloss: mean_squared_error\noptimizer: adam\n"
                                "dataset: {idx: {path: $own}}\n");
    harness_load(harness, "include: sub/a.yaml\ngrid: {own: {ours: here, theirs: $p}}\n", NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.idx.path",
                arena_printf(&harness->experiment.arena, "\"%s/here\"", harness->folder));
    assert_node(harness, 1, "dataset.idx.path",
                arena_printf(&harness->experiment.arena, "\"%s/sub/here\"", harness->folder));
}

static void marks_name_their_own_file(void **state) {
    struct harness *harness = *state;
    assert_int_equal(mkdir("sub", 0700), 0);
    harness_write("sub/a.yaml", MINIMAL "trian: 1\ntrain:\n  epochs: x\n");
    harness_load(harness, "include: sub/a.yaml\ntrain: {batch_size: x}\n", NULL);
    assert_messages(
        harness,
        "sub/a.yaml:5:1: error: unknown key 'trian'; did you mean 'train'?\n"
        "sub/a.yaml:7:11: error: train.epochs is text 'x'; wanted an integer from 0 to 1000000000000, or null, or "
        "'3000 updates'\n"
        "x.yaml:2:21: error: train.batch_size is text 'x'; wanted an integer from 1 to 1000000000000, or full\n");
}

static void bad_includes_are_errors(void **state) {
    struct harness *harness = *state;
    harness_write("list.yaml", "[1]\n");
    /* What else may be wrong hangs on them. */
    harness_load(harness, "include: [nothing.yaml, 3, list.yaml, .]\ntrain: {epochs: $n}\n", NULL);
    assert_messages(harness, "x.yaml:1:11: error: cannot include 'nothing.yaml': No such file or directory\n"
                             "x.yaml:1:25: error: include wants the path of a file, found an integer\n"
                             "x.yaml:1:39: error: cannot include '.': it is a folder, wanted a file\n"
                             "list.yaml:1:1: error: a config is a map of keys and values, found a list\n");
}

static void cyclic_includes_are_errors(void **state) {
    struct harness *harness = *state;
    assert_int_equal(mkdir("sub", 0700), 0);
    harness_write("a.yaml", "include: sub/b.yaml\n");
    harness_write("sub/b.yaml", "include: ../a.yaml\n");
    harness_load(harness, "include: [x.yaml, a.yaml]\n" MINIMAL, NULL);
    assert_messages(harness, "x.yaml:1:11: error: cyclic include: x.yaml <- x.yaml\n"
                             "sub/b.yaml:1:10: error: cyclic include: sub/../a.yaml <- sub/b.yaml <- a.yaml\n");
}

static void deep_and_many_includes_are_errors(void **state) {
    struct harness *harness = *state;
    char file[32], text[64];
    for (int i = 0; i < 30; i++) {
        snprintf(file, sizeof file, "%d.yaml", i);
        snprintf(text, sizeof text, "include: [%d.yaml, %d.yaml]\n", i + 1, i + 1);
        harness_write(file, text);
    }
    harness_write("30.yaml", MINIMAL);
    harness_load(harness, "include: 0.yaml\n", NULL);
    assert_int_equal(harness->status, STATUS_CONFIG);
    char *messages = harness_messages(harness);
    assert_non_null(strstr(messages, "error: more than 1000 files are included"));
    assert_non_null(strstr(messages, "18.yaml:1:11: error: includes are nested deeper than 20 files"));
    free(messages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(maps_merge_by_key_and_lists_whole),
        TEST(included_files_merge_in_order),
        TEST(the_same_plugin_merges_and_another_replaces),
        TEST(plugins_within_parameters_merge_alike),
        TEST(paths_are_relative_to_the_file_that_names_them),
        TEST(equal_texts_of_two_files_are_two_paths),
        TEST(marks_name_their_own_file),
        TEST(bad_includes_are_errors),
        TEST(cyclic_includes_are_errors),
        TEST(deep_and_many_includes_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

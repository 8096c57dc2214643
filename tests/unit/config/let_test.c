/* `let`, `$` and `=`. */
#include "tests/unit/config/harness.h"

#define MODEL "dataset: digits\nmodel: [{dense: {units: 10}}]\nloss: categorical_crossentropy\n"

static void a_name_is_a_whole_value(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {act: tanh, rate: 0.25, opt: {adam: {learning_rate: $rate}}, layers: [{dense: {units: 2, "
                 "activation: $act}}]}\n"
                 "dataset: digits\nmodel: $layers\nloss: categorical_crossentropy\noptimizer: $opt\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer.adam.learning_rate", "0.25");
    assert_node(harness, 0, "model.0.dense.activation", "{\"tanh\": {\"name\": null}}");
}

static void a_name_in_braces_is_a_part_of_a_text(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {n: 3, f: 1e-1, t: x, e: '= 2 * n'}\n"
                 "dataset: {idx: {path: /d, title: 'a${n}b${f}c${t}${e}$$'}}\n"
                 "model: [{dense: {units: 10}}]\nloss: categorical_crossentropy\noptimizer: adam\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.idx.title", "\"a3b0.1cx6$\"");
}

static void two_dollars_are_one(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "dataset: {idx: {path: /d, title: $$n}}\n"
                 "model: [{dense: {units: 10}}]\nloss: categorical_crossentropy\noptimizer: adam\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "dataset.idx.title", "\"$n\"");
}

static void undefined_names_are_reported_with_the_nearest(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {activation: tanh, other: $activaton}\n"
                 "dataset: {idx: {path: /d, title: 'a${actvation}'}}\n"
                 "model: [{dense: {units: $n, activation: $activatoin}}, {dense: {units: x}}]\n"
                 "loss: categorical_crossentropy\noptimizer: adam\n",
                 NULL);
    assert_messages(harness, "x.yaml:1:32: error: undefined name '$activaton'; did you mean '$activation'?\n"
                             "x.yaml:2:34: error: undefined name '$actvation'; did you mean '$activation'?\n"
                             "x.yaml:3:25: error: undefined name '$n': 'let' does not define it\n"
                             "x.yaml:3:41: error: undefined name '$activatoin'; did you mean '$activation'?\n"
                             "x.yaml:3:72: error: units is text 'x'; wanted an integer from 1 to 1000000000\n");
}

static void a_lone_dollar_is_an_error(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {n: 1, m: [1]}\n"
                 "dataset: {idx: {path: /d, title: 'cost $5'}}\n"
                 "model: [{dense: {units: '${n'}}]\nloss: '${m}'\noptimizer: adam\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:2:34: error: '$' in 'cost $5' starts no name: write '${name}' within a text, or '$$' for a dollar\n"
        "x.yaml:3:25: error: '${' without '}' in '${n'; a dollar is written '$$'\n"
        "x.yaml:4:7: error: '${m}' is a list, only a scalar can be a part of a text\n");
}

static void cyclic_names_are_reported_once_with_their_chain(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let:\n"
                 "  c: $a\n"
                 "  a: {x: $b}\n"
                 "  b: [$a]\n"
                 "  self: ${self}\n" MODEL "optimizer: $c\n",
                 NULL);
    assert_messages(harness, "x.yaml:3:6: error: cyclic: a -> b -> a\n"
                             "x.yaml:5:9: error: cyclic: self -> self\n");
}

static void names_of_let_are_checked(void **state) {
    struct harness *harness = *state;
    harness_load(harness, "let: {a-b: 1, 2x: 1, train: 1, _ok1: 1}\n" MODEL "optimizer: adam\n", NULL);
    assert_messages(
        harness,
        "x.yaml:1:7: error: 'a-b' cannot be a name of 'let'; wanted letters, digits and '_', not a digit first\n"
        "x.yaml:1:15: error: '2x' cannot be a name of 'let'; wanted letters, digits and '_', not a digit first\n"
        "x.yaml:1:22: error: 'train' cannot be a name of 'let': it is a key of the config\n");
    harness_load(harness, "let: [a]\n" MODEL "optimizer: adam\n", NULL);
    assert_messages(harness, "x.yaml:1:6: error: let is a list; wanted a map {NAME: VALUE, ...}\n");
}

static void arithmetic_reads_paths_names_and_defaults(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {base: 0.5, half: '= base / 2', units: '= model.1.dense.units * 2'}\n"
                 "dataset: digits\n"
                 "model: [{dense: {units: $units}}, {dense: {units: 10}}]\n"
                 "loss: categorical_crossentropy\n"
                 "optimizer: {sgd: {learning_rate: = half * train.batch_size / 8, momentum: = 1 - "
                 "optimizer.sgd.learning_rate / 2}}\n"
                 "train: {epochs: \"= dataset.digits.train / 4000\"}\n"
                 "seeds: = 1 + 1\n",
                 NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer.sgd.learning_rate", "1.0"); /* 0.25 * 32 / 8 */
    assert_node(harness, 0, "optimizer.sgd.momentum", "0.5");
    assert_node(harness, 0, "model.0.dense.units", "20");
    assert_node(harness, 0, "train.epochs", "3");
    assert_int_equal(harness->experiment.n_seeds, 2);
}

static void full_counts_as_the_training_rows(void **state) {
    struct harness *harness = *state;
    harness_load(
        harness,
        "dataset: {digits: {train: '= 50 * 100'}}\nmodel: [{dense: {units: 10}}]\nloss: categorical_crossentropy\n"
        "optimizer: {sgd: {learning_rate: = train.batch_size / 10000}}\n"
        "grid: {train.batch_size: [100, full]}\n",
        NULL);
    assert_loads(harness);
    assert_node(harness, 0, "optimizer.sgd.learning_rate", "0.01");
    assert_node(harness, 1, "optimizer.sgd.learning_rate", "0.5");
    assert_node(harness, 1, "train.batch_size", "\"full\"");
    assert_int_equal(harness->rows_calls, 1);
}

static void a_full_batch_of_a_bad_data_set_is_reported_once(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "dataset: digit\nmodel: [{dense: {units: 10}}]\nloss: categorical_crossentropy\n"
                 "optimizer: {sgd: {learning_rate: = train.batch_size / 10000}}\ntrain: {batch_size: full}\n",
                 NULL);
    assert_messages(harness,
                    "x.yaml:1:10: error: unknown dataset 'digit'; did you mean 'digits'? (known: digits, idx)\n");
}

static void cyclic_arithmetic_is_reported_with_its_chain(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {m: = 2 * optimizer.sgd.learning_rate}\n" MODEL
                 "optimizer: {sgd: {learning_rate: = m, momentum: = optimizer.sgd.momentum}}\n",
                 NULL);
    assert_messages(harness,
                    "x.yaml:5:34: error: cyclic: optimizer.sgd.learning_rate -> m -> optimizer.sgd.learning_rate\n"
                    "x.yaml:5:49: error: cyclic: optimizer.sgd.momentum -> optimizer.sgd.momentum\n");
    harness_load(harness,
                 "dataset: {digits: {train: = train.batch_size}}\nmodel: [{dense: {units: 10}}]\n"
                 "loss: categorical_crossentropy\noptimizer: adam\ntrain: {batch_size: full}\n",
                 NULL);
    assert_messages(harness, "x.yaml:1:27: error: cyclic: dataset.digits.train -> dataset.digits.train\n");
}

static void mistakes_of_arithmetic_have_their_place(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {rate: 1, on: true}\n" MODEL "optimizer: {adam: {learning_rate: = rat * 2, beta_1: = 1 / 0}}\n"
                 "train:\n"
                 "  batch_size: = 5 / 2\n"
                 "  epochs: = train.epoch\n"
                 "  updates: = optimizer.sgd.momentum\n"
                 "  evaluate_every: = train.shuffle\n"
                 "  init_seed: = train.drop_last\n"
                 "  order_seed: = on + 1\n",
                 NULL);
    assert_messages(harness,
                    "x.yaml:5:35: error: undefined name 'rat'; did you mean 'rate'?\n"
                    "x.yaml:5:54: error: expression '= 1 / 0' divides by zero\n"
                    "x.yaml:7:15: error: train.batch_size is 2.5; wanted an integer from 1 to 1000000000000\n"
                    "x.yaml:8:11: error: undefined path 'train.epoch': there is no 'epoch'; did you mean 'epochs'?\n"
                    "x.yaml:9:12: error: path 'optimizer.sgd.momentum' goes through 'sgd', but 'adam' stands there\n"
                    "x.yaml:10:19: error: 'train.shuffle' is 'each_epoch', wanted a number\n"
                    "x.yaml:11:14: error: 'train.drop_last' is 'false', wanted a number\n"
                    "x.yaml:12:15: error: 'on' is 'true', wanted a number\n");
}

static void an_axis_may_change_a_name(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "let: {n: 1, opt: adam}\n" MODEL "optimizer: $opt\ntrain: {batch_size: = 10 * n}\n"
                 "grid: {n: [2, 3], opt: [{sgd: {momentum: 0.5}}, adam]}\n",
                 NULL);
    assert_loads(harness);
    assert_labels(harness, 2, "n=3 opt=sgd");
    assert_node(harness, 2, "train.batch_size", "30");
    assert_node(harness, 2, "optimizer.sgd.momentum", "0.5");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_a_whole_value),
        TEST(a_name_in_braces_is_a_part_of_a_text),
        TEST(two_dollars_are_one),
        TEST(undefined_names_are_reported_with_the_nearest),
        TEST(a_lone_dollar_is_an_error),
        TEST(cyclic_names_are_reported_once_with_their_chain),
        TEST(names_of_let_are_checked),
        TEST(arithmetic_reads_paths_names_and_defaults),
        TEST(full_counts_as_the_training_rows),
        TEST(a_full_batch_of_a_bad_data_set_is_reported_once),
        TEST(cyclic_arithmetic_is_reported_with_its_chain),
        TEST(mistakes_of_arithmetic_have_their_place),
        TEST(an_axis_may_change_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

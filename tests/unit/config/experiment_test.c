#include "tests/unit/config/harness.h"

static void a_minimal_config_gets_all_defaults(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness, MINIMAL, NULL);
    assert_loads(harness);
    assert_string_equal(experiment->name, "x");
    assert_int_equal(experiment->n_points, 1);
    assert_int_equal(experiment->n_trials, 1);
    assert_int_equal(experiment->n_axes, 0);
    assert_string_equal(
        text_of(harness, point_of(experiment, 0)),
        "{\"dataset\": {\"digits\": {\"train\": 12000, \"test\": 2000, \"scale\": 0.5, \"seed\": 0, "
        "\"validation\": 0.0}}, "
        "\"model\": [{\"dense\": {\"units\": 10, \"activation\": {\"linear\": {\"name\": null}}, "
        "\"fill\": \"zeros\", \"name\": null}}], "
        "\"loss\": {\"categorical_crossentropy\": {}}, "
        "\"optimizer\": {\"adam\": {\"learning_rate\": 0.001, \"beta_1\": 0.9}}, \"metrics\": [], \"callbacks\": [], "
        "\"train\": {\"batch_size\": 32, \"epochs\": 1, \"updates\": null, \"shuffle\": "
        "\"each_epoch\", \"drop_last\": false, "
        "\"evaluate_every\": 1, \"evaluate_train\": false, \"init_seed\": null, \"order_seed\": null, \"checkpoint\": "
        "null}, "
        "\"engine\": {\"gemm\": \"openblas\", \"micro_batch\": 4096}, \"init\": null, \"save\": null}");
}

static void a_trial_follows_its_seed(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment = harness_load(harness, MINIMAL "train: {order_seed: 7}\nseeds: [4, 2]\n", NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_trials, 2);
    const struct tree *trial = experiment_trial_tree(experiment, 1, &experiment->arena);
    assert_string_equal(text_of(harness, tree_get(trial, "seed")), "2");
    assert_string_equal(text_of(harness, tree_get(tree_get(trial, "train"), "init_seed")), "2");
    assert_string_equal(text_of(harness, tree_get(tree_get(trial, "train"), "order_seed")), "7");
    assert_string_equal(trial->keys[trial->count - 1], "seed");
}

static void trials_are_in_grid_order_with_seeds_fastest(void **state) {
    struct harness *harness = *state;
    struct experiment *experiment =
        harness_load(harness, MINIMAL "grid: {train.batch_size: [1, full], optimizer: [sgd, adam]}\nseeds: 3\n", NULL);
    assert_loads(harness);
    assert_int_equal(experiment->n_points, 4);
    assert_int_equal(experiment->n_trials, 12);
    assert_labels(harness, 0, "train.batch_size=1 optimizer=sgd");
    assert_labels(harness, 1, "train.batch_size=1 optimizer=adam");
    assert_labels(harness, 2, "train.batch_size=full optimizer=sgd");
    assert_labels(harness, 3, "train.batch_size=full optimizer=adam");
    assert_node(harness, 2, "train.batch_size", "\"full\"");
    assert_node(harness, 2, "optimizer.sgd.learning_rate", "0.01");
    assert_int_equal(experiment_trial(experiment, 5).point, 1);
    assert_int_equal(experiment_trial(experiment, 5).seed, 2);
}

static void all_mistakes_are_reported_at_once(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 "datset: digits\n"
                 "model:\n"
                 "  - dense: {units: ten}\n"
                 "  - dens: {units: 10}\n"
                 "loss: categorical_crossentropi\n"
                 "optimizer: {adam: {learning_rat: 0.1}}\n"
                 "train: {epochs: -1, batchsize: 3}\n"
                 "grid: {train.epoch: [1, 2], trian.epochs: [3]}\n"
                 "seeds: 0\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:1:1: error: unknown key 'datset'; did you mean 'dataset'?\n"
        "x.yaml:1:1: error: 'dataset' is missing\n"
        "x.yaml:3:20: error: units is text 'ten'; wanted an integer from 1 to 1000000000\n"
        "x.yaml:4:5: error: unknown layer 'dens'; did you mean 'dense'? (known: dense, linear, sigmoid, softmax, "
        "tanh)\n"
        "x.yaml:5:7: error: unknown loss 'categorical_crossentropi'; did you mean 'categorical_crossentropy'? (known: "
        "categorical_crossentropy, mean_squared_error)\n"
        "x.yaml:6:20: error: unknown parameter 'learning_rat' of adam; did you mean 'learning_rate'?\n"
        "x.yaml:7:17: error: train.epochs is -1; wanted an integer from 0 to 1000000000000, or null\n"
        "x.yaml:7:21: error: unknown key 'batchsize' of train; did you mean 'batch_size'?\n"
        "x.yaml:8:8: error: unknown key 'epoch' of train; did you mean 'epochs'?\n"
        "x.yaml:8:29: error: axis 'trian.epochs' is neither a path nor a name of 'let'; did you mean 'train.epochs'?\n"
        "x.yaml:9:8: error: seeds is 0; wanted a number of seeds from 1, or a list of seeds\n");
}

static void a_key_may_belong_elsewhere(void **state) {
    struct harness *harness = *state;
    harness_load(harness,
                 MINIMAL
                 "units: 10\nbatch_size: 3\nlearning_rate: 1\nlr: 1\nmomentum: 0\nname: x\nscale: 1\nscaled: 1\n"
                 "nothing: 0\nsgd: 1\ndense: 1\n",
                 NULL);
    assert_messages(
        harness,
        "x.yaml:5:1: error: unknown key 'units'; did you mean model: [{dense: {units: ...}}]?\n"
        "x.yaml:6:1: error: unknown key 'batch_size'; did you mean train: {batch_size: ...}?\n"
        "x.yaml:7:1: error: unknown key 'learning_rate'; did you mean optimizer: {adam: {learning_rate: ...}}?\n"
        "x.yaml:8:1: error: unknown key 'lr'; did you mean optimizer: {adam: {learning_rate: ...}}?\n"
        "x.yaml:9:1: error: unknown key 'momentum'; did you mean optimizer: {sgd: {momentum: ...}}?\n"
        "x.yaml:10:1: error: unknown key 'name'; did you mean 'experiment'?\n"
        "x.yaml:11:1: error: unknown key 'scale'; did you mean dataset: {digits: {scale: ...}}?\n"
        "x.yaml:12:1: error: unknown key 'scaled'; did you mean dataset: {digits: {scale: ...}}?\n"
        "x.yaml:13:1: error: unknown key 'nothing'; known: experiment, description, include, dataset, let, model, "
        "loss, "
        "optimizer, metrics, callbacks, train, engine, init, save, grid, cases, seeds, report, time_limit, "
        "memory_limit, "
        "data_time_limit, baseline, claims, targets\n"
        "x.yaml:14:1: error: unknown key 'sgd'; did you mean optimizer: sgd?\n"
        "x.yaml:15:1: error: unknown key 'dense'; did you mean model: [dense]?\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_minimal_config_gets_all_defaults),
        TEST(a_trial_follows_its_seed),
        TEST(trials_are_in_grid_order_with_seeds_fastest),
        TEST(all_mistakes_are_reported_at_once),
        TEST(a_key_may_belong_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * early_stopping and reduce_lr_on_plateau against keras.callbacks: the epoch of the end, whose weights stay, and the learning
 * rates. The numbers are from callbacks_values.py (keras 3.15.1, torch 2.13.0), which has the columns as well.
 */
#include "tests/conformance/harness.h"

enum { EPOCHS = 12, MAX_SETTINGS = 5 };
enum column { FALLING, VALLEY, GAPS, RISING };
#define NONE ((double)NAN)

static const double columns[][EPOCHS] = {
    [FALLING] = {4, 3, 2.5, 2.25, 2.25, 2, 1.75, 1.75, 1.5, 1.25, 1.25, 1},
    [VALLEY] = {4, 3, 2.5, 2.75, 2.25, 2.5, 2.5, 2.25, 2.5, 2, 3, 3.25},
    [GAPS] = {4, NONE, 3, NONE, 3.25, NONE, 3.5, NONE, 2, NONE, 2.5, NONE},
    [RISING] = {0.25, 0.5, 0.25, 0.5, 0.75, 0.75, 0.75, 1, 0.5, 0.75, 1, 1},
};

struct setting {
    const char *param;
    double value;
};

struct stop {
    enum column column;
    struct setting settings[MAX_SETTINGS];
    uint64_t last, weights; /* the epoch after which training ends, and whose weights it ends with */
};

struct plateau {
    enum column column;
    struct setting settings[MAX_SETTINGS];
    double rates[EPOCHS]; /* after each epoch */
};

/* clang-format off */
static const struct stop stops[] = {
    {FALLING, {{NULL, 0}}, 5, 5},
    {FALLING, {{"patience", 1}}, 5, 5},
    {FALLING, {{"patience", 2}, {"min_delta", 0.25}}, 5, 5},
    {FALLING, {{"patience", 2}, {"min_delta", -0.5}}, 6, 6},
    {VALLEY, {{NULL, 0}}, 4, 4},
    {VALLEY, {{"patience", 2}}, 7, 7},
    {VALLEY, {{"patience", 3}}, 8, 8},
    {VALLEY, {{"patience", 3}, {"restore_best_weights", 1}}, 8, 5},
    {VALLEY, {{"patience", 50}, {"restore_best_weights", 1}}, 12, 10},
    {VALLEY, {{"patience", 2}, {"start_from_epoch", 4}}, 7, 7},
    {VALLEY, {{"patience", 1}, {"start_from_epoch", 11}, {"restore_best_weights", 1}}, 12, 12},
    {VALLEY, {{"patience", 4}, {"baseline", 2.25}}, 4, 4},
    {VALLEY, {{"patience", 5}, {"baseline", 2.5}, {"restore_best_weights", 1}}, 12, 10},
    {VALLEY, {{"patience", 2}, {"mode", 2}}, 3, 3},
    {GAPS, {{NULL, 0}}, 5, 5},
    {GAPS, {{"patience", 2}, {"restore_best_weights", 1}}, 7, 3},
    {RISING, {{"patience", 2}, {"mode", 2}}, 4, 4},
    {RISING, {{"patience", 3}, {"mode", 2}, {"min_delta", 0.25}}, 4, 4},
    {RISING, {{"patience", 3}, {"mode", 2}, {"baseline", 0.5}, {"restore_best_weights", 1}}, 3, 2},
    {RISING, {{"patience", 2}, {"mode", 1}}, 3, 3},
};

static const struct plateau plateaus[] = {
    {FALLING, {{NULL, 0}}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {FALLING, {{"patience", 1}, {"factor", 0.5}}, {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125}},
    {FALLING, {{"patience", 1}, {"factor", 0.5}, {"min_delta", 0.25}}, {1, 1, 1, 0.5, 0.25, 0.25, 0.125, 0.0625, 0.0625, 0.03125, 0.015625, 0.015625}},
    {FALLING, {{"patience", 2}, {"factor", 0.5}, {"min_delta", 1}, {"cooldown", 2}}, {1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125}},
    {VALLEY, {{"patience", 1}, {"factor", 0.5}}, {1, 1, 1, 0.5, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125, 0.015625, 0.0078125}},
    {VALLEY, {{"patience", 1}, {"factor", 0.5}, {"cooldown", 1}}, {1, 1, 1, 0.5, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125, 0.015625, 0.0078125}},
    {VALLEY, {{"patience", 2}, {"factor", 0.25}, {"cooldown", 3}}, {1, 1, 1, 1, 1, 1, 0.25, 0.25, 0.25, 0.25, 0.25, 0.0625}},
    {VALLEY, {{"patience", 1}, {"factor", 0.5}, {"min_lr", 0.3}}, {1, 1, 1, 0.5, 0.5, 0.300000012, 0.300000012, 0.300000012, 0.300000012, 0.300000012, 0.300000012, 0.300000012}},
    {VALLEY, {{"patience", 0}, {"factor", 0.5}}, {1, 1, 1, 0.5, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.03125, 0.015625, 0.0078125}},
    {GAPS, {{"patience", 1}, {"factor", 0.5}}, {1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125}},
    {RISING, {{"patience", 2}, {"factor", 0.5}, {"mode", 2}}, {1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625}},
    {RISING, {{"patience", 1}, {"factor", 0.5}, {"mode", 1}, {"cooldown", 2}}, {1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625, 0.03125, 0.03125, 0.015625}},
};
/* clang-format on */

static void set_text(const runner_component *component, void *config, const char *param, const char *text) {
    for (uint32_t i = 0; i < component->n_params; i++)
        if (strcmp(component->params[i].name, param) == 0)
            memcpy((char *)config + component->params[i].offset, &text, sizeof text);
}

static void *callback_new(const runner_component *component, const struct setting *settings) {
    void *config = config_new(component);
    set_text(component, config, "monitor", "val_loss");
    if (strcmp(component->name, "early_stopping") == 0)
        config_set(component, config, "baseline", NONE);
    for (size_t i = 0; i < MAX_SETTINGS && settings[i].param != NULL; i++)
        config_set(component, config, settings[i].param, settings[i].value);
    return config;
}

static const char *const names[] = {"train_loss", "val_loss", "val_top", "val_accuracy"};

/* As the host does it. */
static uint32_t ask(const runner_component *component, const void *config, runner_epoch *epoch, uint64_t number,
                    double value) {
    const runner_callback_ops *ops = component->ops;
    double values[] = {0.125, value, 7, 0.5};
    epoch->size = sizeof *epoch;
    epoch->n_values = 4;
    epoch->names = names;
    epoch->values = values;
    epoch->epoch = number;
    return ops->epoch(config, epoch);
}

static void early_stopping_ends_as_in_keras(void **state) {
    const runner_component *component = component_find(*state, RUNNER_CALLBACK, "early_stopping");
    for (size_t k = 0; k < sizeof stops / sizeof stops[0]; k++) {
        void *config = callback_new(component, stops[k].settings);
        runner_epoch epoch = {.rate = 1, .rate_factor = 1};
        uint64_t last = 0, kept = 0;
        bool restore = false;
        uint32_t asked = 0;
        while (last < EPOCHS && (asked & RUNNER_STOP) == 0) {
            asked = ask(component, config, &epoch, last + 1, columns[stops[k].column][last]);
            last++;
            kept = (asked & RUNNER_KEEP) != 0 ? last : kept;
            restore |= (asked & RUNNER_RESTORE) != 0;
        }
        uint64_t weights = restore ? kept : last;
        if (last != stops[k].last || weights != stops[k].weights)
            fail_msg("case %d: ends after epoch %d with the weights of %d; Keras: %d and %d", (int)k, (int)last,
                     (int)weights, (int)stops[k].last, (int)stops[k].weights);
        assert_true(epoch.rate_factor == 1);
        free(config);
    }
}

static void plateaus_reduce_the_rate_as_in_keras(void **state) {
    const runner_component *component = component_find(*state, RUNNER_CALLBACK, "reduce_lr_on_plateau");
    for (size_t k = 0; k < sizeof plateaus / sizeof plateaus[0]; k++) {
        void *config = callback_new(component, plateaus[k].settings);
        runner_epoch epoch = {.rate_factor = 1};
        for (uint64_t e = 0; e < EPOCHS; e++) {
            epoch.rate = epoch.rate_factor; /* of a rate of 1 */
            assert_int_equal(ask(component, config, &epoch, e + 1, columns[plateaus[k].column][e]), 0);
            if (!(fabs(epoch.rate_factor - plateaus[k].rates[e]) <= 1e-7 * plateaus[k].rates[e]))
                fail_msg("case %d, epoch %d: the rate is %.9g; Keras: %.9g", (int)k, (int)e + 1, epoch.rate_factor,
                         plateaus[k].rates[e]);
        }
        free(config);
    }
}

/* plan() with a monitor and mode, and the end of what it says; "" where it is content. */
static void check_plan(struct harness *harness, const char *monitor, int mode, uint32_t n_names, const char *wanted) {
    static const char *const both[] = {"early_stopping", "reduce_lr_on_plateau"};
    for (int i = 0; i < 2; i++) {
        const runner_component *component = component_find(harness, RUNNER_CALLBACK, both[i]);
        const runner_callback_ops *ops = component->ops;
        void *config = config_new(component);
        set_text(component, config, "monitor", monitor);
        config_set(component, config, "mode", mode);
        harness->call.failed = false;
        harness->error.text[0] = '\0';
        assert_int_equal(ops->plan(config, &harness->call.public, names, n_names), *wanted == '\0' ? 0 : RUNNER_FAILED);
        if (strstr(harness->error.text, wanted) == NULL)
            fail_msg("%s: found '%s'; wanted '%s'", monitor, harness->error.text, wanted);
        free(config);
    }
    harness->call.failed = false;
}

static void monitors_have_to_be_there_and_are_never_of_test_data(void **state) {
    check_plan(*state, "val_loss", 0, 4, "");
    check_plan(*state, "loss", 0, 4, ""); /* Keras' name of train_loss */
    check_plan(*state, "val_accuracy", 0, 4, "");
    check_plan(*state, "val_top", 1, 4, "");
    check_plan(*state, "val_top", 0, 4, "wanted mode: min or max");
    check_plan(*state, "val_loss", 0, 1, "set `validation` of the data set");
    check_plan(*state, "val_recall", 0, 4, "'recall' is not among the metrics");
    check_plan(*state, "test_loss", 0, 4, "nothing is selected on test data; wanted val_loss");
    check_plan(*state, "lss", 1, 4, "which is no column of the results");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_stopping_ends_as_in_keras),
        cmocka_unit_test(plateaus_reduce_the_rate_as_in_keras),
        cmocka_unit_test(monitors_have_to_be_there_and_are_never_of_test_data),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

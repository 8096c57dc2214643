#include "tests/unit/results/lab.h"

#include "runner/results/view.h"

#include <math.h>

static const char *const columns[] = {"test_accuracy", "val_loss"};
static const char *const axes[] = {"train.batch_size", "optimizer.learning_rate", "model.rate"};

/* 2 x 2 points on the first two axes, the third with one label; 3 seeds. Accuracies are 10 p + s, all of trials that are done. */
static void make(struct results *results) {
    static const char *const labels[] = {"1", "0.1", "a", "1", "0.2", "a", "8", "0.1", "a", "8", "0.2", "a"};
    lab_results(results, axes, 3, labels, 4, 3);
    lab_test_rows(results, 0, 0);
    for (size_t t = 0; t < results->n_trials; t++) {
        struct record *record = lab_record(&results->arena, t + 1, TRIAL_DONE, columns, 2, 2);
        lab_set(record, 1, 0, (double)(10 * (t / 3) + t % 3));
        record->epochs = 1;
        results->trials[t].record = record;
    }
}

static struct record *record_of(struct results *results, size_t trial) {
    return (struct record *)(uintptr_t)results->trials[trial].record;
}

static struct figures measure(const struct view *view, size_t group, const char *name) {
    struct figures figures;
    struct quantity quantity = {.name = name};
    view_measure(view, &view->groups[group], &quantity, &figures);
    return figures;
}

static void points_are_grouped_by_the_axes_named(void **state) {
    (void)state;
    struct results results;
    struct view view;
    struct error error;
    make(&results);
    assert_int_equal(view_make(&results, "learning_rate,batch_size", NULL, &view, &error), STATUS_OK);
    assert_int_equal(view.n_groups, 4);
    assert_string_equal(view.groups[1].labels[0], "0.2");
    assert_string_equal(view.groups[1].labels[1], "1");
    assert_int_equal(view.n_averaged, 0);
    assert_ptr_equal(view_find(&view, (const char *const[]){"0.1", "8"}), &view.groups[2]);
    assert_null(view_find(&view, (const char *const[]){"0.3", "8"}));
    size_t count;
    const char **labels = view_labels(&view, 1, &view.arena, &count);
    assert_int_equal(count, 2);
    assert_string_equal(labels[1], "8");
    view_clear(&view);
    assert_int_equal(view_make(&results, NULL, NULL, &view, &error), STATUS_OK);
    assert_int_equal(view.n_groups, 4);
    view_clear(&view);
    results_clear(&results);
}

/* Points 0 and 1 have 0 1 2 and 10 11 12: the seeds' means are 5 6 7, so mean 6, sd 1, se 1 / sqrt(3). All six at once would have an sd
   of 5.5. */
static void the_seed_is_the_unit_where_axes_are_averaged_over(void **state) {
    (void)state;
    struct results results;
    struct view view;
    struct error error;
    make(&results);
    assert_int_equal(view_make(&results, "batch_size", NULL, &view, &error), STATUS_OK);
    assert_int_equal(view.n_groups, 2);
    assert_int_equal(view.n_averaged, 1);
    assert_int_equal(view.averaged[0], 1);
    struct figures figures = measure(&view, 0, "test_accuracy");
    assert_int_equal(figures.metric.n, 3);
    assert_true(figures.metric.mean == 6 && figures.metric.sd == 1);
    assert_true(fabs(figures.metric.error - 0.5773502691896258) < 1e-15);
    /* SciPy: t.interval(0.95, 2, 6, 3**-0.5) */
    assert_true(fabs(figures.metric.low - 3.5158622882496702) < 1e-12);
    assert_true(fabs(figures.metric.high - 8.4841377117503303) < 1e-12);
    assert_true(figures.metric.median == 6 && figures.metric.min == 5 && figures.metric.max == 7);
    view_clear(&view);
    assert_int_equal(view_make(&results, "batch_size", "learning_rate=0.2", &view, &error), STATUS_OK);
    assert_int_equal(view.n_averaged, 0);
    assert_true(measure(&view, 1, "test_accuracy").metric.mean == 31);
    view_clear(&view);
    results_clear(&results);
}

static void a_seed_counts_where_all_points_have_it(void **state) {
    (void)state;
    struct results results;
    struct view view;
    struct error error;
    make(&results);
    results.trials[4].record = NULL; /* point 1, seed 1 */
    assert_int_equal(view_make(&results, "batch_size", NULL, &view, &error), STATUS_OK);
    struct figures figures = measure(&view, 0, "test_accuracy");
    assert_int_equal(figures.metric.n, 2);
    assert_true(figures.metric.mean == 6 && figures.metric.min == 5 && figures.metric.max == 7);
    assert_int_equal(view.groups[0].counts.missing, 1);
    assert_int_equal(view.groups[0].counts.done, 5);
    view_clear(&view);
    record_of(&results, 0)->status = TRIAL_DIVERGED;
    assert_int_equal(view_make(&results, "batch_size", NULL, &view, &error), STATUS_OK);
    figures = measure(&view, 0, "test_accuracy");
    assert_true(figures.metric.has_mean && isnan(figures.metric.mean));
    assert_int_equal(view.groups[0].counts.diverged, 1);
    figures = measure(&view, 0, "epochs"); /* it has epochs all the same */
    assert_int_equal(figures.metric.n, 2);
    assert_true(figures.metric.mean == 1);
    view_clear(&view);
    results_clear(&results);
}

/* sqrt(0.5 * 0.5 / 100) = 0.05 and sqrt(0.5 * 0.5 / 400) = 0.025 */
static void one_test_set_has_one_sampling_error(void **state) {
    (void)state;
    struct results results;
    struct view view;
    struct error error;
    make(&results);
    for (size_t t = 0; t < 12; t++)
        lab_set(record_of(&results, t), 1, 0, 0.5);
    for (size_t p = 0; p < 4; p++)
        lab_test_rows(&results, p, p < 3 ? 100 : 400);
    assert_int_equal(view_make(&results, "batch_size", NULL, &view, &error), STATUS_OK);
    assert_true(measure(&view, 0, "test_accuracy").metric.sampling_error == 0.05);
    assert_true(isnan(measure(&view, 1, "test_accuracy").metric.sampling_error));
    view_clear(&view);
    results_clear(&results);
}

/* Epochs 1 and 2 of val_loss 1, 0.5 reach 0.5 in epoch 2; point 1 never does: of six trials three, so the median is the mean of 2 and
   infinity. */
static void targets_count_all_trials_and_misses_as_infinite(void **state) {
    (void)state;
    struct results results;
    struct view view;
    struct error error;
    make(&results);
    struct target target = {.column = "val_loss", .value = 0.5};
    results.targets = &target;
    results.n_targets = 1;
    for (size_t t = 0; t < 12; t++) {
        struct record *record = lab_record(&results.arena, t + 1, TRIAL_DONE, columns, 2, 3);
        lab_set(record, 1, 1, 1);
        lab_set(record, 2, 1, t / 3 == 1 ? 0.6 : 0.5);
        record->rows[1].seconds = 1;
        record->rows[2].seconds = 0.25;
        results.trials[t].record = record;
    }
    struct quantity quantity;
    struct figures figures;
    assert_int_equal(view_make(&results, "batch_size", NULL, &view, &error), STATUS_OK);
    assert_int_equal(quantity_find(&results, "seconds_to_val_loss_0.5", &view.arena, &quantity, &error), STATUS_OK);
    view_measure(&view, &view.groups[0], &quantity, &figures);
    assert_int_equal(figures.metric.n, 6);
    assert_int_equal(figures.reached, 3);
    assert_true(isinf(figures.metric.median));
    view_measure(&view, &view.groups[1], &quantity, &figures);
    assert_int_equal(figures.reached, 6);
    assert_true(figures.metric.median == 1.25);
    results.trials[3].record = NULL; /* of five trials three reached it */
    view_measure(&view, &view.groups[0], &quantity, &figures);
    assert_int_equal(figures.metric.n, 5);
    assert_true(figures.metric.median == 1.25);
    view_clear(&view);
    results_clear(&results);
}

static void wrong(const struct results *results, const char *by, const char *where, const char *message) {
    struct view view;
    struct error error = {0};
    assert_int_equal(view_make(results, by, where, &view, &error), STATUS_CONFIG);
    assert_string_equal(error.text, message);
    view_clear(&view);
}

static void unknown_names_are_answered_with_the_nearest(void **state) {
    (void)state;
    struct results results;
    make(&results);
    wrong(&results, "batchsize", NULL, "--by batchsize: unknown axis 'batchsize'; did you mean 'batch_size'?");
    wrong(&results, "batch_size,train.batch_size", NULL,
          "--by batch_size,train.batch_size: the axis train.batch_size is named twice");
    wrong(&results, "batch_size,", NULL,
          "--by batch_size,: unknown axis ''; the grid has the axes train.batch_size, optimizer.learning_rate, "
          "model.rate");
    wrong(&results, "rat", NULL, "--by rat: unknown axis 'rat'; did you mean 'rate'?");
    wrong(&results, NULL, "learning_rate=0.3",
          "--where learning_rate=0.3: the axis optimizer.learning_rate has no label '0.3'; did you mean '0.1'?");
    struct arena arena;
    struct quantity quantity;
    struct error error = {0};
    arena_init(&arena);
    assert_int_equal(quantity_find(&results, "tst_accuracy", &arena, &quantity, &error), STATUS_CONFIG);
    assert_string_equal(error.text, "unknown metric 'tst_accuracy'; did you mean 'test_accuracy'?");
    assert_int_equal(quantity_find(&results, "speed", &arena, &quantity, &error), STATUS_CONFIG);
    assert_string_equal(error.text,
                        "unknown metric 'speed'; there are test_accuracy, val_loss, epochs, updates, epoch_seconds");
    assert_int_equal(quantity_find(&results, "best_test_accuracy", &arena, &quantity, &error), STATUS_OK);
    arena_clear(&arena);
    results_clear(&results);
}

static void an_axis_is_named_by_its_shortest_suffix(void **state) {
    (void)state;
    struct results results;
    static const char *const names[] = {"a.rate", "b.rate", "rate", "c.\"x.y\"", "d.learning_rate"};
    static const char *const labels[] = {"1", "1", "1", "1", "1"};
    lab_results(&results, names, 5, labels, 1, 1);
    assert_string_equal(results_axis_name(&results, 0), "a.rate");
    assert_string_equal(results_axis_name(&results, 1), "b.rate");
    assert_string_equal(results_axis_name(&results, 2), "rate");
    assert_string_equal(results_axis_name(&results, 3), "c.\"x.y\"");
    assert_string_equal(results_axis_name(&results, 4), "learning_rate");
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_grouped_by_the_axes_named),
        cmocka_unit_test(the_seed_is_the_unit_where_axes_are_averaged_over),
        cmocka_unit_test(a_seed_counts_where_all_points_have_it),
        cmocka_unit_test(one_test_set_has_one_sampling_error),
        cmocka_unit_test(targets_count_all_trials_and_misses_as_infinite),
        cmocka_unit_test(unknown_names_are_answered_with_the_nearest),
        cmocka_unit_test(an_axis_is_named_by_its_shortest_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

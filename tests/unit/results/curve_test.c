#include "tests/unit/results/lab.h"

#include "runner/results/curve.h"

#include <math.h>

enum { ALL = 100 };

static const char *const columns[] = {"train_loss", "test_accuracy"}, *const axes[] = {"size"},
                         *const labels[] = {"10"};

static void make_curve(const struct results *results, const char *column, size_t most, struct arena *arena,
                       struct curve *curve) {
    curves_make(results, 0, &column, 1, most, arena, curve);
}

/* One point whose trials have `rows` rows: test_accuracy is 0.1 times the epoch plus 0.01 times the seed, 2 s an epoch. */
static void make_results(struct results *results, size_t seeds, size_t rows) {
    lab_results(results, axes, 1, labels, 1, seeds);
    for (size_t t = 0; t < seeds; t++) {
        struct record *record = lab_record(&results->arena, t + 1, TRIAL_DONE, columns, 2, rows);
        for (size_t r = 0; r < rows; r++) {
            lab_set(record, r, 1, 0.1 * (double)r + 0.01 * (double)t);
            record->rows[r].seconds = r > 0 ? 2 : 0;
        }
        results->trials[t].record = record;
    }
}

static struct record *record_of(struct results *results, size_t trial) {
    return (struct record *)results->trials[trial].record;
}

static void a_curve_is_the_mean_with_the_least_and_the_largest(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 3, 4);
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 4);
    assert_int_equal(curve.trials, 3);
    assert_int_equal(curve.diverged, 0);
    for (size_t i = 0; i < 4; i++) {
        lab_near(curve.steps[i].epoch, (double)i);
        lab_near(curve.steps[i].seconds, 2 * (double)i);
        lab_near(curve.steps[i].mean, 0.1 * (double)i + 0.01);
        lab_near(curve.steps[i].low, 0.1 * (double)i);
        lab_near(curve.steps[i].high, 0.1 * (double)i + 0.02);
    }
    results_clear(&results);
}

static void one_seed_has_no_band_and_one_epoch_one_step(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 1, 1);
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 1);
    lab_near(curve.steps[0].low, curve.steps[0].mean);
    lab_near(curve.steps[0].high, curve.steps[0].mean);
    results_clear(&results);
}

static void nothing_comes_of_nothing(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 2, 3);
    make_curve(&results, "val_loss", ALL, &results.arena, &curve); /* no such column */
    assert_int_equal(curve.n, 0);
    assert_int_equal(curve.trials, 2);
    make_curve(&results, "train_loss", ALL, &results.arena, &curve); /* known at no epoch */
    assert_int_equal(curve.n, 0);
    record_of(&results, 0)->status = TRIAL_FAILED;
    results.trials[1].record = NULL;
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 0);
    assert_int_equal(curve.trials, 0);
    results_clear(&results);
}

static void trials_that_have_not_ended_or_have_failed_are_left_out(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 3, 3);
    record_of(&results, 0)->status = TRIAL_TIMEOUT;
    results.trials[2].record = NULL;
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.trials, 1);
    assert_int_equal(curve.n, 3);
    lab_near(curve.steps[2].mean, 0.21);
    results_clear(&results);
}

/* A mean over fewer trials than before would jump without anything having happened. */
static void a_curve_ends_where_the_first_trial_diverged_or_stopped(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 3, 6);
    struct record *record = record_of(&results, 1);
    record->status = TRIAL_DIVERGED;
    lab_set(record, 3, 1, (double)NAN);
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 3);
    assert_int_equal(curve.diverged, 1);
    lab_set(record, 3, 1, (double)INFINITY);
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 3);
    record_of(&results, 2)->n_rows = 2;
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 2);
    results_clear(&results);
}

/* As with `evaluate_every`, and where two trials were evaluated at other epochs. */
static void epochs_without_a_value_are_skipped(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 2, 5);
    record_of(&results, 0)->rows[1].known[1] = false;
    record_of(&results, 1)->rows[3].known[1] = false;
    make_curve(&results, "test_accuracy", ALL, &results.arena, &curve);
    assert_int_equal(curve.n, 3);
    lab_near(curve.steps[1].epoch, 2);
    lab_near(curve.steps[2].epoch, 4);
    lab_near(curve.steps[2].seconds, 8);
    results_clear(&results);
}

static void long_curves_are_thinned_and_keep_both_ends(void **state) {
    (void)state;
    struct results results;
    struct curve curve;
    make_results(&results, 2, 101);
    make_curve(&results, "test_accuracy", 11, &results.arena, &curve);
    assert_int_equal(curve.n, 11);
    for (size_t i = 0; i < 11; i++)
        lab_near(curve.steps[i].epoch, 10 * (double)i);
    make_curve(&results, "test_accuracy", 101, &results.arena, &curve);
    assert_int_equal(curve.n, 101);
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_is_the_mean_with_the_least_and_the_largest),
        cmocka_unit_test(one_seed_has_no_band_and_one_epoch_one_step),
        cmocka_unit_test(nothing_comes_of_nothing),
        cmocka_unit_test(trials_that_have_not_ended_or_have_failed_are_left_out),
        cmocka_unit_test(a_curve_ends_where_the_first_trial_diverged_or_stopped),
        cmocka_unit_test(epochs_without_a_value_are_skipped),
        cmocka_unit_test(long_curves_are_thinned_and_keep_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

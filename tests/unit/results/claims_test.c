/* Claims on made-up trials whose figures can be worked out by hand. */
#include "tests/unit/results/lab.h"

#include "runner/results/claims.h"

#include <math.h>

#define DIVERGED ((double)INFINITY)
#define MISSING ((double)NAN)

static const char *const columns[] = {"test_loss", "test_accuracy"};
static const char *const axes[] = {"train.batch_size", "optimizer.sgd.learning_rate"};
static const char *const labels[] = {"1", "0.1", "10", "0.1", "10", "0.2"};

/* [3 points][seeds]: losses, and 1 - loss as accuracies. */
static void make(struct results *results, const double *losses, size_t seeds) {
    lab_results(results, axes, 2, labels, 3, seeds);
    for (size_t t = 0; t < results->n_trials; t++) {
        struct record *record =
            lab_record(&results->arena, t + 1, isinf(losses[t]) ? TRIAL_DIVERGED : TRIAL_DONE, columns, 2, 2);
        lab_set(record, 1, 0, losses[t]);
        lab_set(record, 1, 1, 1 - losses[t]);
        record->epochs = 1;
        record->updates = 10 * (t + 1);
        record->rows[1].seconds = (double)(t + 1);
        results->trials[t].record = isnan(losses[t]) ? NULL : record;
    }
}

/* Losses 1 1 1, 2 3 4 and 2 3 4.5. */
static void plain(struct results *results) {
    static const double losses[] = {1, 1, 1, 2, 3, 4, 2, 3, 4.5};
    make(results, losses, 3);
}

static struct claim_result judge(struct results *results, const char *text) {
    results->claims = arena_array(&results->arena, 1, sizeof *results->claims);
    results->claims[0] = text;
    results->n_claims = 1;
    return claims_judge(results, &results->arena)[0];
}

static void verdict_is(struct results *results, const char *text, enum claim_verdict verdict, const char *reason) {
    struct claim_result claim = judge(results, text);
    if (claim.verdict != verdict || strcmp(claim.reason, reason) != 0)
        fail_msg("%s: %s (%s), wanted %s (%s)", text, claim_verdict_name(claim.verdict), claim.reason,
                 claim_verdict_name(verdict), reason);
}

/* Differences 1, 2, 3: mean 2, sd 1, and half of the interval t(0.975, 2) / sqrt(3) = 4.302652729749464 / sqrt(3) (SciPy). */
static void the_interval_of_left_minus_right_decides(void **state) {
    (void)state;
    static const char *const left = "test_loss(batch_size=10, learning_rate=0.1) > test_loss(batch_size=1)";
    const double half = 4.302652729749464 / sqrt(3);
    struct results results;
    plain(&results);
    struct claim_result claim = judge(&results, left);
    assert_int_equal(claim.verdict, CLAIM_UNDECIDED);
    assert_int_equal(claim.n, 3);
    assert_true(claim.estimate == 2 && claim.threshold == 0 && !claim.times);
    assert_true(fabs(claim.low - (2 - half)) < 1e-12 && fabs(claim.high - (2 + half)) < 1e-12);
    verdict_is(&results, "test_loss(batch_size=10, learning_rate=0.1) > test_loss(batch_size=1) - 1", CLAIM_HOLDS, "");
    verdict_is(&results, "test_loss(batch_size=10, learning_rate=0.1) < test_loss(batch_size=1) - 1", CLAIM_FAILS, "");
    verdict_is(&results, "test_loss(batch_size=1) < test_loss(batch_size=10, learning_rate=0.1) + 1", CLAIM_HOLDS, "");
    verdict_is(&results, "2 * test_loss(batch_size=10, learning_rate=0.1) / 2 + 1 > test_loss(batch_size=1)",
               CLAIM_HOLDS, "");
    results_clear(&results);
}

static void an_axis_goes_by_its_shortest_suffix_or_its_path(void **state) {
    (void)state;
    struct results results;
    plain(&results);
    static const char *const names[] = {"batch_size", "train.batch_size"};
    for (size_t i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "updates(%s=10, sgd.learning_rate=0.2) > updates(%s=1)", names[i], names[i]);
        assert_true(judge(&results, text).estimate == 60); /* 70 80 90 - 10 20 30 */
    }
    verdict_is(&results, "test_loss(size=10) > 0", CLAIM_UNDECIDED, "does not fit this grid");
    results_clear(&results);
}

/* Batch size 10: means 2, 3, 4.25 of two points; all points: 5/3, 7/3, 9.5/3. */
static void a_column_is_the_mean_over_its_points_at_each_seed(void **state) {
    (void)state;
    struct results results;
    plain(&results);
    struct claim_result claim = judge(&results, "test_loss(batch_size=10) > 0");
    assert_true(fabs(claim.estimate - 9.25 / 3) < 1e-14);
    claim = judge(&results, "test_loss > 0");
    assert_true(fabs(claim.estimate - (5.0 / 3 + 7.0 / 3 + 9.5 / 3) / 3) < 1e-14);
    results_clear(&results);
}

static void equal_sides_are_no_evidence_of_more(void **state) {
    (void)state;
    struct results results;
    plain(&results);
    verdict_is(&results, "test_loss(batch_size=1) >= 1", CLAIM_HOLDS, "");
    verdict_is(&results, "test_loss(batch_size=1) > 1", CLAIM_FAILS, "");
    verdict_is(&results, "test_loss(batch_size=1) > 0.5", CLAIM_HOLDS, "");   /* a loss may be constant, */
    verdict_is(&results, "test_accuracy(batch_size=1) > -1", CLAIM_UNDECIDED, /* but an accuracy goes in steps */
               "the differences are all equal: no spread to judge by");
    results_clear(&results);
}

/* Variances 1 of 2, 3, 4 and 19 / 12 of 2, 3, 4.5; F of 2 and 2 degrees of freedom has the quantile p / (1 - p) = 39 at 0.975. */
static void spreads_are_judged_by_their_ratio(void **state) {
    (void)state;
    struct results results;
    plain(&results);
    struct claim_result claim = judge(&results, "sd(test_loss(batch_size=10, learning_rate=0.1)) > "
                                                "sd(test_loss(batch_size=10, learning_rate=0.2))");
    double f = 12.0 / 19;
    assert_true(claim.verdict == CLAIM_UNDECIDED && claim.threshold == 1);
    assert_true(fabs(claim.estimate - sqrt(f)) < 1e-14);
    assert_true(fabs(claim.low - sqrt(f / 39)) < 1e-12 && fabs(claim.high - sqrt(f * 39)) < 1e-12);
    verdict_is(&results, "sd(test_loss(batch_size=10)) > sd(test_loss(batch_size=1))", CLAIM_UNDECIDED,
               "the right side has no spread");
    verdict_is(&results, "sd(test_loss(batch_size=1)) < sd(test_loss(batch_size=10))", CLAIM_UNDECIDED,
               "the left side has no spread");
    results_clear(&results);
}

/* Of 100 rows: 50 right thrice against 40, 39 and 40. The t test alone would be sure. */
static void accuracies_within_one_row_decide_nothing(void **state) {
    (void)state;
    static const double losses[] = {0.5, 0.5, 0.5, 0.6, 0.61, 0.6, 0.6, 0.62, 0.64};
    struct results results;
    make(&results, losses, 3);
    static const char *const left = "test_accuracy(batch_size=1) > test_accuracy(batch_size=10, learning_rate=0.1)";
    verdict_is(&results, left, CLAIM_HOLDS, "");
    for (size_t p = 0; p < results.n_points; p++)
        lab_test_rows(&results, p, 100);
    verdict_is(&results, left, CLAIM_UNDECIDED,
               "the differences are within one row of each other: no spread to judge by");
    verdict_is(&results, "test_accuracy(batch_size=1) > test_accuracy(batch_size=10, learning_rate=0.2)", CLAIM_HOLDS,
               "");
    results_clear(&results);
}

static void fewer_than_three_seeds_decide_nothing(void **state) {
    (void)state;
    static const double losses[] = {1, 1, MISSING, 5, 6, 7, MISSING, MISSING, MISSING};
    struct results results;
    make(&results, losses, 3);
    struct claim_result claim =
        judge(&results, "test_loss(batch_size=1) < test_loss(batch_size=10, learning_rate=0.1)");
    assert_true(claim.verdict == CLAIM_UNDECIDED && claim.n == 2 && claim.estimate == -4.5);
    assert_string_equal(claim.reason, "fewer than 3 seeds");
    verdict_is(&results, "test_loss(learning_rate=0.2) > 0", CLAIM_UNDECIDED, "no seed has a value on the left side");
    verdict_is(&results, "0 > test_loss(learning_rate=0.2)", CLAIM_UNDECIDED, "no seed has a value on the right side");
    verdict_is(&results, "test_loss(learning_rate=0.2) > test_precision(batch_size=1)", CLAIM_UNDECIDED,
               "no seed has a value on either side");
    verdict_is(&results, "test_loss(batch_size=1) / 0 > 1", CLAIM_UNDECIDED, "no seed has a value on the left side");
    results_clear(&results);
}

/* Epochs to 0.5: 1 1 1; 3 3 2; 2, never, 3. The differences -2, -2, -1 have the mean -5/3, sd 1/sqrt(3), and half of the interval is
   4.302652729749464 / 3 (SciPy's t.ppf(0.975, 2)). */
static void targets_are_columns_whose_misses_are_lost(void **state) {
    (void)state;
    static const char *const names[] = {"val_accuracy"};
    static const size_t reached[] = {1, 1, 1, 3, 3, 2, 2, 9, 3};
    static struct target targets[] = {{.column = "val_accuracy", .value = 0.5}};
    struct results results;
    lab_results(&results, axes, 2, labels, 3, 3);
    results.targets = targets;
    results.n_targets = 1;
    for (size_t t = 0; t < 9; t++) {
        struct record *record = lab_record(&results.arena, t + 1, TRIAL_DONE, names, 1, 4);
        for (size_t r = 0; r < 4; r++) {
            lab_set(record, r, 0, r >= reached[t] ? 0.5 : 0.4);
            record->rows[r].seconds = r > 0 ? 2 : 0;
        }
        results.trials[t].record = record;
    }
    struct claim_result claim = judge(&results, "epochs_to_val_accuracy_0.5(batch_size=1) < "
                                                "epochs_to_val_accuracy_0.50(batch_size=10, learning_rate=0.1)");
    assert_true(claim.verdict == CLAIM_HOLDS && claim.n == 3 && !claim.times);
    assert_true(fabs(claim.estimate + 5.0 / 3) < 1e-14);
    assert_true(fabs(claim.high - claim.estimate - 4.302652729749464 / 3) < 1e-12);
    claim = judge(&results, "seconds_to_val_accuracy_0.5(batch_size=1) <= 2");
    assert_true(claim.verdict == CLAIM_HOLDS && claim.times && claim.estimate == 0);
    verdict_is(&results, "updates_to_val_accuracy_0.5(learning_rate=0.2) < 100", CLAIM_UNDECIDED,
               "trials missed the target on the side that is claimed to be better");
    verdict_is(&results, "updates_to_val_accuracy_0.5(batch_size=1) < updates_to_val_accuracy_0.5(learning_rate=0.2)",
               CLAIM_UNDECIDED, "trials missed the target: fewer than 3 seeds are left");
    verdict_is(&results, "epochs_to_val_accuracy_0.7 > 0", CLAIM_UNDECIDED, "no seed has a value on the left side");
    results_clear(&results);
}

static void a_diverged_trial_counts_against_its_side(void **state) {
    (void)state;
    /* Point 0 is better by far, but one of its trials diverged; all of point 2 did. */
    static const double losses[] = {1, 1.1, 1.2, DIVERGED, 8, 8.2, 8.5, 8.1, DIVERGED, DIVERGED, DIVERGED, DIVERGED};
    static const char *const against = "trials diverged on the side that is claimed to be better";
    struct results results;
    make(&results, losses, 4);
    verdict_is(&results, "test_loss(batch_size=1) < test_loss(batch_size=10, learning_rate=0.1)", CLAIM_UNDECIDED,
               against);
    verdict_is(&results, "test_accuracy(batch_size=1) > test_accuracy(batch_size=10, learning_rate=0.1)",
               CLAIM_UNDECIDED, against);
    verdict_is(&results, "test_loss(batch_size=1) > test_loss(batch_size=10, learning_rate=0.1)", CLAIM_FAILS, "");
    verdict_is(&results, "test_loss(learning_rate=0.2) < test_loss(batch_size=10, learning_rate=0.1)", CLAIM_FAILS,
               against);
    verdict_is(&results, "test_loss(learning_rate=0.2) > test_loss(batch_size=10, learning_rate=0.1)", CLAIM_HOLDS,
               "all trials of the other side diverged");
    verdict_is(&results, "test_loss(learning_rate=0.2) > test_loss(batch_size=1)", CLAIM_UNDECIDED,
               "trials diverged on both sides");
    verdict_is(&results, "updates(batch_size=1) < updates(batch_size=10, learning_rate=0.1)", CLAIM_HOLDS, "");
    results_clear(&results);
}

static void claims_on_times_are_marked(void **state) {
    (void)state;
    struct results results;
    plain(&results);
    assert_true(judge(&results, "epoch_seconds(batch_size=1) < epoch_seconds(batch_size=10)").times);
    assert_true(judge(&results, "test_loss + 0 * seconds > 0").times);
    assert_false(judge(&results, "updates(batch_size=1) < updates(batch_size=10)").times);
    results_clear(&results);
}

static void the_table_has_a_row_a_claim(void **state) {
    (void)state;
    struct results results;
    struct text out;
    struct csv csv;
    plain(&results);
    judge(&results, "test_loss(batch_size=1, learning_rate=0.1) >= 1");
    text_init(&out);
    csv_init(&csv, &out);
    table_claims(&results, &csv);
    assert_string_equal(out.data, "claim,statement,verdict,n,estimate,ci95_low,ci95_high,threshold,times,reason\n"
                                  "1,\"test_loss(batch_size=1, learning_rate=0.1) >= 1\",holds,3,0,0,0,0,no,\n");
    text_clear(&out);
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_of_left_minus_right_decides),
        cmocka_unit_test(an_axis_goes_by_its_shortest_suffix_or_its_path),
        cmocka_unit_test(a_column_is_the_mean_over_its_points_at_each_seed),
        cmocka_unit_test(equal_sides_are_no_evidence_of_more),
        cmocka_unit_test(spreads_are_judged_by_their_ratio),
        cmocka_unit_test(accuracies_within_one_row_decide_nothing),
        cmocka_unit_test(fewer_than_three_seeds_decide_nothing),
        cmocka_unit_test(targets_are_columns_whose_misses_are_lost),
        cmocka_unit_test(a_diverged_trial_counts_against_its_side),
        cmocka_unit_test(claims_on_times_are_marked),
        cmocka_unit_test(the_table_has_a_row_a_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Verdicts on made-up trials whose figures can be worked out by hand. */
#include "tests/unit/results/lab.h"

#include "runner/results/compare.h"

#include <math.h>

static const char *const accuracy[] = {"test_accuracy", "val_accuracy"};
static const char *const loss[] = {"test_loss", "val_loss"};
static const char *const axes[] = {"x"};
static const char *const labels[] = {"0", "1", "2", "3", "4", "5"};
#define DIVERGED ((double)INFINITY)
#define MISSING ((double)NAN)

/* [points][seeds] of the first column, and of the second where there is one. */
static void fill(struct results *results, const char *const *columns, const double *first, const double *second) {
    for (size_t t = 0; t < results->n_trials; t++) {
        bool diverged = isinf(first[t]);
        struct record *record =
            lab_record(&results->arena, t + 1, diverged ? TRIAL_DIVERGED : TRIAL_DONE, columns, second ? 2 : 1, 1);
        lab_set(record, 0, 0, diverged ? 0.5 : first[t]); /* what a diverged trial had counts for nothing */
        if (second != NULL)
            lab_set(record, 0, 1, second[t]);
        results->trials[t].record = isnan(first[t]) ? NULL : record;
    }
}

static void make(struct results *results, const char *const *columns, const double *values, size_t points, size_t seeds,
                 const char *baseline) {
    lab_results(results, axes, 1, labels, points, seeds);
    fill(results, columns, values, NULL);
    results->baseline = baseline;
}

static void with_rows(struct results *results, uint64_t rows) {
    for (size_t p = 0; p < results->n_points; p++)
        lab_test_rows(results, p, rows);
}

static void verdict_is(const struct comparisons *all, size_t point, enum verdict verdict, const char *reason) {
    const struct comparison *c = comparisons_find(all, point);
    assert_non_null(c);
    if (c->verdict != verdict || strcmp(c->reason, reason) != 0)
        fail_msg("point %zu: '%s' (%s), wanted '%s' (%s)", point, verdict_name(c->verdict), c->reason,
                 verdict_name(verdict), reason);
}

/* Differences 1, 2, 3: mean 2, sd 1, d = 2, t = 2 sqrt(3), and with 2 degrees of freedom p = 1 - t / sqrt(2 + t^2) =
   1 - sqrt(12 / 14). V = 6, whose exact two-sided p is 2 / 8. */
static void figures_are_those_worked_out_by_hand(void **state) {
    (void)state;
    static const double values[] = {1, 1, 1, 2, 3, 4, 0, 1, 2};
    struct results results;
    struct comparisons all;
    make(&results, loss, values, 3, 3, "x=0");
    comparisons_make(&results, "test_loss", &all);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.family, 2);
    assert_true(all.lower_is_better && !all.best);
    verdict_is(&all, 0, VERDICT_REFERENCE, "");
    verdict_is(&all, 1, VERDICT_UNDECIDED, "");
    const struct comparison *c = comparisons_find(&all, 1);
    assert_true(c->t.mean == 2 && c->t.sd == 1 && c->t.effect == 2);
    assert_true(fabs(c->t.t - 2 * sqrt(3)) < 1e-14 && fabs(c->t.p - (1 - sqrt(12.0 / 14))) < 1e-14);
    assert_true(c->wilcoxon.exact && c->wilcoxon.statistic == 6 && c->wilcoxon.p == 0.25);
    assert_true(fabs(c->p_holm - 2 * c->t.p) < 1e-15); /* the lesser of two */
    assert_int_equal(c->win, 0);
    assert_int_equal(c->loss, 3);
    c = comparisons_find(&all, 2); /* differences -1, 0, 1 */
    assert_true(c->t.mean == 0 && c->t.p == 1 && c->p_holm == 1 && c->t.effect == 0 &&
                comparison_seeds_needed(&all, c) == 0);
    assert_int_equal(c->win, 1);
    assert_int_equal(c->tie, 1);
    assert_int_equal(c->loss, 1);
    comparisons_clear(&all);
    results_clear(&results);
}

/* The point with the best validation value is the reference, not the one with the best test value; pairs are 0-1, 0-2, 1-2. */
static void the_best_is_chosen_on_validation_rows(void **state) {
    (void)state;
    static const double test[] = {0.5, 0.6, 0.3, 0.9, 0.93, 0.98, 0.8, 0.81, 0.83};
    static const double val[] = {0.5, 0.5, 0.5, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9};
    struct results results;
    struct comparisons all;
    lab_results(&results, axes, 1, labels, 3, 3);
    fill(&results, accuracy, test, val);
    comparisons_make(&results, "test_accuracy", &all);
    assert_true(all.best && all.reference == 2 && all.family == 3);
    assert_string_equal(all.chosen, "val_accuracy");
    verdict_is(&all, 2, VERDICT_REFERENCE, "");
    /* Differences 0.1, 0.12, 0.15 of point 1: t = 0.123333 / 0.0251661 sqrt(3), p = 0.0136; three pairs, and the least of them */
    const struct comparison *c = comparisons_find(&all, 1);
    assert_true(c->t.mean > 0 && fabs(c->p_holm - 3 * c->t.p) < 1e-15);
    verdict_is(&all, 1, VERDICT_BETTER, "");
    comparisons_clear(&all);
    /* Without validation rows by the metric itself */
    fill(&results, accuracy, test, NULL);
    comparisons_make(&results, "test_accuracy", &all);
    assert_true(all.reference == 1 && strcmp(all.chosen, "test_accuracy") == 0);
    comparisons_clear(&all);
    results_clear(&results);
}

static void a_baseline_holds_the_other_axes_equal(void **state) {
    (void)state;
    static const char *const two[] = {"optimizer", "train.batch_size"};
    static const char *const names[] = {"sgd", "1", "sgd", "10", "adam", "1", "adam", "10", "none", "100"};
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 8, 7, 1, 1, 1};
    struct results results;
    struct comparisons all;
    lab_results(&results, two, 2, names, 5, 3);
    fill(&results, loss, values, NULL);
    results.baseline = "optimizer=adam";
    comparisons_make(&results, "test_loss", &all);
    assert_int_equal(all.count, 4); /* none, 100 has no adam, 100 */
    assert_int_equal(comparisons_find(&all, 0)->reference, 2);
    assert_int_equal(comparisons_find(&all, 1)->reference, 3);
    assert_null(comparisons_find(&all, 4));
    assert_int_equal(all.family, 2);
    verdict_is(&all, 2, VERDICT_REFERENCE, "");
    comparisons_clear(&all);
    results_clear(&results);
}

static void fewer_than_three_pairs_have_no_verdict(void **state) {
    (void)state;
    static const double values[] = {1, 1.1, 1.2, MISSING, 5, 5.1, 1, MISSING, MISSING, MISSING, MISSING, MISSING};
    struct results results;
    struct comparisons all;
    make(&results, loss, values, 4, 3, "x=0");
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 1, VERDICT_NONE, "fewer than 3 seeds");
    verdict_is(&all, 3, VERDICT_NONE, "no pair of trials");
    assert_int_equal(all.family, 0);
    assert_true(isnan(comparisons_find(&all, 1)->p_holm));
    comparisons_clear(&all);
    results_clear(&results);
}

/* On 100 rows, differences of 3, 3, 3, 3 and 4 rows: t = 3.2 / 0.2 = 16, p = 9e-5, and yet all that is known of the spread is that it
   is below a row. */
static void differences_within_one_row_decide_nothing(void **state) {
    (void)state;
    static const double values[] = {0.50, 0.60, 0.70, 0.65, 0.55, 0.53, 0.63, 0.73, 0.68, 0.59,
                                    0.53, 0.63, 0.73, 0.68, 0.58, 0.50, 0.60, 0.70, 0.65, 0.56,
                                    0.53, 0.63, 0.74, 0.68, 0.60, 0.50, 0.60, 0.70, 0.65, 0.55};
    struct results results;
    struct comparisons all;
    make(&results, accuracy, values, 6, 5, "x=0");
    with_rows(&results, 100);
    comparisons_make(&results, "test_accuracy", &all);
    verdict_is(&all, 1, VERDICT_NONE, "the differences are within one row of each other: no spread to judge by");
    verdict_is(&all, 2, VERDICT_NONE, "the differences are all equal: no spread to judge by");
    assert_true(isnan(comparisons_find(&all, 1)->p_holm) && isnan(comparisons_find(&all, 1)->t.low));
    verdict_is(&all, 3, VERDICT_UNDECIDED, ""); /* 0 0 0 0 1: p = 0.37 needs no excuse */
    assert_true(fabs(comparisons_find(&all, 3)->t.p - 0.373900966300059) < 1e-13); /* SciPy: 2 * t.sf(1, 4) */
    verdict_is(&all, 4, VERDICT_BETTER, "");                                       /* 3 3 4 3 5 */
    verdict_is(&all, 5, VERDICT_UNDECIDED, "");                                    /* 0 in all seeds is no difference */
    assert_int_equal(all.family, 3);
    comparisons_clear(&all);
    lab_test_rows(&results, 1, 10000); /* the step is that of the fewer rows */
    comparisons_make(&results, "test_accuracy", &all);
    assert_true(isnan(comparisons_find(&all, 1)->p_holm));
    comparisons_clear(&all);
    with_rows(&results, 1000);
    comparisons_make(&results, "test_accuracy", &all);
    verdict_is(&all, 1, VERDICT_BETTER, "");
    comparisons_clear(&all);
    fill(&results, loss, values, NULL); /* is no share */
    with_rows(&results, 100);
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 1, VERDICT_WORSE, "");
    verdict_is(&all, 2, VERDICT_WORSE, "");
    comparisons_clear(&all);
    results_clear(&results);
}

static void a_point_with_diverged_trials_is_never_better(void **state) {
    (void)state;
    static const double values[] = {5, 5.1, 5.2, 5.3, 1, 1.01, 1, DIVERGED, 9, 9.1, 9, DIVERGED, 4.9, 5.2, 5.1, 5.4};
    struct results results;
    struct comparisons all;
    make(&results, loss, values, 4, 4, "x=0");
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 1, VERDICT_UNDECIDED, "trials diverged"); /* better by far where it does not diverge */
    verdict_is(&all, 2, VERDICT_WORSE, "trials diverged");
    const struct comparison *c = comparisons_find(&all, 1);
    assert_int_equal(c->t.n, 3);
    assert_int_equal(c->win, 3);
    assert_int_equal(c->loss, 1);
    assert_int_equal(c->diverged, 1);
    comparisons_clear(&all);
    results.baseline = "x=1"; /* which diverged */
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 0, VERDICT_UNDECIDED, "trials of the reference diverged"); /* worse */
    verdict_is(&all, 2, VERDICT_UNDECIDED, "trials diverged");
    assert_int_equal(comparisons_find(&all, 2)->tie, 1); /* both diverged */
    comparisons_clear(&all);
    results.baseline = "best"; /* is one without diverged trials */
    comparisons_make(&results, "test_loss", &all);
    assert_int_equal(all.reference, 0);
    comparisons_clear(&all);
    results_clear(&results);
}

/* Verdict on point 1 of `points` with 3 seeds of which as many diverged as `counts` says, against point 0. */
static void diverged_verdict(const size_t *counts, size_t points, size_t seeds, const char *baseline,
                             enum verdict verdict, const char *reason) {
    double values[64];
    struct results results;
    struct comparisons all;
    for (size_t i = 0; i < points * seeds; i++)
        values[i] = i % seeds < counts[i / seeds] ? DIVERGED : 0.1 * (double)(i % seeds) + (i < seeds ? 0 : 0.01);
    make(&results, loss, values, points, seeds, baseline);
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 1, verdict, reason);
    comparisons_clear(&all);
    results_clear(&results);
}

static void a_point_that_diverged_whole_is_worse_where_chance_does_not_do_that(void **state) {
    (void)state;
    static const char *const chance = "all trials diverged, which chance could do in this grid";
    /* Two points, one test: 2 / 4^3 = 0.031 */
    diverged_verdict((const size_t[]){0, 3}, 2, 3, "x=0", VERDICT_WORSE, "trials diverged");
    /* 5 / C(15, 3) = 0.011 */
    diverged_verdict((const size_t[]){0, 3, 0, 0, 0}, 5, 3, "x=0", VERDICT_WORSE, "trials diverged");
    /* 5 4 C(9, 4) / C(15, 7) = 0.39, and 2 4 / 4^3 = 0.125 */
    diverged_verdict((const size_t[]){0, 3, 1, 2, 1}, 5, 3, "x=0", VERDICT_UNDECIDED, chance);
    /* 2 4 / 4^5 = 0.008, but of all pairs 2 10 / 4^5 = 0.0195; both do */
    diverged_verdict((const size_t[]){0, 5, 1, 3, 2}, 5, 5, "x=0", VERDICT_WORSE, "trials diverged");
    diverged_verdict((const size_t[]){0, 5, 1, 3, 2}, 5, 5, "best", VERDICT_WORSE, "trials diverged");
    /* 3 2 C(4, 2) / C(12, 6) = 0.039 would do, 2 3 / 4^4 = 0.023 too; with a seed less 3 2 C(3, 1) / C(9, 4) = 0.14, 2 3 / 4^3 = 0.094 */
    diverged_verdict((const size_t[]){0, 4, 2}, 3, 4, "best", VERDICT_WORSE, "trials diverged");
    diverged_verdict((const size_t[]){0, 3, 1}, 3, 3, "best", VERDICT_UNDECIDED, chance);
    /* The other way round */
    diverged_verdict((const size_t[]){3, 0, 0, 0, 0}, 5, 3, "x=0", VERDICT_BETTER, "trials of the reference diverged");
    diverged_verdict((const size_t[]){3, 0, 1, 2, 1}, 5, 3, "x=0", VERDICT_UNDECIDED,
                     "all trials of the reference diverged, which chance could do in this grid");
}

/* Above 300 points Bonferroni's correction is over all 301 300 / 2 pairs. */
static void many_points_are_corrected_over_all_pairs(void **state) {
    (void)state;
    enum { POINTS = 301, SEEDS = 3 };
    static const char *names[POINTS];
    static double values[POINTS * SEEDS];
    for (size_t i = 0; i < POINTS; i++)
        names[i] = "1";
    for (size_t i = 0; i < POINTS * SEEDS; i++)
        values[i] = 1 + (double)(i / SEEDS) + 1e-6 * (double)(i % SEEDS * (i / SEEDS));
    values[0] = 0.9;
    struct results results;
    struct comparisons all;
    lab_results(&results, axes, 1, names, POINTS, SEEDS);
    fill(&results, loss, values, NULL);
    comparisons_make(&results, "test_loss", &all);
    assert_int_equal(all.reference, 0);
    assert_int_equal(all.family, 45150);
    const struct comparison *c = comparisons_find(&all, 300);
    assert_true(c->t.p < 1e-5 && fabs(c->p_holm / (45150 * c->t.p) - 1) < 1e-14);
    assert_true(comparisons_find(&all, 1)->p_holm == 1);
    verdict_is(&all, 300, VERDICT_WORSE, "");
    verdict_is(&all, 1, VERDICT_UNDECIDED, "");
    comparisons_clear(&all);
    results_clear(&results);
}

/* With two seeds nothing is tested yet, but with more all would be: 24 pairs have a power of 0.8 at 5 % / 3 where the effect is 0.72,
   18 at 5 % (SciPy's nct). */
static void seeds_needed_reckon_with_the_tests_to_come(void **state) {
    (void)state;
    /* differences 1 and 1 + 0.72 s apart so that mean / sd = 0.72: m +- h, sd = sqrt(2) h, h = m / (0.72 sqrt(2)) */
    const double h = 1 / (0.72 * sqrt(2));
    const double values[] = {0, 0, 1 - h, 1 + h, 5, 5, 7, 7.5};
    struct results results;
    struct comparisons all;
    make(&results, loss, values, 4, 2, "x=0");
    comparisons_make(&results, "test_loss", &all);
    const struct comparison *c = comparisons_find(&all, 1);
    assert_true(fabs(c->t.effect - 0.72) < 1e-14 && all.family == 0 && all.planned == 3);
    assert_int_equal(comparison_seeds_needed(&all, c), 24);
    comparisons_clear(&all);
    results_clear(&results);
}

/* Values of problem b are lower whatever the optimizer: each data set has its own best, and pairs are those within. */
static void points_of_one_data_set_are_compared(void **state) {
    (void)state;
    static const char *const two[] = {"optimizer", "dataset"};
    static const char *const names[] = {"sgd", "a", "sgd", "b", "adam", "a", "adam", "b", "rms", "b"};
    static const double values[] = {5, 6, 7, 1, 2, 3, 4, 5.1, 6, 2, 3.1, 4, 3, 4.1, 5.2};
    struct results results;
    struct comparisons all;
    lab_results(&results, two, 2, names, 5, 3);
    fill(&results, loss, values, NULL);
    comparisons_make(&results, "test_loss", &all);
    assert_int_equal(all.count, 5);
    assert_int_equal(all.family, 4); /* a: 1 pair, b: 3 */
    static const size_t references[] = {2, 1, 2, 1, 1};
    for (size_t p = 0; p < 5; p++)
        assert_int_equal(comparisons_find(&all, p)->reference, references[p]);
    verdict_is(&all, 1, VERDICT_REFERENCE, "");
    verdict_is(&all, 2, VERDICT_REFERENCE, "");
    /* The least of four p values is of sgd with rms: differences 2, 2.1, 2.2 */
    const struct comparison *c = comparisons_find(&all, 4);
    assert_true(fabs(c->t.mean - 2.1) < 1e-14 && fabs(c->p_holm - 4 * c->t.p) < 1e-15);
    comparisons_clear(&all);
    /* The baseline names no data set: it is that of each */
    results.baseline = "optimizer=sgd";
    comparisons_make(&results, "test_loss", &all);
    static const size_t against[] = {0, 1, 0, 1, 1};
    for (size_t p = 0; p < 5; p++)
        assert_int_equal(comparisons_find(&all, p)->reference, against[p]);
    comparisons_clear(&all);
    results_clear(&results);
}

/* On data set b 0, 3, 1 and 2 of 3 trials diverge, on a none. Dealt out over b alone 4 3 C(6, 3) / C(12, 6) = 0.26, and 2 6 / 4^3 = 0.19;
   over both, as if a and b were alike, 8 C(7, 5) C(6, 3) / C(24, 6) = 0.025. */
static void chance_deals_diverged_trials_within_a_data_set(void **state) {
    (void)state;
    static const char *const two[] = {"dataset", "x"};
    static const char *const names[] = {"a", "0", "a", "1", "a", "2", "a", "3", "b", "0", "b", "1", "b", "2", "b", "3"};
    double values[8 * 3];
    static const size_t diverged[] = {0, 0, 0, 0, 0, 3, 1, 2};
    for (size_t i = 0; i < 24; i++)
        values[i] = i % 3 < diverged[i / 3] ? DIVERGED : 0.1 * (double)(i % 3) + 0.01 * (double)(i / 3);
    struct results results;
    struct comparisons all;
    lab_results(&results, two, 2, names, 8, 3);
    fill(&results, loss, values, NULL);
    results.baseline = "x=0";
    comparisons_make(&results, "test_loss", &all);
    verdict_is(&all, 5, VERDICT_UNDECIDED, "all trials diverged, which chance could do in this grid");
    comparisons_clear(&all);
    results_clear(&results);
}

/* Three optimizers on two data sets, two seeds: means 1.5 2.5 2.5 and 5 4 6, so ranks 1 2.5 2.5 and 2 1 3. Mean ranks 1.5, 1.75, 2.75;
   chi-square = 12 (0.5^2 + 0.25^2 + 0.75^2) 4 / (2 3 4 - 6 / 2) = 2, p = exp(-1). Nemenyi's q of 3 is 2.343701 (SciPy). */
static void data_sets_are_the_blocks_of_ranks(void **state) {
    (void)state;
    static const char *const two[] = {"dataset", "optimizer"};
    static const char *const names[] = {"a", "sgd", "a", "adam", "a", "rms", "b", "sgd", "b", "adam", "b", "rms"};
    static const double values[] = {1, 2, 2, 3, 3, 2, 5, 5, 4, 4, 6, 6};
    struct results results;
    struct ranking ranking;
    lab_results(&results, two, 2, names, 6, 2);
    fill(&results, loss, values, NULL);
    assert_true(ranking_make(&results, "test_loss", &ranking));
    assert_true(ranking.by_dataset && ranking.test.blocks == 2 && ranking.test.treatments == 3);
    assert_true(ranking.ranks[0] == 1.5 && ranking.ranks[1] == 1.75 && ranking.ranks[2] == 2.75);
    assert_int_equal(ranking.points[2], 2);
    assert_true(fabs(ranking.test.chi_square - 2) < 1e-14 && fabs(ranking.test.p - exp(-1)) < 1e-14);
    assert_true(fabs(ranking.test.critical_difference - 2.343701) < 1e-6); /* times sqrt(3 4 / (6 2)) = 1 */
    ranking_clear(&ranking);
    results_clear(&results);
}

/* Blocks are the seeds: ranks 1 2 3, 1 3 2 and, of a diverged trial, 1 2 3. A seed without a trial is no block. */
static void a_setting_without_values_has_no_rank(void **state) {
    (void)state;
    static const double values[] = {1, 2, 2, MISSING, MISSING, MISSING, 3, 1, 4, 2, 3, MISSING};
    struct results results;
    struct ranking ranking;
    make(&results, loss, values, 4, 3, "");
    assert_true(ranking_make(&results, "test_loss", &ranking));
    assert_true(ranking.test.treatments == 3 && ranking.treatments == 4 && ranking.points[3] == 1);
    assert_true(ranking.blocks == 3 && ranking.whole == 2); /* ranks 1 2 1.5 ... of seeds 0 and 1 */
    assert_true(ranking.ranks[0] == 1.5 && ranking.ranks[1] == 2 && ranking.ranks[2] == 2.5);
    ranking_clear(&ranking);
    results_clear(&results);
    make(&results, loss, values, 4, 1, ""); /* one seed */
    assert_false(ranking_make(&results, "test_loss", &ranking));
    assert_string_equal(ranking.reason, "fewer than 2 seeds have a value of every setting");
    ranking_clear(&ranking);
    results_clear(&results);
}

static void diverged_trials_rank_last(void **state) {
    (void)state;
    static const double values[] = {1, 1, 1, 1, 2, 3, 2, MISSING, 3, 2, DIVERGED, 2};
    struct results results;
    struct ranking ranking;
    make(&results, loss, values, 3, 4, "");
    assert_true(ranking_make(&results, "test_loss", &ranking));
    assert_int_equal(ranking.test.blocks, 3);
    assert_true(fabs(ranking.ranks[0] - 1) < 1e-15 && fabs(ranking.ranks[1] - 7.0 / 3) < 1e-15);
    ranking_clear(&ranking);
    results_clear(&results);
    make(&results, loss, values, 2, 4, "");
    assert_false(ranking_make(&results, "test_loss", &ranking)); /* two points need no ranks */
    ranking_clear(&ranking);
    results_clear(&results);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_worked_out_by_hand),
        cmocka_unit_test(the_best_is_chosen_on_validation_rows),
        cmocka_unit_test(a_baseline_holds_the_other_axes_equal),
        cmocka_unit_test(fewer_than_three_pairs_have_no_verdict),
        cmocka_unit_test(differences_within_one_row_decide_nothing),
        cmocka_unit_test(a_point_with_diverged_trials_is_never_better),
        cmocka_unit_test(a_point_that_diverged_whole_is_worse_where_chance_does_not_do_that),
        cmocka_unit_test(many_points_are_corrected_over_all_pairs),
        cmocka_unit_test(seeds_needed_reckon_with_the_tests_to_come),
        cmocka_unit_test(points_of_one_data_set_are_compared),
        cmocka_unit_test(chance_deals_diverged_trials_within_a_data_set),
        cmocka_unit_test(data_sets_are_the_blocks_of_ranks),
        cmocka_unit_test(a_setting_without_values_has_no_rank),
        cmocka_unit_test(diverged_trials_rank_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ctest: timeout 300 (seconds of work, which may wait for the other tests) */
/* False verdicts of identical settings: simulated trials of points that differ by chance alone, through the functions that judge real ones.
   A test at 5 % is wrong in 5 % of the pairs; of whole families, fewer than 5 % may hold a false verdict. The draws are fixed. What is
   wanted beside each figure is from the same simulation in NumPy with other draws (100000 families each). */
#include "tests/unit/results/lab.h"

#include "runner/base/random.h"
#include "runner/results/compare.h"

#include <math.h>

enum { MAX_NUMBERS = 1024 };

/* Below 5 %, and near to what it should be. */
static void family_rate_is(size_t wrong, size_t families, double wanted, const char *what) {
    double rate = (double)wrong / (double)families, error = sqrt(wanted * (1 - wanted) / (double)families);
    print_message("%s: %zu of %zu families with a false verdict, %.2f %%\n", what, wrong, families, 100 * rate);
    assert_true(rate < 0.05);
    assert_true(fabs(rate - wanted) < 4 * error);
}

/* 99 paired t tests of 100 points against the first, over 5 seeds which all points have a part of in common. NumPy: 4.98 % of the tests,
   4.45 % of the families after Holm's correction. */
static void a_hundred_points_against_a_baseline(void **state) {
    (void)state;
    enum { POINTS = 100, SEEDS = 5, FAMILIES = 10000 };
    struct random_key key = random_key(1, "null", 0), seeds = random_key(1, "null seeds", 0);
    static float draws[POINTS * SEEDS], common[SEEDS];
    double p[POINTS], differences[SEEDS];
    size_t single = 0, families = 0;
    for (size_t f = 0; f < FAMILIES; f++) {
        random_fill_normal(key, f, 0, POINTS * SEEDS, draws);
        random_fill_normal(seeds, f, 0, SEEDS, common);
        for (size_t i = 1; i < POINTS; i++) {
            for (size_t s = 0; s < SEEDS; s++)
                differences[s] =
                    ((double)draws[i * SEEDS + s] + (double)common[s]) - ((double)draws[s] + (double)common[s]);
            struct t_test test;
            statistics_t_test_alone(differences, SEEDS, 1, &test);
            p[i - 1] = test.p;
            single += test.p < 0.05 ? 1 : 0;
        }
        statistics_holm(p, POINTS - 1, p);
        bool wrong = false;
        for (size_t i = 0; i + 1 < POINTS; i++)
            wrong = wrong || p[i] < 0.05;
        families += wrong ? 1 : 0;
    }
    double rate = (double)single / (FAMILIES * (POINTS - 1));
    print_message("without correction: %.2f %% of %d tests\n", 100 * rate, FAMILIES * (POINTS - 1));
    assert_true(rate > 0.048 && rate < 0.052);
    family_rate_is(families, FAMILIES, 0.0445, "against a baseline");
}

struct experiment_of_chance {
    size_t points, seeds;
    const char *baseline;
    double step;     /* of an accuracy, to which values are rounded; 0: a loss */
    double diverged; /* share of the trials */
};

static void draw(const struct experiment_of_chance *chance, size_t family, struct results *results) {
    static const char *const axes[] = {"x"}, *const loss[] = {"test_loss"}, *const accuracy[] = {"test_accuracy"};
    static const char *const labels[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    float draws[MAX_NUMBERS];
    struct random_key key = random_key(2, "null", 0), lots = random_key(2, "null diverged", 0);
    lab_results(results, axes, 1, labels, chance->points, chance->seeds);
    results->baseline = chance->baseline;
    random_fill_normal(key, family, 0, results->n_trials + chance->seeds, draws);
    for (size_t t = 0; t < results->n_trials; t++) {
        bool diverged = random_uniform53(lots, family, t) < chance->diverged;
        double value = 0.9 + 0.01 * ((double)draws[t] + 2 * (double)draws[results->n_trials + t % chance->seeds]);
        if (chance->step > 0)
            value = floor(value / chance->step + 0.5) * chance->step;
        struct record *record = lab_record(&results->arena, t + 1, diverged ? TRIAL_DIVERGED : TRIAL_DONE,
                                           chance->step > 0 ? accuracy : loss, 1, 1);
        lab_set(record, 0, 0, value);
        results->trials[t].record = record;
    }
    for (size_t p = 0; p < results->n_points && chance->step > 0; p++)
        lab_test_rows(results, p, (uint64_t)(1 / chance->step + 0.5));
}

/* Families in which the verdict of some point is better or worse. */
static size_t wrong_families(const struct experiment_of_chance *chance, size_t families) {
    size_t count = 0;
    for (size_t f = 0; f < families; f++) {
        struct results results;
        struct comparisons all;
        draw(chance, f, &results);
        comparisons_make(&results, chance->step > 0 ? "test_accuracy" : "test_loss", &all);
        count += all.verdicts[VERDICT_BETTER] + all.verdicts[VERDICT_WORSE] > 0 ? 1 : 0;
        comparisons_clear(&all);
        results_clear(&results);
    }
    return count;
}

static void the_best_of_ten(void **state) {
    (void)state;
    enum { FAMILIES = 500 };
    size_t wrong = wrong_families(&(struct experiment_of_chance){10, 5, "best", 0, 0}, FAMILIES);
    family_rate_is(wrong, FAMILIES, 0.0275, "against the best");
}

/* Rows of the size of the spread between seeds: without the rule on differences within one row it would be 5.8 %. */
static void accuracies_that_go_in_steps(void **state) {
    (void)state;
    enum { FAMILIES = 800 };
    size_t wrong = wrong_families(&(struct experiment_of_chance){10, 5, "x=0", 1.0 / 130, 0}, FAMILIES);
    family_rate_is(wrong, FAMILIES, 0.0164, "in steps");
}

/* Half of all trials diverge. Were points that diverged whole always worse, it would be 53 % and 18 %. */
static void trials_that_diverge(void **state) {
    (void)state;
    enum { FAMILIES = 400 };
    size_t wrong = wrong_families(&(struct experiment_of_chance){10, 3, "best", 0, 0.5}, FAMILIES);
    family_rate_is(wrong, FAMILIES, 0.0172, "diverging, against the best");
    wrong = wrong_families(&(struct experiment_of_chance){10, 3, "x=0", 0, 0.5}, FAMILIES);
    family_rate_is(wrong, FAMILIES, 0.0115, "diverging, against a baseline");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_points_against_a_baseline),
        cmocka_unit_test(the_best_of_ten),
        cmocka_unit_test(accuracies_that_go_in_steps),
        cmocka_unit_test(trials_that_diverge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

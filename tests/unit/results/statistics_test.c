/* Distributions and tests against mpmath, SciPy and statsmodels (statistics_values.py) and against the outputs that R's and others'
   documentation prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/results/distributions.h"
#include "runner/results/statistics.h"

#include "tests/unit/results/statistics_values.h"

#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void near(double found, double wanted, double tolerance, const char *what, size_t index) {
    double error = wanted == 0 ? fabs(found) : fabs(found / wanted - 1);
    if (!(error <= tolerance)) {
        print_error("%s %zu: %.17g instead of %.17g, relative error %.3g\n", what, index, found, wanted, error);
        fail();
    }
}

static double value_of(const struct distribution_case *c) {
    const double *a = c->args;
    static const struct {
        const char *name;
        double (*one)(double);
        double (*two)(double, double);
        double (*three)(double, double, double);
    } functions[] = {
        {"normal_tail", normal_tail, NULL, NULL},
        {"normal_cdf", normal_cdf, NULL, NULL},
        {"log_gamma", distribution_log_gamma, NULL, NULL},
        {"student_tail", NULL, student_tail, NULL},
        {"student_quantile", NULL, student_quantile, NULL},
        {"chi_square_tail", NULL, chi_square_tail, NULL},
        {"chi_square_cdf", NULL, chi_square_cdf, NULL},
        {"chi_square_quantile", NULL, chi_square_quantile, NULL},
        {"f_tail", NULL, NULL, f_tail},
        {"f_quantile", NULL, NULL, f_quantile},
        {"range_tail", NULL, range_tail, NULL},
        {"range_cdf", NULL, range_cdf, NULL},
        {"range_quantile", NULL, range_quantile, NULL},
        {"noncentral_student_cdf", NULL, NULL, noncentral_student_cdf},
    };
    for (size_t i = 0; i < COUNT(functions); i++)
        if (strcmp(functions[i].name, c->name) == 0)
            return functions[i].one != NULL   ? functions[i].one(a[0])
                   : functions[i].two != NULL ? functions[i].two(a[0], a[1])
                                              : functions[i].three(a[0], a[1], a[2]);
    fail_msg("no function %s", c->name);
    return 0;
}

static void distributions_agree_with_mpmath_to_1e_11(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(distribution_cases); i++)
        if (strcmp(distribution_cases[i].name, "noncentral_student_cdf") == 0) /* absolute accuracy, as a power */
            assert_true(fabs(value_of(&distribution_cases[i]) - distribution_cases[i].value) < 1e-13);
        else
            near(value_of(&distribution_cases[i]), distribution_cases[i].value, 1e-11, distribution_cases[i].name, i);
}

static void distributions_hold_at_their_ends(void **state) {
    (void)state;
    assert_true(normal_tail(40) < 1e-300 && normal_tail(40) >= 0);
    assert_true(normal_cdf(-(double)INFINITY) == 0 && normal_cdf((double)INFINITY) == 1);
    assert_true(student_tail((double)INFINITY, 3) == 0);
    near(student_tail(1e200, 1), 3.1830988618379067e-201, 1e-12, "Cauchy tail: 1 / (pi t)", 0);
    assert_true(student_quantile(0.5, 3) == 0 && isinf(student_quantile(0, 3)) && isinf(student_quantile(1, 3)));
    assert_true(f_tail(0, 2, 3) == 1 && f_cdf(0, 2, 3) == 0 && f_tail((double)INFINITY, 2, 3) == 0);
    assert_true(chi_square_tail(0, 3) == 1 && chi_square_cdf((double)INFINITY, 3) == 1);
    assert_true(range_cdf(0, 3) == 0 && range_tail(0, 3) == 1 && range_tail(80, 3) == 0);
    assert_true(isnan(student_tail((double)NAN, 3)) && isnan(student_tail(1, 0)) && isnan(student_quantile(1.5, 3)));
    assert_true(isnan(f_tail(1, 0, 1)) && isnan(chi_square_tail(1, -1)) && isnan(range_quantile(0.95, 1)));
    for (double p = 1e-9; p < 1; p += 0.0701) {
        near(student_cdf(student_quantile(p, 4), 4), p, 1e-11, "student_cdf(quantile)", 0);
        near(chi_square_cdf(chi_square_quantile(p, 4), 4), p, 1e-11, "chi_square_cdf(quantile)", 0);
        near(f_cdf(f_quantile(p, 4, 7), 4, 7), p, 1e-11, "f_cdf(quantile)", 0);
    }
}

static void paired_tests_agree_with_scipy(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(paired_cases); i++) {
        const struct paired_case *c = &paired_cases[i];
        double d[128];
        for (size_t j = 0; j < c->n; j++)
            d[j] = c->x[j] - c->y[j];
        struct t_test t;
        statistics_t_test(d, c->n, fabs(statistics_mean(c->x, c->n)), &t);
        near(t.t, c->t, 1e-10, "t", i);
        near(t.p, c->p, 1e-10, "p of t", i);
        near(t.low, c->low, 1e-10, "low", i);
        near(t.high, c->high, 1e-10, "high", i);
        near(t.effect, c->effect, 1e-10, "effect", i);
        struct wilcoxon w;
        statistics_wilcoxon(d, c->n, true, &w);
        near(w.statistic, c->statistic, 0, "V", i);
        near(w.p, c->p_corrected, 1e-10, "p of V, corrected for continuity", i);
        statistics_wilcoxon(d, c->n, false, &w);
        near(w.p, c->p_plain, 1e-10, "p of V", i);
    }
}

/* R 4, example(t.test), Student's sleep data: t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 -0.7001142, mean of the
   differences -1.58. example(wilcox.test), depression data: V = 40, p-value = 0.01953 one-sided, so 0.03906. */
static void r_documents_the_same(void **state) {
    (void)state;
    static const double sleep1[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
    static const double sleep2[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    static const double before[] = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    static const double after[] = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    double d[10];
    for (size_t i = 0; i < 10; i++)
        d[i] = sleep1[i] - sleep2[i];
    struct t_test t;
    statistics_t_test(d, 10, 1, &t);
    assert_true(fabs(t.t - -4.0621) < 5e-5 && t.df == 9 && fabs(t.p - 0.002833) < 5e-7);
    assert_true(fabs(t.low - -2.4598858) < 5e-8 && fabs(t.high - -0.7001142) < 5e-8 && fabs(t.mean - -1.58) < 1e-12);
    for (size_t i = 0; i < 9; i++)
        d[i] = before[i] - after[i];
    struct wilcoxon w;
    statistics_wilcoxon(d, 9, true, &w);
    assert_true(w.exact && w.statistic == 40 && fabs(w.p / 2 - 0.01953) < 5e-6);
}

/* R 4, example(friedman.test), times of rounding first base: chi-squared = 11.143, df = 2, p-value = 0.003805. Demsar, Statistical
   comparisons of classifiers (JMLR 7, 2006), table 5(a): q(0.05) of 2, 3, 4, 5, 10 classifiers 1.960, 2.343, 2.569, 2.728, 3.164. */
static void friedman_and_nemenyi_agree_with_documents(void **state) {
    (void)state;
    static const double times[] = {5.40, 5.50, 5.55, 5.85, 5.70, 5.75, 5.20, 5.60, 5.50, 5.55, 5.50, 5.40, 5.90, 5.85,
                                   5.70, 5.45, 5.55, 5.60, 5.40, 5.40, 5.35, 5.45, 5.50, 5.35, 5.25, 5.15, 5.00, 5.85,
                                   5.80, 5.70, 5.25, 5.20, 5.10, 5.65, 5.55, 5.45, 5.60, 5.35, 5.45, 5.05, 5.00, 4.95,
                                   5.50, 5.50, 5.40, 5.45, 5.55, 5.50, 5.55, 5.55, 5.35, 5.45, 5.50, 5.55, 5.50, 5.45,
                                   5.25, 5.65, 5.60, 5.40, 5.70, 5.65, 5.55, 6.30, 6.30, 6.25};
    double ranks[16];
    struct friedman test;
    statistics_friedman(times, 22, 3, ranks, &test);
    assert_true(fabs(test.chi_square - 11.143) < 5e-4 && test.df == 2 && fabs(test.p - 0.003805) < 5e-7);
    static const struct { double k, q; } table[] = {{2, 1.960}, {3, 2.343}, {4, 2.569}, {5, 2.728}, {10, 3.164}};
    /* The table's last digit is off by up to 1: 3.314493 / sqrt(2) = 2.343701 */
    for (size_t i = 0; i < COUNT(table); i++)
        assert_true(fabs(range_quantile(0.95, table[i].k) / sqrt(2) - table[i].q) < 1e-3);
    for (size_t i = 0; i < COUNT(friedman_cases); i++) {
        const struct friedman_case *c = &friedman_cases[i];
        statistics_friedman(c->values, c->blocks, c->treatments, ranks, &test);
        near(test.chi_square, c->chi_square, 1e-10, "chi-square", i);
        near(test.p, c->p, 1e-10, "p of Friedman", i);
        near(test.critical_difference, c->critical_difference, 1e-10, "critical difference", i);
    }
}

static void holm_agrees_with_statsmodels(void **state) {
    (void)state;
    double adjusted[32];
    for (size_t i = 0; i < COUNT(holm_cases); i++) {
        statistics_holm(holm_cases[i].p, holm_cases[i].n, adjusted);
        for (size_t j = 0; j < holm_cases[i].n; j++)
            near(adjusted[j], holm_cases[i].adjusted[j], 1e-12, "Holm", i);
    }
    /* R: p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") is 0.04 0.06 0.06 0.06; a missing one is no part of the family */
    double p[] = {0.03, (double)NAN, 0.01, 0.04, 0.02};
    statistics_holm(p, 5, p);
    assert_true(fabs(p[0] - 0.06) < 1e-15 && isnan(p[1]) && p[2] == 0.04 && fabs(p[3] - 0.06) < 1e-15 &&
                fabs(p[4] - 0.06) < 1e-15);
}

/* statsmodels 0.15.0, TTestPower().power() and .solve_power(power=0.8), whose numbers are rounded up */
static void power_agrees_with_statsmodels(void **state) {
    (void)state;
    static const struct {
        size_t n;
        double effect, significance, power;
    } powers[] = {{5, 1.2, 0.05, 0.5302212511402787},
                  {3, 2, 0.05, 0.4707494312784346},
                  {20, 0.5, 0.05, 0.5645044184390203},
                  {10, 1, 0.005, 0.37706299040444874}};
    for (size_t i = 0; i < COUNT(powers); i++)
        near(statistics_power(powers[i].n, powers[i].effect, powers[i].significance), powers[i].power, 1e-9, "power",
             i);
    static const struct {
        double effect, significance;
        size_t n;
    } needed[] = {{0.2, 0.05, 199}, {0.2, 0.01, 296}, {0.5, 0.05, 34}, {0.5, 0.01, 51}, {0.8, 0.05, 15},
                  {0.8, 0.01, 22},  {1.5, 0.05, 6},   {1.5, 0.01, 9},  {3.0, 0.05, 4},  {-3.0, 0.01, 5}};
    for (size_t i = 0; i < COUNT(needed); i++)
        assert_int_equal(statistics_pairs_needed(needed[i].effect, needed[i].significance), needed[i].n);
    /* SciPy 1.17.1, nct.sf(b, n - 1, d) + nct.cdf(-b, n - 1, d) with b = t.ppf(0.975, n - 1), d = 0.0089 sqrt(n): 0.79999927 of
       n = 99091 and 0.80000323 of the next */
    assert_int_equal(statistics_pairs_needed(0.0089, 0.05), 99092);
    assert_int_equal(statistics_pairs_needed(0.0088, 0.05), 0); /* 101357 */
    assert_int_equal(statistics_pairs_needed(1e9, 0.05), 3);
    assert_int_equal(statistics_pairs_needed(0, 0.05), 0);
    assert_int_equal(statistics_pairs_needed(1e-4, 0.05), 0);
    assert_int_equal(statistics_pairs_needed((double)NAN, 0.05), 0);
}

/* Whatever the search starts from. */
static void the_number_needed_is_the_least(void **state) {
    (void)state;
    static const double significances[] = {0.05, 0.05 / 3, 0.05 / 190, 0.05 / 44850};
    for (double effect = 0.02; effect < 40; effect *= 1.7)
        for (size_t i = 0; i < COUNT(significances); i++) {
            size_t n = statistics_pairs_needed(effect, significances[i]);
            assert_true(n >= 3 && statistics_power(n, effect, significances[i]) >= 0.8);
            assert_true(n == 3 || statistics_power(n - 1, effect, significances[i]) < 0.8);
        }
}

static void equal_differences_have_no_spread(void **state) {
    (void)state;
    struct t_test t;
    statistics_t_test((const double[]){0, 0, 0}, 3, 1, &t);
    assert_true(t.constant && t.p == 1 && t.t == 0 && t.low == 0 && isnan(t.effect));
    /* 0.96 - 0.95 and 0.91 - 0.9 differ in their last bits alone */
    statistics_t_test((const double[]){0.96 - 0.95, 0.91 - 0.9, 0.95 - 0.94}, 3, 0.95, &t);
    assert_true(t.constant && t.p == 0 && t.low == t.high && isinf(t.t) && isnan(t.effect));
    statistics_t_test((const double[]){0.5}, 1, 1, &t);
    assert_true(isnan(t.p) && isnan(t.low) && t.mean == 0.5);
    struct wilcoxon w;
    statistics_wilcoxon((const double[]){0, 0}, 2, true, &w);
    assert_true(w.p == 1 && w.n == 0);
    statistics_wilcoxon(NULL, 0, true, &w);
    assert_true(isnan(w.p));
}

/* SciPy's stats.f: F = 12.5 / 0.625 = 20,
   2 * f.sf(20, 4, 4) = 0.013173523377605006, interval of the ratio of variances F / q and F * q
   with q = f.ppf(0.975, 4, 4) = 9.604529884722859 */
static void spread_agrees_with_f_test(void **state) {
    (void)state;
    struct spread_test s;
    double x[] = {1, 2, 3, 4, 10}, y[] = {2, 2.5, 3, 3.5, 4};
    statistics_spread_test(statistics_sd(x, 5), 5, statistics_sd(y, 5), 5, &s);
    near(s.ratio, sqrt(20), 1e-12, "ratio", 0);
    near(s.p, 0.013173523377605006, 1e-10, "p", 0);
    near(s.low, sqrt(20 / 9.604529884722859), 1e-10, "low", 0);
    near(s.high, sqrt(20 * 9.604529884722859), 1e-10, "high", 0);
    statistics_spread_test(1, 5, 0, 5, &s);
    assert_true(isnan(s.ratio));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_agree_with_mpmath_to_1e_11),
        cmocka_unit_test(distributions_hold_at_their_ends),
        cmocka_unit_test(paired_tests_agree_with_scipy),
        cmocka_unit_test(r_documents_the_same),
        cmocka_unit_test(friedman_and_nemenyi_agree_with_documents),
        cmocka_unit_test(holm_agrees_with_statsmodels),
        cmocka_unit_test(power_agrees_with_statsmodels),
        cmocka_unit_test(the_number_needed_is_the_least),
        cmocka_unit_test(equal_differences_have_no_spread),
        cmocka_unit_test(spread_agrees_with_f_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Distribution functions of the tests in statistics.h. Relative accuracy is about 1e-12 or better, in the tails as well: each
 * distribution has its upper tail P(X > x) as a function of its own. Only + - * / and sqrt in float64 and random_log(), so the bits are
 * the same on every machine. Formulas and sources are in docs/statistics.md. NaN for arguments outside their ranges. Thread-safe.
 */
#ifndef RUNNER_RESULTS_DISTRIBUTIONS_H
#define RUNNER_RESULTS_DISTRIBUTIONS_H

double distribution_exp(double x);
double distribution_log1p(double x);
/* log of the gamma function of x > 0 */
double distribution_log_gamma(double x);
/* Regularised incomplete gamma functions, a > 0, x >= 0: P(a, x) and Q(a, x) = 1 - P(a, x) */
double distribution_gamma_p(double a, double x);
double distribution_gamma_q(double a, double x);
/* Regularised incomplete beta function I_x(a, b), a, b > 0. `y` is 1 - x, which the caller knows to its last digit. */
double distribution_beta(double a, double b, double x, double y);

double normal_cdf(double x);
double normal_tail(double x);
double normal_density(double x);
/* 0 < p < 1 */
double normal_quantile(double p);

/* Student's t with df > 0 degrees of freedom, not necessarily a whole number */
double student_cdf(double t, double df);
double student_tail(double t, double df);
/* P(|T| > |t|) */
double student_two_sided(double t, double df);
double student_quantile(double p, double df);
/* P(T <= t) of the noncentral t with noncentrality `delta`: the power of t tests. Its accuracy is
   absolute, 1e-13. */
double noncentral_student_cdf(double t, double df, double delta);

/* df > 0 */
double chi_square_cdf(double x, double df);
double chi_square_tail(double x, double df);
double chi_square_quantile(double p, double df);

/* Fisher's F with df1, df2 > 0 */
double f_cdf(double x, double df1, double df2);
double f_tail(double x, double df1, double df2);
double f_quantile(double p, double df1, double df2);

/* The range of k >= 2 independent standard normal numbers: the studentized range with infinite degrees of freedom */
double range_cdf(double q, double k);
double range_tail(double q, double k);
double range_quantile(double p, double k);

#endif

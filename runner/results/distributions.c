#include "runner/results/distributions.h"

#include "runner/base/random.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_TERMS = 200000 };
static const double NOT_A_NUMBER = (double)NAN;
static const double LOG_SQRT_2PI = 0.91893853320467274178;
static const double SQRT_2PI = 2.50662827463100050242;

/* ---- Elementary functions ---------------------------------------------------------------------------------------- */

static double power_of_two(int n) {
    if (n < -1022)
        return power_of_two(n + 512) * power_of_two(-512);
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* x = n log 2 + r, and the Taylor series of r in Horner's form; its next term is below 1e-18. */
double distribution_exp(double x) {
    static const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
    if (isnan(x))
        return x;
    if (x > 709.78)
        return (double)INFINITY;
    if (x < -745.2)
        return 0;
    int n = (int)(x / 0.69314718055994530942 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * ln2_high - n * ln2_low, sum = 1;
    for (int k = 14; k >= 1; k--)
        sum = 1 + sum * r / k;
    return n > 1000 ? sum * power_of_two(1000) * power_of_two(n - 1000) : sum * power_of_two(n);
}

static double exp_minus_1(double x) {
    if (fabs(x) > 0.5)
        return distribution_exp(x) - 1;
    double sum = 1;
    for (int k = 15; k >= 2; k--)
        sum = 1 + sum * x / k;
    return x * sum;
}

/* W. Kahan's correction for the rounding of 1 + x. */
double distribution_log1p(double x) {
    if (!(x > -1))
        return x == -1 ? -(double)INFINITY : NOT_A_NUMBER;
    if (isinf(x))
        return x;
    double u = 1 + x;
    return u == 1 ? x : random_log(u) * (x / (u - 1));
}

static double log_of(double x) {
    if (x >= DBL_MIN)
        return isinf(x) ? x : random_log(x);
    return x > 0 ? random_log(x * 0x1p60) - 60 * 0.69314718055994530942 : x == 0 ? -(double)INFINITY : NOT_A_NUMBER;
}

/* ---- Gamma ------------------------------------------------------------------------------------------------------- */

/* log gamma(x) - ((x - 1/2) log x - x + log sqrt(2 pi)) of x >= 10: Stirling's series, whose next term is below 1e-18. */
static double stirling_correction(double x) {
    static const double terms[] = {1.0 / 12,        -1.0 / 360, 1.0 / 1260,       -1.0 / 1680,      1.0 / 1188,
                                   -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400, 43867.0 / 244188, -174611.0 / 125400};
    double z = 1 / (x * x), sum = 0;
    for (int i = (int)(sizeof terms / sizeof terms[0]) - 1; i >= 0; i--)
        sum = sum * z + terms[i];
    return sum / x;
}

double distribution_log_gamma(double x) {
    if (!(x > 0))
        return NOT_A_NUMBER;
    double product = 1;
    for (; x < 10; x++)
        product *= x;
    return (x - 0.5) * log_of(x) - x + LOG_SQRT_2PI + stirling_correction(x) - log_of(product);
}

/* log(1 + x) - x, by its series where the difference cancels */
static double log1p_minus(double x) {
    if (fabs(x) > 0.3)
        return distribution_log1p(x) - x;
    double r = x / (2 + x), z = r * r, sum = 0;
    for (int k = 33; k >= 3; k -= 2)
        sum = (sum + 2.0 / k) * z;
    return r * sum - x * r; /* log(1 + x) = 2r + r sum, and 2r - x = -x r */
}

/* x^a e^-x / gamma(a) */
static double gamma_front(double a, double x) {
    if (a < 10)
        return distribution_exp(a * log_of(x) - x - distribution_log_gamma(a));
    double exponent = a * log1p_minus((x - a) / a) - stirling_correction(a);
    return sqrt(a) / SQRT_2PI * distribution_exp(exponent);
}

/* P(a, x) by its series (Abramowitz & Stegun 6.5.29) */
static double gamma_series(double a, double x) {
    double term = 1 / a, sum = term;
    for (int n = 1; n < MAX_TERMS && term > sum * 1e-17; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return gamma_front(a, x) * sum;
}

/* Q(a, x) by its continued fraction (Abramowitz & Stegun 6.5.31), evaluated by Lentz' method */
static double gamma_fraction(double a, double x) {
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;
    for (int n = 1; n < MAX_TERMS; n++) {
        double an = -n * (n - a);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = b + an / c;
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return gamma_front(a, x) * h;
}

static bool gamma_edge(double a, double x, double *p) {
    if (!(a > 0) || !(x >= 0))
        *p = NOT_A_NUMBER;
    else if (x == 0)
        *p = 0;
    else if (isinf(x))
        *p = 1;
    else
        return false;
    return true;
}

double distribution_gamma_p(double a, double x) {
    double p;
    if (gamma_edge(a, x, &p))
        return p;
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double distribution_gamma_q(double a, double x) {
    double p;
    if (gamma_edge(a, x, &p))
        return 1 - p;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

/* ---- Beta -------------------------------------------------------------------------------------------------------- */

/* log gamma(q) - log gamma(p + q) of q >= 10, without the difference of two great numbers */
static double log_gamma_ratio(double p, double q) {
    return stirling_correction(q) - stirling_correction(p + q) + p - p * log_of(p + q) +
           (q - 0.5) * distribution_log1p(-p / (p + q));
}

/* x^a y^b / B(a, b) */
static double beta_front(double a, double b, double x, double y) {
    double least = a < b ? a : b, most = a < b ? b : a;
    if (least >= 10) { /* relative to the mode, where the great terms cancel */
        double n = a + b, correction = stirling_correction(n) - stirling_correction(a) - stirling_correction(b);
        double e = (b * x - a * y) / n; /* x - a / n */
        double exponent = a * distribution_log1p(e * n / a) + b * distribution_log1p(-e * n / b);
        if (fabs(e) * n < 0.3 * least) /* the terms of first order cancel: a (n/a) e - b (n/b) e = 0 */
            exponent = a * log1p_minus(e * n / a) + b * log1p_minus(-e * n / b);
        return sqrt(a / n * b) / SQRT_2PI * distribution_exp(exponent + correction);
    }
    double log_beta = most >= 10
                          ? distribution_log_gamma(least) + log_gamma_ratio(least, most)
                          : distribution_log_gamma(a) + distribution_log_gamma(b) - distribution_log_gamma(a + b);
    double log_x = x > 0.5 ? distribution_log1p(-y) : log_of(x), log_y = y > 0.5 ? distribution_log1p(-x) : log_of(y);
    return distribution_exp(a * log_x + b * log_y - log_beta);
}

/* Abramowitz & Stegun 26.5.8, evaluated by Lentz' method; it converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
    double h = d;
    for (int m = 1; m < MAX_TERMS; m++) {
        double even = m * (b - m) * x / ((a - 1 + 2 * m) * (a + 2 * m));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 1 + 2 * m));
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        c = fabs(c) < DBL_MIN ? DBL_MIN : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return h;
}

double distribution_beta(double a, double b, double x, double y) {
    if (!(a > 0) || !(b > 0) || !(x >= 0) || !(y >= 0))
        return NOT_A_NUMBER;
    if (x == 0 || y == 0)
        return x == 0 ? 0 : 1;
    if (x < (a + 1) / (a + b + 2))
        return beta_front(a, b, x, y) * beta_fraction(a, b, x) / a;
    return 1 - beta_front(a, b, x, y) * beta_fraction(b, a, y) / b;
}

/* ---- Quantiles --------------------------------------------------------------------------------------------------- */

/* The x in (low, high) with tail(x) = p, where tail falls: bisection of the interval's logarithm, until Newton's steps on log tail
   stay inside. `low` > 0. */
struct tail {
    double (*tail)(double x, const double *args);
    double (*density)(double x, const double *args);
    const double *args;
};

static double solve(const struct tail *tail, double p) {
    double low = DBL_MIN, high = DBL_MAX, x = 1, log_p = log_of(p);
    for (int i = 0; i < 2000 && high - low > 4 * DBL_EPSILON * low; i++) {
        double value = tail->tail(x, tail->args);
        if (value == p)
            return x;
        if (value > p)
            low = x;
        else
            high = x;
        double slope = tail->density(x, tail->args), next = x - value * (log_p - log_of(value)) / slope;
        if (value > 0 && slope > 0 && next > low && next < high) {
            if (fabs(next - x) <= 2 * DBL_EPSILON * x)
                return next;
            x = next;
        } else if (high == DBL_MAX) {
            x *= i < 60 ? 4 : 0x1p32;
        } else if (low == DBL_MIN) {
            x /= i < 60 ? 4 : 0x1p32;
        } else {
            x = sqrt(low) * sqrt(high);
        }
        if (!(x > low && x < high))
            break;
    }
    return x;
}

/* ---- Normal ------------------------------------------------------------------------------------------------------ */

double normal_tail(double x) {
    double half = x * x / 2;
    return x >= 0 ? distribution_gamma_q(0.5, half) / 2 : 1 - distribution_gamma_q(0.5, half) / 2;
}

double normal_cdf(double x) {
    return normal_tail(-x);
}

double normal_density(double x) {
    return distribution_exp(-x * x / 2) / SQRT_2PI;
}

double normal_quantile(double p) {
    if (!(p >= 0 && p <= 1))
        return NOT_A_NUMBER;
    if (p == 0 || p == 1)
        return p == 0 ? -(double)INFINITY : (double)INFINITY;
    return random_normal_quantile(p < DBL_MIN ? DBL_MIN : p);
}

/* ---- Student's t ------------------------------------------------------------------------------------------------- */

double student_two_sided(double t, double df) {
    if (!(df > 0) || isnan(t))
        return NOT_A_NUMBER;
    double r = t * t / df;
    if (isinf(r)) /* t^2 is beyond a double, unlike t^-df */
        return isinf(t) ? 0
                        : distribution_exp(-df * (log_of(fabs(t)) - log_of(df) / 2) - log_of(df / 2) -
                                           distribution_log_gamma(df / 2) - distribution_log_gamma(0.5) +
                                           distribution_log_gamma(df / 2 + 0.5));
    return distribution_beta(df / 2, 0.5, 1 / (1 + r), r / (1 + r));
}

double student_tail(double t, double df) {
    double half = student_two_sided(t, df) / 2;
    return t >= 0 ? half : 1 - half;
}

double student_cdf(double t, double df) {
    return student_tail(-t, df);
}

static double student_density(double t, double df) {
    double ratio =
        df >= 20 ? log_gamma_ratio(0.5, df / 2) : distribution_log_gamma(df / 2) - distribution_log_gamma(df / 2 + 0.5);
    return distribution_exp(-ratio - (df + 1) / 2 * distribution_log1p(t * t / df)) / sqrt(df * 3.14159265358979323846);
}

static double student_tail_of(double x, const double *args) {
    return student_tail(x, args[0]);
}

static double student_density_of(double x, const double *args) {
    return student_density(x, args[0]);
}

double student_quantile(double p, double df) {
    if (!(p >= 0 && p <= 1) || !(df > 0))
        return NOT_A_NUMBER;
    if (p == 0.5)
        return 0;
    double least = p < 0.5 ? p : 1 - p;
    if (least == 0)
        return p == 0 ? -(double)INFINITY : (double)INFINITY;
    double x = solve(&(struct tail){student_tail_of, student_density_of, &df}, least);
    return p < 0.5 ? -x : x;
}

/* Algorithm AS 243 (Lenth, Applied Statistics 38, 1989, 185-189), of t >= 0 */
static double noncentral_upper_half(double t, double df, double delta) {
    double square = t * t, x = square / (square + df), y = df / (square + df), half = delta * delta / 2;
    double log_p = -half, log_q = -half + 0.5 * log_of(half) - distribution_log_gamma(1.5), sum = 0, weight = 0;
    for (int j = 0; j < MAX_TERMS; j++) {
        double p = distribution_exp(log_p), q = distribution_exp(log_q) * (delta < 0 ? -1 : 1);
        double first = distribution_beta(j + 0.5, df / 2, x, y), second = distribution_beta(j + 1, df / 2, x, y);
        sum += p * first + q * second;
        weight += p;
        if (j > half && (1 - weight) * first < 1e-16 && p * first < 1e-17)
            break;
        /* From here on all factors fall, so that no term would change the sum. 1 - weight may stay at its rounding error. */
        if (j > half && p * first + fabs(q) * second < DBL_EPSILON / 4 * fabs(sum))
            break;
        log_p += log_of(half) - log_of(j + 1);
        log_q += log_of(half) - log_of(j + 1.5);
    }
    return normal_cdf(-delta) + sum / 2;
}

double noncentral_student_cdf(double t, double df, double delta) {
    if (!(df > 0) || isnan(t) || !isfinite(delta))
        return NOT_A_NUMBER;
    if (isinf(t))
        return t > 0 ? 1 : 0;
    if (delta == 0)
        return student_cdf(t, df);
    if (fabs(delta) > 37) /* the terms underflow; t is then as good as normal about delta */
        return normal_cdf((t * (1 - 1 / (4 * df)) - delta) / sqrt(1 + t * t / (2 * df)));
    return t >= 0 ? noncentral_upper_half(t, df, delta) : 1 - noncentral_upper_half(-t, df, -delta);
}

/* ---- Chi-square and F -------------------------------------------------------------------------------------------- */

double chi_square_cdf(double x, double df) {
    return distribution_gamma_p(df / 2, (x < 0 ? 0 : x) / 2);
}

double chi_square_tail(double x, double df) {
    return distribution_gamma_q(df / 2, (x < 0 ? 0 : x) / 2);
}

static double chi_square_tail_of(double x, const double *args) {
    return chi_square_tail(x, args[0]);
}

static double chi_square_density(double x, const double *args) {
    return gamma_front(args[0] / 2, x / 2) / x;
}

double f_cdf(double x, double df1, double df2) {
    return f_tail(x > 0 ? 1 / x : (double)INFINITY, df2, df1);
}

double f_tail(double x, double df1, double df2) {
    if (!(df1 > 0) || !(df2 > 0) || isnan(x))
        return NOT_A_NUMBER;
    double r = (x < 0 ? 0 : x) * df1 / df2;
    return isinf(r) ? 0 : distribution_beta(df2 / 2, df1 / 2, 1 / (1 + r), r / (1 + r));
}

static double f_tail_of(double x, const double *args) {
    return f_tail(x, args[0], args[1]);
}

static double f_density(double x, const double *args) {
    double r = x * args[0] / args[1];
    return beta_front(args[1] / 2, args[0] / 2, 1 / (1 + r), r / (1 + r)) / x;
}

/* The lower half is solved on the lower tail, for its relative accuracy: 1/X swaps the degrees of freedom. */
double f_quantile(double p, double df1, double df2) {
    if (!(p >= 0 && p <= 1) || !(df1 > 0) || !(df2 > 0))
        return NOT_A_NUMBER;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : (double)INFINITY;
    if (p < 0.5)
        return 1 / solve(&(struct tail){f_tail_of, f_density, (const double[]){df2, df1}}, p);
    return solve(&(struct tail){f_tail_of, f_density, (const double[]){df1, df2}}, 1 - p);
}

static double inverse_chi_square_tail(double x, const double *args) {
    return chi_square_cdf(1 / x, args[0]);
}

static double inverse_chi_square_density(double x, const double *args) {
    return chi_square_density(1 / x, args) / (x * x);
}

double chi_square_quantile(double p, double df) {
    if (!(p >= 0 && p <= 1) || !(df > 0))
        return NOT_A_NUMBER;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : (double)INFINITY;
    if (p < 0.5)
        return 1 / solve(&(struct tail){inverse_chi_square_tail, inverse_chi_square_density, &df}, p);
    return solve(&(struct tail){chi_square_tail_of, chi_square_density, &df}, 1 - p);
}

/* ---- The range of normal numbers --------------------------------------------------------------------------------- */

/* With Z the greatest of the k: P(range <= q) = k int density(z) (cdf(z) - cdf(z - q))^(k-1) dz, and k density cdf^(k-1) integrates to
   1. The integrands are smooth and fall fast, so that the trapezoid rule on the whole line is exact to rounding. */
static double range_integral(double q, double k, bool tail) {
    const double step = 1.0 / 32, low = -9, high = 10 + q;
    double sum = 0;
    for (int i = 0; low + i * step < high; i++) {
        double z = low + i * step, below = normal_cdf(z), out = normal_cdf(z - q), share = out / below;
        double density = distribution_exp(-z * z / 2), value;
        if (density == 0)
            break;
        if (tail)
            value = -distribution_exp((k - 1) * log_of(below)) * exp_minus_1((k - 1) * distribution_log1p(-share));
        else
            value = below > out
                        ? distribution_exp((k - 1) * log_of(z > 0 ? normal_tail(z - q) - normal_tail(z) : below - out))
                        : 0;
        sum += density * value;
    }
    return k * sum * step / SQRT_2PI;
}

static bool range_edge(double q, double k, double *p) {
    if (!(k >= 2) || isnan(q))
        *p = NOT_A_NUMBER;
    else if (q <= 0)
        *p = 0;
    else if (q > 70)
        *p = 1;
    else
        return false;
    return true;
}

double range_cdf(double q, double k) {
    double p;
    return range_edge(q, k, &p) ? p : range_integral(q, k, false);
}

double range_tail(double q, double k) {
    double p;
    return range_edge(q, k, &p) ? 1 - p : range_integral(q, k, true);
}

static double range_tail_of(double x, const double *args) {
    return range_tail(x, args[0]);
}

/* k (k - 1) int density(z) density(z - q) (cdf(z) - cdf(z - q))^(k-2) dz */
static double range_density(double q, const double *args) {
    const double k = args[0], step = 1.0 / 32;
    if (q > 70)
        return 0;
    double sum = 0;
    for (int i = 0; i * step < 19 + q; i++) {
        double z = -9 + i * step, inside = normal_cdf(z) - normal_cdf(z - q);
        if (inside > 0)
            sum += distribution_exp(-(z * z + (z - q) * (z - q)) / 2 + (k - 2) * log_of(inside));
    }
    return k * (k - 1) * sum * step / (SQRT_2PI * SQRT_2PI);
}

double range_quantile(double p, double k) {
    if (!(p > 0 && p < 1) || !(k >= 2))
        return NOT_A_NUMBER;
    return solve(&(struct tail){range_tail_of, range_density, &k}, 1 - p);
}

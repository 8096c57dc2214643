"""Writes statistics_values.h: what mpmath (distributions, 50 digits and more) and SciPy and statsmodels (tests) make of the cases of
statistics_test.c.

    python statistics_values.py > statistics_values.h

with mpmath 1.3.0, numpy 2.4.6, scipy 1.17.1 and statsmodels 0.15.0.
"""
import math
import warnings

import mpmath as mp
import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
mp.mp.dps = 50


def student_tail(t, df):
    t, df = mp.mpf(t), mp.mpf(df)
    half = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + t * t), regularized=True) / 2
    return half if t >= 0 else 1 - half


def f_tail(x, a, b):
    x, a, b = mp.mpf(x), mp.mpf(a), mp.mpf(b)
    return mp.betainc(b / 2, a / 2, 0, b / (b + a * x), regularized=True)


def chi_tail(x, df):
    return mp.gammainc(mp.mpf(df) / 2, mp.mpf(x) / 2, mp.inf, regularized=True)


@mp.workdps(120)  # the difference of two powers cancels
def range_tail(q, k):
    q = mp.mpf(q)
    cdf = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
    f = lambda z: mp.npdf(z) * (cdf(z) ** (k - 1) - (cdf(z) - cdf(z - q)) ** (k - 1))
    return k * mp.quad(f, mp.linspace(-14, 14 + q, 30))


def range_cdf(q, k):
    q = mp.mpf(q)
    cdf = lambda z: mp.erfc(-z / mp.sqrt(2)) / 2
    return k * mp.quad(lambda z: mp.npdf(z) * (cdf(z) - cdf(z - q)) ** (k - 1), mp.linspace(-14, 14 + q, 60))


def nct_cdf(t, df, delta):
    """P(Z + delta <= t sqrt(V / df)), by numerical integration over the chi distribution of sqrt(V / df)"""
    t, df, delta = mp.mpf(t), mp.mpf(df), mp.mpf(delta)
    density = lambda s: 2 * (df / 2) ** (df / 2) / mp.gamma(df / 2) * s ** (df - 1) * mp.exp(-df * s * s / 2)
    return mp.quad(lambda s: density(s) * mp.ncdf(t * s - delta), mp.linspace(0, 12, 60))


def solve(tail, p, start):
    """The x with tail(x) = p, by the secant method on the logarithm."""
    return mp.findroot(lambda x: mp.log(tail(x)) - mp.log(mp.mpf(p)), start, tol=1e-40)


cases = []


def case(name, args, value):
    args = [float(a) for a in args]
    cases.append('    {"%s", {%s}, %s},' % (name, ", ".join(repr(a) for a in args), mp.nstr(mp.mpf(value), 20)))


for x in (0, 0.1, 1.96, 5, 8.3, 20, 37.5):
    case("normal_tail", [x], mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2)
for x in (-37.5, -6, -0.5, 1.25):
    case("normal_cdf", [x], mp.erfc(-mp.mpf(x) / mp.sqrt(2)) / 2)
for t, df in [(0.5, 1), (12.7, 1), (1e10, 1), (2.92, 2), (300, 2), (2.776, 4), (-2.776, 4), (40, 5), (1e6, 7), (2.5, 9), (1e-8, 3),
              (8, 29.5), (2, 99), (25, 99), (1.97, 1e4), (6, 1e6)]:
    case("student_tail", [t, df], student_tail(t, df))
for p, df in [(0.975, 1), (0.975, 2), (0.975, 4), (0.995, 9), (0.9, 0.5), (1e-12, 3), (1e-200, 10), (0.4999, 5), (0.975, 1000)]:
    least = min(mp.mpf(p), 1 - mp.mpf(p))
    x = solve(lambda x: student_tail(x, df), least, mp.mpf(float(stats.t.isf(float(least), df))))
    case("student_quantile", [p, df], x if p > 0.5 else -x)
for x, df in [(0.1, 1), (3.84, 1), (200, 1), (5.99, 2), (1400, 2), (7, 9), (60, 9), (120, 99), (300, 99), (1100, 1000)]:
    case("chi_square_tail", [x, df], chi_tail(x, df))
for x, df in [(1e-6, 3), (2, 9), (50, 99)]:
    case("chi_square_cdf", [x, df], mp.gammainc(mp.mpf(df) / 2, 0, mp.mpf(x) / 2, regularized=True))
for p, df in [(0.95, 1), (0.95, 4), (0.5, 7), (1e-10, 5), (0.025, 30)]:
    lower = lambda x: mp.gammainc(mp.mpf(df) / 2, 0, x / 2, regularized=True)
    case("chi_square_quantile", [p, df], solve(lower, p, mp.mpf(float(stats.chi2.ppf(p, df)))))
for x, a, b in [(1, 1, 1), (4.5, 4, 4), (1000, 2, 3), (9.6, 4, 4), (1e5, 9, 9), (0.01, 3, 8), (2.5, 99, 99), (3, 20.5, 7)]:
    case("f_tail", [x, a, b], f_tail(x, a, b))
for p, a, b in [(0.975, 4, 4), (0.025, 4, 4), (0.975, 2, 2), (1e-9, 3, 12), (0.999, 9, 4), (0.95, 1, 30)]:
    lower = lambda x: 1 - f_tail(x, a, b)
    case("f_quantile", [p, a, b], solve(lower, p, mp.mpf(float(stats.f.ppf(p, a, b)))))
for q, k in [(0.5, 2), (3.3, 3), (4.5, 5), (12, 4), (30, 10), (5, 100)]:
    case("range_tail", [q, k], range_tail(q, k))
for q, k in [(0.01, 3), (1, 20), (3, 4)]:
    case("range_cdf", [q, k], range_cdf(q, k))
for p, k in [(0.95, 2), (0.95, 3), (0.95, 10), (0.99, 5), (0.95, 50)]:
    case("range_quantile", [p, k], solve(lambda q: range_tail(q, k), 1 - mp.mpf(p), mp.mpf(float(stats.studentized_range.ppf(p, k, math.inf)))))
for t, df, delta in [(2, 10, 3), (0.5, 3, 1), (2.776, 4, 2.5), (-1, 5, 0.5), (-2.776, 4, -2.5), (4.3, 2, 20), (2.26, 9, 8)]:
    case("noncentral_student_cdf", [t, df, delta], nct_cdf(t, df, delta))
for x in (1e-3, 0.5, 3.7, 9.999, 10, 1234.5):
    case("log_gamma", [x], mp.loggamma(mp.mpf(x)))

print("/* Written by statistics_values.py; mpmath 1.3.0, scipy 1.17.1, statsmodels 0.15.0 */")
print("/* clang-format off */")
print("static const struct distribution_case { const char *name; double args[3]; double value; } distribution_cases[] = {")
print("\n".join(cases))
print("};")

rng = np.random.default_rng(20261125)
samples = []
for n in (3, 4, 5, 7, 10, 30, 50, 51, 80):
    samples.append((rng.normal(0.95, 0.01, n), rng.normal(0.945, 0.01, n)))
for n in (5, 9, 12, 20, 60):  # accuracies on 200 rows: ties and zeros
    samples.append((rng.binomial(200, 0.9, n) / 200, rng.binomial(200, 0.88, n) / 200))
samples.append((np.array([0.9, 0.91, 0.92]), np.array([0.9, 0.91, 0.92]) - np.array([1e-9, 3e-9, 2e-9])))
samples.append((rng.normal(0, 1e-3, 6), rng.normal(1e3, 1, 6)))
print("struct paired_case { size_t n; const double *x, *y; double t, p, low, high, effect, statistic, p_corrected, p_plain; };")
lines = []
for i, (x, y) in enumerate(samples):
    print("static const double x_%d[] = {%s};" % (i, ", ".join(repr(float(v)) for v in x)))
    print("static const double y_%d[] = {%s};" % (i, ", ".join(repr(float(v)) for v in y)))
    t = stats.ttest_rel(x, y)
    low, high = t.confidence_interval(0.95)
    d = x - y
    nonzero = d[d != 0]
    exact = len(nonzero) == len(d) and len(np.unique(np.abs(d))) == len(d) and len(d) <= 50
    ranks = stats.rankdata(np.abs(nonzero))
    statistic = ranks[nonzero > 0].sum()
    p = [stats.wilcoxon(d, zero_method="wilcox", correction=c, method="exact" if exact else "approx").pvalue for c in (True, False)]
    values = [t.statistic, t.pvalue, low, high, d.mean() / d.std(ddof=1), statistic, p[0], p[1]]
    lines.append("    {%d, x_%d, y_%d, %s}," % (len(x), i, i, ", ".join(repr(float(v)) for v in values)))
print("static const struct paired_case paired_cases[] = {")
print("\n".join(lines))
print("};")

print("struct holm_case { size_t n; const double *p, *adjusted; };")
lines = []
for i, n in enumerate((1, 3, 8, 20)):
    p = rng.beta(0.3, 1, n)
    print("static const double p_%d[] = {%s};" % (i, ", ".join(repr(float(v)) for v in p)))
    print("static const double adjusted_%d[] = {%s};" % (i, ", ".join(repr(float(v)) for v in multipletests(p, method="holm")[1])))
    lines.append("    {%d, p_%d, adjusted_%d}," % (n, i, i))
print("static const struct holm_case holm_cases[] = {")
print("\n".join(lines))
print("};")

print("struct friedman_case { size_t blocks, treatments; const double *values; double chi_square, p, critical_difference; };")
lines = []
for i, (blocks, treatments, digits) in enumerate(((3, 3, 9), (5, 4, 2), (14, 4, 3), (10, 12, 2))):
    values = np.round(rng.normal(0.9, 0.02, (blocks, treatments)) + 0.01 * np.arange(treatments), digits)
    print("static const double values_%d[] = {%s};" % (i, ", ".join(repr(float(v)) for v in values.ravel())))
    test = stats.friedmanchisquare(*values.T)
    q = solve(lambda q: range_tail(q, treatments), mp.mpf("0.05"), mp.mpf(float(stats.studentized_range.ppf(0.95, treatments, math.inf))))
    cd = q / mp.sqrt(2) * mp.sqrt(mp.mpf(treatments * (treatments + 1)) / (6 * blocks))
    lines.append("    {%d, %d, values_%d, %r, %r, %r}," % (blocks, treatments, i, float(test.statistic), float(test.pvalue), float(cd)))
print("static const struct friedman_case friedman_cases[] = {")
print("\n".join(lines))
print("};")

"""Writes tables_values.h: what SciPy makes of the families of csv_figures_test.c.

    python tables_values.py > tables_values.h

with numpy 2.4.6 and scipy 1.17.1.
"""
import itertools
import warnings

import numpy as np
from scipy import stats

warnings.simplefilter("ignore")
rng = np.random.default_rng(61)


def text(values):
    return ", ".join(repr(float(v)) for v in values)


def holm_adjust(p):
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p)[order] * np.arange(len(p), 0, -1)))
    return adjusted


def wilcoxon(d):
    nonzero = d[d != 0]
    if len(nonzero) == 0:
        return 0, 1
    exact = len(nonzero) == len(d) and len(np.unique(np.abs(d))) == len(d) and len(d) <= 50
    ranks = stats.rankdata(np.abs(nonzero))
    p = stats.wilcoxon(d, zero_method="wilcox", correction=True, method="exact" if exact else "approx").pvalue
    return ranks[nonzero > 0].sum(), p


# Families: points, seeds, and whether they are compared with point 1 as the baseline or with the best (the highest mean).
families = []
for i in range(38):
    k, n = int(rng.integers(2, 7)), int(rng.choice([3, 4, 5, 6, 8, 10, 15, 20, 49, 50, 51, 70]))
    shift = rng.normal(0, 0.01, (k, 1)) * (i % 3)
    if i % 4 == 3:  # accuracies on 1000 rows: ties and zeros
        values = rng.binomial(1000, np.clip(0.9 + shift, 0, 1), (k, n)) / 1000
    else:
        values = 0.9 + shift + rng.normal(0, 0.01, (k, n)) + rng.normal(0, 0.02, (1, n))  # seeds have something in common
    d = [values[a] - values[b] for a, b in itertools.combinations(range(k), 2)]
    if any(np.ptp(x) < 1e-12 for x in d):
        continue
    families.append((values, i % 2 == 0))

print("/* Written by tables_values.py; numpy 2.4.6, scipy 1.17.1 */")
print("/* clang-format off */")
print("struct point_figures { double mean, sd, se, low, high, median, min, max; };")
print("struct pair_figures { double difference, sd, low, high, t, p, p_holm, v, p_wilcoxon, effect; };")
print("struct family { size_t points, seeds, reference; const double *values; const struct point_figures *figures; "
      "const struct pair_figures *pairs; double chi_square, p_friedman; const double *ranks; };")
lines = []
for f, (values, baseline) in enumerate(families):
    k, n = values.shape
    print("static const double family_%d[] = {%s};" % (f, text(values.ravel())))
    print("static const struct point_figures figures_%d[] = {" % f)
    for x in values:
        low, high = stats.t.interval(0.95, n - 1, x.mean(), stats.sem(x))
        print("    {%s}," % text([x.mean(), x.std(ddof=1), stats.sem(x), low, high, np.median(x), x.min(), x.max()]))
    print("};")
    reference = 0 if baseline else int(np.argmax(values.mean(axis=1)))
    if baseline:
        tests = [(i, 0) for i in range(1, k)]
    else:
        tests = list(itertools.combinations(range(k), 2))
    p = [stats.ttest_rel(values[a], values[b]).pvalue for a, b in tests]
    holm = dict(zip([frozenset(t) for t in tests], holm_adjust(p)))
    print("static const struct pair_figures pairs_%d[] = {" % f)
    for i in range(k):
        if i == reference:
            print("    {%s}," % text([0] * 10))
            continue
        d = values[i] - values[reference]
        t = stats.ttest_rel(values[i], values[reference])
        low, high = t.confidence_interval(0.95)
        v, pv = wilcoxon(d)
        print("    {%s}," % text([d.mean(), d.std(ddof=1), low, high, t.statistic, t.pvalue, holm[frozenset((i, reference))], v, pv,
                                  d.mean() / d.std(ddof=1)]))
    print("};")
    chi, pf, ranks = 0, 0, np.zeros(k)
    if k >= 3:
        friedman = stats.friedmanchisquare(*values)
        chi, pf = friedman.statistic, friedman.pvalue
        ranks = np.mean([stats.rankdata(-column) for column in values.T], axis=0)
    print("static const double ranks_%d[] = {%s};" % (f, text(ranks)))
    lines.append("    {%d, %d, %d, family_%d, figures_%d, pairs_%d, %r, %r, ranks_%d}," %
                 (k, n, reference + 1 if baseline else 0, f, f, f, float(chi), float(pf), f))
print("static const struct family families[] = {")
print("\n".join(lines))
print("};")

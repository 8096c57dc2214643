/*
 * What the comparisons and claims say, as sentences: the words of the terminal, of the report and of every other place that tells a
 * verdict. Each is one line without a full stop, added at the end of `out`. Labels stand as they are: escape the text for where it goes.
 */
#ifndef RUNNER_RESULTS_VERDICT_H
#define RUNNER_RESULTS_VERDICT_H

#include "runner/results/claims.h"
#include "runner/results/compare.h"

/* "p = 0.0123", "p < 0.0001" */
void verdict_p(double p, struct text *out);
/* "-0.0100 to 0.0200" */
void verdict_interval(double low, double high, struct text *out);

/* "holds: left - right is 0.1200, 95 % interval 0.1000 to 0.1400, 5 seeds" */
void verdict_claim(const struct claim_result *claim, struct text *out);
/* The same without the verdict, for where that stands beside it. */
void verdict_claim_figures(const struct claim_result *claim, struct text *out);

/* "optimizer=sgd: test_accuracy lower by 0.0120, 95 % interval 0.0050 to 0.0190, p = 0.0030, 5 seeds, 0 won, 0 tied, 5 lost": stands behind the
   verdict and below a heading that names what all are compared with. Where they are compared with several: "optimizer=sgd against
   optimizer=adam: ...". */
void verdict_difference(const struct results *results, const struct comparisons *all,
                        const struct comparison *comparison, struct text *out);

/* "test_accuracy, against optimizer=adam, the best by val_accuracy: 1 better, 2 worse, 3 no difference shown, 1 without a verdict"; the p
   values' correction and its family behind it. Nothing where there is no comparison. */
void verdict_overview(const struct results *results, const struct comparisons *all, struct text *out);

/* "optimizer=adam": a treatment of a ranking, without the axis that makes its blocks. */
void verdict_treatment(const struct results *results, const struct ranking *ranking, size_t treatment,
                       struct text *out);
/* "the settings differ (Friedman's test over 10 seeds: chi-square = 12.4, 2 degrees of freedom, p = 0.0020); those with mean ranks less than
   1.05 apart are not shown to differ (Nemenyi, 5 %)", what was left out behind it; or why there are no ranks. */
void verdict_ranking(const struct ranking *ranking, struct text *out);

#endif

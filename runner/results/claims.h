/*
 * Claims and what the results say of them (docs/statistics.md).
 *
 * Both sides are worked out seed by seed, each column as the mean over the points that its selector fits. The claim holds where the
 * interval of left - right (STATISTICS_LEVEL) lies on the claimed side of 0, fails where it lies on the other, and is undecided
 * else and for fewer than STATISTICS_LEAST seeds. A claim on sd() is judged by the interval of the ratio of the two standard deviations
 * about 1. A seed with a diverged trial counts against the side on which it diverged; so does one that did not reach the target of a column
 * such as epochs_to_val_accuracy_0.95.
 */
#ifndef RUNNER_RESULTS_CLAIMS_H
#define RUNNER_RESULTS_CLAIMS_H

#include "runner/base/csv.h"
#include "runner/results/results.h"

struct claim_result {
    const char *text; /* the results' */
    enum claim_verdict { CLAIM_UNDECIDED, CLAIM_HOLDS, CLAIM_FAILS } verdict;
    size_t n;                   /* seeds that both sides have */
    double estimate, low, high; /* of left - right, or of the ratio; NaN where not known */
    double threshold;           /* 0, or 1 for a ratio */
    bool times;                 /* it speaks of times, rates or memory: not the same in every run */
    const char *reason;         /* "" or why it is undecided */
};

const char *claim_verdict_name(enum claim_verdict verdict);
/* [results->n_claims], in the arena. */
struct claim_result *claims_judge(const struct results *results, struct arena *arena);
/* claims.csv */
void table_claims(const struct results *results, struct csv *csv);

/* Reports claims and targets that name columns which the trials will not have, given the metric columns; with overrides, which may have
   taken them away, warns of claims alone. */
void questions_check(const struct experiment *experiment, const char *const *columns, size_t n_columns,
                     struct diagnostics *diagnostics);

#endif

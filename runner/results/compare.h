/*
 * Which points are better: paired comparisons of one metric over the seeds (docs/statistics.md).
 *
 * With a `baseline:` each point is compared with the one that has the baseline's labels and is equal on all other axes; these
 * comparisons are the family for Holm's correction. Without one, or with `baseline: best`, each point is compared with the best of its data
 * set, and all pairs of points with the same data set are the family, since the best was chosen by looking. Trials are paired by their seeds.
 *
 * The t test decides, at STATISTICS_LEVEL. A trial that diverged is a loss and is in no mean: its point is never better, and is worse where
 * all its trials diverged and all of the other's are done, unless chance could do that in this grid. Fewer than STATISTICS_LEAST pairs, or
 * differences of an accuracy within one row of each other: no verdict.
 */
#ifndef RUNNER_RESULTS_COMPARE_H
#define RUNNER_RESULTS_COMPARE_H

#include "runner/base/csv.h"
#include "runner/results/results.h"
#include "runner/results/statistics.h"

enum verdict {
    VERDICT_NONE, /* too few seeds, no trial on one side, or no spread to judge by */
    VERDICT_UNDECIDED,
    VERDICT_BETTER,
    VERDICT_WORSE,
    VERDICT_REFERENCE /* the point is what others are compared with */
};
/* "", "no difference shown", "better", "worse", "reference" */
const char *verdict_name(enum verdict verdict);

struct comparison {
    size_t point, reference;
    struct t_test t; /* of point minus reference, pairs of trials that are both done */
    struct wilcoxon wilcoxon;
    double p_holm;         /* t.p, corrected; NaN where there is none */
    size_t win, tie, loss; /* of pairs; a diverged trial loses against one that is done */
    size_t diverged, reference_diverged;
    enum verdict verdict;
    const char *reason; /* why there is no verdict, or what else to know; "" */
};

struct comparisons {
    struct arena arena;
    const char *metric;
    bool lower_is_better;
    bool best;          /* compared with the best of the data set; else with the baseline */
    const char *chosen; /* column by which the best was chosen: on validation data where there is some */
    size_t family;      /* number of tests that Holm's correction counts */
    size_t planned;     /* the same where all points have trials enough to be tested */
    size_t count;       /* in grid order; points without a reference are left out, references have VERDICT_REFERENCE */
    struct work *work;  /* what they are made of: all at once would take much room where points are many */

    /* of all of them, by comparisons_make() */
    size_t verdicts[VERDICT_REFERENCE + 1]; /* how many have each */
    size_t reference;                       /* that all are compared with; SIZE_MAX: there are several, or none */
    size_t pairs;                           /* the most of a comparison that is no reference's */
};

/* `metric` is any column (column.h). */
void comparisons_open(const struct results *results, const char *metric, struct comparisons *comparisons);
void comparisons_at(const struct comparisons *comparisons, size_t i, struct comparison *comparison);
/* comparisons_open(), and what there is to know of all. */
void comparisons_make(const struct results *results, const char *metric, struct comparisons *comparisons);
void comparisons_clear(struct comparisons *comparisons);

/* Seeds that would show a difference such as the one found, were it the true one, after the correction; 0: more than 100000, or not
   known. Where there are fewer than STATISTICS_LEAST pairs, the correction is that over all tests that are planned. Takes time. */
size_t comparison_seeds_needed(const struct comparisons *comparisons, const struct comparison *comparison);

/* The comparison of a point, or NULL; it lives as long as `comparisons`. */
const struct comparison *comparisons_find(const struct comparisons *comparisons, size_t point);

/* All but the references, as far as `list` has `room`: in grid order, or, where they are more than `most`, the clearest first (those with a
   verdict, then the largest differences). Returns their number. */
size_t comparisons_clearest(const struct comparisons *comparisons, size_t most, const struct comparison **list,
                            size_t room);

/* Friedman's test with Nemenyi's critical difference. Blocks are the data sets, where there are several (means over the seeds), else the
   seeds; treatments are the points, seen without that axis. Treatments without any value (all trials failed) are left
   out, then blocks with a value missing; diverged trials rank last. */
struct ranking {
    struct arena arena;
    bool by_dataset;
    struct friedman test; /* of the blocks and treatments that are ranked */
    size_t treatments;    /* with those left out */
    size_t blocks, whole; /* all; those that are ranked */
    size_t *points;       /* [treatments] one point of each, in grid order, those left out behind the others */
    double *ranks;        /* [test.treatments] mean ranks, 1 is the best */
    const char *reason;   /* why there is no ranking; "" also where fewer than 3 settings want none */
};
/* False where there are fewer than 3 treatments or 2 whole blocks. ranking_clear() in both cases. */
bool ranking_make(const struct results *results, const char *metric, struct ranking *ranking);
void ranking_clear(struct ranking *ranking);

/* comparisons.csv: a row for each metric on validation and test rows, and point. ranks.csv: a row a metric and treatment,
   without a mean rank where it is left out. */
void table_comparisons(const struct results *results, struct csv *csv);
void table_ranks(const struct results *results, struct csv *csv);

#endif

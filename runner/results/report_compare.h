/* What the parts of a page of several runs share, for report_compare*.c alone. */
#ifndef RUNNER_RESULTS_REPORT_COMPARE_H
#define RUNNER_RESULTS_REPORT_COMPARE_H

#include "runner/results/report_parts.h"
#include "runner/results/statistics.h"

struct compared {
    struct arena arena;
    struct report *sides; /* of one run each; the pictures are those of the first */
    size_t n;
    const char *metric; /* of the first side */
    size_t **matches;   /* [sides][points of the first] compared_point() */
};

/* Fills in the matches, from the arena. */
void compared_match(struct compared *all);
/* The point of a side that is the same as one of the first, or SIZE_MAX; there are several where the side has an axis more: none is taken
   then. */
size_t compared_point(const struct compared *all, size_t side, size_t point);
/* Which points of a side are the same as one of the first: partners[points of the side], all false before. Returns the number of the others. */
size_t compared_partners(const struct compared *all, size_t side, bool *partners);
/* The differences of a side from the first at a pair of points, paired by seed. */
void compared_test(const struct compared *all, size_t side, size_t point, size_t other, struct t_test *test);

/* Pictures of the first side's report: the metric, the differences from the first run, and the time. */
void report_plot_compared(struct compared *all);

#endif

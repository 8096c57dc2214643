/*
 * points.csv: a row a grid point, with every resolved path in which the points differ (but for those that are axes), the trained
 * parameters and the rows of a batch.
 */
#ifndef RUNNER_RESULTS_POINTS_H
#define RUNNER_RESULTS_POINTS_H

#include "runner/base/csv.h"
#include "runner/results/results.h"

struct point_size {
    bool known;
    uint64_t parameters, batch_rows;
};

/* `sizes` are [n_points], beside experiment->points. */
void table_points(const struct experiment *experiment, const struct results *results, const struct point_size *sizes,
                  struct csv *csv);

#endif

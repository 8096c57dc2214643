/*
 * All that is checked and known of an experiment before anything trains: data read, each grid point planned, each trial's identity.
 */
#ifndef RUNNER_SCHEDULE_PLAN_H
#define RUNNER_SCHEDULE_PLAN_H

#include "runner/base/diagnostics.h"
#include "runner/config/experiment.h"
#include "runner/results/points.h"
#include "runner/results/results.h"
#include "runner/schedule/identity.h"
#include "runner/schedule/session.h"

struct plan_point {
    size_t data;                    /* index in the session */
    const struct plan_facts *facts; /* points share equal ones */
    uint64_t batch_rows;
    double work; /* estimate of a trial's floating-point operations; 0 where not known */
    const struct plugin_files
        *files; /* of plugins from outside the installation that it uses; points share equal ones */
};

struct plan {
    struct arena arena;
    struct plan_point *points; /* beside experiment->points */
    struct results results;    /* with keys and ids; records are joined by who runs it */
    struct facts_pool facts;
    struct components components;
};

/* Where a data set cannot be read its trials will fail, which is no mistake as long as others can be read, unless `strict`.
   STATUS_CONFIG with all mistakes in `diagnostics`, each at its place in the config; other failures, and
   STATUS_INTERRUPTED, in `error`. */
enum status plan_make(struct plan *plan, struct session *session, const struct experiment *experiment, bool strict,
                      struct diagnostics *diagnostics, struct error *error);
void plan_clear(struct plan *plan);
/* Gives up the points and their facts, where nothing trains any more. */
void plan_drop_points(struct plan *plan);
/* The order in which trials run: those with most work first, of equal ones the first in the grid. */
void plan_sort(const struct plan *plan, const size_t *trials, size_t n, size_t *sorted);
/* beside experiment->points; the caller's to free */
struct point_size *plan_sizes(const struct plan *plan);

#endif

/*
 * The grid seen along some of its axes: groups of points that have the same labels there, and figures of each group.
 *
 * Where the points of a group differ on other axes, the seed stays the unit of the statistics: a value is a seed's mean over the points
 * (points_measure()), as in claims. So n counts seeds, and the spread is that over the seeds, not that between settings.
 */
#ifndef RUNNER_RESULTS_VIEW_H
#define RUNNER_RESULTS_VIEW_H

#include "runner/results/results.h"
#include "runner/results/tables.h"

struct view_group {
    const char **labels; /* [n_axes of the view]; NULL where the axis does not apply */
    size_t *points, n_points;
    struct results_counts counts;
};

struct view {
    struct arena arena;
    const struct results *results;
    const char *where;            /* "" or the selector of the points that are seen */
    size_t *axes, n_axes;         /* in the order asked for */
    size_t *averaged, n_averaged; /* axes on which points of some group differ */
    struct view_group *groups;    /* in grid order of their first points */
    size_t n_groups;
};

/* `by`: "AXIS,AXIS", each by its name or the shortest suffix of its path; NULL: all axes. `where`: a selector (config/claim.h), or NULL.
   STATUS_CONFIG for an unknown axis or label. view_clear() in both cases. */
enum status view_make(const struct results *results, const char *by, const char *where, struct view *view,
                      struct error *error);
void view_clear(struct view *view);
/* The distinct labels along an axis of the view, in grid order; "" stands for points to which the axis does not apply. */
const char **view_labels(const struct view *view, size_t axis, struct arena *arena, size_t *count);
/* The group with these labels ("": does not apply), or NULL. */
const struct view_group *view_find(const struct view *view, const char *const *labels);

/* What can be shown of a group: a column (column.h), or what it took to reach a target: epochs_to_TARGET, updates_to_TARGET,
   seconds_to_TARGET, where TARGET is val_accuracy_0.95 and the like. */
struct quantity {
    const char *name;
    const struct target *target; /* NULL: a column */
    enum { QUANTITY_COLUMN, QUANTITY_EPOCHS, QUANTITY_UPDATES, QUANTITY_SECONDS } kind;
};
/* STATUS_CONFIG with the nearest name where there is none such. */
enum status quantity_find(const struct results *results, const char *name, struct arena *arena,
                          struct quantity *quantity, struct error *error);

struct figures {
    struct point_metric
        metric;     /* of a target: n trials and the median, in which misses are infinite; the rest is NaN */
    size_t reached; /* trials that reached the target */
};
void view_measure(const struct view *view, const struct view_group *group, const struct quantity *quantity,
                  struct figures *figures);

#endif

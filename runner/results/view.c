#include "runner/results/view.h"

#include "runner/results/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_label(const char *a, const char *b) {
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

/* Up to a comma that does not stand in a quoted segment of a path. */
static size_t word_length(const char *word) {
    size_t n = 0;
    for (bool quoted = false; word[n] != '\0' && (quoted || word[n] != ','); n++)
        quoted = word[n] == '"' ? !quoted : quoted;
    return n;
}

static enum status read_axes(struct view *view, const char *by, struct error *error) {
    const struct results *results = view->results;
    struct selection_grid grid = results_grid(results);
    view->axes = arena_array(&view->arena, results->n_axes, sizeof *view->axes);
    for (size_t a = 0; by == NULL && a < results->n_axes; a++)
        view->axes[view->n_axes++] = a;
    for (const char *word = by; word != NULL;) {
        size_t length = word_length(word), axis, k = 0;
        struct claim_error wrong = {0};
        if (!selector_axis(arena_copy_bytes(&view->arena, word, length), &grid, &view->arena, &axis, &wrong))
            return error_set(error, STATUS_CONFIG, "--by %s: %s", by, wrong.error.text);
        while (k < view->n_axes && view->axes[k] != axis)
            k++;
        if (k < view->n_axes)
            return error_set(error, STATUS_CONFIG, "--by %s: the axis %s is named twice", by, results->axes[axis]);
        view->axes[view->n_axes++] = axis;
        word = word[length] == ',' ? word + length + 1 : NULL;
    }
    return STATUS_OK;
}

static struct view_group *group_of(struct view *view, size_t point) {
    const char **labels = view->results->labels[point];
    bool all = view->n_axes == view->results->n_axes; /* no two points have all labels in common */
    for (size_t g = 0; g < view->n_groups && !all; g++) {
        bool same = true;
        for (size_t a = 0; a < view->n_axes && same; a++)
            same = same_label(view->groups[g].labels[a], labels[view->axes[a]]);
        if (same)
            return &view->groups[g];
    }
    struct view_group *group = &view->groups[view->n_groups++];
    group->labels = arena_array(&view->arena, view->n_axes, sizeof *group->labels);
    for (size_t a = 0; a < view->n_axes; a++)
        group->labels[a] = labels[view->axes[a]];
    return group;
}

static void find_averaged(struct view *view) {
    const struct results *results = view->results;
    view->averaged = arena_array(&view->arena, results->n_axes, sizeof *view->averaged);
    for (size_t a = 0; a < results->n_axes; a++) {
        bool differs = false;
        for (size_t g = 0; g < view->n_groups; g++)
            for (size_t i = 1; i < view->groups[g].n_points; i++)
                differs = differs || !same_label(results->labels[view->groups[g].points[0]][a],
                                                 results->labels[view->groups[g].points[i]][a]);
        if (differs)
            view->averaged[view->n_averaged++] = a;
    }
}

enum status view_make(const struct results *results, const char *by, const char *where, struct view *view,
                      struct error *error) {
    *view = (struct view){.results = results, .where = where != NULL ? where : ""};
    struct arena *arena = &view->arena;
    arena_init(arena);
    enum status status = read_axes(view, by, error);
    if (status != STATUS_OK)
        return status;
    struct selection_grid grid = results_grid(results);
    struct selector selector = {arena_array(arena, results->n_axes, sizeof *selector.labels)};
    struct claim_error wrong = {0};
    if (view->where[0] != '\0' && !selector_read(view->where, &grid, arena, &selector, &wrong))
        return error_set(error, STATUS_CONFIG, "--where %s: %s", where, wrong.error.text);
    /* Groups first, so that the points of each find their room. */
    view->groups = arena_array(arena, results->n_points, sizeof *view->groups);
    size_t *group = arena_array(arena, results->n_points, sizeof *group);
    for (size_t p = 0; p < results->n_points; p++) {
        group[p] = SIZE_MAX;
        if (!selector_fits(&selector, &grid, p))
            continue;
        struct view_group *mine = group_of(view, p);
        group[p] = (size_t)(mine - view->groups);
        mine->n_points++;
    }
    for (size_t g = 0; g < view->n_groups; g++) {
        view->groups[g].points = arena_array(arena, view->groups[g].n_points, sizeof(size_t));
        view->groups[g].n_points = 0;
    }
    for (size_t p = 0; p < results->n_points; p++) {
        if (group[p] == SIZE_MAX)
            continue;
        struct view_group *mine = &view->groups[group[p]];
        mine->points[mine->n_points++] = p;
        results_count_point(results, p, &mine->counts);
    }
    find_averaged(view);
    return STATUS_OK;
}

void view_clear(struct view *view) {
    arena_clear(&view->arena);
    *view = (struct view){0};
}

const char **view_labels(const struct view *view, size_t axis, struct arena *arena, size_t *count) {
    const char **labels = arena_array(arena, view->n_groups, sizeof *labels);
    *count = 0;
    for (size_t g = 0; g < view->n_groups; g++) {
        const char *label = view->groups[g].labels[axis] != NULL ? view->groups[g].labels[axis] : "";
        size_t k = 0;
        while (k < *count && strcmp(labels[k], label) != 0)
            k++;
        if (k == *count)
            labels[(*count)++] = label;
    }
    return labels;
}

const struct view_group *view_find(const struct view *view, const char *const *labels) {
    for (size_t g = 0; g < view->n_groups; g++) {
        bool same = true;
        for (size_t a = 0; a < view->n_axes && same; a++)
            same = strcmp(view->groups[g].labels[a] != NULL ? view->groups[g].labels[a] : "", labels[a]) == 0;
        if (same)
            return &view->groups[g];
    }
    return NULL;
}

/* ---- Quantities -------------------------------------------------------------------------------------------------- */

/* All that would have been understood. */
static enum status unknown(const struct results *results, const char *name, struct arena *arena, struct error *error) {
    size_t n, all;
    const char **columns = results_columns(results, arena, &n);
    const char **names = column_names(columns, n, results->targets, results->n_targets, arena, &all);
    const char *nearest = text_nearest(name, names, all);
    if (nearest != NULL)
        return error_set(error, STATUS_CONFIG, "unknown metric '%.60s'; did you mean '%s'?", name, nearest);
    const char *list = "";
    for (size_t i = 0; i < n; i++)
        list = arena_printf(arena, "%s%s, ", list, columns[i]);
    return error_set(error, STATUS_CONFIG, "unknown metric '%.60s'; there are %.400sepochs, updates, epoch_seconds",
                     name, list);
}

enum status quantity_find(const struct results *results, const char *name, struct arena *arena,
                          struct quantity *quantity, struct error *error) {
    size_t n;
    const char **columns = results_columns(results, arena, &n);
    *quantity = (struct quantity){.name = arena_copy_text(arena, name), .kind = QUANTITY_COLUMN};
    if (column_exists(name, columns, n))
        return STATUS_OK;
    enum reach_kind kind;
    quantity->target = reach_find(name, results->targets, results->n_targets, &kind);
    if (quantity->target != NULL) {
        quantity->kind = kind == REACH_EPOCHS    ? QUANTITY_EPOCHS
                         : kind == REACH_UPDATES ? QUANTITY_UPDATES
                                                 : QUANTITY_SECONDS;
        return STATUS_OK;
    }
    return unknown(results, name, arena, error);
}

void view_measure(const struct view *view, const struct view_group *group, const struct quantity *quantity,
                  struct figures *figures) {
    *figures = (struct figures){0};
    if (quantity->target == NULL) {
        points_measure(view->results, group->points, group->n_points, quantity->name, &figures->metric);
        return;
    }
    const double nan = (double)NAN;
    struct point_target reach;
    points_reach(view->results, group->points, group->n_points, quantity->target, &reach);
    figures->reached = reach.reached;
    figures->metric = (struct point_metric){.mean = nan,
                                            .sd = nan,
                                            .n = reach.n,
                                            .error = nan,
                                            .low = nan,
                                            .high = nan,
                                            .min = nan,
                                            .max = nan,
                                            .sampling_error = nan,
                                            .median = quantity->kind == QUANTITY_EPOCHS    ? reach.epochs
                                                      : quantity->kind == QUANTITY_UPDATES ? reach.updates
                                                                                           : reach.seconds};
}

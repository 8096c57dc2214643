/* Which grid points of several runs are the same, and how the runs differ at them. */
#include "runner/results/report_compare.h"

#include "runner/base/hash_table.h"
#include "runner/results/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The axis of this name, or n_axes. */
static size_t find_axis(const struct results *results, const char *name) {
    size_t a = 0;
    while (a < results->n_axes && strcmp(results->axes[a], name) != 0)
        a++;
    return a;
}

/* A point of one side as another sees it: by its labels on the axes that both grids have. Others do not count where their run has one
   label of them only. */
struct seen_point {
    const struct results *results;
    const size_t *axes; /* [n_axes] of those that both have */
    size_t n_axes, point, count;
};

static const char *seen_label(const struct seen_point *seen, size_t axis) {
    return seen->results->labels[seen->point][seen->axes[axis]];
}

static bool same_point(const void *item, const void *wanted) {
    const struct seen_point *a = item, *b = wanted;
    for (size_t i = 0; i < a->n_axes; i++) {
        const char *x = seen_label(a, i), *y = seen_label(b, i);
        if ((x == NULL) != (y == NULL) || (x != NULL && strcmp(x, y) != 0))
            return false;
    }
    return true;
}

static uint64_t hash_seen(const struct seen_point *seen) {
    uint64_t hash = 0;
    for (size_t i = 0; i < seen->n_axes; i++) {
        const char *label = seen_label(seen, i);
        hash = hash_mix(hash, label != NULL ? hash_text(label, strlen(label)) : 1);
    }
    return hash;
}

static void match_side(struct compared *all, size_t side) {
    const struct results *first = all->sides[0].results, *other = all->sides[side].results;
    struct arena arena;
    struct hash_table table = {0};
    arena_init(&arena);
    size_t *ours = arena_array(&arena, first->n_axes, sizeof *ours),
           *theirs = arena_array(&arena, first->n_axes, sizeof *theirs), n = 0;
    for (size_t i = 0; i < first->n_axes; i++) {
        ours[n] = i;
        theirs[n] = find_axis(other, first->axes[i]);
        n += theirs[n] < other->n_axes ? 1 : 0;
    }
    for (size_t p = 0; p < other->n_points; p++) {
        struct seen_point seen = {other, theirs, n, p, 1};
        uint64_t hash = hash_seen(&seen);
        struct seen_point *before = hash_table_find(&table, hash, same_point, &seen);
        if (before != NULL) {
            before->count++;
            continue;
        }
        before = arena_alloc(&arena, sizeof *before);
        *before = seen;
        hash_table_add(&table, hash, before);
    }
    all->matches[side] = arena_array(&all->arena, first->n_points, sizeof *all->matches[side]);
    for (size_t p = 0; p < first->n_points; p++) {
        struct seen_point wanted = {first, ours, n, p, 1};
        const struct seen_point *found = hash_table_find(&table, hash_seen(&wanted), same_point, &wanted);
        all->matches[side][p] = found != NULL && found->count == 1 ? found->point : SIZE_MAX;
    }
    hash_table_clear(&table);
    arena_clear(&arena);
}

void compared_match(struct compared *all) {
    all->matches = arena_array(&all->arena, all->n, sizeof *all->matches);
    for (size_t s = 0; s < all->n; s++)
        match_side(all, s);
    for (size_t p = 0; p < all->sides[0].results->n_points; p++)
        all->matches[0][p] = p;
}

size_t compared_point(const struct compared *all, size_t side, size_t point) {
    return all->matches[side][point];
}

size_t compared_partners(const struct compared *all, size_t side, bool *partners) {
    size_t n = all->sides[side].results->n_points, alone = n;
    for (size_t p = 0; p < all->sides[0].results->n_points; p++) {
        size_t other = compared_point(all, side, p);
        if (other == SIZE_MAX || partners[other])
            continue;
        partners[other] = true;
        alone--;
    }
    return alone;
}

void compared_test(const struct compared *all, size_t side, size_t point, size_t other, struct t_test *test) {
    const struct results *first = all->sides[0].results, *second = all->sides[side].results;
    size_t from, to, begin, end, n = 0;
    results_point_trials(first, point, &from, &to);
    results_point_trials(second, other, &begin, &end);
    double *differences = memory_alloc(to - from + 1, sizeof *differences), scale = 0, before, after;
    for (size_t t = from; t < to; t++)
        for (size_t u = begin; u < end; u++) {
            if (first->trials[t].seed != second->trials[u].seed || !column_value(first, t, all->metric, &before) ||
                !column_value(second, u, all->metric, &after))
                continue;
            differences[n++] = after - before;
            scale = fmax(scale, fmax(fabs(before), fabs(after)));
            break;
        }
    statistics_t_test(differences, n, scale, test);
    test->n = n;
    uint64_t ours = column_rows(first, point, all->metric), theirs = column_rows(second, other, all->metric);
    uint64_t rows = ours < theirs ? ours : theirs;
    if (column_is_share(all->metric) && rows > 0 && statistics_steps(test, differences, n, 1 / (double)rows) != NULL)
        test->p = test->low = test->high = (double)NAN;
    free(differences);
}

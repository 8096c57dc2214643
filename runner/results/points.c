#include "runner/results/points.h"

#include "runner/results/tables.h"

#include <stdlib.h>
#include <string.h>

/* The scalars of a point's tree by path. An item of a component list goes by its index, as paths in configs do. */
struct leaf {
    const char *path;
    const char *value;
};
struct leaves {
    struct leaf *items;
    size_t count, capacity;
};

static void leaf_add(struct leaves *leaves, const char *path, const char *value) {
    if (leaves->count == leaves->capacity) {
        leaves->capacity = leaves->capacity == 0 ? 64 : 2 * leaves->capacity;
        leaves->items = memory_resize(leaves->items, leaves->capacity, sizeof *leaves->items);
    }
    leaves->items[leaves->count++] = (struct leaf){path, value};
}

static const char *scalar_text(const struct tree *tree, struct arena *arena) {
    if (tree->type == TREE_TEXT)
        return tree->text;
    if (tree->type == TREE_NULL)
        return "null";
    struct text out;
    text_init(&out);
    char buffer[NUMBER_TEXT_SIZE];
    if (tree->type == TREE_FLOAT)
        text_add(&out, number_write(tree->value.number, buffer));
    else
        tree_write(tree, &out);
    const char *text = arena_copy_text(arena, out.data);
    text_clear(&out);
    return text;
}

static void collect(const struct tree *tree, const char *path, struct arena *arena, struct leaves *leaves) {
    if (tree_is_scalar(tree)) {
        leaf_add(leaves, path, scalar_text(tree, arena));
        return;
    }
    if (tree->count == 0)
        leaf_add(leaves, path, "");
    for (size_t i = 0; i < tree->count; i++) {
        const char *separator = path[0] != '\0' ? "." : "";
        const char *inner;
        if (tree->type == TREE_LIST)
            inner = arena_printf(arena, "%s%s%zu", path, separator, i);
        else if (strchr(tree->keys[i], '.') != NULL)
            inner = arena_printf(arena, "%s%s\"%s\"", path, separator, tree->keys[i]);
        else
            inner = arena_printf(arena, "%s%s%s", path, separator, tree->keys[i]);
        collect(tree->items[i], inner, arena, leaves);
    }
}

static const char *find(const struct leaves *leaves, const char *path) {
    for (size_t i = 0; i < leaves->count; i++)
        if (strcmp(leaves->items[i].path, path) == 0)
            return leaves->items[i].value;
    return NULL;
}

static bool differs(const struct leaves *points, size_t n, const char *path) {
    const char *first = find(&points[0], path);
    for (size_t p = 1; p < n; p++) {
        const char *value = find(&points[p], path);
        if ((value == NULL) != (first == NULL) || (value != NULL && strcmp(value, first) != 0))
            return true;
    }
    return false;
}

/* Paths in which the points differ, in order of first appearance, without those that are axes. */
static void find_columns(const struct leaves *points, const struct results *results, struct leaves *seen,
                         struct leaves *columns) {
    for (size_t p = 0; p < results->n_points; p++) {
        for (size_t i = 0; i < points[p].count; i++) {
            const char *path = points[p].items[i].path;
            if (find(seen, path) != NULL)
                continue;
            leaf_add(seen, path, "");
            bool axis = false;
            for (size_t a = 0; a < results->n_axes; a++)
                axis = axis || strcmp(results->axes[a], path) == 0;
            if (!axis && differs(points, results->n_points, path))
                leaf_add(columns, path, "");
        }
    }
}

void table_points(const struct experiment *experiment, const struct results *results, const struct point_size *sizes,
                  struct csv *csv) {
    struct arena arena;
    arena_init(&arena);
    struct leaves *points = memory_alloc(results->n_points + 1, sizeof *points), columns = {0}, seen = {0};
    for (size_t p = 0; p < results->n_points; p++)
        collect(experiment->points[p].tree, "", &arena, &points[p]);
    find_columns(points, results, &seen, &columns);
    table_begin(results, TABLE_NAMES("point"), NULL, csv);
    for (size_t c = 0; c < columns.count; c++)
        csv_text(csv, columns.items[c].path);
    csv_text(csv, "parameters");
    csv_text(csv, "batch_rows");
    csv_end_row(csv);
    for (size_t p = 0; p < results->n_points; p++) {
        csv_uint(csv, p + 1);
        csv_labels(csv, results, p);
        for (size_t c = 0; c < columns.count; c++) {
            const char *value = find(&points[p], columns.items[c].path);
            csv_text(csv, value != NULL ? value : "");
        }
        if (sizes[p].known) {
            csv_uint(csv, sizes[p].parameters);
            csv_uint(csv, sizes[p].batch_rows);
        } else {
            csv_empty(csv);
            csv_empty(csv);
        }
        csv_end_row(csv);
        free(points[p].items);
    }
    free(points);
    free(columns.items);
    free(seen.items);
    arena_clear(&arena);
}

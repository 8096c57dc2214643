#include "runner/results/points.h"

#include "runner/results/tables.h"

#include <stdlib.h>
#include <string.h>

/* From the root to a scalar, or to an empty list or map. An item of a list goes by its index, as paths in configs do. */
struct step {
    const char *key; /* NULL: the index counts */
    size_t index;
};
struct column {
    const char *path;
    struct step *steps;
    size_t n_steps;
};

/* Paths in which points differ from the first one, in order of first appearance. */
struct columns {
    struct arena arena, scratch;
    const struct results *results;
    struct column *items;
    size_t count, capacity;
    struct text path; /* where the reader is */
    struct step *steps;
    size_t n_steps, steps_capacity;
};

/* An empty list or map has no text. */
static const char *leaf_text(const struct tree *tree, struct arena *arena) {
    if (!tree_is_scalar(tree))
        return "";
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

static bool is_leaf(const struct tree *tree) {
    return tree_is_scalar(tree) || tree->count == 0;
}

static size_t enter(struct columns *columns, const struct tree *parent, size_t index) {
    size_t length = columns->path.length;
    const char *key = parent->type == TREE_MAP ? parent->keys[index] : NULL, *separator = length > 0 ? "." : "";
    if (key == NULL)
        text_printf(&columns->path, "%s%zu", separator, index);
    else if (strchr(key, '.') != NULL)
        text_printf(&columns->path, "%s\"%s\"", separator, key);
    else
        text_printf(&columns->path, "%s%s", separator, key);
    if (columns->n_steps == columns->steps_capacity) {
        columns->steps_capacity = columns->steps_capacity == 0 ? 16 : 2 * columns->steps_capacity;
        columns->steps = memory_resize(columns->steps, columns->steps_capacity, sizeof *columns->steps);
    }
    columns->steps[columns->n_steps++] = (struct step){key, index};
    return length;
}

static void leave(struct columns *columns, size_t length) {
    columns->path.length = length;
    columns->path.data[length] = '\0';
    columns->n_steps--;
}

static size_t find(const struct columns *columns) {
    size_t i = 0;
    while (i < columns->count && strcmp(columns->items[i].path, columns->path.data) != 0)
        i++;
    return i;
}

/* An axis has a column already. */
static void note(struct columns *columns) {
    for (size_t a = 0; a < columns->results->n_axes; a++)
        if (strcmp(columns->results->axes[a], columns->path.data) == 0)
            return;
    if (find(columns) < columns->count)
        return;
    if (columns->count == columns->capacity) {
        columns->capacity = columns->capacity == 0 ? 16 : 2 * columns->capacity;
        columns->items = memory_resize(columns->items, columns->capacity, sizeof *columns->items);
    }
    struct column *column = &columns->items[columns->count++];
    *column =
        (struct column){.path = arena_copy_text(&columns->arena, columns->path.data), .n_steps = columns->n_steps};
    column->steps = arena_array(&columns->arena, column->n_steps, sizeof *column->steps);
    memcpy(column->steps, columns->steps, column->n_steps * sizeof *column->steps);
}

static const struct tree *item_of(const struct tree *tree, const struct step *step) {
    if (tree->type == TREE_MAP)
        return step->key != NULL ? tree_get(tree, step->key) : NULL;
    return tree->type == TREE_LIST && step->key == NULL && step->index < tree->count ? tree->items[step->index] : NULL;
}

static bool same_leaf(const struct tree *a, const struct tree *b, struct arena *scratch) {
    return tree_equal(a, b) || strcmp(leaf_text(a, scratch), leaf_text(b, scratch)) == 0;
}

/* Either may be missing. */
static void compare(struct columns *columns, const struct tree *first, const struct tree *other) {
    if (first == other)
        return;
    bool leaf = first != NULL && is_leaf(first), other_leaf = other != NULL && is_leaf(other);
    if ((leaf || other_leaf) && !(leaf && other_leaf && same_leaf(first, other, &columns->scratch)))
        note(columns);
    for (size_t i = 0; first != NULL && !leaf && i < first->count; i++) {
        size_t length = enter(columns, first, i);
        if (other == NULL || item_of(other, &columns->steps[columns->n_steps - 1]) == NULL)
            compare(columns, first->items[i], NULL);
        leave(columns, length);
    }
    for (size_t i = 0; other != NULL && !other_leaf && i < other->count; i++) {
        size_t length = enter(columns, other, i);
        compare(columns, first != NULL ? item_of(first, &columns->steps[columns->n_steps - 1]) : NULL, other->items[i]);
        leave(columns, length);
    }
}

/* Puts what the tree has in the tree's order, from `*done` on. */
static void put_in_order(struct columns *columns, const struct tree *tree, size_t *done) {
    if (is_leaf(tree)) {
        size_t at = find(columns);
        if (at < columns->count) {
            struct column found = columns->items[at];
            memmove(columns->items + *done + 1, columns->items + *done, (at - *done) * sizeof found);
            columns->items[(*done)++] = found;
        }
        return;
    }
    for (size_t i = 0; i < tree->count; i++) {
        size_t length = enter(columns, tree, i);
        put_in_order(columns, tree->items[i], done);
        leave(columns, length);
    }
}

static void find_columns(struct columns *columns, const struct experiment *experiment) {
    struct point one, other;
    const struct tree *first = experiment_point(experiment, 0, &one);
    for (size_t p = 1; p < experiment->n_points; p++) {
        compare(columns, first, experiment_point(experiment, p, &other));
        arena_clear(&columns->scratch);
    }
    size_t done = 0;
    put_in_order(columns, first, &done);
}

static const char *value_at(const struct tree *tree, const struct column *column, struct arena *arena) {
    for (size_t i = 0; tree != NULL && i < column->n_steps; i++)
        tree = item_of(tree, &column->steps[i]);
    return tree != NULL && is_leaf(tree) ? leaf_text(tree, arena) : "";
}

void table_points(const struct experiment *experiment, const struct results *results, const struct point_size *sizes,
                  struct csv *csv) {
    struct columns columns = {.results = results};
    arena_init(&columns.arena);
    arena_init(&columns.scratch);
    text_init(&columns.path);
    find_columns(&columns, experiment);
    table_begin(results, TABLE_NAMES("point"), NULL, csv);
    for (size_t c = 0; c < columns.count; c++)
        csv_text(csv, columns.items[c].path);
    csv_text(csv, "parameters");
    csv_text(csv, "batch_rows");
    csv_end_row(csv);
    for (size_t p = 0; p < results->n_points; p++) {
        struct point point;
        const struct tree *tree = experiment_point(experiment, p, &point);
        csv_uint(csv, p + 1);
        csv_labels(csv, results, p);
        for (size_t c = 0; c < columns.count; c++)
            csv_text(csv, value_at(tree, &columns.items[c], &columns.scratch));
        arena_clear(&columns.scratch);
        if (sizes[p].known) {
            csv_uint(csv, sizes[p].parameters);
            csv_uint(csv, sizes[p].batch_rows);
        } else {
            csv_empty(csv);
            csv_empty(csv);
        }
        csv_end_row(csv);
    }
    free(columns.items);
    free(columns.steps);
    text_clear(&columns.path);
    arena_clear(&columns.scratch);
    arena_clear(&columns.arena);
}

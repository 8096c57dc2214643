#include "runner/config/emit.h"

#include "runner/base/hash.h"
#include "runner/config/grid.h"
#include "runner/config/path.h"
#include "runner/config/resolve.h"

#include <stdlib.h>
#include <string.h>

/* A place at which points differ, as far down as their trees have the same form. */
struct cell {
    const char *path;
    const struct tree **values; /* [n_points] */
    struct hash128 *hashes;     /* [n_points]: equal values have equal ones */
    size_t owner;               /* the first axis whose label alone tells the value; NO_LABEL: none */
};

struct emitter {
    const struct experiment *experiment;
    const struct catalog *catalog;
    struct arena *arena;
    struct arena scratch;
    struct cell *cells;
    size_t n_cells, capacity;
};

/* ---- Where points differ ----------------------------------------------------------------------------------------- */

static struct hash128 hash_of(const struct tree *tree) {
    struct text text;
    text_init(&text);
    tree_write(tree, &text);
    struct hash128 hash = hash128_of(text.data, text.length);
    text_clear(&text);
    return hash;
}

static void add_cell(struct emitter *emitter, const struct tree *const *nodes, const char *path) {
    size_t n = emitter->experiment->n_points;
    if (emitter->n_cells == emitter->capacity) {
        emitter->capacity = emitter->capacity ? 2 * emitter->capacity : 16;
        struct cell *cells = arena_array(&emitter->scratch, emitter->capacity, sizeof *cells);
        if (emitter->n_cells > 0) {
            memcpy(cells, emitter->cells, emitter->n_cells * sizeof *cells);
        }
        emitter->cells = cells;
    }
    struct cell *cell = &emitter->cells[emitter->n_cells++];
    *cell = (struct cell){.path = arena_copy_text(&emitter->scratch, path), .owner = NO_LABEL};
    cell->values = arena_array(&emitter->scratch, n, sizeof *cell->values);
    cell->hashes = arena_array(&emitter->scratch, n, sizeof *cell->hashes);
    for (size_t i = 0; i < n; i++) {
        cell->values[i] = nodes[i];
        cell->hashes[i] = i > 0 && nodes[i] == nodes[i - 1] ? cell->hashes[i - 1] : hash_of(nodes[i]);
    }
}

static bool all_equal(const struct tree *const *nodes, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (nodes[i] != nodes[i - 1] && !tree_equal(nodes[i], nodes[i - 1])) {
            return false;
        }
    }
    return true;
}

/* Maps with the same keys, or lists of so many maps: their differences lie further down. */
static bool same_form(const struct tree *const *nodes, size_t n) {
    const struct tree *first = nodes[0];
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && nodes[i] == nodes[i - 1]) {
            continue;
        }
        if (tree_is_scalar(nodes[i]) || nodes[i]->type != first->type || nodes[i]->count != first->count) {
            return false;
        }
        for (size_t j = 0; j < first->count; j++) {
            if (first->type == TREE_MAP ? strcmp(nodes[i]->keys[j], first->keys[j]) != 0
                                        : nodes[i]->items[j]->type != TREE_MAP) {
                return false;
            }
        }
    }
    return true;
}

static bool any_dataset_axis(const struct experiment *experiment) {
    bool any = false;
    for (size_t a = 0; a < experiment->n_axes; a++)
        any = any || experiment->axes[a].dataset;
    return any;
}

static void find_cells(struct emitter *emitter, const struct tree *const *nodes, struct text *path) {
    size_t n = emitter->experiment->n_points, length = path->length;
    if (all_equal(nodes, n)) {
        return;
    }
    /* What sets the data set as a whole stays so: comparisons hold it equal. */
    if (!same_form(nodes, n) || (strcmp(path->data, "dataset") == 0 && any_dataset_axis(emitter->experiment))) {
        add_cell(emitter, nodes, path->data);
        return;
    }
    const struct tree **children = memory_alloc(n, sizeof *children);
    for (size_t j = 0; j < nodes[0]->count; j++) {
        for (size_t i = 0; i < n; i++) {
            children[i] = nodes[i]->items[j];
        }
        if (nodes[0]->type == TREE_MAP) {
            path_write_segment(nodes[0]->keys[j], path);
        } else {
            text_printf(path, ".%zu", j);
        }
        find_cells(emitter, children, path);
        path->length = length;
        path->data[length] = '\0';
    }
    free(children);
}

/* Whether the label of one axis alone tells the hash of each point. */
static bool depends_on(const struct emitter *emitter, const struct hash128 *hashes, size_t axis) {
    const struct experiment *experiment = emitter->experiment;
    size_t n_labels = experiment->axes[axis].count;
    size_t *first = memory_alloc(n_labels + 1, sizeof *first); /* 1 + the first point that has the label */
    bool depends = true;
    for (size_t i = 0; i < experiment->n_points && depends; i++) {
        size_t label = experiment_label(experiment, i, axis);
        size_t *seen = &first[label == NO_LABEL ? n_labels : label];
        depends = *seen == 0 || hash128_equal(hashes[*seen - 1], hashes[i]);
        *seen = *seen == 0 ? i + 1 : *seen;
    }
    free(first);
    return depends;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static const char *double_dollars(const char *text, struct arena *arena) {
    struct text out;
    text_init(&out);
    for (; *text; text++) {
        text_add(&out, *text == '$' ? "$" : "");
        text_add_char(&out, *text);
    }
    const char *copy = arena_copy_text(arena, out.data);
    text_clear(&out);
    return copy;
}

static void escape(struct tree *tree, struct arena *arena) {
    if (tree->type == TREE_TEXT && strchr(tree->text, '$')) {
        tree->text = double_dollars(tree->text, arena);
    }
    for (size_t i = 0; i < tree->count; i++) {
        escape(tree->items[i], arena);
    }
}

static bool needs_escape(const struct tree *tree) {
    bool needs = tree->type == TREE_TEXT && strchr(tree->text, '$');
    for (size_t i = 0; i < tree->count && !needs; i++) {
        needs = needs_escape(tree->items[i]);
    }
    return needs;
}

/* As it stands in a config; the same node where that makes no difference. */
static struct tree *written(const struct tree *value, struct arena *arena) {
    if (!needs_escape(value)) {
        return (struct tree *)value;
    }
    struct tree *copy = tree_copy(arena, value);
    escape(copy, arena);
    return copy;
}

static void set(const struct emitter *emitter, struct tree *map, const char *key, struct tree *value) {
    tree_set(emitter->arena, map, key, (struct mark){0}, value);
}

static struct tree *new_map(const struct emitter *emitter) {
    return tree_map(emitter->arena, (struct mark){0});
}

/* The first point of each label of an axis, for the caller to free; each of them has one. */
static size_t *first_points(const struct emitter *emitter, size_t axis) {
    const struct experiment *experiment = emitter->experiment;
    size_t *first = memory_alloc(experiment->axes[axis].count, sizeof *first);
    for (size_t i = experiment->n_points; i-- > 0;) {
        size_t label = experiment_label(experiment, i, axis);
        if (label != NO_LABEL) {
            first[label] = i;
        }
    }
    return first;
}

/* Exactly the node at a path, or NULL. */
static const struct tree *node_at(const struct tree *tree, const struct path *path) {
    for (size_t i = 0; i < path->count && tree; i++) {
        int64_t index = -1;
        if (tree->type == TREE_LIST) {
            bool inside = number_read_int(path->segments[i], &index) && index >= 0 && (uint64_t)index < tree->count;
            tree = inside ? tree->items[index] : NULL;
        } else {
            tree = tree_get(tree, path->segments[i]);
        }
    }
    return tree;
}

/* Whether the axis' own path explains all that it changes; then its values are the nodes at that path. */
static bool is_plain(struct emitter *emitter, size_t axis, struct path *path) {
    const struct experiment *experiment = emitter->experiment;
    struct error error;
    if (path_read(experiment->axes[axis].name, &emitter->scratch, path, &error) != STATUS_OK) {
        return false;
    }
    for (size_t i = 0; i < emitter->n_cells; i++) {
        struct path cell;
        if (emitter->cells[i].owner == axis &&
            (path_read(emitter->cells[i].path, &emitter->scratch, &cell, &error) != STATUS_OK ||
             !path_starts_with(&cell, path))) {
            return false;
        }
    }
    struct hash128 *hashes = memory_alloc(experiment->n_points, sizeof *hashes);
    bool plain = true;
    for (size_t i = 0; i < experiment->n_points && plain; i++) {
        struct point point;
        const struct tree *node = node_at(experiment_point(experiment, i, &point), path);
        plain = node;
        if (node) {
            hashes[i] = hash_of(node);
        }
    }
    plain = plain && depends_on(emitter, hashes, axis);
    free(hashes);
    return plain;
}

/* Whether each value has the label that it would be given. */
static bool labels_follow(const struct emitter *emitter, size_t axis, const struct path *path, const size_t *first) {
    const struct axis *of = &emitter->experiment->axes[axis];
    bool follow = true;
    for (size_t i = 0; i < of->count && follow; i++) {
        struct arena arena;
        arena_init(&arena);
        struct point point;
        const struct tree *node = node_at(experiment_point(emitter->experiment, first[i], &point), path);
        const char *label = config_label(emitter->catalog, path, written(node, &arena), &arena);
        follow = label && strcmp(label, of->labels[i]) == 0;
        arena_clear(&arena);
    }
    return follow;
}

static struct tree *plain_axis(const struct emitter *emitter, size_t axis, const struct path *path) {
    const struct axis *of = &emitter->experiment->axes[axis];
    size_t *first = first_points(emitter, axis);
    bool list = labels_follow(emitter, axis, path, first);
    struct tree *values = list ? tree_list(emitter->arena, (struct mark){0}) : new_map(emitter);
    for (size_t i = 0; i < of->count; i++) {
        struct point point;
        const struct tree *node = node_at(experiment_point(emitter->experiment, first[i], &point), path);
        struct tree *value = written(node, emitter->arena);
        if (list) {
            tree_append(emitter->arena, values, value);
        } else {
            tree_add(emitter->arena, values, of->labels[i], (struct mark){0}, value);
        }
    }
    free(first);
    return values;
}

static struct tree *case_axis(const struct emitter *emitter, size_t axis) {
    const struct axis *of = &emitter->experiment->axes[axis];
    struct tree *cases = new_map(emitter);
    size_t *first = first_points(emitter, axis);
    for (size_t i = 0; i < of->count; i++) {
        struct tree *body = new_map(emitter);
        for (size_t j = 0; j < emitter->n_cells; j++) {
            if (emitter->cells[j].owner == axis) {
                set(emitter, body, emitter->cells[j].path, written(emitter->cells[j].values[first[i]], emitter->arena));
            }
        }
        tree_add(emitter->arena, cases, of->labels[i], (struct mark){0}, body);
    }
    free(first);
    return cases;
}

/* Each value depends on one axis. `grid` comes before `cases`, so the first axis that needs cases makes cases of the rest. */
static void emit_axes(struct emitter *emitter, struct tree *config) {
    struct tree *grid = new_map(emitter), *cases = new_map(emitter);
    for (size_t i = 0; i < emitter->experiment->n_axes; i++) {
        struct path path;
        if (cases->count == 0 && is_plain(emitter, i, &path)) {
            set(emitter, grid, emitter->experiment->axes[i].name, plain_axis(emitter, i, &path));
        } else {
            set(emitter, cases, emitter->experiment->axes[i].name, case_axis(emitter, i));
        }
    }
    if (grid->count > 0) {
        set(emitter, config, "grid", grid);
    }
    if (cases->count > 0) {
        set(emitter, config, "cases", cases);
    }
}

/* ---- Nested cases ------------------------------------------------------------------------------------------------ */

/* A run of points in grid order, and what is told of them already. */
struct branch {
    size_t first, count;
    const bool *told_cells, *told_axes;
};

static bool constant(const struct cell *cell, const struct branch *branch) {
    for (size_t i = 1; i < branch->count; i++) {
        if (!hash128_equal(cell->hashes[branch->first], cell->hashes[branch->first + i])) {
            return false;
        }
    }
    return true;
}

/* Whether all points of the branch have a label of the axis, and equal labels stand together. */
static bool is_outermost(const struct emitter *emitter, const struct branch *branch, size_t axis) {
    const struct experiment *experiment = emitter->experiment;
    bool *seen = memory_alloc(experiment->axes[axis].count, sizeof *seen);
    bool outermost = true;
    size_t before = NO_LABEL;
    for (size_t i = 0; i < branch->count && outermost; i++) {
        size_t label = experiment_label(experiment, branch->first + i, axis);
        if (label == NO_LABEL) {
            outermost = false;
        } else if (label != before) {
            outermost = !seen[label];
            seen[label] = true;
        }
        before = label;
    }
    free(seen);
    return outermost;
}

static void emit_branch(struct emitter *emitter, const struct branch *branch, struct tree *body) {
    const struct experiment *experiment = emitter->experiment;
    bool *told_cells = memory_alloc(emitter->n_cells, sizeof *told_cells);
    bool *told_axes = memory_alloc(experiment->n_axes, sizeof *told_axes);
    memcpy(told_axes, branch->told_axes, experiment->n_axes * sizeof *told_axes);
    for (size_t i = 0; i < emitter->n_cells; i++) {
        const struct cell *cell = &emitter->cells[i];
        told_cells[i] = branch->told_cells[i] || constant(cell, branch);
        if (told_cells[i] && !branch->told_cells[i]) {
            set(emitter, body, cell->path, written(cell->values[branch->first], emitter->arena));
        }
    }
    size_t axis = 0;
    while (axis < experiment->n_axes && (told_axes[axis] || !is_outermost(emitter, branch, axis))) {
        axis++;
    }
    if (axis < experiment->n_axes) {
        struct tree *cases = new_map(emitter), *values = new_map(emitter);
        told_axes[axis] = true;
        struct branch inner = {branch->first, 0, told_cells, told_axes};
        for (size_t end = branch->first + branch->count; inner.first < end; inner.first += inner.count) {
            size_t label = experiment_label(experiment, inner.first, axis);
            inner.count = 0;
            while (inner.first + inner.count < end &&
                   experiment_label(experiment, inner.first + inner.count, axis) == label) {
                inner.count++;
            }
            struct tree *nested = new_map(emitter);
            emit_branch(emitter, &inner, nested);
            tree_add(emitter->arena, values, experiment->axes[axis].labels[label], (struct mark){0}, nested);
        }
        set(emitter, cases, experiment->axes[axis].name, values);
        set(emitter, body, "cases", cases);
    }
    free(told_cells);
    free(told_axes);
}

static void emit_nested(struct emitter *emitter, struct tree *config) {
    bool *told_cells = memory_alloc(emitter->n_cells, sizeof *told_cells);
    bool *told_axes = memory_alloc(emitter->experiment->n_axes, sizeof *told_axes);
    struct branch all = {0, emitter->experiment->n_points, told_cells, told_axes};
    emit_branch(emitter, &all, config);
    free(told_cells);
    free(told_axes);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static bool needs_nesting(struct emitter *emitter) {
    const struct experiment *experiment = emitter->experiment;
    for (size_t i = 0; i < experiment->n_points; i++) {
        for (size_t j = 0; j < experiment->n_axes; j++) {
            if (experiment_label(experiment, i, j) == NO_LABEL) {
                return true;
            }
        }
    }
    bool nesting = false;
    for (size_t i = 0; i < emitter->n_cells; i++) {
        struct cell *cell = &emitter->cells[i];
        for (size_t j = 0; j < experiment->n_axes && cell->owner == NO_LABEL; j++) {
            cell->owner = depends_on(emitter, cell->hashes, j) ? j : NO_LABEL;
        }
        nesting = nesting || cell->owner == NO_LABEL;
    }
    return nesting;
}

static void emit_points(struct emitter *emitter, struct tree *config) {
    const struct experiment *experiment = emitter->experiment;
    for (size_t s = 0; s < N_SECTIONS; s++) {
        if (experiment->sections[s].others != NULL) {
            struct text path;
            text_init(&path);
            text_add(&path, section_names[s]);
            find_cells(emitter, experiment->sections[s].others, &path);
            text_clear(&path);
        }
    }
    if (needs_nesting(emitter)) {
        emit_nested(emitter, config);
    } else {
        emit_axes(emitter, config);
    }
}

static void emit_questions(struct emitter *emitter, struct tree *config) {
    const struct experiment *experiment = emitter->experiment;
    struct mark none = {0};
    if (experiment->baseline.text) {
        set(emitter, config, "baseline", tree_text(emitter->arena, none, experiment->baseline.text));
    }
    if (experiment->n_claims > 0) {
        struct tree *claims = tree_list(emitter->arena, none);
        for (size_t i = 0; i < experiment->n_claims; i++) {
            tree_append(emitter->arena, claims, tree_text(emitter->arena, none, experiment->claims[i].text));
        }
        set(emitter, config, "claims", claims);
    }
    if (experiment->n_targets > 0) {
        struct tree *targets = new_map(emitter);
        for (size_t i = 0; i < experiment->n_targets; i++) {
            set(emitter, targets, experiment->targets[i].column,
                tree_float(emitter->arena, none, experiment->targets[i].value));
        }
        set(emitter, config, "targets", targets);
    }
}

static void emit_limits(struct emitter *emitter, struct tree *config) {
    const struct limits *limits = &emitter->experiment->limits;
    struct mark none = {0};
    if (limits->time > 0) {
        set(emitter, config, "time_limit", tree_float(emitter->arena, none, limits->time));
    }
    if (limits->memory > 0) {
        set(emitter, config, "memory_limit", tree_int(emitter->arena, none, (int64_t)limits->memory));
    }
    if (limits->data_time != DATA_TIME_LIMIT) {
        set(emitter, config, "data_time_limit", tree_float(emitter->arena, none, limits->data_time));
    }
}

const struct tree *emit_config(const struct experiment *experiment, const struct catalog *catalog,
                               struct arena *arena) {
    struct emitter emitter = {.experiment = experiment, .catalog = catalog, .arena = arena};
    arena_init(&emitter.scratch);
    struct mark none = {0};
    struct tree *config = new_map(&emitter), *seeds = tree_list(arena, none);
    set(&emitter, config, "experiment", tree_text(arena, none, experiment->name));
    if (experiment->description) {
        set(&emitter, config, "description", tree_text(arena, none, experiment->description));
    }
    for (size_t i = 0; i < N_SECTIONS; i++) {
        set(&emitter, config, section_names[i], written(experiment_section(experiment, 0, (enum section)i), arena));
    }
    emit_points(&emitter, config);
    for (size_t i = 0; i < experiment->n_seeds; i++) {
        tree_append(arena, seeds, tree_int(arena, none, experiment->seeds[i]));
    }
    set(&emitter, config, "seeds", seeds);
    emit_limits(&emitter, config);
    emit_questions(&emitter, config);
    if (experiment->report) {
        set(&emitter, config, "report", tree_copy(arena, experiment->report));
    }
    arena_clear(&emitter.scratch);
    return config;
}

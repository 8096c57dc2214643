#include "runner/config/grid.h"

#include "runner/config/guess.h"
#include "runner/config/resolve.h"

#include <stdlib.h>
#include <string.h>

static size_t read_dimensions(struct grid *grid, const struct tree *axes, const struct tree *cases, size_t owner,
                              struct dimension **out);

enum status config_path(const struct catalog *catalog, const struct tree *root, const char *text, struct arena *arena,
                        struct path *path, struct error *error) {
    if (path_read(text, arena, path, error) != STATUS_OK) {
        return STATUS_CONFIG;
    }
    const struct tree *lets = tree_get(root, "let");
    const char *first = path->segments[0];
    size_t n_lets = lets && lets->type == TREE_MAP ? lets->count : 0;
    if (tree_find(lets, first) >= 0) {
        *path = path_below("let", path, arena);
        return STATUS_OK;
    }
    if (strcmp(first, "let") == 0 && path->count > 1 && tree_find(lets, path->segments[1]) >= 0) {
        return STATUS_OK;
    }
    const char **names = arena_array(arena, N_SECTIONS + n_lets, sizeof *names);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        names[i] = section_names[i];
        if (strcmp(first, names[i]) == 0) {
            return STATUS_OK;
        }
    }
    for (size_t i = 0; i < n_lets; i++) {
        names[N_SECTIONS + i] = lets->keys[i];
    }
    size_t n_keys;
    const char *const *keys = experiment_keys(&n_keys);
    if (text_among(first, keys, n_keys)) {
        return error_set(
            error, STATUS_CONFIG,
            "'%.60s' is a key of the whole experiment, not of a point; wanted a path such as train.epochs, "
            "or a name of 'let'",
            text);
    }
    const bool alone = path->count == 1;
    const char *near = alone ? guess_path(catalog, root, first, false, arena).text : NULL;
    if (!near) {
        const char *section = text_nearest(first, names, N_SECTIONS + n_lets);
        near = section ? path_renamed(path, section, arena).text : NULL;
    }
    near = near || !alone ? near : guess_path(catalog, root, first, true, arena).text;
    return near ? error_set(error, STATUS_CONFIG, "'%.60s' is neither a path nor a name of 'let'; did you mean '%s'?",
                            text, near)
                : error_set(error, STATUS_CONFIG, "'%.60s' is neither a path nor a name of 'let'", text);
}

static struct place place_of(const struct catalog *catalog, const struct path *path) {
    struct place place = place_root();
    for (size_t i = 0; i < path->count; i++) {
        place = place_step(catalog, &place, path->segments[i]);
    }
    return place;
}

const char *config_label(const struct catalog *catalog, const struct path *path, const struct tree *value,
                         struct arena *arena) {
    struct place place = place_of(catalog, path);
    char digits[NUMBER_TEXT_SIZE];
    switch (value->type) {
    case TREE_NULL: return "null";
    case TREE_BOOL: return value->value.truth ? "true" : "false";
    case TREE_INT: return arena_printf(arena, "%lld", (long long)value->value.integer);
    case TREE_FLOAT: return arena_copy_text(arena, number_write(value->value.number, digits));
    case TREE_TEXT: {
        const char *name = place.type == PLACE_COMPONENT ? component_written_name(value) : NULL;
        name = name ? name : value->text;
        return *name ? name : NULL;
    }
    case TREE_LIST: return NULL;
    case TREE_MAP: break;
    }
    const char *name = component_written_name(value);
    return name && (place.type == PLACE_COMPONENT || catalog_count_name(catalog, name) > 0) ? name : NULL;
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

static void activate(struct grid *grid, size_t column) {
    for (size_t i = 0; i < grid->n_active; i++) {
        if (grid->active[i] == column) {
            return;
        }
    }
    if (grid->n_active == grid->active_capacity) {
        grid->active_capacity = grid->active_capacity ? 2 * grid->active_capacity : 16;
        size_t *active = arena_array(&grid->scratch, grid->active_capacity, sizeof *active);
        if (grid->n_active > 0) {
            memcpy(active, grid->active, grid->n_active * sizeof *active);
        }
        grid->active = active;
    }
    grid->active[grid->n_active++] = column;
}

static size_t add_column(struct grid *grid, const char *name, struct mark mark, size_t owner) {
    if (grid->n_columns == grid->columns_capacity) {
        size_t capacity = grid->columns_capacity = grid->columns_capacity ? 2 * grid->columns_capacity : 16;
        struct axis *columns = arena_array(grid->arena, capacity, sizeof *columns);
        size_t *owners = arena_array(&grid->scratch, capacity, sizeof *owners);
        if (grid->n_columns > 0) {
            memcpy(columns, grid->columns, grid->n_columns * sizeof *columns);
            memcpy(owners, grid->owners, grid->n_columns * sizeof *owners);
        }
        grid->columns = columns;
        grid->owners = owners;
    }
    grid->columns[grid->n_columns] = (struct axis){.name = name, .mark = mark};
    grid->owners[grid->n_columns] = owner;
    return grid->n_columns++;
}

static bool is_reserved(const char *name) {
    static const char *const names[] = {"trial", "id", "seed", "status", "reason", "stopped_by"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The column of a dimension, a new one or that of the same axis in another case. False where the name is taken. */
static bool find_column(struct grid *grid, const char *name, struct mark mark, size_t owner, size_t *column) {
    if (!*name || is_reserved(name)) {
        diagnostics_error(grid->diagnostics, mark, "'%s' cannot be the name of an axis: %s", name,
                          *name ? "the tables have a column of that name" : "it is empty");
        return false;
    }
    for (size_t i = 0; i < grid->n_columns; i++) {
        if (strcmp(grid->columns[i].name, name) != 0) {
            continue;
        }
        bool taken = grid->owners[i] != owner;
        for (size_t j = 0; j < grid->n_active; j++) {
            taken = taken || grid->active[j] == i;
        }
        if (taken) {
            diagnostics_error(grid->diagnostics, mark, "axis '%s' is defined twice", name);
            return false;
        }
        *column = i;
        return true;
    }
    if (grid->n_columns == MAX_AXES) {
        diagnostics_error(grid->diagnostics, mark, "more than %d axes", MAX_AXES);
        return false;
    }
    *column = add_column(grid, name, mark, owner);
    return true;
}

/* Notes that a dimension stands behind all that apply beside it so far. */
static void enter(struct grid *grid, size_t column) {
    for (size_t i = 0; grid->before && i < grid->n_active; i++) {
        grid->before[grid->active[i] * MAX_AXES + column] = true;
    }
    activate(grid, column);
}

/* Gives the choices their labels within the column. */
static void set_labels(struct grid *grid, struct dimension *dimension, const char *const *labels) {
    struct axis *axis = &grid->columns[dimension->column];
    size_t old = axis->count;
    const char **all = arena_array(grid->arena, old + dimension->count, sizeof *all);
    if (old > 0) {
        memcpy(all, axis->labels, old * sizeof *all);
    }
    for (size_t i = 0; i < dimension->count; i++) {
        size_t at = 0;
        while (at < old && strcmp(all[at], labels[i]) != 0) {
            at++;
        }
        if (at == old) { /* the labels of one dimension differ, so only those of earlier ones can be the same */
            at = axis->count;
            all[axis->count++] = labels[i];
        }
        dimension->choices[i].label = at;
    }
    axis->labels = all;
}

struct labelled {
    const char *label;
    size_t index;
};

static int compare_labels(const void *first, const void *second) {
    const struct labelled *a = first, *b = second;
    int order = strcmp(a->label, b->label);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static bool labels_differ(struct grid *grid, const char *name, const char *const *labels, const struct tree *values) {
    struct labelled *sorted = memory_alloc(values->count, sizeof *sorted);
    bool differ = true;
    for (size_t i = 0; i < values->count; i++) {
        sorted[i] = (struct labelled){labels[i], i};
    }
    qsort(sorted, values->count, sizeof *sorted, compare_labels);
    for (size_t i = 1; i < values->count; i++) {
        if (strcmp(sorted[i - 1].label, sorted[i].label) == 0) {
            diagnostics_error(grid->diagnostics, values->items[sorted[i].index]->mark,
                              "axis '%s' has two values with the label '%s'; give labels: {LABEL: VALUE, ...}", name,
                              sorted[i].label);
            differ = false;
        }
    }
    free(sorted);
    return differ;
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static bool read_label(struct grid *grid, const char *name, const struct path *path, const struct tree *values,
                       size_t index, const char **label) {
    const struct tree *value = values->items[index];
    bool map = values->type == TREE_MAP;
    *label = map ? values->keys[index] : config_label(grid->catalog, path, value, grid->arena);
    if (*label && **label) {
        return true;
    }
    if (map || tree_is_scalar(value)) {
        diagnostics_error(grid->diagnostics, map ? values->key_marks[index] : value->mark,
                          "axis '%s' has an empty label", name);
    } else {
        diagnostics_error(grid->diagnostics, value->mark,
                          "axis '%s' has %s without a name; give labels: {LABEL: VALUE, ...}", name,
                          tree_type_name(value->type));
    }
    return false;
}

/* As messages name a value: "an empty list", "an integer". */
static const char *kind_of(const struct tree *value) {
    if (tree_is_scalar(value) || value->count > 0) {
        return tree_type_name(value->type);
    }
    return value->type == TREE_LIST ? "an empty list" : "an empty map";
}

static bool read_axis(struct grid *grid, const char *name, struct mark mark, const struct tree *values, size_t owner,
                      struct dimension *dimension) {
    struct path path;
    struct error error;
    if (config_path(grid->catalog, grid->root, name, &grid->scratch, &path, &error) != STATUS_OK) {
        diagnostics_error(grid->diagnostics, mark, "axis %s", error.text);
        return false;
    }
    if (tree_is_scalar(values) || values->count == 0) {
        diagnostics_error(grid->diagnostics, values->mark,
                          "axis '%s' is %s; wanted a list of values or a map {LABEL: VALUE, ...}", name,
                          kind_of(values));
        return false;
    }
    const char **labels = arena_array(&grid->scratch, values->count, sizeof *labels);
    bool well = true;
    for (size_t i = 0; i < values->count; i++) {
        well = read_label(grid, name, &path, values, i, &labels[i]) && well;
    }
    if (!well || !labels_differ(grid, name, labels, values) ||
        !find_column(grid, name, mark, owner, &dimension->column)) {
        return false;
    }
    enter(grid, dimension->column);
    dimension->count = values->count;
    dimension->choices = arena_array(&grid->scratch, values->count, sizeof *dimension->choices);
    struct setting *settings = arena_array(&grid->scratch, values->count, sizeof *settings);
    for (size_t i = 0; i < values->count; i++) {
        settings[i] =
            (struct setting){.path = path, .mark = mark, .value = values->items[i], .dimension = dimension->column};
        dimension->choices[i] = (struct choice){.settings = &settings[i], .n_settings = 1};
    }
    set_labels(grid, dimension, labels);
    return true;
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

static bool read_case(struct grid *grid, const struct tree *body, size_t column, size_t owner, struct choice *choice) {
    if (body->type == TREE_NULL) {
        return true;
    }
    if (body->type != TREE_MAP) {
        diagnostics_error(grid->diagnostics, body->mark, "a case is %s; wanted a map {PATH: VALUE, ...}",
                          tree_type_name(body->type));
        return false;
    }
    bool well = true;
    choice->settings = arena_array(&grid->scratch, body->count, sizeof *choice->settings);
    for (size_t i = 0; i < body->count; i++) {
        struct error error;
        struct setting *setting = &choice->settings[choice->n_settings];
        if (strcmp(body->keys[i], "grid") == 0 || strcmp(body->keys[i], "cases") == 0) {
            continue;
        }
        if (config_path(grid->catalog, grid->root, body->keys[i], &grid->scratch, &setting->path, &error) !=
            STATUS_OK) {
            diagnostics_error(grid->diagnostics, body->key_marks[i], "%s", error.text);
            well = false;
            continue;
        }
        setting->mark = body->key_marks[i];
        setting->value = body->items[i];
        setting->dimension = column;
        choice->n_settings++;
    }
    choice->n_nested = read_dimensions(grid, tree_get(body, "grid"), tree_get(body, "cases"), owner, &choice->nested);
    return well;
}

static bool read_cases(struct grid *grid, const char *name, struct mark mark, const struct tree *cases, size_t owner,
                       struct dimension *dimension) {
    if (cases->type != TREE_MAP || cases->count == 0) {
        diagnostics_error(grid->diagnostics, cases->mark,
                          "cases of '%s' are %s; wanted a map {LABEL: {PATH: VALUE, ...}, ...}", name, kind_of(cases));
        return false;
    }
    if (!find_column(grid, name, mark, owner, &dimension->column)) {
        return false;
    }
    enter(grid, dimension->column);
    dimension->count = cases->count;
    dimension->choices = arena_array(&grid->scratch, cases->count, sizeof *dimension->choices);
    set_labels(grid, dimension, cases->keys);
    bool well = true;
    size_t before = grid->n_active;
    struct tree *inner = tree_list(&grid->scratch, mark); /* the columns of all cases */
    for (size_t i = 0; i < cases->count; i++) {
        if (!*cases->keys[i]) {
            diagnostics_error(grid->diagnostics, cases->key_marks[i], "axis '%s' has an empty label", name);
            well = false;
        }
        well = read_case(grid, cases->items[i], dimension->column, owner, &dimension->choices[i]) && well;
        for (size_t j = before; j < grid->n_active; j++) {
            tree_append(&grid->scratch, inner, tree_int(&grid->scratch, mark, (int64_t)grid->active[j]));
        }
        grid->n_active = before;
    }
    for (size_t i = 0; i < inner->count; i++) { /* what stands behind this axis exists beside all of them */
        activate(grid, (size_t)inner->items[i]->value.integer);
    }
    return well;
}

static bool check_map(struct grid *grid, const struct tree *map, const char *what) {
    if (!map || map->type == TREE_NULL) {
        return false;
    }
    if (map->type != TREE_MAP) {
        diagnostics_error(grid->diagnostics, map->mark, "%s is %s; wanted a map {AXIS: ..., ...}", what,
                          tree_type_name(map->type));
        return false;
    }
    return true;
}

static size_t read_dimensions(struct grid *grid, const struct tree *axes, const struct tree *cases, size_t owner,
                              struct dimension **out) {
    bool has_axes = check_map(grid, axes, "grid"), has_cases = check_map(grid, cases, "cases");
    size_t most = (has_axes ? axes->count : 0) + (has_cases ? cases->count : 0), count = 0;
    bool outermost = owner == NO_LABEL;
    *out = arena_array(&grid->scratch, most, sizeof **out);
    for (size_t i = 0; has_axes && i < axes->count; i++) {
        size_t own = outermost ? count : owner;
        count += read_axis(grid, axes->keys[i], axes->key_marks[i], axes->items[i], own, &(*out)[count]);
    }
    for (size_t i = 0; has_cases && i < cases->count; i++) {
        size_t own = outermost ? count : owner;
        count += read_cases(grid, cases->keys[i], cases->key_marks[i], cases->items[i], own, &(*out)[count]);
    }
    return count;
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

/* The next column: the first that stands behind none that is left, or, where cases disagree about the order, the first. */
static size_t next_column(const struct grid *grid, const bool *done) {
    size_t first = grid->n_columns;
    for (size_t i = 0; i < grid->n_columns; i++) {
        bool free = !done[i];
        for (size_t j = 0; j < grid->n_columns && free; j++) {
            free = done[j] || !grid->before[j * MAX_AXES + i];
        }
        if (free) {
            return i;
        }
        first = !done[i] && i < first ? i : first;
    }
    return first;
}

/* Dimensions run in the order of their columns, so that the order of points follows the columns. */
static void sort_by_column(struct dimension *dimensions, size_t count, const size_t *places) {
    for (size_t i = 0; i < count; i++) {
        dimensions[i].column = places[dimensions[i].column];
        for (size_t j = 0; j < dimensions[i].count; j++) {
            struct choice *choice = &dimensions[i].choices[j];
            for (size_t k = 0; k < choice->n_settings; k++) {
                choice->settings[k].dimension = dimensions[i].column;
            }
            sort_by_column(choice->nested, choice->n_nested, places);
        }
    }
    for (size_t i = 1; i < count; i++) {
        struct dimension moved = dimensions[i];
        size_t at = i;
        for (; at > 0 && dimensions[at - 1].column > moved.column; at--) {
            dimensions[at] = dimensions[at - 1];
        }
        dimensions[at] = moved;
    }
}

static void order_columns(struct grid *grid) {
    size_t n = grid->n_columns;
    bool *done = arena_array(&grid->scratch, n, sizeof *done);
    size_t *places = arena_array(&grid->scratch, n, sizeof *places);
    struct axis *columns = arena_array(grid->arena, n, sizeof *columns);
    for (size_t i = 0; i < n; i++) {
        size_t next = next_column(grid, done);
        done[next] = true;
        places[next] = i;
        columns[i] = grid->columns[next];
    }
    grid->columns = columns;
    sort_by_column(grid->dimensions, grid->n_dimensions, places);
}

/* Whether a setting puts another data set in place: at `dataset`, or as the name of `let` that `dataset` is. */
static bool sets_dataset(const struct grid *grid, const struct setting *setting) {
    const struct path *path = &setting->path;
    const struct tree *dataset = tree_get(grid->root, "dataset");
    if (path->count == 1)
        return strcmp(path->segments[0], "dataset") == 0;
    return path->count == 2 && strcmp(path->segments[0], "let") == 0 && dataset != NULL && dataset->type == TREE_TEXT &&
           dataset->text[0] == '$' && strcmp(dataset->text + 1, path->segments[1]) == 0;
}

static void mark_datasets(struct grid *grid, const struct dimension *dimensions, size_t n) {
    for (size_t d = 0; d < n; d++)
        for (size_t c = 0; c < dimensions[d].count; c++) {
            const struct choice *choice = &dimensions[d].choices[c];
            for (size_t i = 0; i < choice->n_settings; i++)
                if (sets_dataset(grid, &choice->settings[i]))
                    grid->columns[dimensions[d].column].dataset = true;
            mark_datasets(grid, choice->nested, choice->n_nested);
        }
}

void grid_read(struct grid *grid, const struct catalog *catalog, const struct tree *root, struct arena *arena,
               struct diagnostics *diagnostics) {
    *grid = (struct grid){.catalog = catalog, .arena = arena, .diagnostics = diagnostics, .root = root};
    arena_init(&grid->scratch);
    if (tree_get(root, "cases")) {
        grid->before = arena_array(&grid->scratch, (size_t)MAX_AXES * MAX_AXES, sizeof *grid->before);
    }
    grid->n_dimensions =
        read_dimensions(grid, tree_get(root, "grid"), tree_get(root, "cases"), NO_LABEL, &grid->dimensions);
    mark_datasets(grid, grid->dimensions, grid->n_dimensions);
    if (grid->before) {
        order_columns(grid);
    }
}

void grid_clear(struct grid *grid) {
    arena_clear(&grid->scratch);
    *grid = (struct grid){0};
}

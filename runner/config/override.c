#include "runner/config/override.h"

#include "runner/base/yaml.h"
#include "runner/config/grid.h"
#include "runner/host/params_words.h"

#include <string.h>

struct override {
    const char *text;  /* as given */
    struct path path;  /* as given */
    struct path place; /* from the root */
    struct mark mark;
    struct tree *value;
    bool dropped; /* a later one has the same path */
};

struct overrider {
    const struct catalog *catalog;
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct tree *root;
    const struct override *override;
    size_t fixed;  /* axes that it named */
    size_t below;  /* axes or cases whose values hold the place */
    size_t inside; /* values of those that were changed */
    bool replaced; /* an outermost axis replaces what the config has there */
    bool failed;
};

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The first `=` that is not within quotes. */
static const char *find_equals(const char *text) {
    bool quoted = false;
    for (; *text; text++) {
        if (*text == '\\' && quoted && text[1]) {
            text++;
        } else if (*text == '"') {
            quoted = !quoted;
        } else if (*text == '=' && !quoted) {
            return text;
        }
    }
    return NULL;
}

static void shift(struct tree *tree, unsigned columns) {
    if (tree->mark.line == 1) {
        tree->mark.column += columns;
    }
    for (size_t i = 0; i < tree->count; i++) {
        shift(tree->items[i], columns);
        if (tree->type == TREE_MAP && tree->key_marks[i].line == 1) {
            tree->key_marks[i].column += columns;
        }
    }
}

static struct tree *read_value(const char *text, const char *value, struct arena *arena,
                               struct diagnostics *diagnostics) {
    struct mark mark = {"command line", 1, (unsigned)(value - text) + 1};
    if (!value[strspn(value, " \t")]) {
        diagnostics_error(diagnostics, mark, "override '%s' has no value; for none write null", text);
        return NULL;
    }
    struct diagnostics found;
    diagnostics_init(&found);
    struct tree *tree = yaml_read(value, strlen(value), "command line", arena, &found);
    for (size_t i = 0; i < found.count; i++) {
        diagnostics_error(diagnostics, mark, "override '%s': %s", text, found.items[i].message);
    }
    diagnostics_clear(&found);
    if (tree) {
        tree = tree_copy(arena, tree); /* aliases share nodes, whose marks would be shifted twice */
        shift(tree, mark.column - 1);
    }
    return tree;
}

static bool read_override(const char *text, struct arena *arena, struct diagnostics *diagnostics,
                          struct override *override) {
    struct mark mark = {"command line", 1, 1};
    const char *equals = find_equals(text);
    struct error error;
    *override = (struct override){.text = text, .mark = mark};
    if (!equals || equals == text) {
        diagnostics_error(diagnostics, mark, "override '%s' is not of the form path=value", text);
        return false;
    }
    const char *path = arena_copy_bytes(arena, text, (size_t)(equals - text));
    if (path_read(path, arena, &override->path, &error) != STATUS_OK) {
        diagnostics_error(diagnostics, mark, "override '%s': %s", text, error.text);
        return false;
    }
    override->value = read_value(text, equals + 1, arena, diagnostics);
    return override->value;
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

/* The value of the axis that has this label, with the mark of the label. */
static struct tree *labelled(const struct overrider *at, const struct tree *axis, const char *label) {
    for (size_t i = 0; i < axis->count; i++) {
        const char *own = axis->type == TREE_MAP
                              ? axis->keys[i]
                              : config_label(at->catalog, &at->override->place, axis->items[i], at->arena);
        if (own && strcmp(own, label) == 0) {
            return axis->items[i];
        }
    }
    return NULL;
}

static void report_case(struct overrider *at, const char *name, const struct tree *cases, const struct tree *value) {
    const char *near = tree_is_scalar(value) ? text_nearest(value->text, cases->keys, cases->count) : NULL;
    struct text wanted;
    text_init(&wanted);
    if (near) {
        text_printf(&wanted, "did you mean '%s'?", near);
    } else {
        words_list("it has ", cases->keys, cases->count, &wanted);
    }
    diagnostics_error(at->diagnostics, value->mark, "override '%s': axis '%s' has no such case; %s", at->override->text,
                      name, wanted.data);
    text_clear(&wanted);
    at->failed = true;
}

/* Adds one value or label of the override to the axis' new values. */
static void add_choice(struct overrider *at, const char *name, const struct tree *axis, bool cases, struct tree *value,
                       struct tree *chosen) {
    const char *label = cases && tree_is_scalar(value) ? value->text
                        : cases                        ? NULL
                                : config_label(at->catalog, &at->override->place, value, at->arena);
    struct tree *known = label && tree_is_scalar(value) ? labelled(at, axis, label) : NULL;
    if (!known && tree_is_scalar(value) && (known = labelled(at, axis, value->text))) {
        label = value->text;
    }
    if (cases && !known) {
        report_case(at, name, axis, value);
        return;
    }
    if (!label || tree_find(chosen, label) >= 0) {
        diagnostics_error(at->diagnostics, value->mark,
                          label ? "override '%s' gives the label '%s' twice"
                                : "override '%s' gives a value without a name%s",
                          at->override->text, label ? label : "");
        at->failed = true;
        return;
    }
    tree_set(at->arena, chosen, label, value->mark, known ? known : value);
}

/* The axis with the choices of the override; the axis itself where those have mistakes. */
static struct tree *fix_axis(struct overrider *at, const char *name, struct tree *axis, bool cases) {
    struct tree *value = at->override->value;
    struct tree *chosen = tree_map(at->arena, value->mark);
    at->fixed++;
    if (value->type != TREE_LIST) {
        add_choice(at, name, axis, cases, value, chosen);
    } else if (value->count == 0) {
        diagnostics_error(at->diagnostics, value->mark, "override '%s' leaves the axis '%s' empty", at->override->text,
                          name);
        at->failed = true;
    }
    for (size_t i = 0; value->type == TREE_LIST && i < value->count; i++) {
        add_choice(at, name, axis, cases, value->items[i], chosen);
    }
    return at->failed ? axis : chosen;
}

/* Sets the place within a value that an axis or a case gives to `outer`. */
static struct tree *set_within(struct overrider *at, const struct path *outer, struct tree *value) {
    struct error error;
    struct tree *root = tree_map(at->arena, value->mark);
    root = path_set(at->catalog, root, outer, value->mark, value, at->arena, &error);
    root = root ? path_set(at->catalog, root, &at->override->place, at->override->mark, at->override->value, at->arena,
                           &error)
                : NULL;
    if (!root) {
        return value;
    }
    at->inside++;
    return path_get(at->catalog, root, outer, at->arena, &error);
}

static void visit_axes(struct overrider *at, struct tree *grid, bool outermost) {
    for (size_t i = 0; grid && grid->type == TREE_MAP && i < grid->count; i++) {
        struct path path;
        struct error error;
        struct tree *axis = grid->items[i];
        if (tree_is_scalar(axis) ||
            config_path(at->catalog, at->root, grid->keys[i], at->arena, &path, &error) != STATUS_OK) {
            continue; /* reported when the grid is read */
        }
        if (strcmp(path.text, at->override->place.text) == 0) {
            grid->items[i] = fix_axis(at, grid->keys[i], axis, false);
        } else if (path_starts_with(&at->override->place, &path)) {
            at->below++;
            at->replaced = at->replaced || outermost;
            for (size_t j = 0; j < axis->count; j++) {
                axis->items[j] = set_within(at, &path, axis->items[j]);
            }
        }
    }
}

static void visit_axes_and_cases(struct overrider *at, struct tree *grid, struct tree *cases, bool outermost);

static void visit_case(struct overrider *at, const char *name, struct tree *body) {
    for (size_t i = 0; body->type == TREE_MAP && i < body->count; i++) {
        struct path path;
        struct error error;
        const char *key = body->keys[i];
        if (strcmp(key, "grid") == 0 || strcmp(key, "cases") == 0 ||
            config_path(at->catalog, at->root, key, at->arena, &path, &error) != STATUS_OK) {
            continue;
        }
        if (strcmp(path.text, at->override->place.text) == 0) {
            diagnostics_error(at->diagnostics, at->override->mark,
                              "override '%s': the cases of '%s' set this; choose one of them with '%s=LABEL'",
                              at->override->text, name, name);
            at->failed = true;
        } else if (path_starts_with(&at->override->place, &path)) {
            at->below++;
            body->items[i] = set_within(at, &path, body->items[i]);
        }
    }
    visit_axes_and_cases(at, tree_get(body, "grid"), tree_get(body, "cases"), false);
}

static void visit_axes_and_cases(struct overrider *at, struct tree *grid, struct tree *cases, bool outermost) {
    visit_axes(at, grid, outermost);
    for (size_t i = 0; cases && cases->type == TREE_MAP && i < cases->count; i++) {
        struct tree *axis = cases->items[i];
        if (axis->type != TREE_MAP) {
            continue;
        }
        if (strcmp(cases->keys[i], at->override->path.text) == 0) {
            cases->items[i] = axis = fix_axis(at, cases->keys[i], axis, true);
            continue;
        }
        for (size_t j = 0; j < axis->count; j++) {
            visit_case(at, cases->keys[i], axis->items[j]);
        }
    }
}

/* ---- Applying ---------------------------------------------------------------------------------------------------- */

/* Keys outside the sections that an override may set. */
static bool is_plain_key(const char *key) {
    static const char *const keys[] = {"experiment", "description",  "seeds",          "report",
                                       "time_limit", "memory_limit", "data_time_limit"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool find_place(struct overrider *at, struct override *override) {
    struct error error;
    if (is_plain_key(override->path.segments[0])) {
        override->place = override->path;
        return true;
    }
    if (config_path(at->catalog, at->root, override->path.text, at->arena, &override->place, &error) == STATUS_OK) {
        return true;
    }
    override->place = override->path; /* the name of a cases axis, perhaps */
    visit_axes_and_cases(at, tree_get(at->root, "grid"), tree_get(at->root, "cases"), true);
    if (at->fixed == 0) {
        diagnostics_error(at->diagnostics, override->mark, "override '%s': %s", override->text, error.text);
    }
    return false;
}

static void apply_one(struct overrider *at, struct override *override) {
    struct error error;
    at->override = override;
    at->fixed = at->below = at->inside = 0;
    at->replaced = at->failed = false;
    if (!find_place(at, override)) {
        return;
    }
    visit_axes_and_cases(at, tree_get(at->root, "grid"), tree_get(at->root, "cases"), true);
    if (at->fixed > 0 || at->failed) {
        return;
    }
    if (at->replaced) {
        if (at->inside == 0) {
            diagnostics_error(at->diagnostics, override->mark, "override '%s' fits no value of the axis that sets this",
                              override->text);
        }
        return;
    }
    struct tree *root =
        path_set(at->catalog, at->root, &override->place, override->mark, override->value, at->arena, &error);
    if (root) {
        at->root = root;
    } else if (at->inside == 0) {
        diagnostics_error(at->diagnostics, override->mark, "override '%s': %s", override->text, error.text);
    }
}

/* Short, for the name of a folder: [sign,adam], {sgd:{momentum:0.9}}. Text is quoted where it could be taken for structure. */
static void write_short(const struct tree *tree, bool inside, struct text *out) {
    char digits[NUMBER_TEXT_SIZE];
    if (tree->type == TREE_FLOAT) {
        text_add(out, number_write(tree->value.number, digits));
    } else if (tree->type == TREE_TEXT && !(inside && strpbrk(tree->text, ",:[]{}\""))) {
        text_add(out, tree->text);
    } else if (tree_is_scalar(tree)) {
        tree_write(tree, out);
    } else {
        text_add_char(out, tree->type == TREE_MAP ? '{' : '[');
        for (size_t i = 0; i < tree->count; i++) {
            text_add(out, i ? "," : "");
            if (tree->type == TREE_MAP) {
                text_printf(out, "%s:", tree->keys[i]);
            }
            write_short(tree->items[i], true, out);
        }
        text_add_char(out, tree->type == TREE_MAP ? '}' : ']');
    }
}

static const char *normal_text(const struct override *override, struct arena *arena) {
    struct text text;
    text_init(&text);
    text_printf(&text, "%s=", override->path.text);
    write_short(override->value, false, &text);
    const char *copy = arena_copy_text(arena, text.data);
    text_clear(&text);
    return copy;
}

static bool changes_trials(const struct override *override) {
    const char *first = override->path.segments[0];
    return !is_plain_key(first) || strcmp(first, "seeds") == 0;
}

struct tree *override_apply(const struct catalog *catalog, struct tree *root, const char *const *overrides,
                            size_t n_overrides, struct arena *arena, struct diagnostics *diagnostics,
                            const char ***normal, size_t *n_normal) {
    struct override *list = arena_array(arena, n_overrides, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < n_overrides; i++) {
        count += read_override(overrides[i], arena, diagnostics, &list[count]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            list[i].dropped = list[i].dropped || strcmp(list[i].path.text, list[j].path.text) == 0;
        }
    }
    /* Axes are changed in place, and aliases share nodes. */
    root = n_overrides > 0 ? tree_copy(arena, root) : root;
    struct overrider at = {.catalog = catalog, .arena = arena, .diagnostics = diagnostics, .root = root};
    *normal = arena_array(arena, count, sizeof **normal);
    *n_normal = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].dropped) {
            continue;
        }
        apply_one(&at, &list[i]);
        if (changes_trials(&list[i])) {
            (*normal)[(*n_normal)++] = normal_text(&list[i], arena);
        }
    }
    return at.root;
}

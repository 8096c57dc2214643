#include "runner/config/path.h"

#include "runner/base/diagnostics.h"
#include "runner/base/yaml.h"
#include "runner/config/experiment.h"

#include <string.h>

static bool needs_quotes(const char *segment) {
    return !*segment || strpbrk(segment, ".\"\\= \t\n") != NULL;
}

void path_write_segment(const char *segment, struct text *out) {
    if (out->length > 0) {
        text_add_char(out, '.');
    }
    if (!needs_quotes(segment)) {
        text_add(out, segment);
        return;
    }
    text_add_char(out, '"');
    for (; *segment; segment++) {
        if (*segment == '"' || *segment == '\\') {
            text_add_char(out, '\\');
        }
        text_add_char(out, *segment);
    }
    text_add_char(out, '"');
}

/* Reads one segment; returns the place behind it, or NULL. */
static const char *read_segment(const char *text, struct text *segment, struct error *error, const char *whole) {
    text_reset(segment);
    if (*text != '"') {
        size_t length = strcspn(text, ".\"");
        if (length == 0) {
            error_set(error, STATUS_CONFIG, "path '%s' has an empty segment", whole);
            return NULL;
        }
        text_add_bytes(segment, text, length);
        return text + length;
    }
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1]) {
            text++;
        }
        text_add_char(segment, *text);
    }
    if (!*text) {
        error_set(error, STATUS_CONFIG, "path '%s' has a quote that does not end", whole);
        return NULL;
    }
    return text + 1;
}

/* The segments become the path's. */
static struct path from_segments(const char **segments, size_t count, struct arena *arena) {
    struct text text;
    text_init(&text);
    for (size_t i = 0; i < count; i++) {
        path_write_segment(segments[i], &text);
    }
    struct path path = {segments, count, arena_copy_text(arena, text.data)};
    text_clear(&text);
    return path;
}

struct path path_of(const char *const *segments, size_t count, struct arena *arena) {
    const char **kept = arena_array(arena, count, sizeof *kept);
    memcpy(kept, segments, count * sizeof *kept);
    return from_segments(kept, count, arena);
}

enum status path_read(const char *text, struct arena *arena, struct path *path, struct error *error) {
    enum status status = STATUS_OK;
    const char *whole = text;
    const char **segments = arena_array(arena, strlen(text) + 1, sizeof *segments);
    size_t count = 0;
    struct text segment;
    text_init(&segment);
    for (;;) {
        text = read_segment(text, &segment, error, whole);
        if (!text) {
            status = STATUS_CONFIG;
            goto out;
        }
        segments[count++] = arena_copy_text(arena, segment.data);
        if (!*text) {
            break;
        }
        if (*text++ != '.') {
            status = error_set(error, STATUS_CONFIG, "path '%s' wants a point between its segments", whole);
            goto out;
        }
    }
    *path = from_segments(segments, count, arena);
out:
    text_clear(&segment);
    return status;
}

/* The same path with one more segment at place `at`. */
static struct path path_with(const struct path *path, size_t at, const char *segment, struct arena *arena) {
    const char **segments = arena_array(arena, path->count + 1, sizeof *segments);
    memcpy(segments, path->segments, at * sizeof *segments);
    segments[at] = segment;
    memcpy(segments + at + 1, path->segments + at, (path->count - at) * sizeof *segments);
    return from_segments(segments, path->count + 1, arena);
}

struct path path_below(const char *first, const struct path *path, struct arena *arena) {
    return path_with(path, 0, first, arena);
}

struct path path_renamed(const struct path *path, const char *first, struct arena *arena) {
    const char **segments = arena_array(arena, path->count, sizeof *segments);
    memcpy(segments, path->segments, path->count * sizeof *segments);
    segments[0] = first;
    return from_segments(segments, path->count, arena);
}

bool path_starts_with(const struct path *path, const struct path *prefix) {
    if (prefix->count > path->count) {
        return false;
    }
    for (size_t i = 0; i < prefix->count; i++) {
        if (strcmp(path->segments[i], prefix->segments[i]) != 0) {
            return false;
        }
    }
    return true;
}

struct place place_root(void) {
    return (struct place){.type = PLACE_ROOT};
}

static struct place step_root(const char *segment) {
    static const struct {
        const char *name;
        enum place_type type;
        enum runner_kind kind;
    } sections[] = {
        {"dataset", PLACE_COMPONENT, RUNNER_DATASET}, {"model", PLACE_LIST, RUNNER_LAYER},
        {"loss", PLACE_COMPONENT, RUNNER_LOSS},       {"optimizer", PLACE_COMPONENT, RUNNER_OPTIMIZER},
        {"metrics", PLACE_LIST, RUNNER_METRIC},       {"callbacks", PLACE_LIST, RUNNER_CALLBACK},
    };
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (strcmp(segment, sections[i].name) == 0) {
            return (struct place){.type = sections[i].type, .kind = sections[i].kind};
        }
    }
    struct place place = {.type = PLACE_TABLE};
    if (strcmp(segment, "train") == 0) {
        place.table = experiment_train_params(&place.n_table);
    } else if (strcmp(segment, "engine") == 0) {
        place.table = experiment_engine_params(&place.n_table);
    } else {
        place.type = PLACE_VALUE;
    }
    return place;
}

struct place place_step(const struct catalog *catalog, const struct place *place, const char *segment) {
    switch (place->type) {
    case PLACE_ROOT: return step_root(segment);
    case PLACE_COMPONENT: {
        const char *slash = strrchr(segment, '/');
        return (struct place){.type = PLACE_PARAMS,
                              .component = catalog_find(catalog, place->kind, slash ? slash + 1 : segment)};
    }
    case PLACE_LIST: return (struct place){.type = PLACE_COMPONENT, .kind = place->kind};
    case PLACE_PARAMS: {
        const struct catalog_param *param = place->component ? catalog_param_find(place->component, segment) : NULL;
        if (param && (param->type == RUNNER_COMPONENT || param->type == RUNNER_RATE)) {
            return (struct place){.type = PLACE_COMPONENT, .kind = param->kind};
        }
        if (param && param->type == RUNNER_COMPONENTS) {
            return (struct place){.type = PLACE_LIST, .kind = param->kind};
        }
        break;
    }
    case PLACE_TABLE:
    case PLACE_VALUE: break;
    }
    return (struct place){.type = PLACE_VALUE};
}

static const char *bare(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

const char *component_written_name(const struct tree *value) {
    if (value->type == TREE_TEXT && *value->text && !strchr("$=", *value->text)) {
        return bare(value->text);
    }
    return value->type == TREE_MAP && value->count == 1 ? bare(value->keys[0]) : NULL;
}

static bool is_component(const struct tree *value, const char *name) {
    const char *written = component_written_name(value);
    return written && strcmp(written, bare(name)) == 0;
}

/* The index that a segment means in a list, or -1. */
static ptrdiff_t list_index(const struct tree *list, const char *segment) {
    int64_t index;
    if (!number_read_int(segment, &index) || index < 0 || (uint64_t)index >= list->count ||
        !strchr("0123456789", *segment)) {
        return -1;
    }
    return (ptrdiff_t)index;
}

static void bad_index(struct error *error, const struct path *path, size_t at, const struct tree *list,
                      struct arena *arena) {
    size_t named = 0; /* the first item of that name, where there is one */
    while (named < list->count && !is_component(list->items[named], path->segments[at])) {
        named++;
    }
    if (list->count == 0) {
        error_set(error, STATUS_CONFIG, "path '%s' goes into an empty list", path->text);
    } else if (named < list->count) {
        error_set(error, STATUS_CONFIG, "path '%s' leaves out the place in the list; did you mean '%s'?", path->text,
                  path_with(path, at, arena_printf(arena, "%zu", named), arena).text);
    } else {
        error_set(error, STATUS_CONFIG, "path '%s': '%s' is no place in a list of %u, wanted 0 to %u", path->text,
                  path->segments[at], list->count, list->count - 1);
    }
}

/* Along a path, down a config. */
struct walk {
    const struct catalog *catalog;
    const struct path *path;
    struct mark mark;   /* of keys that are made */
    struct tree *value; /* to be set; NULL where one is looked for */
    struct arena *arena;
    struct error *error;
};

/* The path as far as it may lead from segment `at` on, which stands at `place`. */
static struct path path_to_end(const struct walk *walk, struct path path, size_t at, struct place place) {
    for (; at < path.count && place.type != PLACE_VALUE; at++) {
        const char *segment = path.segments[at];
        if ((place.type == PLACE_COMPONENT && !catalog_find(walk->catalog, place.kind, bare(segment))) ||
            (place.type == PLACE_LIST && !strchr("0123456789", *segment))) {
            break;
        }
        place = place_step(walk->catalog, &place, segment);
    }
    return path_of(path.segments, at, walk->arena);
}

/* What stands in the way of a path that goes through another plugin, or through no plugin at all. */
static void bad_plugin(const struct walk *walk, size_t at, const struct tree *node, const struct place *place) {
    struct error *error = walk->error;
    const struct path *path = walk->path;
    const char *name = component_written_name(node);
    const struct catalog_component *there = name ? catalog_find(walk->catalog, place->kind, name) : NULL;
    if (there && catalog_param_find(there, path->segments[at])) { /* its name was left out */
        const struct path whole = path_with(path, at, name, walk->arena);
        error_set(error, STATUS_CONFIG, "path '%s' leaves out the plugin; did you mean '%s'?", path->text,
                  path_to_end(walk, whole, at, *place).text);
    } else if (name) {
        error_set(error, STATUS_CONFIG, "path '%s' goes through '%s', but '%s' stands there", path->text,
                  path->segments[at], name);
    } else if (node->type == TREE_TEXT) {
        error_set(error, STATUS_CONFIG, "path '%s' goes through '%s', which is filled in later", path->text,
                  node->text);
    } else {
        error_set(error, STATUS_CONFIG, "path '%s' wants the plugin '%s', found %s", path->text, path->segments[at],
                  tree_type_name(node->type));
    }
}

/* Of a list or map; the items are shared. */
static struct tree *clone(struct arena *arena, const struct tree *tree) {
    struct tree *copy = arena_alloc(arena, sizeof *copy);
    *copy = *tree;
    copy->room = 0;
    copy->items = arena_array(arena, tree->count, sizeof *copy->items);
    if (tree->count > 0) {
        memcpy(copy->items, tree->items, tree->count * sizeof *copy->items);
    }
    if (tree->type == TREE_MAP) {
        copy->keys = arena_array(arena, tree->count, sizeof *copy->keys);
        copy->key_marks = arena_array(arena, tree->count, sizeof *copy->key_marks);
    }
    if (tree->type == TREE_MAP && tree->count > 0) {
        memcpy(copy->keys, tree->keys, tree->count * sizeof *copy->keys);
        memcpy(copy->key_marks, tree->key_marks, tree->count * sizeof *copy->key_marks);
    }
    return copy;
}

static struct tree *set_at(const struct walk *walk, const struct tree *node, size_t at, const struct place *place);

/* `node` is the component; the segment names its plugin. */
static struct tree *set_in_component(const struct walk *walk, const struct tree *node, size_t at,
                                     const struct place *place) {
    const char *segment = walk->path->segments[at];
    const struct tree *params = NULL;
    struct mark key_mark = walk->mark;
    const char *key = segment;
    struct tree *map = tree_map(walk->arena, walk->mark);
    if (node && node->type != TREE_NULL) {
        if (!is_component(node, segment)) {
            bad_plugin(walk, at, node, place);
            return NULL;
        }
        map->mark = key_mark = node->mark;
        if (node->type == TREE_MAP) {
            key = node->keys[0];
            key_mark = node->key_marks[0];
            params = node->items[0];
        } else {
            key = node->text;
        }
    }
    struct place next = place_step(walk->catalog, place, segment);
    struct tree *changed = set_at(walk, params, at + 1, &next);
    if (!changed) {
        return NULL;
    }
    tree_set(walk->arena, map, key, key_mark, changed);
    return map;
}

static struct tree *set_in_list(const struct walk *walk, const struct tree *node, size_t at,
                                const struct place *place) {
    ptrdiff_t index = list_index(node, walk->path->segments[at]);
    if (index < 0) {
        bad_index(walk->error, walk->path, at, node, walk->arena);
        return NULL;
    }
    struct place next = place_step(walk->catalog, place, walk->path->segments[at]);
    struct tree *changed = set_at(walk, node->items[index], at + 1, &next);
    if (!changed) {
        return NULL;
    }
    struct tree *list = clone(walk->arena, node);
    list->items[index] = changed;
    return list;
}

static struct tree *set_in_map(const struct walk *walk, const struct tree *node, size_t at, const struct place *place) {
    const char *segment = walk->path->segments[at];
    struct place next = place_step(walk->catalog, place, segment);
    struct tree *map = node && node->type == TREE_MAP ? clone(walk->arena, node)
                                                      : tree_map(walk->arena, node ? node->mark : walk->mark);
    ptrdiff_t found = tree_find(map, segment);
    struct tree *changed = set_at(walk, found < 0 ? NULL : map->items[found], at + 1, &next);
    if (!changed) {
        return NULL;
    }
    tree_set(walk->arena, map, segment, found < 0 ? walk->mark : map->key_marks[found], changed);
    return map;
}

static struct tree *set_at(const struct walk *walk, const struct tree *node, size_t at, const struct place *place) {
    if (at == walk->path->count) {
        return walk->value;
    }
    if (place->type == PLACE_COMPONENT) {
        return set_in_component(walk, node, at, place);
    }
    if (node && node->type == TREE_LIST) {
        return set_in_list(walk, node, at, place);
    }
    if (place->type == PLACE_LIST) {
        error_set(walk->error, STATUS_CONFIG, "path '%s' goes into a list, found %s", walk->path->text,
                  node ? tree_type_name(node->type) : "nothing");
        return NULL;
    }
    if (!node || node->type == TREE_NULL || node->type == TREE_MAP) {
        return set_in_map(walk, node, at, place);
    }
    const char *segment = walk->path->segments[at];
    if (node->type == TREE_TEXT && strcmp(bare(node->text), bare(segment)) == 0) {
        return set_in_component(walk, node, at, place); /* a plugin in a `let` */
    }
    if (node->type == TREE_TEXT) {
        bad_plugin(walk, at, node, place);
    } else {
        error_set(walk->error, STATUS_CONFIG, "path '%s' goes through %s at '%s'", walk->path->text,
                  tree_type_name(node->type), segment);
    }
    return NULL;
}

struct tree *path_set(const struct catalog *catalog, const struct tree *root, const struct path *path, struct mark mark,
                      struct tree *value, struct arena *arena, struct error *error) {
    struct walk walk = {catalog, path, mark, value, arena, error};
    struct place place = place_root();
    return set_at(&walk, root, 0, &place);
}

const struct runner_param *place_table_find(const struct place *place, const char *name) {
    for (size_t i = 0; place->type == PLACE_TABLE && i < place->n_table; i++) {
        if (strcmp(place->table[i].name, name) == 0) {
            return &place->table[i];
        }
    }
    return NULL;
}

/* The default of the parameter `segment` of a place, as a tree; NULL where there is none. */
static struct tree *default_of(const struct place *place, const char *segment, struct arena *arena) {
    const char *initial = NULL;
    if (place->type == PLACE_PARAMS && place->component) {
        const struct catalog_param *param = catalog_param_find(place->component, segment);
        initial = param ? param->initial : NULL;
    }
    const struct runner_param *row = place_table_find(place, segment);
    initial = row ? row->initial : initial;
    if (!initial) {
        return NULL;
    }
    struct diagnostics ignored;
    diagnostics_init(&ignored);
    struct tree *tree = yaml_read(initial, strlen(initial), "default", arena, &ignored);
    diagnostics_clear(&ignored);
    return tree;
}

static struct tree *unknown(struct error *error, const struct path *path, size_t at, const struct tree *node,
                            const struct place *place, struct arena *arena) {
    size_t count = node && node->type == TREE_MAP ? node->count : 0;
    size_t more = place->type == PLACE_TABLE                        ? place->n_table
                  : place->type == PLACE_PARAMS && place->component ? place->component->n_params
                                                                    : 0;
    const char **names = arena_array(arena, count + more, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        names[i] = node->keys[i];
    }
    for (size_t i = 0; i < more; i++) {
        names[count + i] = place->type == PLACE_TABLE ? place->table[i].name : place->component->params[i].name;
    }
    const char *near = text_nearest(path->segments[at], names, count + more);
    if (near) {
        error_set(error, STATUS_CONFIG, "undefined path '%s': there is no '%s'; did you mean '%s'?", path->text,
                  path->segments[at], near);
    } else {
        error_set(error, STATUS_CONFIG, "undefined path '%s': there is no '%s'", path->text, path->segments[at]);
    }
    return NULL;
}

struct tree *path_get(const struct catalog *catalog, const struct tree *root, const struct path *path,
                      struct arena *arena, struct error *error) {
    struct place place = place_root();
    const struct tree *node = root;
    for (size_t at = 0; at < path->count; at++) {
        const char *segment = path->segments[at];
        struct place next = place_step(catalog, &place, segment);
        struct tree *child = NULL;
        if (node && node->type == TREE_LIST) {
            ptrdiff_t index = list_index(node, segment);
            if (index < 0) {
                bad_index(error, path, at, node, arena);
                return NULL;
            }
            child = node->items[index];
        } else if (place.type == PLACE_COMPONENT) {
            if (!node || !is_component(node, segment)) {
                if (node) {
                    const struct walk walk = {.catalog = catalog, .path = path, .arena = arena, .error = error};
                    bad_plugin(&walk, at, node, &place);
                    return NULL;
                }
                return unknown(error, path, at, node, &place, arena);
            }
            child = node->type == TREE_MAP ? node->items[0] : NULL;
            if (!child) {
                child = tree_map(arena, node->mark);
            }
        } else {
            child = node ? tree_get(node, segment) : NULL;
            if (!child) {
                child = default_of(&place, segment, arena);
            }
            if (!child && next.type == PLACE_TABLE) {
                child = tree_map(arena, (struct mark){0});
            }
            if (!child) {
                return unknown(error, path, at, node, &place, arena);
            }
        }
        node = child;
        place = next;
    }
    return (struct tree *)node;
}

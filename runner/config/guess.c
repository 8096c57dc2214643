#include "runner/config/guess.h"

#include <string.h>

struct search {
    const struct catalog *catalog;
    const char *name;
    struct arena *arena;
    const char *segments[4]; /* section, place in a list, plugin, name */
    size_t count;
    const char **names; /* while they are gathered: all that could be meant; nothing is found then */
    size_t n_names;
};

enum { NAMES = 1000 }; /* of which text_nearest() looks at no more */

static bool is_name(struct search *search, const char *name) {
    if (search->names && search->n_names < NAMES) {
        search->names[search->n_names++] = name;
    }
    return !search->names && strcmp(name, search->name) == 0;
}

static bool is_in_table(struct search *search, const struct place *place) {
    for (size_t i = 0; i < place->n_table; i++) {
        if (is_name(search, place->table[i].name)) {
            return true;
        }
    }
    return false;
}

/* Its name becomes a segment where it has the parameter. */
static bool is_of_component(struct search *search, const struct catalog_component *component) {
    for (size_t i = 0; component && i < component->n_params; i++) {
        if (is_name(search, component->params[i].name)) {
            search->segments[search->count++] = component->name;
            return true;
        }
    }
    return false;
}

/* Whether the plugin that stands at `value` has the parameter. */
static bool is_of_plugin(struct search *search, const struct place *place, const struct tree *value) {
    const char *plugin = value ? component_written_name(value) : NULL;
    return plugin && is_of_component(search, catalog_find(search->catalog, place->kind, plugin));
}

/* Among the first items: a hostile config has many, and many names to look for. */
static bool is_in_list(struct search *search, const struct place *place, const struct tree *list) {
    enum { MOST = 1000 };
    for (size_t i = 0; list && list->type == TREE_LIST && i < list->count && i < MOST; i++) {
        search->count = 2;
        if (is_of_plugin(search, place, list->items[i])) {
            search->segments[1] = arena_printf(search->arena, "%zu", i);
            return true;
        }
    }
    return false;
}

static const char *const sections[] = {"train", "engine", "optimizer", "dataset",
                                       "loss",  "model",  "metrics",   "callbacks"};
enum { SECTIONS = sizeof sections / sizeof sections[0] };

static struct place begin(struct search *search, size_t section) {
    const struct place start = place_root();
    search->segments[0] = sections[section];
    search->count = 1;
    return place_step(search->catalog, &start, sections[section]);
}

static bool find(struct search *search, const struct tree *root) {
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct place place = begin(search, i);
        const struct tree *value = tree_get(root, sections[i]);
        if (place.type == PLACE_TABLE       ? is_in_table(search, &place)
            : place.type == PLACE_COMPONENT ? is_of_plugin(search, &place, value)
                                            : is_in_list(search, &place, value)) {
            search->segments[search->count++] = search->name;
            return true;
        }
    }
    return false;
}

/* By the name that is nearest, or that it is short for. */
static bool find_near(struct search *search, const struct tree *root) {
    search->names = arena_array(search->arena, NAMES, sizeof *search->names);
    find(search, root);
    search->name = text_nearest(search->name, search->names, search->n_names);
    search->names = NULL;
    return search->name && find(search, root);
}

/* Of a plugin that the config does not name. */
static bool find_elsewhere(struct search *search) {
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct place place = begin(search, i);
        for (size_t c = 0; place.type != PLACE_TABLE && c < search->catalog->count; c++) {
            search->count = place.type == PLACE_LIST ? 2 : 1;
            if (search->catalog->components[c].kind == place.kind &&
                is_of_component(search, &search->catalog->components[c])) {
                search->segments[search->count++] = search->name;
                return true;
            }
        }
    }
    return false;
}

/* Of a key that is the name of a plugin; NULL where it is none. */
static const char *entry_of_plugin(struct search *search) {
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct place place = begin(search, i);
        const bool list = place.type == PLACE_LIST;
        if (place.type != PLACE_TABLE && catalog_find(search->catalog, place.kind, search->name)) {
            return arena_printf(search->arena, "%s: %s%s%s", sections[i], list ? "[" : "", search->name,
                                list ? "]" : "");
        }
    }
    return NULL;
}

struct path guess_path(const struct catalog *catalog, const struct tree *root, const char *name, bool near,
                       struct arena *arena) {
    struct search search = {.catalog = catalog, .name = name, .arena = arena};
    const bool found = near ? find_near(&search, root) : find(&search, root);
    return found ? path_of(search.segments, search.count, arena) : (struct path){0};
}

const char *guess_entry(const struct catalog *catalog, const struct tree *root, const char *name, bool near,
                        struct arena *arena) {
    struct search search = {.catalog = catalog, .name = name, .arena = arena};
    if (near ? !find_near(&search, root) : !find(&search, root) && !find_elsewhere(&search)) {
        return near ? NULL : entry_of_plugin(&search);
    }
    const char **segments = search.segments;
    switch (search.count) {
    case 2: return arena_printf(arena, "%s: {%s: ...}", segments[0], segments[1]);
    case 3: return arena_printf(arena, "%s: {%s: {%s: ...}}", segments[0], segments[1], segments[2]);
    default: return arena_printf(arena, "%s: [{%s: {%s: ...}}]", segments[0], segments[2], segments[3]);
    }
}

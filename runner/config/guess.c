#include "runner/config/guess.h"

#include <string.h>

struct search {
    const struct catalog *catalog;
    const char *name;
    struct arena *arena;
    const char *segments[4]; /* section, place in a list, plugin, name */
    size_t count;
};

/* Whether the plugin that stands at `value` has the parameter; its name becomes a segment then. */
static bool is_of_plugin(struct search *search, const struct place *place, const struct tree *value) {
    const char *plugin = value ? component_written_name(value) : NULL;
    const struct catalog_component *component = plugin ? catalog_find(search->catalog, place->kind, plugin) : NULL;
    if (!component || !catalog_param_find(component, search->name)) {
        return false;
    }
    search->segments[search->count++] = plugin;
    return true;
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

static bool find(struct search *search, const struct tree *root) {
    static const char *const sections[] = {"train", "engine", "optimizer", "dataset",
                                           "loss",  "model",  "metrics",   "callbacks"};
    const struct place start = place_root();
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const struct place place = place_step(search->catalog, &start, sections[i]);
        const struct tree *value = tree_get(root, sections[i]);
        search->segments[0] = sections[i];
        search->count = 1;
        if (place.type == PLACE_TABLE       ? place_table_find(&place, search->name) != NULL
            : place.type == PLACE_COMPONENT ? is_of_plugin(search, &place, value)
                                            : is_in_list(search, &place, value)) {
            search->segments[search->count++] = search->name;
            return true;
        }
    }
    return false;
}

struct path guess_path(const struct catalog *catalog, const struct tree *root, const char *name, struct arena *arena) {
    struct search search = {.catalog = catalog, .name = name, .arena = arena};
    return find(&search, root) ? path_of(search.segments, search.count, arena) : (struct path){0};
}

const char *guess_entry(const struct catalog *catalog, const struct tree *root, const char *name, struct arena *arena) {
    struct search search = {.catalog = catalog, .name = name, .arena = arena};
    if (!find(&search, root)) {
        return NULL;
    }
    const char **segments = search.segments;
    switch (search.count) {
    case 2: return arena_printf(arena, "%s: {%s: ...}", segments[0], segments[1]);
    case 3: return arena_printf(arena, "%s: {%s: {%s: ...}}", segments[0], segments[1], segments[2]);
    default: return arena_printf(arena, "%s: [{%s: {%s: ...}}]", segments[0], segments[2], segments[3]);
    }
}

#include "runner/config/include.h"

#include "runner/base/file.h"
#include "runner/base/hash_table.h"
#include "runner/base/yaml.h"
#include "runner/config/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 20, MAX_FILES = 1000 };

struct reader {
    const struct catalog *catalog;
    struct arena *arena;
    struct diagnostics *diagnostics;
    size_t files;
    bool lacks; /* some file, so that what seems to be missing may stand there */
};

/* The files whose includes are being read. */
struct chain {
    const char *file, *real;
    const struct chain *above;
    size_t depth;
};

static struct tree *read_one(struct reader *reader, const char *file, const struct chain *above);

static struct tree *merge(struct reader *reader, struct tree *below, struct tree *above, const struct place *place);

static struct tree *merge_maps(struct reader *reader, const struct tree *below, const struct tree *above,
                               const struct place *place) {
    struct tree *merged = tree_map(reader->arena, above->mark);
    struct hash_table known = {0}; /* a map may have many keys */
    for (size_t i = 0; i < below->count; i++) {
        hash_table_add_name(&known, &below->keys[i]);
        tree_add(reader->arena, merged, below->keys[i], below->key_marks[i], below->items[i]);
    }
    for (size_t i = 0; i < above->count; i++) {
        struct place next = place_step(reader->catalog, place, above->keys[i]);
        const char **old = hash_table_find_name(&known, above->keys[i], strlen(above->keys[i]));
        if (!old) {
            tree_add(reader->arena, merged, above->keys[i], above->key_marks[i], above->items[i]);
            continue;
        }
        size_t at = (size_t)(old - below->keys);
        merged->items[at] = merge(reader, merged->items[at], above->items[i], &next);
        merged->key_marks[at] = above->key_marks[i];
    }
    hash_table_clear(&known);
    return merged;
}

/* Outside the sections (`let`, values of axes) the catalogue tells whether something names a plugin. */
static const char *plugin_name(const struct reader *reader, const struct tree *value, const struct place *place) {
    const char *name = component_written_name(value);
    if (name && place->type != PLACE_COMPONENT && catalog_count_name(reader->catalog, name) == 0) {
        return NULL;
    }
    return name;
}

static struct tree *merge_plugins(struct reader *reader, struct tree *below, struct tree *above,
                                  const struct place *place) {
    const struct tree *old = below->type == TREE_MAP ? below->items[0] : NULL;
    struct tree *new = above->type == TREE_MAP ? above->items[0] : NULL;
    if (!old || old->type != TREE_MAP) {
        return above;
    }
    if (new &&new->type != TREE_MAP &&new->type != TREE_NULL) {
        return above;
    }
    bool map = above->type == TREE_MAP;
    const char *key = map ? above->keys[0] : above->text;
    struct place next = place_step(reader->catalog, place, key);
    struct tree *params = new &&new->type == TREE_MAP ? merge_maps(reader, old, new, &next) : below->items[0];
    struct tree *merged = tree_map(reader->arena, above->mark);
    tree_set(reader->arena, merged, key, map ? above->key_marks[0] : above->mark, params);
    return merged;
}

static struct tree *merge(struct reader *reader, struct tree *below, struct tree *above, const struct place *place) {
    const char *old = plugin_name(reader, below, place), *new = plugin_name(reader, above, place);
    if (old && new) {
        return strcmp(old, new) == 0 ? merge_plugins(reader, below, above, place) : above;
    }
    if (below->type == TREE_MAP && above->type == TREE_MAP && place->type != PLACE_COMPONENT) {
        return merge_maps(reader, below, above, place);
    }
    return above;
}

static void report_cycle(struct reader *reader, const char *file, const struct chain *at, const struct chain *first,
                         struct mark mark) {
    struct text text;
    text_init(&text);
    text_add(&text, file);
    for (; at != first->above; at = at->above) { /* from the inside out: x <- b <- a */
        text_printf(&text, " <- %s", at->file);
    }
    diagnostics_error(reader->diagnostics, mark, "cyclic include: %s", text.data);
    text_clear(&text);
}

static struct tree *read_included(struct reader *reader, const struct tree *item, const struct chain *chain) {
    if (item->type != TREE_TEXT || !*item->text) {
        diagnostics_error(reader->diagnostics, item->mark, "include wants the path of a file, found %s",
                          tree_type_name(item->type));
        return NULL;
    }
    const char *folder = path_folder(reader->arena, chain->file);
    const char *file = strcmp(folder, ".") == 0 ? item->text : path_join(reader->arena, folder, item->text);
    const char *real = path_real(reader->arena, file);
    struct stat facts;
    if (!real || stat(real, &facts) != 0 || access(real, R_OK) != 0) {
        diagnostics_error(reader->diagnostics, item->mark, "cannot include '%s': %s", file, strerror(errno));
        return NULL;
    }
    if (S_ISDIR(facts.st_mode)) {
        diagnostics_error(reader->diagnostics, item->mark, "cannot include '%s': it is a folder, wanted a file", file);
        return NULL;
    }
    for (const struct chain *at = chain; at; at = at->above) {
        if (strcmp(at->real, real) == 0) {
            report_cycle(reader, file, chain, at, item->mark);
            return NULL;
        }
    }
    if (chain->depth >= MAX_DEPTH) {
        diagnostics_error(reader->diagnostics, item->mark, "includes are nested deeper than %d files", MAX_DEPTH);
        return NULL;
    }
    if (reader->files >= MAX_FILES) {
        diagnostics_error(reader->diagnostics, item->mark, "more than %d files are included", MAX_FILES);
        return NULL;
    }
    return read_one(reader, file, chain);
}

/* Includes and then the file itself, without the key. */
static struct tree *merge_includes(struct reader *reader, struct tree *tree, const struct chain *chain) {
    struct tree *include = tree_get(tree, "include");
    if (!include) {
        return tree;
    }
    struct place root = place_root();
    struct tree *merged = tree_map(reader->arena, tree->mark);
    bool list = include->type == TREE_LIST;
    for (size_t i = 0; i < (list ? include->count : 1); i++) {
        struct tree *other = read_included(reader, list ? include->items[i] : include, chain);
        if (other) {
            merged = merge_maps(reader, merged, other, &root);
        } else {
            reader->lacks = true;
        }
    }
    tree_remove(tree, "include");
    merged = merge_maps(reader, merged, tree, &root);
    return merged;
}

static struct tree *read_one(struct reader *reader, const char *file, const struct chain *above) {
    reader->files++;
    struct tree *tree = yaml_read_file(file, reader->arena, reader->diagnostics);
    if (!tree) {
        return NULL;
    }
    if (tree->type != TREE_MAP) {
        diagnostics_error(reader->diagnostics, tree->mark, "a config is a map of keys and values, found %s",
                          tree_type_name(tree->type));
        return NULL;
    }
    const char *real = path_real(reader->arena, file);
    struct chain chain = {file, real ? real : file, above, above ? above->depth + 1 : 1};
    return merge_includes(reader, tree, &chain);
}

struct tree *include_read(const char *file, const struct catalog *catalog, struct arena *arena,
                          struct diagnostics *diagnostics) {
    struct reader reader = {.catalog = catalog, .arena = arena, .diagnostics = diagnostics};
    struct tree *tree = read_one(&reader, arena_copy_text(arena, file), NULL);
    return reader.lacks ? NULL : tree;
}

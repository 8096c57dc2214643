#include "runner/schedule/identity.h"

#include "runner/config/experiment.h"
#include "runner/host/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 2000 }; /* that are remembered: a grid may have a million, each of one point */

static void visit(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                  const struct tree *resolved, struct arena *arena, struct tree **stripped);

static void keep(struct components *components, const struct catalog_component *component) {
    for (size_t i = 0; i < components->count; i++)
        if (components->items[i] == component)
            return;
    if (components->count == components->capacity) {
        components->capacity = components->capacity == 0 ? 16 : 2 * components->capacity;
        components->items = memory_resize(components->items, components->capacity, sizeof *components->items);
    }
    components->items[components->count++] = component;
}

static void visit_list(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                       const struct tree *list, struct arena *arena, struct tree **stripped) {
    *stripped = tree_list(arena, list->mark);
    for (size_t i = 0; i < list->count; i++) {
        struct tree *item;
        visit(components, catalog, kind, list->items[i], arena, &item);
        tree_append(arena, *stripped, item);
    }
}

/* Copies a resolved component without its paths, and notes it and those within. What is no component is copied as it is. */
static void visit(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                  const struct tree *resolved, struct arena *arena, struct tree **stripped) {
    const struct catalog_component *component = NULL;
    if (resolved->type == TREE_MAP && resolved->count == 1)
        component = catalog_find(catalog, kind, component_name(resolved));
    if (component == NULL) {
        *stripped = tree_copy(arena, resolved);
        return;
    }
    keep(components, component);
    const struct tree *params = component_params(resolved);
    struct tree *copy = tree_map(arena, resolved->mark);
    for (size_t i = 0; params != NULL && i < params->count; i++) {
        const struct catalog_param *param = catalog_param_find(component, params->keys[i]);
        struct tree *value = params->items[i], *inner;
        if (param != NULL && param->type == RUNNER_PATH)
            continue;
        if (param != NULL && param->type == RUNNER_COMPONENTS && value->type == TREE_LIST)
            visit_list(components, catalog, param->kind, value, arena, &inner);
        else if (param != NULL && (param->type == RUNNER_COMPONENT || param->type == RUNNER_RATE))
            visit(components, catalog, param->kind, value, arena, &inner);
        else
            inner = tree_copy(arena, value);
        tree_set(arena, copy, params->keys[i], params->key_marks[i], inner);
    }
    *stripped = tree_map(arena, resolved->mark);
    tree_set(arena, *stripped, resolved->keys[0], resolved->key_marks[0], copy);
}

/* A section of a trial without what is no part of its identity. */
static struct tree *strip(struct components *components, const struct catalog *catalog, const char *key,
                          const struct tree *section, struct arena *arena) {
    static const struct {
        const char *key;
        enum runner_kind kind;
        bool list;
    } parts[] = {{"dataset", RUNNER_DATASET, false}, {"model", RUNNER_LAYER, true},
                 {"loss", RUNNER_LOSS, false},       {"optimizer", RUNNER_OPTIMIZER, false},
                 {"metrics", RUNNER_METRIC, true},   {"callbacks", RUNNER_CALLBACK, true}};
    struct tree *stripped;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        if (strcmp(parts[p].key, key) != 0)
            continue;
        if (parts[p].list && section->type == TREE_LIST)
            visit_list(components, catalog, parts[p].kind, section, arena, &stripped);
        else
            visit(components, catalog, parts[p].kind, section, arena, &stripped);
        return stripped;
    }
    stripped = tree_copy(arena, section);
    if (strcmp(key, "init") == 0)
        tree_remove(stripped, "file"); /* the hash of its content is what counts */
    if (strcmp(key, "train") == 0)
        tree_remove(stripped, "checkpoint"); /* changes no bit */
    return stripped;
}

void components_add(struct components *components, const struct components *others) {
    for (size_t i = 0; i < others->count; i++)
        keep(components, others->items[i]);
}

void components_add_part(struct components *components, const struct catalog *catalog, enum runner_kind kind,
                         const struct tree *resolved) {
    struct arena arena;
    arena_init(&arena);
    struct tree *stripped;
    visit(components, catalog, kind, resolved, &arena, &stripped);
    arena_clear(&arena);
}

void components_clear(struct components *components) {
    free(components->items);
    *components = (struct components){0};
}

void identities_init(struct identities *identities, const struct catalog *catalog) {
    *identities = (struct identities){.catalog = catalog};
    arena_init(&identities->arena);
}

void identities_clear(struct identities *identities) {
    hash_table_clear(&identities->sections);
    arena_clear(&identities->arena);
}

/* The portable back end gives the same bits on every machine; of OpenBLAS version and core count. */
static bool is_portable(const char *key, const struct tree *section) {
    const struct tree *gemm = strcmp(key, "engine") == 0 ? tree_get(section, "gemm") : NULL;
    return gemm != NULL && gemm->type == TREE_TEXT && strcmp(gemm->text, "portable") == 0;
}

/* Stand for the seed; near 2^53, the largest. Both have as many digits, so that texts with either differ within seeds alone. */
#define SEED 9007199254740881
#define SEED_DIGITS "900719925474088"
enum { DIGITS = sizeof SEED_DIGITS };

/* A section of a trial with this seed, as its text has it without the braces around it. */
static void write_section(const struct catalog *catalog, const char *key, const struct tree *section, int64_t seed,
                          struct components *components, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    struct tree *point = tree_map(&arena, section->mark), *one = tree_map(&arena, section->mark);
    tree_set(&arena, point, key, section->mark, (struct tree *)section);
    point = experiment_seeded(point, seed, &arena);
    tree_set(&arena, one, key, section->mark, strip(components, catalog, key, tree_get(point, key), &arena));
    struct text braced;
    text_init(&braced);
    tree_write(one, &braced);
    text_add_bytes(out, braced.data + 1, braced.length - 2);
    text_clear(&braced);
    arena_clear(&arena);
}

static void write_texts(struct identities *identities, struct identity_section *section) {
    struct arena *arena = &identities->arena;
    struct text first, second;
    struct components found = {0}, unused = {0};
    text_init(&first);
    text_init(&second);
    write_section(identities->catalog, section->key, section->tree, SEED, &found, &first);
    if (strstr(first.data, SEED_DIGITS) != NULL)
        write_section(identities->catalog, section->key, section->tree, SEED + 1, &unused, &second);
    section->components = found;
    section->components.items = arena_array(arena, found.count, sizeof *found.items);
    if (found.count > 0)
        memcpy(section->components.items, found.items, found.count * sizeof *found.items);
    section->texts = arena_array(arena, second.length / DIGITS + 1, sizeof *section->texts);
    size_t from = 0;
    for (const char *at = first.data; (at = strstr(at, SEED_DIGITS)) != NULL; at += DIGITS) {
        size_t offset = (size_t)(at - first.data);
        if (memcmp(first.data + offset, second.data + offset, DIGITS) == 0)
            continue;
        section->texts[section->n_texts++] = arena_copy_bytes(arena, first.data + from, offset - from);
        from = offset + DIGITS;
    }
    section->texts[section->n_texts++] = arena_copy_text(arena, first.data + from);
    components_clear(&unused);
    components_clear(&found);
    text_clear(&second);
    text_clear(&first);
}

static bool same_section(const void *item, const void *wanted) {
    const struct identity_section *a = item, *b = wanted;
    return a->tree == b->tree && (a->key == b->key || strcmp(a->key, b->key) == 0);
}

const struct identity_section *identities_section(struct identities *identities, const char *key,
                                                  const struct tree *tree) {
    struct identity_section wanted = {.key = key, .tree = tree};
    uint64_t hash = hash_pointer(tree);
    struct identity_section *section = hash_table_find(&identities->sections, hash, same_section, &wanted);
    if (section == NULL) {
        if (identities->sections.count == MOST_SECTIONS) {
            const struct catalog *catalog = identities->catalog;
            identities_clear(identities);
            identities_init(identities, catalog);
        }
        section = arena_alloc(&identities->arena, sizeof *section);
        *section = (struct identity_section){
            .key = arena_copy_text(&identities->arena, key), .tree = tree, .portable = is_portable(key, tree)};
        write_texts(identities, section);
        hash_table_add(&identities->sections, hash, section);
    }
    return section;
}

void identity_make(struct identities *identities, const struct identity_engine *engine, const struct tree *point,
                   int64_t seed, struct hash128 data, struct text *text, struct hash128 *key, uint64_t *id) {
    struct components components = {0};
    bool portable = false;
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)seed);
    text_reset(text);
    for (size_t i = 0; i < point->count; i++) {
        const struct identity_section *section = identities_section(identities, point->keys[i], point->items[i]);
        text_add(text, i == 0 ? "{" : ", ");
        for (size_t j = 0; j < section->n_texts; j++) {
            text_add(text, j > 0 ? digits : "");
            text_add(text, section->texts[j]);
        }
        components_add(&components, &section->components);
        portable = portable || section->portable;
    }
    text_add(text, ", \"seed\": ");
    text_add(text, digits);
    text_add_char(text, '}');
    struct hash_stream stream;
    hash_stream_init(&stream);
    hash_stream_add_text(&stream, text->data);
    hash_stream_add_u64(&stream, data.high);
    hash_stream_add_u64(&stream, data.low);
    *id = hash_stream_result(&stream).high;
    hash_stream_add_u64(&stream, engine->numerics);
    hash_stream_add_text(&stream, portable ? "" : engine->blas);
    for (size_t i = 0; i < components.count; i++) {
        hash_stream_add_u64(&stream, components.items[i]->kind);
        hash_stream_add_text(&stream, components.items[i]->name);
        hash_stream_add_text(&stream, components.items[i]->version);
        hash_stream_add_text(&stream, components.items[i]->hash);
    }
    *key = hash_stream_result(&stream);
    hash_stream_clear(&stream);
    components_clear(&components);
}

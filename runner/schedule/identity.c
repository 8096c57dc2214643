#include "runner/schedule/identity.h"

#include "runner/host/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct tree *strip(struct components *components, const struct catalog *catalog, const struct tree *trial,
                          struct arena *arena) {
    static const struct {
        const char *key;
        enum runner_kind kind;
        bool list;
    } parts[] = {{"dataset", RUNNER_DATASET, false}, {"model", RUNNER_LAYER, true},
                 {"loss", RUNNER_LOSS, false},       {"optimizer", RUNNER_OPTIMIZER, false},
                 {"metrics", RUNNER_METRIC, true},   {"callbacks", RUNNER_CALLBACK, true}};
    struct tree *result = tree_map(arena, trial->mark);
    for (size_t i = 0; i < trial->count; i++) {
        size_t p = 0;
        while (p < sizeof parts / sizeof parts[0] && strcmp(parts[p].key, trial->keys[i]) != 0)
            p++;
        struct tree *inner;
        if (p == sizeof parts / sizeof parts[0]) {
            inner = tree_copy(arena, trial->items[i]);
            if (strcmp(trial->keys[i], "init") == 0)
                tree_remove(inner, "file"); /* the hash of its content is what counts */
            if (strcmp(trial->keys[i], "train") == 0)
                tree_remove(inner, "checkpoint"); /* changes no bit */
        } else if (parts[p].list && trial->items[i]->type == TREE_LIST)
            visit_list(components, catalog, parts[p].kind, trial->items[i], arena, &inner);
        else
            visit(components, catalog, parts[p].kind, trial->items[i], arena, &inner);
        tree_set(arena, result, trial->keys[i], trial->key_marks[i], inner);
    }
    return result;
}

void components_add(struct components *components, const struct catalog *catalog, const struct tree *trial) {
    struct arena arena;
    arena_init(&arena);
    strip(components, catalog, trial, &arena);
    arena_clear(&arena);
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

/* The portable back end gives the same bits on every machine; of OpenBLAS version and core count. */
static bool uses_blas(const struct tree *trial) {
    const struct tree *gemm = tree_get(tree_get(trial, "engine"), "gemm");
    return gemm == NULL || gemm->text == NULL || strcmp(gemm->text, "portable") != 0;
}

/* `text`: the stripped trial */
static void hash_identity(const struct components *components, const struct identity_engine *engine, bool blas,
                          const char *text, struct hash128 data, char key[HASH_TEXT_SIZE],
                          char id[HASH_SHORT_TEXT_SIZE]) {
    struct hash_stream stream;
    hash_stream_init(&stream);
    hash_stream_add_text(&stream, text);
    hash_stream_add_u64(&stream, data.high);
    hash_stream_add_u64(&stream, data.low);
    hash128_write_short(hash_stream_result(&stream), id);
    hash_stream_add_u64(&stream, engine->numerics);
    hash_stream_add_text(&stream, blas ? engine->blas : "");
    for (size_t i = 0; i < components->count; i++) {
        hash_stream_add_u64(&stream, components->items[i]->kind);
        hash_stream_add_text(&stream, components->items[i]->name);
        hash_stream_add_text(&stream, components->items[i]->version);
        hash_stream_add_text(&stream, components->items[i]->hash);
    }
    hash128_write(hash_stream_result(&stream), key);
    hash_stream_clear(&stream);
}

void identity_make(const struct catalog *catalog, const struct identity_engine *engine, const struct tree *trial,
                   struct hash128 data, char key[HASH_TEXT_SIZE], char id[HASH_SHORT_TEXT_SIZE]) {
    struct arena arena;
    arena_init(&arena);
    struct components components = {0};
    struct text text;
    text_init(&text);
    tree_write(strip(&components, catalog, trial, &arena), &text);
    hash_identity(&components, engine, uses_blas(trial), text.data, data, key, id);
    text_clear(&text);
    components_clear(&components);
    arena_clear(&arena);
}

void identity_point_init(struct identity_point *point, const struct catalog *catalog, const struct tree *first,
                         const struct tree *second) {
    *point = (struct identity_point){.blas = uses_blas(first)};
    struct arena arena;
    arena_init(&arena);
    struct components unused = {0};
    struct text other;
    text_init(&point->pattern);
    text_init(&other);
    text_init(&point->text);
    tree_write(strip(&point->components, catalog, first, &arena), &point->pattern);
    tree_write(strip(&unused, catalog, second, &arena), &other);
    /* Both seeds have IDENTITY_DIGITS digits, so the texts differ within seeds alone. */
    size_t most = point->pattern.length / IDENTITY_DIGITS + 1, n = 0;
    point->places = memory_alloc(most, sizeof *point->places);
    char one[IDENTITY_DIGITS + 1], two[IDENTITY_DIGITS + 1];
    snprintf(one, sizeof one, "%lld", (long long)IDENTITY_SEED);
    snprintf(two, sizeof two, "%lld", (long long)IDENTITY_SEED + 1);
    for (const char *at = point->pattern.data; (at = strstr(at, one)) != NULL; at += IDENTITY_DIGITS) {
        size_t offset = (size_t)(at - point->pattern.data);
        if (offset + IDENTITY_DIGITS <= other.length && memcmp(other.data + offset, two, IDENTITY_DIGITS) == 0)
            point->places[n++] = offset;
    }
    point->n_places = n;
    components_clear(&unused);
    text_clear(&other);
    arena_clear(&arena);
}

void identity_point_clear(struct identity_point *point) {
    components_clear(&point->components);
    text_clear(&point->pattern);
    text_clear(&point->text);
    free(point->places);
}

void identity_point_make(struct identity_point *point, const struct identity_engine *engine, int64_t seed,
                         struct hash128 data, char key[HASH_TEXT_SIZE], char id[HASH_SHORT_TEXT_SIZE]) {
    size_t from = 0;
    text_reset(&point->text);
    for (size_t i = 0; i < point->n_places; i++) {
        text_add_bytes(&point->text, point->pattern.data + from, point->places[i] - from);
        text_printf(&point->text, "%lld", (long long)seed);
        from = point->places[i] + IDENTITY_DIGITS;
    }
    text_add(&point->text, point->pattern.data + from);
    hash_identity(&point->components, engine, point->blas, point->text.data, data, key, id);
}

#include "runner/base/tree_share.h"

#include <stdlib.h>
#include <string.h>

void tree_share_init(struct tree_share *share, struct arena *arena) {
    *share = (struct tree_share){.arena = arena};
}

void tree_share_clear(struct tree_share *share) {
    hash_table_clear(&share->table);
    *share = (struct tree_share){0};
}

static uint64_t mix_text(uint64_t hash, const char *text) {
    return text == NULL ? hash_mix(hash, 1) : hash_mix(hash, hash_text(text, strlen(text)));
}

static uint64_t mix_mark(uint64_t hash, const struct mark *mark) {
    return hash_mix(hash, (uint64_t)mark->line << 32 | mark->column);
}

/* Of the keys of a map, which maps of the same keys share among them: a node of its own in the table, a map without items. */
static bool is_keys(const struct tree *tree) {
    return tree->type == TREE_MAP && tree->items == NULL && tree->count > 0;
}

static uint64_t hash_keys(const struct tree *tree) {
    uint64_t hash = hash_mix(2, tree->count);
    for (size_t i = 0; i < tree->count; i++)
        hash = mix_mark(mix_text(hash, tree->keys[i]), &tree->key_marks[i]);
    return hash;
}

static uint64_t hash_node(const struct tree *tree) {
    uint64_t hash = mix_mark(hash_mix((uint64_t)tree->type * 2 + tree->quoted, tree->count), &tree->mark), value;
    if (tree_is_scalar(tree)) {
        memcpy(&value, &tree->value, sizeof value);
        return mix_text(hash_mix(hash, value), tree->text);
    }
    for (size_t i = 0; i < tree->count; i++)
        hash = hash_mix(hash, (uintptr_t)tree->items[i]);
    return tree->type == TREE_MAP && tree->count > 0 ? hash_mix(hash, (uintptr_t)tree->keys) : hash;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_mark(const struct mark *a, const struct mark *b) {
    return a->line == b->line && a->column == b->column && same_text(a->file, b->file);
}

static bool same_keys(const void *item, const void *wanted) {
    const struct tree *a = item, *b = wanted;
    bool same = is_keys(a) && a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->keys[i], b->keys[i]) == 0 && same_mark(&a->key_marks[i], &b->key_marks[i]);
    return same;
}

static bool same_node(const void *item, const void *wanted) {
    const struct tree *a = item, *b = wanted;
    if (is_keys(a) || a->type != b->type || a->quoted != b->quoted || a->count != b->count ||
        !same_mark(&a->mark, &b->mark))
        return false;
    if (tree_is_scalar(a))
        return strcmp(a->text, b->text) == 0 && memcmp(&a->value, &b->value, sizeof a->value) == 0;
    return a->count == 0 || ((a->type == TREE_LIST || a->keys == b->keys) &&
                             memcmp(a->items, b->items, a->count * sizeof(struct tree *)) == 0);
}

static const struct tree *add_keys(struct tree_share *share, const struct tree *tree) {
    uint64_t hash = hash_keys(tree);
    struct tree *keys = hash_table_find(&share->table, hash, same_keys, tree);
    if (keys == NULL) {
        keys = tree_map(share->arena, (struct mark){0});
        keys->count = tree->count;
        keys->keys = arena_array(share->arena, tree->count, sizeof *keys->keys);
        keys->key_marks = arena_array(share->arena, tree->count, sizeof *keys->key_marks);
        for (size_t i = 0; i < tree->count; i++)
            keys->keys[i] = arena_copy_text(share->arena, tree->keys[i]);
        memcpy(keys->key_marks, tree->key_marks, tree->count * sizeof *keys->key_marks);
        hash_table_add(&share->table, hash, keys);
    }
    return keys;
}

/* Of a scalar, or a list or map all items of which are shared already. */
static const struct tree *add_node(struct tree_share *share, const struct tree *tree) {
    struct tree node = *tree;
    node.room = 0;
    if (tree->type == TREE_MAP && tree->count > 0) {
        const struct tree *keys = add_keys(share, tree);
        node.keys = keys->keys;
        node.key_marks = keys->key_marks;
    }
    uint64_t hash = hash_node(&node);
    struct tree *kept = hash_table_find(&share->table, hash, same_node, &node);
    if (kept == NULL) {
        kept = arena_alloc(share->arena, sizeof *kept);
        *kept = node;
        if (tree_is_scalar(&node)) {
            kept->text = arena_copy_text(share->arena, node.text);
        } else if (node.count > 0) {
            kept->items = arena_array(share->arena, node.count, sizeof(struct tree *));
            memcpy(kept->items, node.items, node.count * sizeof(struct tree *));
        }
        hash_table_add(&share->table, hash, kept);
    }
    return kept;
}

const struct tree *tree_share_add(struct tree_share *share, const struct tree *tree) {
    if (tree->count == 0)
        return add_node(share, tree);
    struct tree node = *tree;
    struct tree **items = memory_alloc(tree->count, sizeof(struct tree *));
    for (size_t i = 0; i < tree->count; i++)
        items[i] = (struct tree *)tree_share_add(share, tree->items[i]);
    node.items = items;
    const struct tree *shared = add_node(share, &node);
    free(items);
    return shared;
}

#include "runner/base/tree_share.h"

#include "runner/base/hash.h"

#include <stdlib.h>
#include <string.h>

struct tree_slot {
    uint64_t hash;
    const struct tree *tree; /* NULL: free */
};

void tree_share_init(struct tree_share *share, struct arena *arena) {
    *share = (struct tree_share){.arena = arena, .capacity = 1024};
    share->slots = memory_alloc(share->capacity, sizeof *share->slots);
}

void tree_share_clear(struct tree_share *share) {
    free(share->slots);
    *share = (struct tree_share){0};
}

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, const char *text) {
    return text == NULL ? mix(hash, 1) : mix(hash, hash128_of(text, strlen(text)).low);
}

static uint64_t mix_mark(uint64_t hash, const struct mark *mark) {
    return mix(hash, (uint64_t)mark->line << 32 | mark->column);
}

/* Of the keys of a map, which maps of the same keys share among them: a node of its own in the table, a map without items. */
static bool is_keys(const struct tree *tree) {
    return tree->type == TREE_MAP && tree->items == NULL && tree->count > 0;
}

static uint64_t hash_keys(const struct tree *tree) {
    uint64_t hash = mix(2, tree->count);
    for (size_t i = 0; i < tree->count; i++)
        hash = mix_mark(mix_text(hash, tree->keys[i]), &tree->key_marks[i]);
    return hash;
}

static uint64_t hash_node(const struct tree *tree) {
    uint64_t hash = mix_mark(mix((uint64_t)tree->type * 2 + tree->quoted, tree->count), &tree->mark), value;
    if (tree_is_scalar(tree)) {
        memcpy(&value, &tree->value, sizeof value);
        return mix_text(mix(hash, value), tree->text);
    }
    for (size_t i = 0; i < tree->count; i++)
        hash = mix(hash, (uintptr_t)tree->items[i]);
    return tree->type == TREE_MAP ? mix(hash, (uintptr_t)tree->keys) : hash;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_mark(const struct mark *a, const struct mark *b) {
    return a->line == b->line && a->column == b->column && same_text(a->file, b->file);
}

static bool same_keys(const struct tree *a, const struct tree *b) {
    bool same = is_keys(a) && a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->keys[i], b->keys[i]) == 0 && same_mark(&a->key_marks[i], &b->key_marks[i]);
    return same;
}

static bool same_node(const struct tree *a, const struct tree *b) {
    return !is_keys(a) && a->type == b->type && a->quoted == b->quoted && a->count == b->count &&
           same_mark(&a->mark, &b->mark) && same_text(a->text, b->text) &&
           memcmp(&a->value, &b->value, sizeof a->value) == 0 && a->keys == b->keys &&
           (a->count == 0 || memcmp(a->items, b->items, a->count * sizeof(struct tree *)) == 0);
}

static void grow(struct tree_share *share) {
    size_t capacity = 2 * share->capacity;
    struct tree_slot *slots = memory_alloc(capacity, sizeof *slots);
    for (size_t i = 0; i < share->capacity; i++) {
        if (share->slots[i].tree == NULL)
            continue;
        size_t at = share->slots[i].hash & (capacity - 1);
        while (slots[at].tree != NULL)
            at = (at + 1) & (capacity - 1);
        slots[at] = share->slots[i];
    }
    free(share->slots);
    share->slots = slots;
    share->capacity = capacity;
}

/* The slot of what equals the tree, or a free one for it. */
static struct tree_slot *find(struct tree_share *share, const struct tree *tree, uint64_t hash,
                              bool (*same)(const struct tree *, const struct tree *)) {
    if (4 * share->count >= 3 * share->capacity)
        grow(share);
    size_t at = hash & (share->capacity - 1);
    while (share->slots[at].tree != NULL && (share->slots[at].hash != hash || !same(share->slots[at].tree, tree)))
        at = (at + 1) & (share->capacity - 1);
    return &share->slots[at];
}

static void fill(struct tree_share *share, struct tree_slot *slot, uint64_t hash, const struct tree *tree) {
    *slot = (struct tree_slot){hash, tree};
    share->count++;
}

static const struct tree *add_keys(struct tree_share *share, const struct tree *tree) {
    uint64_t hash = hash_keys(tree);
    struct tree_slot *slot = find(share, tree, hash, same_keys);
    if (slot->tree == NULL) {
        struct tree *keys = tree_map(share->arena, (struct mark){0});
        keys->count = tree->count;
        keys->keys = arena_array(share->arena, tree->count, sizeof *keys->keys);
        keys->key_marks = arena_array(share->arena, tree->count, sizeof *keys->key_marks);
        for (size_t i = 0; i < tree->count; i++)
            keys->keys[i] = arena_copy_text(share->arena, tree->keys[i]);
        memcpy(keys->key_marks, tree->key_marks, tree->count * sizeof *keys->key_marks);
        fill(share, slot, hash, keys);
    }
    return slot->tree;
}

const struct tree *tree_share_top(struct tree_share *share, const struct tree *tree) {
    struct tree node = *tree;
    node.capacity = node.count;
    node.keys = NULL;
    node.key_marks = NULL;
    if (tree->count == 0)
        node.items = NULL;
    if (tree->type == TREE_MAP && tree->count > 0) {
        const struct tree *keys = add_keys(share, tree);
        node.keys = keys->keys;
        node.key_marks = keys->key_marks;
    }
    uint64_t hash = hash_node(&node);
    struct tree_slot *slot = find(share, &node, hash, same_node);
    if (slot->tree == NULL) {
        struct tree *kept = arena_alloc(share->arena, sizeof *kept);
        *kept = node;
        kept->text = node.text != NULL ? arena_copy_text(share->arena, node.text) : NULL;
        if (node.count > 0) {
            kept->items = arena_array(share->arena, node.count, sizeof(struct tree *));
            memcpy(kept->items, node.items, node.count * sizeof(struct tree *));
        }
        fill(share, slot, hash, kept);
    }
    return slot->tree;
}

const struct tree *tree_share_add(struct tree_share *share, const struct tree *tree) {
    struct tree node = *tree;
    struct tree **items = tree->count > 0 ? memory_alloc(tree->count, sizeof(struct tree *)) : NULL;
    for (size_t i = 0; i < tree->count; i++)
        items[i] = (struct tree *)tree_share_add(share, tree->items[i]);
    node.items = items;
    const struct tree *shared = tree_share_top(share, &node);
    free(items);
    return shared;
}

#include "runner/base/hash_table.h"

#include "runner/base/arena.h"

#include <stdlib.h>

enum { SMALLEST = 64 };

struct hash_slot {
    uint64_t hash;
    const void *item; /* NULL: free */
};

static struct hash_slot *find(const struct hash_table *table, uint64_t hash, hash_table_same *same,
                              const void *wanted) {
    if (table->capacity == 0)
        return NULL;
    for (size_t at = hash & (table->capacity - 1); table->slots[at].item != NULL; at = (at + 1) & (table->capacity - 1))
        if (table->slots[at].hash == hash && same(table->slots[at].item, wanted))
            return &table->slots[at];
    return NULL;
}

void *hash_table_find(const struct hash_table *table, uint64_t hash, hash_table_same *same, const void *wanted) {
    const struct hash_slot *slot = find(table, hash, same, wanted);
    return slot != NULL ? (void *)slot->item : NULL;
}

static void put(struct hash_slot *slots, size_t capacity, struct hash_slot slot) {
    size_t at = slot.hash & (capacity - 1);
    while (slots[at].item != NULL)
        at = (at + 1) & (capacity - 1);
    slots[at] = slot;
}

void hash_table_add(struct hash_table *table, uint64_t hash, const void *item) {
    if (4 * (table->count + 1) > 3 * table->capacity) {
        size_t capacity = table->capacity == 0 ? SMALLEST : 2 * table->capacity;
        struct hash_slot *slots = memory_alloc(capacity, sizeof *slots);
        for (size_t i = 0; i < table->capacity; i++)
            if (table->slots[i].item != NULL)
                put(slots, capacity, table->slots[i]);
        free(table->slots);
        table->slots = slots;
        table->capacity = capacity;
    }
    put(table->slots, table->capacity, (struct hash_slot){hash, item});
    table->count++;
}

void hash_table_set(struct hash_table *table, uint64_t hash, hash_table_same *same, const void *wanted,
                    const void *item) {
    struct hash_slot *slot = find(table, hash, same, wanted);
    if (slot != NULL)
        slot->item = item;
    else
        hash_table_add(table, hash, item);
}

void hash_table_clear(struct hash_table *table) {
    free(table->slots);
    *table = (struct hash_table){0};
}

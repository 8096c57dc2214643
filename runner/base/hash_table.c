#include "runner/base/hash_table.h"

#include "runner/base/arena.h"
#include "runner/base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

struct hash_slot {
    uint64_t hash;
    const void *item; /* NULL: free */
};

uint64_t hash_text(const char *text, size_t length) {
    return hash128_of(text, length).low;
}

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

struct name {
    const char *text;
    size_t length;
};

static const char *name_of(const void *item) {
    return *(const char *const *)item;
}

static bool same_name(const void *item, const void *wanted) {
    const struct name *name = wanted;
    return strncmp(name_of(item), name->text, name->length) == 0 && name_of(item)[name->length] == '\0';
}

void *hash_table_find_name(const struct hash_table *table, const char *name, size_t length) {
    return hash_table_find(table, hash_text(name, length), same_name, &(struct name){name, length});
}

void hash_table_add_name(struct hash_table *table, const void *item) {
    hash_table_add(table, hash_text(name_of(item), strlen(name_of(item))), item);
}

void hash_table_clear(struct hash_table *table) {
    free(table->slots);
    *table = (struct hash_table){0};
}

/*
 * A table of things that are found by their hash: open addressing, things are added and never taken out. It holds pointers; what they
 * point at is the caller's, who alone knows what is equal. The order of things in it depends on nothing but their hashes, and nobody sees
 * it. Single-threaded.
 */
#ifndef RUNNER_BASE_HASH_TABLE_H
#define RUNNER_BASE_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. */
struct hash_table {
    struct hash_slot *slots;
    size_t count, capacity;
};

typedef bool hash_table_same(const void *item, const void *wanted);

/* Of things one after another: `hash` of those before, 0 at first. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
}
/* Of a thing that is the same as itself alone. */
static inline uint64_t hash_pointer(const void *pointer) {
    return hash_mix(0, (uint64_t)(uintptr_t)pointer);
}
uint64_t hash_text(const char *text, size_t length);

/* The thing of this hash that is the same as the one wanted; NULL where there is none. */
void *hash_table_find(const struct hash_table *table, uint64_t hash, hash_table_same *same, const void *wanted);
/* The caller knows that nothing in the table is the same. `item` is not NULL. */
void hash_table_add(struct hash_table *table, uint64_t hash, const void *item);
/* Puts the item in the place of the one that is the same as the one wanted, or adds it. */
void hash_table_set(struct hash_table *table, uint64_t hash, hash_table_same *same, const void *wanted,
                    const void *item);
/* The same for things that begin with a pointer to their name, and are found by it. */
void *hash_table_find_name(const struct hash_table *table, const char *name, size_t length);
void hash_table_add_name(struct hash_table *table, const void *item);
void hash_table_clear(struct hash_table *table);

#endif

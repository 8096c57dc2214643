/*
 * Memory that tells when foreign code leaves it: each region ends at a page that may not be touched, and what lies between its
 * last byte and that page, or before its first byte, is filled with a pattern that is looked at afterwards.
 *
 * Regions are 64-byte aligned, as the plugin contract promises, so at most 63 bytes stand behind one. Not thread-safe.
 */
#ifndef RUNNER_CONFORMANCE_GUARD_H
#define RUNNER_CONFORMANCE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_WORDS 256

struct guard_region {
    const char *name;
    unsigned char *map, *bytes; /* the mapping, and the region within it */
    size_t map_size, size;
};

struct guard {
    struct guard_region *regions;
    size_t count, capacity;
    unsigned char pattern; /* of what was not written: fresh regions, and what stands beside them */
};

void guard_init(struct guard *guard, unsigned char pattern);
void guard_clear(struct guard *guard);

/* Filled with the pattern. `name` is used in messages and must live as long. */
void *guard_alloc(struct guard *guard, const char *name, size_t size);
void guard_free(struct guard *guard, void *memory);
/* Whether the region may be written from now on. NULL is allowed. */
void guard_allow_writes(struct guard *guard, const void *memory, bool allowed);
/* The same for all regions of a name. */
void guard_allow_writes_to(struct guard *guard, const char *name, bool allowed);

/* True where nothing beside the regions was written; else `words` says where: "8 bytes behind the output". */
bool guard_intact(const struct guard *guard, char words[GUARD_WORDS]);
/* Where an address that gave a fault lies: "4 bytes behind the output", "the config, which is read-only". False where it is near none
   of the regions. Allocates nothing: for signal handlers. */
bool guard_place(const struct guard *guard, const void *address, char words[GUARD_WORDS]);

#endif

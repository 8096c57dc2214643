#include "runner/conformance/guard.h"

#include "runner/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* So far before and behind a region nothing may be touched. */
enum { PAGE = 4096, MOAT = 16 * PAGE, ALIGNMENT = 64 };

void guard_init(struct guard *guard, unsigned char pattern) {
    *guard = (struct guard){.pattern = pattern};
}

static void region_clear(struct guard_region *region) {
    if (region->map != NULL)
        munmap(region->map, region->map_size);
    *region = (struct guard_region){.name = NULL};
}

void guard_clear(struct guard *guard) {
    for (size_t i = 0; i < guard->count; i++)
        region_clear(&guard->regions[i]);
    free(guard->regions);
    guard_init(guard, guard->pattern);
}

/* Bytes of the mapping that may be touched. */
static size_t inner_size(const struct guard_region *region) {
    return region->map_size - 2 * MOAT;
}

static unsigned char *inner(const struct guard_region *region) {
    return region->map + MOAT;
}

static struct guard_region *free_region(struct guard *guard) {
    for (size_t i = 0; i < guard->count; i++)
        if (guard->regions[i].map == NULL)
            return &guard->regions[i];
    if (guard->count == guard->capacity) {
        guard->capacity = guard->capacity == 0 ? 32 : 2 * guard->capacity;
        guard->regions = memory_resize(guard->regions, guard->capacity, sizeof *guard->regions);
    }
    return &guard->regions[guard->count++];
}

void *guard_alloc(struct guard *guard, const char *name, size_t size) {
    struct guard_region *region = free_region(guard);
    size_t taken = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t pages = (taken + PAGE - 1) / PAGE * PAGE;
    *region = (struct guard_region){.name = name, .map_size = pages + 2 * MOAT, .size = size};
    region->map = mmap(NULL, region->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region->map == MAP_FAILED || (pages > 0 && mprotect(inner(region), pages, PROT_READ | PROT_WRITE) < 0))
        memory_exhausted();
    region->bytes = inner(region) + pages - taken;
    memset(inner(region), guard->pattern, pages);
    return region->bytes;
}

static struct guard_region *find(const struct guard *guard, const void *memory) {
    for (size_t i = 0; i < guard->count; i++)
        if (guard->regions[i].map != NULL && guard->regions[i].bytes == memory)
            return &guard->regions[i];
    return NULL;
}

void guard_free(struct guard *guard, void *memory) {
    struct guard_region *region = find(guard, memory);
    if (region != NULL)
        region_clear(region);
}

void guard_allow_writes(struct guard *guard, const void *memory, bool allowed) {
    struct guard_region *region = memory == NULL ? NULL : find(guard, memory);
    if (region != NULL && inner_size(region) > 0)
        mprotect(inner(region), inner_size(region), allowed ? PROT_READ | PROT_WRITE : PROT_READ);
}

void guard_allow_writes_to(struct guard *guard, const char *name, bool allowed) {
    for (size_t i = 0; i < guard->count; i++)
        if (guard->regions[i].map != NULL && strcmp(guard->regions[i].name, name) == 0)
            guard_allow_writes(guard, guard->regions[i].bytes, allowed);
}

bool guard_intact(const struct guard *guard, char words[GUARD_WORDS]) {
    for (size_t i = 0; i < guard->count; i++) {
        const struct guard_region *region = &guard->regions[i];
        if (region->map == NULL)
            continue;
        const unsigned char *end = inner(region) + inner_size(region);
        for (const unsigned char *at = region->bytes; at > inner(region); at--)
            if (at[-1] != guard->pattern) {
                snprintf(words, GUARD_WORDS, "%td bytes before the %s", region->bytes - at + 1, region->name);
                return false;
            }
        for (const unsigned char *at = region->bytes + region->size; at < end; at++)
            if (*at != guard->pattern) {
                snprintf(words, GUARD_WORDS, "%td bytes behind the %s", at - region->bytes - (ptrdiff_t)region->size,
                         region->name);
                return false;
            }
    }
    return true;
}

bool guard_place(const struct guard *guard, const void *address, char words[GUARD_WORDS]) {
    const unsigned char *at = address;
    for (size_t i = 0; i < guard->count; i++) {
        const struct guard_region *region = &guard->regions[i];
        if (region->map == NULL || at < region->map || at >= region->map + region->map_size)
            continue;
        if (at < region->bytes)
            snprintf(words, GUARD_WORDS, "%td bytes before the %s", region->bytes - at, region->name);
        else if (at >= region->bytes + region->size)
            snprintf(words, GUARD_WORDS, "%td bytes behind the %s", at - region->bytes - (ptrdiff_t)region->size,
                     region->name);
        else
            snprintf(words, GUARD_WORDS, "the %s, which it may only read", region->name);
        return true;
    }
    return false;
}

#include "runner/conformance/statics.h"

#include "runner/base/arena.h"
#include "runner/base/build.h"

#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct search {
    struct statics *statics;
    uintptr_t address;
};

static void add(struct statics *statics, uintptr_t from, uintptr_t to) {
    if (from >= to || statics->count == STATICS_RANGES)
        return;
    unsigned char *copy = memory_alloc(to - from, 1);
    memcpy(copy, (const void *)from, to - from);
    statics->ranges[statics->count].bytes = (const unsigned char *)from;
    statics->ranges[statics->count].copy = copy;
    statics->ranges[statics->count++].size = to - from;
}

/* Writable segments, less what the loader has made read-only since (relocated constants). */
static int visit(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct search *search = context;
    bool within = false;
    uintptr_t relro_from = 0, relro_to = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + header->p_vaddr, to = from + header->p_memsz;
        within = within || (header->p_type == PT_LOAD && search->address >= from && search->address < to);
        if (header->p_type == PT_GNU_RELRO) {
            relro_from = from;
            relro_to = to;
        }
    }
    for (int i = 0; within && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || (header->p_flags & PF_W) == 0)
            continue;
        uintptr_t from = info->dlpi_addr + header->p_vaddr, to = from + header->p_memsz;
        if (relro_from >= from && relro_from < to) {
            add(search->statics, from, relro_from);
            from = relro_to < to ? relro_to : to;
        }
        add(search->statics, from, to);
    }
    return within;
}

void statics_copy(struct statics *statics, const void *address) {
    *statics = (struct statics){.count = 0};
    struct search search = {statics, (uintptr_t)address};
    if (RUNNER_SANITIZER[0] == '\0')
        dl_iterate_phdr(visit, &search);
}

size_t statics_changed(const struct statics *statics) {
    size_t changed = 0;
    for (size_t i = 0; i < statics->count; i++)
        for (size_t b = 0; b < statics->ranges[i].size; b++)
            changed += statics->ranges[i].bytes[b] != statics->ranges[i].copy[b];
    return changed;
}

void statics_free(struct statics *statics) {
    for (size_t i = 0; i < statics->count; i++)
        free(statics->ranges[i].copy);
    statics->count = 0;
}

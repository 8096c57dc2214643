/* Maps memory without end, and uses what it gets. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define FAULT "map_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    for (;;) {
        volatile char *memory = mmap(NULL, (size_t)1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory[0] = 1;
    }
}

#include "fault.h"

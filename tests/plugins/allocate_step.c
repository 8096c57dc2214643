/* Allocates without end, and uses what it gets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAULT "allocate_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    for (;;) {
        char *memory = malloc((size_t)1 << 20);
        memset(memory, 1, (size_t)1 << 20);
    }
}

#include "fault.h"

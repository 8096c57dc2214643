#include "runner/results/memory.h"

#include "runner/base/arena.h"

#include <jansson.h>
#include <stdlib.h>

static void *allocate(size_t size) {
    return memory_resize(NULL, size, 1);
}

void results_memory(void) {
    json_set_alloc_funcs(allocate, free);
}

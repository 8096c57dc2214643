/* Frees what it never had. */
#include <stdint.h>
#include <stdlib.h>

#define FAULT "free_step"

__attribute__((no_sanitize("address", "undefined"), noinline)) static void fault(uint64_t n, float *w) {
    (void)n;
    char *volatile wild = (char *)w + 8;
    free(wild);
}

#include "fault.h"

/* Says that memory is short, and crashes for another reason. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FAULT "lie_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    fputs("runner-worker: error: out of memory: an allocation failed\n", stderr);
    fputs("error: out of memory; free some\n", stderr);
    abort();
}

#include "fault.h"

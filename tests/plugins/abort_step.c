/* Ends its process by abort(), as a failed assertion does. */
#include <stdint.h>
#include <stdlib.h>

#define FAULT "abort_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    abort();
}

#include "fault.h"

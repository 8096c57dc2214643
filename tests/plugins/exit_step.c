/* Ends its process as if all were well. */
#include <stdint.h>
#include <stdlib.h>

#define FAULT "exit_step"
#define FAULT_AT "1"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    exit(0);
}

#include "fault.h"

/* Never returns: only a time limit ends its trial. */
#include <stdint.h>

#define FAULT "hang_step"
#define FAULT_AT "1"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    volatile int forever = 1;
    while (forever) {
    }
}

#include "fault.h"

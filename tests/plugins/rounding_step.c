/* Changes how floating-point numbers are rounded in its process, and leaves it so. */
#include <fenv.h>
#include <stdint.h>

#define FAULT "rounding_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    fesetround(FE_UPWARD);
}

#include "fault.h"

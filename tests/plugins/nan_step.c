/* Writes NaN into the weights. */
#include <math.h>
#include <stdint.h>

#define FAULT "nan_step"

static void fault(uint64_t n, float *w) {
    for (uint64_t i = 0; i < n; i++)
        w[i] = NAN;
}

#include "fault.h"

/* Calls itself until the stack is full. */
#include <stdint.h>
#include <string.h>

#define FAULT "overflow_step"

__attribute__((no_sanitize("address", "undefined"), noinline)) static void fault(uint64_t n, float *w) {
    volatile char much[4096];
    memset((char *)much, (int)n, sizeof much);
    w[0] += much[n % sizeof much];
    if (n < UINT64_MAX)
        fault(n + 1, w);
    w[0] += much[0];
}

#include "fault.h"

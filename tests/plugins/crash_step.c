/* Dereferences NULL: its trial fails with SIGSEGV, all others go on. */
#include <stddef.h>
#include <stdint.h>

#define FAULT "crash_step"
#define FAULT_AT "1"

/* The fault itself is wanted, not a sanitizer's report of it. */
__attribute__((no_sanitize("address", "undefined"))) static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    volatile float *volatile nothing = NULL;
    *nothing = 1.0f;
}

#include "fault.h"

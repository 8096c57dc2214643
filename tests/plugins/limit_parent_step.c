/* Leaves its parent no processor time. */
#define _GNU_SOURCE /* prlimit() */
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#define FAULT "limit_parent_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    struct rlimit none = {0, 0};
    prlimit(getppid(), RLIMIT_CPU, &none, NULL);
}

#include "fault.h"

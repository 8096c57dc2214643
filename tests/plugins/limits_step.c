/* Lowers the limits of its process so far that nothing can be opened or written. */
#include <stdint.h>
#include <sys/resource.h>

#define FAULT "limits_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
}

#include "fault.h"

/* Starts another process, which would go on for ever. */
#include <stdint.h>
#include <unistd.h>

#define FAULT "fork_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    if (fork() == 0)
        for (;;)
            pause();
}

#include "fault.h"

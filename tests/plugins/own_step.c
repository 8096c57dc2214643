/* Has its parent told of what comes through a pipe, by a signal that ends it. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#define FAULT "own_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    int ends[2];
    if (pipe(ends) < 0)
        return;
    fcntl(ends[0], F_SETOWN, getppid());
    fcntl(ends[0], F_SETFL, O_ASYNC);
    while (write(ends[1], "x", 1) < 0)
        continue;
}

#include "fault.h"

/* Closes all file descriptors, also that to the supervisor. */
#include <stdint.h>
#include <unistd.h>

#define FAULT "close_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
}

#include "fault.h"

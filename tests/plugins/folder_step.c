/* Leaves the current folder and closes the standard output. */
#include <stdint.h>
#include <unistd.h>

#define FAULT "folder_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    if (chdir("/") == 0)
        close(1);
}

#include "fault.h"

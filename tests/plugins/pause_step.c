/* Waits, once, until whoever opens the pipe $PAUSE for writing closes it again. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define FAULT "pause_step"
#define FAULT_AT "12"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    static int done;
    const char *path = getenv("PAUSE");
    if (path == NULL || done++ > 0)
        return;
    char byte;
    int pipe = open(path, O_RDONLY | O_CLOEXEC);
    while (pipe >= 0 && read(pipe, &byte, 1) > 0)
        continue;
    if (pipe >= 0)
        close(pipe);
}

#include "fault.h"

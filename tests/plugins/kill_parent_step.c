/* Ends the process that started it. */
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define FAULT "kill_parent_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    kill(getppid(), SIGKILL);
}

#include "fault.h"

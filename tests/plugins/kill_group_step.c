/* Kills its parent's group of processes. */
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#define FAULT "kill_group_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    kill(-getpgid(getppid()), SIGKILL);
}

#include "fault.h"

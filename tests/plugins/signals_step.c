/* Ignores all signals and blocks them. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT "signals_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    sigset_t all;
    for (int i = 1; i < 32; i++)
        signal(i, SIG_IGN);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

#include "fault.h"

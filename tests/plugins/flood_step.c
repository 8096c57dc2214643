/* Prints without measure, and then aborts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FAULT "flood_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    for (int i = 0; i < 100000; i++)
        fprintf(stderr, "line %d of very many that nobody wants to read\n", i);
    /* Where the log is full the supervisor makes room for more, in its own time. */
    for (int i = 0; i < 100000 && fputs("these are my last words\n", stderr) < 0; i++) {
        clearerr(stderr);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    abort();
}

#include "fault.h"

/* Prints without measure, and then aborts. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FAULT "flood_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    for (int i = 0; i < 2000000; i++)
        fprintf(stderr, "line %d of very many that nobody wants to read\n", i);
    fputs("these are my last words\n", stderr);
    abort();
}

#include "fault.h"

/* Writes over the memory that workers share, the data, wherever the system lets it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define FAULT "spoil_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        void *from, *to;
        if (strstr(line, "memfd:") == NULL || sscanf(line, "%p-%p", &from, &to) != 2)
            continue;
        size_t length = (size_t)((char *)to - (char *)from);
        if (mprotect(from, length, PROT_READ | PROT_WRITE) == 0)
            memset(from, 0, length);
        else
            perror("the shared memory stays as it is");
    }
    if (maps != NULL)
        fclose(maps);
}

#include "fault.h"

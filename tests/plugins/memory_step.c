/* Writes over the memory of its parent, wherever the system lets it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FAULT "memory_step"

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)getppid());
    int memory = open(path, O_WRONLY | O_CLOEXEC);
    if (memory < 0)
        perror("the memory of the supervisor stays as it is");
    snprintf(path, sizeof path, "/proc/%ld/maps", (long)getppid());
    FILE *maps = memory < 0 ? NULL : fopen(path, "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, to;
        static const char junk[4096];
        if (strstr(line, " rw") == NULL || sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
            continue;
        for (; from < to; from += sizeof junk)
            if (pwrite(memory, junk, sizeof junk, (off_t)from) < 0)
                break;
    }
    if (maps != NULL)
        fclose(maps);
    if (memory >= 0)
        close(memory);
}

#include "fault.h"

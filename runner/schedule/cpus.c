#include "runner/schedule/cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t cpus_of_affinity(void) {
    size_t count = 0;
    for (int most = 1024; count == 0 && most <= 1 << 16; most *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)most);
        size_t size = CPU_ALLOC_SIZE((size_t)most);
        if (set != NULL && sched_getaffinity(0, size, set) == 0)
            count = (size_t)CPU_COUNT_S(size, set);
        CPU_FREE(set);
    }
    if (count == 0) {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (size_t)online : 1;
    }
    return count;
}

size_t cpus_of_quota(const char *cpu_max) {
    char *end;
    unsigned long long quota = strtoull(cpu_max, &end, 10);
    if (end == cpu_max || *end != ' ')
        return 0;
    unsigned long long period = strtoull(end, NULL, 10);
    return period > 0 && quota > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

static size_t quota_at(const char *group) {
    char path[PATH_MAX], line[128] = "";
    int n = snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    return cpus_of_quota(line);
}

size_t cpus_usable(void) {
    size_t count = cpus_of_affinity();
    char line[PATH_MAX + 8], group[PATH_MAX] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "0::", 3) == 0)
            snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (file != NULL)
        fclose(file);
    /* Every group up to the root may have a quota of its own. */
    for (;;) {
        size_t quota = quota_at(group);
        if (quota > 0 && quota < count)
            count = quota;
        char *slash = strrchr(group, '/');
        if (slash == NULL)
            return count;
        *slash = '\0';
    }
}

/* How many processors this process may use: its affinity, and the quota of its control group (version 2). At least 1. */
#ifndef RUNNER_SCHEDULE_CPUS_H
#define RUNNER_SCHEDULE_CPUS_H

#include <stddef.h>

size_t cpus_usable(void);
/* Processors that a control group's "cpu.max" ("150000 100000") allows, rounded up; 0 for no limit or no such text. */
size_t cpus_of_quota(const char *cpu_max);

#endif

/*
 * What keeps foreign code in a worker to its own trial: bounds that the kernel holds. Worker only, [main] thread.
 */
#ifndef RUNNER_SCHEDULE_WORKER_GUARD_H
#define RUNNER_SCHEDULE_WORKER_GUARD_H

#include <stdint.h>

/* From now on a system call that starts another process, sends a signal to one (also by way of a descriptor's owner), sets its limits or
   reaches into it ends this process with SIGSYS, and anonymous shared memory, which no limit counts, is refused; new threads and signals to
   itself stay possible. Where the kernel has no filters (seccomp) nothing happens. Plugins are open by then: what libraries
   do while they are loaded is allowed. */
void worker_guard(void);

/* A trial may take so many bytes beyond what the process has: an allocation that wants more fails. 0: no limit. OpenBLAS keeps a
   buffer for each thread that calls it, and without memory for one it waits for ever, so all threads of the team get theirs first. */
void worker_limit_memory(uint64_t bytes, int threads);

/* Where memory is short the kernel ends workers before the supervisor, or anything else. */
void worker_volunteer(void);

#endif

/*
 * What keeps foreign code in a worker to its own trial: bounds that the kernel holds. Worker only, [main] thread.
 */
#ifndef RUNNER_SCHEDULE_WORKER_GUARD_H
#define RUNNER_SCHEDULE_WORKER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Before plugins are opened. From now on the memory of other processes is closed, by whatever way. Where $RUNNER_PLUGIN_WRITE_PATH is set,
   files are read, but written, cut, made, removed and renamed nowhere but in its folders, in `folder` (NULL: none) and in /dev/null;
   descriptors that are open stay as they are. */
void worker_guard_files(const char *folder);
/* The same, and from now on a system call that sends a signal to another process (also by way of a descriptor's owner) or sets its limits ends
   this one with SIGSYS; how another process is scheduled, and where that variable is set what others may do with a file, stays as it is.
   Signals to itself stay possible. */
void worker_guard_others(const char *folder);
/* When they are open, since libraries may do so while they are loaded: from now on a system call that starts another process or reaches into
   one ends this one with SIGSYS, and anonymous shared memory, which no limit counts, is refused; new threads stay possible. */
void worker_guard_processes(void);
/* They hold as far as the kernel goes: signals and processes need filters (seccomp), files need Landlock (cutting them by their name: its ABI 3,
   Linux 6.2), memory needs Landlock or, for root, capabilities. */

/* A trial may take so many bytes beyond what the process has: an allocation that wants more fails. 0: no limit. OpenBLAS keeps a
   buffer for each thread that calls it, and without memory for one it waits for ever, so all threads of the team get theirs first. With
   `for_good` the limit cannot be raised again, by a plugin least of all. */
void worker_limit_memory(uint64_t bytes, int threads, bool for_good);

/* Bytes of this process that /proc/self/status has under the key: "VmHWM:", "VmData:"; 0 where it has none. */
uint64_t worker_memory(const char *key);

/* Where memory is short the kernel ends workers before the supervisor, or anything else. */
void worker_volunteer(void);

#endif

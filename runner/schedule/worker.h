/*
 * The worker's side: answers the requests of message.h until the supervisor closes the socket. Linked into runner-worker only.
 *
 * Arguments: the folder of the installation's plugins, one for temporary files (""), then the files of other plugins that it opens, in search
 * order. The socket is descriptor WORKER_SOCKET. Returns the exit status.
 */
#ifndef RUNNER_SCHEDULE_WORKER_H
#define RUNNER_SCHEDULE_WORKER_H

#include "runner/schedule/message.h"

int worker_main(int argc, char **argv);
/* Of runner-worker itself, in builds that have it (worker_memory.c): where it notes that an allocation has failed. */
void worker_memory_report(struct report *report) __attribute__((weak));

#endif

/* Leaves the process from a thread of its own. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define FAULT "exit_thread_step"

static void *leave(void *nothing) {
    (void)nothing;
    exit(3);
}

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    pthread_t thread;
    pthread_create(&thread, NULL, leave, NULL);
    for (;;)
        pause();
}

#include "fault.h"

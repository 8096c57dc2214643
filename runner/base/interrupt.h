/*
 * Signals that would end the program as something to look at: SIGINT, SIGTERM, SIGHUP, and what batch systems and timers send (SIGUSR1,
 * SIGUSR2, SIGXCPU, SIGALRM, ...). The first of them, whenever it comes, is noted and wakes poll(), and the program ends in good order; a second
 * one of any of them ends it at once, as it would have without this, but for SIGXCPU, which comes every second.
 *
 * A signal that is ignored when the program starts (nohup) stays so. One at a time in a process, from the main thread. Where functions
 * take a pointer to it, NULL stands for nothing to look at.
 */
#ifndef RUNNER_BASE_INTERRUPT_H
#define RUNNER_BASE_INTERRUPT_H

#include "runner/base/status.h"

#include <signal.h>
#include <sys/types.h>

enum { INTERRUPT_SIGNALS = 11 };

struct interrupt {
    int fd;                       /* readable once a signal has come */
    int end;                      /* of the pipe, for the handler */
    pid_t owner;                  /* a child before its exec() is none of it */
    volatile sig_atomic_t number; /* of the signal; 0: none has come */
    struct sigaction before[INTERRUPT_SIGNALS];
};

/* STATUS_ENVIRONMENT where there is no pipe; then nothing has to be closed, and signals do what they did. */
enum status interrupt_open(struct interrupt *interrupt, struct error *error);
void interrupt_close(struct interrupt *interrupt);

/* STATUS_INTERRUPTED, "interrupted by SIGTERM", once a signal has come. */
enum status interrupt_check(const struct interrupt *interrupt, struct error *error);
/* The descriptor for poll(), which leaves a negative one out. */
int interrupt_descriptor(const struct interrupt *interrupt);
/* What the program exits with: 128 + the signal's number instead of STATUS_INTERRUPTED. */
int interrupt_exit_status(const struct interrupt *interrupt, enum status status);

#endif

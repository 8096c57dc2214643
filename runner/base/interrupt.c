#include "runner/base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int numbers[INTERRUPT_SIGNALS] = {SIGINT,  SIGTERM,   SIGHUP,  SIGUSR1, SIGUSR2, SIGXCPU,
                                               SIGALRM, SIGVTALRM, SIGPROF, SIGPWR,  SIGIO};

/* A handler gets nothing but the number, and what signals do is the process's, so this is as well. */
static struct interrupt *present;

static void set_default(int number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN)
        return;
    memset(&action, 0, sizeof action);
    action.sa_handler = number == SIGXCPU ? SIG_IGN : SIG_DFL;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

/* All of them are held back while it runs, so that the second meets the default. */
static void note(int number) {
    int before = errno;
    struct interrupt *interrupt = present;
    if (interrupt != NULL && interrupt->owner == getpid()) {
        interrupt->number = number;
        const char byte = 0;
        while (write(interrupt->end, &byte, 1) < 0 && errno == EINTR)
            continue;
        for (size_t i = 0; i < INTERRUPT_SIGNALS; i++)
            set_default(numbers[i]);
    }
    errno = before;
}

enum status interrupt_open(struct interrupt *interrupt, struct error *error) {
    *interrupt = (struct interrupt){.fd = -1, .end = -1, .owner = getpid()};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_set(error, STATUS_ENVIRONMENT, "no pipe for signals: %s", strerror(errno));
    interrupt->fd = ends[0];
    interrupt->end = ends[1];
    present = interrupt;
    /* Calls other than poll() go on. */
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < INTERRUPT_SIGNALS; i++)
        sigaddset(&action.sa_mask, numbers[i]);
    for (size_t i = 0; i < INTERRUPT_SIGNALS; i++)
        if (sigaction(numbers[i], NULL, &interrupt->before[i]) == 0 && interrupt->before[i].sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    return STATUS_OK;
}

void interrupt_close(struct interrupt *interrupt) {
    for (size_t i = 0; i < INTERRUPT_SIGNALS; i++)
        sigaction(numbers[i], &interrupt->before[i], NULL);
    present = NULL;
    close(interrupt->fd);
    close(interrupt->end);
    interrupt->fd = interrupt->end = -1;
}

enum status interrupt_check(const struct interrupt *interrupt, struct error *error) {
    if (interrupt == NULL || interrupt->number == 0)
        return STATUS_OK;
    return error_set(error, STATUS_INTERRUPTED, "interrupted by SIG%s", sigabbrev_np(interrupt->number));
}

int interrupt_descriptor(const struct interrupt *interrupt) {
    return interrupt != NULL ? interrupt->fd : -1;
}

int interrupt_exit_status(const struct interrupt *interrupt, enum status status) {
    return status == STATUS_INTERRUPTED && interrupt != NULL && interrupt->number > 0 ? 128 + interrupt->number
                                                                                      : (int)status;
}

/*
 * A process of runner-worker as the supervisor sees it: started with a socket, orders, a pidfd and a log of what it prints.
 *
 * The worker's standard output and error go to a file in memory, so that what a plugin prints never meets the terminal; who
 * owns the child takes it from there. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_CHILD_H
#define RUNNER_SCHEDULE_CHILD_H

#include "runner/base/frame.h"
#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/schedule/message.h"

#include <sys/types.h>

struct interrupt;
struct scratch;

/* How workers are started; the strings are the caller's. */
struct child_settings {
    const char *worker;       /* path of the executable */
    const char *own;          /* folder of the installation's plugins */
    const char *const *files; /* plugins from elsewhere that it opens as well, in search order, before those */
    size_t n_files;
    const struct scratch *scratch;     /* where each gets a temporary folder of its own; NULL: none gets one */
    const struct interrupt *interrupt; /* what ends the wait for an answer; may be NULL */
};

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* readable once the process has ended */
    int socket, log;
    char *folder;          /* for temporary files of its plugins, which is removed with it; NULL: none */
    struct orders *orders; /* for the process to read; NULL: none */
    struct report *report; /* what it leaves; NULL: none */
    uint64_t taken;        /* bytes at the start of the log that were taken; their memory was given back */
    double patience;       /* seconds that child_call() waits for an answer; 0: for ever */
    const struct interrupt *interrupt;
    bool late;       /* it was ended since an answer took too long */
    uint64_t writes; /* of the inventory, when it was started */
    struct frame_reader reader;
};

enum status child_start(struct child *child, const struct child_settings *settings, struct error *error);
/* Whether an allocation has failed in the process since it was last forgotten. */
bool child_lacked_memory(const struct child *child);
void child_forget_lack(struct child *child);
/* Kills the process where it still runs, and any that it has started, and releases everything. */
void child_clear(struct child *child);
/* Waits for a process that has ended or is about to; "SIGSEGV", "exit 3"; CHILD_FULL_STACK where that was what SIGSEGV came from. */
#define CHILD_FULL_STACK "stack overflow"
void child_reap(struct child *child, char reason[32]);
/* What it has printed and was not taken yet. The file only ever grows, and what is taken leaves a hole, so that nothing is lost
   that is printed meanwhile. */
size_t child_log_size(const struct child *child);
/* Bytes of it from `at` on; how many there were. */
size_t child_log_read(const struct child *child, size_t at, char *buffer, size_t n);
/* Takes the first `n` bytes of it. */
void child_log_drop(struct child *child, size_t n);
/* Moves it to `out`; of more than `limit` bytes the last ones. */
void child_take_log(struct child *child, size_t limit, struct text *out);

/* Sends a request and waits for the answer, which stands in *frame until the next call. `fd` (or -1) goes with it. A
   MESSAGE_ERROR gives its status and text. *died is set where the process ended
   instead of answering, or was ended since it took too long: the status is STATUS_TRIAL then, and the text says how. A signal ends the
   wait and the process: STATUS_INTERRUPTED. */
enum status child_call(struct child *child, enum message type, const struct text *payload, int fd, struct frame *frame,
                       bool *died, struct error *error);

/* Waits for the next message of an answer that has several (MESSAGE_CATALOG, MESSAGE_TEST); otherwise as child_call(). */
enum status child_next(struct child *child, struct frame *frame, bool *died, struct error *error);

/* "SIGSEGV"; the number as text where it has no name */
const char *signal_name(int number, char buffer[32]);

#endif

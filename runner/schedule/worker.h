/*
 * The worker's side: answers the requests of message.h until the supervisor closes the socket. Linked into runner-worker only.
 *
 * Arguments: the folder of the installation's plugins, one for temporary files (""), then the files of other plugins that it opens, in search
 * order. The socket is descriptor WORKER_SOCKET. Returns the exit status.
 */
#ifndef RUNNER_SCHEDULE_WORKER_H
#define RUNNER_SCHEDULE_WORKER_H

#include "runner/base/arena.h"
#include "runner/host/data.h"
#include "runner/host/loader.h"
#include "runner/schedule/message.h"

int worker_main(int argc, char **argv);
/* Of runner-worker itself, in builds that have it (worker_memory.c): where it notes that an allocation has failed. */
void worker_memory_report(struct report *report) __attribute__((weak));

/* Data sets that the supervisor attached, by its index. */
struct worker_data {
    struct data *sets;
    bool *mapped;
    size_t count;
};

/* What the process was given, or has opened while it could. */
struct worker_means {
    const struct orders *orders; /* may be NULL */
    struct report *report;       /* may be NULL */
    int peak;                    /* descriptor of /proc/self/clear_refs; -1: none */
    bool once;                   /* it trains one trial, since it opens plugins from outside the installation */
};

/* Answers a TRAIN request; STATUS_ENVIRONMENT where the supervisor cannot be told. */
enum status worker_train(const struct loader *loader, const struct worker_data *data, const struct worker_means *means,
                         const struct frame *request, struct error *error);

/* Reads the index at the start of a PLAN or TRAIN request; NULL where no such data set is attached. */
const struct data *worker_data_get(const struct worker_data *data, uint64_t index);

/* STATUS_ENVIRONMENT, for a request that is broken. */
enum status worker_misread(struct error *error);

enum status worker_send_error(enum status status, const char *where, const char *text, struct error *error);

#endif

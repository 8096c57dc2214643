/*
 * How a worker answers a TRAIN request (message.h). Worker only, [main] thread.
 */
#ifndef RUNNER_SCHEDULE_WORKER_TRAIN_H
#define RUNNER_SCHEDULE_WORKER_TRAIN_H

#include "runner/base/frame.h"
#include "runner/host/loader.h"
#include "runner/schedule/message.h"
#include "runner/schedule/worker_data.h"

/* What the process was given, or has opened while it could. */
struct worker_means {
    const struct orders *orders; /* may be NULL */
    struct report *report;       /* may be NULL */
    int peak;                    /* descriptor of /proc/self/clear_refs; -1: none */
    bool once;                   /* it trains one trial, since it opens plugins from outside the installation */
};

/* STATUS_ENVIRONMENT where the supervisor cannot be told. */
enum status worker_train(const struct loader *loader, const struct worker_data *data, const struct worker_means *means,
                         const struct frame *request, struct error *error);

#endif

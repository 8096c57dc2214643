/*
 * Trains trials in workers, several at once, costly ones first, and keeps a record of each in the journal.
 *
 * What a trial's worker does (crash, exit, junk, too much time or memory) costs that trial alone: it is `failed` or `timeout` and its
 * worker replaced. A signal
 * that the session's interrupt notes stops the run: workers are ended, and what has ended before is in the journal. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_SUPERVISOR_H
#define RUNNER_SCHEDULE_SUPERVISOR_H

#include "runner/results/journal.h"
#include "runner/schedule/plan.h"
#include "runner/schedule/slot.h"

/* What to show to people. All may be NULL. */
struct supervisor_watcher {
    void (*started)(void *context, const struct slot *slot); /* a trial was given to a worker */
    void (*row)(void *context, const struct slot *slot);
    void (*note)(void *context, const struct slot *slot, const char *text); /* "resumed at epoch 3, update 120" */
    void (*ended)(void *context, const struct slot *slot);                  /* the record is whole */
    void (*tick)(void *context, const struct slot *slots, size_t n_slots);  /* about ten times a second */
    void *context;
};

struct supervisor {
    const struct experiment *experiment;
    struct session *session; /* data sets are released after their last trial */
    struct plan *plan;       /* plan->results gets the records */
    struct journal *journal;
    const char *logs;        /* folder for what trials print; made where needed */
    const char *weights;     /* folder for the weights of trials; likewise */
    const char *checkpoints; /* folder for their checkpoints; likewise. NULL: none are written, and none gone on from */
    size_t workers, threads; /* threads a trial; both at least 1 */
    size_t cpus;    /* as the grid drains, so many threads are shared out among the trials that run; 0: they are not */
    size_t retries; /* how often a trial that fails is trained again */
    bool fail_fast; /* the first trial that fails for good stops the run */
    const size_t *trials; /* to train, in any order */
    size_t n_trials;
    struct supervisor_watcher watcher;
    /* Called once, when the first trials have been given to the workers: what takes time and need not come before. May be NULL; a failure
       stops the run. */
    enum status (*begun)(void *context, struct error *error);
    void *context;
    size_t ended;        /* out: how many trials came to an end */
    size_t first_failed; /* out: the trial that stopped the run, or NO_TRIAL */
};

/* STATUS_OK also where trials failed; STATUS_TRIAL where that stopped the run; STATUS_INTERRUPTED; STATUS_ENVIRONMENT (journal, workers cannot start). */
enum status supervisor_run(struct supervisor *supervisor, struct error *error);

#endif

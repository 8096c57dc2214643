/*
 * What a run shows while it goes on, on stderr: on a terminal a live line a running trial and a bar, at most ten times a second;
 * elsewhere a plain line for each trial that has ended.
 */
#ifndef RUNNER_CLI_PROGRESS_H
#define RUNNER_CLI_PROGRESS_H

#include "runner/schedule/supervisor.h"

#include <stdbool.h>

struct progress {
    const struct plan *plan;
    bool quiet, live;
    size_t columns; /* of the terminal */
    size_t lines;   /* that are drawn at the moment */
    size_t trials, ended;
    double work, work_done; /* estimated: of all trials, of those that have ended */
    double started;         /* seconds of the monotonic clock */
};

void progress_init(struct progress *progress, const struct plan *plan, const size_t *trials, size_t n_trials,
                   bool quiet);
struct supervisor_watcher progress_watcher(struct progress *progress);
/* Removes the live lines. */
void progress_finish(struct progress *progress);

/* "[#####.....]" of `width` cells; `share` is 0 to 1 */
void progress_bar(double share, size_t width, struct text *out);
/* The line of a running trial, and that of one that has ended. */
void progress_running(const struct plan *plan, const struct slot *slot, struct text *out);
void progress_ended(const struct plan *plan, const struct slot *slot, size_t ended, size_t trials, struct text *out);

#endif

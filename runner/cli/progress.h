/*
 * What a run shows while it goes on, on stderr: on a terminal the live view (live.h), at most ten times a second; elsewhere a plain line
 * for each trial that has ended, and one a minute where none has. With `--json` the events (events.h) on stdout as well.
 */
#ifndef RUNNER_CLI_PROGRESS_H
#define RUNNER_CLI_PROGRESS_H

#include "runner/cli/forecast.h"
#include "runner/cli/live.h"
#include "runner/schedule/supervisor.h"

#include <stdbool.h>

enum { PROGRESS_LINES = 64 };

struct progress_settings {
    const struct plan *plan;
    const struct session *session;
    const size_t *trials; /* to train */
    size_t n_trials, workers, threads;
    bool quiet, json;
};

struct progress {
    struct progress_settings settings;
    bool live;
    struct terminal terminal;
    size_t lines, widths[PROGRESS_LINES]; /* that are drawn at the moment; columns of each */
    size_t ended;
    size_t *order; /* trials to train, in the supervisor's order */
    size_t *begun; /* [trials of the grid]: how often in this run */
    double *busy, *costs;
    struct forecast forecast;
    double share, left;  /* of the work; seconds (NaN: not known) */
    double seconds_done; /* what the trials that have ended took */
    double counted_at, said_at,
        told_at; /* when the time left was worked out, when a line and when an event were written */
};

void progress_init(struct progress *progress, const struct progress_settings *settings);
struct supervisor_watcher progress_watcher(struct progress *progress);
/* Removes the live lines and releases everything. */
void progress_finish(struct progress *progress);

/* The line of a trial that has ended. */
void progress_ended(const struct plan *plan, const struct slot *slot, size_t ended, size_t trials, struct text *out);

#endif

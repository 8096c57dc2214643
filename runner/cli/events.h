/*
 * What a run does, for other programs (`--json`): one JSON object a line on stdout, written and flushed as it happens.
 *
 * Every object has "event" and "time" (seconds since 1970). docs/progress.md lists the events. A number that JSON does not know is
 * the text "nan", "inf" or "-inf", as in the journal. A reader that has gone does not stop the run.
 */
#ifndef RUNNER_CLI_EVENTS_H
#define RUNNER_CLI_EVENTS_H

#include "runner/schedule/plan.h"
#include "runner/schedule/slot.h"

struct events_run {
    const char *config, *folder;
    const char *description; /* may be NULL */
    size_t todo, workers, threads;
};

void events_start(const struct events_run *run, const struct results *results);
/* `attempt`: 1, and more where the trial begins anew in this run. */
void events_trial_start(const struct results *results, size_t trial, size_t attempt);
void events_epoch(const struct slot *slot);
/* What a person is told of a trial: that it goes on from a checkpoint, or that this was not possible. */
void events_note(size_t trial, const char *text);
void events_trial_end(const struct results *results, const struct slot *slot);
/* `left`: seconds, NaN where not known */
void events_progress(size_t ended, size_t trials, double share, double left);
/* One for each claim, once all trials have ended: what claims.csv says. */
void events_claims(const struct results *results);
/* `results` NULL: there are none, since the run could not start. `text`: why it did not end well, or "". */
void events_end(const struct results *results, const char *folder, int exit_status, const char *text);

#endif

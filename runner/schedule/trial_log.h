/*
 * What a trial printed: its first and its last lines, whatever it printed between them. Single-threaded.
 */
#ifndef RUNNER_SCHEDULE_TRIAL_LOG_H
#define RUNNER_SCHEDULE_TRIAL_LOG_H

#include "runner/schedule/child.h"

#include <stdint.h>

enum { TRIAL_LOG_HEAD = 16 << 10, TRIAL_LOG_TAIL = 64 << 10 };

struct trial_log {
    struct text head, tail; /* the tail holds up to twice what is kept in the end */
    uint64_t dropped;       /* bytes between them */
};

void trial_log_init(struct trial_log *log);
void trial_log_clear(struct trial_log *log);
void trial_log_reset(struct trial_log *log);
void trial_log_add(struct trial_log *log, const char *bytes, size_t n);
/* Moves what the process has printed so far to the log. */
void trial_log_take(struct trial_log *log, struct child *child);
/* Head, a line about what was left out, tail. */
void trial_log_write(const struct trial_log *log, struct text *out);

#endif

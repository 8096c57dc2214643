/*
 * `time_limit` and `memory_limit`: what a trial may take before it is ended; `data_time_limit`: what reading a data set
 * may take. They stand beside `train`, not in it: a limit changes no number of a trial that keeps it, so it is part of
 * no identity, and raising one trains nothing again.
 */
#ifndef RUNNER_CONFIG_LIMITS_H
#define RUNNER_CONFIG_LIMITS_H

#include "runner/base/diagnostics.h"

#include <stdbool.h>
#include <stdint.h>

/* Seconds of "90", "90 s", "1.5 minutes", "2 h"; false where the text is no time above 0. */
bool limit_read_time(const char *text, double *seconds);
/* Bytes of "1000000", "512 MB", "2GiB"; false where the text is no size from 1 byte to 2^53. */
bool limit_read_memory(const char *text, uint64_t *bytes);

#define DATA_TIME_LIMIT                                                                                                \
    3600.0 /* seconds, where nothing else is said: a file system that hangs must not do so for ever */

struct limits {
    double time;      /* seconds that a trial may take; 0: no limit */
    uint64_t memory;  /* bytes that a trial may take beside the data; 0: no limit */
    double data_time; /* seconds that reading a data set may take */
};
/* The values of the keys, or their defaults where they are absent or null. Mistakes go to `diagnostics`. */
void limits_read(const struct tree *root, struct limits *limits, struct diagnostics *diagnostics);

#endif

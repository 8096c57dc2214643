/*
 * Messages of the program itself for the people who run it, one line each on stderr. Thread-safe: a line is one write.
 * Control characters become "?".
 */
#ifndef RUNNER_BASE_LOG_H
#define RUNNER_BASE_LOG_H

#include "runner/base/status.h"

#include <stdbool.h>

struct log {
    bool quiet; /* --quiet: no info; warnings and errors are shown all the same */
};

__attribute__((format(printf, 2, 3))) void log_info(const struct log *log, const char *format, ...); /* as it is */
__attribute__((format(printf, 2, 3))) void log_warning(const struct log *log, const char *format,
                                                       ...);      /* "warning: " */
void log_error(const struct log *log, const struct error *error); /* "error: " */

#endif

/*
 * Results of functions that can fail, and the text that says why.
 *
 * A function that can fail returns `enum status` and takes a `struct error *` last. On failure it has written one
 * line there: lower case, no full stop, what was found, what was wanted, what to do. The values are the program's
 * exit statuses, so that a failure travels to main() unchanged.
 */
#ifndef RUNNER_BASE_STATUS_H
#define RUNNER_BASE_STATUS_H

#include <stdarg.h>

enum status {
    STATUS_OK = 0,
    STATUS_TRIAL = 1,         /* some trial failed or timed out */
    STATUS_CONFIG = 2,        /* usage or config error, bad data files among them */
    STATUS_NO = 3,            /* a claim, `verify` or `diff` says no */
    STATUS_ENVIRONMENT = 4,   /* disk, lock, memory, missing library */
    STATUS_INTERRUPTED = 130, /* main() gives 128 + the number of the signal */
};

#define ERROR_TEXT_SIZE 2048

struct error {
    enum status status;
    char text
        [ERROR_TEXT_SIZE]; /* cut at the end where it does not fit; always terminated; control characters become "?" */
};

/* Writes the text and returns `status`, so that `return error_set(error, STATUS_CONFIG, "...")` is one line. `error` may be NULL. */
__attribute__((format(printf, 3, 4))) enum status error_set(struct error *error, enum status status, const char *format,
                                                            ...);
__attribute__((format(printf, 3, 0))) enum status error_set_v(struct error *error, enum status status,
                                                              const char *format, va_list arguments);

/* Puts "prefix: " before the text that is there and returns its status (of a NULL error: STATUS_ENVIRONMENT). */
__attribute__((format(printf, 2, 3))) enum status error_prefix(struct error *error, const char *format, ...);

#endif

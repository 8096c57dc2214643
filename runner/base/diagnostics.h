/*
 * All mistakes of an input, collected so that they are reported at once, ordered by place.
 *
 * Printed as `file:line:column: error: message`; without a place as `error: message`, for overrides
 * `command line: error: message`.
 */
#ifndef RUNNER_BASE_DIAGNOSTICS_H
#define RUNNER_BASE_DIAGNOSTICS_H

#include "runner/base/arena.h"
#include "runner/base/tree.h"

#include <stdbool.h>
#include <stdio.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diagnostic {
    enum severity severity;
    struct mark mark;
    const char *message;
};

struct diagnostics {
    struct arena arena;
    struct diagnostic *items;
    size_t count, capacity;
    size_t errors; /* in all */
    bool dropped;  /* there were more than DIAGNOSTICS_MOST */
};

/* What comes after so many is counted, and not kept: a hostile input may hold a million mistakes. */
enum { DIAGNOSTICS_MOST = 1000 };

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_clear(struct diagnostics *diagnostics);
/* The same message at the same place is kept once. */
__attribute__((format(printf, 3, 4))) void diagnostics_error(struct diagnostics *diagnostics, struct mark mark,
                                                             const char *format, ...);
__attribute__((format(printf, 3, 4))) void diagnostics_warning(struct diagnostics *diagnostics, struct mark mark,
                                                               const char *format, ...);
/* Sorted by file in order of first appearance, then line and column. Control characters are printed as "?". */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *stream);

#endif

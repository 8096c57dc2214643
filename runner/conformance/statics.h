/*
 * The static memory of a loaded plugin that it could write: a plugin "keeps no mutable statics", so what is there may not change from
 * call to call. [main] thread.
 */
#ifndef RUNNER_CONFORMANCE_STATICS_H
#define RUNNER_CONFORMANCE_STATICS_H

#include <stdbool.h>
#include <stddef.h>

enum { STATICS_RANGES = 16 };

struct statics {
    struct {
        const unsigned char *bytes;
        unsigned char *copy;
        size_t size;
    } ranges[STATICS_RANGES];
    size_t count;
};

/* Copies the writable memory of the shared object that holds `address`. Empty in builds with sanitizers, which keep notes of
   their own there. */
void statics_copy(struct statics *statics, const void *address);
/* Bytes that are no longer as they were copied. */
size_t statics_changed(const struct statics *statics);
void statics_free(struct statics *statics);

#endif

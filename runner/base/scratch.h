/*
 * A folder for the time of a piece of work, in $TMPDIR or /tmp. Where the process is killed it stays, and the next one that wants a folder of
 * the same kind removes it: who works in one holds a lock on it.
 */
#ifndef RUNNER_BASE_SCRATCH_H
#define RUNNER_BASE_SCRATCH_H

#include "runner/base/arena.h"
#include "runner/base/status.h"

struct scratch {
    const char *path;
    int lock; /* descriptor of the folder */
};

/* Makes "runner-KIND-......" and removes those of the same kind and user that nobody works in any more. The path lives in the arena. */
enum status scratch_open(struct scratch *scratch, const char *kind, struct arena *arena, struct error *error);
/* Removes the folder and all that is in it. */
void scratch_close(struct scratch *scratch);

/* A folder of its own within it, for one of several users; NULL where none can be made. scratch_remove_part() removes it with all that is in
   it and frees the path; NULL is allowed. */
char *scratch_make_part(const struct scratch *scratch);
void scratch_remove_part(char *path);

#endif

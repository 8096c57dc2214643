/* A folder in $TMPDIR or /tmp for what is not to be kept. */
#ifndef RUNNER_CLI_SCRATCH_H
#define RUNNER_CLI_SCRATCH_H

#include "runner/base/arena.h"
#include "runner/base/status.h"

/* `name` ends in XXXXXX; the path lives in the arena. */
enum status scratch_make(const char *name, struct arena *arena, const char **path, struct error *error);
/* With all that is in it. */
void scratch_remove(const char *path);

#endif

/*
 * Configured components: a resolved tree (params.h) bound to a plugin's code and its config struct. Worker only; [main] thread.
 */
#ifndef RUNNER_HOST_PART_H
#define RUNNER_HOST_PART_H

#include "runner/base/tree.h"
#include "runner/host/loader.h"

struct runner_part {
    enum runner_kind kind;
    const char *name;
    const runner_component *component;
    const void *ops;
    void *config;              /* config_size bytes, filled from the tree; zero where no parameter is */
    const struct tree *params; /* resolved, the host's own parameters among them */
};

/* A RUNNER_RATE's schedule is not in the config struct, where the field then holds NaN: part_schedule() gives it. `path` is the place of
   `resolved` in the trial ("model.0"), used in errors. */
enum status part_bind(const struct loader *loader, enum runner_kind kind, const struct tree *resolved, const char *path,
                      struct arena *arena, struct runner_part **part, struct error *error);

/* The schedule that a RUNNER_RATE parameter was given, or NULL where it is a number. */
enum status part_schedule(const struct loader *loader, const struct runner_part *part, const char *param,
                          struct arena *arena, struct runner_part **schedule, struct error *error);

/* The host's own parameters, read from `params`. */
int64_t part_int(const struct runner_part *part, const char *param);
bool part_bool(const struct runner_part *part, const char *param);
double part_float(const struct runner_part *part, const char *param);
const char *part_text(const struct runner_part *part, const char *param); /* NULL for null */

#endif

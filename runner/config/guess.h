/*
 * What was meant by the name of a setting that stands where it does not belong: `batch_size` where `train.batch_size` was wanted.
 */
#ifndef RUNNER_CONFIG_GUESS_H
#define RUNNER_CONFIG_GUESS_H

#include "runner/config/path.h"

/* The path of the first setting of that name that `root` has or may have: of `train` and `engine`, then of the plugins that it
   names, parameters of parameters left out. `near`: of the nearest such name instead (text_nearest()). Made in `arena`; without segments
   where there is none. */
struct path guess_path(const struct catalog *catalog, const struct tree *root, const char *name, bool near,
                       struct arena *arena);

/* The same as it is written in a file: `train: {batch_size: ...}`, `model: [{dense: {units: ...}}]`. Without `near` plugins that `root`
   does not name come last, then `optimizer: sgd` for the name of one. NULL where there is none. */
const char *guess_entry(const struct catalog *catalog, const struct tree *root, const char *name, bool near,
                        struct arena *arena);

#endif

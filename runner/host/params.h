/*
 * Parameter tables at work: a map from YAML becomes a resolved component, and a resolved component a config struct.
 *
 * A component in a config is a bare name, `{name: {key: value}}` or `KIND/NAME` in place of the name. Resolved it is always
 * `{name: {every parameter, in the order of the table}}`, with components inside resolved likewise. Resolving keeps marks: a
 * value that was written keeps its own, a default takes the mark of the component. Single-threaded.
 */
#ifndef RUNNER_HOST_PARAMS_H
#define RUNNER_HOST_PARAMS_H

#include "runner/base/diagnostics.h"
#include "runner/host/catalog.h"

/* Checks `value` against the catalogue and fills in all defaults. Every mistake goes to `diagnostics`; NULL where there was one.
   `what` names the place in words for messages ("optimizer", "model.0"). Paths are made absolute: relative to the folder of
   the file in their mark, for the command line and defaults to the current folder. */
struct tree *component_resolve(const struct catalog *catalog, enum runner_kind kind, const struct tree *value,
                               const char *what, struct arena *arena, struct diagnostics *diagnostics);

/* One value against one table entry, for settings which are no component's (the host's own tables, e.g. `train`). */
struct tree *param_resolve(const struct catalog *catalog, const struct catalog_param *param, const struct tree *value,
                           const char *what, struct arena *arena, struct diagnostics *diagnostics);

/* Turns a table of the plugin contract into the catalogue's form; strings are shared. */
void catalog_param_from_table(const struct runner_param *table, struct arena *arena, struct catalog_param *param);

/* The one key of a resolved component, and its parameters. */
const char *component_name(const struct tree *resolved);
const struct tree *component_params(const struct tree *resolved);

#endif

/*
 * The config as resolved, for config.yaml: every default written out, no `let`, no `$` and no `=`.
 *
 * It is a config itself and gives the same points: same axes, labels, order and trees. An axis whose values explain all that
 * it changes stays an axis of `grid`; otherwise it becomes cases, nested ones where a value depends on several axes.
 */
#ifndef RUNNER_CONFIG_EMIT_H
#define RUNNER_CONFIG_EMIT_H

#include "runner/config/experiment.h"

/* In the arena in which the points' sections are: it shares their nodes. */
const struct tree *emit_config(const struct experiment *experiment, const struct catalog *catalog, struct arena *arena);

#endif

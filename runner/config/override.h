/*
 * "path=value" from the command line.
 *
 * An override of an axis fixes it to a value or label, or to those of a list; below an axis it changes those values of the axis
 * that it fits; anything else is set at its path. Values are YAML, their marks say "command line".
 */
#ifndef RUNNER_CONFIG_OVERRIDE_H
#define RUNNER_CONFIG_OVERRIDE_H

#include "runner/base/diagnostics.h"
#include "runner/host/catalog.h"

/* The config with the overrides applied in their order. `normal` gets their texts with canonical values; `experiment`, `description`
   and `report`, which change no trial, are not among them, and of several for one path the last counts. */
struct tree *override_apply(const struct catalog *catalog, struct tree *root, const char *const *overrides,
                            size_t n_overrides, struct arena *arena, struct diagnostics *diagnostics,
                            const char ***normal, size_t *n_normal);

#endif

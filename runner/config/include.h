/*
 * A config file with its includes, merged.
 *
 * `include:` is a path or a list of paths, relative to the file that names them. The files merge in order, then the file itself:
 * maps by key, anything else whole. Where both sides name a plugin, the same one merges its parameters and another one
 * replaces the whole. Every node keeps the mark of its own file.
 */
#ifndef RUNNER_CONFIG_INCLUDE_H
#define RUNNER_CONFIG_INCLUDE_H

#include "runner/base/diagnostics.h"
#include "runner/host/catalog.h"

/* A map without `include`. NULL where a file could not be read or included, as `diagnostics` says. */
struct tree *include_read(const char *file, const struct catalog *catalog, struct arena *arena,
                          struct diagnostics *diagnostics);

#endif

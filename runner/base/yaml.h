/*
 * YAML text to a tree with marks, by libyaml. One document. Anchors and aliases are allowed within limits; tags other than the
 * core schema's, merge keys and duplicate keys are errors. A tab, junk, an empty file and nesting beyond 100 levels are errors
 * with their place. JSON, which canonical tree text is, reads as YAML.
 */
#ifndef RUNNER_BASE_YAML_H
#define RUNNER_BASE_YAML_H

#include "runner/base/diagnostics.h"
#include "runner/base/status.h"
#include "runner/base/tree.h"

/* `file` names the text in marks. NULL after an error, which is in `diagnostics`; all duplicate keys are reported at once. */
struct tree *yaml_read(const char *bytes, size_t length, const char *file, struct arena *arena,
                       struct diagnostics *diagnostics);
struct tree *yaml_read_file(const char *path, struct arena *arena, struct diagnostics *diagnostics);

#endif

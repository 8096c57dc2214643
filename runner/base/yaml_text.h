/* Helpers of yaml.c: is this text at all, and what libyaml's messages mean in plain words. Columns count characters from 1. */
#ifndef RUNNER_BASE_YAML_TEXT_H
#define RUNNER_BASE_YAML_TEXT_H

#include "runner/base/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct yaml_source {
    const char *bytes;
    size_t length;
    const char *file;
};

/* False at the first byte that is no UTF-8, and at the first character that YAML does not allow; says so. */
bool yaml_is_text(const struct yaml_source *source, struct mark *mark, char *message, size_t size);

/* The parser's error: its place, what was found and what was wanted. */
void yaml_explain(const struct yaml_source *source, const yaml_parser_t *parser, struct mark *mark, char *message,
                  size_t size);

#endif

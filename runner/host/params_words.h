/* The words of params.c: values, ranges and kinds as its messages name them. All append to `out`. */
#ifndef RUNNER_HOST_PARAMS_WORDS_H
#define RUNNER_HOST_PARAMS_WORDS_H

#include "runner/base/text.h"
#include "runner/base/tree.h"
#include "runner/host/catalog.h"

/* "an optimizer" */
const char *words_kind(enum runner_kind kind);
/* "text 'fast'", "1.5", "a list" */
void words_value(const struct tree *value, struct text *out);
/* "a number above 0 and below 1", "an integer from 1 or null". `found` is the value that was not it, or NULL. */
void words_wanted(const struct catalog_param *param, const struct tree *found, struct text *out);
/* "; the decimal sign is a point: 0.01": what to do about a value that is a well-known slip; nothing for others. */
void words_slip(const struct catalog_param *param, const struct tree *value, struct text *out);
/* The lead, then the names, with commas; a long list is cut. */
void words_list(const char *lead, const char *const *names, size_t count, struct text *out);
/* " (known: adam, sgd)" */
void words_known(const struct catalog *catalog, enum runner_kind kind, struct text *out);
/* "; 'dense' is a layer", where components of another kind have that name; whether it said so. */
bool words_other_kinds(const struct catalog *catalog, const char *name, struct text *out);
/* "; did you mean {csv: {path: iris.csv}}?", where the name is that of a file which a component of the kind reads; whether it said so. */
bool words_file(const struct catalog *catalog, enum runner_kind kind, const char *name, struct text *out);
/* "; DIR/adam.so: ends the process that opens it ...", where the plugin file of that name cannot be used; whether it said so. */
bool words_refused(const struct catalog *catalog, const char *name, struct text *out);
/* The component of the kind whose name is nearest, or NULL. */
const char *words_nearest(const struct catalog *catalog, enum runner_kind kind, const char *name);
/* STATUS_CONFIG: nothing is called so, neither NAME nor KIND/NAME; and what may have been meant, with `kinds` a kind as well. */
enum status words_unknown(const struct catalog *catalog, const char *name, bool kinds, struct error *error);

#endif

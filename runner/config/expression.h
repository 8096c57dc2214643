/*
 * Arithmetic of values that start with `=`: numbers, + - * / ^ (or **), parentheses, names, and the functions sqrt, exp, log,
 * log2, log10, floor, ceil, round, abs, min, max, pow. Everything is float64. ^ binds to the right and tighter than a sign
 * before it (-2^2 is -4). Division by zero and results that are not finite are errors.
 */
#ifndef RUNNER_CONFIG_EXPRESSION_H
#define RUNNER_CONFIG_EXPRESSION_H

#include "runner/base/status.h"

/* The number of a name (a path or a `let` name). */
typedef enum status expression_lookup(void *context, const char *name, double *number, struct error *error);

/* `text` is what follows the `=`. */
enum status expression_evaluate(const char *text, expression_lookup *lookup, void *context, double *number,
                                struct error *error);

#endif

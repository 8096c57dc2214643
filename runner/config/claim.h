/*
 * Selectors and claims: statements about columns of the tables at points of the grid.
 *
 *     claim:    sum (< | <= | > | >=) sum
 *     sum:      product ((+ | -) product)*           product: factor ((* | /) factor)*
 *     factor:   NUMBER | -factor | (sum) | COLUMN | COLUMN(selector) | sd(COLUMN(selector))
 *     selector: AXIS=LABEL, ...
 *
 * A column is a name of letters, digits and "_"; behind "_to_" it may end with any number
 * (epochs_to_val_accuracy_0.95). An axis goes by its name or by the shortest suffix of its path that no other axis has;
 * a label by its text, or as a number that is equal. A label with commas or brackets that do not pair is quoted with
 * "". `sd`, the standard deviation over the seeds, stands on both sides, each with a number before it at most.
 */
#ifndef RUNNER_CONFIG_CLAIM_H
#define RUNNER_CONFIG_CLAIM_H

#include "runner/base/arena.h"
#include "runner/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* The grid that a selector speaks of. */
struct selection_grid {
    const char *const *axes;
    size_t n_axes;
    const char ***labels; /* [n_points][n_axes]; NULL where the axis does not apply */
    size_t n_points;
};

struct selector {
    const char **labels; /* [n_axes] as they stand in the grid; NULL: not named */
};

/* What was wrong, and where: `at` counts bytes from the start of the text. */
struct claim_error {
    size_t at;
    struct error error;
};

struct claim_node {
    enum claim_operator {
        CLAIM_NUMBER,
        CLAIM_COLUMN,
        CLAIM_SPREAD,
        CLAIM_ADD,
        CLAIM_SUBTRACT,
        CLAIM_MULTIPLY,
        CLAIM_DIVIDE
    } op;
    double number;
    const char *column; /* of CLAIM_COLUMN, CLAIM_SPREAD */
    size_t at;          /* of the column in the text */
    struct selector selector;
    const struct claim_node *left, *right;
};

struct claim {
    const char *text;
    bool greater, or_equal; /* > or >=; else < or <= */
    bool spread;            /* compares standard deviations */
    const struct claim_node *left, *right;
};

/* "optimizer=adam, batch_size=10"; an empty text names no axis. A selector that no point fits is an error. */
bool selector_read(const char *text, const struct selection_grid *grid, struct arena *arena, struct selector *selector,
                   struct claim_error *error);
/* The axis of this name, or with this suffix of its path. */
bool selector_axis(const char *word, const struct selection_grid *grid, struct arena *arena, size_t *axis,
                   struct claim_error *error);
bool selector_fits(const struct selector *selector, const struct selection_grid *grid, size_t point);
/* The point that `point` is compared with: it fits, and its labels are equal on all axes that the selector does not name and that apply
   to both. *count is the number of such points; the first is returned. */
size_t selector_reference(const struct selector *selector, const struct selection_grid *grid, size_t point,
                          size_t *count);
bool claim_read(const char *text, const struct selection_grid *grid, struct arena *arena, struct claim *claim,
                struct claim_error *error);

/* Calls `visit` for each column of the claim, until it returns false. */
bool claim_columns(const struct claim_node *node, bool (*visit)(void *context, const struct claim_node *node),
                   void *context);

#endif

/*
 * `let` names, `$` and `=` at one point of the grid, after the axes have been applied.
 *
 * scope_fill() fills every `$`, scope_evaluate() then turns every `=` into its number. Trees that come in stay as they are;
 * what comes out lives in the scope's arena. A value that could not be made is reported once, kept as it was written, and
 * remembered (scope_is_bad()), so that nothing is said about its type later.
 */
#ifndef RUNNER_CONFIG_SCOPE_H
#define RUNNER_CONFIG_SCOPE_H

#include "runner/base/diagnostics.h"
#include "runner/base/hash_table.h"
#include "runner/base/status.h"
#include "runner/host/catalog.h"

struct let;
struct frame;

struct scope {
    const struct catalog *catalog;
    struct arena *arena;
    struct diagnostics *diagnostics;
    /* Rows that a batch size of `full` stands for; NULL where nobody knows. May call scope_evaluate(). An empty error: reported. */
    enum status (*full_rows)(void *context, struct scope *scope, double *rows, struct error *error);
    void *context;

    struct let *lets;
    size_t n_lets;
    struct hash_table names; /* of `let` */
    size_t made;             /* bytes that the uses of names stand for so far */
    const struct tree *raw;
    struct tree *root;   /* the sections, with every `$` filled */
    const char *filling; /* the section that is being filled */
    struct frame *frame; /* the expression that is being evaluated */
    const struct tree **bad;
    size_t n_bad, bad_capacity;
    size_t depth;
};

/* A `let` name: a letter or _, then letters, digits and _. */
bool scope_is_name(const char *text);

/* Names the root to work on. The first five members are the caller's; the rest starts as zero. */
void scope_open(struct scope *scope, const struct tree *root);
void scope_close(struct scope *scope);
/* Fills the `$` of all `let` names. */
void scope_fill_lets(struct scope *scope);
/* Fills the `$` of the sections named and of what they use. */
void scope_fill(struct scope *scope, const char *const *sections, size_t n_sections);
/* One value that is outside the sections (`seeds`): `$` and `=`. NULL where it is bad. */
struct tree *scope_value(struct scope *scope, const struct tree *value, const char *name);
/* Evaluates every `=` within a section of scope->root, in place. */
void scope_evaluate(struct scope *scope, const char *section);
bool scope_is_bad(const struct scope *scope, struct mark mark);

#endif

/*
 * `grid` and `cases`: the axes of an experiment and the points that they span.
 *
 * A dimension is an axis as it is written; each choice sets values at paths, and a case may hold dimensions of its own, which
 * exist for that case only. Columns are the axes as tables show them: dimensions of the same name in different cases of one
 * axis share a column. The order of columns is that of the dimensions, the first the slowest to change.
 */
#ifndef RUNNER_CONFIG_GRID_H
#define RUNNER_CONFIG_GRID_H

#include "runner/base/diagnostics.h"
#include "runner/config/experiment.h"
#include "runner/config/path.h"

struct setting {
    struct path path; /* from the root: `let.NAME` for a `let` name */
    struct mark mark;
    struct tree *value;
    size_t dimension;   /* the column that sets it */
    uint32_t number;    /* in the grid */
    uint32_t dependent; /* bits: what may depend on it (dependence.h) */
};

struct choice {
    size_t label; /* of the column */
    struct setting *settings;
    size_t n_settings;
    struct dimension *nested;
    size_t n_nested;
};

struct dimension {
    size_t column;
    struct choice *choices;
    size_t count;
};

enum { MAX_AXES = 1000 };

struct grid {
    const struct catalog *catalog;
    struct arena *arena;  /* of the columns */
    struct arena scratch; /* of all else */
    struct diagnostics *diagnostics;
    const struct tree *root; /* the config */
    struct axis *columns; /* each behind those that apply beside it and were read before, else in order of appearance */
    size_t *owners;       /* [n_columns] the outermost dimension that a column belongs to */
    size_t n_columns, columns_capacity;
    struct dimension *dimensions;
    size_t n_dimensions;
    size_t *active; /* columns that apply where the reader is */
    bool *before;   /* [MAX_AXES][MAX_AXES]: a column was active when another was read; NULL without cases */
    size_t n_active, active_capacity;
};

/* Mistakes go to `diagnostics`; axes that have some are left out. The columns live in the arena, all else until grid_clear(). */
void grid_read(struct grid *grid, const struct catalog *catalog, const struct tree *root, struct arena *arena,
               struct diagnostics *diagnostics);

void grid_clear(struct grid *grid);

/* Number of points; SIZE_MAX where they are more than that. */
size_t grid_count(const struct grid *grid);

/* A point: the label of each column (or NO_LABEL), and what its choices set, outer paths first. */
typedef void grid_visit(void *context, const size_t *labels, const struct setting *const *settings, size_t n_settings);
/* In grid order: the last axis changes fastest. */
void grid_expand(const struct grid *grid, grid_visit *visit, void *context);

/* The root with the settings applied; NULL after an error, which is reported. */
struct tree *grid_apply(const struct grid *grid, const struct setting *const *settings, size_t n_settings,
                        struct arena *arena);

/* The path that `text` means at the root: `let.NAME...` for a `let` name, else a path into a section. The catalogue is for what the
   error suggests. */
enum status config_path(const struct catalog *catalog, const struct tree *root, const char *text, struct arena *arena,
                        struct path *path, struct error *error);
/* The label that a value has without being given one. NULL where it has none. */
const char *config_label(const struct catalog *catalog, const struct path *path, const struct tree *value,
                         struct arena *arena);

#endif

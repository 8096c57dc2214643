/*
 * Paths into a config: `train.epochs`, `optimizer.adam.learning_rate`, `model.0.dense.units`, `a."b.c"`.
 *
 * A path goes through plugin names. A bare name is the same as the map: below `dataset: digits` the path `dataset.digits.train`
 * exists. Trees are never changed in place: path_set() returns a new root that shares all it can with the old one.
 */
#ifndef RUNNER_CONFIG_PATH_H
#define RUNNER_CONFIG_PATH_H

#include "runner/base/status.h"
#include "runner/base/tree.h"
#include "runner/host/catalog.h"

struct path {
    const char **segments;
    size_t count;
    const char *text; /* normal form: quotes only where they are needed */
};

/* What a node of a config may hold. */
struct place {
    enum place_type { PLACE_ROOT, PLACE_COMPONENT, PLACE_PARAMS, PLACE_LIST, PLACE_TABLE, PLACE_VALUE } type;
    enum runner_kind kind;                     /* of a component, or of the items of a list */
    const struct catalog_component *component; /* of parameters; NULL where the plugin is unknown */
    const struct runner_param *table;          /* of `train` and `engine` */
    size_t n_table;
};

enum status path_read(const char *text, struct arena *arena, struct path *path, struct error *error);
/* The text of the segments stays where it is. */
struct path path_of(const char *const *segments, size_t count, struct arena *arena);
/* The same path with `first` before its first segment. */
struct path path_below(const char *first, const struct path *path, struct arena *arena);
/* The same path with another first segment. */
struct path path_renamed(const struct path *path, const char *first, struct arena *arena);
bool path_starts_with(const struct path *path, const struct path *prefix);
/* Appends one segment, with a point before it where `out` is not empty and with quotes where they are needed. */
void path_write_segment(const char *segment, struct text *out);

struct place place_root(void);
struct place place_step(const struct catalog *catalog, const struct place *place, const char *segment);
/* The parameter of that name in the place's table; NULL where there is none. */
const struct runner_param *place_table_find(const struct place *place, const char *name);

/* The bare name of a component as it is written: "adam" of `adam`, `{adam: {...}}` and `optimizer/adam`. NULL where it is none. */
const char *component_written_name(const struct tree *value);

/* The root with `value` at `path`. Missing maps are made; `mark` is the place of the keys that are. NULL with the error. */
struct tree *path_set(const struct catalog *catalog, const struct tree *root, const struct path *path, struct mark mark,
                      struct tree *value, struct arena *arena, struct error *error);

/* The value at `path`. A parameter that is not written has its default, which is made in `arena`. NULL with the error. */
struct tree *path_get(const struct catalog *catalog, const struct tree *root, const struct path *path,
                      struct arena *arena, struct error *error);

#endif

/*
 * What the plugins hold, as plain data: kinds, names and parameter tables without any code.
 *
 * The worker makes a catalogue from the plugins that it opened (loader.h) and sends it as a tree; the supervisor, which loads
 * no plugin, reads that. Components are ordered by kind, then name, so that nothing depends on the order of folders. Where
 * two plugins hold the same kind and name, the one found first on the search path counts, and `shadows` tells.
 */
#ifndef RUNNER_HOST_CATALOG_H
#define RUNNER_HOST_CATALOG_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/base/tree.h"
#include "runner/plugin.h"

#include <stdbool.h>

struct catalog_param {
    const char *name, *doc;
    enum runner_type type;
    uint32_t flags;
    enum runner_kind kind; /* of RUNNER_COMPONENT(S), and RUNNER_RATE's schedule */
    const char *initial;   /* YAML text; NULL: must be given */
    double min, max;
    const char **choices;
    size_t n_choices;
};

/* A file that is published, which `runner fetch` gets (downloads.h). */
struct catalog_download {
    const char *file, *sha256;
    uint64_t size;
    const char **urls;
    size_t n_urls;
};

struct catalog_component {
    enum runner_kind kind;
    const char *name, *doc;
    const char *file;    /* the plugin's path */
    const char *hash;    /* XXH3-128 of that file, 32 hex digits */
    const char *version; /* the plugin's own */
    const char *shadows; /* the first plugin further down the search path that holds the same kind and name, or NULL */
    bool foreign;        /* not from the installed or built tree */
    /* The host's own parameters of the kind stand behind the plugin's (`name` of layers; `seed`, `validation` of data sets). */
    struct catalog_param *params;
    size_t n_params, n_own; /* n_own: how many are the plugin's */
    struct catalog_download *downloads;
    size_t n_downloads;
};

struct catalog {
    struct arena arena;
    struct catalog_component *components;
    size_t count;
    const char **folders; /* searched, in order */
    size_t n_folders;
    const char **problems; /* a line each: plugins that were refused, and why */
    size_t n_problems;
};

void catalog_clear(struct catalog *catalog);
/* Without marks; its texts are the catalogue's. */
const struct tree *catalog_write(const struct catalog *catalog, struct arena *arena);
/* Copies what it keeps. NULL and what is no catalogue: STATUS_ENVIRONMENT. */
enum status catalog_read(const struct tree *tree, struct catalog *catalog, struct error *error);

/* NULL where there is none. */
const struct catalog_component *catalog_find(const struct catalog *catalog, enum runner_kind kind, const char *name);
const struct catalog_param *catalog_param_find(const struct catalog_component *component, const char *name);
/* How many kinds have a component of this name. */
size_t catalog_count_name(const struct catalog *catalog, const char *name);

/* "dataset", "layer", ...; the folder under plugins/ is the plural. */
const char *runner_kind_name(enum runner_kind kind);
/* 0 where there is none. */
enum runner_kind runner_kind_from_name(const char *name);
const char *runner_type_name(enum runner_type type);

/* The host's own parameters of a kind: common to all its components, written and resolved like the plugin's. */
const struct runner_param *host_params(enum runner_kind kind, size_t *count);
/* An optimizer may have `weight_decay` in its own table: it then decays by itself, with a default of its own. */
bool host_param_yields(const struct runner_param *host, const struct runner_param *own);

#endif

#include "runner/host/catalog.h"

#include "runner/host/downloads.h"

#include <math.h>
#include <string.h>

static const char *const kind_names[] = {"",        "dataset",     "layer",    "loss",        "optimizer",
                                         "metric",  "initializer", "schedule", "regularizer", "constraint",
                                         "callback"};
static const char *const type_names[] = {"",     "bool",   "int",       "float",      "text", "choice", "path",
                                         "ints", "floats", "component", "components", "rate", "texts"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *runner_kind_name(enum runner_kind kind) {
    return (size_t)kind < COUNT(kind_names) ? kind_names[kind] : "";
}

enum runner_kind runner_kind_from_name(const char *name) {
    for (size_t i = 1; i < COUNT(kind_names); i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            return (enum runner_kind)i;
        }
    }
    return (enum runner_kind)0;
}

const char *runner_type_name(enum runner_type type) {
    return (size_t)type < COUNT(type_names) ? type_names[type] : "";
}

const struct runner_param *host_params(enum runner_kind kind, size_t *count) {
    static const struct runner_param layer[] = {
        {.name = "name",
         .type = RUNNER_TEXT,
         .flags = RUNNER_NULLABLE,
         .initial = "null",
         .doc = "name of the layer; default: the component's name and a number"},
    };
    static const struct runner_param dataset[] = {
        {.name = "seed",
         .type = RUNNER_INT,
         .initial = "0",
         .min = 0,
         .max = 9007199254740992.0, /* 2^53: JSON readers hold it */
         .doc = "keys what is random about the data and the choice of validation rows; the same in all trials"},
        {.name = "validation",
         .type = RUNNER_FLOAT,
         .initial = "0",
         .min = 0,
         .max = 1e12,
         .doc = "training rows set aside for validation: a share below 1, otherwise a number of rows"},
    };
    static const struct runner_param optimizer[] = {
        {.name = "weight_decay",
         .type = RUNNER_FLOAT,
         .initial = "0",
         .min = 0,
         .max = 1e30,
         .doc = "share of rate * weight that is taken off before each update (decoupled)"},
        {.name = "weight_decay_exclude",
         .type = RUNNER_TEXTS,
         .initial = "[]",
         .doc = "tensors whose name holds one of these texts do not decay, such as bias"},
        {.name = "weight_decay_coupled",
         .type = RUNNER_BOOL,
         .initial = "false",
         .doc = "true: weight_decay * weight is added to the clipped gradient instead (PyTorch's sgd, adam, ...)"},
        {.name = "clipnorm",
         .type = RUNNER_FLOAT,
         .flags = RUNNER_NULLABLE | RUNNER_OPEN_MIN,
         .initial = "null",
         .max = 1e30,
         .doc = "largest norm of the gradient of a tensor"},
        {.name = "clipvalue",
         .type = RUNNER_FLOAT,
         .flags = RUNNER_NULLABLE | RUNNER_OPEN_MIN,
         .initial = "null",
         .max = 1e30,
         .doc = "largest size of an element of the gradient"},
        {.name = "global_clipnorm",
         .type = RUNNER_FLOAT,
         .flags = RUNNER_NULLABLE | RUNNER_OPEN_MIN,
         .initial = "null",
         .max = 1e30,
         .doc = "largest norm of all gradients together"},
    };
    switch (kind) {
    case RUNNER_LAYER: *count = COUNT(layer); return layer;
    case RUNNER_DATASET: *count = COUNT(dataset); return dataset;
    case RUNNER_OPTIMIZER: *count = COUNT(optimizer); return optimizer;
    default: *count = 0; return NULL;
    }
}

bool host_param_yields(const struct runner_param *host, const struct runner_param *own) {
    return strcmp(own->name, "weight_decay") == 0 && strcmp(host->name, own->name) == 0 && host->type == own->type;
}

void catalog_clear(struct catalog *catalog) {
    arena_clear(&catalog->arena);
    *catalog = (struct catalog){0};
}

const struct catalog_component *catalog_find(const struct catalog *catalog, enum runner_kind kind, const char *name) {
    for (size_t i = 0; i < catalog->count; i++) {
        if (catalog->components[i].kind == kind && strcmp(catalog->components[i].name, name) == 0) {
            return &catalog->components[i];
        }
    }
    return NULL;
}

const struct catalog_param *catalog_param_find(const struct catalog_component *component, const char *name) {
    for (size_t i = 0; i < component->n_params; i++) {
        if (strcmp(component->params[i].name, name) == 0) {
            return &component->params[i];
        }
    }
    return NULL;
}

size_t catalog_count_name(const struct catalog *catalog, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < catalog->count; i++) {
        count += strcmp(catalog->components[i].name, name) == 0;
    }
    return count;
}

/* ---- As a tree ------------------------------------------------------------------------------------------------- */

static const struct mark nowhere;

static void put(struct arena *arena, struct tree *map, const char *key, struct tree *value) {
    tree_set(arena, map, key, nowhere, value);
}

static void put_text(struct arena *arena, struct tree *map, const char *key, const char *text) {
    put(arena, map, key, text ? tree_text(arena, nowhere, text) : tree_null(arena, nowhere));
}

static void put_texts(struct arena *arena, struct tree *map, const char *key, const char *const *texts, size_t count) {
    struct tree *list = tree_list(arena, nowhere);
    for (size_t i = 0; i < count; i++) {
        tree_append(arena, list, tree_text(arena, nowhere, texts[i]));
    }
    put(arena, map, key, list);
}

static struct tree *param_tree(struct arena *arena, const struct catalog_param *param) {
    struct tree *map = tree_map(arena, nowhere);
    put_text(arena, map, "name", param->name);
    put_text(arena, map, "doc", param->doc);
    put(arena, map, "type", tree_int(arena, nowhere, (int64_t)param->type));
    put(arena, map, "flags", tree_int(arena, nowhere, (int64_t)param->flags));
    put(arena, map, "kind", tree_int(arena, nowhere, (int64_t)param->kind));
    put_text(arena, map, "initial", param->initial);
    put(arena, map, "min", tree_float(arena, nowhere, param->min));
    put(arena, map, "max", tree_float(arena, nowhere, param->max));
    put_texts(arena, map, "choices", param->choices, param->n_choices);
    return map;
}

static struct tree *download_tree(struct arena *arena, const struct catalog_download *download) {
    struct tree *map = tree_map(arena, nowhere);
    put_text(arena, map, "file", download->file);
    put_text(arena, map, "sha256", download->sha256);
    put(arena, map, "size", tree_int(arena, nowhere, (int64_t)download->size));
    put_texts(arena, map, "urls", download->urls, download->n_urls);
    return map;
}

static struct tree *component_tree(struct arena *arena, const struct catalog_component *component) {
    struct tree *map = tree_map(arena, nowhere), *params = tree_list(arena, nowhere),
                *downloads = tree_list(arena, nowhere);
    put(arena, map, "kind", tree_int(arena, nowhere, (int64_t)component->kind));
    put_text(arena, map, "name", component->name);
    put_text(arena, map, "doc", component->doc);
    put_text(arena, map, "file", component->file);
    put_text(arena, map, "hash", component->hash);
    put_text(arena, map, "version", component->version);
    put_text(arena, map, "shadows", component->shadows);
    put(arena, map, "foreign", tree_int(arena, nowhere, component->foreign));
    put(arena, map, "own", tree_int(arena, nowhere, (int64_t)component->n_own));
    for (size_t i = 0; i < component->n_params; i++) {
        tree_append(arena, params, param_tree(arena, &component->params[i]));
    }
    put(arena, map, "params", params);
    for (size_t i = 0; i < component->n_downloads; i++) {
        tree_append(arena, downloads, download_tree(arena, &component->downloads[i]));
    }
    put(arena, map, "downloads", downloads);
    return map;
}

const struct tree *catalog_write(const struct catalog *catalog, struct arena *arena) {
    struct tree *root = tree_map(arena, nowhere), *components = tree_list(arena, nowhere);
    for (size_t i = 0; i < catalog->count; i++) {
        tree_append(arena, components, component_tree(arena, &catalog->components[i]));
    }
    put(arena, root, "components", components);
    put_texts(arena, root, "folders", catalog->folders, catalog->n_folders);
    put_texts(arena, root, "problems", catalog->problems, catalog->n_problems);
    return root;
}

/* Reading believes nothing: the tree comes from a process in which foreign code ran. `bad` is set at the first thing amiss. */

static const char *get_text(struct arena *arena, const struct tree *map, const char *key, bool optional, bool *bad) {
    const struct tree *value = tree_get(map, key);
    if (value && value->type == TREE_TEXT) {
        return arena_copy_text(arena, value->text);
    }
    *bad |= !value || !optional || value->type != TREE_NULL;
    return optional ? NULL : "";
}

static int64_t get_int(const struct tree *map, const char *key, int64_t min, int64_t max, bool *bad) {
    const struct tree *value = tree_get(map, key);
    if (value && value->type == TREE_INT && value->value.integer >= min && value->value.integer <= max) {
        return value->value.integer;
    }
    *bad = true;
    return min;
}

static double get_float(const struct tree *map, const char *key, bool *bad) {
    const struct tree *value = tree_get(map, key);
    if (value && value->type == TREE_FLOAT && !isnan(value->value.number)) {
        return value->value.number;
    }
    *bad = true;
    return 0;
}

static const struct tree *get_list(const struct tree *map, const char *key, bool *bad) {
    static const struct tree none = {.type = TREE_LIST};
    const struct tree *value = tree_get(map, key);
    if (value && value->type == TREE_LIST) {
        return value;
    }
    *bad = true;
    return &none;
}

static const char **get_texts(struct arena *arena, const struct tree *map, const char *key, size_t *count, bool *bad) {
    const struct tree *list = get_list(map, key, bad);
    const char **texts = arena_array(arena, list->count, sizeof *texts);
    *count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        *bad |= list->items[i]->type != TREE_TEXT;
        texts[i] = list->items[i]->type == TREE_TEXT ? arena_copy_text(arena, list->items[i]->text) : "";
    }
    return texts;
}

static void read_param(struct arena *arena, const struct tree *map, struct catalog_param *param, bool *bad) {
    param->name = get_text(arena, map, "name", false, bad);
    param->doc = get_text(arena, map, "doc", true, bad);
    param->type = (enum runner_type)get_int(map, "type", RUNNER_BOOL, RUNNER_TEXTS, bad);
    param->flags = (uint32_t)get_int(map, "flags", 0, UINT32_MAX, bad);
    param->kind = (enum runner_kind)get_int(map, "kind", 0, RUNNER_LAST_KIND, bad);
    param->initial = get_text(arena, map, "initial", true, bad);
    param->min = get_float(map, "min", bad);
    param->max = get_float(map, "max", bad);
    param->choices = get_texts(arena, map, "choices", &param->n_choices, bad);
}

static void read_download(struct arena *arena, const struct tree *map, struct catalog_download *download, bool *bad) {
    download->file = get_text(arena, map, "file", false, bad);
    download->sha256 = get_text(arena, map, "sha256", false, bad);
    download->size = (uint64_t)get_int(map, "size", 1, (int64_t)DOWNLOAD_SIZE_MOST, bad);
    download->urls = get_texts(arena, map, "urls", &download->n_urls, bad);
    *bad |=
        !download_file_is_well(download->file) || !download_sha256_is_well(download->sha256) || download->n_urls == 0;
    for (size_t i = 0; i < download->n_urls; i++) {
        *bad |= !download_url_is_well(download->urls[i]);
    }
}

static void read_component(struct arena *arena, const struct tree *map, struct catalog_component *component,
                           bool *bad) {
    component->kind = (enum runner_kind)get_int(map, "kind", RUNNER_DATASET, RUNNER_LAST_KIND, bad);
    component->name = get_text(arena, map, "name", false, bad);
    component->doc = get_text(arena, map, "doc", true, bad);
    component->file = get_text(arena, map, "file", false, bad);
    component->hash = get_text(arena, map, "hash", false, bad);
    component->version = get_text(arena, map, "version", true, bad);
    component->shadows = get_text(arena, map, "shadows", true, bad);
    component->foreign = get_int(map, "foreign", 0, 1, bad) != 0;
    const struct tree *params = get_list(map, "params", bad);
    component->n_params = params->count;
    component->n_own = (size_t)get_int(map, "own", 0, (int64_t)params->count, bad);
    component->params = arena_array(arena, params->count, sizeof *component->params);
    for (size_t i = 0; i < params->count; i++) {
        read_param(arena, params->items[i], &component->params[i], bad);
    }
    const struct tree *downloads = get_list(map, "downloads", bad);
    component->n_downloads = downloads->count;
    component->downloads = arena_array(arena, downloads->count, sizeof *component->downloads);
    for (size_t i = 0; i < downloads->count; i++) {
        read_download(arena, downloads->items[i], &component->downloads[i], bad);
    }
}

enum status catalog_read(const struct tree *tree, struct catalog *catalog, struct error *error) {
    *catalog = (struct catalog){0};
    arena_init(&catalog->arena);
    bool bad = !tree;
    const struct tree *list = get_list(tree, "components", &bad);
    catalog->components = arena_array(&catalog->arena, list->count, sizeof *catalog->components);
    catalog->count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        read_component(&catalog->arena, list->items[i], &catalog->components[i], &bad);
    }
    catalog->folders = get_texts(&catalog->arena, tree, "folders", &catalog->n_folders, &bad);
    catalog->problems = get_texts(&catalog->arena, tree, "problems", &catalog->n_problems, &bad);
    if (bad) {
        catalog_clear(catalog);
        return error_set(error, STATUS_ENVIRONMENT,
                         "the list of plugins came back damaged; a plugin may have broken its process");
    }
    return STATUS_OK;
}

#include "runner/config/resolve.h"

#include "runner/base/hash.h"
#include "runner/host/params.h"

#include <stdlib.h>
#include <string.h>

const char *const section_names[N_SECTIONS] = {"dataset",   "model", "loss",   "optimizer", "metrics",
                                               "callbacks", "train", "engine", "init",      "save"};

struct known_section {
    struct known_section *next;
    struct hash128 hash;
    enum section section;
    const struct tree *resolved; /* NULL: it has mistakes, which are reported */
    bool rows_known;
    enum status rows_status;
    int64_t rows;
    struct error *rows_error;
};

void resolver_init(struct resolver *resolver, const struct experiment_source *source, const struct catalog *catalog,
                   struct arena *arena, struct diagnostics *diagnostics) {
    *resolver = (struct resolver){.source = source, .catalog = catalog, .diagnostics = diagnostics};
    tree_share_init(&resolver->share, arena);
    arena_init(&resolver->known);
    resolver->n_buckets = 1024;
    resolver->buckets = memory_alloc(resolver->n_buckets, sizeof(struct known_section *));
}

void resolver_clear(struct resolver *resolver) {
    free(resolver->buckets);
    arena_clear(&resolver->known);
    tree_share_clear(&resolver->share);
    *resolver = (struct resolver){0};
}

static void grow(struct resolver *resolver) {
    size_t count = 4 * resolver->n_buckets;
    struct known_section **buckets = memory_alloc(count, sizeof(struct known_section *));
    for (size_t i = 0; i < resolver->n_buckets; i++) {
        for (struct known_section *at = resolver->buckets[i], *next; at; at = next) {
            next = at->next;
            at->next = buckets[at->hash.low % count];
            buckets[at->hash.low % count] = at;
        }
    }
    free(resolver->buckets);
    resolver->buckets = buckets;
    resolver->n_buckets = count;
}

/* Paths of files are relative to the file that names them, so equal text from another file is not the same. */
static void write_files(const struct tree *tree, const char **last, struct text *key) {
    if (tree->mark.file && tree->mark.file != *last) {
        *last = tree->mark.file;
        text_printf(key, "\n%s", *last);
    }
    for (size_t i = 0; i < tree->count; i++) {
        write_files(tree->items[i], last, key);
    }
}

/* Finds the section, or adds it with `resolved` NULL and `*is_new` true. */
static struct known_section *find(struct resolver *resolver, enum section section, const struct tree *raw,
                                  bool *is_new) {
    struct text key;
    text_init(&key);
    text_printf(&key, "%d", (int)section);
    if (raw) {
        const char *last = NULL;
        tree_write(raw, &key);
        write_files(raw, &last, &key);
    }
    struct hash128 hash = hash128_of(key.data, key.length);
    struct known_section *known = resolver->buckets[hash.low % resolver->n_buckets];
    while (known && !(known->section == section && hash128_equal(known->hash, hash))) {
        known = known->next;
    }
    *is_new = !known;
    if (!known) {
        if (++resolver->n_known > 2 * resolver->n_buckets) {
            grow(resolver);
        }
        known = arena_alloc(&resolver->known, sizeof *known);
        struct known_section **bucket = &resolver->buckets[hash.low % resolver->n_buckets];
        *known = (struct known_section){.next = *bucket, .hash = hash, .section = section};
        *bucket = known;
    }
    text_clear(&key);
    return known;
}

static struct tree *resolve_components(const struct resolver *resolver, const char *section, enum runner_kind kind,
                                       const struct tree *value, struct diagnostics *diagnostics) {
    if (value->type != TREE_LIST) {
        diagnostics_error(diagnostics, value->mark, "%s is %s; wanted a list of %ss", section,
                          tree_type_name(value->type), runner_kind_name(kind));
        return NULL;
    }
    struct tree *resolved = tree_list(resolver->arena, value->mark);
    bool well = true;
    for (size_t i = 0; i < value->count; i++) {
        const char *what = arena_printf(resolver->arena, "%s.%zu", section, i);
        struct tree *item =
            component_resolve(resolver->catalog, kind, value->items[i], what, resolver->arena, diagnostics);
        well = well && item;
        if (item) {
            tree_append(resolver->arena, resolved, item);
        }
    }
    return well ? resolved : NULL;
}

static struct tree *resolve_model(const struct resolver *resolver, const struct tree *value,
                                  struct diagnostics *diagnostics) {
    if (value->type == TREE_LIST && value->count == 0) {
        diagnostics_error(diagnostics, value->mark, "model is an empty list; wanted at least one layer");
        return NULL;
    }
    return resolve_components(resolver, "model", RUNNER_LAYER, value, diagnostics);
}

/* A list that may be missing. */
static struct tree *resolve_optional(const struct resolver *resolver, const char *section, enum runner_kind kind,
                                     const struct tree *value, struct diagnostics *diagnostics) {
    if (!value || value->type == TREE_NULL) {
        return tree_list(resolver->arena, value ? value->mark : (struct mark){0});
    }
    return resolve_components(resolver, section, kind, value, diagnostics);
}

static struct tree *resolve_metrics(const struct resolver *resolver, const struct tree *value,
                                    struct diagnostics *diagnostics) {
    struct tree *resolved = resolve_optional(resolver, "metrics", RUNNER_METRIC, value, diagnostics);
    for (size_t i = 0; resolved && i < resolved->count; i++) {
        const char *name = component_name(resolved->items[i]);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(component_name(resolved->items[j]), name) == 0) {
                diagnostics_error(diagnostics, resolved->items[i]->mark, "metric '%s' is listed twice", name);
                return NULL;
            }
        }
    }
    return resolved;
}

static struct tree *resolve_section(const struct resolver *resolver, enum section section, const struct tree *value,
                                    struct mark mark, struct diagnostics *diagnostics) {
    static const enum runner_kind kinds[N_SECTIONS] = {
        [SECTION_DATASET] = RUNNER_DATASET, [SECTION_LOSS] = RUNNER_LOSS, [SECTION_OPTIMIZER] = RUNNER_OPTIMIZER};
    switch (section) {
    case SECTION_TRAIN: return resolve_train(resolver->catalog, value, mark, resolver->arena, diagnostics);
    case SECTION_ENGINE: return resolve_engine(resolver->catalog, value, mark, resolver->arena, diagnostics);
    case SECTION_INIT: return resolve_init(resolver->catalog, value, resolver->arena, diagnostics);
    case SECTION_SAVE: return resolve_save(value, resolver->arena, diagnostics);
    case SECTION_METRICS: return resolve_metrics(resolver, value, diagnostics);
    case SECTION_CALLBACKS: return resolve_optional(resolver, "callbacks", RUNNER_CALLBACK, value, diagnostics);
    case SECTION_MODEL:
    case SECTION_DATASET:
    case SECTION_LOSS:
    case SECTION_OPTIMIZER: break;
    }
    if (!value || value->type == TREE_NULL) {
        diagnostics_error(diagnostics, value ? value->mark : mark, "'%s' is missing", section_names[section]);
        return NULL;
    }
    if (section == SECTION_MODEL) {
        return resolve_model(resolver, value, diagnostics);
    }
    return component_resolve(resolver->catalog, kinds[section], value, section_names[section], resolver->arena,
                             diagnostics);
}

/* Mistakes of values that could not be made are told already. */
static void keep_others(struct resolver *resolver, const struct scope *scope, const struct diagnostics *found) {
    for (size_t i = 0; i < found->count; i++) {
        const struct diagnostic *item = &found->items[i];
        if (scope_is_bad(scope, item->mark)) {
            continue;
        }
        if (item->severity == SEVERITY_ERROR) {
            diagnostics_error(resolver->diagnostics, item->mark, "%s", item->message);
        } else {
            diagnostics_warning(resolver->diagnostics, item->mark, "%s", item->message);
        }
    }
}

static struct known_section *need(struct resolver *resolver, struct scope *scope, enum section section) {
    scope_evaluate(scope, section_names[section]);
    const struct tree *raw = tree_get(scope->root, section_names[section]);
    bool is_new;
    struct known_section *known = find(resolver, section, raw, &is_new);
    if (is_new) {
        struct mark mark = raw ? raw->mark : scope->raw->mark;
        struct diagnostics found;
        diagnostics_init(&found);
        struct arena arena, *outer = resolver->arena;
        arena_init(&arena);
        resolver->arena = &arena;
        const struct tree *resolved = resolve_section(resolver, section, raw, mark, &found);
        resolver->arena = outer;
        known->resolved = resolved ? tree_share_add(&resolver->share, resolved) : NULL;
        arena_clear(&arena);
        keep_others(resolver, scope, &found);
        diagnostics_clear(&found);
    }
    return known;
}

static enum status full_rows(void *context, struct scope *scope, double *rows, struct error *error) {
    struct resolver *resolver = context;
    struct known_section *known = need(resolver, scope, SECTION_DATASET);
    *error = (struct error){0};
    if (!known->resolved) {
        return STATUS_CONFIG;
    }
    if (!known->rows_known) {
        known->rows_error = arena_alloc(&resolver->known, sizeof *known->rows_error);
        known->rows_status = resolver->source->rows(resolver->source->context, known->resolved,
                                                    resolver->data_time_limit, &known->rows, known->rows_error);
        known->rows_known = true;
    }
    *rows = (double)known->rows;
    *error = *known->rows_error;
    return known->rows_status;
}

const struct tree *resolver_point(struct resolver *resolver, const struct tree *root) {
    struct arena arena;
    arena_init(&arena);
    size_t errors = resolver->diagnostics->errors;
    struct scope scope = {.catalog = resolver->catalog,
                          .arena = &arena,
                          .diagnostics = resolver->diagnostics,
                          .full_rows = resolver->source->rows ? full_rows : NULL,
                          .context = resolver};
    scope_open(&scope, root);
    scope_fill(&scope, section_names, N_SECTIONS);
    struct tree *point = tree_map(&arena, root->mark);
    bool well = true;
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const struct known_section *known = need(resolver, &scope, (enum section)i);
        well = well && known->resolved;
        if (known->resolved) {
            tree_set(&arena, point, section_names[i], known->resolved->mark, (struct tree *)known->resolved);
        }
    }
    well = well && scope.n_bad == 0 && resolver->diagnostics->errors == errors;
    const struct tree *shared = well ? tree_share_top(&resolver->share, point) : NULL;
    arena_clear(&arena);
    return shared;
}

#include "runner/config/resolve.h"

#include "runner/base/hash.h"
#include "runner/config/dependence.h"
#include "runner/host/params.h"

#include <string.h>

const char *const section_names[N_SECTIONS] = {"dataset",   "model", "loss",   "optimizer", "metrics",
                                               "callbacks", "train", "engine", "init",      "save"};

struct known_rows {
    enum status status;
    int64_t rows;
    struct error error;
};

struct known_section {
    struct hash128 hash;
    const struct tree *resolved; /* NULL: it has mistakes, which are reported */
    struct known_rows *rows;     /* of a data set; NULL: not asked for yet */
};

/* What was made of a section where these settings hold. */
struct made_section {
    struct hash128 key;
    const struct known_section *known; /* NULL: there are mistakes, which are reported */
};

void resolver_init(struct resolver *resolver, const struct experiment_source *source, const struct catalog *catalog,
                   struct arena *arena, struct diagnostics *diagnostics) {
    *resolver = (struct resolver){.source = source, .catalog = catalog, .diagnostics = diagnostics};
    tree_share_init(&resolver->share, arena);
    arena_init(&resolver->known);
}

void resolver_clear(struct resolver *resolver) {
    hash_table_clear(&resolver->sections);
    hash_table_clear(&resolver->made);
    arena_clear(&resolver->known);
    tree_share_clear(&resolver->share);
    *resolver = (struct resolver){0};
}

static bool same_section(const void *item, const void *wanted) {
    return hash128_equal(((const struct known_section *)item)->hash, *(const struct hash128 *)wanted);
}

static bool same_made(const void *item, const void *wanted) {
    return hash128_equal(((const struct made_section *)item)->key, *(const struct hash128 *)wanted);
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
    struct known_section *known = hash_table_find(&resolver->sections, hash.low, same_section, &hash);
    *is_new = !known;
    if (!known) {
        known = arena_alloc(&resolver->known, sizeof *known);
        *known = (struct known_section){.hash = hash};
        hash_table_add(&resolver->sections, hash.low, known);
    }
    text_clear(&key);
    return known;
}

static struct tree *resolve_components(const struct resolver *resolver, const char *section, enum runner_kind kind,
                                       const struct tree *value, struct diagnostics *diagnostics) {
    if (value->type != TREE_LIST) {
        const bool name = value->type == TREE_TEXT;
        diagnostics_error(diagnostics, value->mark, "%s is %s; wanted a list of %ss%s%.60s%s", section,
                          tree_type_name(value->type), runner_kind_name(kind), name ? ", such as [" : "",
                          name ? value->text : "", name ? "]" : "");
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
    scope_fill(scope, &section_names[section], 1);
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
    if (!known->rows) {
        struct known_rows *found = known->rows = arena_alloc(&resolver->known, sizeof *found);
        found->status = resolver->source->rows(resolver->source->context, known->resolved, resolver->data_time_limit,
                                               &found->rows, &found->error);
    }
    *rows = (double)known->rows->rows;
    *error = known->rows->error;
    return known->rows->status;
}

static struct hash128 key_of(size_t section, const struct setting *const *settings, size_t n_settings,
                             uint32_t *numbers) {
    size_t count = 0;
    numbers[count++] = (uint32_t)section;
    for (size_t i = 0; i < n_settings; i++) {
        if (settings[i]->dependent >> section & 1) {
            numbers[count++] = settings[i]->number;
        }
    }
    return hash128_of(numbers, count * sizeof *numbers);
}

static void remember(struct resolver *resolver, struct hash128 key, const struct known_section *known) {
    struct made_section *made = arena_alloc(&resolver->known, sizeof *made);
    *made = (struct made_section){key, known};
    hash_table_add(&resolver->made, key.low, made);
}

/* Makes the parts that no point before had with the same settings. False where there are mistakes. */
static bool make(struct resolver *resolver, const struct tree *root, const struct hash128 *keys, const bool *is_new,
                 const struct known_section **sections) {
    struct arena arena;
    arena_init(&arena);
    size_t errors = resolver->diagnostics->errors;
    struct scope scope = {.catalog = resolver->catalog,
                          .arena = &arena,
                          .diagnostics = resolver->diagnostics,
                          .full_rows = resolver->source->rows ? full_rows : NULL,
                          .context = resolver};
    scope_open(&scope, root);
    if (is_new[DEPENDENCE_LETS]) {
        scope_fill_lets(&scope);
    }
    for (size_t i = 0; i < N_SECTIONS; i++) {
        scope_fill(&scope, &section_names[i], is_new[i]);
    }
    bool well = true;
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (is_new[i]) {
            sections[i] = need(resolver, &scope, (enum section)i);
            well = well && sections[i]->resolved;
        }
    }
    well = well && scope.n_bad == 0 && resolver->diagnostics->errors == errors;
    for (size_t i = 0; i < N_DEPENDENT; i++) {
        if (is_new[i]) {
            remember(resolver, keys[i], well && i < N_SECTIONS ? sections[i] : NULL);
        }
    }
    scope_close(&scope);
    arena_clear(&arena);
    return well;
}

bool resolver_point(struct resolver *resolver, const struct grid *grid, const struct setting *const *settings,
                    size_t n_settings, const struct tree *sections[N_SECTIONS]) {
    struct arena arena;
    arena_init(&arena);
    const struct known_section *known[N_SECTIONS] = {NULL};
    struct hash128 keys[N_DEPENDENT];
    bool is_new[N_DEPENDENT], any_new = false, well = true;
    uint32_t *numbers = arena_array(&arena, n_settings + 1, sizeof *numbers);
    for (size_t i = 0; i < N_DEPENDENT; i++) {
        keys[i] = key_of(i, settings, n_settings, numbers);
        const struct made_section *made = hash_table_find(&resolver->made, keys[i].low, same_made, &keys[i]);
        is_new[i] = !made;
        any_new = any_new || is_new[i];
        if (i < N_SECTIONS && made) {
            known[i] = made->known;
            well = well && made->known;
        }
    }
    if (any_new) {
        const struct tree *root = grid_apply(grid, settings, n_settings, &arena);
        well = root && make(resolver, root, keys, is_new, known) && well;
    }
    arena_clear(&arena);
    for (size_t i = 0; i < N_SECTIONS && well; i++) {
        sections[i] = known[i]->resolved;
    }
    return well;
}

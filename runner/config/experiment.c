#include "runner/config/experiment.h"

#include "runner/base/interrupt.h"
#include "runner/config/dependence.h"
#include "runner/config/emit.h"
#include "runner/config/grid.h"
#include "runner/config/guess.h"
#include "runner/config/include.h"
#include "runner/config/limits.h"
#include "runner/config/override.h"
#include "runner/config/questions.h"
#include "runner/config/resolve.h"
#include "runner/config/scope.h"
#include "runner/host/params_words.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TRIALS = 1000000, MAX_NAME = 100 };
#define NONE UINT32_MAX /* in place of NO_LABEL */

static const char *const top_keys[] = {
    "experiment", "description",  "include",         "dataset",  "let",    "model",  "loss",  "optimizer", "metrics",
    "callbacks",  "train",        "engine",          "init",     "save",   "grid",   "cases", "seeds",     "report",
    "time_limit", "memory_limit", "data_time_limit", "baseline", "claims", "targets"};
enum { N_TOP_KEYS = sizeof top_keys / sizeof top_keys[0] };

struct load {
    const struct catalog *catalog;
    struct diagnostics *diagnostics;
    struct experiment *experiment;
    struct tree *root;
    struct grid grid;
    struct resolver resolver;
    const struct interrupt *interrupt;
    size_t visited;
};

const char *const *experiment_keys(size_t *count) {
    *count = N_TOP_KEYS;
    return top_keys;
}

/* What others call it; NULL where it is none of their words. */
static const char *known_as(const char *key) {
    static const char *const words[][2] = {{"name", "experiment"}, {"layers", "model"}, {"network", "model"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(key, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return NULL;
}

static void unknown_top_key(const struct load *load, size_t at) {
    struct arena *arena = &load->experiment->arena;
    const char *key = load->root->keys[at], *near = known_as(key), *entry = NULL;
    if (!near && !load->diagnostics->dropped) { /* a hostile config has many */
        entry = guess_entry(load->catalog, load->root, key, false, arena);
        near = text_nearest(key, top_keys, N_TOP_KEYS);
        entry = entry || near ? entry : guess_entry(load->catalog, load->root, key, true, arena);
    }
    struct text meant;
    text_init(&meant);
    if (near || entry) {
        text_printf(&meant, "; did you mean %s%s%s%s%s?", near ? "'" : "", near ? near : "", near ? "'" : "",
                    near && entry ? " or " : "", entry ? entry : "");
    } else {
        words_list("; known: ", top_keys, N_TOP_KEYS, &meant);
    }
    diagnostics_error(load->diagnostics, load->root->key_marks[at], "unknown key '%.60s'%s", key, meant.data);
    text_clear(&meant);
}

static void check_top_keys(const struct load *load) {
    for (size_t i = 0; i < load->root->count; i++) {
        if (!text_among(load->root->keys[i], top_keys, N_TOP_KEYS)) {
            unknown_top_key(load, i);
        }
    }
}

static void check_lets(const struct load *load) {
    const struct tree *lets = tree_get(load->root, "let");
    if (!lets || lets->type == TREE_NULL) {
        return;
    }
    if (lets->type != TREE_MAP) {
        diagnostics_error(load->diagnostics, lets->mark, "let is %s; wanted a map {NAME: VALUE, ...}",
                          tree_type_name(lets->type));
        return;
    }
    for (size_t i = 0; i < lets->count; i++) {
        if (!scope_is_name(lets->keys[i])) {
            diagnostics_error(load->diagnostics, lets->key_marks[i],
                              "'%.60s' cannot be a name of 'let'; wanted letters, digits and '_', not a digit first",
                              lets->keys[i]);
        } else if (text_among(lets->keys[i], top_keys, N_TOP_KEYS)) {
            diagnostics_error(load->diagnostics, lets->key_marks[i],
                              "'%s' cannot be a name of 'let': it is a key of the config", lets->keys[i]);
        }
    }
}

/* ---- Name, description, report ----------------------------------------------------------------------------------- */

static bool is_safe_name(const char *name) {
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (!*name || !strchr(first, *name) || strlen(name) > MAX_NAME) {
        return false;
    }
    for (; *name; name++) {
        if (!strchr(first, *name) && !strchr("._-", *name)) {
            return false;
        }
    }
    return true;
}

static void read_name(struct load *load) {
    struct experiment *experiment = load->experiment;
    const struct tree *name = tree_get(load->root, "experiment");
    if (name && (!tree_is_scalar(name) || name->type == TREE_NULL || !is_safe_name(name->text))) {
        diagnostics_error(
            load->diagnostics, name->mark,
            "experiment is %s%s%s; wanted the name of a folder: letters, digits, '.', '_' and '-', a letter or "
            "digit first, at most %d of them",
            tree_is_scalar(name) ? "'" : "", tree_is_scalar(name) ? name->text : tree_type_name(name->type),
            tree_is_scalar(name) ? "'" : "", MAX_NAME);
        return;
    }
    if (name) {
        experiment->name = name->text;
        return;
    }
    const char *slash = strrchr(experiment->file, '/'), *base = slash ? slash + 1 : experiment->file;
    const char *point = strrchr(base, '.');
    size_t length = point && point > base ? (size_t)(point - base) : strlen(base);
    experiment->name = arena_copy_bytes(&experiment->arena, base, length);
    if (!is_safe_name(experiment->name)) {
        diagnostics_error(load->diagnostics, (struct mark){.file = experiment->file},
                          "the file's name gives no name of a folder; give one with 'experiment: NAME'");
    }
}

static void read_description(struct load *load) {
    const struct tree *description = tree_get(load->root, "description");
    if (description && !tree_is_scalar(description)) {
        diagnostics_error(load->diagnostics, description->mark, "description is %s; wanted text",
                          tree_type_name(description->type));
    } else if (description && description->type != TREE_NULL) {
        load->experiment->description = description->text;
    }
}

static void read_report(struct load *load) {
    const struct tree *report = tree_get(load->root, "report");
    if (!report || report->type == TREE_NULL) {
        return;
    }
    if (report->type != TREE_MAP) {
        diagnostics_error(load->diagnostics, report->mark, "report is %s; wanted a map {lecture: true}",
                          tree_type_name(report->type));
        return;
    }
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->keys[i], "lecture") != 0) {
            diagnostics_error(load->diagnostics, report->key_marks[i], "unknown key '%.60s' of report; known: lecture",
                              report->keys[i]);
        } else if (report->items[i]->type != TREE_BOOL) {
            diagnostics_error(load->diagnostics, report->items[i]->mark, "report.lecture is %s; wanted true or false",
                              tree_is_scalar(report->items[i]) ? report->items[i]->text
                                                               : tree_type_name(report->items[i]->type));
        }
    }
    load->experiment->report = report;
}

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

static int compare_seeds(const void *first, const void *second) {
    int64_t a = *(const int64_t *)first, b = *(const int64_t *)second;
    return a < b ? -1 : a > b;
}

static void read_seed_list(struct load *load, const struct tree *list) {
    struct experiment *experiment = load->experiment;
    size_t count = list->count;
    experiment->seeds = arena_array(&experiment->arena, count + 1, sizeof *experiment->seeds);
    if (count == 0) {
        diagnostics_error(load->diagnostics, list->mark, "seeds is an empty list; wanted at least one seed");
    }
    for (size_t i = 0; i < count; i++) {
        const struct tree *item = list->items[i];
        if (item->type != TREE_INT || item->value.integer < 0 || item->value.integer > (1LL << 53)) {
            diagnostics_error(load->diagnostics, item->mark, "a seed is %s; wanted an integer from 0 to 2^53",
                              tree_is_scalar(item) ? item->text : tree_type_name(item->type));
            return;
        }
        experiment->seeds[experiment->n_seeds++] = item->value.integer;
    }
    int64_t *sorted = memory_alloc(count + 1, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = experiment->seeds[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_seeds);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i] == sorted[i - 1]) {
            diagnostics_error(load->diagnostics, list->mark, "seed %lld is listed twice", (long long)sorted[i]);
        }
    }
    free(sorted);
}

/* Not more than MAX_TRIALS of them: the number of trials is checked by the caller. */
static void read_seeds(struct load *load, const struct tree *seeds) {
    struct experiment *experiment = load->experiment;
    if (seeds->type == TREE_LIST) {
        read_seed_list(load, seeds);
        return;
    }
    if (seeds->type != TREE_INT || seeds->value.integer < 1) {
        diagnostics_error(load->diagnostics, seeds->mark,
                          "seeds is %s; wanted a number of seeds from 1, or a list of seeds",
                          tree_is_scalar(seeds) ? seeds->text : tree_type_name(seeds->type));
        return;
    }
    if (seeds->value.integer > MAX_TRIALS) {
        diagnostics_error(load->diagnostics, seeds->mark, "seeds is %s; more than %d trials are refused", seeds->text,
                          MAX_TRIALS);
        return;
    }
    experiment->n_seeds = (size_t)seeds->value.integer;
    experiment->seeds = arena_array(&experiment->arena, experiment->n_seeds, sizeof *experiment->seeds);
    for (size_t i = 0; i < experiment->n_seeds; i++) {
        experiment->seeds[i] = (int64_t)i;
    }
}

static void load_seeds(struct load *load) {
    struct experiment *experiment = load->experiment;
    struct tree *seeds = tree_get(load->root, "seeds");
    struct scope scope = {.catalog = load->catalog, .arena = &experiment->arena, .diagnostics = load->diagnostics};
    if (!seeds) {
        seeds = tree_int(&experiment->arena, (struct mark){0}, 1);
    }
    scope_open(&scope, load->root);
    seeds = scope_value(&scope, seeds, "seeds");
    scope_close(&scope);
    if (seeds) {
        read_seeds(load, seeds);
    }
}

/* ---- Points ------------------------------------------------------------------------------------------------------ */

/* After a mistake no point is looked at, so those that have some may leave gaps. */
static void set_section(struct experiment *experiment, size_t point, enum section section, const struct tree *tree) {
    struct section_trees *trees = &experiment->sections[section];
    if (point == 0) {
        trees->first = tree;
    } else if (trees->others == NULL && tree != trees->first) {
        trees->others = arena_array(&experiment->trees, experiment->n_points, sizeof(struct tree *));
        for (size_t p = 0; p < point; p++) {
            trees->others[p] = trees->first;
        }
    }
    if (trees->others != NULL) {
        trees->others[point] = tree;
    }
}

static void visit(void *context, const size_t *labels, const struct setting *const *settings, size_t n_settings) {
    struct load *load = context;
    struct experiment *experiment = load->experiment;
    if (interrupt_check(load->interrupt, NULL) != STATUS_OK)
        return;
    size_t point = load->visited++;
    const struct tree *sections[N_SECTIONS];
    if (resolver_point(&load->resolver, &load->grid, settings, n_settings, sections)) {
        for (size_t i = 0; i < N_SECTIONS; i++) {
            set_section(experiment, point, (enum section)i, sections[i]);
        }
    }
    for (size_t a = 0; a < experiment->n_axes; a++) {
        experiment->labels[point * experiment->n_axes + a] = labels[a] == NO_LABEL ? NONE : (uint32_t)labels[a];
    }
}

static bool small_enough(const struct load *load, size_t points) {
    size_t seeds = load->experiment->n_seeds > 0 ? load->experiment->n_seeds : 1, trials;
    bool over = __builtin_mul_overflow(points, seeds, &trials);
    if (!over && trials <= MAX_TRIALS) {
        return true;
    }
    const char *section = tree_find(load->root, "grid") >= 0 ? "grid" : "cases";
    ptrdiff_t at = tree_find(load->root, section);
    struct mark mark = at >= 0 ? load->root->key_marks[at] : load->root->mark;
    if (points == SIZE_MAX || over) {
        diagnostics_error(load->diagnostics, mark, "the grid has too many trials to count; more than %d are refused",
                          MAX_TRIALS);
    } else {
        diagnostics_error(load->diagnostics, mark,
                          "the grid has %zu trials (%zu points, %zu seeds); more than %d are refused", trials, points,
                          seeds, MAX_TRIALS);
    }
    return false;
}

static void load_points(struct load *load, const struct experiment_source *source) {
    struct experiment *experiment = load->experiment;
    grid_read(&load->grid, load->catalog, load->root, &experiment->arena, load->diagnostics);
    size_t count = grid_count(&load->grid);
    if (!small_enough(load, count)) {
        grid_clear(&load->grid);
        return;
    }
    experiment->axes = load->grid.columns;
    experiment->n_axes = load->grid.n_columns;
    experiment->n_points = count;
    experiment->mark = load->root->mark;
    experiment->labels = arena_array(&experiment->arena, count * experiment->n_axes, sizeof *experiment->labels);
    resolver_init(&load->resolver, source, load->catalog, &experiment->trees, load->diagnostics);
    dependence_find(&load->grid);
    load->resolver.data_time_limit = experiment->limits.data_time;
    grid_expand(&load->grid, visit, load);
    resolver_clear(&load->resolver);
    grid_clear(&load->grid);
}

/* Whether the axis' label alone tells the data set, and not all are the same. */
static bool tells_dataset(const struct experiment *experiment, size_t axis) {
    const struct tree **first = memory_alloc(experiment->axes[axis].count + 1, sizeof *first);
    bool tells = true, differ = false;
    for (size_t p = 0; p < experiment->n_points && tells; p++) {
        size_t label = experiment_label(experiment, p, axis);
        const struct tree **seen = &first[label == NO_LABEL ? experiment->axes[axis].count : label];
        const struct tree *dataset = experiment_section(experiment, p, SECTION_DATASET);
        tells = *seen == NULL || tree_equal(*seen, dataset);
        differ = differ || !tree_equal(experiment_section(experiment, 0, SECTION_DATASET), dataset);
        *seen = *seen == NULL ? dataset : *seen;
    }
    free(first);
    return tells && differ;
}

enum status experiment_load(const struct experiment_source *source, const struct catalog *catalog,
                            struct diagnostics *diagnostics, struct experiment *experiment) {
    *experiment = (struct experiment){0};
    arena_init(&experiment->arena);
    arena_init(&experiment->trees);
    experiment->file = arena_copy_text(&experiment->arena, source->file);
    size_t errors = diagnostics->errors;
    struct load load = {
        .catalog = catalog, .diagnostics = diagnostics, .experiment = experiment, .interrupt = source->interrupt};
    load.root = include_read(source->file, catalog, &experiment->arena, diagnostics);
    if (!load.root) {
        return STATUS_CONFIG;
    }
    check_top_keys(&load);
    load.root = override_apply(catalog, load.root, source->overrides, source->n_overrides, &experiment->arena,
                               diagnostics, &experiment->overrides, &experiment->n_overrides);
    check_lets(&load);
    read_name(&load);
    read_description(&load);
    read_report(&load);
    limits_read(load.root, &experiment->limits, diagnostics);
    load_seeds(&load);
    load_points(&load, source);
    if (interrupt_check(source->interrupt, NULL) != STATUS_OK) {
        return STATUS_INTERRUPTED;
    }
    if (diagnostics->errors > errors) {
        return STATUS_CONFIG;
    }
    for (size_t a = 0; a < experiment->n_axes; a++)
        experiment->axes[a].dataset = experiment->axes[a].dataset && tells_dataset(experiment, a);
    questions_read(load.root, experiment, diagnostics);
    if (diagnostics->errors > errors) {
        return STATUS_CONFIG;
    }
    experiment->n_trials = experiment->n_points * experiment->n_seeds;
    experiment->config = emit_config(experiment, catalog, &experiment->trees);
    return STATUS_OK;
}

void experiment_drop_trees(struct experiment *experiment) {
    memset(experiment->sections, 0, sizeof experiment->sections);
    experiment->config = NULL;
    arena_clear(&experiment->trees);
}

void experiment_clear(struct experiment *experiment) {
    arena_clear(&experiment->trees);
    arena_clear(&experiment->arena);
    *experiment = (struct experiment){0};
}

/* ---- Points, once loaded -------------------------------------------------------------------------------------------- */

size_t experiment_label(const struct experiment *experiment, size_t point, size_t axis) {
    uint32_t label = experiment->labels[point * experiment->n_axes + axis];
    return label == NONE ? NO_LABEL : label;
}

const struct tree *experiment_section(const struct experiment *experiment, size_t point, enum section section) {
    const struct section_trees *trees = &experiment->sections[section];
    return trees->others != NULL ? trees->others[point] : trees->first;
}

const struct tree *experiment_point(const struct experiment *experiment, size_t point, struct point *room) {
    for (size_t i = 0; i < N_SECTIONS; i++) {
        room->sections[i] = (struct tree *)experiment_section(experiment, point, (enum section)i);
        room->marks[i] = room->sections[i]->mark;
    }
    room->tree = (struct tree){.type = TREE_MAP,
                               .mark = experiment->mark,
                               .count = N_SECTIONS,
                               .items = room->sections,
                               .keys = (const char **)section_names,
                               .key_marks = room->marks};
    return &room->tree;
}

/* ---- Trials ------------------------------------------------------------------------------------------------------ */

static void fill_seed(struct tree *train, const char *key, int64_t seed, struct arena *arena) {
    struct tree *value = tree_get(train, key);
    if (value && value->type == TREE_NULL) {
        tree_set(arena, train, key, value->mark, tree_int(arena, value->mark, seed));
    }
}

struct tree *experiment_seeded(const struct tree *point, int64_t seed, struct arena *arena) {
    struct tree *tree = tree_copy(arena, point);
    struct tree *train = tree_get(tree, "train");
    fill_seed(train, "init_seed", seed, arena);
    fill_seed(train, "order_seed", seed, arena);
    tree_set(arena, tree, "seed", (struct mark){0}, tree_int(arena, (struct mark){0}, seed));
    return tree;
}

struct trial experiment_trial(const struct experiment *experiment, size_t trial) {
    return (struct trial){.point = trial / experiment->n_seeds, .seed = experiment->seeds[trial % experiment->n_seeds]};
}

struct tree *experiment_trial_tree(const struct experiment *experiment, size_t trial, struct arena *arena) {
    struct trial wanted = experiment_trial(experiment, trial);
    struct point point;
    return experiment_seeded(experiment_point(experiment, wanted.point, &point), wanted.seed, arena);
}

const struct tree *experiment_node(const struct tree *resolved, const char *path) {
    struct arena arena;
    arena_init(&arena);
    struct path segments;
    struct error error;
    const struct tree *node = resolved;
    if (path_read(path, &arena, &segments, &error) != STATUS_OK) {
        segments.count = 0;
    }
    for (size_t i = 0; i < segments.count; i++) {
        int64_t index;
        const struct tree *next = tree_get(node, segments.segments[i]);
        if (!next && node->type == TREE_LIST && number_read_int(segments.segments[i], &index) && index >= 0 &&
            (uint64_t)index < node->count) {
            next = node->items[index];
        }
        if (!next) {
            break;
        }
        node = next;
    }
    arena_clear(&arena);
    return node;
}

#include "runner/host/params.h"

#include "runner/base/yaml.h"
#include "runner/host/params_words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Components that are being resolved because a default named them: a default that leads back to itself ends here. */
struct chain {
    const struct chain *above;
    const struct catalog_component *component;
};

struct resolver {
    const struct catalog *catalog;
    struct arena *arena;
    struct diagnostics *diagnostics;
};

/* Where a value stands: its name in messages, and whether it is a default. */
struct spot {
    const char *what;
    bool is_default;
    const struct chain *chain;
};

static struct tree *resolve_component(const struct resolver *resolver, enum runner_kind kind, const struct tree *value,
                                      struct spot spot);
static struct tree *resolve_param(const struct resolver *resolver, const struct catalog_param *param,
                                  const struct tree *value, struct spot spot);

void catalog_param_from_table(const struct runner_param *table, struct arena *arena, struct catalog_param *param) {
    *param = (struct catalog_param){
        .name = table->name,
        .doc = table->doc,
        .type = (enum runner_type)table->type,
        .flags = table->flags,
        .kind = table->type == RUNNER_RATE ? RUNNER_SCHEDULE : (enum runner_kind)table->kind,
        .initial = table->initial,
        .min = table->min,
        .max = table->max,
    };
    while (table->choices && table->choices[param->n_choices]) {
        param->n_choices++;
    }
    param->choices = arena_array(arena, param->n_choices, sizeof *param->choices);
    for (size_t i = 0; i < param->n_choices; i++) {
        param->choices[i] = table->choices[i];
    }
}

const char *component_name(const struct tree *resolved) {
    return resolved->keys[0];
}

const struct tree *component_params(const struct tree *resolved) {
    return resolved->items[0];
}

/* ---- One value --------------------------------------------------------------------------------------------------- */

/* "units is text 'many'; wanted an integer from 1" */
static struct tree *wrong(const struct resolver *resolver, const struct catalog_param *param, const struct tree *value,
                          struct spot spot) {
    struct text text;
    text_init(&text);
    text_printf(&text, "%s is ", spot.what);
    words_value(value, &text);
    text_add(&text, "; wanted ");
    words_wanted(param, value, &text);
    if (param->type == RUNNER_CHOICE && tree_is_scalar(value)) {
        const char *near = text_nearest(value->text, param->choices, param->n_choices);
        if (near) {
            text_printf(&text, "; did you mean '%s'?", near);
        }
    }
    if (param->type == RUNNER_RATE) {
        words_known(resolver->catalog, RUNNER_SCHEDULE, &text);
    }
    words_slip(param, value, &text);
    diagnostics_error(resolver->diagnostics, value->mark, "%s", text.data);
    text_clear(&text);
    return NULL;
}

static bool in_range(const struct catalog_param *param, double x) {
    bool above = param->flags & RUNNER_OPEN_MIN ? x > param->min : x >= param->min;
    bool below = param->flags & RUNNER_OPEN_MAX ? x < param->max : x <= param->max;
    return above && below; /* neither holds for nan */
}

static struct tree *int_value(const struct resolver *resolver, const struct catalog_param *param,
                              const struct tree *value) {
    int64_t integer;
    if (value->type == TREE_INT) {
        integer = value->value.integer;
    } else if (value->type == TREE_FLOAT && value->value.number == floor(value->value.number) &&
               fabs(value->value.number) < 0x1p63) {
        integer = (int64_t)value->value.number;
    } else {
        return NULL;
    }
    return in_range(param, (double)integer) ? tree_int(resolver->arena, value->mark, integer) : NULL;
}

static struct tree *float_value(const struct resolver *resolver, const struct catalog_param *param,
                                const struct tree *value) {
    if (value->type != TREE_INT && value->type != TREE_FLOAT) {
        return NULL;
    }
    double number = value->type == TREE_INT ? (double)value->value.integer : value->value.number;
    return in_range(param, number) ? tree_float(resolver->arena, value->mark, number) : NULL;
}

static struct tree *choice_value(const struct resolver *resolver, const struct catalog_param *param,
                                 const struct tree *value) {
    for (size_t i = 0; tree_is_scalar(value) && i < param->n_choices; i++) {
        if (strcmp(value->text, param->choices[i]) == 0) {
            return tree_text(resolver->arena, value->mark, param->choices[i]);
        }
    }
    return NULL;
}

/* Without ".", "..", empty parts and a slash at the end, by the text alone; the path starts with a slash. */
static void clean_path(char *path) {
    char *end = path; /* of what is clean, without a slash */
    for (const char *part = path; *part;) {
        part += strspn(part, "/");
        size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0) {
            while (end > path && *--end != '/') {
            }
        } else if (length > 0 && !(length == 1 && *part == '.')) {
            *end++ = '/';
            memmove(end, part, length);
            end += length;
        }
        part += length;
    }
    if (end == path) {
        *end++ = '/';
    }
    *end = '\0';
}

/* NULL after an error: a path that is not absolute means nothing where the current folder is gone. */
static char *current_folder(const struct resolver *resolver, struct mark mark) {
    char *here = getcwd(NULL, 0);
    if (!here && errno == ENOMEM) {
        memory_exhausted();
    }
    if (!here) {
        diagnostics_error(resolver->diagnostics, mark,
                          "the path is relative, and the current folder is not to be found: %s; give it from / on",
                          strerrordesc_np(errno));
    }
    return here;
}

static struct tree *resolve_path(const struct resolver *resolver, const struct catalog_param *param,
                                 const struct tree *value, struct spot spot) {
    if (!tree_is_scalar(value) || value->type == TREE_NULL || !value->text[0]) {
        return wrong(resolver, param, value, spot);
    }
    const char *file = value->mark.file;
    bool from_file = !spot.is_default && file && value->mark.line > 0 && strcmp(file, "command line") != 0;
    const char *slash = from_file ? strrchr(file, '/') : NULL;
    int folder = slash ? (int)(slash - file) + 1 : 0;
    char *path;
    if (value->text[0] == '/') {
        path = arena_copy_text(resolver->arena, value->text);
    } else if (folder > 0 && file[0] == '/') {
        path = arena_printf(resolver->arena, "%.*s%s", folder, file, value->text);
    } else {
        char *here = current_folder(resolver, value->mark);
        if (!here) {
            return NULL;
        }
        path = arena_printf(resolver->arena, "%s/%.*s%s", here, folder, folder ? file : "", value->text);
        free(here);
    }
    clean_path(path);
    return tree_text(resolver->arena, value->mark, path);
}

/* Each element against the table entry as that of one value; a single one stands for a list. */
static struct tree *resolve_list(const struct resolver *resolver, const struct catalog_param *param,
                                 const struct tree *value, struct spot spot) {
    struct catalog_param element = *param;
    element.type = param->type == RUNNER_INTS     ? RUNNER_INT
                   : param->type == RUNNER_FLOATS ? RUNNER_FLOAT
                   : param->type == RUNNER_TEXTS  ? RUNNER_TEXT
                                                  : RUNNER_COMPONENT;
    element.flags &= ~RUNNER_NULLABLE;
    struct tree *list = tree_list(resolver->arena, value->mark);
    if (value->type != TREE_LIST) {
        bool number = value->type == TREE_INT || value->type == TREE_FLOAT;
        bool single = param->type == RUNNER_TEXTS ? tree_is_scalar(value) && value->type != TREE_NULL : number;
        if (!single || param->type == RUNNER_COMPONENTS) {
            return wrong(resolver, param, value, spot);
        }
        struct tree *only = resolve_param(resolver, &element, value, spot);
        if (only) {
            tree_append(resolver->arena, list, only);
        }
        return only ? list : NULL;
    }
    bool well = true;
    for (size_t i = 0; i < value->count; i++) {
        struct spot inner = spot;
        inner.what = arena_printf(resolver->arena, "%s.%zu", spot.what, i);
        struct tree *item = resolve_param(resolver, &element, value->items[i], inner);
        well = well && item;
        if (item) {
            tree_append(resolver->arena, list, item);
        }
    }
    return well ? list : NULL;
}

static struct tree *resolve_rate(const struct resolver *resolver, const struct catalog_param *param,
                                 const struct tree *value, struct spot spot) {
    if (value->type == TREE_MAP ||
        (value->type == TREE_TEXT &&
         (strchr(value->text, '/') || words_nearest(resolver->catalog, param->kind, value->text)))) {
        return resolve_component(resolver, param->kind, value, spot);
    }
    struct tree *number = float_value(resolver, param, value);
    return number ? number : wrong(resolver, param, value, spot);
}

static struct tree *resolve_param(const struct resolver *resolver, const struct catalog_param *param,
                                  const struct tree *value, struct spot spot) {
    struct tree *resolved = NULL;
    if (value->type == TREE_NULL && param->flags & RUNNER_NULLABLE) {
        return tree_null(resolver->arena, value->mark);
    }
    switch (param->type) {
    case RUNNER_BOOL:
        resolved = value->type == TREE_BOOL ? tree_bool(resolver->arena, value->mark, value->value.truth) : NULL;
        break;
    case RUNNER_INT: resolved = int_value(resolver, param, value); break;
    case RUNNER_FLOAT: resolved = float_value(resolver, param, value); break;
    case RUNNER_TEXT:
        if (tree_is_scalar(value) && value->type != TREE_NULL) {
            resolved = tree_text(resolver->arena, value->mark, value->text);
        }
        break;
    case RUNNER_CHOICE: resolved = choice_value(resolver, param, value); break;
    case RUNNER_PATH: return resolve_path(resolver, param, value, spot);
    case RUNNER_INTS:
    case RUNNER_FLOATS:
    case RUNNER_TEXTS:
    case RUNNER_COMPONENTS: return resolve_list(resolver, param, value, spot);
    case RUNNER_COMPONENT: return resolve_component(resolver, param->kind, value, spot);
    case RUNNER_RATE: return resolve_rate(resolver, param, value, spot);
    }
    return resolved ? resolved : wrong(resolver, param, value, spot);
}

/* ---- One component ----------------------------------------------------------------------------------------------- */

static void set_marks(struct tree *tree, struct mark mark) {
    tree->mark = mark;
    for (size_t i = 0; i < tree->count; i++) {
        set_marks(tree->items[i], mark);
        if (tree->type == TREE_MAP) {
            tree->key_marks[i] = mark;
        }
    }
}

static struct tree *read_default(const struct resolver *resolver, const struct catalog_param *param, struct mark mark) {
    static const char simple[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    const char *initial = param->initial;
    if (*initial && strspn(initial, simple) == strlen(initial)) {
        return tree_plain(resolver->arena, mark, initial);
    }
    struct diagnostics ignored;
    diagnostics_init(&ignored);
    struct tree *tree = yaml_read(initial, strlen(initial), "default", resolver->arena, &ignored);
    diagnostics_clear(&ignored);
    if (tree) {
        set_marks(tree, mark);
    } else {
        diagnostics_error(resolver->diagnostics, mark, "%s is not given, and its default '%s' is not YAML; give it",
                          param->name, initial);
    }
    return tree;
}

/* The component's name as written: text, or the one key of a map. NULL after an error. */
static const char *written_name(const struct resolver *resolver, enum runner_kind kind, const struct tree *value,
                                const char *what, struct mark *mark) {
    *mark = value->mark;
    if (value->type == TREE_TEXT) {
        return value->text;
    }
    if (value->type == TREE_MAP && value->count == 1) {
        *mark = value->key_marks[0];
        return value->keys[0];
    }
    struct text text;
    text_init(&text);
    text_printf(&text, "%s is ", what);
    words_value(value, &text);
    if (value->type == TREE_MAP && value->count > 1) {
        text_printf(&text, " of %u keys (%.40s, %.40s%s)", value->count, value->keys[0], value->keys[1],
                    value->count > 2 ? ", ..." : "");
    }
    text_printf(&text, "; wanted %s: NAME or {NAME: {PARAMETER: VALUE, ...}}", words_kind(kind));
    const struct catalog_param one = {.type = RUNNER_COMPONENT, .kind = kind};
    words_slip(&one, value, &text);
    if (value->type == TREE_MAP && value->count > 1 && value->items[0]->type == TREE_NULL &&
        catalog_find(resolver->catalog, kind, value->keys[0])) {
        text_printf(&text, "; indent the parameters of '%s' more than its name", value->keys[0]);
    }
    diagnostics_error(resolver->diagnostics, value->mark, "%s", text.data);
    text_clear(&text);
    return NULL;
}

static const struct catalog_component *find_component(const struct resolver *resolver, enum runner_kind kind,
                                                      const char *name, struct mark mark, const char *what) {
    const char *slash = strchr(name, '/'), *bare = slash ? slash + 1 : name;
    size_t length = slash ? (size_t)(slash - name) : 0;
    const char *wanted = runner_kind_name(kind);
    bool other_kind = slash && (strlen(wanted) != length || memcmp(name, wanted, length) != 0);
    const struct catalog_component *component = other_kind ? NULL : catalog_find(resolver->catalog, kind, bare);
    if (component) {
        return component;
    }
    struct text text;
    text_init(&text);
    bool stranger = false; /* nothing that is here was meant */
    if (other_kind) {
        text_printf(&text, "%s is '%.60s'", what, name);
        if (!words_file(resolver->catalog, kind, name, &text)) {
            text_printf(&text, "; wanted %s", words_kind(kind));
        }
    } else {
        text_printf(&text, "unknown %s '%.60s'", wanted, bare);
        const char *near = words_nearest(resolver->catalog, kind, bare);
        if (words_refused(resolver->catalog, bare, &text) || words_file(resolver->catalog, kind, name, &text)) {
            /* It is the one that was meant. */
        } else if (strchr(bare, '(')) {
            text_add(&text, "; wanted NAME or {NAME: {PARAMETER: VALUE, ...}}");
        } else if (near) {
            text_printf(&text, "; did you mean '%s'?", near);
        } else {
            stranger = !words_other_kinds(resolver->catalog, bare, &text);
        }
    }
    words_known(resolver->catalog, kind, &text);
    if (stranger) {
        text_add(&text, "; a plugin of your own is found by --plugin-dir FOLDER");
    }
    diagnostics_error(resolver->diagnostics, mark, "%s", text.data);
    text_clear(&text);
    return NULL;
}

static void unknown_param(const struct resolver *resolver, const struct catalog_component *component, const char *key,
                          struct mark mark) {
    const char **names = memory_alloc(component->n_params, sizeof *names);
    for (size_t i = 0; i < component->n_params; i++) {
        names[i] = component->params[i].name;
    }
    struct text text;
    text_init(&text);
    text_printf(&text, "unknown parameter '%.60s' of %s", key, component->name);
    const char *near = text_nearest(key, names, component->n_params);
    double number;
    if (near) {
        text_printf(&text, "; did you mean '%s'?", near);
    } else if (number_read(key, &number)) { /* {learning_rate: 0,01} */
        text_add(&text, "; wanted PARAMETER: VALUE, with a point as decimal sign");
    } else if (component->n_params == 0) {
        text_add(&text, ", which has none");
    } else {
        words_list("; known: ", names, component->n_params, &text);
    }
    diagnostics_error(resolver->diagnostics, mark, "%s", text.data);
    text_clear(&text);
    free(names);
}

/* What no range says about the host's own parameters. */
static bool host_param_well(const struct resolver *resolver, const struct catalog_component *component,
                            const struct catalog_param *param, const struct tree *value) {
    if (component->kind == RUNNER_DATASET && param->type == RUNNER_FLOAT && value->value.number >= 1 &&
        value->value.number != floor(value->value.number)) {
        diagnostics_error(resolver->diagnostics, value->mark,
                          "%s is %s; wanted a share of the training rows below 1, or a whole number of them",
                          param->name, value->text);
        return false;
    }
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    if (component->kind == RUNNER_LAYER && value->type == TREE_TEXT &&
        (!value->text[0] || value->text[strspn(value->text, allowed)])) {
        diagnostics_error(resolver->diagnostics, value->mark,
                          "%s is '%.60s'; wanted letters, digits, '_', '-' and '.' alone", param->name, value->text);
        return false;
    }
    return true;
}

static struct tree *resolve_param_of(const struct resolver *resolver, const struct catalog_component *component,
                                     size_t index, const struct tree *written, struct mark mark, struct spot spot) {
    const struct catalog_param *param = &component->params[index];
    const struct tree *value = tree_get(written, param->name);
    struct chain link = {spot.chain, component};
    struct spot inner = {param->name, spot.is_default, spot.chain};
    if (!value) {
        inner.is_default = true;
        inner.chain = &link;
        if (param->initial) {
            value = read_default(resolver, param, mark);
        } else {
            struct text text;
            text_init(&text);
            text_printf(&text, "%s has no %s; wanted ", component->name, param->name);
            words_wanted(param, NULL, &text);
            diagnostics_error(resolver->diagnostics, mark, "%s", text.data);
            text_clear(&text);
        }
    }
    struct tree *resolved = value ? resolve_param(resolver, param, value, inner) : NULL;
    bool host = index >= component->n_own;
    return resolved && (!host || host_param_well(resolver, component, param, resolved)) ? resolved : NULL;
}

static struct tree *resolve_params(const struct resolver *resolver, const struct catalog_component *component,
                                   const struct tree *written, struct mark mark, struct spot spot) {
    bool well = true;
    for (size_t i = 0; written && i < written->count; i++) {
        if (!catalog_param_find(component, written->keys[i])) {
            unknown_param(resolver, component, written->keys[i], written->key_marks[i]);
            well = false;
        }
    }
    struct tree *params = tree_map(resolver->arena, written ? written->mark : mark);
    for (size_t i = 0; i < component->n_params; i++) {
        const char *name = component->params[i].name;
        struct tree *value = resolve_param_of(resolver, component, i, written, mark, spot);
        ptrdiff_t at = tree_find(written, name);
        well = well && value;
        if (value) {
            tree_set(resolver->arena, params, name, at < 0 ? mark : written->key_marks[at], value);
        }
    }
    return well ? params : NULL;
}

/* Whether a value alone may be meant for the parameter; text takes anything, and a number is hardly meant for it. */
static bool is_meant_for(const struct resolver *resolver, const struct catalog_param *param, const struct tree *value) {
    const bool text = param->type == RUNNER_TEXT || param->type == RUNNER_TEXTS || param->type == RUNNER_PATH;
    if (!tree_is_scalar(value) || (text && value->type != TREE_TEXT)) {
        return false;
    }
    struct diagnostics ignored;
    diagnostics_init(&ignored);
    const struct resolver silent = {resolver->catalog, resolver->arena, &ignored};
    const bool takes = resolve_param(&silent, param, value, (struct spot){param->name, false, NULL}) != NULL;
    diagnostics_clear(&ignored);
    return takes;
}

/* The parameter that is shown where a value stands alone: the one that must be given, or else the first that takes the value, or the first. */
static const struct catalog_param *main_param(const struct resolver *resolver,
                                              const struct catalog_component *component, const struct tree *value) {
    for (size_t i = 0; i < component->n_own; i++) {
        if (!component->params[i].initial) {
            return &component->params[i];
        }
    }
    for (size_t i = 0; i < component->n_own; i++) {
        if (is_meant_for(resolver, &component->params[i], value)) {
            return &component->params[i];
        }
    }
    return component->n_own > 0 ? &component->params[0] : NULL;
}

/* `dropout: 0.5` in place of `dropout: {rate: 0.5}` */
static void no_map(const struct resolver *resolver, const struct catalog_component *component,
                   const struct tree *written) {
    enum { MOST = 60 }; /* bytes of a value that is written out */
    const struct catalog_param *param = main_param(resolver, component, written);
    struct text text, value;
    text_init(&text);
    text_init(&value);
    text_printf(&text, "the parameters of %s are ", component->name);
    words_value(written, &text);
    text_add(&text, "; wanted a map");
    if (param && is_meant_for(resolver, param, written)) {
        tree_write(written, &value);
    }
    if (param) {
        text_printf(&text, " such as {%s: %s}", param->name,
                    value.length > 0 && value.length <= MOST ? value.data : "...");
    } else {
        text_add(&text, ", which is empty: it has none");
    }
    diagnostics_error(resolver->diagnostics, written->mark, "%s", text.data);
    text_clear(&value);
    text_clear(&text);
}

static struct tree *resolve_component(const struct resolver *resolver, enum runner_kind kind, const struct tree *value,
                                      struct spot spot) {
    struct mark mark;
    const char *name = written_name(resolver, kind, value, spot.what, &mark);
    const struct catalog_component *component = name ? find_component(resolver, kind, name, mark, spot.what) : NULL;
    if (!component) {
        return NULL;
    }
    for (const struct chain *link = spot.is_default ? spot.chain : NULL; link; link = link->above) {
        if (link->component == component) {
            diagnostics_error(resolver->diagnostics, mark, "the default of %s leads back to '%s'; give %s", spot.what,
                              component->name, spot.what);
            return NULL;
        }
    }
    const struct tree *written = value->type == TREE_MAP ? value->items[0] : NULL;
    if (written && written->type == TREE_NULL) {
        written = NULL;
    }
    if (written && written->type != TREE_MAP) {
        no_map(resolver, component, written);
        return NULL;
    }
    struct tree *params = resolve_params(resolver, component, written, mark, spot);
    if (!params) {
        return NULL;
    }
    struct tree *resolved = tree_map(resolver->arena, value->mark);
    tree_set(resolver->arena, resolved, component->name, mark, params);
    return resolved;
}

struct tree *component_resolve(const struct catalog *catalog, enum runner_kind kind, const struct tree *value,
                               const char *what, struct arena *arena, struct diagnostics *diagnostics) {
    struct resolver resolver = {catalog, arena, diagnostics};
    return resolve_component(&resolver, kind, value, (struct spot){what, false, NULL});
}

struct tree *param_resolve(const struct catalog *catalog, const struct catalog_param *param, const struct tree *value,
                           const char *what, struct arena *arena, struct diagnostics *diagnostics) {
    struct resolver resolver = {catalog, arena, diagnostics};
    return resolve_param(&resolver, param, value, (struct spot){what, false, NULL});
}

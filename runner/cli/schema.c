/*
 * `runner schema`: a JSON Schema (draft 7, which the editors' YAML servers know best) of configs, from the parameter tables of all plugins
 * that are found. It accepts what `runner check` accepts, and some more: what hangs on several values together is left to `check`.
 */
#include "runner/base/yaml.h"
#include "runner/cli/commands.h"
#include "runner/cli/job.h"
#include "runner/config/experiment.h"
#include "runner/host/params.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *typed(const char *type) {
    return json_pack("{ss}", "type", type);
}

static json_t *reference(const char *name) {
    json_t *json = json_object();
    char *path = NULL;
    if (asprintf(&path, "#/definitions/%s", name) >= 0)
        json_object_set_new(json, "$ref", json_string(path));
    free(path);
    return json;
}

/* Text that stands for another value: `$name`, `${name}`, `= arithmetic`. */
static json_t *filled(void) {
    return reference("value");
}

static json_t *any_of(json_t *list) {
    return json_pack("{so}", "anyOf", list);
}

static json_t *json_of_tree(const struct tree *tree) {
    json_t *json;
    switch (tree->type) {
    case TREE_BOOL: return json_boolean(tree->value.truth);
    case TREE_INT: return json_integer(tree->value.integer);
    case TREE_FLOAT: return isfinite(tree->value.number) ? json_real(tree->value.number) : json_string(tree->text);
    case TREE_TEXT: return json_string(tree->text);
    case TREE_LIST:
        json = json_array();
        for (size_t i = 0; i < tree->count; i++)
            json_array_append_new(json, json_of_tree(tree->items[i]));
        return json;
    case TREE_MAP:
        json = json_object();
        for (size_t i = 0; i < tree->count; i++)
            json_object_set_new(json, tree->keys[i], json_of_tree(tree->items[i]));
        return json;
    default: return json_null();
    }
}

static void set_default(json_t *json, const char *initial) {
    struct arena arena;
    struct diagnostics ignored;
    arena_init(&arena);
    diagnostics_init(&ignored);
    const struct tree *tree = yaml_read(initial, strlen(initial), "default", &arena, &ignored);
    if (tree != NULL)
        json_object_set_new(json, "default", json_of_tree(tree));
    diagnostics_clear(&ignored);
    arena_clear(&arena);
}

static json_t *json_of_bound(double bound) {
    return bound == floor(bound) && fabs(bound) < 0x1p62 ? json_integer((json_int_t)bound) : json_real(bound);
}

static json_t *number(const struct catalog_param *param, const char *type) {
    json_t *json = typed(type);
    if (fabs(param->min) < 1e30)
        json_object_set_new(json, (param->flags & RUNNER_OPEN_MIN) != 0 ? "exclusiveMinimum" : "minimum",
                            json_of_bound(param->min));
    if (fabs(param->max) < 1e30)
        json_object_set_new(json, (param->flags & RUNNER_OPEN_MAX) != 0 ? "exclusiveMaximum" : "maximum",
                            json_of_bound(param->max));
    return json;
}

/* Choices are compared by their text, so that `1` and `true` choose as well. */
static json_t *choice(const struct catalog_param *param) {
    json_t *values = json_array();
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < param->n_choices; i++) {
        const struct tree *plain = tree_plain(&arena, (struct mark){0}, param->choices[i]);
        json_array_append_new(values, json_string(param->choices[i]));
        if (plain->type != TREE_TEXT && plain->type != TREE_NULL)
            json_array_append_new(values, json_of_tree(plain));
    }
    arena_clear(&arena);
    return json_pack("{so}", "enum", values);
}

static json_t *array_of(json_t *item) {
    return json_pack("{ss sO}", "type", "array", "items", item);
}

/* The forms that a value may have. */
static json_t *forms_of(const struct catalog_param *param) {
    static const char *const scalar[] = {"string", "number", "boolean"};
    json_t *forms = json_array(), *item;
    switch (param->type) {
    case RUNNER_BOOL: json_array_append_new(forms, typed("boolean")); break;
    case RUNNER_INT: json_array_append_new(forms, number(param, "integer")); break;
    case RUNNER_FLOAT: json_array_append_new(forms, number(param, "number")); break;
    case RUNNER_CHOICE: json_array_append_new(forms, choice(param)); break;
    case RUNNER_COMPONENT: json_array_append_new(forms, reference(runner_kind_name(param->kind))); break;
    case RUNNER_COMPONENTS:
        item = reference(runner_kind_name(param->kind));
        json_array_append_new(forms, array_of(item));
        json_decref(item);
        break;
    case RUNNER_RATE:
        json_array_append_new(forms, number(param, "number"));
        json_array_append_new(forms, reference(runner_kind_name(RUNNER_SCHEDULE)));
        break;
    case RUNNER_INTS:
    case RUNNER_FLOATS:
        item = any_of(json_pack("[oo]", number(param, param->type == RUNNER_INTS ? "integer" : "number"), filled()));
        json_array_append_new(forms, json_incref(item));
        json_array_append_new(forms, array_of(item));
        json_decref(item);
        break;
    default: /* text, paths, and lists of texts */
        for (size_t i = 0; i < 3; i++)
            json_array_append_new(forms, typed(scalar[i]));
        if (param->type == RUNNER_TEXTS)
            json_array_append_new(
                forms, json_pack("{ss s{s[sss]}}", "type", "array", "items", "type", "string", "number", "boolean"));
        break;
    }
    if ((param->flags & RUNNER_NULLABLE) != 0)
        json_array_append_new(forms, typed("null"));
    json_array_append_new(forms, filled());
    return forms;
}

static json_t *schema_of(const struct catalog_param *param) {
    json_t *json = any_of(forms_of(param));
    if (param->doc != NULL)
        json_object_set_new(json, "description", json_string(param->doc));
    if (param->initial != NULL)
        set_default(json, param->initial);
    return json;
}

static bool needs_parameters(const struct catalog_component *component) {
    for (size_t i = 0; i < component->n_params; i++)
        if (component->params[i].initial == NULL)
            return true;
    return false;
}

static json_t *parameters_of(const struct catalog_component *component) {
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < component->n_params; i++) {
        json_object_set_new(properties, component->params[i].name, schema_of(&component->params[i]));
        if (component->params[i].initial == NULL)
            json_array_append_new(required, json_string(component->params[i].name));
    }
    json_t *json = json_object();
    if (json_array_size(required) > 0)
        json_object_set_new(json, "type", json_string("object"));
    else
        json_object_set_new(json, "type", json_pack("[ss]", "object", "null"));
    json_object_set_new(json, "description", json_string(component->doc != NULL ? component->doc : ""));
    json_object_set_new(json, "properties", properties);
    json_object_set_new(json, "required", required);
    json_object_set_new(json, "additionalProperties", json_false());
    return json;
}

/* A bare name, or a map of the one name to its parameters; the name may say the kind. */
static void define_kind(const struct catalog *catalog, enum runner_kind kind, json_t *definitions) {
    json_t *names = json_array(), *properties = json_object();
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        char *full = NULL;
        if (component->kind != kind || asprintf(&full, "%s/%s", runner_kind_name(kind), component->name) < 0)
            continue;
        char *name = NULL;
        if (asprintf(&name, "%s.%s", runner_kind_name(kind), component->name) >= 0) {
            json_object_set_new(definitions, name, parameters_of(component));
            json_object_set_new(properties, component->name, reference(name));
            json_object_set_new(properties, full, reference(name));
        }
        if (!needs_parameters(component)) {
            json_array_append_new(names, json_string(component->name));
            json_array_append_new(names, json_string(full));
        }
        free(name);
        free(full);
    }
    json_t *forms = json_array();
    if (json_array_size(names) > 0)
        json_array_append_new(forms, json_pack("{sO}", "enum", names));
    json_array_append_new(forms, json_pack("{ss so si si sb}", "type", "object", "properties", properties,
                                           "minProperties", 1, "maxProperties", 1, "additionalProperties", 0));
    json_array_append_new(forms, filled());
    json_decref(names);
    json_object_set_new(definitions, runner_kind_name(kind), any_of(forms));
}

/* The forms beyond the table's: `full`, `12 epochs`, true and false of shuffle; of checkpoint durations alone. */
static json_t *setting_of(const struct runner_param *entry) {
    struct arena arena;
    struct catalog_param param;
    arena_init(&arena);
    catalog_param_from_table(entry, &arena, &param);
    json_t *json = schema_of(&param), *forms = json_object_get(json, "anyOf");
    arena_clear(&arena);
    if (strcmp(entry->name, "batch_size") == 0)
        json_array_append_new(forms, json_pack("{s[s]}", "enum", "full"));
    if (strcmp(entry->name, "shuffle") == 0)
        json_array_append_new(forms, typed("boolean"));
    if (strcmp(entry->name, "epochs") == 0 || strcmp(entry->name, "updates") == 0 ||
        strcmp(entry->name, "evaluate_every") == 0)
        json_array_append_new(forms, json_pack("{ssss}", "type", "string", "pattern", "^[0-9]+ *(epoch|update)s?$"));
    if (strcmp(entry->name, "checkpoint") == 0) {
        static const char pattern[] = "^[0-9.][0-9.eE+-]* *[a-zA-Z]+$";
        json_object_set_new(
            json, "anyOf",
            json_pack("[{ssss} {ss} o]", "type", "string", "pattern", pattern, "type", "null", filled()));
    }
    return json;
}

static json_t *table_of(const struct runner_param *table, size_t count) {
    json_t *properties = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(properties, table[i].name, setting_of(&table[i]));
    return json_pack("{s[ss] so sb}", "type", "object", "null", "properties", properties, "additionalProperties", 0);
}

/* An axis: a list of values, or a map of labels to them. Takes the value's schema. */
static json_t *axis_of(json_t *value) {
    json_t *list = json_pack("{ss sO si}", "type", "array", "items", value, "minItems", 1);
    json_t *map = json_pack("{ss so si}", "type", "object", "additionalProperties", value, "minProperties", 1);
    return any_of(json_pack("[ooo]", list, map, filled()));
}

/* Axes that are known by their paths are offered and checked; any other path is let through. */
static json_t *grid_of(const struct catalog *catalog) {
    static const struct {
        const char *section;
        const struct runner_param *(*table)(size_t *count);
    } tables[] = {{"train", experiment_train_params}, {"engine", experiment_engine_params}};
    json_t *properties = json_object();
    char path[256];
    for (size_t t = 0; t < 2; t++) {
        size_t count;
        const struct runner_param *table = tables[t].table(&count);
        for (size_t i = 0; i < count; i++) {
            snprintf(path, sizeof path, "%s.%s", tables[t].section, table[i].name);
            json_object_set_new(properties, path, axis_of(setting_of(&table[i])));
        }
    }
    static const enum runner_kind kinds[] = {RUNNER_DATASET, RUNNER_LOSS, RUNNER_OPTIMIZER};
    for (size_t k = 0; k < 3; k++)
        json_object_set_new(properties, runner_kind_name(kinds[k]), axis_of(reference(runner_kind_name(kinds[k]))));
    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_component *component = &catalog->components[i];
        for (size_t p = 0; p < component->n_params; p++) {
            if (component->kind != RUNNER_DATASET && component->kind != RUNNER_LOSS &&
                component->kind != RUNNER_OPTIMIZER)
                continue;
            snprintf(path, sizeof path, "%s.%s.%s", runner_kind_name(component->kind), component->name,
                     component->params[p].name);
            json_object_set_new(properties, path, axis_of(schema_of(&component->params[p])));
        }
    }
    json_t *other = axis_of(json_object());
    return json_pack("{s[ss] so so}", "type", "object", "null", "properties", properties, "additionalProperties",
                     other);
}

static json_t *cases_of(void) {
    json_t *one = json_pack("{ss s{so}}", "type", "object", "properties", "grid", reference("grid"));
    json_t *labels = json_pack("{ss so si}", "type", "object", "additionalProperties", one, "minProperties", 1);
    return json_pack("{s[ss] so}", "type", "object", "null", "additionalProperties", labels);
}

static json_t *list_of(enum runner_kind kind, size_t least) {
    json_t *list =
        json_pack("{ss so si}", "type", "array", "items", reference(runner_kind_name(kind)), "minItems", (int)least);
    return any_of(least > 0 ? json_pack("[oo]", list, filled()) : json_pack("[ooo]", list, typed("null"), filled()));
}

static json_t *seeds(void) {
    json_t *seed = json_pack("{ss si}", "type", "integer", "minimum", 0);
    return any_of(json_pack("[o{sssosi}o]", json_pack("{sssi}", "type", "integer", "minimum", 1), "type", "array",
                            "items", seed, "minItems", 1, filled()));
}

/* The schema of a key, or one that lets everything through. */
static json_t *section_of(const char *key) {
    size_t count;
    if (strcmp(key, "model") == 0)
        return list_of(RUNNER_LAYER, 1);
    for (enum runner_kind kind = RUNNER_DATASET; kind <= RUNNER_LAST_KIND; kind++) {
        const char *name = runner_kind_name(kind);
        size_t length = strlen(name);
        if (strcmp(key, name) == 0)
            return reference(name);
        if (strncmp(key, name, length) == 0 && strcmp(key + length, "s") == 0)
            return list_of(kind, 0);
    }
    if (strcmp(key, "train") == 0) {
        const struct runner_param *table = experiment_train_params(&count);
        return table_of(table, count);
    }
    if (strcmp(key, "engine") == 0) {
        const struct runner_param *table = experiment_engine_params(&count);
        return table_of(table, count);
    }
    if (strcmp(key, "grid") == 0)
        return reference("grid");
    if (strcmp(key, "cases") == 0)
        return cases_of();
    if (strcmp(key, "seeds") == 0)
        return seeds();
    if (strcmp(key, "let") == 0)
        return json_pack("{s[ss]}", "type", "object", "null");
    if (strcmp(key, "experiment") == 0)
        return json_pack("{s[ss] ss}", "type", "string", "number", "pattern", "^[A-Za-z0-9][A-Za-z0-9._-]*$");
    if (strcmp(key, "description") == 0)
        return json_pack("{s[sss]}", "type", "string", "number", "boolean");
    return json_object();
}

static const char *doc_of(const char *key) {
    static const char *const docs[][2] = {
        {"experiment", "name of the folder that results go to"},
        {"description", "what is asked, in a sentence"},
        {"include", "files that are read first, a name or a list"},
        {"let", "names that the rest, and the grid, may use: $name"},
        {"model", "the layers, top to bottom"},
        {"metrics", "what is measured beside the loss"},
        {"train", "batch size, length and order of the training"},
        {"engine", "how products are computed"},
        {"grid", "the axes: a path or a `let` name, with a list of values or a map of labels to values"},
        {"cases", "axes whose cases set several paths together, and may hold a grid of their own"},
        {"seeds", "a number of seeds (0, 1, ...) or a list of them; each grid point is trained with each"},
        {"report", "how the table ends"},
    };
    for (size_t i = 0; i < sizeof docs / sizeof docs[0]; i++)
        if (strcmp(docs[i][0], key) == 0)
            return docs[i][1];
    return "";
}

static json_t *make_schema(const struct catalog *catalog) {
    json_t *definitions = json_object(), *properties = json_object();
    json_object_set_new(definitions, "value",
                        json_pack("{ss ss ss}", "type", "string", "pattern", "^=|\\$", "description",
                                  "$name of a `let` name, or `= arithmetic`"));
    for (enum runner_kind kind = RUNNER_DATASET; kind <= RUNNER_LAST_KIND; kind++)
        define_kind(catalog, kind, definitions);
    json_object_set_new(definitions, "grid", grid_of(catalog));
    size_t n;
    const char *const *keys = experiment_keys(&n);
    for (size_t i = 0; i < n; i++) {
        json_t *section = section_of(keys[i]);
        /* Draft 7 ignores what stands beside a $ref. */
        if (json_object_get(section, "$ref") != NULL)
            section = json_pack("{s[o]}", "allOf", section);
        json_object_set_new(section, "description", json_string(doc_of(keys[i])));
        json_object_set_new(properties, keys[i], section);
    }
    json_t *json = json_object();
    json_object_set_new(json, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
    json_object_set_new(json, "title", json_string("config of runner"));
    json_object_set_new(json, "type", json_string("object"));
    json_object_set_new(json, "properties", properties);
    json_object_set_new(json, "additionalProperties", json_false());
    json_object_set_new(json, "definitions", definitions);
    return json;
}

enum status command_schema(const struct options *options, struct error *error) {
    struct job job;
    enum status status = job_open(&job, options, error);
    if (status == STATUS_OK) {
        json_t *json = make_schema(&job.session.catalog);
        char *text = json_dumps(json, JSON_INDENT(1));
        if (text != NULL)
            puts(text);
        else
            status = error_set(error, STATUS_ENVIRONMENT, "the schema cannot be written: a plugin's text is no UTF-8");
        free(text);
        json_decref(json);
    }
    job_close(&job);
    return status;
}

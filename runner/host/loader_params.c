#include "runner/base/yaml.h"
#include "runner/host/loader_check.h"
#include "runner/host/params.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 64, MAX_DOC = 1000, MAX_INITIAL = 1000, MAX_PARAMS = 1000, MAX_CHOICES = 256 };

static const struct {
    size_t size, alignment;
    bool number, nullable;
} fields[] = {
    [RUNNER_BOOL] = {sizeof(int32_t), _Alignof(int32_t), false, false},
    [RUNNER_INT] = {sizeof(int64_t), _Alignof(int64_t), true, true},
    [RUNNER_FLOAT] = {sizeof(double), _Alignof(double), true, true},
    [RUNNER_TEXT] = {sizeof(char *), _Alignof(char *), false, true},
    [RUNNER_CHOICE] = {sizeof(int32_t), _Alignof(int32_t), false, false},
    [RUNNER_PATH] = {sizeof(char *), _Alignof(char *), false, true},
    [RUNNER_INTS] = {sizeof(runner_ints), _Alignof(runner_ints), true, true},
    [RUNNER_FLOATS] = {sizeof(runner_floats), _Alignof(runner_floats), true, true},
    [RUNNER_COMPONENT] = {sizeof(runner_part *), _Alignof(runner_part *), false, true},
    [RUNNER_COMPONENTS] = {sizeof(runner_parts), _Alignof(runner_parts), false, false},
    [RUNNER_RATE] = {sizeof(double), _Alignof(double), true, false},
    [RUNNER_TEXTS] = {sizeof(runner_texts), _Alignof(runner_texts), false, true},
};
#define N_TYPES (sizeof fields / sizeof *fields)

size_t param_field_size(uint32_t type) {
    return type < N_TYPES ? fields[type].size : 0;
}

size_t param_field_alignment(uint32_t type) {
    return type < N_TYPES ? fields[type].alignment : 1;
}

bool plugin_name_is_well(const char *name) {
    return memory_is_text(name, MAX_NAME) && name[0] >= 'a' && name[0] <= 'z' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

struct table {
    const runner_component *component;
    size_t stride;
    struct error *error;
};

static const runner_param *param_at(const struct table *table, uint32_t i) {
    return (const runner_param *)(const void *)((const char *)table->component->params + i * table->stride);
}

/* "optimizer 'foo': parameter 'bar' ..." */
__attribute__((format(printf, 3, 4))) static enum status refuse(const struct table *table, const runner_param *param,
                                                                const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error_set_v(table->error, STATUS_CONFIG, format, arguments);
    va_end(arguments);
    return error_prefix(table->error, "%s '%s': parameter '%s'",
                        runner_kind_name((enum runner_kind)table->component->kind), table->component->name,
                        param->name);
}

static enum status check_field(const struct table *table, uint32_t index) {
    const runner_param *param = param_at(table, index);
    size_t size = param_field_size(param->type), alignment = param_field_alignment(param->type);
    size_t end = param->offset + size;
    const char *type = runner_type_name((enum runner_type)param->type);
    if (end > table->component->config_size) {
        return refuse(table, param,
                      "found bytes %u to %zu of a config struct of %u; wanted it within (config_size, offset)",
                      param->offset, end, table->component->config_size);
    }
    if (param->offset % alignment != 0) {
        return refuse(table, param, "found offset %u; wanted a multiple of %zu for type %s", param->offset, alignment,
                      type);
    }
    for (uint32_t i = 0; i < index; i++) {
        const runner_param *other = param_at(table, i);
        if (strcmp(other->name, param->name) == 0) {
            return refuse(table, param, "found twice in the table; wanted once");
        }
        if (param->offset < other->offset + param_field_size(other->type) && other->offset < end) {
            return refuse(
                table, param,
                "found bytes %u to %zu of the config struct, which overlap those of '%s'; wanted a field of %zu "
                "bytes of its own for type %s",
                param->offset, end, other->name, size, type);
        }
    }
    return STATUS_OK;
}

static enum status check_range(const struct table *table, const runner_param *param) {
    if (!fields[param->type].number) {
        return STATUS_OK;
    }
    char min[NUMBER_TEXT_SIZE], max[NUMBER_TEXT_SIZE];
    number_write(param->min, min);
    number_write(param->max, max);
    bool open = param->flags & (RUNNER_OPEN_MIN | RUNNER_OPEN_MAX);
    if (!(param->min <= param->max) || (open && !(param->min < param->max))) { /* holds for nan as well */
        return refuse(table, param, "found a range from %s to %s; wanted one that holds a number", min, max);
    }
    return STATUS_OK;
}

static enum status check_choices(const struct table *table, const runner_param *param) {
    if (param->type != RUNNER_CHOICE) {
        return STATUS_OK;
    }
    size_t n = 0;
    while (param->choices && n <= MAX_CHOICES && memory_is_readable(param->choices + n, sizeof *param->choices) &&
           param->choices[n]) {
        const char *choice = param->choices[n];
        if (!memory_is_text(choice, MAX_NAME) || !choice[0]) {
            return refuse(table, param, "found a choice that is no short text; wanted names, ended by NULL");
        }
        for (size_t i = 0; i < n; i++) {
            if (strcmp(choice, param->choices[i]) == 0) {
                return refuse(table, param, "found the choice '%s' twice; wanted it once", choice);
            }
        }
        n++;
    }
    if (n == 0 || n > MAX_CHOICES) {
        return refuse(table, param, "found %s choices; wanted 1 to %d names, ended by NULL", n == 0 ? "no" : "too many",
                      MAX_CHOICES);
    }
    return STATUS_OK;
}

static enum status check_kind(const struct table *table, const runner_param *param) {
    bool component = param->type == RUNNER_COMPONENT || param->type == RUNNER_COMPONENTS;
    if (component && (param->kind < RUNNER_DATASET || param->kind > RUNNER_LAST_KIND)) {
        return refuse(table, param, "found kind %u for a component; wanted a runner_kind, %d to %d", param->kind,
                      RUNNER_DATASET, RUNNER_LAST_KIND);
    }
    if (param->type == RUNNER_RATE && param->kind != 0 && param->kind != RUNNER_SCHEDULE) {
        return refuse(table, param, "found kind %u for a rate; wanted RUNNER_SCHEDULE, %d", param->kind,
                      RUNNER_SCHEDULE);
    }
    return STATUS_OK;
}

static enum status check_flags(const struct table *table, const runner_param *param) {
    if (param->flags & ~(RUNNER_OPEN_MIN | RUNNER_OPEN_MAX | RUNNER_NULLABLE)) {
        return refuse(table, param, "found unknown flags 0x%x; wanted flags of this plugin.h", param->flags);
    }
    if (param->flags & RUNNER_NULLABLE && !fields[param->type].nullable) {
        return refuse(table, param,
                      "found RUNNER_NULLABLE with type %s; wanted int, float, text, path, component or a list of "
                      "numbers or texts",
                      runner_type_name((enum runner_type)param->type));
    }
    return STATUS_OK;
}

/* A component that a default names is looked for when a config needs it: it may be another plugin's. Its form is seen here. */
static bool names_component(const runner_param *param, const struct tree *value) {
    return value->type == TREE_TEXT || (value->type == TREE_MAP && value->count == 1) ||
           (value->type == TREE_NULL && param->flags & RUNNER_NULLABLE);
}

static bool default_may_be_component(const runner_param *param, const struct tree *value) {
    if (param->type == RUNNER_COMPONENT || (param->type == RUNNER_RATE && value->type == TREE_MAP)) {
        return names_component(param, value);
    }
    if (param->type == RUNNER_RATE && value->type == TREE_TEXT) {
        return plugin_name_is_well(value->text);
    }
    if (param->type != RUNNER_COMPONENTS || value->type != TREE_LIST) {
        return false;
    }
    bool well = true;
    for (size_t i = 0; i < value->count; i++) {
        well = well && value->items[i]->type != TREE_NULL && names_component(param, value->items[i]);
    }
    return well;
}

static enum status check_default(const struct table *table, const runner_param *param) {
    if (!param->initial) {
        return STATUS_OK;
    }
    if (!memory_is_text(param->initial, MAX_INITIAL)) {
        return refuse(table, param,
                      "found a default that is no line of text; wanted YAML, or NULL where there is none");
    }
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    enum status status = STATUS_OK;
    struct catalog none = {0};
    struct catalog_param entry;
    catalog_param_from_table(param, &arena, &entry);
    const struct tree *value = yaml_read(param->initial, strlen(param->initial), "default", &arena, &diagnostics);
    if (!value) {
        status = refuse(table, param, "found the default '%s'; wanted YAML: %s", param->initial,
                        diagnostics.count ? diagnostics.items[0].message : "");
    } else if (!default_may_be_component(param, value) &&
               !param_resolve(&none, &entry, value, "it", &arena, &diagnostics)) {
        status = refuse(table, param, "found the default '%s', which its own table does not allow: %s", param->initial,
                        diagnostics.count ? diagnostics.items[0].message : "");
    }
    diagnostics_clear(&diagnostics);
    arena_clear(&arena);
    return status;
}

static enum status check_param(const struct table *table, uint32_t index) {
    const runner_param *param = param_at(table, index);
    const char *kind = runner_kind_name((enum runner_kind)table->component->kind), *name = table->component->name;
    if (!plugin_name_is_well(param->name)) {
        return error_set(table->error, STATUS_CONFIG,
                         "%s '%s': parameter %u has no well-formed name; wanted [a-z][a-z0-9_]*", kind, name, index);
    }
    size_t n_host;
    const runner_param *host = host_params((enum runner_kind)table->component->kind, &n_host);
    for (size_t i = 0; i < n_host; i++) {
        if (strcmp(host[i].name, param->name) == 0 && !host_param_yields(&host[i], param)) {
            return refuse(table, param, "found the name of a parameter that the host gives every %s; wanted another",
                          kind);
        }
    }
    if (param_field_size(param->type) == 0) {
        return refuse(table, param, "found type %u; wanted a runner_type, %d to %d", param->type, RUNNER_BOOL,
                      RUNNER_TEXTS);
    }
    if (!memory_is_text(param->doc, MAX_DOC)) {
        return refuse(table, param, "found no doc; wanted one line that says what it is");
    }
    static enum status (*const checks[])(const struct table *, const runner_param *) = {
        check_flags, check_range, check_choices, check_kind, check_default,
    };
    enum status status = check_field(table, index);
    for (size_t i = 0; i < sizeof checks / sizeof *checks && status == STATUS_OK; i++) {
        status = checks[i](table, param);
    }
    return status;
}

enum status plugin_check_params(const runner_component *component, size_t stride, struct error *error) {
    struct table table = {component, stride, error};
    const char *kind = runner_kind_name((enum runner_kind)component->kind);
    if (component->n_params > MAX_PARAMS) {
        return error_set(error, STATUS_CONFIG, "%s '%s': found %u parameters; wanted at most %d", kind, component->name,
                         component->n_params, MAX_PARAMS);
    }
    if (component->n_params > 0 && !memory_is_readable(component->params, stride * component->n_params)) {
        return error_set(error, STATUS_CONFIG,
                         "%s '%s': found no table for its %u parameters; wanted params to point at it", kind,
                         component->name, component->n_params);
    }
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < component->n_params && status == STATUS_OK; i++) {
        status = check_param(&table, i);
    }
    return status;
}

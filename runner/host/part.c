#include "runner/host/part.h"

#include "runner/host/params.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { CONFIG_ALIGNMENT = 64 };

struct binder {
    const struct loader *loader;
    struct arena *arena;
    struct error *error;
};

static enum status bind(const struct binder *binder, enum runner_kind kind, const struct tree *resolved,
                        const char *path, struct runner_part **part);

static enum status mismatch(const struct binder *binder, const char *path, const runner_param *param) {
    return error_set(binder->error, STATUS_CONFIG, "%s.%s: found no value of type %s; wanted a resolved trial", path,
                     param->name, runner_type_name((enum runner_type)param->type));
}

static enum status bind_ints(const struct binder *binder, const struct tree *list, runner_ints *out) {
    int64_t *values = arena_array(binder->arena, list->count, sizeof *values);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != TREE_INT) {
            return STATUS_CONFIG;
        }
        values[i] = list->items[i]->value.integer;
    }
    *out = (runner_ints){values, list->count};
    return STATUS_OK;
}

static enum status bind_floats(const struct binder *binder, const struct tree *list, runner_floats *out) {
    double *values = arena_array(binder->arena, list->count, sizeof *values);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != TREE_FLOAT) {
            return STATUS_CONFIG;
        }
        values[i] = list->items[i]->value.number;
    }
    *out = (runner_floats){values, list->count};
    return STATUS_OK;
}

static enum status bind_texts(const struct binder *binder, const struct tree *list, runner_texts *out) {
    const char **values = arena_array(binder->arena, list->count, sizeof *values);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->type != TREE_TEXT) {
            return STATUS_CONFIG;
        }
        values[i] = arena_copy_text(binder->arena, list->items[i]->text);
    }
    *out = (runner_texts){values, list->count};
    return STATUS_OK;
}

static enum status bind_parts(const struct binder *binder, enum runner_kind kind, const struct tree *list,
                              const char *path, runner_parts *out) {
    const runner_part **parts = arena_array(binder->arena, list->count, sizeof *parts);
    for (size_t i = 0; i < list->count; i++) {
        struct runner_part *part;
        enum status status = bind(binder, kind, list->items[i], arena_printf(binder->arena, "%s.%zu", path, i), &part);
        if (status != STATUS_OK) {
            return status;
        }
        parts[i] = part;
    }
    *out = (runner_parts){parts, list->count};
    return STATUS_OK;
}

static enum status bind_list(const struct binder *binder, const runner_param *param, const struct tree *value,
                             const char *path, void *field) {
    if (value->type == TREE_NULL) {
        return STATUS_OK; /* the config struct is zero: an empty list */
    }
    if (value->type != TREE_LIST) {
        return mismatch(binder, path, param);
    }
    if (param->type == RUNNER_COMPONENTS) {
        const char *place = arena_printf(binder->arena, "%s.%s", path, param->name);
        return bind_parts(binder, (enum runner_kind)param->kind, value, place, field);
    }
    enum status status = param->type == RUNNER_INTS     ? bind_ints(binder, value, field)
                         : param->type == RUNNER_FLOATS ? bind_floats(binder, value, field)
                                                        : bind_texts(binder, value, field);
    return status == STATUS_OK ? STATUS_OK : mismatch(binder, path, param);
}

static enum status bind_number(const struct binder *binder, const runner_param *param, const struct tree *value,
                               const char *path, void *field) {
    if (param->type == RUNNER_INT) {
        if (value->type != TREE_INT && value->type != TREE_NULL) {
            return mismatch(binder, path, param);
        }
        *(int64_t *)field = value->type == TREE_INT ? value->value.integer : INT64_MIN;
        return STATUS_OK;
    }
    bool without = value->type == TREE_NULL || (param->type == RUNNER_RATE && value->type == TREE_MAP);
    if (value->type != TREE_FLOAT && !without) {
        return mismatch(binder, path, param);
    }
    *(double *)field = without ? (double)NAN : value->value.number;
    return STATUS_OK;
}

static enum status bind_choice(const struct binder *binder, const runner_param *param, const struct tree *value,
                               const char *path, int32_t *field) {
    for (int32_t i = 0; value->type == TREE_TEXT && param->choices[i]; i++) {
        if (strcmp(param->choices[i], value->text) == 0) {
            *field = i;
            return STATUS_OK;
        }
    }
    return mismatch(binder, path, param);
}

static enum status bind_component(const struct binder *binder, const runner_param *param, const struct tree *value,
                                  const char *path, const runner_part **field) {
    struct runner_part *part = NULL;
    *field = NULL;
    if (value->type == TREE_NULL) {
        return STATUS_OK;
    }
    const char *place = arena_printf(binder->arena, "%s.%s", path, param->name);
    enum status status = bind(binder, (enum runner_kind)param->kind, value, place, &part);
    *field = part;
    return status;
}

static enum status bind_param(const struct binder *binder, const runner_param *param, const struct tree *value,
                              const char *path, void *field) {
    if (!value || (value->type == TREE_NULL && !(param->flags & RUNNER_NULLABLE))) {
        return mismatch(binder, path, param);
    }
    switch ((enum runner_type)param->type) {
    case RUNNER_BOOL:
        if (value->type != TREE_BOOL) {
            return mismatch(binder, path, param);
        }
        *(int32_t *)field = value->value.truth;
        return STATUS_OK;
    case RUNNER_INT:
    case RUNNER_FLOAT:
    case RUNNER_RATE: return bind_number(binder, param, value, path, field);
    case RUNNER_TEXT:
    case RUNNER_PATH:
        if (value->type != TREE_TEXT && value->type != TREE_NULL) {
            return mismatch(binder, path, param);
        }
        *(const char **)field = value->type == TREE_TEXT ? arena_copy_text(binder->arena, value->text) : NULL;
        return STATUS_OK;
    case RUNNER_CHOICE: return bind_choice(binder, param, value, path, field);
    case RUNNER_INTS:
    case RUNNER_FLOATS:
    case RUNNER_TEXTS:
    case RUNNER_COMPONENTS: return bind_list(binder, param, value, path, field);
    case RUNNER_COMPONENT: return bind_component(binder, param, value, path, field);
    }
    return mismatch(binder, path, param);
}

static void *aligned_config(struct arena *arena, size_t size) {
    uintptr_t raw = (uintptr_t)arena_alloc(arena, size + CONFIG_ALIGNMENT);
    return (void *)((raw + CONFIG_ALIGNMENT - 1) / CONFIG_ALIGNMENT * CONFIG_ALIGNMENT);
}

static enum status bind(const struct binder *binder, enum runner_kind kind, const struct tree *resolved,
                        const char *path, struct runner_part **part) {
    if (resolved->type != TREE_MAP || resolved->count != 1 || resolved->items[0]->type != TREE_MAP) {
        return error_set(binder->error, STATUS_CONFIG, "%s: found %s; wanted one resolved %s", path,
                         tree_type_name(resolved->type), runner_kind_name(kind));
    }
    const char *name = component_name(resolved);
    const runner_component *component = loader_find(binder->loader, kind, name);
    if (!component) {
        return error_set(binder->error, STATUS_CONFIG, "%s: unknown %s '%s'; no plugin that was opened has it", path,
                         runner_kind_name(kind), name);
    }
    struct runner_part *bound = arena_alloc(binder->arena, sizeof *bound);
    *bound = (struct runner_part){
        .kind = kind,
        .name = component->name,
        .component = component,
        .ops = component->ops,
        .config = aligned_config(binder->arena, component->config_size),
        .params = component_params(resolved),
    };
    const char *place = arena_printf(binder->arena, "%s.%s", path, name);
    for (uint32_t i = 0; i < component->n_params; i++) {
        const runner_param *param = &component->params[i];
        const struct tree *value = tree_get(bound->params, param->name);
        enum status status = bind_param(binder, param, value, place, (char *)bound->config + param->offset);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *part = bound;
    return STATUS_OK;
}

enum status part_bind(const struct loader *loader, enum runner_kind kind, const struct tree *resolved, const char *path,
                      struct arena *arena, struct runner_part **part, struct error *error) {
    struct binder binder = {loader, arena, error};
    *part = NULL;
    return bind(&binder, kind, resolved, path, part);
}

enum status part_schedule(const struct loader *loader, const struct runner_part *part, const char *param,
                          struct arena *arena, struct runner_part **schedule, struct error *error) {
    const struct tree *value = tree_get(part->params, param);
    *schedule = NULL;
    if (!value || value->type != TREE_MAP) {
        return STATUS_OK;
    }
    const char *path = arena_printf(arena, "%s.%s", part->name, param);
    return part_bind(loader, RUNNER_SCHEDULE, value, path, arena, schedule, error);
}

int64_t part_int(const struct runner_part *part, const char *param) {
    const struct tree *value = tree_get(part->params, param);
    return value && value->type == TREE_INT ? value->value.integer : 0;
}

bool part_bool(const struct runner_part *part, const char *param) {
    const struct tree *value = tree_get(part->params, param);
    return value && value->type == TREE_BOOL && value->value.truth;
}

double part_float(const struct runner_part *part, const char *param) {
    const struct tree *value = tree_get(part->params, param);
    if (value && value->type == TREE_INT) {
        return (double)value->value.integer;
    }
    return value && value->type == TREE_FLOAT ? value->value.number : 0;
}

const char *part_text(const struct runner_part *part, const char *param) {
    const struct tree *value = tree_get(part->params, param);
    return value && value->type == TREE_TEXT ? value->text : NULL;
}

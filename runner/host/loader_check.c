#include "runner/host/loader_check.h"

#include "runner/host/loader.h"

#include <string.h>

enum { MAX_COMPONENTS = 1000, MAX_CONFIG = 1 << 20, MAX_LINE = 1000 };

struct ops_form {
    size_t first, now;     /* bytes of the struct in version 1.0, and as this host knows it */
    const char *names[10]; /* of the functions, which stand one after another behind size and flags */
    const char *all[4];    /* functions that must be there */
};

static const struct ops_form forms[] = {
    [RUNNER_DATASET] = {THROUGH(runner_dataset_ops, read),
                        sizeof(runner_dataset_ops),
                        {"open", "read"},
                        {"open", "read"}},
    [RUNNER_LAYER] = {THROUGH(runner_layer_ops, combine_delta),
                      sizeof(runner_layer_ops),
                      {"expand", "plan", "forward", "backward", "gradient", "reduce", "combine", "reduce_delta",
                       "combine_delta"},
                      {NULL}},
    [RUNNER_LOSS] = {THROUGH(runner_loss_ops, evaluate),
                     sizeof(runner_loss_ops),
                     {"plan", "evaluate"},
                     {"plan", "evaluate"}},
    [RUNNER_OPTIMIZER] = {THROUGH(runner_optimizer_ops, step_tensor),
                          sizeof(runner_optimizer_ops),
                          {"plan", "begin", "step", "step_tensor", "step_zeros", "step_outer"},
                          {"plan"}},
    [RUNNER_METRIC] = {THROUGH(runner_metric_ops, result),
                       sizeof(runner_metric_ops),
                       {"plan", "update", "result"},
                       {"plan", "update", "result"}},
    [RUNNER_INITIALIZER] = {THROUGH(runner_initializer_ops, fill), sizeof(runner_initializer_ops), {"fill"}, {"fill"}},
    [RUNNER_SCHEDULE] = {THROUGH(runner_schedule_ops, rate), sizeof(runner_schedule_ops), {"rate"}, {"rate"}},
    [RUNNER_REGULARIZER] = {THROUGH(runner_regularizer_ops, penalty),
                            sizeof(runner_regularizer_ops),
                            {"penalty"},
                            {"penalty"}},
    [RUNNER_CONSTRAINT] = {THROUGH(runner_constraint_ops, apply), sizeof(runner_constraint_ops), {"apply"}, {"apply"}},
    [RUNNER_CALLBACK] = {THROUGH(runner_callback_ops, epoch),
                         sizeof(runner_callback_ops),
                         {"plan", "epoch"},
                         {"plan", "epoch"}},
};

size_t ops_size(enum runner_kind kind) {
    return forms[kind].now;
}

/* Whether the ops have the function. Those that the plugin's size does not cover are not there. */
static bool has(const runner_component *component, const char *name) {
    const struct ops_form *form = &forms[component->kind];
    uint32_t size;
    memcpy(&size, component->ops, sizeof size);
    for (size_t i = 0; i < sizeof form->names / sizeof *form->names && form->names[i]; i++) {
        void (*function)(void);
        size_t offset = 2 * sizeof(uint32_t) + i * sizeof function;
        if (strcmp(form->names[i], name) == 0 && offset + sizeof function <= size) {
            memcpy(&function, (const char *)component->ops + offset, sizeof function);
            return function != NULL;
        }
    }
    return false;
}

static enum status lacks(const runner_component *component, const char *what, const char *wanted, struct error *error) {
    return error_set(error, STATUS_CONFIG, "%s '%s' has no %s; wanted %s in its ops",
                     runner_kind_name((enum runner_kind)component->kind), component->name, what, wanted);
}

static enum status check_pair(const runner_component *component, const char *first, const char *second,
                              struct error *error) {
    bool has_first = has(component, first), has_second = has(component, second);
    if (has_first == has_second) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_CONFIG, "layer '%s' has %s but no %s; wanted both or neither in its ops",
                     component->name, has_first ? first : second, has_first ? second : first);
}

static enum status check_functions(const runner_component *component, struct error *error) {
    const struct ops_form *form = &forms[component->kind];
    for (size_t i = 0; i < sizeof form->all / sizeof *form->all && form->all[i]; i++) {
        if (!has(component, form->all[i])) {
            return lacks(component, form->all[i], form->all[i], error);
        }
    }
    if (component->kind == RUNNER_OPTIMIZER && !has(component, "step") && !has(component, "step_tensor")) {
        return lacks(component, "step", "step, or step_tensor,", error);
    }
    if (component->kind != RUNNER_LAYER) {
        return STATUS_OK;
    }
    static const char *const run[] = {"plan", "forward", "backward"};
    for (size_t i = 0; i < 3 && !has(component, "expand"); i++) {
        if (!has(component, run[i])) {
            return lacks(component, run[i], "plan, forward and backward, or expand,", error);
        }
    }
    enum status status = check_pair(component, "reduce", "combine", error);
    return status != STATUS_OK ? status : check_pair(component, "reduce_delta", "combine_delta", error);
}

static enum status check_ops(const runner_component *component, struct error *error) {
    const struct ops_form *form = &forms[component->kind];
    const char *kind = runner_kind_name((enum runner_kind)component->kind);
    uint32_t size = 0;
    if (!component->ops) {
        return error_set(error, STATUS_CONFIG, "%s '%s' has no ops; wanted a runner_%s_ops", kind, component->name,
                         kind);
    }
    if (memory_is_readable(component->ops, sizeof size)) {
        memcpy(&size, component->ops, sizeof size);
    }
    if (size < form->first || size > form->now || !memory_is_readable(component->ops, size)) {
        return error_set(error, STATUS_CONFIG,
                         "%s '%s': found ops of %u bytes; wanted a runner_%s_ops of %zu that starts with its size",
                         kind, component->name, size, kind, form->now);
    }
    return check_functions(component, error);
}

static enum status check_component(const runner_plugin *plugin, const runner_component *component, uint32_t index,
                                   struct error *error) {
    if (!plugin_name_is_well(component->name)) {
        return error_set(error, STATUS_CONFIG, "component %u has no well-formed name; wanted [a-z][a-z0-9_]*", index);
    }
    if (component->kind < RUNNER_DATASET || component->kind > RUNNER_LAST_KIND) {
        return error_set(error, STATUS_CONFIG, "component '%s': found kind %u; wanted a runner_kind, %d to %d",
                         component->name, component->kind, RUNNER_DATASET, RUNNER_LAST_KIND);
    }
    const char *kind = runner_kind_name((enum runner_kind)component->kind);
    if (!memory_is_text(component->doc, MAX_LINE)) {
        return error_set(error, STATUS_CONFIG, "%s '%s': found no doc; wanted one line that says what it is", kind,
                         component->name);
    }
    if (component->config_size > MAX_CONFIG) {
        return error_set(error, STATUS_CONFIG, "%s '%s': found a config struct of %u bytes; wanted at most %d", kind,
                         component->name, component->config_size, MAX_CONFIG);
    }
    for (uint32_t i = 0; i < index; i++) {
        const runner_component *other =
            (const runner_component *)(const void *)((const char *)plugin->components + i * plugin->component_size);
        if (other->kind == component->kind && strcmp(other->name, component->name) == 0) {
            return error_set(error, STATUS_CONFIG, "%s '%s': found twice in this plugin; wanted once", kind,
                             component->name);
        }
    }
    enum status status = check_ops(component, error);
    if (status == STATUS_OK && component->kind == RUNNER_DATASET) {
        status = plugin_check_downloads(component, error);
    }
    return status != STATUS_OK ? status : plugin_check_params(component, plugin->param_size, error);
}

enum status plugin_check_size(const char *what, uint32_t found, size_t first, size_t now, struct error *error) {
    if (found >= first && found <= now) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_CONFIG,
                     "found a %s of %u bytes; wanted %zu: rebuild it against this runner's plugin.h", what, found, now);
}

static enum status check_version(const runner_plugin *plugin, struct error *error) {
    if (!memory_is_readable(plugin, offsetof(runner_plugin, size))) {
        return error_set(error, STATUS_CONFIG, "runner_plugin_entry() gave %s; wanted a runner_plugin",
                         plugin ? "a bad pointer" : "NULL");
    }
    if (plugin->magic != RUNNER_ABI_MAGIC) {
        return error_set(error, STATUS_CONFIG,
                         "found magic 0x%08x; wanted 0x%08x, that of a plugin for runner: rebuild it "
                         "against this runner's plugin.h",
                         plugin->magic, RUNNER_ABI_MAGIC);
    }
    if (plugin->abi_major != RUNNER_ABI_MAJOR || plugin->abi_minor > RUNNER_ABI_MINOR) {
        return error_set(
            error, STATUS_CONFIG,
            "found plugin contract %u.%u; wanted %d.0 to %d.%d: rebuild it against this runner's plugin.h%s",
            plugin->abi_major, plugin->abi_minor, RUNNER_ABI_MAJOR, RUNNER_ABI_MAJOR, RUNNER_ABI_MINOR,
            plugin->abi_major < RUNNER_ABI_MAJOR ? "" : ", or use a newer runner");
    }
    return STATUS_OK;
}

enum status plugin_check(const runner_plugin *plugin, struct error *error) {
    enum status status = check_version(plugin, error);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t size = THROUGH(runner_plugin, author), component = THROUGH(runner_component, ops),
                 param = THROUGH(runner_param, doc);
    if (!memory_is_readable(plugin, size)) {
        return error_set(error, STATUS_CONFIG, "found a runner_plugin that cannot be read; wanted one of %zu bytes",
                         size);
    }
    if (plugin_check_size("runner_plugin", plugin->size, size, sizeof(runner_plugin), error) != STATUS_OK ||
        plugin_check_size("runner_component", plugin->component_size, component, sizeof(runner_component), error) !=
            STATUS_OK ||
        plugin_check_size("runner_param", plugin->param_size, param, sizeof(runner_param), error) != STATUS_OK) {
        return STATUS_CONFIG;
    }
    if (!memory_is_text(plugin->version, MAX_LINE) || (plugin->license && !memory_is_text(plugin->license, MAX_LINE)) ||
        (plugin->author && !memory_is_text(plugin->author, MAX_LINE))) {
        return error_set(error, STATUS_CONFIG, "found no version of the plugin; wanted a short text such as \"1.0.0\"");
    }
    if (plugin->n_components == 0 || plugin->n_components > MAX_COMPONENTS) {
        return error_set(error, STATUS_CONFIG, "found %u components; wanted 1 to %d", plugin->n_components,
                         MAX_COMPONENTS);
    }
    if (!memory_is_readable(plugin->components, (size_t)plugin->component_size * plugin->n_components)) {
        return error_set(error, STATUS_CONFIG, "found no table for its %u components; wanted components to point at it",
                         plugin->n_components);
    }
    for (uint32_t i = 0; i < plugin->n_components && status == STATUS_OK; i++) {
        const char *at = (const char *)plugin->components + (size_t)i * plugin->component_size;
        status = check_component(plugin, (const runner_component *)(const void *)at, i, error);
    }
    return status;
}

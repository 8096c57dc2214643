#include "runner/cli/provenance.h"

#include "runner/base/file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "unknown";
}

struct changes {
    const char *before; /* stands in front of each line */
    struct text *out;
    size_t count;
};

static void compare(struct changes *changes, const char *what, const char *was, const char *is) {
    if (strcmp(was, is) == 0)
        return;
    text_printf(changes->out, "%s%s: recorded with %s, now %s\n", changes->before, what, was, is);
    changes->count++;
}

static bool uses_blas(const struct job *job) {
    for (size_t p = 0; p < job->experiment.n_points; p++) {
        const struct tree *gemm = tree_get(experiment_section(&job->experiment, p, SECTION_ENGINE), "gemm");
        if (gemm == NULL || gemm->type != TREE_TEXT || strcmp(gemm->text, "openblas") == 0)
            return true;
    }
    return false;
}

static void compare_plugins(const struct job *job, const json_t *plugins, struct changes *changes) {
    const struct components *used = &job->plan.components;
    for (size_t i = 0; i < used->count; i++) {
        const struct catalog_component *component = used->items[i];
        for (size_t k = 0; k < json_array_size(plugins); k++) {
            const json_t *plugin = json_array_get(plugins, k);
            if (strcmp(text_at(plugin, "kind"), runner_kind_name(component->kind)) != 0 ||
                strcmp(text_at(plugin, "name"), component->name) != 0)
                continue;
            /* The hash is left out of tables that are kept for other builds. */
            bool hashed = json_object_get(plugin, "xxh3_128") != NULL;
            struct text what;
            text_init(&what);
            text_printf(&what, "%s %s is another %s", runner_kind_name(component->kind), component->name,
                        hashed ? "file" : "version");
            compare(changes, what.data, text_at(plugin, hashed ? "xxh3_128" : "version"),
                    hashed ? component->hash : component->version);
            text_clear(&what);
        }
    }
}

/* Whether the data set is one that could not be read when the manifest was written. */
static bool was_unread(const json_t *datasets, const struct session_data *set) {
    json_t *resolved = json_loads(set->resolved, 0, NULL);
    bool unread = false;
    for (size_t k = 0; k < json_array_size(datasets); k++) {
        const json_t *known = json_array_get(datasets, k);
        unread = unread ||
                 (json_object_get(known, "reason") != NULL && json_equal(json_object_get(known, "resolved"), resolved));
    }
    json_decref(resolved);
    return unread;
}

static void compare_data(const struct job *job, const json_t *datasets, struct changes *changes) {
    char hash[HASH_TEXT_SIZE];
    for (size_t i = 0; json_is_array(datasets) && i < job->session.n_data; i++) {
        const struct session_data *set = &job->session.data[i];
        hash128_write(set->facts.hash, hash);
        bool known = false;
        for (size_t k = 0; k < json_array_size(datasets); k++)
            known = known || strcmp(text_at(json_array_get(datasets, k), "xxh3_128"), hash) == 0;
        if (known || set->problem != NULL)
            continue;
        text_printf(changes->out, "%sthe data set %s %s: its hash is %s now\n", changes->before, set->name,
                    was_unread(datasets, set) ? "could not be read then" : "is another, or holds other data", hash);
        changes->count++;
    }
}

static json_t *read_manifest(const char *folder) {
    struct arena arena;
    arena_init(&arena);
    unsigned char *bytes;
    size_t n;
    json_t *manifest = NULL;
    if (file_read(path_join(&arena, folder, "manifest.json"), (size_t)1 << 26, &bytes, &n, NULL) == STATUS_OK)
        manifest = json_loadb((const char *)bytes, n, 0, NULL);
    free(bytes);
    arena_clear(&arena);
    return manifest;
}

size_t provenance_changes(const struct job *job, const char *folder, const char *before, struct text *out) {
    json_t *manifest = read_manifest(folder);
    if (manifest == NULL)
        return 0;
    struct changes changes = {.before = before, .out = out};
    char was[32], is[32];
    snprintf(was, sizeof was, "%lld",
             (long long)json_integer_value(json_object_get(json_object_get(manifest, "runner"), "numerics")));
    snprintf(is, sizeof is, "%llu", (unsigned long long)job->session.numerics);
    compare(&changes, "the version of the engine's numbers", was, is);
    if (uses_blas(job))
        compare(&changes, "products by OpenBLAS (engine.gemm), which promises no bits across versions and processors",
                text_at(manifest, "blas"), job->session.blas);
    compare_plugins(job, json_object_get(manifest, "plugins"), &changes);
    compare_data(job, json_object_get(manifest, "datasets"), &changes);
    json_decref(manifest);
    return changes.count;
}

void provenance_explain(const struct job *job, const char *folder, struct text *out) {
    json_t *manifest = read_manifest(folder);
    json_decref(manifest);
    if (manifest == NULL)
        text_printf(out,
                    "%s/manifest.json cannot be read, so nothing is known of the engine, plugins and data that made "
                    "the tables\n",
                    folder);
    else if (provenance_changes(job, folder, "may be why: ", out) == 0)
        text_add(
            out,
            "no other engine, plugin, data or back end than manifest.json names is at work: either the tables were "
            "changed, or this is a defect of the program\n");
}

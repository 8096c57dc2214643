#include "runner/cli/provenance.h"

#include "runner/base/file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "unknown";
}

static void compare(const char *what, const char *was, const char *is, const char *remark, struct text *out) {
    if (strcmp(was, is) != 0)
        text_printf(out, "may be why: %s: recorded with %s, now %s%s\n", what, was, is, remark);
}

static bool uses_blas(const struct job *job) {
    for (size_t p = 0; p < job->experiment.n_points; p++) {
        const struct tree *gemm = tree_get(tree_get(job->experiment.points[p].tree, "engine"), "gemm");
        if (gemm == NULL || gemm->text == NULL || strcmp(gemm->text, "openblas") == 0)
            return true;
    }
    return false;
}

static void compare_plugins(const struct job *job, const json_t *plugins, struct text *out) {
    const struct components *used = &job->plan.components;
    for (size_t i = 0; i < used->count; i++) {
        const struct catalog_component *component = used->items[i];
        for (size_t k = 0; k < json_array_size(plugins); k++) {
            const json_t *plugin = json_array_get(plugins, k);
            if (strcmp(text_at(plugin, "kind"), runner_kind_name(component->kind)) != 0 ||
                strcmp(text_at(plugin, "name"), component->name) != 0)
                continue;
            struct text what;
            text_init(&what);
            text_printf(&what, "%s %s is another file", runner_kind_name(component->kind), component->name);
            compare(what.data, text_at(plugin, "xxh3_128"), component->hash, "", out);
            text_clear(&what);
        }
    }
}

static void compare_data(const struct job *job, const json_t *datasets, struct text *out) {
    char hash[HASH_TEXT_SIZE];
    for (size_t i = 0; i < job->session.n_data; i++) {
        hash128_write(job->session.data[i].facts.hash, hash);
        bool known = false;
        for (size_t k = 0; k < json_array_size(datasets); k++)
            known = known || strcmp(text_at(json_array_get(datasets, k), "xxh3_128"), hash) == 0;
        if (!known)
            text_printf(out, "may be why: the data set %s holds other data: its hash is %s now\n",
                        job->session.data[i].name, hash);
    }
}

void provenance_explain(const struct job *job, const char *folder, struct text *out) {
    struct arena arena;
    arena_init(&arena);
    unsigned char *bytes;
    size_t n;
    json_t *manifest = NULL;
    if (file_read(path_join(&arena, folder, "manifest.json"), (size_t)1 << 26, &bytes, &n, NULL) == STATUS_OK)
        manifest = json_loadb((const char *)bytes, n, 0, NULL);
    free(bytes);
    size_t before = out->length;
    const json_t *runner = json_object_get(manifest, "runner");
    if (manifest == NULL) {
        text_add(out, "there is no manifest.json to compare with\n");
    } else {
        compare("the version of the engine's numbers",
                arena_printf(&arena, "%lld", (long long)json_integer_value(json_object_get(runner, "numerics"))),
                arena_printf(&arena, "%llu", (unsigned long long)job->session.numerics), "", out);
        if (uses_blas(job))
            compare("products by OpenBLAS (engine.gemm), which promises no bits across versions and processors",
                    text_at(manifest, "blas"), job->session.blas, "", out);
        compare_plugins(job, json_object_get(manifest, "plugins"), out);
        compare_data(job, json_object_get(manifest, "datasets"), out);
        if (out->length == before)
            text_add(out,
                     "engine, plugins, data and back end are those that manifest.json names: either the tables were "
                     "changed, or this is a defect of the program\n");
    }
    json_decref(manifest);
    arena_clear(&arena);
}

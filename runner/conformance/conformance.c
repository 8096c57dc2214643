#include "runner/conformance/conformance.h"

#include "runner/base/file.h"
#include "runner/conformance/checks.h"
#include "runner/conformance/process.h"
#include "runner/host/params_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct runs {
    const struct conformance_request *request;
    struct process process;
};

static void report(const struct runs *runs, enum outcome outcome, const char *component, const char *check,
                   const char *reason) {
    struct conformance_line line = {outcome, component, check, reason};
    runs->request->on_line(runs->request->context, &line);
}

static bool report_page(const struct runs *runs, const char *component, const char *check) {
    const struct page *page = runs->process.page;
    report(runs, (enum outcome)page->outcome, component, check, page->outcome == OUTCOME_OK ? "" : page->reason);
    return page->outcome == OUTCOME_OK;
}

/* The first check of a component that failed: others often fail for its reason, which is told once. */
struct failure {
    const char *check; /* NULL: none has failed */
    char reason[PAGE_TEXT];
};

static void report_after(const struct runs *runs, const char *component, const char *check, struct failure *first) {
    const struct page *page = runs->process.page;
    char reason[64];
    if (page->outcome == OUTCOME_FAIL && first->check != NULL && strcmp(first->reason, page->reason) == 0) {
        snprintf(reason, sizeof reason, "for the same reason as %s", first->check);
        report(runs, OUTCOME_FAIL, component, check, reason);
        return;
    }
    report_page(runs, component, check);
    if (page->outcome == OUTCOME_FAIL && first->check == NULL) {
        first->check = check;
        snprintf(first->reason, sizeof first->reason, "%s", page->reason);
    }
}

/* ---- The file ------------------------------------------------------------------------------------------------------- */

struct load {
    const struct conformance_request *request;
    const char *file;
};

/* Opens the file and nothing else, in a process of its own: whatever the plugin does then harms nobody. */
static bool try_load(void *context, struct page *page) {
    const struct load *load = context;
    const char *file = load->file;
    struct loader loader;
    atomic_store(&page->doing, "the loading of the file");
    load->request->guard(load->request->guard_of, false);
    loader_open(&loader, NULL, 0, 0);
    loader_open_file(&loader, file);
    if (loader.catalog.n_problems > 0) {
        const char *problem = loader.catalog.problems[0];
        size_t length = strlen(file);
        page->outcome = OUTCOME_FAIL;
        snprintf(page->reason, sizeof page->reason, "%s",
                 strncmp(problem, file, length) == 0 && problem[length] == ':' ? problem + length + 2 : problem);
    }
    return page->outcome == OUTCOME_OK;
}

/* ---- Components ------------------------------------------------------------------------------------------------------ */

struct one_check {
    const struct conformance_request *request;
    const struct check *check;
    const struct target *target;
};

static bool run_check(void *context, struct page *page) {
    const struct one_check *one = context;
    one->request->guard(one->request->guard_of, true);
    return one->check->run(one->target, page);
}

static void test_component(struct runs *runs, const struct loader *loader, const struct catalog_component *component) {
    struct target target = {loader, component->kind, component->name, runs->request->settings};
    char label[128];
    snprintf(label, sizeof label, "%s/%s", runner_kind_name(component->kind), component->name);
    bool hung = false;
    struct failure first = {0};
    text_reset(&runs->process.printed);
    for (const struct check *check = checks_of(component->kind); check->name != NULL; check++) {
        if (hung) {
            report(runs, OUTCOME_SKIPPED, label, check->name, "after a function that does not return");
            continue;
        }
        struct one_check one = {runs->request, check, &target};
        process_run(&runs->process, run_check, &one);
        report_after(runs, label, check->name, &first);
        hung = runs->process.hung;
    }
    char reason[300];
    snprintf(reason, sizeof reason, "it printed \"%s\"; a plugin says what there is to say with fail() and note()",
             runs->process.printed.data);
    bool quiet = runs->process.printed.length == 0;
    report(runs, quiet ? OUTCOME_OK : OUTCOME_FAIL, label, "quiet", quiet ? "" : reason);
}

/* "NAME" or "KIND/NAME" */
static bool is_named(const struct catalog_component *component, const char *name) {
    const char *slash = strchr(name, '/'), *kind = runner_kind_name(component->kind);
    if (slash == NULL)
        return strcmp(component->name, name) == 0;
    return strlen(kind) == (size_t)(slash - name) && strncmp(kind, name, strlen(kind)) == 0 &&
           strcmp(component->name, slash + 1) == 0;
}

static bool is_wanted(const struct conformance_request *request, const char *file,
                      const struct catalog_component *component) {
    return (file == NULL || strcmp(component->file, file) == 0) &&
           (request->component == NULL || is_named(component, request->component));
}

/* Each setting must be a parameter of each component that is tested. */
static enum status check_settings(const struct conformance_request *request, const struct catalog_component *component,
                                  struct error *error) {
    for (size_t i = 0; request->settings != NULL && i < request->settings->count; i++) {
        const char *key = request->settings->keys[i];
        if (catalog_param_find(component, key) != NULL)
            continue;
        const char **names = memory_alloc(component->n_params + 1, sizeof *names);
        for (size_t p = 0; p < component->n_params; p++)
            names[p] = component->params[p].name;
        const char *near = text_nearest(key, names, component->n_params);
        free((void *)names);
        return error_set(error, STATUS_CONFIG, "unknown parameter '%s' of %s %s%s%s%s", key,
                         runner_kind_name(component->kind), component->name, near != NULL ? "; did you mean '" : "",
                         near != NULL ? near : "", near != NULL ? "'?" : "");
    }
    return STATUS_OK;
}

static enum status test_components(struct runs *runs, const struct loader *loader, const char *file,
                                   struct error *error) {
    const struct conformance_request *request = runs->request;
    const struct catalog *catalog = &loader->catalog;
    size_t found = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < catalog->count && status == STATUS_OK; i++)
        if (is_wanted(request, file, &catalog->components[i])) {
            found++;
            status = check_settings(request, &catalog->components[i], error);
        }
    const char *name = request->component != NULL ? request->component : "";
    if (status == STATUS_OK && found == 0)
        status = request->file != NULL
                     ? error_set(error, STATUS_CONFIG, "%s holds no component '%s'", request->file, name)
                     : words_unknown(catalog, name, false, error);
    for (size_t i = 0; i < catalog->count && status == STATUS_OK; i++)
        if (is_wanted(request, file, &catalog->components[i]))
            test_component(runs, loader, &catalog->components[i]);
    return status;
}

static enum status test_file(struct runs *runs, struct loader *loader, struct error *error) {
    const struct conformance_request *request = runs->request;
    struct arena arena;
    arena_init(&arena);
    const char *file = path_real(&arena, request->file);
    if (file == NULL) {
        arena_clear(&arena);
        return error_set(error, STATUS_CONFIG, "%s: found no such file; wanted a plugin, NAME.so", request->file);
    }
    enum status status = STATUS_OK;
    struct load load = {request, file};
    process_run(&runs->process, try_load, &load);
    if (report_page(runs, request->file, "load")) {
        loader_open_file(loader, file);
        status = test_components(runs, loader, file, error);
    }
    arena_clear(&arena);
    return status;
}

enum status conformance_run(struct loader *loader, const struct conformance_request *request, struct error *error) {
    struct runs runs = {.request = request};
    process_init(&runs.process);
    enum status status =
        request->file != NULL ? test_file(&runs, loader, error) : test_components(&runs, loader, NULL, error);
    process_clear(&runs.process);
    return status;
}

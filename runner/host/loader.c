#include "runner/host/loader.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/host/loader_check.h"
#include "runner/host/params.h"

#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fenv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE = 1 << 30 };

/* ---- One file -------------------------------------------------------------------------------------------------- */

static enum status check_elf(const unsigned char *bytes, size_t n, struct error *error) {
    Elf64_Ehdr header;
    if (n < sizeof header || memcmp(bytes, ELFMAG, SELFMAG) != 0) {
        return error_set(error, STATUS_CONFIG, "found no shared object; wanted a plugin built with cc -shared -fPIC");
    }
    memcpy(&header, bytes, sizeof header);
#if defined(__x86_64__)
    bool machine = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64;
#elif defined(__aarch64__)
    bool machine = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_AARCH64;
#else
    bool machine = true;
#endif
    if (!machine) {
        return error_set(error, STATUS_CONFIG, "found code for another kind of machine; wanted it built on this one");
    }
    if (header.e_type != ET_DYN) {
        return error_set(error, STATUS_CONFIG,
                         "found an object file or a program; wanted a plugin built with cc -shared -fPIC");
    }
    return STATUS_OK;
}

/* dlerror() without the file's name in front. */
static const char *load_error(const char *file) {
    const char *text = dlerror();
    size_t length = strlen(file);
    if (!text) {
        return "no reason given";
    }
    return strncmp(text, file, length) == 0 && strncmp(text + length, ": ", 2) == 0 ? text + length + 2 : text;
}

/* The description is checked, but belongs to the object, which stays open. */
static enum status open_object(const char *file, void **handle, const runner_plugin **plugin, struct error *error) {
    errno = 0;
    *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!*handle) {
        bool memory = errno == ENOMEM; /* not always in the text */
        const char *reason = load_error(file);
        if (memory ||
            strstr(reason, strerrordesc_np(ENOMEM))) { /* the plugin is not to blame, nor may it just be missing */
            memory_exhausted();
        }
        return error_set(error, STATUS_CONFIG, "cannot be loaded: %s; link it with -Wl,-z,defs to see what it lacks",
                         reason);
    }
    void *symbol = dlsym(*handle, "runner_plugin_entry");
    if (!symbol) {
        return error_set(error, STATUS_CONFIG,
                         "found no function runner_plugin_entry; wanted a plugin (RUNNER_PLUGIN() defines it)");
    }
    runner_plugin_entry_fn entry;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no cast from an object's to a function's pointer */
    *plugin = entry();
    return plugin_check(*plugin, error);
}

static enum status open_file(const char *file, struct loaded_plugin *loaded, struct error *error) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    enum status status = file_read(file, MAX_FILE, &bytes, &n, error);
    if (status != STATUS_OK) {
        return status;
    }
    hash128_write(hash128_of(bytes, n), loaded->hash);
    status = check_elf(bytes, n, error);
    free(bytes);
    if (status == STATUS_OK) {
        fenv_t environment; /* start-up code of an object built with -Ofast makes the whole thread flush subnormals */
        fegetenv(&environment);
        status = open_object(file, &loaded->handle, &loaded->plugin, error);
        fesetenv(&environment);
    }
    if (status != STATUS_OK) {
        if (loaded->handle) {
            dlclose(loaded->handle);
        }
        error_prefix(error, "%s", file);
    }
    return status;
}

/* ---- The catalogue ----------------------------------------------------------------------------------------------- */

static void add_problem(struct loader *loader, const char *problem) {
    struct catalog *catalog = &loader->catalog;
    const char **problems = arena_array(&loader->arena, catalog->n_problems + 1, sizeof *problems);
    for (size_t i = 0; i < catalog->n_problems; i++) {
        problems[i] = catalog->problems[i];
    }
    problems[catalog->n_problems++] = arena_copy_text(&loader->arena, problem);
    catalog->problems = problems;
}

struct found {
    const runner_component *component; /* the plugin's own */
    const struct loaded_plugin *plugin;
    size_t order;
};

static int compare_found(const void *first, const void *second) {
    const struct found *a = first, *b = second;
    if (a->component->kind != b->component->kind) {
        return a->component->kind < b->component->kind ? -1 : 1;
    }
    int order = strcmp(a->component->name, b->component->name);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static const runner_component *copy_component(struct loader *loader, const struct found *found) {
    const runner_plugin *plugin = found->plugin->plugin;
    runner_component *copy = arena_alloc(&loader->arena, sizeof *copy);
    memcpy(copy, found->component, smaller(sizeof *copy, plugin->component_size));
    runner_param *params = arena_array(&loader->arena, copy->n_params, sizeof *params);
    for (uint32_t i = 0; i < copy->n_params; i++) {
        const char *param = (const char *)found->component->params + (size_t)i * plugin->param_size;
        memcpy(&params[i], param, smaller(sizeof *params, plugin->param_size));
    }
    copy->params = params;
    uint32_t size;
    memcpy(&size, copy->ops, sizeof size);
    size_t now = ops_size((enum runner_kind)copy->kind);
    void *ops = arena_alloc(&loader->arena, now);
    memcpy(ops, copy->ops, smaller(now, size));
    copy->ops = ops;
    return copy;
}

static void describe_downloads(struct loader *loader, const runner_dataset_ops *ops, struct catalog_component *entry) {
    entry->n_downloads = ops->n_downloads;
    entry->downloads = arena_array(&loader->arena, ops->n_downloads, sizeof *entry->downloads);
    for (uint32_t i = 0; i < ops->n_downloads; i++) {
        const runner_download from = plugin_download(ops, i);
        struct catalog_download *to = &entry->downloads[i];
        *to = (struct catalog_download){.file = from.file, .sha256 = from.sha256, .size = from.size};
        while (from.urls[to->n_urls] != NULL) {
            to->n_urls++;
        }
        to->urls = arena_array(&loader->arena, to->n_urls, sizeof *to->urls);
        for (size_t k = 0; k < to->n_urls; k++) {
            to->urls[k] = from.urls[k];
        }
    }
}

/* `component`: as copy_component() gives it. */
static void describe(struct loader *loader, const struct found *found, const runner_component *component,
                     struct catalog_component *entry) {
    size_t n_host;
    const runner_param *host = host_params((enum runner_kind)component->kind, &n_host);
    *entry = (struct catalog_component){
        .kind = (enum runner_kind)component->kind,
        .name = component->name,
        .doc = component->doc,
        .file = found->plugin->file,
        .hash = found->plugin->hash,
        .version = found->plugin->plugin->version,
        .foreign = found->plugin->foreign,
        .n_own = component->n_params,
    };
    entry->params = arena_array(&loader->arena, component->n_params + n_host, sizeof *entry->params);
    for (size_t i = 0; i < component->n_params; i++) {
        catalog_param_from_table(&component->params[i], &loader->arena, &entry->params[entry->n_params++]);
    }
    for (size_t i = 0; i < n_host; i++) {
        if (catalog_param_find(entry, host[i].name) == NULL) {
            catalog_param_from_table(&host[i], &loader->arena, &entry->params[entry->n_params++]);
        }
    }
    if (component->kind == RUNNER_DATASET) {
        describe_downloads(loader, component->ops, entry);
    }
}

/* All components of all plugins, ordered; of equal ones the first found stays. */
static void build_catalog(struct loader *loader) {
    struct catalog *catalog = &loader->catalog;
    size_t total = 0, n = 0;
    for (size_t i = 0; i < loader->count; i++) {
        total += loader->plugins[i].plugin->n_components;
    }
    struct found *found = memory_alloc(total, sizeof *found);
    for (size_t i = 0; i < loader->count; i++) {
        const runner_plugin *plugin = loader->plugins[i].plugin;
        for (uint32_t k = 0; k < plugin->n_components; k++, n++) {
            const char *at = (const char *)plugin->components + (size_t)k * plugin->component_size;
            found[n] = (struct found){(const runner_component *)(const void *)at, &loader->plugins[i], n};
        }
    }
    if (n > 1) {
        qsort(found, n, sizeof *found, compare_found);
    }
    catalog->count = 0;
    catalog->components = arena_array(&loader->arena, n, sizeof *catalog->components);
    loader->components = arena_array(&loader->arena, n, sizeof *loader->components);
    for (size_t i = 0; i < n; i++) {
        struct catalog_component *last = catalog->count > 0 ? &catalog->components[catalog->count - 1] : NULL;
        if (last && last->kind == (enum runner_kind)found[i].component->kind &&
            strcmp(last->name, found[i].component->name) == 0) {
            last->shadows = last->shadows ? last->shadows : found[i].plugin->file;
            continue;
        }
        const runner_component *component = copy_component(loader, &found[i]);
        loader->components[catalog->count] = component;
        describe(loader, &found[i], component, &catalog->components[catalog->count++]);
    }
    free(found);
}

/* ---- Folders ----------------------------------------------------------------------------------------------------- */

static bool is_open(const struct loader *loader, const char *file) {
    for (size_t i = 0; i < loader->count; i++) {
        if (strcmp(loader->plugins[i].file, file) == 0) {
            return true;
        }
    }
    return false;
}

/* Opens the file and puts it at the end, or in front. A file that stands on the search path twice is opened once. */
static void add_file(struct loader *loader, const char *path, bool foreign, bool in_front) {
    const char *real = path_real(&loader->arena, path);
    const char *file = real ? real : arena_copy_text(&loader->arena, path);
    struct error error;
    struct loaded_plugin loaded = {.file = file, .foreign = foreign};
    const struct loader_watcher *watcher = loader->watcher;
    if (is_open(loader, file) || (watcher && !watcher->opens(watcher->context, file, foreign))) {
        return;
    }
    if (open_file(file, &loaded, &error) != STATUS_OK) {
        add_problem(loader, error.text);
        return;
    }
    struct loaded_plugin *plugins = arena_array(&loader->arena, loader->count + 1, sizeof *plugins);
    size_t at = in_front ? 0 : loader->count;
    for (size_t i = 0; i < loader->count; i++) {
        plugins[in_front ? i + 1 : i] = loader->plugins[i];
    }
    plugins[at] = loaded;
    loader->plugins = plugins;
    loader->count++;
}

static int is_plugin_file(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 3 && strcmp(entry->d_name + length - 3, ".so") == 0;
}

/* By bytes: alphasort() follows the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* False, with errno, where the folder cannot be read. */
static bool add_folder(struct loader *loader, const char *folder, bool foreign) {
    struct dirent **names = NULL;
    int n = scandir(folder, &names, is_plugin_file, compare_names);
    if (n < 0 && errno == ENOMEM) {
        memory_exhausted();
    }
    for (int i = 0; i < n; i++) {
        add_file(loader, path_join(&loader->arena, folder, names[i]->d_name), foreign, false);
        free(names[i]);
    }
    free(names);
    return n >= 0;
}

static void add_tree(struct loader *loader, const char *folder, bool foreign) {
    static const char *const kinds[] = {"datasets",     "layers",    "losses",       "optimizers",  "metrics",
                                        "initializers", "schedules", "regularizers", "constraints", "callbacks"};
    if (!add_folder(loader, folder, foreign)) {
        if (foreign) {
            add_problem(loader,
                        arena_printf(&loader->arena, "%s: cannot look for plugins there: %s", folder, strerror(errno)));
        }
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *path = path_join(&loader->arena, folder, kinds[i]);
        if (!add_folder(loader, path, foreign) && errno != ENOENT && errno != ENOTDIR) {
            add_problem(loader,
                        arena_printf(&loader->arena, "%s: cannot look for plugins there: %s", path, strerror(errno)));
        }
    }
}

void loader_open(struct loader *loader, const char *const *folders, size_t n, size_t n_own) {
    loader_open_watched(loader, folders, n, n_own, NULL);
}

void loader_open_watched(struct loader *loader, const char *const *folders, size_t n, size_t n_own,
                         const struct loader_watcher *watcher) {
    *loader = (struct loader){.watcher = watcher};
    arena_init(&loader->arena);
    loader->catalog.folders = arena_array(&loader->arena, n, sizeof *loader->catalog.folders);
    for (size_t i = 0; i < n; i++) {
        loader->catalog.folders[loader->catalog.n_folders++] = arena_copy_text(&loader->arena, folders[i]);
        add_tree(loader, folders[i], i + n_own < n);
    }
    loader->watcher = NULL;
    build_catalog(loader);
}

void loader_open_file(struct loader *loader, const char *file) {
    add_file(loader, file, true, true);
    build_catalog(loader);
}

void loader_close(struct loader *loader) {
    for (size_t i = loader->count; i-- > 0;) {
        dlclose(loader->plugins[i].handle);
    }
    catalog_clear(&loader->catalog);
    arena_clear(&loader->arena);
    *loader = (struct loader){0};
}

const runner_component *loader_find(const struct loader *loader, enum runner_kind kind, const char *name) {
    const struct catalog_component *entry = catalog_find(&loader->catalog, kind, name);
    return entry ? loader->components[entry - loader->catalog.components] : NULL;
}

void *loader_next_symbol(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

#include "runner/host/files.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/base/yaml.h"
#include "runner/base/zip.h"
#include "runner/host/downloads.h"
#include "runner/host/params.h"
#include "runner/host/places.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 4

void data_files_init(struct data_files *files, uint64_t seed) {
    *files = (struct data_files){.seed = seed};
    arena_init(&files->arena);
}

void data_files_clear(struct data_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].bytes);
    free(files->items);
    arena_clear(&files->arena);
    *files = (struct data_files){0};
}

void data_files_write(const struct data_files *files, struct text *out) {
    const struct mark nowhere = {0};
    struct arena arena;
    arena_init(&arena);
    struct tree *list = tree_list(&arena, nowhere);
    for (size_t i = 0; i < files->count; i++) {
        const struct data_file *file = &files->items[i];
        if (file->member != NULL)
            continue;
        struct tree *item = tree_map(&arena, nowhere);
        tree_set(&arena, item, "path", nowhere, tree_text(&arena, nowhere, file->path));
        tree_set(&arena, item, "sha256", nowhere, tree_text(&arena, nowhere, file->sha256));
        tree_set(&arena, item, "bytes", nowhere, tree_int(&arena, nowhere, (int64_t)file->size));
        tree_append(&arena, list, item);
    }
    tree_write(list, out);
    arena_clear(&arena);
}

/* A file may be longer, or newer, or another one of the same name. */
static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

enum status data_files_check(const struct data_files *files, struct error *error) {
    for (size_t i = 0; i < files->count; i++) {
        const struct data_file *file = &files->items[i];
        struct stat now;
        if (file->member == NULL && (stat(file->path, &now) != 0 || !is_same(&file->before, &now)))
            return error_set(error, STATUS_CONFIG,
                             "%s has changed while the data set was read; run again when nothing writes to it",
                             file->path);
    }
    return STATUS_OK;
}

/* No data set has more bytes than the machine, but a bomb may. */
static size_t size_limit(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : (size_t)1 << 36;
}

static struct data_file *file_known(struct data_files *files, const char *path, const char *member) {
    for (size_t i = 0; i < files->count; i++) {
        struct data_file *file = &files->items[i];
        if (strcmp(file->path, path) == 0 && (file->member == NULL) == (member == NULL) &&
            (member == NULL || strcmp(file->member, member) == 0))
            return file;
    }
    return NULL;
}

/* Takes the bytes. */
static struct data_file *file_add(struct data_files *files, const char *path, const char *member, unsigned char *bytes,
                                  size_t size) {
    if (files->count == files->capacity) {
        files->capacity = files->capacity == 0 ? 8 : 2 * files->capacity;
        files->items = memory_resize(files->items, files->capacity, sizeof *files->items);
    }
    struct data_file *file = &files->items[files->count++];
    *file = (struct data_file){.path = arena_copy_text(&files->arena, path),
                               .member = member == NULL ? NULL : arena_copy_text(&files->arena, member),
                               .bytes = bytes,
                               .size = size};
    sha256_hex(bytes, size, file->sha256);
    return file;
}

static void file_give(const struct data_file *known, runner_file *file) {
    *file = (runner_file){.bytes = known->bytes, .size = known->size};
    memcpy(file->sha256, known->sha256, sizeof file->sha256);
}

static int fail_with(runner_call *public, const struct error *error) {
    public->host->fail(public, "%s", error->text);
    ((struct call *)public)->error->status = error->status;
    return RUNNER_FAILED;
}

/* The whole file at `path`, read now where it is not known; NULL after a failure. */
static struct data_file *file_whole(runner_call *public, const char *path) {
    struct call *call = (struct call *)public;
    unsigned char *bytes = NULL;
    size_t size = 0;
    struct error error = {0};
    if (call->files == NULL || path == NULL) {
        public->host->fail(public, "the plugin reads a file %s",
                           path == NULL ? "without a path" : "outside open() of a data set");
        return NULL;
    }
    struct data_file *known = file_known(call->files, path, NULL);
    if (known != NULL)
        return known;
    struct stat before = {0};
    if (stat(path, &before) != 0)
        before = (struct stat){0}; /* reading tells why */
    if (file_read_all_gzip(path, size_limit(), &bytes, &size, &error) == STATUS_OK) {
        struct data_file *file = file_add(call->files, path, NULL, bytes, size);
        file->before = before;
        return file;
    }
    fail_with(public, &error);
    return NULL;
}

int files_read(runner_call *public, const char *path, runner_file *file) {
    *file = (runner_file){0};
    const struct data_file *whole = file_whole(public, path);
    if (whole == NULL)
        return RUNNER_FAILED;
    file_give(whole, file);
    return RUNNER_OK;
}

int files_read_member(runner_call *public, const char *path, const char *member, runner_file *file) {
    struct call *call = (struct call *)public;
    struct error error = {0};
    unsigned char *bytes = NULL;
    *file = (runner_file){0};
    struct data_file *archive = file_whole(public, path);
    if (archive == NULL)
        return RUNNER_FAILED;
    if (archive->zip == NULL) {
        struct arena *arena = &call->files->arena;
        struct zip *zip = arena_alloc(arena, sizeof *zip);
        if (zip_open(archive->bytes, archive->size, archive->path, arena, zip, &error) != STATUS_OK)
            return fail_with(public, &error);
        archive->zip = zip;
    }
    const struct data_file *known = file_known(call->files, path, member);
    if (known == NULL) {
        const struct zip *zip = archive->zip; /* adding a file moves `archive` */
        const struct zip_member *found = zip_find(zip, member);
        if (found == NULL)
            return RUNNER_OK;
        if (zip_read(zip, found, size_limit(), &bytes, &error) != STATUS_OK)
            return fail_with(public, &error);
        known = file_add(call->files, path, member, bytes, found->size);
    }
    file_give(known, file);
    return RUNNER_OK;
}

/* ---- Finding ---- */

/* Whether `runner fetch NAME` gets the file. */
static bool is_published(const struct call *call, const char *name, const char *file) {
    return call->loader != NULL &&
           download_find(catalog_find(&call->loader->catalog, RUNNER_DATASET, name), file) != NULL;
}

const char *files_find(runner_call *public, const char *folder, const char *name, const char *file) {
    struct call *call = (struct call *)public;
    if (call->files == NULL) {
        public->host->fail(public, "the plugin looks for a file outside open() of a data set");
        return NULL;
    }
    struct arena *arena = &call->files->arena;
    const char *found = NULL;
    const bool published = is_published(call, name, file);
    if (folder != NULL) {
        found = places_find(arena, folder, file);
        if (found == NULL)
            call->public.host->fail(
                &call->public, "found neither %s nor %s.gz in %s, the `path` given for %s; %s", file, file, folder,
                name,
                published ? arena_printf(arena, "`runner fetch %s --into` that folder puts it there", name)
                          : "wanted the folder that holds it");
        return found;
    }
    found = places_find(arena, places_shared(arena, name), file);
    if (found == NULL)
        found = places_find(arena, places_cache(arena, name), file);
    if (found == NULL)
        call->public.host->fail(&call->public,
                                "found neither %s nor %s.gz; looked in %s; put the files of %s into one of these "
                                "folders, set RUNNER_DATA to "
                                "the folder that holds %s/, or give their folder as `path`%s",
                                file, file, places_words(arena, name), name, name,
                                published ? arena_printf(arena, "; `runner fetch %s` gets them", name) : "");
    return found;
}

/* ---- Opening another data set ---- */

static struct tree *setting_value(const struct catalog_param *param, const runner_setting *setting, struct arena *arena,
                                  struct diagnostics *diagnostics) {
    const struct mark nowhere = {0};
    if (setting->value == NULL)
        return tree_null(arena, nowhere);
    if (param == NULL || param->type == RUNNER_TEXT || param->type == RUNNER_PATH)
        return tree_text(arena, nowhere, setting->value);
    return yaml_read(setting->value, strlen(setting->value), setting->key, arena, diagnostics);
}

/* {dataset: {settings}}, checked and completed; NULL and failed where something is wrong. */
static struct tree *resolve_settings(struct call *call, const char *dataset, const runner_setting *settings,
                                     uint32_t n) {
    const struct mark nowhere = {0};
    struct arena *arena = &call->files->arena;
    struct tree *written = tree_map(arena, nowhere), *params = tree_map(arena, nowhere), *resolved = NULL;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    const struct catalog_component *component = catalog_find(&call->loader->catalog, RUNNER_DATASET, dataset);
    for (uint32_t i = 0; i < n; i++) {
        const struct catalog_param *param = component == NULL ? NULL : catalog_param_find(component, settings[i].key);
        struct tree *value = setting_value(param, &settings[i], arena, &diagnostics);
        if (value != NULL)
            tree_set(arena, params, settings[i].key, nowhere, value);
    }
    tree_set(arena, written, dataset, nowhere, params);
    if (diagnostics.errors == 0)
        resolved = component_resolve(&call->loader->catalog, RUNNER_DATASET, written, "dataset", arena, &diagnostics);
    if (resolved == NULL)
        call->public.host->fail(&call->public, "cannot open the data set %s: %s", dataset,
                                diagnostics.count > 0 ? diagnostics.items[0].message : "no reason is known");
    diagnostics_clear(&diagnostics);
    return resolved;
}

int files_open_as(runner_call *public, const char *dataset, const runner_setting *settings, uint32_t n,
                  runner_dataset *opened) {
    struct call *call = (struct call *)public;
    struct data_files *files = call->files;
    if (files == NULL || call->loader == NULL)
        return public->host->fail(public, "the plugin opens the data set %s outside open() of a data set", dataset);
    if (files->depth == MAX_DEPTH)
        return public->host->fail(public, "data sets open each other more than %d deep, the last being %s", MAX_DEPTH,
                                  dataset);
    const struct tree *resolved = resolve_settings(call, dataset, settings, n);
    if (resolved == NULL)
        return RUNNER_FAILED;
    struct runner_part *part = NULL;
    struct error error = {0};
    if (part_bind(call->loader, RUNNER_DATASET, resolved, "dataset", &files->arena, &part, &error) != STATUS_OK)
        return public->host->fail(public, "%s", error.text);
    const runner_dataset_ops *ops = part->ops;
    files->ops = NULL;
    files->depth++;
    *opened = (runner_dataset){0};
    const int result = ops->open(part->config, public, files->seed, opened);
    files->depth--;
    if (files->ops == NULL)
        files->ops = ops; /* else one further down has taken over */
    return result;
}

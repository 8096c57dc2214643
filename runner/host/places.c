#include "runner/host/places.h"

#include "runner/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *places_shared(struct arena *arena, const char *name) {
    const char *data = environment("RUNNER_DATA");
    return data == NULL ? NULL : path_join(arena, data, name);
}

const char *places_cache(struct arena *arena, const char *name) {
    const char *cache = environment("XDG_CACHE_HOME"), *home = environment("HOME");
    if (cache != NULL && cache[0] == '/')
        return arena_printf(arena, "%s/runner/%s", cache, name);
    return home == NULL ? NULL : arena_printf(arena, "%s/.cache/runner/%s", home, name);
}

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

const char *places_find(struct arena *arena, const char *folder, const char *file) {
    if (folder == NULL)
        return NULL;
    char *path = path_join(arena, folder, file);
    if (is_file(path))
        return path;
    path = arena_printf(arena, "%s.gz", path);
    return is_file(path) ? path : NULL;
}

const char *places_words(struct arena *arena, const char *name) {
    const char *shared = places_shared(arena, name), *cache = places_cache(arena, name);
    return arena_printf(arena, "%s and %s", shared == NULL ? "$RUNNER_DATA (which is not set)" : shared,
                        cache == NULL ? "the user's cache (HOME is not set)" : cache);
}

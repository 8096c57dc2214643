#include "runner/cli/scratch.h"

#include "runner/base/file.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status scratch_make(const char *name, struct arena *arena, const char **path, struct error *error) {
    const char *parent = getenv("TMPDIR");
    char *folder = path_join(arena, parent != NULL && *parent == '/' ? parent : "/tmp", name);
    *path = folder;
    if (mkdtemp(folder) == NULL)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot make a folder: %s", folder, strerror(errno));
    return STATUS_OK;
}

static int remove_entry(const char *path, const struct stat *facts, int type, struct FTW *place) {
    (void)facts, (void)type, (void)place;
    return remove(path);
}

void scratch_remove(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

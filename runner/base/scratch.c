#include "runner/base/scratch.h"

#include "runner/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANDOM "XXXXXX" /* mkdtemp()'s part of the name */

static int remove_entry(const char *path, const struct stat *facts, int type, struct FTW *place) {
    (void)facts, (void)type, (void)place;
    return remove(path);
}

static void remove_all(const char *path) {
    if (rmdir(path) < 0)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A descriptor of the folder, locked; -1 where it is not this user's alone, somebody works in it, or it has gone meanwhile. */
static int lock(const char *path) {
    struct stat facts;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_uid == geteuid() && (facts.st_mode & 077) == 0 &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &facts) == 0 && facts.st_nlink > 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void sweep(const char *parent, const char *prefix) {
    struct arena arena;
    arena_init(&arena);
    size_t length = strlen(prefix) + strlen(RANDOM);
    DIR *entries = opendir(parent);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (strlen(entry->d_name) != length || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        const char *path = path_join(&arena, parent, entry->d_name);
        int fd = lock(path);
        if (fd < 0)
            continue;
        remove_all(path);
        close(fd);
    }
    if (entries != NULL)
        closedir(entries);
    arena_clear(&arena);
}

enum status scratch_open(struct scratch *scratch, const char *kind, struct arena *arena, struct error *error) {
    const char *parent = getenv("TMPDIR");
    parent = parent != NULL && *parent == '/' ? parent : "/tmp";
    const char *prefix = arena_printf(arena, "runner-%s-", kind);
    sweep(parent, prefix);
    for (int attempt = 0; attempt < 3; attempt++) {
        char *folder = path_join(arena, parent, arena_printf(arena, "%s" RANDOM, prefix));
        *scratch = (struct scratch){.path = folder, .lock = -1};
        if (mkdtemp(folder) == NULL)
            break;
        errno = 0;
        scratch->lock = lock(folder);
        if (scratch->lock < 0 && errno == EWOULDBLOCK)
            continue; /* another process sweeps it, which comes between the making and the lock */
        if (scratch->lock >= 0 || access(folder, W_OK) == 0) /* a file system without locks: it is not swept */
            return STATUS_OK;
    }
    return error_set(error, STATUS_ENVIRONMENT, "%s: cannot make a temporary folder there ($TMPDIR): %s", parent,
                     strerror(errno));
}

void scratch_close(struct scratch *scratch) {
    remove_all(scratch->path);
    if (scratch->lock >= 0)
        close(scratch->lock);
    scratch->lock = -1;
}

char *scratch_make_part(const struct scratch *scratch) {
    size_t size = strlen(scratch->path) + sizeof "/" RANDOM;
    char *path = memory_alloc(size, 1);
    snprintf(path, size, "%s/" RANDOM, scratch->path);
    if (mkdtemp(path) != NULL)
        return path;
    free(path);
    return NULL;
}

void scratch_remove_part(char *path) {
    if (path != NULL)
        remove_all(path);
    free(path);
}

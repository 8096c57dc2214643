#include "runner/results/checkpoints.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/results/artifact.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENDING ".checkpoint"

static const char *path_of(struct arena *arena, const char *folder, struct hash128 key) {
    char digits[HASH_TEXT_SIZE];
    return path_join(arena, folder, arena_printf(arena, "%s" ENDING, hash128_write(key, digits)));
}

enum status checkpoints_keep(const char *folder, struct hash128 key, int fd, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    enum status status = folder_make_own(folder, error);
    if (status == STATUS_OK)
        status = artifact_write(path_of(&arena, folder, key), fd, error);
    arena_clear(&arena);
    return status;
}

int checkpoints_open(const char *folder, struct hash128 key) {
    struct arena arena;
    arena_init(&arena);
    /* what is no file is refused by the reader; a pipe is not waited for */
    int fd = open(path_of(&arena, folder, key), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    arena_clear(&arena);
    return fd;
}

void checkpoints_remove(const char *folder, struct hash128 key) {
    struct arena arena;
    arena_init(&arena);
    if (unlink(path_of(&arena, folder, key)) == 0)
        rmdir(folder);
    arena_clear(&arena);
}

/* "KEY.checkpoint" */
static bool read_key(const char *name, struct hash128 *key) {
    char digits[HASH_TEXT_SIZE];
    if (strlen(name) != HASH_TEXT_SIZE - 1 + sizeof ENDING - 1 || strcmp(name + HASH_TEXT_SIZE - 1, ENDING) != 0)
        return false;
    snprintf(digits, sizeof digits, "%.*s", HASH_TEXT_SIZE - 1, name);
    return hash128_read(digits, key);
}

void checkpoints_sweep(const char *folder, bool (*wanted)(void *context, struct hash128 key), void *context) {
    DIR *entries = folder_read_own(folder);
    if (entries == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        struct hash128 key;
        if (read_key(entry->d_name, &key) && !wanted(context, key))
            unlinkat(dirfd(entries), entry->d_name, 0);
    }
    closedir(entries);
    folder_remove_remains(folder);
    rmdir(folder); /* where nothing is left */
}

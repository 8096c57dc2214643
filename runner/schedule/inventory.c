#include "runner/schedule/inventory.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_BYTES = 1 << 30, MOST_LOOKS = 20 };

static void look(const char *path, struct stat *facts) {
    if (stat(path, facts) != 0)
        *facts = (struct stat){.st_nlink = 0};
}

static void add(struct inventory *inventory, const char *path, const char *hash) {
    for (size_t i = 0; i < inventory->count; i++)
        if (strcmp(inventory->files[i].path, path) == 0)
            return;
    struct inventory_file *file = &inventory->files[inventory->count++];
    *file = (struct inventory_file){.path = path, .hash = hash};
    look(path, &file->facts);
}

void inventory_take(struct inventory *inventory, const char *worker, const struct catalog *catalog,
                    struct arena *arena) {
    *inventory = (struct inventory){.files = arena_array(arena, catalog->count + 1, sizeof *inventory->files)};
    add(inventory, worker, NULL);
    for (size_t i = 0; i < catalog->count; i++)
        add(inventory, catalog->components[i].file, catalog->components[i].hash);
}

static bool same_facts(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool has_bytes(const struct inventory_file *file) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    char hash[HASH_TEXT_SIZE] = "";
    if (file->hash != NULL && file_read(file->path, MOST_BYTES, &bytes, &n, NULL) == STATUS_OK)
        hash128_write(hash128_of(bytes, n), hash);
    free(bytes);
    return file->hash != NULL && strcmp(hash, file->hash) == 0;
}

/* Whether the file, which `now` holds for, has the bytes that it had. One that is being written is not judged before it rests. `now` stays as it was
   before they were read: where they are written after that, the next look finds it. */
static bool same_bytes(const struct inventory_file *file, struct stat *now) {
    const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
    for (int looks = 0; !has_bytes(file); looks++) {
        const struct stat before = *now;
        nanosleep(&moment, NULL);
        look(file->path, now);
        if (looks == MOST_LOOKS || same_facts(&before, now))
            return false;
    }
    return true;
}

enum status inventory_check(struct inventory *inventory, struct error *error) {
    for (size_t i = 0; i < inventory->count; i++) {
        struct inventory_file *file = &inventory->files[i];
        struct stat now;
        look(file->path, &now);
        if (same_facts(&file->facts, &now))
            continue;
        if (now.st_nlink == 0 || !same_bytes(file, &now))
            return error_set(error, STATUS_ENVIRONMENT,
                             "%s: the file %s since this run began, as when it is built or installed again; run again "
                             "to go on with what is there then",
                             file->path, now.st_nlink == 0 ? "has gone" : "has changed");
        file->facts = now;
        inventory->written = file->path;
        inventory->writes++;
    }
    return STATUS_OK;
}

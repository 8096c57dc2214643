#include "runner/results/artifact.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Sealed, so that it cannot shrink under the mapping. */
static bool is_sealed(int fd) {
    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) == (F_SEAL_SHRINK | F_SEAL_WRITE);
}

enum status artifact_write(const char *path, int fd, struct error *error) {
    struct stat facts;
    if (!is_sealed(fd) || fstat(fd, &facts) < 0 || facts.st_size <= 0)
        return error_set(error, STATUS_TRIAL, "the worker sent no file to be kept");
    size_t size = (size_t)facts.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot map what is to be written: %s", path, strerror(errno));
    enum status status = file_write_whole(path, bytes, size, error);
    munmap(bytes, size);
    return status;
}

enum status artifact_write_weights(const char *folder, uint64_t id, uint64_t epoch, int fd, struct error *error) {
    struct arena arena;
    char digits[HASH_SHORT_TEXT_SIZE];
    arena_init(&arena);
    enum status status = folder_make_own(folder, error);
    const char *name = arena_printf(&arena, "%s-epoch-%llu.npz", hash64_write(id, digits), (unsigned long long)epoch);
    if (status == STATUS_OK)
        status = artifact_write(path_join(&arena, folder, name), fd, error);
    arena_clear(&arena);
    return status;
}

#include "runner/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_READ = 4096, READ_PART = 1 << 16, TEMPORARY_TRIES = 1000, PIPE_PATIENCE = 10 /* seconds */ };

static const char *reason(int code) {
    const char *text = strerrordesc_np(code); /* strerror() is neither thread-safe nor independent of the locale */
    return text ? text : "unknown error";
}

static enum status blame(int code) {
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO: return STATUS_CONFIG;
    default: return STATUS_ENVIRONMENT;
    }
}

static int open_again(const char *path, int flags, mode_t mode) {
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static const char *kind(mode_t mode) {
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

/* read(), which on a pipe waits a while for the writer; -1 and EAGAIN where nothing came. */
static ssize_t read_some(int fd, void *buffer, size_t n) {
    for (;;) {
        ssize_t got = read(fd, buffer, n);
        if (got >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return got;
        }
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (errno == EAGAIN && poll(&readable, 1, 1000 * PIPE_PATIENCE) == 0) {
            errno = EAGAIN;
            return -1;
        }
    }
}

static enum status read_failed(int code, struct error *error) {
    if (code == EAGAIN) {
        return error_set(error, STATUS_CONFIG, "nothing came through the pipe for %d seconds", PIPE_PATIENCE);
    }
    return error_set(error, blame(code), "%s", reason(code));
}

/* The descriptor of the file, or -1; its size is a hint only, as it may change and is 0 in /proc. */
static int open_to_read(const char *path, bool pipes, size_t *size, struct error *error) {
    struct stat about;
    int fd = open_again(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0); /* does not wait for the writer of a pipe */
    if (fd < 0) {
        read_failed(errno, error);
    } else if (fstat(fd, &about) != 0) {
        error_set(error, STATUS_ENVIRONMENT, "%s", reason(errno));
    } else if (!S_ISREG(about.st_mode) && !(pipes && S_ISFIFO(about.st_mode))) {
        error_set(error, STATUS_CONFIG, "it is %s, wanted a regular file", kind(about.st_mode));
    } else {
        *size = (size_t)about.st_size;
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Reads to the end. */
static enum status read_open(int fd, size_t size, size_t limit, unsigned char **bytes, size_t *n, struct error *error) {
    size_t capacity = size > 0 && size <= limit ? size + 1 : FIRST_READ, length = 0;
    unsigned char *buffer = size <= limit ? memory_resize(NULL, capacity, 1) : NULL;
    while (buffer) {
        ssize_t got = read_some(fd, buffer + length, capacity - length);
        if (got == 0) {
            buffer[length] = '\0'; /* length < capacity: a full buffer grows before the next read */
            *bytes = buffer;
            *n = length;
            return STATUS_OK;
        }
        if (got < 0) {
            int code = errno;
            free(buffer);
            return read_failed(code, error);
        }
        length += (size_t)got;
        if (length > limit) {
            break;
        }
        if (length == capacity) {
            capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : SIZE_MAX;
            buffer = memory_resize(buffer, capacity, 1);
        }
    }
    free(buffer);
    return error_set(error, STATUS_CONFIG, "it has more than %zu bytes, the most allowed", limit);
}

static enum status read_path(const char *path, bool pipes, size_t limit, unsigned char **bytes, size_t *n,
                             struct error *error) {
    *bytes = NULL;
    *n = 0;
    struct error own;
    error = error ? error : &own;
    size_t size = 0;
    int fd = open_to_read(path, pipes, &size, error);
    if (fd < 0) {
        return error->status;
    }
    enum status status = read_open(fd, size, limit, bytes, n, error);
    close(fd);
    return status;
}

static enum status blame_reading(const char *path, struct error *error) {
    return error_set(error, error->status, "cannot read %s: %s", path, error->text);
}

enum status file_read(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error) {
    enum status status = read_path(path, false, limit, bytes, n, error);
    return status != STATUS_OK && error ? blame_reading(path, error) : status;
}

enum status file_read_or_pipe(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error) {
    return read_path(path, true, limit, bytes, n, error);
}

enum status file_read_parts(const char *path, take_bytes take, void *context, struct error *error) {
    unsigned char part[READ_PART];
    size_t size;
    int fd = open_to_read(path, false, &size, error);
    enum status status = fd < 0 ? blame_reading(path, error) : STATUS_OK;
    for (ssize_t got = 1; status == STATUS_OK && got != 0;) {
        got = read_some(fd, part, sizeof part);
        if (got < 0) {
            read_failed(errno, error);
            status = blame_reading(path, error);
        } else if (got > 0) {
            status = take(context, part, (size_t)got, error);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

const char *file_remedy(int code) {
    return code == ENOSPC || code == EDQUOT ? "; make room there, then run again" : "";
}

static enum status write_failed(const char *path, int code, struct error *error) {
    return error_set(error, STATUS_ENVIRONMENT, "cannot write %s: %s%s", path, reason(code), file_remedy(code));
}

/* 0, or an errno. */
static int write_all(int fd, const void *bytes, size_t n) {
    for (const char *next = bytes; n > 0;) {
        ssize_t wrote = write(fd, next, n);
        if (wrote < 0 && errno != EINTR) {
            return errno;
        }
        next += wrote > 0 ? wrote : 0;
        n -= wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

static int sync_folder(const char *folder) {
    int fd = open_again(folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return errno == EACCES ? 0 : errno; /* a folder may be writable and not readable */
    }
    int code = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? errno : 0; /* file systems that cannot */
    close(fd);
    return code;
}

bool file_is_named(int fd, int folder, const char *name) {
    struct stat held, named;
    return fstat(fd, &held) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Its lock tells folder_remove_remains() that somebody writes it. That may have come before the lock: false, and another is wanted. */
static bool is_ours(int fd, const char *path) {
    return (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) && file_is_named(fd, AT_FDCWD, path);
}

/* A new file beside `path`; its name, or NULL and errno. */
static char *temporary_open(struct arena *arena, const char *folder, int *fd) {
    for (int i = 0; i < TEMPORARY_TRIES; i++) { /* several threads, or left by a dead process that had our number */
        char name[64];
        snprintf(name, sizeof name, ".runner-%ld-%d.tmp", (long)getpid(), i);
        char *path = path_join(arena, folder, name);
        *fd = open_again(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (*fd >= 0 && is_ours(*fd, path)) {
            return path;
        }
        if (*fd < 0 && errno != EEXIST) {
            break;
        }
        if (*fd >= 0) {
            close(*fd);
        }
    }
    return NULL;
}

void file_writer_open(struct file_writer *writer, const char *path) {
    *writer = (struct file_writer){.fd = -1};
    arena_init(&writer->arena);
    writer->path = arena_copy_text(&writer->arena, path);
    writer->folder = path_folder(&writer->arena, path);
    writer->temporary = temporary_open(&writer->arena, writer->folder, &writer->fd);
    if (!writer->temporary) {
        writer->code = errno;
    }
}

void file_writer_add(struct file_writer *writer, const void *bytes, size_t n) {
    if (writer->code == 0) {
        writer->code = write_all(writer->fd, bytes, n);
    }
}

void file_writer_rename(struct file_writer *writer, const char *path) {
    writer->path = arena_copy_text(&writer->arena, path);
}

enum status file_writer_close(struct file_writer *writer, bool keep, struct error *error) {
    int code = writer->code;
    if (code == 0 && keep && fsync(writer->fd) != 0) {
        code = errno;
    }
    if (code == 0 && keep && rename(writer->temporary, writer->path) != 0) {
        code = errno;
    }
    if (writer->temporary && (code != 0 || !keep)) {
        unlink(writer->temporary);
    } else if (code == 0) {
        code = sync_folder(writer->folder);
    }
    if (writer->temporary) { /* Until it has its name the lock keeps it; fsync() has told what went wrong. */
        close(writer->fd);
    }
    enum status status = code == 0 ? STATUS_OK : write_failed(writer->path, code, error);
    arena_clear(&writer->arena);
    return status;
}

enum status file_write_whole(const char *path, const void *bytes, size_t n, struct error *error) {
    struct file_writer writer;
    file_writer_open(&writer, path);
    file_writer_add(&writer, bytes, n);
    return file_writer_close(&writer, true, error);
}

bool file_has(const char *path, const void *bytes, size_t n) {
    unsigned char *found = NULL;
    size_t length = 0;
    bool same = file_read(path, n, &found, &length, NULL) == STATUS_OK && length == n && memcmp(found, bytes, n) == 0;
    free(found);
    return same;
}

enum status file_write_changed(const char *path, const void *bytes, size_t n, struct error *error) {
    return file_has(path, bytes, n) ? STATUS_OK : file_write_whole(path, bytes, n, error);
}

/* Past the digits of a number that stands there; NULL: none does. */
static const char *past_number(const char *text) {
    size_t n = strspn(text, "0123456789");
    return n == 0 ? NULL : text + n;
}

bool file_is_remains(const char *name) {
    const char *end = strncmp(name, ".runner-", 8) == 0 ? past_number(name + 8) : NULL;
    end = end != NULL && *end == '-' ? past_number(end + 1) : NULL;
    return end != NULL && strcmp(end, ".tmp") == 0;
}

DIR *folder_read_own(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL && fd >= 0)
        close(fd);
    return entries;
}

void folder_remove_remains(const char *path) {
    DIR *entries = folder_read_own(path);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        if (!file_is_remains(entry->d_name))
            continue;
        const int fd = openat(dirfd(entries), entry->d_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && file_is_named(fd, dirfd(entries), entry->d_name))
            unlinkat(dirfd(entries), entry->d_name, 0);
        if (fd >= 0)
            close(fd);
    }
    if (entries != NULL)
        closedir(entries);
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

enum status folder_make(const char *path, struct error *error) {
    if (!*path) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot make a folder without a name");
    }
    enum status status = STATUS_OK;
    char *part = memory_copy_text(path);
    for (char *end = part; status == STATUS_OK && *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char after = *end;
        *end = '\0';
        if (mkdir(part, 0777) !=
            0) { /* what is there may be reported in other ways than EEXIST, as on read-only disks */
            int code = errno;
            if (!is_folder(part)) {
                status = error_set(error, STATUS_ENVIRONMENT, "cannot make the folder %s: %s", part,
                                   code == EEXIST ? "a file of that name is there" : reason(code));
            }
        }
        *end = after;
    }
    free(part);
    return status;
}

enum status folder_make_own(const char *path, struct error *error) {
    struct stat about;
    if (lstat(path, &about) == 0 && S_ISLNK(about.st_mode)) {
        return error_set(error, STATUS_ENVIRONMENT,
                         "%s is a symbolic link; wanted a folder, since results are written nowhere else", path);
    }
    return folder_make(path, error);
}

char *path_join(struct arena *arena, const char *a, const char *b) {
    if (b[0] == '/' || !a[0]) {
        return arena_copy_text(arena, b);
    }
    if (!b[0]) {
        return arena_copy_text(arena, a);
    }
    return arena_printf(arena, "%s%s%s", a, a[strlen(a) - 1] == '/' ? "" : "/", b);
}

bool folder_exists(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

char *path_without_slash(struct arena *arena, const char *path) {
    char *copy = arena_copy_text(arena, path);
    for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    return copy;
}

char *path_folder(struct arena *arena, const char *path) {
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/') {
        length--;
    }
    if (length == 0) {
        return arena_copy_text(arena, path[0] ? "/" : ".");
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length == 0) {
        return arena_copy_text(arena, ".");
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return arena_copy_bytes(arena, path, length);
}

/* While the kernel moves a page of it, as it does where memory is short, a memfd is busy for a moment. */
bool file_seal(int fd) {
    const struct timespec moment = {.tv_nsec = 20 * 1000 * 1000};
    for (int attempt = 0; attempt < 50; attempt++) {
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
            return true;
        if (errno != EBUSY)
            return false;
        nanosleep(&moment, NULL);
    }
    errno = EBUSY;
    return false;
}

char *path_take(struct arena *arena, const char **list) {
    const char *path = *list + strspn(*list, ":");
    size_t length = strcspn(path, ":");
    *list = path + length;
    return length > 0 ? arena_copy_bytes(arena, path, length) : NULL;
}

char *path_real(struct arena *arena, const char *path) {
    char *real = realpath(path, NULL);
    if (!real) {
        if (errno == ENOMEM) {
            memory_exhausted();
        }
        return NULL;
    }
    char *copy = arena_copy_text(arena, real);
    free(real);
    return copy;
}

enum status path_of_executable(struct arena *arena, const char **path, struct error *error) {
    char executable[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1);
    if (n <= 0) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot find my own executable: /proc/self/exe: %s",
                         strerror(errno));
    }
    executable[n] = '\0';
    *path = arena_copy_text(arena, executable);
    return STATUS_OK;
}

/*
 * Files and paths. Errors name the path and what the system said. Thread-safe.
 *
 * Reading fails with STATUS_CONFIG where the file itself is wrong (absent, no regular file, not readable, too large, bad
 * gzip) and with STATUS_ENVIRONMENT where the machine is (disk errors, too many open files). Writing fails with
 * STATUS_ENVIRONMENT.
 */
#ifndef RUNNER_BASE_FILE_H
#define RUNNER_BASE_FILE_H

#include "runner/base/arena.h"
#include "runner/base/status.h"
#include "runner/base/unpack.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>

/* The whole file, which the caller frees; a NUL stands behind it. NULL and 0 on failure. `limit` is the most bytes. */
enum status file_read(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error);

/* As file_read(), but reads what comes through a pipe as well, with patience for its writer that ends. The text of an error is the reason
   alone. */
enum status file_read_or_pipe(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error);

/* As file_read(); a file that opens with gzip's magic is decompressed (RFC 1952, several members too). `limit` holds for the
   decompressed bytes, so that a small file cannot fill the memory. */
enum status file_read_all_gzip(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error);

/* As file_read(), but gives the bytes to `take` in parts. A failure of its own is its error. */
enum status file_read_parts(const char *path, take_bytes take, void *context, struct error *error);

/* Puts a file with these bytes at `path`, whole or not at all: a temporary file in the same folder (.runner-PID-N.tmp, removed
   on failure), fsync, rename, fsync of the folder. The permissions follow the umask. */
enum status file_write_whole(const char *path, const void *bytes, size_t n, struct error *error);

bool file_has(const char *path, const void *bytes, size_t n); /* these bytes and no others */
/* As file_write_whole(), but a file that has these bytes is left alone. */
enum status file_write_changed(const char *path, const void *bytes, size_t n, struct error *error);

/* The same bit by bit. After a failure what is added is dropped, and file_writer_close() tells. */
struct file_writer {
    struct arena arena;
    const char *path, *folder, *temporary;
    int fd, code; /* code: the first errno */
};
void file_writer_open(struct file_writer *writer, const char *path);
void file_writer_add(struct file_writer *writer, const void *bytes, size_t n);
/* Another path for the file, in the same folder. */
void file_writer_rename(struct file_writer *writer, const char *path);
/* Puts the file in place; with `keep` false, or after a failure, what was there stays. */
enum status file_writer_close(struct file_writer *writer, bool keep, struct error *error);

/* What to do about writing that failed with this errno, behind its text: "; make room there, then run again", or "". */
const char *file_remedy(int code);

/* Seals a memfd: neither its size nor its content changes any more. False with errno. */
bool file_seal(int fd);

/* Whether the name in the folder (or AT_FDCWD) still leads to the open file, by no symbolic link. */
bool file_is_named(int fd, int folder, const char *name);

/* Whether a file of this name (without its folder) is a temporary one, which stays where its writer is killed. */
bool file_is_remains(const char *name);
/* Opens a folder to read what is in it; NULL where there is none, or a symbolic link to one: what is removed from a folder stood in it. */
DIR *folder_read_own(const char *path);
/* Removes those of the folder whose writers are no more; none behind a symbolic link. */
void folder_remove_remains(const char *path);

/* mkdir -p */
enum status folder_make(const char *path, struct error *error);
/* The same, but the last folder may be no symbolic link: what is written into it stands where its name says. */
enum status folder_make_own(const char *path, struct error *error);

/* "a/b"; `b` alone where it is absolute or `a` is empty. */
char *path_join(struct arena *arena, const char *a, const char *b);
bool folder_exists(const char *path);
/* The same path without slashes at its end, but for "/". */
char *path_without_slash(struct arena *arena, const char *path);
/* The folder that holds `path`: "a" of "a/b" and of "a/b/", "." of "b", "/" of "/b" and of "/". */
char *path_folder(struct arena *arena, const char *path);
/* The next folder of a list such as $PATH, which goes on behind it; NULL at the end. Empty names are left out. */
char *path_take(struct arena *arena, const char **list);
/* The path of the same file without links, "." and ".."; NULL and errno where there is no such file. */
char *path_real(struct arena *arena, const char *path);
/* The path of the running executable; fails where /proc is missing. */
enum status path_of_executable(struct arena *arena, const char **path, struct error *error);

#endif

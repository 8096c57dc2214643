/* Tries to change the files of $DEFACE, a results folder, in every way that the system may have, and tells those that worked; then it works
   in the temporary folder, which it may. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FAULT "deface_step"
#define FAULT_AT "12"

static void tell(const char *what, long result) {
    int error = errno;
    fprintf(stderr, "%s: %s\n", what, result < 0 ? strerror(error) : "DONE");
}

/* Writes to an open file. */
static void spoil(const char *what, int fd) {
    long result = fd < 0 ? -1 : write(fd, "junk", 4);
    tell(what, result);
    if (fd >= 0)
        close(fd);
}

static const char *at(const char *folder, const char *name) {
    static char paths[64][PATH_MAX];
    static int next;
    char *path = paths[next++ % 64];
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        abort();
    return path;
}

static void change_files(const char *results) {
    const char *journal = at(results, "journal.jsonl");
    spoil("append", open(journal, O_WRONLY | O_APPEND | O_CLOEXEC));
    spoil("write and read", open(journal, O_RDWR | O_CLOEXEC));
    spoil("cut while opening", open(journal, O_RDONLY | O_TRUNC | O_CLOEXEC) < 0 ? -1 : open(journal, O_WRONLY));
    tell("cut", truncate(journal, 0));
    tell("remove", unlink(journal));
    tell("change the mode", chmod(results, 0));
    tell("change the owner", chown(journal, 12345, 12345));
    tell("set an attribute", setxattr(journal, "user.plugin", "x", 1, 0));
    spoil("a log of another trial", open(at(results, "logs/trial-0001.log"), O_WRONLY | O_TRUNC | O_CLOEXEC));
    spoil("a new file", open(at(results, "new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    spoil("a file without a name", open(results, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600));
    tell("a new folder", mkdir(at(results, "folder"), 0700));
    tell("a symbolic link", symlink("/", at(results, "link")));
    tell("a pipe", mkfifo(at(results, "pipe"), 0600));
}

static void move_files(const char *results, const char *own) {
    const char *journal = at(results, "journal.jsonl");
    char above[PATH_MAX], beside[PATH_MAX];
    tell("rename within", rename(journal, at(results, "moved")));
    tell("rename out", rename(journal, at(own, "moved")));
    tell("rename in", rename(at(own, "file"), journal));
    tell("exchange", renameat2(AT_FDCWD, at(own, "file"), AT_FDCWD, journal, RENAME_EXCHANGE));
    tell("link out", link(journal, at(own, "linked")));
    tell("link in", link(at(own, "file"), at(results, "linked")));
    tell("rename the folder", rename(results, at(own, "results")));
    snprintf(above, sizeof above, "%s/..", results);
    if (realpath(above, beside) != NULL) {
        tell("rename what holds the folder", rename(beside, at(beside, "../moved")));
        tell("remove what holds the folder", rmdir(beside));
    }
    int nameless = open(own, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", nameless);
    tell("name a file without a name",
         nameless < 0 ? -1 : linkat(AT_FDCWD, path, AT_FDCWD, at(results, "named"), AT_SYMLINK_FOLLOW));
    if (symlink(results, at(own, "link")) == 0)
        spoil("by a symbolic link", open(at(own, "link/journal.jsonl"), O_WRONLY | O_CLOEXEC));
}

/* Files that other processes have open, and those that this one was started with. */
static void change_by_processes(const char *results) {
    static const char *const ways[] = {"root", "cwd", "fd/0", "fd/4", "fd/8"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(path, sizeof path, "/proc/%ld/%s%s%s", (long)getppid(), ways[i],
                 i == 0   ? results
                 : i == 1 ? "/"
                          : "",
                 i == 0   ? "/journal.jsonl"
                 : i == 1 ? "w.yaml"
                          : "");
        spoil(path, open(path, O_WRONLY | O_CLOEXEC));
    }
    for (int fd = 6; fd < 256; fd++) {
        struct stat facts;
        if (fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode) || facts.st_nlink == 0)
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        spoil("a descriptor", fd);
        spoil("a descriptor opened again", open(path, O_WRONLY | O_CLOEXEC));
    }
}

static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    static int done;
    const char *results = getenv("DEFACE"), *own = getenv("TMPDIR");
    if (results == NULL || own == NULL ||
        __atomic_fetch_add(&done, 1, __ATOMIC_RELAXED) > 0) /* tiles are stepped by several threads */
        return;
    spoil("ALLOWED a temporary file", open(at(own, "file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    tell("ALLOWED a temporary folder", mkdir(at(own, "folder"), 0700));
    tell("ALLOWED a rename there", rename(at(own, "file"), at(own, "folder/file")));
    spoil("ALLOWED a temporary file", open(at(own, "file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    spoil("ALLOWED the void", open("/dev/null", O_WRONLY | O_CLOEXEC));
    change_files(results);
    move_files(results, own);
    change_by_processes(results);
    spoil("another folder", open("elsewhere/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

#include "fault.h"

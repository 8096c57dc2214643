#include "runner/results/folder.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/base/interrupt.h"
#include "runner/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define NAME_LIMIT 200
#define WAIT_MILLISECONDS 200 /* between two looks at a lock that another runner holds */
#define LAST_LOOKS 25         /* at one whose runner is gone */

static void add_escaped(struct text *out, const char *name) {
    for (const char *c = name; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        bool leading_point = *c == '.' && out->length == 0;
        if ((letter || strchr("._=+-,@[]", *c) != NULL) && !leading_point)
            text_add_char(out, *c);
        else
            text_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
}

char *folder_name(struct arena *arena, const char *experiment, const char *const *overrides, size_t n_overrides) {
    struct text name;
    text_init(&name);
    add_escaped(&name, experiment);
    for (size_t i = 0; i < n_overrides; i++) {
        text_add_char(&name, ',');
        add_escaped(&name, overrides[i]);
    }
    char *result;
    if (name.length > NAME_LIMIT) {
        char digits[HASH_SHORT_TEXT_SIZE];
        hash128_write_short(hash128_of(name.data, name.length), digits);
        result = arena_printf(arena, "%.*s,%s", NAME_LIMIT - HASH_SHORT_TEXT_SIZE, name.data, digits);
    } else {
        result = arena_copy_text(arena, name.data);
    }
    text_clear(&name);
    return result;
}

/* Who holds the lock stands in the lock file, for the message of the one who does not get it. */
static void sign(int lock) {
    char host[256] = "", since[64] = "", line[512];
    gethostname(host, sizeof host - 1);
    time_t seconds = time(NULL);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &parts);
    int n = snprintf(line, sizeof line, "process %ld on %s since %s\n", (long)getpid(), host, since);
    /* The lock is the kernel's; what stands in the file is for people, and not worth an error. */
    if (ftruncate(lock, 0) < 0 || pwrite(lock, line, (size_t)n, 0) != n)
        return;
}

static const char *holder_of(int lock, char text[256]) {
    ssize_t n = pread(lock, text, 255, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text[0] != '\0' ? text : "an unknown process";
}

/* A runner that is killed while it starts a process leaves its lock to that one, until it is another program or has ended. */
static bool holder_is_gone(int lock) {
    char holder[256], here[256] = "", host[256];
    long pid;
    gethostname(here, sizeof here - 1);
    return sscanf(holder_of(lock, holder), "process %ld on %255s since", &pid, host) == 2 && strcmp(host, here) == 0 &&
           kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* flock() would wait as well, but not for signals, too. */
static enum status wait_for_lock(int lock, size_t looks, const struct interrupt *interrupt, int *failed,
                                 struct error *error) {
    struct pollfd signals = {.fd = interrupt_descriptor(interrupt), .events = POLLIN};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (*failed = flock(lock, LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK &&
           looks > 0) {
        poll(&signals, 1, WAIT_MILLISECONDS);
        status = interrupt_check(interrupt, error);
        looks--;
    }
    return status;
}

static enum status lock(const struct folder *folder, int fd, bool wait, const struct log *log,
                        const struct interrupt *interrupt, int *failed, struct error *error) {
    char holder[256];
    *failed = flock(fd, LOCK_EX | LOCK_NB);
    if (*failed == 0 || errno != EWOULDBLOCK)
        return STATUS_OK;
    if (wait)
        log_info(log, "%s: waiting for the runner that works in this folder: %s", folder->path,
                 holder_of(folder->lock, holder));
    size_t looks = wait ? SIZE_MAX : holder_is_gone(folder->lock) ? LAST_LOOKS : 0;
    enum status status = wait_for_lock(fd, looks, interrupt, failed, error);
    if (status == STATUS_OK && *failed != 0 && errno == EWOULDBLOCK)
        status =
            error_set(error, STATUS_ENVIRONMENT,
                      "%s: another runner works in this folder: %s; wait for it (--wait), or use another --results",
                      folder->path, holder_of(folder->lock, holder));
    return status;
}

/* A file system of another machine may lock no folders: then the file alone counts. */
static enum status take_lock(struct folder *folder, bool wait, const struct log *log, const struct interrupt *interrupt,
                             struct error *error) {
    const char *path = folder_file(folder, ".lock");
    int failed = 0;
    folder->self = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (folder->lock < 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot lock the results folder: %s", path, strerror(errno));
    enum status status = STATUS_OK;
    if (folder->self >= 0)
        status = lock(folder, folder->self, wait, log, interrupt, &failed, error);
    if (status == STATUS_OK)
        status = lock(folder, folder->lock, wait, log, interrupt, &failed, error);
    return status == STATUS_OK && failed != 0
               ? error_set(error, STATUS_ENVIRONMENT, "%s: cannot lock the results folder: %s", path, strerror(errno))
               : status;
}

static void let_go(struct folder *folder) {
    if (folder->lock >= 0)
        close(folder->lock);
    if (folder->self >= 0)
        close(folder->self);
    folder->lock = folder->self = -1;
}

/* True where the lock that is held is that of the file which has the name now: the folder may have been removed meanwhile. */
static bool lock_is_current(struct folder *folder) {
    return file_is_named(folder->lock, AT_FDCWD, folder_file(folder, ".lock"));
}

static enum status make(const struct folder *folder, struct error *error) {
    enum status status = folder_make_own(folder->path, error);
    return status == STATUS_OK || error == NULL ? status
                                                : error_set(error, status, "%s; use another --results", error->text);
}

enum status folder_open(struct folder *folder, const char *parent, const char *name, bool wait, const struct log *log,
                        const struct interrupt *interrupt, struct error *error) {
    *folder = (struct folder){.lock = -1, .self = -1};
    arena_init(&folder->arena);
    folder->path = path_join(&folder->arena, parent, name);
    enum status status = make(folder, error);
    if (status == STATUS_OK)
        status = take_lock(folder, wait, log, interrupt, error);
    while (status == STATUS_OK && !lock_is_current(folder)) {
        let_go(folder);
        status = make(folder, error);
        if (status == STATUS_OK)
            status = take_lock(folder, wait, log, interrupt, error);
    }
    if (status == STATUS_OK) {
        sign(folder->lock);
        static const char *const inner[] = {"", "weights", "logs", "plots"};
        for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
            folder_remove_remains(folder_file(folder, inner[i]));
    } else {
        folder_close(folder);
    }
    return status;
}

void folder_look(struct folder *folder, const char *parent, const char *name) {
    *folder = (struct folder){.lock = -1, .self = -1};
    arena_init(&folder->arena);
    folder->path = path_join(&folder->arena, parent, name);
}

bool folder_is_read_only(const struct folder *folder) {
    return access(folder->path, W_OK) < 0 && (errno == EROFS || errno == EACCES);
}

void folder_close(struct folder *folder) {
    let_go(folder);
    arena_clear(&folder->arena);
    *folder = (struct folder){.lock = -1, .self = -1};
}

const char *folder_file(struct folder *folder, const char *file) {
    return path_join(&folder->arena, folder->path, file);
}

enum status folder_has(const char *path, const char *file, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    bool missing = access(path_join(&arena, path, file), F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
    arena_clear(&arena);
    return missing ? error_set(error, STATUS_CONFIG, "%s: no results are there (no %s)", path, file) : STATUS_OK;
}

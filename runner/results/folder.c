#include "runner/results/folder.h"

#include "runner/base/file.h"
#include "runner/base/hash.h"
#include "runner/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define NAME_LIMIT 200

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

static enum status refuse(int lock, const char *path, struct error *error) {
    char holder[256] = "";
    ssize_t n = pread(lock, holder, sizeof holder - 1, 0);
    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return error_set(error, STATUS_ENVIRONMENT,
                     "%s: another runner works in this folder: %s; wait for it, or use another --results", path,
                     holder[0] != '\0' ? holder : "an unknown process");
}

enum status folder_open(struct folder *folder, const char *parent, const char *name, struct error *error) {
    *folder = (struct folder){.lock = -1};
    arena_init(&folder->arena);
    folder->path = path_join(&folder->arena, parent, name);
    enum status status = folder_make(folder->path, error);
    if (status == STATUS_OK) {
        const char *path = folder_file(folder, ".lock");
        folder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (folder->lock < 0)
            status =
                error_set(error, STATUS_ENVIRONMENT, "%s: cannot lock the results folder: %s", path, strerror(errno));
        else if (flock(folder->lock, LOCK_EX | LOCK_NB) < 0)
            status = errno == EWOULDBLOCK ? refuse(folder->lock, folder->path, error)
                                          : error_set(error, STATUS_ENVIRONMENT,
                                                      "%s: cannot lock the results folder: %s", path, strerror(errno));
    }
    if (status == STATUS_OK)
        sign(folder->lock);
    else
        folder_close(folder);
    return status;
}

void folder_close(struct folder *folder) {
    if (folder->lock >= 0)
        close(folder->lock);
    arena_clear(&folder->arena);
    *folder = (struct folder){.lock = -1};
}

const char *folder_file(struct folder *folder, const char *file) {
    return path_join(&folder->arena, folder->path, file);
}

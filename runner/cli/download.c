#include "runner/cli/download.h"

#include "runner/base/interrupt.h"
#include "runner/base/text.h"
#include "runner/schedule/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define LENGTH "length "

enum { OUTPUT, ERRORS, PIPES, CHUNK = 1 << 16, WORDS_MOST = 1 << 14 };

struct fetcher {
    const struct download *download;
    pid_t pid;
    int fds[PIPES]; /* its standard output and error; -1: at their end */
    size_t got;     /* bytes */
    struct text words;
};

static void close_all(int fds[PIPES]) {
    for (size_t i = 0; i < PIPES; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    fds[OUTPUT] = fds[ERRORS] = -1;
}

/* 0, or an errno. In a group of its own no signal of the terminal reaches it: this process decides. */
static int spawn(struct fetcher *fetcher, int ends[PIPES]) {
    char most[32], seconds[32];
    const struct download *download = fetcher->download;
    snprintf(most, sizeof most, "%zu", download->most);
    snprintf(seconds, sizeof seconds, "%zu", download->seconds);
    char *const arguments[] = {(char *)download->program, (char *)download->url, most, seconds, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0)
        return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        code = code != 0 ? code : posix_spawn_file_actions_adddup2(&actions, ends[OUTPUT], STDOUT_FILENO);
        code = code != 0 ? code : posix_spawn_file_actions_adddup2(&actions, ends[ERRORS], STDERR_FILENO);
        code =
            code != 0 ? code : posix_spawn(&fetcher->pid, download->program, &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static enum status start(struct fetcher *fetcher, struct error *error) {
    int ends[PIPES] = {-1, -1}, code = 0;
    for (size_t i = 0; i < PIPES && code == 0; i++) {
        int both[2];
        code = pipe2(both, O_CLOEXEC) == 0 ? 0 : errno;
        fetcher->fds[i] = code == 0 ? both[0] : -1;
        ends[i] = code == 0 ? both[1] : -1;
    }
    code = code != 0 ? code : spawn(fetcher, ends);
    close_all(ends);
    if (code != 0)
        return error_set(error, STATUS_ENVIRONMENT, "cannot start %s: %s", fetcher->download->program, strerror(code));
    return STATUS_OK;
}

/* The last line "length N" that it has written; 0 where there is none. */
static uint64_t length_told(const struct text *words) {
    uint64_t length = 0;
    for (const char *line = words->data; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, LENGTH, strlen(LENGTH)) == 0)
            length = strtoull(line + strlen(LENGTH), NULL, 10);
    }
    return length;
}

/* What has come through one of the pipes. More than there may be is not read: runner-fetch, which is to watch that, does not. */
static enum status take(struct fetcher *fetcher, size_t pipe, struct error *error) {
    unsigned char buffer[CHUNK];
    const struct download *download = fetcher->download;
    ssize_t got = read(fetcher->fds[pipe], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR)
        return STATUS_OK;
    if (got > 0 && pipe == OUTPUT)
        fetcher->got += (size_t)got;
    else if (got > 0)
        text_add_bytes(&fetcher->words, buffer, (size_t)got);
    if (got <= 0 || fetcher->got > download->most || fetcher->words.length > WORDS_MOST) {
        close(fetcher->fds[pipe]);
        fetcher->fds[pipe] = -1;
        return STATUS_OK;
    }
    if (pipe != OUTPUT)
        return STATUS_OK;
    *download->length = length_told(&fetcher->words);
    return download->take(download->context, buffer, (size_t)got, error);
}

/* Until both pipes are at their end, a signal comes, or the bytes are not taken. */
static enum status read_all(struct fetcher *fetcher, struct error *error) {
    const struct interrupt *interrupt = fetcher->download->interrupt;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (fetcher->fds[OUTPUT] >= 0 || fetcher->fds[ERRORS] >= 0)) {
        struct pollfd polls[] = {{.fd = fetcher->fds[OUTPUT], .events = POLLIN},
                                 {.fd = fetcher->fds[ERRORS], .events = POLLIN},
                                 {.fd = interrupt_descriptor(interrupt), .events = POLLIN}};
        if (poll(polls, PIPES + 1, -1) < 0 && errno != EINTR)
            return error_set(error, STATUS_ENVIRONMENT, "cannot wait for %s: %s", fetcher->download->program,
                             strerror(errno));
        if (polls[PIPES].revents != 0)
            return interrupt_check(interrupt, error);
        for (size_t i = PIPES; i-- > 0;)
            if (status == STATUS_OK && polls[i].revents != 0)
                status = take(fetcher, i, error);
    }
    return status;
}

/* How the process has ended; where that was not well, its last line tells why. */
static enum status end(struct fetcher *fetcher, struct error *error) {
    int state = 0;
    char name[32];
    while (waitpid(fetcher->pid, &state, 0) < 0 && errno == EINTR)
        continue;
    if (fetcher->got > fetcher->download->most)
        return error_set(error, STATUS_ENVIRONMENT, "found more than %zu bytes, the most that the file can have",
                         fetcher->download->most);
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return STATUS_OK;
    struct text *words = &fetcher->words;
    while (words->length > 0 && words->data[words->length - 1] == '\n')
        words->data[--words->length] = '\0';
    const char *line = strrchr(words->data, '\n');
    line = line != NULL ? line + 1 : words->data;
    if (WIFSIGNALED(state))
        return error_set(error, STATUS_ENVIRONMENT, "%s: %s", fetcher->download->program,
                         signal_name(WTERMSIG(state), name));
    if (line[0] == '\0' || strncmp(line, LENGTH, strlen(LENGTH)) == 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: exit %d", fetcher->download->program, WEXITSTATUS(state));
    return error_set(error, STATUS_ENVIRONMENT, "%s", line);
}

enum status download_get(const struct download *download, struct error *error) {
    struct fetcher fetcher = {.download = download, .fds = {-1, -1}};
    text_init(&fetcher.words);
    *download->length = 0;
    enum status status = start(&fetcher, error);
    if (status == STATUS_OK) {
        status = read_all(&fetcher, error);
        if (status != STATUS_OK)
            kill(fetcher.pid, SIGKILL);
        struct error ended;
        enum status how = end(&fetcher, &ended);
        if (status == STATUS_OK && how != STATUS_OK)
            status = error_set(error, how, "%s", ended.text);
    }
    close_all(fetcher.fds);
    text_clear(&fetcher.words);
    return status;
}

#include "runner/results/plot.h"

#include "runner/base/file.h"
#include "runner/base/scratch.h"
#include "runner/results/svg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPENING "# Drawn by runner: "
#define SVG_LIMIT ((size_t)64 << 20)
enum { SECONDS = 60 };

void plots_init(struct plots *plots) {
    *plots = (struct plots){.count = 0};
    arena_init(&plots->arena);
}

void plots_clear(struct plots *plots) {
    for (size_t i = 0; i < plots->count; i++) {
        text_clear(&plots->items[i].script);
        text_clear(&plots->items[i].data);
        text_clear(&plots->items[i].svg);
    }
    arena_clear(&plots->arena);
}

struct plot *plots_add(struct plots *plots, const char *name, int width, int height) {
    if (plots->count == PLOTS_MOST)
        return NULL;
    struct plot *plot = &plots->items[plots->count++];
    plot->name = arena_copy_text(&plots->arena, name);
    text_init(&plot->script);
    text_init(&plot->data);
    text_init(&plot->svg);
    text_printf(&plot->script,
                OPENING "`gnuplot %s.gp` in this folder draws %s.svg from %s.dat again.\n"
                        "reset\n"
                        "set encoding utf8\n"
                        "set terminal svg size %d,%d noenhanced font 'sans-serif,12' background rgb '#ffffff'\n"
                        "set output '%s.svg'\n"
                        "set datafile separator \"\\t\"\n"
                        "set datafile commentschars ''\n"
                        "set border 3 lc rgb '#%06x'\n"
                        "set grid ytics lt 1 lw 0.6 lc rgb '#%06x'\n"
                        "set tics nomirror out scale 0.4\n"
                        "set format '%%g'\n",
                name, name, name, width, height, name, SVG_AXIS, SVG_GRID);
    return plot;
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

static void add_character(const char *bytes, size_t length, uint32_t code, struct text *out) {
    if (length == 0 || text_is_control(code))
        text_add_char(out, '?');
    else if (code == '"')
        text_add(out, "\u201d");
    else if (code == '\\')
        text_add(out, "\u2216");
    else
        text_add_bytes(out, bytes, length);
}

static size_t count_characters(const char *label) {
    size_t n = 0;
    uint32_t code;
    for (; *label != '\0'; n++) {
        size_t length = text_utf8(label, 4, &code);
        label += length > 0 ? length : 1;
    }
    return n;
}

size_t plot_label_width(const char *label, size_t most) {
    size_t n = count_characters(label);
    return n < most ? n : most;
}

void plot_label(const char *label, size_t most, struct text *out) {
    size_t all = count_characters(label), room = all <= most ? all : most - 1;
    if (all == 0)
        text_add_char(out, '-');
    for (size_t i = 0; i < room; i++) {
        uint32_t code = 0;
        size_t length = text_utf8(label, 4, &code);
        add_character(label, length, code, out);
        label += length > 0 ? length : 1;
    }
    if (room < all)
        text_add(out, "\u2026");
}

void plot_number(double number, char after, struct text *out) {
    char text[NUMBER_TEXT_SIZE];
    text_add(out, isfinite(number) ? number_write(number, text) : "NaN");
    text_add_char(out, after);
}

void plot_string(const char *word, struct text *out) {
    struct text label;
    text_init(&label);
    plot_label(word, 60, &label);
    text_add_char(out, '\'');
    for (const char *c = label.data; *c != '\0'; c++)
        text_add(out, *c == '\'' ? "\u2019" : *c == '`' ? "\u2018" : (const char[]){*c, '\0'});
    text_add_char(out, '\'');
    text_clear(&label);
}

/* ---- gnuplot ----------------------------------------------------------------------------------------------------- */

static enum status put(const char *path, const struct text *text, struct error *error) {
    FILE *file = fopen(path, "wxe");
    bool good = file != NULL && fwrite(text->data, 1, text->length, file) == text->length;
    if ((file != NULL && fclose(file) != 0) || !good)
        return error_set(error, STATUS_ENVIRONMENT, "%s: cannot be written: %s", path, strerror(errno));
    return STATUS_OK;
}

/* In the folder, with what it prints in `complaints` there. */
static int start(const char *name, const char *folder, const char *complaints, pid_t *child) {
    char program[] = "gnuplot", plain[] = "-d", locale[] = "LC_ALL=C.UTF-8";
    struct arena arena;
    arena_init(&arena);
    char *arguments[] = {program, plain, arena_printf(&arena, "%s.gp", name), NULL};
    const char *path = getenv("PATH"), *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
    char *environment[5] = {locale, arena_printf(&arena, "PATH=%s", path != NULL ? path : "/usr/bin:/bin")};
    size_t n = 2;
    if (home != NULL)
        environment[n++] = arena_printf(&arena, "HOME=%s", home);
    if (cache != NULL)
        environment[n++] = arena_printf(&arena, "XDG_CACHE_HOME=%s", cache);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, complaints, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = posix_spawnp(child, "gnuplot", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    arena_clear(&arena);
    return failed;
}

/* Its wait status; -1 where it took too long and was ended. */
static int await(pid_t child) {
    int status = 0, pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd poll_child = {.fd = pidfd, .events = POLLIN};
    int ready = pidfd >= 0 ? poll(&poll_child, 1, SECONDS * 1000) : -1;
    while (ready < 0 && pidfd >= 0 && errno == EINTR)
        ready = poll(&poll_child, 1, SECONDS * 1000);
    if (ready <= 0)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (pidfd >= 0)
        close(pidfd);
    return ready <= 0 ? -1 : status;
}

/* The last line of what gnuplot said, for a message. */
static enum status complain(const char *path, struct error *error) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    char line[300] = "";
    if (file_read(path, 1 << 20, &bytes, &n, NULL) == STATUS_OK) {
        const char *text = (const char *)bytes;
        while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
            n--;
        size_t from = n;
        while (from > 0 && text[from - 1] != '\n')
            from--;
        snprintf(line, sizeof line, "%.*s", (int)(n - from < 299 ? n - from : 299), text + from);
    }
    free(bytes);
    return error_set(error, STATUS_ENVIRONMENT, "gnuplot failed: %s", line[0] != '\0' ? line : "it said nothing");
}

/* A picture in a process of its own, since gnuplot's SVG depends on what the same process has drawn before. STATUS_TRIAL where its script
   failed, STATUS_ENVIRONMENT where the others would not fare better. */
static enum status run(const char *name, const char *folder, const char *complaints, struct error *error) {
    pid_t child;
    int failed = start(name, folder, complaints, &child);
    if (failed == ENOENT && access(folder, F_OK) == 0) /* else somebody has cleared the temporary files */
        return error_set(error, STATUS_ENVIRONMENT, "no gnuplot is installed (package " PLOT_PACKAGE ")");
    if (failed != 0)
        return error_set(error, STATUS_ENVIRONMENT, "gnuplot cannot be started: %s", strerror(failed));
    int status = await(child);
    if (status == -1)
        return error_set(error, STATUS_ENVIRONMENT, "gnuplot took longer than %d s and was ended", SECONDS);
    if (status == 0)
        return STATUS_OK;
    if (WIFSIGNALED(status))
        error_set(error, STATUS_ENVIRONMENT, "gnuplot was ended by signal %d", WTERMSIG(status));
    else
        complain(complaints, error);
    return STATUS_TRIAL;
}

static void take(struct plot *plot, const char *path) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    if (file_read(path, SVG_LIMIT, &bytes, &n, NULL) == STATUS_OK && memmem(bytes, n, "</svg>", 6) != NULL)
        text_add_bytes(&plot->svg, bytes, n);
    free(bytes);
}

static bool has_text(const char *path, const struct text *text) {
    return file_has(path, text->data, text->length);
}

/* Ends the scripts, and takes the pictures that were drawn from the same scripts and data before. The number of others. */
static size_t take_former(struct plots *plots, const char *former) {
    size_t left = 0;
    for (size_t i = 0; i < plots->count; i++) {
        struct plot *plot = &plots->items[i];
        const char *stem = former != NULL ? path_join(&plots->arena, former, plot->name) : "";
        text_add(&plot->script, "unset output\n");
        if (former != NULL && has_text(arena_printf(&plots->arena, "%s.gp", stem), &plot->script) &&
            has_text(arena_printf(&plots->arena, "%s.dat", stem), &plot->data))
            take(plot, arena_printf(&plots->arena, "%s.svg", stem));
        left += plot->svg.length == 0 ? 1 : 0;
    }
    return left;
}

enum status plots_draw(struct plots *plots, const char *former, struct error *error) {
    if (take_former(plots, former) == 0)
        return STATUS_OK;
    struct scratch scratch;
    enum status status = scratch_open(&scratch, "plots", &plots->arena, error);
    if (status != STATUS_OK)
        return status;
    const char *complaints = path_join(&plots->arena, scratch.path, "complaints");
    for (size_t i = 0; i < plots->count && status == STATUS_OK; i++) {
        const struct plot *plot = &plots->items[i];
        const char *stem = path_join(&plots->arena, scratch.path, plot->name);
        status = put(arena_printf(&plots->arena, "%s.gp", stem), &plot->script, error);
        if (status == STATUS_OK)
            status = put(arena_printf(&plots->arena, "%s.dat", stem), &plot->data, error);
    }
    enum status failed = STATUS_OK; /* of some picture: its message is kept */
    for (size_t i = 0; i < plots->count && status == STATUS_OK; i++) {
        if (plots->items[i].svg.length > 0)
            continue;
        status = run(plots->items[i].name, scratch.path, complaints, failed == STATUS_OK ? error : NULL);
        if (status == STATUS_OK)
            take(&plots->items[i], arena_printf(&plots->arena, "%s/%s.svg", scratch.path, plots->items[i].name));
        failed = status == STATUS_TRIAL ? STATUS_ENVIRONMENT : failed;
        status = status == STATUS_TRIAL ? STATUS_OK : status;
    }
    status = status == STATUS_OK ? failed : status;
    scratch_close(&scratch);
    return status;
}

/* ---- The folder -------------------------------------------------------------------------------------------------- */

static bool has_opening(const char *path) {
    char line[sizeof OPENING] = "";
    FILE *file = fopen(path, "re");
    bool has = file != NULL && fgets(line, sizeof line, file) != NULL && strcmp(line, OPENING) == 0;
    if (file != NULL)
        fclose(file);
    return has;
}

static bool is_among(const struct plots *plots, const char *stem, size_t length) {
    for (size_t i = 0; i < plots->count; i++)
        if (strlen(plots->items[i].name) == length && memcmp(plots->items[i].name, stem, length) == 0)
            return true;
    return false;
}

/* Scripts that an earlier report has left, with their data and pictures. */
static void remove_former(const struct plots *plots, const char *folder) {
    static const char *const endings[] = {"svg", "dat", "gp"};
    struct arena arena;
    arena_init(&arena);
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 3, ".gp") != 0 ||
            is_among(plots, entry->d_name, length - 3) || !has_opening(path_join(&arena, folder, entry->d_name)))
            continue;
        for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
            unlinkat(dirfd(entries), arena_printf(&arena, "%.*s.%s", (int)(length - 3), entry->d_name, endings[i]), 0);
    }
    if (entries != NULL)
        closedir(entries);
    arena_clear(&arena);
}

enum status plots_keep(const struct plots *plots, const char *folder, struct error *error) {
    struct arena arena;
    arena_init(&arena);
    struct stat facts;
    enum status status = plots->count > 0 ? folder_make_own(folder, error) : STATUS_OK;
    for (size_t i = 0; i < plots->count; i++) {
        const struct plot *plot = &plots->items[i];
        const char *stem = path_join(&arena, folder, plot->name);
        const char *script = arena_printf(&arena, "%s.gp", stem), *data = arena_printf(&arena, "%s.dat", stem);
        const char *svg = arena_printf(&arena, "%s.svg", stem);
        /* A picture of other data never stands beside the new ones, wherever the writing ends: plots_draw() takes its word for it. */
        if (plot->svg.length == 0 || !has_text(script, &plot->script) || !has_text(data, &plot->data))
            unlink(svg);
        if (status == STATUS_OK)
            status = file_write_changed(script, plot->script.data, plot->script.length, error);
        if (status == STATUS_OK)
            status = file_write_changed(data, plot->data.data, plot->data.length, error);
        if (status == STATUS_OK && plot->svg.length > 0)
            status = file_write_changed(svg, plot->svg.data, plot->svg.length, error);
    }
    if (status == STATUS_OK && stat(folder, &facts) == 0)
        remove_former(plots, folder);
    arena_clear(&arena);
    return status;
}

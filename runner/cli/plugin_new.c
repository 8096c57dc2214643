#include "runner/cli/plugin_new.h"

#include "runner/base/build.h"
#include "runner/base/file.h"
#include "runner/base/text.h"
#include "runner/host/catalog.h"
#include "runner/host/params_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_NAME = 60, MOST_TEMPLATE = 1 << 20 };

struct skeleton {
    struct arena arena;
    const char *runner, *include, *templates; /* paths of the installation */
    const char *kind, *name;
    bool cxx;
};

/* The built tree has them beside the runner; the installed one where build.h says. */
static enum status find_installation(struct skeleton *skeleton, struct error *error) {
    struct arena *arena = &skeleton->arena;
    enum status status = path_of_executable(arena, &skeleton->runner, error);
    if (status != STATUS_OK)
        return status;
    const char *folder = path_folder(arena, skeleton->runner);
    skeleton->templates = path_join(arena, folder, "templates");
    skeleton->include = path_join(arena, folder, "include");
    if (access(skeleton->templates, R_OK) == 0)
        return STATUS_OK;
    skeleton->templates = path_join(arena, folder, RUNNER_TEMPLATES_RELATIVE);
    skeleton->include = path_join(arena, folder, RUNNER_INCLUDE_RELATIVE);
    const char *real = path_real(arena, skeleton->include);
    if (real != NULL)
        skeleton->include = real;
    if (access(skeleton->templates, R_OK) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_ENVIRONMENT, "%s: cannot find what a new plugin is made from: %s; install again",
                     skeleton->templates, strerror(errno));
}

/* The value of a word of the templates, or NULL where it is none. */
static const char *word_value(const struct skeleton *skeleton, const char *word, size_t length) {
    const struct {
        const char *word, *value;
    } words[] = {
        {"skeleton", skeleton->name},
        {"@RUNNER@", skeleton->runner},
        {"@INCLUDE@", skeleton->include},
        {"@CC@", skeleton->cxx ? "CXX" : "CC"},
        {"@FLAGS@", skeleton->cxx ? "CXXFLAGS" : "CFLAGS"},
        {"@STANDARD@", skeleton->cxx ? "-std=c++11" : "-std=c11"},
        {"@SUFFIX@", skeleton->cxx ? "cc" : "c"},
        {"@LANGUAGE@", skeleton->cxx ? "CXX" : "C"},
        {"@KIND_ARTICLE@", words_kind(runner_kind_from_name(skeleton->kind))},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i].word) == length && memcmp(words[i].word, word, length) == 0)
            return words[i].value;
    return NULL;
}

static void fill_in(const struct skeleton *skeleton, const char *bytes, struct text *out) {
    static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    while (*bytes != '\0') {
        size_t length = *bytes == '@' ? strspn(bytes + 1, inner) + 2 : strspn(bytes, inner);
        const char *value = length > 0 ? word_value(skeleton, bytes, length) : NULL;
        if (value == NULL && (length == 0 || *bytes == '@'))
            length = 1;
        if (value != NULL)
            text_add(out, value);
        else
            text_add_bytes(out, bytes, length);
        bytes += length;
    }
}

static enum status write_one(const struct skeleton *skeleton, const char *from, const char *to, struct error *error) {
    struct arena arena;
    struct text out;
    unsigned char *bytes = NULL;
    size_t n = 0;
    arena_init(&arena);
    text_init(&out);
    enum status status = file_read(path_join(&arena, skeleton->templates, from), MOST_TEMPLATE, &bytes, &n, error);
    if (status == STATUS_OK) {
        fill_in(skeleton, (const char *)bytes, &out);
        status = file_write_whole(path_join(&arena, skeleton->name, to), out.data, out.length, error);
    }
    free(bytes);
    text_clear(&out);
    arena_clear(&arena);
    return status;
}

static enum status write_all(struct skeleton *skeleton, struct error *error) {
    struct arena *arena = &skeleton->arena;
    const struct {
        const char *from, *to;
    } files[] = {
        {arena_printf(arena, "%s.c", skeleton->kind),
         arena_printf(arena, "%s.%s", skeleton->name, skeleton->cxx ? "cc" : "c")},
        {arena_printf(arena, "%s.yaml", skeleton->kind), arena_printf(arena, "%s.yaml", skeleton->name)},
        {"Makefile", "Makefile"},
        {"CMakeLists.txt", "CMakeLists.txt"},
        {"README.md", "README.md"},
    };
    enum { FILES = sizeof files / sizeof files[0] };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < FILES && status == STATUS_OK; i++)
        status = write_one(skeleton, files[i].from, files[i].to, error);
    for (size_t i = 0; i < FILES && status != STATUS_OK; i++)
        unlink(path_join(arena, skeleton->name, files[i].to));
    if (status != STATUS_OK)
        rmdir(skeleton->name);
    return status;
}

static enum status check_words(const struct options *options, struct error *error) {
    if (options->n_arguments != 2)
        return error_set(error, STATUS_CONFIG,
                         "plugin new: wanted KIND and NAME, as in `runner plugin new layer mine`");
    const char *kind = options->arguments[0], *name = options->arguments[1];
    if (runner_kind_from_name(kind) == 0) {
        const char *names[RUNNER_LAST_KIND];
        struct text known;
        text_init(&known);
        for (int i = 1; i <= RUNNER_LAST_KIND; i++)
            names[i - 1] = runner_kind_name((enum runner_kind)i);
        const char *near = text_nearest(kind, names, RUNNER_LAST_KIND);
        if (near != NULL)
            text_printf(&known, "; did you mean '%s'?", near);
        else
            words_list("; known: ", names, RUNNER_LAST_KIND, &known);
        error_set(error, STATUS_CONFIG, "unknown kind of plugin '%s'%s", kind, known.data);
        text_clear(&known);
        return STATUS_CONFIG;
    }
    if (name[0] < 'a' || name[0] > 'z' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
        strlen(name) > MOST_NAME)
        return error_set(
            error, STATUS_CONFIG,
            "'%s' cannot be the name of a plugin; wanted lower case letters, digits and _, a letter first, "
            "at most %d",
            name, MOST_NAME);
    return STATUS_OK;
}

enum status plugin_new(const struct options *options, struct error *error) {
    enum status status = check_words(options, error);
    if (status != STATUS_OK)
        return status;
    struct skeleton skeleton = {.kind = options->arguments[0], .name = options->arguments[1], .cxx = options->cxx};
    arena_init(&skeleton.arena);
    status = find_installation(&skeleton, error);
    if (status == STATUS_OK && mkdir(skeleton.name, 0777) < 0)
        status = errno == EEXIST
                     ? error_set(error, STATUS_CONFIG,
                                 "%s: is there already, and nothing is overwritten; wanted a new name", skeleton.name)
                     : error_set(error, STATUS_ENVIRONMENT, "%s: cannot make the folder: %s", skeleton.name,
                                 strerror(errno));
    if (status == STATUS_OK)
        status = write_all(&skeleton, error);
    if (status == STATUS_OK)
        printf("%s/%s.%s is %s. `make -C %s test` builds it and checks it; README.md tells more.\n", skeleton.name,
               skeleton.name, skeleton.cxx ? "cc" : "c", words_kind(runner_kind_from_name(skeleton.kind)),
               skeleton.name);
    arena_clear(&skeleton.arena);
    return status;
}

/* What the tests of data sets share: the built plugins, opened, and a data set from a line of YAML. */
#ifndef TESTS_UNIT_HOST_DATA_SETUP_H
#define TESTS_UNIT_HOST_DATA_SETUP_H

#include "runner/base/yaml.h"
#include "runner/host/data.h"
#include "runner/host/params.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct setup {
    struct loader loader;
    struct arena arena;
    struct error error;
    struct data data;
    char folder[256]; /* of the test's own files */
};

static inline const char *from_environment(const char *name) {
    const char *value = getenv(name);
    if (value == NULL)
        fail_msg("%s is not set: run the test by ctest", name);
    return value;
}

static inline int setup_open(void **state) {
    struct setup *setup = calloc(1, sizeof *setup);
    assert_non_null(setup);
    arena_init(&setup->arena);
    const char *build = from_environment("RUNNER_BUILD_DIR");
    const char *folders[] = {arena_printf(&setup->arena, "%s/tests/plugins/odd_data", build),
                             arena_printf(&setup->arena, "%s/plugins", build)};
    loader_open(&setup->loader, folders, 2, 1);
    const char *temporary = getenv("TMPDIR");
    snprintf(setup->folder, sizeof setup->folder, "%s/runner-data-XXXXXX", temporary != NULL ? temporary : P_tmpdir);
    assert_non_null(mkdtemp(setup->folder));
    *state = setup;
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static inline int setup_close(void **state) {
    struct setup *setup = *state;
    assert_int_equal(nftw(setup->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
    data_unmap(&setup->data);
    loader_close(&setup->loader);
    arena_clear(&setup->arena);
    free(setup);
    return 0;
}

/* Builds and maps the data set; what was mapped before goes. */
__attribute__((format(printf, 2, 3))) static inline enum status try_data(struct setup *setup, const char *format, ...) {
    va_list arguments;
    struct text line;
    struct diagnostics diagnostics;
    int fd = -1;
    text_init(&line);
    va_start(arguments, format);
    text_printf_v(&line, format, arguments);
    va_end(arguments);
    diagnostics_init(&diagnostics);
    data_unmap(&setup->data);
    setup->error = (struct error){0};
    const struct tree *written = yaml_read(line.data, line.length, "test", &setup->arena, &diagnostics);
    const struct tree *resolved = written == NULL ? NULL
                                                  : component_resolve(&setup->loader.catalog, RUNNER_DATASET, written,
                                                                      "dataset", &setup->arena, &diagnostics);
    diagnostics_print(&diagnostics, stderr);
    diagnostics_clear(&diagnostics);
    text_clear(&line);
    assert_non_null(resolved);
    enum status status = data_build(&setup->loader, resolved, &fd, &setup->error);
    assert_int_equal(status == STATUS_OK, fd >= 0);
    if (status == STATUS_OK) {
        status = data_map(fd, &setup->data, &setup->error);
        close(fd);
    }
    return status;
}

#define build_data(setup, ...)                                                                                         \
    do {                                                                                                               \
        if (try_data(setup, __VA_ARGS__) != STATUS_OK)                                                                 \
            fail_msg("%s", (setup)->error.text);                                                                       \
    } while (0)

/* The data set is refused with this status, and all of `words`, which are separated by |, stand in the message. */
#define refuse_data(setup, wanted, words, ...)                                                                         \
    do {                                                                                                               \
        assert_int_equal(try_data(setup, __VA_ARGS__), wanted);                                                        \
        assert_words(setup, words);                                                                                    \
    } while (0)

static inline void assert_words(struct setup *setup, const char *words) {
    char *list = strdup(words);
    for (char *rest = list, *word = strsep(&rest, "|"); word != NULL; word = strsep(&rest, "|"))
        if (strstr(setup->error.text, word) == NULL)
            fail_msg("no \"%s\" in: %s", word, setup->error.text);
    free(list);
}

static inline const int32_t *labels_of(const struct data *data, enum data_split split) {
    return data->targets[split];
}

#endif

/*
 * For targets that read data sets: the built plugins, opened once, and a data set from a line of YAML, built as the worker builds it. The
 * bytes stand in memory files that the data set reads by /proc/self/fd. A data set is read whole or refused with a reason; whatever
 * it holds, labels are in range and numbers finite, since the host checks them.
 */
#ifndef TESTS_FUZZ_DATA_H
#define TESTS_FUZZ_DATA_H

#include "tests/fuzz/fuzz.h"

#include "runner/base/yaml.h"
#include "runner/host/data.h"
#include "runner/host/params.h"

#include <limits.h>

static inline const struct loader *fuzz_plugins(void) {
    static struct loader loader;
    if (loader.count > 0)
        return &loader;
    char folder[PATH_MAX + 32], executable[PATH_MAX];
    const char *build = getenv("RUNNER_BUILD_DIR");
    ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1); /* BUILD/tests/fuzz/NAME */
    FUZZ_CHECK(n > 0);
    executable[n] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(executable, '/') = '\0';
    snprintf(folder, sizeof folder, "%s/plugins/datasets", build != NULL ? build : executable);
    loader_open(&loader, (const char *const[]){folder}, 1, 1);
    FUZZ_CHECK(loader.count > 0);
    return &loader;
}

static inline void fuzz_data(const char *yaml) {
    const struct loader *loader = fuzz_plugins();
    struct arena arena;
    struct diagnostics diagnostics;
    struct error error = {0};
    struct data data;
    int fd = -1;
    arena_init(&arena);
    diagnostics_init(&diagnostics);
    const struct tree *written = yaml_read(yaml, strlen(yaml), "fuzz", &arena, &diagnostics);
    const struct tree *resolved =
        written == NULL ? NULL
                        : component_resolve(&loader->catalog, RUNNER_DATASET, written, "dataset", &arena, &diagnostics);
    if (resolved == NULL)
        diagnostics_print(&diagnostics, stderr);
    FUZZ_CHECK(resolved != NULL);
    diagnostics_clear(&diagnostics);
    enum status status = data_build(loader, resolved, &fd, &error);
    FUZZ_CHECK((status == STATUS_OK) == (error.text[0] == '\0') && (status == STATUS_OK) == (fd >= 0));
    FUZZ_CHECK(status == STATUS_OK || status == STATUS_CONFIG);
    if (status == STATUS_OK) {
        FUZZ_CHECK(data_map(fd, &data, &error) == STATUS_OK && data.rows[DATA_TRAIN] > 0);
        data_unmap(&data);
        close(fd);
    }
    arena_clear(&arena);
}

/* A second file beside fuzz_file(). */
static inline const char *fuzz_second_file(const void *bytes, size_t n) {
    static int fd = -1;
    static char path[64];
    if (fd < 0)
        fd = memfd_create("fuzz2", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

#endif

/*
 * For fuzz targets (tests/fuzz/NAME_fuzz.c): each defines fuzz_one(), which is given bytes and must neither crash nor leak nor break
 * what FUZZ_CHECK says.
 *
 * In the preset `fuzz` (clang) targets are linked with libFuzzer; in all others with replay.c, which feeds them the files of
 * corpus/NAME/ as an ordinary test. Bytes that once broke something stay there.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The path of a file that holds these bytes, until the next call. */
static inline const char *fuzz_file(const void *bytes, size_t n) {
    static int fd = -1;
    static char path[64];
    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/* The bytes as a string, which the caller frees; a NUL among them ends it. */
static inline char *fuzz_text(const uint8_t *bytes, size_t n) {
    char *text = malloc(n + 1);
    FUZZ_CHECK(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    return text;
}

#endif

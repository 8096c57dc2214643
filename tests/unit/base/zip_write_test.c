/* Archives that are written here are read back; python's zipfile and unzip -t read them as well (e2e/weights.sh). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/text.h"
#include "runner/base/zip.h"
#include "runner/base/zip_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char *write_some(size_t count, size_t *n) {
    int fd = memfd_create("zip", MFD_CLOEXEC);
    struct zip_writer writer;
    struct error error;
    zip_writer_init(&writer, fd);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char name[64];
        snprintf(name, sizeof name, "layer_%zu/kernel", i);
        status = zip_writer_add(&writer, name, "head", 4, &i, sizeof i, &error);
    }
    assert_int_equal(zip_writer_finish(&writer, status, &error), STATUS_OK);
    *n = (size_t)lseek(fd, 0, SEEK_END);
    unsigned char *bytes = malloc(*n);
    assert_int_equal(pread(fd, bytes, *n, 0), *n);
    close(fd);
    return bytes;
}

/* 70000 members need ZIP64. */
static void what_is_written_is_read_back(void **state) {
    (void)state;
    const size_t counts[] = {0, 1, 3, 70000};
    for (size_t c = 0; c < 4; c++) {
        size_t n;
        unsigned char *bytes = write_some(counts[c], &n);
        struct arena arena;
        struct zip zip;
        struct error error = {0};
        arena_init(&arena);
        if (zip_open(bytes, n, "file", &arena, &zip, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        assert_int_equal(zip.count, counts[c]);
        for (size_t i = 0; i < counts[c]; i += 1 + counts[c] / 3) {
            unsigned char *content, wanted[12];
            assert_int_equal(zip_read(&zip, &zip.members[i], 100, &content, &error), STATUS_OK);
            memcpy(wanted, "head", 4);
            memcpy(wanted + 4, &i, sizeof i);
            assert_int_equal(zip.members[i].size, 12);
            assert_memory_equal(content, wanted, 12);
            free(content);
        }
        arena_clear(&arena);
        free(bytes);
    }
}

static void equal_contents_give_equal_bytes(void **state) {
    (void)state;
    size_t n, m;
    unsigned char *first = write_some(3, &n), *second = write_some(3, &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, second, n);
    free(first);
    free(second);
}

static void a_full_disk_is_an_error(void **state) {
    (void)state;
    struct zip_writer writer;
    struct error error = {0};
    zip_writer_init(&writer, -1);
    enum status status = zip_writer_add(&writer, "a", "head", 4, "", 0, &error);
    assert_int_equal(zip_writer_finish(&writer, status, &error), STATUS_ENVIRONMENT);
    assert_non_null(strstr(error.text, "cannot write an archive"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(equal_contents_give_equal_bytes),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

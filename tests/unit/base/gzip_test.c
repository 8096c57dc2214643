#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `printf hello | gzip -9n`, gzip 1.12. */
static const unsigned char hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd,
                                      0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

static int enter_folder(void **state) {
    char folder[] = "/tmp/runner-gzip-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    *state = strdup(folder);
    return 0;
}

static int leave_folder(void **state) {
    char command[100];
    snprintf(command, sizeof command, "rm -r '%s'", (char *)*state);
    int code = system(command);
    free(*state);
    return code;
}

static void put(const void *bytes, size_t n) {
    struct error error;
    assert_int_equal(file_write_whole("file", bytes, n, &error), STATUS_OK);
}

static void check_bytes(const void *bytes, size_t n, size_t limit) {
    struct error error;
    unsigned char *read = NULL;
    size_t length = 0;
    assert_int_equal(file_read_all_gzip("file", limit, &read, &length, &error), STATUS_OK);
    assert_int_equal(length, n);
    assert_memory_equal(read, bytes, n);
    assert_int_equal(read[n], 0);
    free(read);
}

static void check_refused(size_t limit, const char *text) {
    struct error error;
    unsigned char *read = (unsigned char *)1;
    size_t length = 1;
    assert_int_equal(file_read_all_gzip("file", limit, &read, &length, &error), STATUS_CONFIG);
    assert_string_equal(error.text, text);
    assert_null(read);
    assert_int_equal(length, 0);
}

static void gzip_is_decompressed_and_other_files_are_not(void **state) {
    (void)state;
    put(hello, sizeof hello);
    check_bytes("hello", 5, 100);
    put("plain", 5);
    check_bytes("plain", 5, 100);
    put("", 0);
    check_bytes("", 0, 100);
    put("\x1f", 1);
    check_bytes("\x1f", 1, 100);
}

static void members_follow_each_other_and_zeros_may_pad(void **state) {
    (void)state;
    unsigned char twice[2 * sizeof hello + 10] = {0};
    memcpy(twice, hello, sizeof hello);
    memcpy(twice + sizeof hello, hello, sizeof hello);
    put(twice, sizeof twice);
    check_bytes("hellohello", 10, 100);
}

static void any_cut_is_an_error(void **state) {
    (void)state;
    for (size_t length = 2; length < sizeof hello; length++) {
        put(hello, length);
        check_refused(100, "cannot read file: its gzip data is cut short; fetch or compress it again");
    }
}

static void damage_is_an_error(void **state) {
    (void)state;
    static const size_t places[] = {2, 3, 10, 12, 17, 18, 21, 24}; /* method, flags, data, checksum, length */
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        unsigned char damaged[sizeof hello];
        memcpy(damaged, hello, sizeof hello);
        damaged[places[i]] ^= 0xf4;
        put(damaged, sizeof damaged);
        struct error error;
        unsigned char *read;
        size_t length;
        assert_int_equal(file_read_all_gzip("file", 100, &read, &length, &error), STATUS_CONFIG);
        assert_null(read);
    }
    unsigned char junk[sizeof hello + 4] = {0};
    memcpy(junk, hello, sizeof hello);
    memcpy(junk + sizeof hello, "junk", 4);
    put(junk, sizeof junk);
    check_refused(100,
                  "cannot read file: something that is not gzip follows its gzip data; fetch or compress it again");
}

static void the_limit_is_of_decompressed_bytes(void **state) {
    (void)state;
    assert_int_equal(system("head -c 3000000 /dev/zero | gzip -9 > file"), 0);
    unsigned char *zeros = calloc(1, 3000000);
    check_bytes(zeros, 3000000, 3000000);
    free(zeros);
    check_refused(2999999, "cannot read file: decompressed it has more than 2999999 bytes, the most allowed");
    check_refused(100000, "cannot read file: decompressed it has more than 100000 bytes, the most allowed");
}

/* A file a few bytes long may be larger compressed than it is. */
static void a_small_limit_fits_a_small_compressed_file(void **state) {
    (void)state;
    put(hello, sizeof hello);
    check_bytes("hello", 5, 5);
    check_refused(4, "cannot read file: decompressed it has more than 4 bytes, the most allowed");
    put("plain", 5);
    check_refused(4, "cannot read file: it has more than 4 bytes, the most allowed");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(gzip_is_decompressed_and_other_files_are_not),
        TEST(members_follow_each_other_and_zeros_may_pad),
        TEST(any_cut_is_an_error),
        TEST(damage_is_an_error),
        TEST(the_limit_is_of_decompressed_bytes),
        TEST(a_small_limit_fits_a_small_compressed_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

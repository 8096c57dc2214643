#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/zip.h"

#include <stdlib.h>
#include <string.h>

/* Archives written by Python 3.11's zipfile: a.txt "hello" stored, b.txt "hello hello hello hello hello" deflated, a comment; */
static const unsigned char two[] =
    "\x50\x4b\x03\x04\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00\x86\xa6\x10\x36\x05\x00\x00\x00\x05\x00"
    "\x00\x00\x05\x00\x00\x00\x61\x2e\x74\x78\x74\x68\x65\x6c\x6c\x6f\x50\x4b\x03\x04\x14\x00\x00\x00"
    "\x08\x00\x00\x00\x21\x00\xf6\xd2\x53\x38\x0b\x00\x00\x00\x1d\x00\x00\x00\x05\x00\x00\x00\x62\x2e"
    "\x74\x78\x74\xcb\x48\xcd\xc9\xc9\x57\xc8\xc0\x4e\x02\x00\x50\x4b\x01\x02\x14\x03\x14\x00\x00\x00"
    "\x00\x00\x00\x00\x21\x00\x86\xa6\x10\x36\x05\x00\x00\x00\x05\x00\x00\x00\x05\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x61\x2e\x74\x78\x74\x50\x4b\x01\x02\x14\x03\x14"
    "\x00\x00\x00\x08\x00\x00\x00\x21\x00\xf6\xd2\x53\x38\x0b\x00\x00\x00\x1d\x00\x00\x00\x05\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x28\x00\x00\x00\x62\x2e\x74\x78\x74\x50\x4b\x05\x06"
    "\x00\x00\x00\x00\x02\x00\x02\x00\x66\x00\x00\x00\x56\x00\x00\x00\x0f\x00\x6d\x61\x64\x65\x20\x62"
    "\x79\x20\x7a\x69\x70\x66\x69\x6c\x65";
/* a.txt "hello" stored, with 64-bit sizes in both headers and a 64-bit end (zipfile.ZIP64_LIMIT = 1); */
static const unsigned char wide[] =
    "\x50\x4b\x03\x04\x2d\x00\x00\x00\x00\x00\x00\x00\x21\x00\x86\xa6\x10\x36\xff\xff\xff\xff\xff\xff"
    "\xff\xff\x05\x00\x14\x00\x61\x2e\x74\x78\x74\x01\x00\x10\x00\x05\x00\x00\x00\x00\x00\x00\x00\x05"
    "\x00\x00\x00\x00\x00\x00\x00\x68\x65\x6c\x6c\x6f\x50\x4b\x01\x02\x2d\x03\x2d\x00\x00\x00\x00\x00"
    "\x00\x00\x21\x00\x86\xa6\x10\x36\xff\xff\xff\xff\xff\xff\xff\xff\x05\x00\x14\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x80\x01\x00\x00\x00\x00\x61\x2e\x74\x78\x74\x01\x00\x10\x00\x05\x00\x00\x00\x00"
    "\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x50\x4b\x06\x06\x2c\x00\x00\x00\x00\x00\x00\x00\x2d"
    "\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"
    "\x00\x00\x00\x47\x00\x00\x00\x00\x00\x00\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x50\x4b\x06\x07\x00"
    "\x00\x00\x00\x83\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x50\x4b\x05\x06\x00\x00\x00\x00\x01"
    "\x00\x01\x00\x47\x00\x00\x00\x3c\x00\x00\x00\x00\x00";
/* zeros: 100000 of them, deflated. */
static const unsigned char zeros[] =
    "\x50\x4b\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x7d\x95\x11\xd4\x72\x00\x00\x00\xa0\x86"
    "\x01\x00\x05\x00\x00\x00\x7a\x65\x72\x6f\x73\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d"
    "\x0f\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x80\x57\x03\x50\x4b\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00\x21\x00\x7d\x95\x11"
    "\xd4\x72\x00\x00\x00\xa0\x86\x01\x00\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x01\x00"
    "\x00\x00\x00\x7a\x65\x72\x6f\x73\x50\x4b\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x33\x00\x00\x00"
    "\x95\x00\x00\x00\x00\x00";
enum { TWO = sizeof two - 1, WIDE = sizeof wide - 1, ZEROS = sizeof zeros - 1, MOST = 256 };

static struct error error;

/* Reads a member of a copy that ends where the archive does, so that a sanitizer sees a step beyond. NULL: refused or not there. */
static char *read_of(const unsigned char *archive, size_t n, const char *name, uint64_t limit) {
    struct arena arena;
    struct zip zip;
    unsigned char *copy = malloc(n + (n == 0)), *bytes = NULL;
    assert_non_null(copy);
    memcpy(copy, archive, n);
    arena_init(&arena);
    error = (struct error){0};
    enum status status = zip_open(copy, n, "a.npz", &arena, &zip, &error);
    const struct zip_member *member = status == STATUS_OK ? zip_find(&zip, name) : NULL;
    if (member != NULL)
        status = zip_read(&zip, member, limit, &bytes, &error);
    assert_int_equal(status == STATUS_OK, error.text[0] == '\0');
    assert_true(status == STATUS_OK || status == STATUS_CONFIG);
    assert_true((bytes != NULL) == (member != NULL && status == STATUS_OK));
    assert_true(status == STATUS_OK || strncmp(error.text, "a.npz: ", 7) == 0);
    arena_clear(&arena);
    free(copy);
    return (char *)bytes;
}

static void check_reads(const unsigned char *archive, size_t n, const char *name, const char *wanted) {
    char *bytes = read_of(archive, n, name, 1000);
    assert_non_null(bytes);
    assert_string_equal(bytes, wanted);
    free(bytes);
}

static void check_refused(const unsigned char *archive, size_t n, const char *name, const char *words) {
    assert_null(read_of(archive, n, name, 1000));
    if (strstr(error.text, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, error.text);
}

static void stored_and_deflated_members_are_read(void **state) {
    (void)state;
    check_reads(two, TWO, "a.txt", "hello");
    check_reads(two, TWO, "b.txt", "hello hello hello hello hello");
    assert_null(read_of(two, TWO, "c.txt", 1000));
    assert_string_equal(error.text, "");
    char *bytes = read_of(zeros, ZEROS, "zeros", 100000);
    assert_non_null(bytes);
    for (int i = 0; i <= 100000; i++)
        assert_int_equal(bytes[i], 0);
    free(bytes);
}

static void wide_sizes_are_read(void **state) {
    (void)state;
    unsigned char copy[MOST];
    check_reads(wide, WIDE, "a.txt", "hello");
    memcpy(copy, wide, WIDE);
    memset(copy + WIDE - 12, 0xff, 10); /* numbers, size and offset stand in the 64-bit end alone */
    check_reads(copy, WIDE, "a.txt", "hello");
}

static void the_last_of_a_name_counts(void **state) {
    (void)state;
    unsigned char copy[MOST];
    memcpy(copy, two, TWO);
    for (size_t i = 86; i < TWO; i++) /* in the directory */
        if (memcmp(copy + i, "b.txt", 5) == 0)
            copy[i] = 'a';
    check_reads(copy, TWO, "a.txt", "hello hello hello hello hello");
}

static void every_cut_is_refused(void **state) {
    (void)state;
    for (size_t n = 0; n < TWO; n++)
        check_refused(two, n, "b.txt", "a.npz: ");
    for (size_t n = 0; n < WIDE; n++)
        check_refused(wide, n, "a.txt", "a.npz: ");
}

static void any_changed_byte_is_refused_or_harmless(void **state) {
    (void)state;
    const struct {
        const unsigned char *archive;
        size_t n;
        const char *name, *wanted;
    } cases[] = {{two, TWO, "a.txt", "hello"},
                 {two, TWO, "b.txt", "hello hello hello hello hello"},
                 {wide, WIDE, "a.txt", "hello"}};
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < cases[c].n; i++)
            for (int bit = 0; bit < 9; bit++) {
                unsigned char copy[MOST];
                memcpy(copy, cases[c].archive, cases[c].n);
                copy[i] ^= (unsigned char)(bit < 8 ? 1 << bit : 0xff);
                char *bytes = read_of(copy, cases[c].n, cases[c].name, 1000);
                if (bytes != NULL)
                    assert_string_equal(bytes, cases[c].wanted);
                free(bytes);
            }
}

/* Overwrites `size` bytes at `at` of a copy. */
static const unsigned char *changed(const unsigned char *archive, size_t n, size_t at, const char *bytes, size_t size) {
    static unsigned char copy[MOST];
    memcpy(copy, archive, n);
    memcpy(copy + at, bytes, size);
    return copy;
}

static void hostile_archives_are_refused_with_the_reason(void **state) {
    (void)state;
    check_refused((const unsigned char *)"\x93NUMPY", 6, "a.txt", "does not start as a ZIP archive");
    check_refused((const unsigned char *)"", 0, "a.txt", "does not start as a ZIP archive");
    check_refused(two, TWO - 30, "a.txt", "no end of the directory");
    check_refused(changed(two, TWO, 86 + 8, "\x01", 1), TWO, "a.txt", "a.txt: it is encrypted");
    check_refused(changed(two, TWO, 86 + 10, "\x0c", 1), TWO, "a.txt", "another method than deflate");
    check_refused(changed(two, TWO, 86 + 24, "\x06", 1), TWO, "a.txt", "size cannot be");
    check_refused(changed(two, TWO, 86 + 42, "\xf0\xff\xff\x7f", 4), TWO, "a.txt", "local header is not where");
    check_refused(changed(two, TWO, 40 + 28, "\xff\xff", 2), TWO, "b.txt", "beyond the end of the file");
    check_refused(changed(two, TWO, 35, "H", 1), TWO, "a.txt", "checksum");
    check_refused(changed(two, TWO, 86 + 51 + 24, "\x1c", 1), TWO, "b.txt", "more than the directory says");
    check_refused(changed(two, TWO, 86 + 51 + 24, "\x1e", 1), TWO, "b.txt", "less than the directory says");
    check_refused(changed(two, TWO, 86 + 51 + 20, "\x0a", 1), TWO, "b.txt", "cut short");
    check_refused(changed(two, TWO, 75, "\xff", 1), TWO, "b.txt", "corrupt");
    check_refused(changed(two, TWO, 86 + 28, "\xff", 1), TWO, "a.txt", "beyond the directory");
    check_refused(changed(two, TWO, TWO - 15 - 12, "\xff\xff", 2), TWO, "a.txt", "directory");
    check_refused(changed(two, TWO, TWO - 15 - 18, "\x01", 1), TWO, "a.txt", "several parts");
    check_refused(changed(wide, WIDE, 60 + 53, "\x08", 1), WIDE, "a.txt", "extra fields");
}

/* A size that deflate cannot reach, one above the limit, and one that is a lie. */
static void bombs_are_refused(void **state) {
    (void)state;
    const size_t size = ZEROS - 22 - 51 + 24;
    check_refused(zeros, ZEROS, "zeros", "says that it has 100000 bytes, more than the 1000 allowed");
    check_refused(changed(zeros, ZEROS, size, "\xff\xff\xff\x7f", 4), ZEROS, "zeros", "size cannot be");
    assert_null(read_of(changed(zeros, ZEROS, size, "\x20\x20\x00\x00", 4), ZEROS, "zeros", 100000));
    assert_non_null(strstr(error.text, "more than the directory says"));
    assert_null(read_of(changed(zeros, ZEROS, size, "\xa1\x86\x01\x00", 4), ZEROS, "zeros", 1000000));
    assert_non_null(strstr(error.text, "less than the directory says"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_and_deflated_members_are_read),
        cmocka_unit_test(wide_sizes_are_read),
        cmocka_unit_test(the_last_of_a_name_counts),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(any_changed_byte_is_refused_or_harmless),
        cmocka_unit_test(hostile_archives_are_refused_with_the_reason),
        cmocka_unit_test(bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

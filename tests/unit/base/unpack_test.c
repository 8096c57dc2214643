#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/text.h"
#include "runner/base/unpack.h"

#include <string.h>

/* `printf hello | gzip -9n`, gzip 1.12. */
static const unsigned char hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd,
                                      0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

static enum status append(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    (void)error;
    assert_true(n > 0);
    text_add_bytes(context, bytes, n);
    return STATUS_OK;
}

/* In two parts, the first of `cut` bytes, and what follows byte by byte where `bytewise`. The text of the error is the wanted one. */
static void check_cut(const void *bytes, size_t n, size_t cut, bool bytewise, size_t limit, const char *wanted) {
    struct text text;
    struct error error = {0};
    struct unpacker unpacker;
    text_init(&text);
    unpacker_init(&unpacker, "there", limit, append, &text);
    enum status status = unpacker_add(&unpacker, bytes, cut, &error);
    for (size_t at = cut, part; status == STATUS_OK && at < n; at += part) {
        part = bytewise ? 1 : n - at;
        status = unpacker_add(&unpacker, (const unsigned char *)bytes + at, part, &error);
    }
    if (status == STATUS_OK)
        status = unpacker_end(&unpacker, &error);
    unpacker_clear(&unpacker);
    assert_string_equal(status == STATUS_OK ? text.data : error.text, wanted);
    text_clear(&text);
}

/* The same in whatever parts they come. */
static void check(const void *bytes, size_t n, size_t limit, const char *wanted) {
    for (size_t cut = 0; cut <= n; cut++) {
        check_cut(bytes, n, cut, false, limit, wanted);
        check_cut(bytes, n, cut, true, limit, wanted);
    }
}

static void gzip_is_unpacked_and_all_else_goes_through(void **state) {
    (void)state;
    check(hello, sizeof hello, 5, "hello");
    check("plain", 5, 5, "plain");
    check("", 0, 0, "");
    check("\x1f", 1, 5, "\x1f");
    check("\x1fplain", 6, 6, "\x1fplain");
    assert_true(gzip_is(hello, sizeof hello));
    assert_false(gzip_is(hello, 1));
    assert_false(gzip_is((const unsigned char *)"hello", 5));
}

static void the_limit_is_of_unpacked_bytes(void **state) {
    (void)state;
    check(hello, sizeof hello, 4, "cannot read there: decompressed it has more than 4 bytes, the most allowed");
    check("plain", 5, 4, "cannot read there: it has more than 4 bytes, the most allowed");
    assert_in_range(gzip_most(0), sizeof hello, 1 << 16);
    assert_true(gzip_most(SIZE_MAX) == SIZE_MAX);
}

static void members_follow_each_other_and_zeros_may_pad(void **state) {
    (void)state;
    unsigned char twice[2 * sizeof hello + 10] = {0};
    memcpy(twice, hello, sizeof hello);
    memcpy(twice + sizeof hello + 3, hello, sizeof hello);
    check(twice, sizeof twice, 10, "hellohello");
    check(twice, sizeof twice, 9, "cannot read there: decompressed it has more than 9 bytes, the most allowed");
}

static void a_cut_is_an_error(void **state) {
    (void)state;
    unsigned char twice[2 * sizeof hello];
    memcpy(twice, hello, sizeof hello);
    memcpy(twice + sizeof hello, hello, sizeof hello);
    for (size_t n = 2; n < sizeof hello; n++)
        check(hello, n, 5, "cannot read there: its gzip data is cut short; fetch or compress it again");
    for (size_t n = 2; n < sizeof hello; n++)
        check(twice, sizeof hello + n, 10, "cannot read there: its gzip data is cut short; fetch or compress it again");
}

static void damage_is_an_error(void **state) {
    (void)state;
    static const size_t places[] = {2, 12, 18, 21}; /* method, data, checksum, length */
    static const char *const junk[] = {"j", "ju", "junk", "\x1f", "\x1fplain"};
    unsigned char bytes[sizeof hello + 6];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(bytes, hello, sizeof hello);
        bytes[places[i]] ^= 0xf4;
        check(bytes, sizeof hello, 100, "cannot read there: its gzip data is corrupt; fetch or compress it again");
    }
    memcpy(bytes, hello, sizeof hello);
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        memcpy(bytes + sizeof hello, junk[i], strlen(junk[i]));
        check(bytes, sizeof hello + strlen(junk[i]), 100,
              "cannot read there: something that is not gzip follows its gzip data; fetch or compress it again");
    }
}

static enum status refuse(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    (void)bytes, (void)n;
    ++*(int *)context;
    return error_set(error, STATUS_ENVIRONMENT, "no room");
}

static void what_is_not_taken_ends_it(void **state) {
    (void)state;
    for (int packed = 0; packed <= 1; packed++) {
        int calls = 0;
        struct error error = {0};
        struct unpacker unpacker;
        unpacker_init(&unpacker, "there", 100, refuse, &calls);
        assert_int_equal(unpacker_add(&unpacker, packed ? hello : (const unsigned char *)"plain, and more of it here",
                                      sizeof hello, &error),
                         STATUS_ENVIRONMENT);
        unpacker_clear(&unpacker);
        assert_string_equal(error.text, "no room");
        assert_int_equal(calls, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_unpacked_and_all_else_goes_through),
        cmocka_unit_test(the_limit_is_of_unpacked_bytes),
        cmocka_unit_test(members_follow_each_other_and_zeros_may_pad),
        cmocka_unit_test(a_cut_is_an_error),
        cmocka_unit_test(damage_is_an_error),
        cmocka_unit_test(what_is_not_taken_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

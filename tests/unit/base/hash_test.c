#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/hash.h"

#include <string.h>

/* The empty input's XXH3-128 as `xxhsum -H128` prints it. */
static void the_empty_hash_is_the_published_one(void **state) {
    (void)state;
    char text[HASH_TEXT_SIZE], brief[HASH_SHORT_TEXT_SIZE];
    assert_string_equal(hash128_write(hash128_of("", 0), text), "99aa06d3014798d86001c324468d497f");
    assert_string_equal(hash128_write_short(hash128_of(NULL, 0), brief), "99aa06d3014798d8");
}

static void any_cut_gives_the_same_hash(void **state) {
    (void)state;
    unsigned char bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * i % 253);
    }
    struct hash128 whole = hash128_of(bytes, sizeof bytes);
    for (size_t step = 1; step < sizeof bytes; step += 119) {
        struct hash_stream stream;
        hash_stream_init(&stream);
        for (size_t done = 0; done < sizeof bytes; done += step) {
            hash_stream_add(&stream, bytes + done, step < sizeof bytes - done ? step : sizeof bytes - done);
        }
        hash_stream_add(&stream, NULL, 0);
        assert_true(hash128_equal(hash_stream_result(&stream), whole));
        hash_stream_clear(&stream);
    }
    bytes[2999] ^= 1;
    assert_false(hash128_equal(hash128_of(bytes, sizeof bytes), whole));
}

static struct hash128 of_texts(const char *a, const char *b) {
    struct hash_stream stream;
    hash_stream_init(&stream);
    hash_stream_add_text(&stream, a);
    hash_stream_add_text(&stream, b);
    struct hash128 hash = hash_stream_result(&stream);
    hash_stream_clear(&stream);
    return hash;
}

static void texts_do_not_run_together(void **state) {
    (void)state;
    assert_false(hash128_equal(of_texts("ab", "c"), of_texts("a", "bc")));
    assert_true(hash128_equal(of_texts("ab", "c"), of_texts("ab", "c")));
}

static void numbers_are_little_endian(void **state) {
    (void)state;
    struct hash_stream stream;
    hash_stream_init(&stream);
    hash_stream_add_u64(&stream, 0x0807060504030201);
    assert_true(hash128_equal(hash_stream_result(&stream), hash128_of("\1\2\3\4\5\6\7\10", 8)));
    hash_stream_clear(&stream);
}

static void text_reads_back(void **state) {
    (void)state;
    struct hash128 hash = {0x0123456789abcdef, 0xfedcba9876543210}, again;
    char text[HASH_TEXT_SIZE];
    assert_string_equal(hash128_write(hash, text), "0123456789abcdeffedcba9876543210");
    assert_true(hash128_read(text, &again));
    assert_true(hash128_equal(hash, again));
    static const char *const bad[] = {"", "0123456789abcdef", "0123456789abcdeffedcba987654321",
                                      "0123456789abcdeffedcba98765432100", "0123456789ABCDEFfedcba9876543210"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(hash128_read(bad[i], &again));
    }
}

/* FIPS 180-4's examples. */
static void sha256_gives_the_known_answers(void **state) {
    (void)state;
    char text[65];
    assert_string_equal(sha256_hex("abc", 3, text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_hex(NULL, 0, text), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    struct sha256 sha256;
    sha256_init(&sha256);
    sha256_add(&sha256, "a", 1);
    sha256_add(&sha256, NULL, 0);
    sha256_add(&sha256, "bc", 2);
    assert_string_equal(sha256_result(&sha256, text),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_clear(&sha256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_empty_hash_is_the_published_one),
        cmocka_unit_test(any_cut_gives_the_same_hash),
        cmocka_unit_test(texts_do_not_run_together),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(text_reads_back),
        cmocka_unit_test(sha256_gives_the_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

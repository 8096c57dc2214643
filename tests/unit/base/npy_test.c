/* numpy's arrays. The bytes are those that numpy 2 writes (numpy.lib.format.write_array), header by header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/npy.h"

#include <math.h>
#include <string.h>

/* A version 1 array: the header padded as numpy pads it, then `n` bytes of data. */
static void make(struct text *out, const char *dictionary, const void *data, size_t n) {
    text_reset(out);
    text_add_bytes(out, "\x93NUMPY\x01\0", 8);
    text_add_char(out, 118);
    text_add_char(out, 0);
    text_add(out, dictionary);
    while (out->length < 127)
        text_add_char(out, ' ');
    text_add_char(out, '\n');
    text_add_bytes(out, data, n);
}

static void check(const char *dictionary, const void *data, size_t n, uint64_t count, const double *wanted) {
    struct text bytes;
    struct npy npy;
    struct error error = {0};
    text_init(&bytes);
    make(&bytes, dictionary, data, n);
    if (npy_read((const unsigned char *)bytes.data, bytes.length, &npy, &error) != STATUS_OK)
        fail_msg("%s: %s", dictionary, error.text);
    assert_int_equal(npy.count, count);
    for (uint64_t i = 0; i < count; i++)
        assert_true(npy_number(&npy, i) == wanted[i]);
    text_clear(&bytes);
}

static void numbers_of_all_types_and_orders_are_read(void **state) {
    (void)state;
    /* numpy.asfortranarray([[1.5, 2, -3], [4, 5, 6.25]]) */
    check("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", (const double[]){1.5, 4, 2, 5, -3, 6.25}, 48, 6,
          (const double[]){1.5, 2, -3, 4, 5, 6.25});
    check("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "\x01\x02\xff\xfe", 4, 2,
          (const double[]){258, -2});
    /* numpy.array([0.5, 65504, -2.0**-24, inf], '<f2') */
    check("{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }",
          (const unsigned char[]){0, 56, 255, 123, 1, 128, 0, 124}, 8, 4,
          (const double[]){0.5, 65504, -0x1p-24, (double)INFINITY});
    check("{'descr': '|u1', 'fortran_order': False, 'shape': (), }", "\x07", 1, 1, (const double[]){7});
    check("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\x00\x01", 2, 2, (const double[]){0, 1});
    check("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", "", 0, 0, NULL);
    check("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", (const int64_t[]){-5}, 8, 1,
          (const double[]){-5});
}

static void damaged_arrays_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "cut short"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }",
         "beyond what can be counted"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "header is damaged"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }", "header is damaged"},
        {"{'descr': '<f4', 'shape': (1,), }", "header is damaged"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, }", "header is damaged"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "elements are '|O'"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "elements are '<c8'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "header is damaged"},
        {"{", "header is damaged"},
    };
    struct text bytes;
    struct npy npy;
    struct error error = {0};
    text_init(&bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(&bytes, cases[i][0], "12345678", 8);
        assert_int_equal(npy_read((const unsigned char *)bytes.data, bytes.length, &npy, &error), STATUS_CONFIG);
        if (strstr(error.text, cases[i][1]) == NULL)
            fail_msg("%s: %s", cases[i][0], error.text);
    }
    make(&bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "12345678", 8);
    for (size_t n = 0; n < bytes.length; n++)
        assert_int_equal(npy_read((const unsigned char *)bytes.data, n, &npy, &error), STATUS_CONFIG);
    text_clear(&bytes);
}

static void headers_are_those_of_numpy(void **state) {
    (void)state;
    struct text found, wanted;
    text_init(&found);
    text_init(&wanted);
    npy_write_header(2, (const uint64_t[]){784, 500}, &found);
    make(&wanted, "{'descr': '<f4', 'fortran_order': False, 'shape': (784, 500), }", "", 0);
    assert_int_equal(found.length, wanted.length);
    assert_memory_equal(found.data, wanted.data, found.length);
    text_reset(&found);
    npy_write_header(1, (const uint64_t[]){10}, &found);
    make(&wanted, "{'descr': '<f4', 'fortran_order': False, 'shape': (10,), }", "", 0);
    assert_memory_equal(found.data, wanted.data, found.length);
    text_clear(&wanted);
    text_clear(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_all_types_and_orders_are_read),
        cmocka_unit_test(damaged_arrays_are_refused),
        cmocka_unit_test(headers_are_those_of_numpy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The kernels that list sparse rows, and sums of rows, of every vector width that runs here. Products are tested in products_test.c. */
#include "runner/host/kernels.h"

#include "runner/base/cpu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* How many of widths[] there are. */
static size_t all_widths(const struct kernels *widths[3]) {
    widths[0] = &kernels_any;
#if defined(__x86_64__)
    widths[1] = &kernels_v3;
    widths[2] = &kernels_v4;
    return cpu_level() >= 4 ? 3 : 2;
#else
    return 1;
#endif
}

/* Entries and mask of a segment, as floats and as bytes. What stands behind it is not zero, and must not count. */
static void check_segment(const struct kernels *kernels, uint64_t n) {
    enum { COLUMN = 1000 };
    float x[KERNEL_SEGMENT];
    uint8_t bytes[KERNEL_SEGMENT];
    for (uint64_t i = 0; i < KERNEL_SEGMENT; i++) {
        bytes[i] = (uint8_t)(i * n % 3 == 1 || i + 1 >= n ? 100 + i : 0);
        x[i] = bytes[i];
    }
    for (int as_bytes = 0; as_bytes < 2; as_bytes++) {
        struct sparse_entry found[KERNEL_SEGMENT + KERNEL_LANES];
        const uint64_t mask = as_bytes ? kernels->segment_bytes(n, bytes, 0.5f, COLUMN, found)
                                       : kernels->segment(n, x, 0.5f, COLUMN, found);
        uint64_t count = 0;
        for (uint64_t i = 0; i < KERNEL_SEGMENT; i++) {
            assert_int_equal(mask >> i & 1, i < n && bytes[i] != 0);
            if ((mask >> i & 1) == 0)
                continue;
            assert_int_equal(found[count].column, COLUMN + i);
            assert_true(found[count++].value == 0.5f * x[i]);
        }
    }
}

static void segments_of_any_length_are_listed(void **state) {
    (void)state;
    const struct kernels *widths[3];
    for (size_t w = all_widths(widths); w-- > 0;)
        for (uint64_t n = 1; n <= KERNEL_SEGMENT; n++)
            check_segment(widths[w], n);
}

static void rows_are_summed_in_order(void **state) {
    (void)state;
    enum { ROWS = 9, PITCH = 300 };
    static float b[ROWS * PITCH], y[PITCH + 1];
    const struct sparse_entry x[] = {{1, 0.3f}, {4, -7.1f}, {5, 1e-3f}, {8, 0.9f}};
    const struct kernels *widths[3];
    for (uint64_t i = 0; i < ROWS * PITCH; i++)
        b[i] = (float)(i * 37 % 101) / 7 - 6;
    for (size_t w = all_widths(widths); w-- > 0;)
        for (uint64_t n = 1; n <= PITCH; n++) {
            const uint64_t count = n % 5;
            y[n] = 77;
            widths[w]->row_sum(n, x, count, b, PITCH, y);
            for (uint64_t j = 0; j < n; j++) {
                float wanted = 0;
                for (uint64_t e = 0; e < count; e++)
                    wanted = fmaf(x[e].value, b[x[e].column * PITCH + j], wanted);
                assert_true(y[j] == wanted);
            }
            assert_true(y[n] == 77);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(segments_of_any_length_are_listed),
                                       cmocka_unit_test(rows_are_summed_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

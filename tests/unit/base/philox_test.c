#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/philox.h"

#include "runner/base/cpu.h"

#include <Random123/philox.h>
#include <string.h>

enum { MOST = 71 };

static void assert_blocks(const uint32_t key[2], uint64_t row, uint64_t first, uint64_t n) {
    uint32_t out[4 * MOST + 1];
    out[4 * n] = 0xabadcafe;
    philox_blocks(key, row, first, n, out);
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t block = first + i;
        philox4x32_ctr_t counter = {{(uint32_t)row, (uint32_t)(row >> 32), (uint32_t)block, (uint32_t)(block >> 32)}};
        counter = philox4x32_R(10, counter, (philox4x32_key_t){{key[0], key[1]}});
        assert_memory_equal(out + 4 * i, counter.v, sizeof counter.v);
    }
    assert_int_equal(out[4 * n], 0xabadcafe);
}

/* Of any number of them; the lower half of the block's number carries into the upper one in each place of a group. */
static void many_blocks_are_the_single_ones(void **state) {
    (void)state;
    static const uint32_t keys[][2] = {{0, 0}, {0xa4093822, 0x299f31d0}, {UINT32_MAX, UINT32_MAX}};
    static const uint64_t rows[] = {0, 5, UINT32_MAX, 1ULL << 32, UINT64_MAX};
    for (int level = 4; level >= 3; level--) {
        cpu_level_limit(level);
        for (size_t k = 0; k < 3; k++)
            for (size_t r = 0; r < 5; r++)
                for (uint64_t n = 0; n <= MOST; n++) {
                    assert_blocks(keys[k], rows[r], 0, n);
                    assert_blocks(keys[k], rows[r], (3ULL << 32) + 9, n);
                    assert_blocks(keys[k], rows[r], (1ULL << 32) - n / 2, n);
                }
    }
    cpu_level_limit(4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_blocks_are_the_single_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Times and sizes as people write them. */
#include "runner/config/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void times_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90", 90},       {"90 s", 90},      {"0.5s", 0.5},      {"250 ms", 0.25}, {"10 minutes", 600},
                {"1 MINUTE", 60}, {"1.5 h", 5400.0}, {"2 days", 172800}, {"1e3", 1000}};
    static const char *const bad[] = {"", "0", "-1", "s", "10 parsecs", "1.2.3 s", "1e99", "nan", "10 s s", "1 2"};
    double seconds;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(limit_read_time(good[i].text, &seconds));
        assert_true(seconds == good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(limit_read_time(bad[i], &seconds));
}

static void sizes_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"1000", 1000},   {"2 GB", 2000000000},  {"2GiB", 2147483648},
                {"1.5 kB", 1500}, {"500 mb", 500000000}, {"1 MiB", 1048576}};
    static const char *const bad[] = {"", "0", "0.5", "-1 GB", "GB", "1 XB", "1e300", "inf", "1e16"};
    uint64_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(limit_read_memory(good[i].text, &bytes));
        assert_true(bytes == good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(limit_read_memory(bad[i], &bytes));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_are_read), cmocka_unit_test(sizes_are_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

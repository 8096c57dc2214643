/* cpu_missing() against what the kernel says of the processor (/proc/cpuinfo). */
#include "runner/base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* x86-64-v3 in the kernel's words, arch/x86/include/asm/cpufeatures.h; a flag is listed only where the kernel saves its
   registers. */
static const char *const needed[] = {"pni",  "ssse3", "cx16",  "sse4_1", "sse4_2", "popcnt", "lahf_lm", "avx",
                                     "f16c", "fma",   "movbe", "abm",    "bmi1",   "avx2",   "bmi2"};

static void agrees_with_the_kernel(void **state) {
    (void)state;
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        skip();
    static char line[16384];
    int flags = 0;
    while (!flags && fgets(line, sizeof line, file))
        flags = strncmp(line, "flags", 5) == 0;
    fclose(file);
    if (!flags)
        skip(); /* not x86 */
    line[strcspn(line, "\n")] = ' ';
    int lacking = 0;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        char word[32];
        snprintf(word, sizeof word, " %s ", needed[i]);
        lacking += strstr(line, word) == NULL;
    }
    if (lacking)
        assert_non_null(cpu_missing());
    else
        assert_null(cpu_missing());
}

static void level_can_be_lowered_and_not_raised(void **state) {
    (void)state;
    int level = cpu_level();
    assert_true(level == 3 || level == 4);
    cpu_level_limit(3);
    assert_int_equal(cpu_level(), 3);
    cpu_level_limit(4);
    assert_int_equal(cpu_level(), level);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_kernel),
                                       cmocka_unit_test(level_can_be_lowered_and_not_raised)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

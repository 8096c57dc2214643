/* Guarded memory: what is written beside a region is found and named, and what lies further off, or may only be read, faults. */
#include "runner/conformance/guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void regions_are_aligned_and_hold_the_pattern(void **state) {
    (void)state;
    struct guard guard;
    guard_init(&guard, 0x5a);
    for (size_t size = 0; size < 9000; size = 2 * size + 3) {
        unsigned char *bytes = guard_alloc(&guard, "region", size);
        assert_int_equal((uintptr_t)bytes % 64, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0x5a);
        memset(bytes, 1, size);
    }
    char words[GUARD_WORDS];
    assert_true(guard_intact(&guard, words));
    guard_clear(&guard);
}

static void writes_beside_a_region_are_named(void **state) {
    (void)state;
    struct guard guard;
    char words[GUARD_WORDS];
    guard_init(&guard, 0xff);
    volatile unsigned char *bytes = guard_alloc(&guard, "output", 100);
    bytes[99] = 0;
    assert_true(guard_intact(&guard, words));
    bytes[103] = 0;
    assert_false(guard_intact(&guard, words));
    assert_string_equal(words, "3 bytes behind the output");
    bytes[103] = 0xff;
    bytes[-8] = 0;
    assert_false(guard_intact(&guard, words));
    assert_string_equal(words, "8 bytes before the output");
    guard_clear(&guard);
}

/* The signal that ends a process which writes there; 0: none. */
static int signal_of_write(volatile unsigned char *at) {
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* also in builds whose sanitizer catches it */
        *at = 1;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void writes_further_off_fault(void **state) {
    (void)state;
    struct guard guard;
    char words[GUARD_WORDS];
    guard_init(&guard, 0xff);
    unsigned char *bytes = guard_alloc(&guard, "input", 64);
    assert_int_equal(signal_of_write(bytes), 0);
    assert_int_equal(signal_of_write(bytes + 64), SIGSEGV);
    assert_int_equal(signal_of_write(bytes + 50000), SIGSEGV);
    assert_int_equal(signal_of_write(bytes - 8192), SIGSEGV);
    guard_allow_writes(&guard, bytes, false);
    assert_int_equal(signal_of_write(bytes), SIGSEGV);
    guard_allow_writes(&guard, bytes, true);
    assert_int_equal(signal_of_write(bytes), 0);
    assert_true(guard_place(&guard, bytes + 64, words));
    assert_string_equal(words, "0 bytes behind the input");
    assert_true(guard_place(&guard, bytes + 1, words));
    assert_string_equal(words, "the input, which it may only read");
    assert_false(guard_place(&guard, &guard, words));
    guard_clear(&guard);
}

static void a_freed_region_is_used_again(void **state) {
    (void)state;
    struct guard guard;
    char words[GUARD_WORDS];
    guard_init(&guard, 0xff);
    void *first = guard_alloc(&guard, "first", 10);
    guard_alloc(&guard, "second", 10);
    guard_free(&guard, first);
    assert_true(guard_intact(&guard, words));
    guard_alloc(&guard, "third", 10);
    assert_int_equal(guard.count, 2);
    guard_clear(&guard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_are_aligned_and_hold_the_pattern),
        cmocka_unit_test(writes_beside_a_region_are_named),
        cmocka_unit_test(writes_further_off_fault),
        cmocka_unit_test(a_freed_region_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

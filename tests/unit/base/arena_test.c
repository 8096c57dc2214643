#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/arena.h"

#include "runner/base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    enum { COUNT = 5000 };
    unsigned char *pieces[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 7919 % 3000 + (i % 500 == 0 ? 100000 : 0);
        pieces[i] = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(pieces[i][j], 0);
        }
        memset(pieces[i], (int)(i % 251 + 1), size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = i * 7919 % 3000 + (i % 500 == 0 ? 100000 : 0);
        for (size_t j = 0; j < size; j += 97) {
            assert_int_equal(pieces[i][j], i % 251 + 1);
        }
    }
    arena_clear(&arena);
    assert_null(arena.blocks);
}

static void nothing_has_a_valid_pointer(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    void *first = arena_alloc(&arena, 0), *second = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    arena_clear(&arena);
}

static void reserved_memory_is_zeroed_lies_together_and_goes_back(void **state) {
    (void)state;
    enum { LARGE_PAGE = 2 << 20, PIECE = 3 << 20 };
    struct arena arena;
    arena_init(&arena);
    arena_alloc(&arena, 1);
    arena_reserve(&arena, 2 * PIECE);
    unsigned char *block = (void *)arena.blocks, *first = arena_alloc(&arena, PIECE);
    assert_int_equal((uintptr_t)block % LARGE_PAGE, 0);
    assert_true(first - block < 64);
    assert_ptr_equal(arena_alloc(&arena, PIECE), first + PIECE);
    for (size_t i = 0; i < (size_t)2 * PIECE; i++) {
        assert_int_equal(first[i], 0);
    }
    memset(first, 1, (size_t)2 * PIECE);
    unsigned char *more = arena_alloc(&arena, PIECE); /* there is no room left for it */
    assert_int_equal(more[0] | more[PIECE - 1], 0);
    arena_clear(&arena);
    assert_null(arena.blocks);
    assert_int_equal(msync(block, LARGE_PAGE, MS_ASYNC), -1);
    assert_int_equal(errno, ENOMEM); /* nothing is mapped there */
}

static void little_is_not_reserved(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    arena_alloc(&arena, 1);
    struct arena_block *block = arena.blocks;
    arena_reserve(&arena, 1 << 20);
    assert_ptr_equal(arena.blocks, block);
    arena_clear(&arena);
}

static void copies_are_terminated(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_string_equal(arena_copy_text(&arena, "text"), "text");
    assert_string_equal(arena_copy_bytes(&arena, "textual", 4), "text");
    assert_string_equal(arena_copy_bytes(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s-%d", "a", 12), "a-12");
    arena_clear(&arena);
}

static int status_of(void (*run)(void)) {
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        run();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void lines_are_shared_with_nothing_else(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < 100; i++) {
        const char *before = arena_alloc(&arena, 1 + i % 40);
        const char *lines = arena_lines(&arena, 3, 8 + i % 60), *end = lines + 3 * (8 + i % 60);
        const char *after = arena_alloc(&arena, 1);
        assert_int_equal((uintptr_t)lines % 64, 0);
        for (const char *c = lines; c < end; c++)
            assert_int_equal(*c, 0);
        assert_int_not_equal((uintptr_t)before / 64, (uintptr_t)lines / 64);
        assert_int_not_equal((uintptr_t)after / 64, (uintptr_t)(end - 1) / 64);
    }
    arena_clear(&arena);
}

static void overflow_in_lines(void) {
    struct arena arena;
    arena_init(&arena);
    arena_lines(&arena, 1, SIZE_MAX - 40);
}

static void overflow_in_arena(void) {
    struct arena arena;
    arena_init(&arena);
    arena_array(&arena, SIZE_MAX / 4 + 2, 4); /* wraps to 4 */
}

static void overflow_in_size(void) {
    struct arena arena;
    arena_init(&arena);
    arena_alloc(&arena, SIZE_MAX - 3);
}

static void overflow_in_reserve(void) {
    struct arena arena;
    arena_init(&arena);
    arena_reserve(&arena, SIZE_MAX - 3);
}

static void more_than_there_is(void) {
    struct arena arena;
    arena_init(&arena);
    arena_reserve(&arena, SIZE_MAX / 2);
}

static void overflow_in_resize(void) {
    free(memory_resize(NULL, SIZE_MAX / 4 + 2, 4));
}

static void too_much_memory_ends_the_program_with_status_4(void **state) {
    (void)state;
    assert_int_equal(status_of(overflow_in_arena), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(overflow_in_lines), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(overflow_in_size), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(overflow_in_reserve), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(more_than_there_is), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(overflow_in_resize), STATUS_ENVIRONMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(reserved_memory_is_zeroed_lies_together_and_goes_back),
        cmocka_unit_test(little_is_not_reserved),
        cmocka_unit_test(lines_are_shared_with_nothing_else),
        cmocka_unit_test(nothing_has_a_valid_pointer),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(too_much_memory_ends_the_program_with_status_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

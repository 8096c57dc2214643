#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/host/loader_check.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

/* Two pages that can be read, and behind them one that cannot. */
static char *make_pages(void) {
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    memset(pages, 'x', 2 * PAGE);
    assert_int_equal(mprotect(pages + 2 * PAGE, PAGE, PROT_NONE), 0);
    return pages;
}

static void memory_that_is_not_there_is_not_read(void **state) {
    (void)state;
    char *pages = make_pages(), *end = pages + 2 * PAGE;
    assert_true(memory_is_readable(pages, 2 * PAGE));
    assert_true(memory_is_readable(end - 1, 1));
    assert_true(memory_is_readable(pages + PAGE - 3, 5));
    assert_false(memory_is_readable(end - 1, 2));
    assert_false(memory_is_readable(pages, 2 * PAGE + 1));
    assert_false(memory_is_readable(end, 1));
    for (uintptr_t address = 0; address < 2 * 8; address++)
        assert_false(memory_is_readable((const void *)address, 1));
    assert_false(memory_is_readable((const void *)(UINTPTR_MAX - 15), 8));
    assert_false(memory_is_readable((const void *)(UINTPTR_MAX - 15), 32));
    munmap(pages, 3 * PAGE);
}

static void a_text_has_an_end_and_no_control_characters(void **state) {
    (void)state;
    char *pages = make_pages(), *end = pages + 2 * PAGE;
    assert_false(memory_is_text(NULL, 10));
    assert_false(memory_is_text((const char *)8, 10));
    assert_false(memory_is_text(end - 5, 10)); /* no end before the page that cannot be read */
    assert_false(memory_is_text(end, 10));
    end[-1] = '\0';
    assert_true(memory_is_text(end - 5, 10));
    assert_true(memory_is_text(end - 5, 4));
    assert_false(memory_is_text(end - 5, 3));
    assert_true(memory_is_text(pages + PAGE - 2, PAGE + 2)); /* across pages */
    end[-3] = '\n';
    assert_false(memory_is_text(end - 5, 10));
    munmap(pages, 3 * PAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_not_there_is_not_read),
        cmocka_unit_test(a_text_has_an_end_and_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/results/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_name(const char *experiment, const char *const *overrides, size_t n, const char *wanted) {
    struct arena arena;
    arena_init(&arena);
    assert_string_equal(folder_name(&arena, experiment, overrides, n), wanted);
    arena_clear(&arena);
}

static void names_hold_the_overrides(void **state) {
    (void)state;
    expect_name("batchsize", NULL, 0, "batchsize");
    expect_name("batchsize", (const char *const[]){"train.epochs=2", "seeds=[0,1]"}, 2,
                "batchsize,train.epochs=2,seeds=[0,1]");
}

/* No name leads out of the parent folder, hides, or holds what a shell or a file system minds. */
static void unsafe_characters_are_escaped(void **state) {
    (void)state;
    expect_name("..", NULL, 0, "%2E.");
    expect_name("../x", NULL, 0, "%2E.%2Fx");
    expect_name("a b", (const char *const[]){"dataset.csv.path=/etc/\n*"}, 1, "a%20b,dataset.csv.path=%2Fetc%2F%0A%2A");
    expect_name("100%", NULL, 0, "100%25");
    expect_name("\xc3\xa4", NULL, 0, "%C3%A4");
}

static void long_names_are_cut_and_stay_different(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    char one[1000], other[1000];
    memset(one, 'x', sizeof one - 1);
    one[sizeof one - 1] = '\0';
    memcpy(other, one, sizeof other);
    other[sizeof other - 2] = 'y';
    const char *a = folder_name(&arena, one, NULL, 0), *b = folder_name(&arena, other, NULL, 0);
    assert_true(strlen(a) <= 200 && strlen(b) <= 200);
    assert_string_not_equal(a, b);
    assert_memory_equal(a, "xxxx", 4);
    arena_clear(&arena);
}

/* flock() locks belong to the open file, so a second one in the same process is refused just as another process is. */
static void a_second_runner_is_told_who_holds_the_folder(void **state) {
    (void)state;
    char parent[] = "/tmp/runner-folder-XXXXXX", wanted[64];
    assert_non_null(mkdtemp(parent));
    struct folder first, second;
    struct error error = {0};
    assert_int_equal(folder_open(&first, parent, "deep/er", false, NULL, NULL, &error), STATUS_OK);
    assert_int_equal(folder_open(&second, parent, "deep/er", false, NULL, NULL, &error), STATUS_ENVIRONMENT);
    snprintf(wanted, sizeof wanted, "process %ld on ", (long)getpid());
    assert_non_null(strstr(error.text, wanted));
    folder_close(&first);
    assert_int_equal(folder_open(&second, parent, "deep/er", false, NULL, NULL, &error), STATUS_OK);
    unlink(folder_file(&second, ".lock"));
    rmdir(second.path);
    folder_close(&second);
    char deep[64];
    snprintf(deep, sizeof deep, "%s/deep", parent);
    rmdir(deep);
    rmdir(parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_hold_the_overrides),
        cmocka_unit_test(unsafe_characters_are_escaped),
        cmocka_unit_test(long_names_are_cut_and_stay_different),
        cmocka_unit_test(a_second_runner_is_told_who_holds_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* As after kill -9 between fork() and exec(): the descriptors of the one that was killed are open a moment longer. */
static void the_lock_of_a_runner_that_is_gone_is_waited_for(void **state) {
    (void)state;
    char parent[] = "/tmp/runner-folder-XXXXXX";
    assert_non_null(mkdtemp(parent));
    struct folder folder;
    struct error error = {0};
    pid_t first = fork();
    if (first == 0) {
        if (folder_open(&folder, parent, "grid", false, NULL, NULL, &error) != STATUS_OK)
            _exit(1);
        if (fork() == 0)
            usleep(500000);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(first, &status, 0), first);
    assert_int_equal(status, 0);
    assert_int_equal(folder_open(&folder, parent, "grid", false, NULL, NULL, &error), STATUS_OK);
    unlink(folder_file(&folder, ".lock"));
    rmdir(folder.path);
    folder_close(&folder);
    rmdir(parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_hold_the_overrides),
        cmocka_unit_test(unsafe_characters_are_escaped),
        cmocka_unit_test(long_names_are_cut_and_stay_different),
        cmocka_unit_test(a_second_runner_is_told_who_holds_the_folder),
        cmocka_unit_test(the_lock_of_a_runner_that_is_gone_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

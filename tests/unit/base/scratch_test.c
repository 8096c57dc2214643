#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/scratch.h"

#include "runner/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    struct arena arena;
    char path[64];
};

static bool swept; /* the next folder that is made */
static int sweeper = -1;

static bool there(const char *path) {
    return access(path, F_OK) == 0;
}

/* Takes the place of the library's. Another process may find a new folder before it is locked. */
char *mkdtemp(char *template) {
    static unsigned count;
    char *digits = template + strlen(template) - 6;
    do {
        snprintf(digits, 7, "%06u", ((unsigned)getpid() * 64 + count++) % 1000000);
    } while (mkdir(template, 0700) != 0 && errno == EEXIST);
    if (!there(template))
        return NULL;
    if (swept) {
        swept = false;
        sweeper = open(template, O_RDONLY | O_DIRECTORY);
        assert_int_equal(flock(sweeper, LOCK_EX | LOCK_NB), 0);
    }
    return template;
}

static int make_place(void **state) {
    static struct place place;
    arena_init(&place.arena);
    snprintf(place.path, sizeof place.path, "/tmp/runner-scratch-test-XXXXXX");
    *state = &place;
    return mkdtemp(place.path) != NULL && setenv("TMPDIR", place.path, 1) == 0 ? 0 : -1;
}

static int remove_place(void **state) {
    struct place *place = *state;
    arena_clear(&place->arena);
    unsetenv("TMPDIR");
    return rmdir(place->path);
}

static void fill(struct place *place, const char *folder) {
    const char *inner = path_join(&place->arena, folder, "inner");
    assert_int_equal(mkdir(inner, 0700), 0);
    close(creat(path_join(&place->arena, inner, "file"), 0600));
}

static void it_goes_with_all_that_is_in_it(void **state) {
    struct place *place = *state;
    struct scratch scratch;
    assert_int_equal(scratch_open(&scratch, "work", &place->arena, NULL), STATUS_OK);
    assert_true(there(scratch.path));
    fill(place, scratch.path);
    scratch_close(&scratch);
    assert_false(there(scratch.path));
}

static void what_a_killed_process_leaves_is_removed_by_the_next(void **state) {
    struct place *place = *state;
    const char *left = path_join(&place->arena, place->path, "runner-work-AAAAAA");
    const char *other = path_join(&place->arena, place->path, "runner-play-AAAAAA");
    const char *shared = path_join(&place->arena, place->path, "runner-work-BBBBBB");
    assert_int_equal(mkdir(left, 0700), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(mkdir(shared, 0755), 0); /* none that this program has made */
    fill(place, left);
    struct scratch first, second;
    assert_int_equal(scratch_open(&first, "work", &place->arena, NULL), STATUS_OK);
    assert_false(there(left));
    assert_true(there(other));
    assert_true(there(shared));
    /* That of a process that lives stays. */
    pid_t child = fork();
    if (child == 0) {
        struct scratch own;
        _exit(scratch_open(&own, "work", &place->arena, NULL) == STATUS_OK && there(first.path) ? 0 : 1);
    }
    int ended = -1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
    assert_int_equal(scratch_open(&second, "work", &place->arena, NULL), STATUS_OK); /* removes the child's */
    scratch_close(&first);
    scratch_close(&second);
    assert_int_equal(rmdir(other), 0);
    assert_int_equal(rmdir(shared), 0);
}

static void a_part_goes_by_itself_or_with_the_whole(void **state) {
    struct place *place = *state;
    struct scratch scratch;
    assert_int_equal(scratch_open(&scratch, "work", &place->arena, NULL), STATUS_OK);
    char *first = scratch_make_part(&scratch), *second = scratch_make_part(&scratch);
    assert_non_null(first);
    assert_non_null(second);
    assert_string_not_equal(first, second);
    fill(place, first);
    const char *gone = arena_copy_text(&place->arena, first);
    scratch_remove_part(first);
    assert_false(there(gone));
    assert_true(there(second));
    scratch_close(&scratch);
    assert_false(there(second));
    assert_null(scratch_make_part(&scratch));
    scratch_remove_part(second); /* which has gone */
    scratch_remove_part(NULL);
}

static void one_that_another_process_sweeps_is_left_to_it(void **state) {
    struct place *place = *state;
    struct scratch scratch, other;
    swept = true;
    assert_int_equal(scratch_open(&scratch, "work", &place->arena, NULL), STATUS_OK);
    assert_false(swept);
    assert_true(scratch.lock >= 0);
    close(sweeper);
    assert_int_equal(scratch_open(&other, "work", &place->arena, NULL), STATUS_OK); /* removes what is left */
    assert_true(there(scratch.path));
    scratch_close(&other);
    scratch_close(&scratch);
}

static void a_parent_that_is_not_there_is_an_error(void **state) {
    struct place *place = *state;
    struct scratch scratch;
    struct error error = {0};
    setenv("TMPDIR", "/nowhere", 1);
    assert_int_equal(scratch_open(&scratch, "work", &place->arena, &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text,
                        "/nowhere: cannot make a temporary folder there ($TMPDIR): No such file or directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_goes_with_all_that_is_in_it, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_a_killed_process_leaves_is_removed_by_the_next, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_part_goes_by_itself_or_with_the_whole, make_place, remove_place),
        cmocka_unit_test_setup_teardown(one_that_another_process_sweeps_is_left_to_it, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_parent_that_is_not_there_is_an_error, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 1 << 20 };

/* Every test runs in an empty folder of its own. */
static int enter_folder(void **state) {
    char folder[] = "/tmp/runner-file-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    *state = strdup(folder);
    return 0;
}

static int leave_folder(void **state) {
    char command[100];
    snprintf(command, sizeof command, "chmod -R u+w '%s' && rm -r '%s'", (char *)*state, (char *)*state);
    int code = system(command);
    free(*state);
    return code;
}

static void check_bytes(const char *path, const void *bytes, size_t n) {
    struct error error;
    unsigned char *read = NULL;
    size_t length = 0;
    assert_int_equal(file_read(path, LIMIT, &read, &length, &error), STATUS_OK);
    assert_int_equal(length, n);
    assert_memory_equal(read, bytes, n);
    assert_int_equal(read[n], 0);
    free(read);
}

static void check_refused(const char *path, size_t limit, enum status status, const char *text) {
    struct error error;
    unsigned char *read = (unsigned char *)1;
    size_t length = 1;
    assert_int_equal(file_read(path, limit, &read, &length, &error), status);
    assert_string_equal(error.text, text);
    assert_null(read);
    assert_int_equal(length, 0);
}

static size_t files_here(void) {
    size_t count = 0;
    DIR *folder = opendir(".");
    for (struct dirent *entry; (entry = readdir(folder));) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(folder);
    return count;
}

static void what_is_written_is_read(void **state) {
    (void)state;
    static unsigned char bytes[300000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(i * 7 % 251);
    }
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, sizeof bytes};
    struct error error;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(file_write_whole("file", bytes, sizes[i], &error), STATUS_OK);
        check_bytes("file", bytes, sizes[i]);
    }
    assert_int_equal(files_here(), 1);
}

static void permissions_follow_the_umask(void **state) {
    (void)state;
    struct error error;
    struct stat about;
    mode_t before = umask(027);
    assert_int_equal(file_write_whole("file", "x", 1, &error), STATUS_OK);
    umask(before);
    assert_int_equal(stat("file", &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
}

static void a_limit_refuses_larger_files(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(file_write_whole("file", "12345", 5, &error), STATUS_OK);
    unsigned char *read;
    size_t length;
    assert_int_equal(file_read("file", 5, &read, &length, &error), STATUS_OK);
    free(read);
    check_refused("file", 4, STATUS_CONFIG, "cannot read file: it has more than 4 bytes, the most allowed");
    check_bytes("/proc/sys/kernel/ostype", "Linux\n", 6);
    check_refused("/proc/sys/kernel/ostype", 5, STATUS_CONFIG,
                  "cannot read /proc/sys/kernel/ostype: it has more than 5 bytes, the most allowed");
    check_refused("/proc/self/maps", 10, STATUS_CONFIG, /* its size reads as 0 */
                  "cannot read /proc/self/maps: it has more than 10 bytes, the most allowed");
}

static void what_is_no_regular_file_is_refused_by_kind(void **state) {
    (void)state;
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    check_refused("folder", LIMIT, STATUS_CONFIG, "cannot read folder: it is a folder, wanted a regular file");
    check_refused("pipe", LIMIT, STATUS_CONFIG, "cannot read pipe: it is a pipe, wanted a regular file");
    check_refused("/dev/null", LIMIT, STATUS_CONFIG, "cannot read /dev/null: it is a device, wanted a regular file");
    check_refused("absent", LIMIT, STATUS_CONFIG, "cannot read absent: No such file or directory");
    check_refused("absent/file", LIMIT, STATUS_CONFIG, "cannot read absent/file: No such file or directory");
}

static void a_file_with_the_same_bytes_is_left_alone(void **state) {
    (void)state;
    struct stat before, after;
    assert_false(file_has("file", "", 0));
    assert_int_equal(file_write_changed("file", "abc", 3, NULL), STATUS_OK);
    assert_int_equal(stat("file", &before), 0);
    assert_true(file_has("file", "abc", 3));
    assert_false(file_has("file", "abc\0", 4)); /* what stands behind the bytes that were read does not count */
    assert_int_equal(file_write_changed("file", "abc", 3, NULL), STATUS_OK);
    assert_int_equal(stat("file", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    static const char *const others[] = {"abd", "ab", "abcd", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(file_has("file", others[i], strlen(others[i])));
        assert_int_equal(file_write_changed("file", others[i], strlen(others[i]), NULL), STATUS_OK);
        assert_true(file_has("file", others[i], strlen(others[i])));
        assert_int_equal(file_write_changed("file", "abc", 3, NULL), STATUS_OK);
    }
}

static void a_failed_write_leaves_the_old_file_and_nothing_else(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(file_write_whole("file", "old", 3, &error), STATUS_OK);
    struct rlimit before, small = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = before.rlim_max};
    static char bytes[10000];
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status status = file_write_whole("file", bytes, sizeof bytes, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot write file: File too large");
    check_bytes("file", "old", 3);
    assert_int_equal(files_here(), 1);
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(file_write_whole("folder", "x", 1, &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot write folder: Is a directory");
    assert_int_equal(files_here(), 2);
    assert_int_equal(file_write_whole("absent/file", "x", 1, &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot write absent/file: No such file or directory");
}

struct parts {
    size_t n, most;
    unsigned char last;
};

static enum status count_part(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    struct parts *parts = context;
    parts->n += n;
    parts->last = bytes[n - 1];
    return parts->n <= parts->most ? STATUS_OK : error_set(error, STATUS_NO, "that is enough");
}

static void a_file_is_read_in_parts(void **state) {
    (void)state;
    static char bytes[300000];
    struct error error = {0};
    bytes[sizeof bytes - 1] = 'z';
    assert_int_equal(file_write_whole("file", bytes, sizeof bytes, &error), STATUS_OK);
    struct parts parts = {.most = SIZE_MAX};
    assert_int_equal(file_read_parts("file", count_part, &parts, &error), STATUS_OK);
    assert_int_equal(parts.n, sizeof bytes);
    assert_int_equal(parts.last, 'z');
    parts = (struct parts){.most = 10};
    assert_int_equal(file_read_parts("file", count_part, &parts, &error), STATUS_NO);
    assert_string_equal(error.text, "that is enough");
    assert_true(parts.n < sizeof bytes);
    assert_int_equal(file_read_parts("absent", count_part, &parts, &error), STATUS_CONFIG);
    assert_string_equal(error.text, "cannot read absent: No such file or directory");
    assert_int_equal(file_read_parts("/dev/null", count_part, &parts, &error), STATUS_CONFIG);
    assert_string_equal(error.text, "cannot read /dev/null: it is a device, wanted a regular file");
}

static void remains_go_and_what_is_being_written_stays(void **state) {
    (void)state;
    struct error error;
    struct file_writer writer;
    assert_int_equal(file_write_whole(".runner-1-0.tmp", "x", 1, &error), STATUS_OK);
    assert_int_equal(file_write_whole("file", "x", 1, &error), STATUS_OK);
    file_writer_open(&writer, "other");
    file_writer_add(&writer, "yz", 2);
    folder_remove_remains(".");
    folder_remove_remains("absent");
    assert_int_equal(files_here(), 2);
    file_writer_rename(&writer, "third");
    assert_int_equal(file_writer_close(&writer, true, &error), STATUS_OK);
    check_bytes("third", "yz", 2);
    check_bytes("file", "x", 1);
    assert_int_equal(files_here(), 2);
}

static void remains_behind_a_link_stay(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(mkdir("elsewhere", 0777), 0);
    assert_int_equal(symlink("elsewhere", "link"), 0);
    assert_int_equal(file_write_whole("elsewhere/.runner-1-0.tmp", "x", 1, &error), STATUS_OK);
    folder_remove_remains("link");
    check_bytes("elsewhere/.runner-1-0.tmp", "x", 1);
    folder_remove_remains("elsewhere");
    assert_int_equal(access("elsewhere/.runner-1-0.tmp", F_OK), -1);
}

static void only_names_that_a_writer_gives_are_remains(void **state) {
    (void)state;
    assert_true(file_is_remains(".runner-1-0.tmp"));
    assert_true(file_is_remains(".runner-4194304-99.tmp"));
    static const char *const others[] = {".runner-notes.tmp", ".runner-1.tmp",    ".runner-1-.tmp",    ".runner--1.tmp",
                                         "runner-1-0.tmp",    ".runner-1-0.tmp~", ".runner-1-0-0.tmp", ".runner-1-0"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(file_is_remains(others[i]));
}

static void what_is_being_written_is_never_taken_for_remains(void **state) {
    (void)state;
    enum { REMOVERS = 2, WRITES = 100 };
    pid_t removers[REMOVERS];
    struct error error;
    int failed = 0;
    for (int i = 0; i < REMOVERS; i++)
        if ((removers[i] = fork()) == 0)
            for (;;)
                folder_remove_remains(".");
    for (int i = 0; i < WRITES; i++)
        failed += file_write_whole("file", "x", 1, &error) != STATUS_OK;
    for (int i = 0; i < REMOVERS; i++) {
        kill(removers[i], SIGKILL);
        assert_int_equal(waitpid(removers[i], NULL, 0), removers[i]);
    }
    assert_int_equal(failed, 0);
}

static void a_temporary_file_of_a_dead_process_is_no_hindrance(void **state) {
    (void)state;
    char name[64];
    struct error error;
    snprintf(name, sizeof name, ".runner-%ld-0.tmp", (long)getpid());
    assert_int_equal(file_write_whole(name, "dead", 4, &error), STATUS_OK);
    assert_int_equal(file_write_whole("file", "new", 3, &error), STATUS_OK);
    check_bytes("file", "new", 3);
    check_bytes(name, "dead", 4);
}

static void folders_are_made_with_their_parents(void **state) {
    (void)state;
    struct error error;
    struct stat about;
    char path[200];
    assert_int_equal(folder_make("a//b/c/", &error), STATUS_OK);
    assert_true(stat("a/b/c", &about) == 0 && S_ISDIR(about.st_mode));
    assert_int_equal(folder_make("a/b", &error), STATUS_OK);
    assert_int_equal(folder_make(".", &error), STATUS_OK);
    assert_int_equal(folder_make("/", &error), STATUS_OK);
    snprintf(path, sizeof path, "%s/d/e", (char *)*state);
    assert_int_equal(folder_make(path, &error), STATUS_OK);
    assert_true(stat("d/e", &about) == 0);
    assert_int_equal(file_write_whole("f", "x", 1, &error), STATUS_OK);
    assert_int_equal(folder_make("f", &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot make the folder f: a file of that name is there");
    assert_int_equal(folder_make("f/g", &error), STATUS_ENVIRONMENT);
    assert_int_equal(folder_make("", &error), STATUS_ENVIRONMENT);
}

static void paths_are_joined_and_cut(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    static const char *const joined[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "", "a"}, {"a", "/b", "/b"}, {"/", "b", "/b"},
    };
    static const char *const folders[][2] = {
        {"a/b", "a"}, {"a/b/", "a"}, {"b", "."},    {"", "."},          {"/b", "/"},
        {"/", "/"},   {"//", "/"},   {"a//b", "a"}, {"/a/b/c", "/a/b"},
    };
    for (size_t i = 0; i < sizeof joined / sizeof joined[0]; i++) {
        assert_string_equal(path_join(&arena, joined[i][0], joined[i][1]), joined[i][2]);
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        assert_string_equal(path_folder(&arena, folders[i][0]), folders[i][1]);
    }
    const char *list = ":a/b::c:";
    assert_string_equal(path_take(&arena, &list), "a/b");
    assert_string_equal(path_take(&arena, &list), "c");
    assert_null(path_take(&arena, &list));
    assert_null(path_take(&arena, &list));
    arena_clear(&arena);
}

static void real_paths_have_no_links(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("folder", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    const char *folder = path_real(&arena, "folder");
    assert_int_equal(folder[0], '/');
    assert_string_equal(path_real(&arena, "link"), folder);
    assert_string_equal(path_real(&arena, "link/.././folder"), folder);
    errno = 0;
    assert_null(path_real(&arena, "dangling"));
    assert_int_equal(errno, ENOENT);

    const char *executable = NULL;
    struct error error;
    struct stat one, other;
    assert_int_equal(path_of_executable(&arena, &executable, &error), STATUS_OK);
    assert_int_equal(stat(executable, &one), 0);
    assert_int_equal(stat("/proc/self/exe", &other), 0);
    assert_true(one.st_dev == other.st_dev && one.st_ino == other.st_ino);
    arena_clear(&arena);
}

static void *unmap_later(void *mapped) {
    usleep(100 * 1000);
    assert_int_equal(munmap(mapped, LIMIT), 0);
    return NULL;
}

static void a_busy_memfd_is_sealed_once_it_is_free(void **state) {
    (void)state;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, LIMIT), 0);
    void *mapped =
        mmap(NULL, LIMIT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0); /* keeps it busy, as a page that moves does */
    assert_ptr_not_equal(mapped, MAP_FAILED);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, unmap_later, mapped), 0);
    assert_true(file_seal(fd));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
    assert_false(file_seal(0)); /* no memfd */
    assert_false(file_seal(-1));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(permissions_follow_the_umask),
        TEST(a_limit_refuses_larger_files),
        TEST(what_is_no_regular_file_is_refused_by_kind),
        TEST(a_file_with_the_same_bytes_is_left_alone),
        TEST(a_failed_write_leaves_the_old_file_and_nothing_else),
        TEST(a_file_is_read_in_parts),
        TEST(remains_go_and_what_is_being_written_stays),
        TEST(remains_behind_a_link_stay),
        TEST(only_names_that_a_writer_gives_are_remains),
        TEST(what_is_being_written_is_never_taken_for_remains),
        TEST(a_temporary_file_of_a_dead_process_is_no_hindrance),
        TEST(folders_are_made_with_their_parents),
        TEST(paths_are_joined_and_cut),
        TEST(real_paths_have_no_links),
        TEST(a_busy_memfd_is_sealed_once_it_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a trial printed, taken while it prints on: each byte is kept or counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/schedule/trial_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void open_log(struct child *child) {
    *child = (struct child){.pidfd = -1, .socket = -1, .log = memfd_create("log", MFD_CLOEXEC)};
    assert_true(child->log >= 0 && fcntl(child->log, F_SETFL, O_APPEND) == 0);
}

static void print(const struct child *child, const char *bytes, size_t n) {
    assert_int_equal(write(child->log, bytes, n), n);
}

enum { LINES = 200000, LINE = 8 };

static void *print_lines(void *argument) {
    const struct child *child = argument;
    char line[LINE + 1];
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof line, "%07d\n", i);
        if (write(child->log, line, LINE) != LINE)
            return (void *)"a short write";
    }
    return NULL;
}

/* The tail ends with the last line, has no gap, and with what was left out everything is accounted for. */
static void nothing_is_lost_of_what_is_printed_meanwhile(void **state) {
    (void)state;
    struct child child;
    struct trial_log log;
    pthread_t writer;
    void *trouble = NULL;
    open_log(&child);
    trial_log_init(&log);
    assert_int_equal(pthread_create(&writer, NULL, print_lines, &child), 0);
    while (child.taken < (uint64_t)LINES * LINE)
        trial_log_take(&log, &child);
    pthread_join(writer, &trouble);
    assert_null(trouble);
    assert_int_equal(log.head.length + log.dropped + log.tail.length, (size_t)LINES * LINE);
    for (int i = 0; i < TRIAL_LOG_HEAD / LINE; i++)
        assert_int_equal(atoi(log.head.data + (size_t)i * LINE), i);
    for (size_t i = 0; i < log.tail.length / LINE; i++)
        assert_int_equal(atoi(log.tail.data + log.tail.length - (i + 1) * LINE), LINES - 1 - (int)i);
    assert_true(log.tail.length >= TRIAL_LOG_TAIL);
    close(child.log);
    trial_log_clear(&log);
}

/* What is taken takes no memory any more. */
static void what_is_taken_is_given_back(void **state) {
    (void)state;
    struct child child;
    struct trial_log log;
    struct stat facts;
    char *flood = calloc(1, 1 << 20);
    memset(flood, 'x', 1 << 20);
    open_log(&child);
    trial_log_init(&log);
    for (int i = 0; i < 16; i++) {
        print(&child, flood, 1 << 20);
        trial_log_take(&log, &child);
        assert_int_equal(child_log_size(&child), 0);
    }
    assert_int_equal(fstat(child.log, &facts), 0);
    assert_true(facts.st_blocks * 512 <= 8192);
    assert_int_equal(log.head.length + log.dropped + log.tail.length, 16 << 20);
    close(child.log);
    trial_log_clear(&log);
    free(flood);
}

/* A second trial in the same process has its own. */
static void a_log_begins_where_the_last_one_was_taken(void **state) {
    (void)state;
    struct child child;
    struct trial_log log;
    struct text out;
    open_log(&child);
    trial_log_init(&log);
    text_init(&out);
    print(&child, "first\n", 6);
    trial_log_take(&log, &child);
    trial_log_reset(&log);
    print(&child, "second\n", 7);
    trial_log_take(&log, &child);
    trial_log_write(&log, &out);
    assert_string_equal(out.data, "second\n");
    text_reset(&out);
    print(&child, "1234567890", 10);
    child_take_log(&child, 4, &out); /* the last words count */
    assert_string_equal(out.data, "7890");
    assert_int_equal(child_log_size(&child), 0);
    close(child.log);
    trial_log_clear(&log);
    text_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_of_what_is_printed_meanwhile),
        cmocka_unit_test(what_is_taken_is_given_back),
        cmocka_unit_test(a_log_begins_where_the_last_one_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own: its wait status. */
static int in_child(int (*work)(void)) {
    pid_t child = fork();
    if (child == 0)
        _exit(work());
    int state = -1;
    while (waitpid(child, &state, 0) < 0 && errno == EINTR)
        continue;
    return state;
}

static bool readable(const struct interrupt *interrupt) {
    struct pollfd poll_signals = {.fd = interrupt_descriptor(interrupt), .events = POLLIN};
    return poll(&poll_signals, 1, 0) == 1;
}

static void the_first_signal_is_noted(void **state) {
    (void)state;
    struct interrupt interrupt;
    struct error error = {0};
    assert_int_equal(interrupt_open(&interrupt, &error), STATUS_OK);
    assert_int_equal(interrupt_check(&interrupt, &error), STATUS_OK);
    assert_false(readable(&interrupt));
    assert_int_equal(interrupt_exit_status(&interrupt, STATUS_INTERRUPTED), STATUS_INTERRUPTED);
    raise(SIGTERM);
    assert_true(readable(&interrupt));
    assert_true(readable(&interrupt)); /* it stays so */
    assert_int_equal(interrupt_check(&interrupt, &error), STATUS_INTERRUPTED);
    assert_string_equal(error.text, "interrupted by SIGTERM");
    assert_int_equal(interrupt_exit_status(&interrupt, STATUS_INTERRUPTED), 128 + SIGTERM);
    assert_int_equal(interrupt_exit_status(&interrupt, STATUS_CONFIG), STATUS_CONFIG);
    interrupt_close(&interrupt);
}

static void nothing_stands_for_no_signal(void **state) {
    (void)state;
    assert_int_equal(interrupt_check(NULL, NULL), STATUS_OK);
    assert_int_equal(interrupt_descriptor(NULL), -1);
    assert_int_equal(interrupt_exit_status(NULL, STATUS_INTERRUPTED), STATUS_INTERRUPTED);
}

static int two_signals(void) {
    struct interrupt interrupt;
    if (interrupt_open(&interrupt, NULL) != STATUS_OK)
        return 1;
    raise(SIGHUP);
    raise(SIGINT);
    return 2;
}

static void the_second_ends_at_once(void **state) {
    (void)state;
    int ended = in_child(two_signals);
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), SIGINT);
}

static int many_of_processor_time(void) {
    struct interrupt interrupt;
    if (interrupt_open(&interrupt, NULL) != STATUS_OK)
        return 1;
    for (int i = 0; i < 3; i++)
        raise(SIGXCPU);
    return interrupt_exit_status(&interrupt, STATUS_INTERRUPTED) == 128 + SIGXCPU ? 0 : 2;
}

/* The system sends it every second. */
static void the_signal_of_processor_time_ends_nothing_by_coming_again(void **state) {
    (void)state;
    assert_int_equal(in_child(many_of_processor_time), 0);
}

static int ignored(void) {
    struct interrupt interrupt;
    signal(SIGHUP, SIG_IGN);
    if (interrupt_open(&interrupt, NULL) != STATUS_OK)
        return 1;
    raise(SIGHUP);
    if (interrupt_check(&interrupt, NULL) != STATUS_OK)
        return 2;
    raise(SIGINT);
    raise(SIGHUP);
    return interrupt_check(&interrupt, NULL) == STATUS_INTERRUPTED ? 0 : 3;
}

static void what_is_ignored_stays_so(void **state) {
    (void)state;
    assert_int_equal(in_child(ignored), 0);
}

static int closed(void) {
    struct interrupt interrupt;
    if (interrupt_open(&interrupt, NULL) != STATUS_OK)
        return 1;
    interrupt_close(&interrupt);
    raise(SIGTERM);
    return 2;
}

static void closing_gives_back_what_signals_do(void **state) {
    (void)state;
    int ended = in_child(closed);
    assert_true(WIFSIGNALED(ended));
    assert_int_equal(WTERMSIG(ended), SIGTERM);
}

/* Between fork() and exec() a child has the handler, too. */
static void a_child_tells_its_parent_nothing(void **state) {
    (void)state;
    struct interrupt interrupt;
    assert_int_equal(interrupt_open(&interrupt, NULL), STATUS_OK);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_false(readable(&interrupt));
    interrupt_close(&interrupt);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_signal_is_noted),
        cmocka_unit_test(nothing_stands_for_no_signal),
        cmocka_unit_test(the_second_ends_at_once),
        cmocka_unit_test(the_signal_of_processor_time_ends_nothing_by_coming_again),
        cmocka_unit_test(what_is_ignored_stays_so),
        cmocka_unit_test(closing_gives_back_what_signals_do),
        cmocka_unit_test(a_child_tells_its_parent_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

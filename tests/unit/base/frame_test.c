#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/frame.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct ends {
    int reader, writer;
};

static int open_sockets(void **state) {
    static struct ends ends;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return -1;
    }
    ends = (struct ends){fds[0], fds[1]};
    *state = &ends;
    return 0;
}

static int open_pipe(void **state) {
    static struct ends ends;
    int fds[2];
    if (pipe(fds) != 0) {
        return -1;
    }
    ends = (struct ends){fds[0], fds[1]};
    *state = &ends;
    return 0;
}

static int close_ends(void **state) {
    const struct ends *ends = *state;
    close(ends->reader);
    if (ends->writer >= 0) {
        close(ends->writer);
    }
    return 0;
}

static void end_writing(struct ends *ends) {
    close(ends->writer);
    ends->writer = -1;
}

static void messages_arrive_whole_and_in_order(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    uint32_t type;
    text_init(&payload);
    assert_int_equal(frame_write(ends->writer, 1, "one\0two", 7, &error), STATUS_OK);
    assert_int_equal(frame_write(ends->writer, 0xfffffffe, NULL, 0, &error), STATUS_OK);
    end_writing(ends);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    assert_int_equal(type, 1);
    assert_int_equal(payload.length, 7);
    assert_memory_equal(payload.data, "one\0two", 8);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    assert_int_equal(type, 0xfffffffe);
    assert_int_equal(payload.length, 0);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    assert_int_equal(type, FRAME_END);
    text_clear(&payload);
}

enum { LARGE = 3000000 };

static char *large_bytes(void) {
    char *bytes = malloc(LARGE);
    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (char)(i * 31 % 127);
    }
    return bytes;
}

/* More than a socket holds, with a writer that does not block: both sides go on where they had to stop. */
static void large_messages_pass_in_parts(void **state) {
    struct ends *ends = *state;
    char *bytes = large_bytes();
    struct error error;
    pid_t child = fork();
    if (child == 0) {
        fcntl(ends->writer, F_SETFL, O_NONBLOCK);
        enum status status = frame_write(ends->writer, 5, bytes, LARGE, &error);
        _exit(status == STATUS_OK ? (int)frame_write(ends->writer, 6, "end", 3, &error) : (int)status);
    }
    struct text payload;
    uint32_t type;
    int status;
    text_init(&payload);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    assert_int_equal(type, 5);
    assert_int_equal(payload.length, LARGE);
    assert_memory_equal(payload.data, bytes, LARGE);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    assert_string_equal(payload.data, "end");
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    text_clear(&payload);
    free(bytes);
}

static void a_large_message_carries_one_descriptor(void **state) {
    struct ends *ends = *state;
    char *bytes = large_bytes();
    struct error error;
    pid_t child = fork();
    if (child == 0) {
        fcntl(ends->writer, F_SETFL, O_NONBLOCK);
        _exit((int)frame_write_fd(ends->writer, 5, bytes, LARGE, STDERR_FILENO, &error));
    }
    struct text payload;
    uint32_t type;
    int status, passed;
    text_init(&payload);
    assert_int_equal(frame_read_fd(ends->reader, &payload, &type, &passed, &error), STATUS_OK);
    assert_int_equal(payload.length, LARGE);
    assert_memory_equal(payload.data, bytes, LARGE);
    assert_true(passed >= 0);
    close(passed);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    text_clear(&payload);
    free(bytes);
}

static void an_end_within_a_message_is_an_error(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    uint32_t type;
    text_init(&payload);
    assert_int_equal(frame_write(ends->writer, 1, "abcdef", 6, &error), STATUS_OK);
    char bytes[14];
    assert_int_equal(read(ends->reader, bytes, 14), 14);
    for (size_t cut = 1; cut < 14; cut++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(write(fds[1], bytes, cut), cut);
        close(fds[1]);
        assert_int_equal(frame_read(fds[0], &payload, &type, &error), STATUS_ENVIRONMENT);
        assert_string_equal(error.text, "cannot read a message: the stream ends within it");
        assert_int_equal(type, FRAME_END);
        close(fds[0]);
    }
    text_clear(&payload);
}

static void oversize_messages_are_refused_on_both_sides(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    uint32_t type;
    text_init(&payload);
    assert_int_equal(frame_write(ends->writer, 1, "", FRAME_LENGTH_LIMIT + 1, &error), STATUS_ENVIRONMENT);
    assert_int_equal(frame_write(ends->writer, FRAME_END, "", 0, &error), STATUS_ENVIRONMENT);
    assert_int_equal(write(ends->writer, "\1\0\0\0\1\0\0\4", 8), 8); /* 64 MB and 1 */
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot read a message: it has 67108865 bytes, at most 67108864 are allowed");
    text_clear(&payload);
}

static void gathered_messages_come_one_after_another(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text frames, payload;
    uint32_t type;
    text_init(&frames);
    text_init(&payload);
    assert_int_equal(frame_gather(&frames, 1, "one", 3, &error), STATUS_OK);
    assert_int_equal(frame_gather(&frames, FRAME_END, "", 0, &error), STATUS_ENVIRONMENT);
    assert_int_equal(frame_gather(&frames, 1, "", FRAME_LENGTH_LIMIT + 1, &error), STATUS_ENVIRONMENT);
    assert_int_equal(frame_gather(&frames, 2, "", 0, &error), STATUS_OK);
    assert_int_equal(frame_gather(&frames, 3, "third", 5, &error), STATUS_OK);
    assert_int_equal(frame_write_gathered(ends->writer, &frames, &error), STATUS_OK);
    assert_int_equal(frames.length, 0);
    assert_int_equal(frame_write(ends->writer, 4, "fourth", 6, &error), STATUS_OK);
    static const char *const wanted[] = {"one", "", "third", "fourth"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
        assert_int_equal(type, i + 1);
        assert_string_equal(payload.data, wanted[i]);
    }
    text_clear(&frames);
    text_clear(&payload);
}

static void writing_to_nobody_is_an_error_and_no_signal(void **state) {
    struct ends *ends = *state;
    struct error error;
    shutdown(ends->reader, SHUT_RDWR);
    assert_int_equal(frame_write(ends->writer, 1, "x", 1, &error), STATUS_ENVIRONMENT);
    assert_string_equal(error.text, "cannot write a message: the other end has gone");
}

static void the_reader_hands_out_whole_messages_however_they_come(void **state) {
    struct ends *ends = *state;
    struct error error;
    char bytes[4096];
    assert_int_equal(frame_write(ends->writer, 1, "first", 5, &error), STATUS_OK);
    assert_int_equal(frame_write(ends->writer, 2, "", 0, &error), STATUS_OK);
    assert_int_equal(frame_write(ends->writer, 3, "third message", 13, &error), STATUS_OK);
    ssize_t length = read(ends->reader, bytes, sizeof bytes);
    assert_int_equal(length, 3 * 8 + 18);
    for (size_t step = 1; step <= (size_t)length; step++) {
        struct frame_reader reader;
        struct frame frame;
        bool end, found;
        uint32_t count = 0;
        static const char *const wanted[] = {"first", "", "third message"};
        frame_reader_init(&reader, 13);
        for (size_t done = 0; done < (size_t)length; done += step) {
            size_t n = step < (size_t)length - done ? step : (size_t)length - done;
            assert_int_equal(write(ends->writer, bytes + done, n), n);
            assert_int_equal(frame_reader_feed(&reader, ends->reader, &end, &error), STATUS_OK);
            assert_false(end);
            while (frame_reader_next(&reader, &frame, &found, &error) == STATUS_OK && found) {
                assert_int_equal(frame.type, ++count);
                assert_int_equal(frame.length, strlen(wanted[count - 1]));
                assert_string_equal(frame.payload, wanted[count - 1]);
                assert_int_equal(frame.fd, -1);
            }
        }
        assert_int_equal(count, 3);
        frame_reader_clear(&reader);
    }
}

static void the_reader_does_not_wait(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct frame_reader reader;
    struct frame frame;
    bool end, found;
    fcntl(ends->reader, F_SETFL, O_NONBLOCK);
    frame_reader_init(&reader, 100);
    assert_int_equal(frame_reader_feed(&reader, ends->reader, &end, &error), STATUS_OK);
    assert_false(end);
    assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), STATUS_OK);
    assert_false(found);
    frame_reader_clear(&reader);
}

/* After one whole message: `rest` more bytes and the end. */
static void check_end(size_t rest, enum status status) {
    struct error error;
    struct frame_reader reader;
    struct frame frame;
    bool end, found;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(frame_write(fds[1], 1, "whole", 5, &error), STATUS_OK);
    assert_int_equal(write(fds[1], "\2\0\0\0\5\0\0\0cut", rest), rest);
    close(fds[1]);
    frame_reader_init(&reader, 100);
    assert_int_equal(frame_reader_feed(&reader, fds[0], &end, &error), STATUS_OK);
    assert_int_equal(frame_reader_feed(&reader, fds[0], &end, &error), STATUS_OK);
    assert_true(end);
    assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), STATUS_OK);
    assert_true(found);
    assert_string_equal(frame.payload, "whole");
    assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), status);
    assert_false(found);
    if (status != STATUS_OK) {
        assert_string_equal(error.text, "cannot read a message: the stream ends within it");
    }
    frame_reader_clear(&reader);
    close(fds[0]);
}

static void the_reader_tells_a_clean_end_from_a_cut(void **state) {
    (void)state;
    check_end(0, STATUS_OK);
    for (size_t rest = 1; rest <= 11; rest++) {
        check_end(rest, STATUS_ENVIRONMENT);
    }
}

static void the_reader_has_a_limit(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct frame_reader reader;
    struct frame frame;
    bool end, found;
    frame_reader_init(&reader, 4);
    assert_int_equal(frame_write(ends->writer, 1, "five!", 5, &error), STATUS_OK);
    assert_int_equal(frame_reader_feed(&reader, ends->reader, &end, &error), STATUS_OK);
    assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), STATUS_ENVIRONMENT);
    assert_false(found);
    frame_reader_clear(&reader);
}

/* A file with this text, to be passed. */
static int file_with(const char *text) {
    char name[] = "/tmp/runner-frame-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static void check_file(int fd, const char *text) {
    char bytes[20] = {0};
    assert_int_equal(pread(fd, bytes, sizeof bytes - 1, 0), strlen(text));
    assert_string_equal(bytes, text);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
}

static void descriptors_come_with_their_messages(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    uint32_t type;
    int passed, first = file_with("first"), second = file_with("second");
    text_init(&payload);
    assert_int_equal(frame_write(ends->writer, 1, "none", 4, &error), STATUS_OK);
    assert_int_equal(frame_write_fd(ends->writer, 2, "with", 4, first, &error), STATUS_OK);
    assert_int_equal(frame_write_fd(ends->writer, 3, NULL, 0, second, &error), STATUS_OK);
    assert_int_equal(frame_write(ends->writer, 4, "none", 4, &error), STATUS_OK);
    close(first);
    close(second);
    for (uint32_t i = 1; i <= 4; i++) {
        assert_int_equal(frame_read_fd(ends->reader, &payload, &type, &passed, &error), STATUS_OK);
        assert_int_equal(type, i);
        if (i == 2 || i == 3) {
            check_file(passed, i == 2 ? "first" : "second");
        } else {
            assert_int_equal(passed, -1);
        }
    }
    assert_int_equal(frame_write_fd(ends->writer, 3, NULL, 0, -1, &error), STATUS_ENVIRONMENT);
    text_clear(&payload);
}

static void the_reader_keeps_descriptors_with_their_messages(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct frame_reader reader;
    struct frame frame;
    bool end, found;
    int first = file_with("first"), second = file_with("second");
    frame_reader_init(&reader, 100);
    assert_int_equal(frame_write(ends->writer, 1, "none", 4, &error), STATUS_OK);
    assert_int_equal(frame_write_fd(ends->writer, 2, "with", 4, first, &error), STATUS_OK);
    assert_int_equal(frame_write_fd(ends->writer, 3, "with", 4, second, &error), STATUS_OK);
    assert_int_equal(frame_write_fd(ends->writer, 4, "left", 4, second, &error), STATUS_OK);
    close(first);
    close(second);
    fcntl(ends->reader, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(frame_reader_feed(&reader, ends->reader, &end, &error), STATUS_OK);
    }
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), STATUS_OK);
        assert_true(found);
        assert_int_equal(frame.type, i);
        if (i > 1) {
            check_file(frame.fd, i == 2 ? "first" : "second");
        } else {
            assert_int_equal(frame.fd, -1);
        }
    }
    assert_int_equal(reader.passed_count, 1);
    int left = reader.passed[0];
    frame_reader_clear(&reader);
    assert_int_equal(fcntl(left, F_GETFD), -1);
}

static void a_descriptor_that_nobody_takes_is_closed(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    uint32_t type;
    int file = file_with("x"), lowest = dup(file);
    close(lowest);
    text_init(&payload);
    assert_int_equal(frame_write_fd(ends->writer, 2, "with", 4, file, &error), STATUS_OK);
    assert_int_equal(frame_read(ends->reader, &payload, &type, &error), STATUS_OK);
    int again = dup(file);
    assert_int_equal(again, lowest);
    close(again);
    close(file);
    text_clear(&payload);
}

static void an_announced_descriptor_that_is_missing_is_an_error(void **state) {
    struct ends *ends = *state;
    struct error error;
    struct text payload;
    struct frame_reader reader;
    struct frame frame;
    bool end, found;
    uint32_t type;
    int passed;
    text_init(&payload);
    assert_int_equal(write(ends->writer, "\1\0\0\0\0\0\0\x80", 8), 8);
    assert_int_equal(frame_read_fd(ends->reader, &payload, &type, &passed, &error), STATUS_ENVIRONMENT);
    assert_int_equal(write(ends->writer, "\1\0\0\0\0\0\0\x80", 8), 8);
    frame_reader_init(&reader, 100);
    assert_int_equal(frame_reader_feed(&reader, ends->reader, &end, &error), STATUS_OK);
    assert_int_equal(frame_reader_next(&reader, &frame, &found, &error), STATUS_ENVIRONMENT);
    frame_reader_clear(&reader);
    text_clear(&payload);
}

/* The kernel counts them for the user, and lets root (with its capabilities) send as many as it likes. */
static void a_descriptor_waits_until_those_before_it_have_arrived(void **state) {
    struct ends *ends = *state;
    int others[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, others), 0);
    struct error error;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(frame_write_fd(others[1], 7, "x", 1, STDERR_FILENO, &error), STATUS_OK);
    }
    pid_t child = fork();
    if (child == 0) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
        struct rlimit few = {50, 50};
        close(others[0]);
        close(others[1]);
        if (syscall(SYS_capset, &header, none) != 0 || setrlimit(RLIMIT_NOFILE, &few) != 0) {
            _exit(2);
        }
        _exit(frame_write_fd(ends->writer, 1, "late", 4, STDERR_FILENO, &error) == STATUS_OK ? 0 : 1);
    }
    usleep(100000);
    close(others[0]); /* and what nobody has taken there */
    close(others[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_sockets, close_ends)
#define PIPE(name)                                                                                                     \
    { #name " (pipe)", name, open_pipe, close_ends, NULL }
    const struct CMUnitTest tests[] = {
        TEST(messages_arrive_whole_and_in_order),
        PIPE(messages_arrive_whole_and_in_order),
        TEST(large_messages_pass_in_parts),
        PIPE(large_messages_pass_in_parts),
        TEST(a_large_message_carries_one_descriptor),
        TEST(an_end_within_a_message_is_an_error),
        TEST(oversize_messages_are_refused_on_both_sides),
        TEST(gathered_messages_come_one_after_another),
        TEST(writing_to_nobody_is_an_error_and_no_signal),
        TEST(the_reader_hands_out_whole_messages_however_they_come),
        PIPE(the_reader_hands_out_whole_messages_however_they_come),
        TEST(the_reader_does_not_wait),
        PIPE(the_reader_does_not_wait),
        TEST(the_reader_tells_a_clean_end_from_a_cut),
        TEST(the_reader_has_a_limit),
        TEST(descriptors_come_with_their_messages),
        TEST(the_reader_keeps_descriptors_with_their_messages),
        TEST(a_descriptor_that_nobody_takes_is_closed),
        TEST(an_announced_descriptor_that_is_missing_is_an_error),
        TEST(a_descriptor_waits_until_those_before_it_have_arrived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

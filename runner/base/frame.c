#include "runner/base/frame.h"

#include "runner/base/arena.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Header: type (4 bytes), then length (4 bytes) whose top bit says that a descriptor comes along. */
enum { HEADER = 8, FEED = 1 << 16, PASSED_MOST = 8 };
#define CARRIES_FD 0x80000000u

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * PASSED_MOST)];
};

static enum status failed(struct error *error, const char *what, int code) {
    if (code == EPIPE || code == ECONNRESET) {
        return error_set(error, STATUS_ENVIRONMENT, "%s: the other end has gone", what);
    }
    return error_set(error, STATUS_ENVIRONMENT, "%s: %s", what, strerrordesc_np(code));
}

static void put_u32(unsigned char *bytes, uint32_t number) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
}

static uint32_t get_u32(const void *from) {
    const unsigned char *bytes = from;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void wait_for(int fd, short events) {
    struct pollfd descriptor = {.fd = fd, .events = events};
    poll(&descriptor, 1, -1); /* what it says shows at the next read or write */
}

/* One write to a socket (never a SIGPIPE) or, without a descriptor to pass, to a pipe. */
static ssize_t write_some(int fd, struct iovec *parts, size_t count, int passed) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    union control control;
    if (passed >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof passed);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    ssize_t wrote = sendmsg(fd, &message, MSG_NOSIGNAL);
    return wrote < 0 && errno == ENOTSOCK && passed < 0 ? writev(fd, parts, (int)count) : wrote;
}

static enum status make_header(unsigned char header[HEADER], uint32_t type, size_t n, bool passes,
                               struct error *error) {
    if (type == FRAME_END || n > FRAME_LENGTH_LIMIT) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot write a message of type %u and %zu bytes: at most %u bytes",
                         type, n, FRAME_LENGTH_LIMIT);
    }
    put_u32(header, type);
    put_u32(header + 4, (uint32_t)n | (passes ? CARRIES_FD : 0));
    return STATUS_OK;
}

/* Descriptors that others of this user have sent and that nobody has taken count together, against everybody's own limit: whoever sends
   another waits for a while until some have arrived. */
enum { CROWDED_WAIT = 10, CROWDED_WAITS = 1000 }; /* milliseconds; 10 s in all */

/* A header, which may be of no bytes, and what follows it. */
static enum status write_parts(int fd, const void *header, size_t size, const void *bytes, size_t n, int passed,
                               struct error *error) {
    int waits = 0;
    for (size_t done = 0; done < size + n;) {
        size_t of_header = done < size ? size - done : 0, of_payload = done < size ? 0 : done - size;
        struct iovec parts[2] = {{NULL, of_header}, {NULL, n - of_payload}};
        if (of_header > 0) { /* sendmsg() takes no const, and does not write */
            memcpy(&parts[0].iov_base, &(const void *){(const char *)header + size - of_header}, sizeof(void *));
        }
        if (n > of_payload) {
            memcpy(&parts[1].iov_base, &(const void *){(const char *)bytes + of_payload}, sizeof(void *));
        }
        ssize_t wrote = write_some(fd, parts, 2, passed);
        if (wrote < 0 && errno == EAGAIN) {
            wait_for(fd, POLLOUT);
        } else if (wrote < 0 && errno == ETOOMANYREFS && waits++ < CROWDED_WAITS) {
            poll(NULL, 0, CROWDED_WAIT);
        } else if (wrote < 0 && errno != EINTR) {
            return failed(error, "cannot write a message", errno);
        } else if (wrote > 0) {
            done += (size_t)wrote;
            passed = -1; /* went with the first byte */
        }
    }
    return STATUS_OK;
}

static enum status write_frame(int fd, uint32_t type, const void *bytes, size_t n, int passed, struct error *error) {
    unsigned char header[HEADER];
    enum status status = make_header(header, type, n, passed >= 0, error);
    return status != STATUS_OK ? status : write_parts(fd, header, HEADER, bytes, n, passed, error);
}

enum status frame_gather(struct text *frames, uint32_t type, const void *bytes, size_t n, struct error *error) {
    unsigned char header[HEADER];
    enum status status = make_header(header, type, n, false, error);
    if (status == STATUS_OK) {
        text_add_bytes(frames, header, HEADER);
        text_add_bytes(frames, bytes, n);
    }
    return status;
}

enum status frame_write_gathered(int fd, struct text *frames, struct error *error) {
    enum status status = write_parts(fd, NULL, 0, frames->data, frames->length, -1, error);
    text_reset(frames);
    return status;
}

enum status frame_write(int fd, uint32_t type, const void *bytes, size_t n, struct error *error) {
    return write_frame(fd, type, bytes, n, -1, error);
}

enum status frame_write_fd(int fd, uint32_t type, const void *bytes, size_t n, int passed, struct error *error) {
    if (passed < 0) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot pass descriptor %d: it is none", passed);
    }
    return write_frame(fd, type, bytes, n, passed, error);
}

/* Reads at most `size` bytes and the descriptors that came with them, of which *count is the number. */
static ssize_t read_some(int fd, void *bytes, size_t size, int passed[PASSED_MOST], size_t *count) {
    struct iovec part = {bytes, size};
    union control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *count = 0;
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return errno == ENOTSOCK ? read(fd, bytes, size) : got;
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(passed + *count, CMSG_DATA(header), here * sizeof(int));
            *count += here;
        }
    }
    return got;
}

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
}

/* Reads exactly `size` bytes. *got is less at the end of the stream. */
static enum status read_exactly(int fd, char *bytes, size_t size, size_t *got, int *passed, struct error *error) {
    for (*got = 0; *got < size;) {
        int fds[PASSED_MOST];
        size_t count;
        ssize_t some = read_some(fd, bytes + *got, size - *got, fds, &count);
        if (count > 1 || (count == 1 && (!passed || *passed >= 0))) {
            close_all(fds, count);
            return error_set(error, STATUS_ENVIRONMENT,
                             "cannot read a message: a descriptor came that was not announced");
        }
        if (count == 1) {
            *passed = fds[0];
        }
        if (some == 0) {
            return STATUS_OK;
        }
        if (some < 0 && errno == EAGAIN) {
            wait_for(fd, POLLIN);
        } else if (some < 0 && errno != EINTR) {
            return failed(error, "cannot read a message", errno);
        }
        *got += some > 0 ? (size_t)some : 0;
    }
    return STATUS_OK;
}

static enum status check_length(uint32_t length, uint32_t limit, struct error *error) {
    if (length > limit) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot read a message: it has %u bytes, at most %u are allowed",
                         length, limit);
    }
    return STATUS_OK;
}

static enum status cut_short(struct error *error) {
    return error_set(error, STATUS_ENVIRONMENT, "cannot read a message: the stream ends within it");
}

static enum status read_payload(int fd, struct text *payload, uint32_t length, struct error *error) {
    char buffer[4096]; /* memory grows with what comes, not with what was announced */
    while (payload->length < length) {
        size_t left = length - payload->length, got;
        enum status status = read_exactly(fd, buffer, left < sizeof buffer ? left : sizeof buffer, &got, NULL, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (got == 0) {
            return cut_short(error);
        }
        text_add_bytes(payload, buffer, got);
    }
    return STATUS_OK;
}

static enum status read_frame(int fd, struct text *payload, uint32_t *type, int *passed, struct error *error) {
    char header[HEADER];
    size_t got;
    enum status status = read_exactly(fd, header, HEADER, &got, passed, error);
    if (status != STATUS_OK || got == 0) {
        return status;
    }
    if (got < HEADER) {
        return cut_short(error);
    }
    uint32_t announced = get_u32(header + 4), length = announced & ~CARRIES_FD;
    if ((*passed >= 0) != ((announced & CARRIES_FD) != 0)) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot read a message: its descriptor did not come with it");
    }
    status = check_length(length, FRAME_LENGTH_LIMIT, error);
    if (status == STATUS_OK) {
        status = read_payload(fd, payload, length, error);
    }
    if (status == STATUS_OK) {
        *type = get_u32(header);
    }
    return status;
}

enum status frame_read_fd(int fd, struct text *payload, uint32_t *type, int *passed, struct error *error) {
    text_reset(payload);
    *type = FRAME_END;
    *passed = -1;
    enum status status = read_frame(fd, payload, type, passed, error);
    if (status != STATUS_OK && *passed >= 0) {
        close(*passed);
        *passed = -1;
    }
    return status;
}

enum status frame_read(int fd, struct text *payload, uint32_t *type, struct error *error) {
    int passed;
    enum status status = frame_read_fd(fd, payload, type, &passed, error);
    if (passed >= 0) {
        close(passed);
    }
    return status;
}

void frame_reader_init(struct frame_reader *reader, uint32_t limit) {
    *reader = (struct frame_reader){.limit = limit < FRAME_LENGTH_LIMIT ? limit : FRAME_LENGTH_LIMIT};
    text_init(&reader->buffer);
}

void frame_reader_clear(struct frame_reader *reader) {
    close_all(reader->passed, reader->passed_count);
    free(reader->passed);
    text_clear(&reader->buffer);
    *reader = (struct frame_reader){0};
}

/* Takes the NUL behind the last message away again. */
static void unhide(struct frame_reader *reader) {
    if (reader->end > 0) {
        reader->buffer.data[reader->end] = reader->hidden;
        reader->end = 0;
    }
}

enum status frame_reader_feed(struct frame_reader *reader, int fd, bool *end, struct error *error) {
    unhide(reader);
    struct text *buffer = &reader->buffer;
    if (reader->start > 0) {
        buffer->length -= reader->start;
        memmove(buffer->data, buffer->data + reader->start, buffer->length + 1);
        reader->start = 0;
    }
    char bytes[FEED];
    int fds[PASSED_MOST];
    size_t count;
    ssize_t got = read_some(fd, bytes, sizeof bytes, fds, &count);
    if (count > 0) {
        reader->passed = memory_resize(reader->passed, reader->passed_count + count, sizeof *reader->passed);
        memcpy(reader->passed + reader->passed_count, fds, count * sizeof *fds);
        reader->passed_count += count;
    }
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
        return failed(error, "cannot read a message", errno);
    }
    text_add_bytes(buffer, bytes, got > 0 ? (size_t)got : 0);
    reader->ended = *end = got == 0;
    return STATUS_OK;
}

/* The descriptor that waits longest. */
static enum status take_fd(struct frame_reader *reader, int *fd, struct error *error) {
    if (reader->passed_count == 0) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot read a message: its descriptor did not come with it");
    }
    *fd = reader->passed[0];
    reader->passed_count--;
    memmove(reader->passed, reader->passed + 1, reader->passed_count * sizeof *reader->passed);
    return STATUS_OK;
}

enum status frame_reader_next(struct frame_reader *reader, struct frame *frame, bool *found, struct error *error) {
    *found = false;
    unhide(reader);
    const char *header = reader->buffer.data + reader->start;
    size_t there = reader->buffer.length - reader->start;
    if (there < HEADER) {
        return there > 0 && reader->ended ? cut_short(error) : STATUS_OK;
    }
    uint32_t announced = get_u32(header + 4), length = announced & ~CARRIES_FD;
    enum status status = check_length(length, reader->limit, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (there - HEADER < length) {
        return reader->ended ? cut_short(error) : STATUS_OK;
    }
    *frame = (struct frame){.type = get_u32(header), .length = length, .payload = header + HEADER, .fd = -1};
    if (announced & CARRIES_FD) {
        status = take_fd(reader, &frame->fd, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    reader->start += HEADER + length;
    reader->end = reader->start;
    reader->hidden = reader->buffer.data[reader->end];
    reader->buffer.data[reader->end] = '\0';
    *found = true;
    return STATUS_OK;
}

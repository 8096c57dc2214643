/*
 * Messages over a stream socket or a pipe: a header of 8 bytes (type and length, little endian), then the payload. Over a
 * UNIX socket a message may carry a file descriptor.
 *
 * Errors are STATUS_ENVIRONMENT. A write to a socket whose other end has gone is an error, not a SIGPIPE; who writes to a
 * pipe ignores that signal himself. A frame writer and a frame reader of one descriptor may be in different threads, two
 * writers may not.
 */
#ifndef RUNNER_BASE_FRAME_H
#define RUNNER_BASE_FRAME_H

#include "runner/base/status.h"
#include "runner/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_END 0u                   /* reserved: what frame_read() says at a clean end of the stream */
#define FRAME_LENGTH_LIMIT (64u << 20) /* bytes of payload; more is an error on both sides */

/* Writes all of it, waiting where the descriptor does not block. `type` is not FRAME_END. */
enum status frame_write(int fd, uint32_t type, const void *bytes, size_t n, struct error *error);
/* The same with a duplicate of `passed` for the reader; the caller keeps his own. UNIX sockets only. */
enum status frame_write_fd(int fd, uint32_t type, const void *bytes, size_t n, int passed, struct error *error);

/* Appends a message's bytes to `frames`, so that many small ones take one frame_write_gathered(), which empties it. */
enum status frame_gather(struct text *frames, uint32_t type, const void *bytes, size_t n, struct error *error);
enum status frame_write_gathered(int fd, struct text *frames, struct error *error);

/* Waits for the next message. At a clean end of the stream *type is FRAME_END; an end within a message is an error. */
enum status frame_read(int fd, struct text *payload, uint32_t *type, struct error *error);
/* The same for messages that may carry a descriptor: *passed is the caller's (close-on-exec), or -1. */
enum status frame_read_fd(int fd, struct text *payload, uint32_t *type, int *passed, struct error *error);

/* For poll loops: takes what is there and hands out whole messages. */
struct frame_reader {
    struct text buffer;
    size_t start; /* of the first message not yet handed out */
    size_t end;   /* of the message last handed out: a NUL stands there in place of `hidden`; or 0 */
    char hidden;
    bool ended;
    uint32_t limit;
    int *passed; /* descriptors not yet handed out, in order */
    size_t passed_count;
};

struct frame {
    uint32_t type, length;
    const char *payload; /* followed by a NUL; valid until the next call with this reader */
    int fd;              /* the caller's from now on, or -1 */
};

void frame_reader_init(struct frame_reader *reader, uint32_t limit);
void frame_reader_clear(struct frame_reader *reader); /* closes descriptors that nobody took */
/* One read of what is there. Never waits on a non-blocking descriptor; of a blocking one call it only when poll() says that
   it is readable. *end: the stream is at its end, and frame_reader_next() calls what is left of a message an error. */
enum status frame_reader_feed(struct frame_reader *reader, int fd, bool *end, struct error *error);
/* *found: there was a whole message, now in *frame. Call until it is false. */
enum status frame_reader_next(struct frame_reader *reader, struct frame *frame, bool *found, struct error *error);

#endif

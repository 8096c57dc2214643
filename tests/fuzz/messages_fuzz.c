/* What a worker sends whose memory a plugin has spoilt: any bytes over the socket. */
#include "tests/fuzz/fuzz.h"

#include "runner/schedule/facts.h"

#include <fcntl.h>
#include <sys/socket.h>

static void read_frame(const struct frame *frame) {
    struct arena arena;
    arena_init(&arena);
    struct data_facts data;
    struct plan_facts plan;
    struct message_reader reader;
    data_facts_read(frame, &arena, &data);
    message_reader_init(&reader, frame->payload, frame->length);
    plan_facts_read(&reader, &arena, &plan);
    message_reader_init(&reader, frame->payload, frame->length);
    message_read_tree(&reader, &arena);
    message_reader_init(&reader, frame->payload, frame->length);
    while (!reader.bad && reader.at < reader.length) {
        message_read_string(&reader);
        message_read_count(&reader, 9);
        message_read_double(&reader);
    }
    arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    int pair[2];
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    n = n < 60000 ? n : 60000; /* fits the socket's buffer */
    FUZZ_CHECK(write(pair[1], bytes, n) == (ssize_t)n);
    close(pair[1]);
    struct frame_reader reader;
    frame_reader_init(&reader, 1 << 20);
    enum status status = STATUS_OK;
    bool end = false;
    while (status == STATUS_OK && !end) {
        struct frame frame;
        struct error error = {0};
        bool found = true;
        status = frame_reader_feed(&reader, pair[0], &end, &error);
        while (status == STATUS_OK && found) {
            status = frame_reader_next(&reader, &frame, &found, &error);
            if (status == STATUS_OK && found)
                read_frame(&frame);
        }
    }
    frame_reader_clear(&reader);
    close(pair[0]);
    return 0;
}

#include "runner/schedule/trial_log.h"

#include <string.h>

void trial_log_init(struct trial_log *log) {
    *log = (struct trial_log){.dropped = 0};
    text_init(&log->head);
    text_init(&log->tail);
}

void trial_log_clear(struct trial_log *log) {
    text_clear(&log->head);
    text_clear(&log->tail);
}

void trial_log_reset(struct trial_log *log) {
    text_reset(&log->head);
    text_reset(&log->tail);
    log->dropped = 0;
}

static void shorten(struct trial_log *log) {
    size_t extra = log->tail.length > TRIAL_LOG_TAIL ? log->tail.length - TRIAL_LOG_TAIL : 0;
    if (extra == 0)
        return;
    memmove(log->tail.data, log->tail.data + extra, TRIAL_LOG_TAIL);
    log->tail.length = TRIAL_LOG_TAIL;
    log->tail.data[TRIAL_LOG_TAIL] = '\0';
    log->dropped += extra;
}

void trial_log_add(struct trial_log *log, const char *bytes, size_t n) {
    size_t room = TRIAL_LOG_HEAD - log->head.length, to_head = n < room ? n : room;
    text_add_bytes(&log->head, bytes, to_head);
    for (size_t at = to_head; at < n;) {
        size_t part = n - at < TRIAL_LOG_TAIL ? n - at : TRIAL_LOG_TAIL;
        text_add_bytes(&log->tail, bytes + at, part);
        at += part;
        if (log->tail.length >= (size_t)2 * TRIAL_LOG_TAIL)
            shorten(log);
    }
}

static void add_part(struct trial_log *log, const struct child *child, size_t at, size_t end) {
    char buffer[8192];
    while (at < end) {
        size_t n = child_log_read(child, at, buffer, end - at < sizeof buffer ? end - at : sizeof buffer);
        if (n == 0)
            return;
        trial_log_add(log, buffer, n);
        at += n;
    }
}

/* Of a flood only what will be kept is read. */
void trial_log_take(struct trial_log *log, struct child *child) {
    size_t size = child_log_size(child), first = TRIAL_LOG_HEAD - log->head.length;
    if (size == 0)
        return;
    if (size <= first + TRIAL_LOG_TAIL) {
        add_part(log, child, 0, size);
    } else {
        add_part(log, child, 0, first);
        log->dropped += log->tail.length + size - TRIAL_LOG_TAIL - first;
        text_reset(&log->tail);
        add_part(log, child, size - TRIAL_LOG_TAIL, size);
    }
    child_log_drop(child, size);
}

void trial_log_write(const struct trial_log *log, struct text *out) {
    size_t extra = log->tail.length > TRIAL_LOG_TAIL ? log->tail.length - TRIAL_LOG_TAIL : 0;
    uint64_t dropped = log->dropped + extra;
    text_add_bytes(out, log->head.data, log->head.length);
    if (dropped > 0)
        text_printf(out, "\n[%llu bytes are left out]\n", (unsigned long long)dropped);
    text_add_bytes(out, log->tail.data + extra, log->tail.length - extra);
}

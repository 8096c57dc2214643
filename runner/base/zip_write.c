#include "runner/base/zip_write.h"

#include "runner/base/arena.h"
#include "runner/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { END64_SIZE = 56 };
#define LOCAL_MAGIC 0x04034b50u
#define CENTRAL_MAGIC 0x02014b50u
#define END_MAGIC 0x06054b50u
#define END64_MAGIC 0x06064b50u
#define LOCATOR_MAGIC 0x07064b50u
#define EPOCH_DATE 0x21u /* 1980-01-01, the first day that ZIP knows */

struct written {
    char *name;
    uint64_t size, header;
    uint32_t crc;
};

static uint32_t checksum(uint32_t crc, const void *bytes, size_t n) {
    return (uint32_t)crc32_z(crc, bytes, n);
}

void zip_writer_init(struct zip_writer *writer, int fd) {
    *writer = (struct zip_writer){.fd = fd};
}

static enum status put(struct zip_writer *writer, const void *bytes, size_t n, struct error *error) {
    const unsigned char *at = bytes;
    writer->at += n;
    while (n > 0) {
        ssize_t written = write(writer->fd, at, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return error_set(error, STATUS_ENVIRONMENT, "cannot write an archive: %s",
                             written < 0 ? strerror(errno) : "nothing is taken");
        at += written;
        n -= (size_t)written;
    }
    return STATUS_OK;
}

static void add_number(struct text *text, uint64_t number, int n) {
    for (int i = 0; i < n; i++)
        text_add_char(text, (char)(i < 8 ? number >> 8 * i & 255 : 0));
}

static uint64_t or_mark(uint64_t number) {
    return number < UINT32_MAX ? number : UINT32_MAX;
}

/* The fields that local and central header share, from "version needed" to the length of the name. */
static void add_common(struct text *text, const struct written *member, bool large) {
    add_number(text, large ? 45 : 20, 2);
    add_number(text, 0, 2); /* flags */
    add_number(text, 0, 2); /* stored */
    add_number(text, 0, 2); /* midnight */
    add_number(text, EPOCH_DATE, 2);
    add_number(text, member->crc, 4);
    add_number(text, or_mark(member->size), 4);
    add_number(text, or_mark(member->size), 4);
    add_number(text, strlen(member->name), 2);
}

enum status zip_writer_add(struct zip_writer *writer, const char *name, const void *head, size_t n_head,
                           const void *body, size_t n_body, struct error *error) {
    if (writer->count == writer->capacity) {
        writer->capacity = writer->capacity == 0 ? 16 : 2 * writer->capacity;
        writer->members = memory_resize(writer->members, writer->capacity, sizeof *writer->members);
    }
    struct written *member = &writer->members[writer->count++];
    *member = (struct written){.name = memory_copy_text(name), .size = n_head + n_body, .header = writer->at};
    member->crc = checksum(checksum(0, head, n_head), body, n_body);
    bool large = member->size >= UINT32_MAX;
    struct text text;
    text_init(&text);
    add_number(&text, LOCAL_MAGIC, 4);
    add_common(&text, member, large);
    add_number(&text, large ? 20 : 0, 2);
    text_add(&text, name);
    if (large) {
        add_number(&text, 1, 2);
        add_number(&text, 16, 2);
        add_number(&text, member->size, 8);
        add_number(&text, member->size, 8);
    }
    enum status status = put(writer, text.data, text.length, error);
    if (status == STATUS_OK)
        status = put(writer, head, n_head, error);
    if (status == STATUS_OK)
        status = put(writer, body, n_body, error);
    text_clear(&text);
    return status;
}

static void add_central(struct text *text, const struct written *member) {
    struct text extra;
    text_init(&extra);
    if (member->size >= UINT32_MAX) {
        add_number(&extra, member->size, 8);
        add_number(&extra, member->size, 8);
    }
    if (member->header >= UINT32_MAX)
        add_number(&extra, member->header, 8);
    add_number(text, CENTRAL_MAGIC, 4);
    add_number(text, extra.length > 0 ? 45 : 20, 2); /* made by */
    add_common(text, member, extra.length > 0);
    add_number(text, extra.length > 0 ? extra.length + 4 : 0, 2);
    add_number(text, 0, 2 + 2 + 2 + 4); /* comment, disk, attributes */
    add_number(text, or_mark(member->header), 4);
    text_add(text, member->name);
    if (extra.length > 0) {
        add_number(text, 1, 2);
        add_number(text, extra.length, 2);
        text_add_bytes(text, extra.data, extra.length);
    }
    text_clear(&extra);
}

static void add_end(struct text *text, uint64_t offset, uint64_t size, uint64_t count) {
    if (count >= UINT16_MAX || offset >= UINT32_MAX || size >= UINT32_MAX) {
        add_number(text, END64_MAGIC, 4);
        add_number(text, END64_SIZE - 12, 8);
        add_number(text, 45, 2);
        add_number(text, 45, 2);
        add_number(text, 0, 4);
        add_number(text, 0, 4);
        add_number(text, count, 8);
        add_number(text, count, 8);
        add_number(text, size, 8);
        add_number(text, offset, 8);
        add_number(text, LOCATOR_MAGIC, 4);
        add_number(text, 0, 4);
        add_number(text, offset + size, 8);
        add_number(text, 1, 4);
    }
    uint64_t short_count = count < UINT16_MAX ? count : UINT16_MAX;
    add_number(text, END_MAGIC, 4);
    add_number(text, 0, 4);
    add_number(text, short_count, 2);
    add_number(text, short_count, 2);
    add_number(text, or_mark(size), 4);
    add_number(text, or_mark(offset), 4);
    add_number(text, 0, 2);
}

enum status zip_writer_finish(struct zip_writer *writer, enum status status, struct error *error) {
    struct text text;
    text_init(&text);
    for (size_t i = 0; i < writer->count; i++)
        add_central(&text, &writer->members[i]);
    add_end(&text, writer->at, text.length, writer->count);
    if (status == STATUS_OK)
        status = put(writer, text.data, text.length, error);
    for (size_t i = 0; i < writer->count; i++)
        free(writer->members[i].name);
    free(writer->members);
    text_clear(&text);
    *writer = (struct zip_writer){.fd = -1};
    return status;
}

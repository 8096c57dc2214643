#include "runner/base/zip.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define END_MAGIC 0x06054b50u       /* end of the central directory */
#define LOCATOR_MAGIC 0x07064b50u   /* of the 64-bit end */
#define END64_MAGIC 0x06064b50u     /* the 64-bit end */
#define DIRECTORY_MAGIC 0x02014b50u /* a member in the directory */
#define LOCAL_MAGIC 0x04034b50u     /* a member's local header */

enum {
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    DIRECTORY_SIZE = 46,
    LOCAL_SIZE = 30,
    ENCRYPTED = 1,
    STORED = 0,
    DEFLATED = 8,
    EXTRA64 = 1,
    DEFLATE_RATIO = 1032, /* the most that deflate can reach (zlib's technical details) */
    FIRST_BUFFER = 1 << 16
};

/* Where the directory lies. */
struct directory {
    uint64_t count, size, offset;
};

static uint16_t u16(const unsigned char *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const unsigned char *p) {
    return u16(p) | (uint32_t)u16(p + 2) << 16;
}

static uint64_t u64(const unsigned char *p) {
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static enum status bad(const struct zip *zip, const char *what, struct error *error) {
    return error_set(error, STATUS_CONFIG, "%s: %s; the ZIP archive is damaged or cut short", zip->path, what);
}

static bool inside(const struct zip *zip, uint64_t offset, uint64_t size) {
    return offset <= zip->n && size <= zip->n - offset;
}

/* The end record is the last thing in the file but for a comment of at most 65535 bytes, whose length it holds. */
static bool find_end(const struct zip *zip, uint64_t *end) {
    for (uint64_t comment = 0; comment <= UINT16_MAX && comment + END_SIZE <= zip->n; comment++) {
        *end = zip->n - END_SIZE - comment;
        if (u32(zip->bytes + *end) == END_MAGIC && u16(zip->bytes + *end + 20) == comment)
            return true;
    }
    return false;
}

static enum status read_end64(const struct zip *zip, uint64_t end, struct directory *directory, struct error *error) {
    const unsigned char *locator = zip->bytes + end - LOCATOR_SIZE;
    if (end < LOCATOR_SIZE || u32(locator) != LOCATOR_MAGIC)
        return STATUS_OK; /* sizes of all ones that are meant */
    const uint64_t offset = u64(locator + 8);
    if (!inside(zip, offset, END64_SIZE) || u32(zip->bytes + offset) != END64_MAGIC)
        return bad(zip, "its 64-bit end of the directory is not where it should be", error);
    const unsigned char *record = zip->bytes + offset;
    if (u32(record + 16) != 0 || u32(record + 20) != 0)
        return error_set(error, STATUS_CONFIG, "%s: it is one of several parts of a ZIP archive; join them", zip->path);
    *directory = (struct directory){u64(record + 32), u64(record + 40), u64(record + 48)};
    return STATUS_OK;
}

static enum status find_directory(const struct zip *zip, struct directory *directory, struct error *error) {
    uint64_t end;
    if (zip->n < 4 || zip->bytes[0] != 'P' || zip->bytes[1] != 'K')
        return error_set(error, STATUS_CONFIG,
                         "%s: it does not start as a ZIP archive (PK), wanted one, as numpy.savez() writes it",
                         zip->path);
    if (!find_end(zip, &end))
        return bad(zip, "it has no end of the directory", error);
    const unsigned char *record = zip->bytes + end;
    *directory = (struct directory){u16(record + 10), u32(record + 12), u32(record + 16)};
    enum status status = STATUS_OK;
    if (directory->count == UINT16_MAX || directory->size == UINT32_MAX || directory->offset == UINT32_MAX)
        status = read_end64(zip, end, directory, error);
    else if (u16(record + 4) != 0 || u16(record + 6) != 0)
        return error_set(error, STATUS_CONFIG, "%s: it is one of several parts of a ZIP archive; join them", zip->path);
    if (status == STATUS_OK &&
        (!inside(zip, directory->offset, directory->size) || directory->count > directory->size / DIRECTORY_SIZE))
        status = bad(zip, "its directory reaches beyond its end", error);
    return status;
}

/* The 64-bit extra field holds, in this order, those numbers whose place in the header is all ones. */
static bool read_extra64(const unsigned char *extra, uint64_t length, struct zip_member *member) {
    uint64_t *const numbers[] = {&member->size, &member->packed, &member->header};
    while (length >= 4) {
        const uint16_t id = u16(extra), size = u16(extra + 2);
        if (size > length - 4)
            return false;
        uint64_t used = 0;
        for (int i = 0; i < 3 && id == EXTRA64; i++) {
            if (*numbers[i] != UINT32_MAX)
                continue;
            if (used + 8 > size)
                return false;
            *numbers[i] = u64(extra + 4 + used);
            used += 8;
        }
        if (id == EXTRA64)
            return true;
        extra += 4 + size;
        length -= 4u + size;
    }
    return true;
}

static enum status read_member(const struct zip *zip, const struct directory *directory, uint64_t *offset,
                               struct arena *arena, struct zip_member *member, struct error *error) {
    const uint64_t end = directory->offset + directory->size;
    const unsigned char *p = zip->bytes + *offset;
    if (end - *offset < DIRECTORY_SIZE || u32(p) != DIRECTORY_MAGIC)
        return bad(zip, "its directory holds something that is no member", error);
    const uint64_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
    if (end - *offset - DIRECTORY_SIZE < name + extra + comment)
        return bad(zip, "a member reaches beyond the directory", error);
    *member = (struct zip_member){
        .name = arena_copy_bytes(arena, p + DIRECTORY_SIZE, name),
        .flags = u16(p + 8),
        .method = u16(p + 10),
        .crc = u32(p + 16),
        .packed = u32(p + 20),
        .size = u32(p + 24),
        .header = u32(p + 42),
    };
    if (!read_extra64(p + DIRECTORY_SIZE + name, extra, member))
        return bad(zip, "the extra fields of a member do not fit", error);
    *offset += DIRECTORY_SIZE + name + extra + comment;
    return STATUS_OK;
}

enum status zip_open(const unsigned char *bytes, uint64_t n, const char *path, struct arena *arena, struct zip *zip,
                     struct error *error) {
    struct directory directory = {0};
    *zip = (struct zip){.bytes = bytes, .n = n, .path = path};
    enum status status = find_directory(zip, &directory, error);
    if (status != STATUS_OK)
        return status;
    zip->members = arena_array(arena, directory.count, sizeof *zip->members);
    uint64_t offset = directory.offset;
    for (; zip->count < directory.count && status == STATUS_OK; zip->count++)
        status = read_member(zip, &directory, &offset, arena, &zip->members[zip->count], error);
    return status;
}

const struct zip_member *zip_find(const struct zip *zip, const char *name) {
    for (size_t i = zip->count; i-- > 0;)
        if (strcmp(zip->members[i].name, name) == 0)
            return &zip->members[i];
    return NULL;
}

/* Decompresses exactly `size` bytes; the buffer grows with what is really there. NULL where it is not. */
static unsigned char *inflate_raw(const unsigned char *from, uint64_t packed, uint64_t size, const char **why) {
    z_stream stream = {0};
    uint64_t capacity = size < FIRST_BUFFER ? size : FIRST_BUFFER, length = 0;
    unsigned char *bytes = memory_resize(NULL, capacity + 1, 1);
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        memory_exhausted();
    stream.next_in = (unsigned char *)(uintptr_t)from;
    *why = NULL;
    for (int code = Z_OK; code != Z_STREAM_END && *why == NULL;) {
        if (length >= capacity && capacity < size) {
            capacity = capacity < size / 2 ? 2 * capacity : size;
            bytes = memory_resize(bytes, capacity + 1, 1);
        }
        const uint64_t room = capacity + 1 - length; /* the byte more shows what is too long */
        const unsigned in = packed < UINT_MAX ? (unsigned)packed : UINT_MAX;
        const unsigned out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
        stream.avail_in = in;
        stream.next_out = bytes + length;
        stream.avail_out = out;
        code = inflate(&stream, Z_NO_FLUSH);
        packed -= in - stream.avail_in;
        length += out - stream.avail_out;
        if (code == Z_MEM_ERROR)
            memory_exhausted();
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            *why = "its deflated data is corrupt";
        else if (length > size)
            *why = "it holds more than the directory says";
        else if (code != Z_STREAM_END && packed == 0 && stream.avail_out > 0)
            *why = "its deflated data is cut short";
    }
    inflateEnd(&stream);
    if (*why == NULL && length < size)
        *why = "it holds less than the directory says";
    return bytes;
}

static uint32_t crc_of(const unsigned char *bytes, uint64_t n) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, n);
}

/* What forbids reading the member, or NULL. */
static const char *refusal(const struct zip *zip, const struct zip_member *member, const unsigned char **from) {
    if (member->flags & ENCRYPTED)
        return "it is encrypted";
    if (member->method != STORED && member->method != DEFLATED)
        return "it is compressed by another method than deflate; write it with numpy.savez() or savez_compressed()";
    if (!inside(zip, member->header, LOCAL_SIZE) || u32(zip->bytes + member->header) != LOCAL_MAGIC)
        return "its local header is not where it should be; the ZIP archive is damaged or cut short";
    const unsigned char *local = zip->bytes + member->header;
    const uint64_t start = member->header + LOCAL_SIZE + u16(local + 26) + u16(local + 28);
    if (!inside(zip, start, member->packed))
        return "its data reaches beyond the end of the file; the ZIP archive is damaged or cut short";
    if (member->method == STORED ? member->size != member->packed : member->size / DEFLATE_RATIO > member->packed)
        return "its size cannot be that of its data; the ZIP archive is damaged";
    *from = zip->bytes + start;
    return NULL;
}

enum status zip_read(const struct zip *zip, const struct zip_member *member, uint64_t limit, unsigned char **bytes,
                     struct error *error) {
    const unsigned char *from = NULL;
    const char *why = refusal(zip, member, &from);
    *bytes = NULL;
    if (why != NULL)
        return error_set(error, STATUS_CONFIG, "%s: %s: %s", zip->path, member->name, why);
    if (member->size > limit)
        return error_set(error, STATUS_CONFIG,
                         "%s: %s: it says that it has %" PRIu64 " bytes, more than the %" PRIu64 " allowed", zip->path,
                         member->name, member->size, limit);
    if (member->method == DEFLATED) {
        *bytes = inflate_raw(from, member->packed, member->size, &why);
    } else {
        *bytes = memory_resize(NULL, member->size + 1, 1);
        memcpy(*bytes, from, member->size);
    }
    if (why == NULL && crc_of(*bytes, member->size) != member->crc)
        why = "its checksum does not fit";
    if (why == NULL) {
        (*bytes)[member->size] = '\0';
        return STATUS_OK;
    }
    free(*bytes);
    *bytes = NULL;
    return error_set(error, STATUS_CONFIG, "%s: %s: %s; the ZIP archive is damaged", zip->path, member->name, why);
}

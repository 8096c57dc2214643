#define ZLIB_CONST
#include "runner/base/unpack.h"

#include "runner/base/arena.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_WRAPPER = 16, PART = 1 << 16 };

struct unpacker_gzip {
    z_stream stream;
    bool follows; /* a member came before */
    unsigned char part[PART];
};

bool gzip_is(const unsigned char *bytes, size_t n) {
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

size_t gzip_most(size_t limit) {
    return limit <= SIZE_MAX / 2 ? limit + limit / 1024 + 4096 : limit;
}

void unpacker_init(struct unpacker *unpacker, const char *path, size_t limit, take_bytes take, void *context) {
    *unpacker = (struct unpacker){.path = path, .limit = limit, .take = take, .context = context};
}

void unpacker_clear(struct unpacker *unpacker) {
    if (unpacker->gzip != NULL)
        inflateEnd(&unpacker->gzip->stream);
    free(unpacker->gzip);
    unpacker->gzip = NULL;
}

static enum status bad(const struct unpacker *unpacker, const char *what, struct error *error) {
    return error_set(error, STATUS_CONFIG, "cannot read %s: %s; fetch or compress it again", unpacker->path, what);
}

static enum status give(struct unpacker *unpacker, const unsigned char *bytes, size_t n, struct error *error) {
    if (n == 0)
        return STATUS_OK;
    if (n > unpacker->limit - unpacker->length)
        return error_set(error, STATUS_CONFIG, "cannot read %s: %sit has more than %zu bytes, the most allowed",
                         unpacker->path, unpacker->packed ? "decompressed " : "", unpacker->limit);
    unpacker->length += n;
    return unpacker->take(unpacker->context, bytes, n, error);
}

/* What inflate() said. Its first complaint about what follows a member is that it does not begin as gzip does. */
static enum status judge(const struct unpacker *unpacker, int code, struct error *error) {
    const struct unpacker_gzip *gzip = unpacker->gzip;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR)
        return STATUS_OK;
    if (code == Z_MEM_ERROR)
        return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: out of memory", unpacker->path);
    return bad(unpacker,
               gzip->follows && gzip->stream.total_in <= 2 ? "something that is not gzip follows its gzip data"
                                                           : "its gzip data is corrupt",
               error);
}

static enum status unpack(struct unpacker *unpacker, const unsigned char *bytes, size_t n, struct error *error) {
    struct unpacker_gzip *gzip = unpacker->gzip;
    z_stream *stream = &gzip->stream;
    enum status status = STATUS_OK;
    for (bool more = false; status == STATUS_OK && (n > 0 || more);) {
        if (unpacker->between && *bytes == 0) { /* padding, as tapes had it */
            bytes++;
            n--;
            continue;
        }
        if (unpacker->between)
            inflateReset(stream);
        unpacker->between = false;
        const unsigned in = n < UINT_MAX ? (unsigned)n : UINT_MAX;
        stream->next_in = bytes;
        stream->avail_in = in;
        stream->next_out = gzip->part;
        stream->avail_out = PART;
        const int code = inflate(stream, Z_NO_FLUSH);
        bytes += in - stream->avail_in;
        n -= in - stream->avail_in;
        more = stream->avail_out == 0 && code != Z_STREAM_END;
        unpacker->between = code == Z_STREAM_END;
        gzip->follows |= unpacker->between;
        status = give(unpacker, gzip->part, PART - stream->avail_out, error);
        if (status == STATUS_OK)
            status = judge(unpacker, code, error);
    }
    return status;
}

/* Once two bytes are there, or no more come. */
static enum status find_out(struct unpacker *unpacker, struct error *error) {
    unpacker->known = true;
    unpacker->packed = gzip_is(unpacker->head, unpacker->n_head);
    if (!unpacker->packed)
        return give(unpacker, unpacker->head, unpacker->n_head, error);
    unpacker->gzip = memory_alloc(1, sizeof *unpacker->gzip);
    unpacker->gzip->stream = (z_stream){0};
    unpacker->gzip->follows = false;
    if (inflateInit2(&unpacker->gzip->stream, MAX_WBITS + GZIP_WRAPPER) != Z_OK)
        return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: zlib does not start, out of memory",
                         unpacker->path);
    return unpack(unpacker, unpacker->head, unpacker->n_head, error);
}

enum status unpacker_add(struct unpacker *unpacker, const unsigned char *bytes, size_t n, struct error *error) {
    enum status status = STATUS_OK;
    for (; !unpacker->known && n > 0 && status == STATUS_OK; bytes++, n--) {
        unpacker->head[unpacker->n_head++] = *bytes;
        if (unpacker->n_head == sizeof unpacker->head)
            status = find_out(unpacker, error);
    }
    if (status != STATUS_OK || n == 0)
        return status;
    return unpacker->packed ? unpack(unpacker, bytes, n, error) : give(unpacker, bytes, n, error);
}

enum status unpacker_end(struct unpacker *unpacker, struct error *error) {
    if (!unpacker->known)
        return find_out(unpacker, error);
    if (!unpacker->packed || unpacker->between)
        return STATUS_OK;
    return unpacker->gzip->follows && unpacker->gzip->stream.total_in < 2
               ? bad(unpacker, "something that is not gzip follows its gzip data", error)
               : bad(unpacker, "its gzip data is cut short", error);
}

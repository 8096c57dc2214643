#include "runner/base/file.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_WRAPPER = 16, FIRST_BUFFER = 1 << 16 };

struct output {
    unsigned char *bytes;
    size_t length, capacity;
};

static enum status bad(const char *path, const char *what, struct error *error) {
    return error_set(error, STATUS_CONFIG, "cannot read %s: %s; fetch or compress it again", path, what);
}

/* Decompresses one member, from stream->next_in on, of which `left` bytes are there. */
static enum status inflate_member(const char *path, z_stream *stream, size_t *left, size_t limit, struct output *output,
                                  struct error *error) {
    for (int code = Z_OK; code != Z_STREAM_END;) {
        if (output->length == output->capacity) {
            output->capacity = output->capacity ? 2 * output->capacity : FIRST_BUFFER;
            output->bytes = memory_resize(output->bytes, output->capacity, 1);
        }
        size_t room = output->capacity - output->length;
        unsigned in = *left < UINT_MAX ? (unsigned)*left : UINT_MAX, out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
        stream->avail_in = in;
        stream->next_out = output->bytes + output->length;
        stream->avail_out = out;
        code = inflate(stream, Z_NO_FLUSH);
        *left -= in - stream->avail_in;
        output->length += out - stream->avail_out;
        if (output->length > limit) {
            return error_set(error, STATUS_CONFIG,
                             "cannot read %s: decompressed it has more than %zu bytes, the most allowed", path, limit);
        }
        if (code == Z_MEM_ERROR) {
            return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: out of memory", path);
        }
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
            return bad(path, "its gzip data is corrupt", error);
        }
        if (code != Z_STREAM_END && *left == 0 && stream->avail_out > 0) {
            return bad(path, "its gzip data is cut short", error);
        }
    }
    return STATUS_OK;
}

bool gzip_is(const unsigned char *bytes, size_t n) {
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static enum status inflate_all(const char *path, unsigned char *packed, size_t left, size_t limit,
                               struct output *output, struct error *error) {
    z_stream stream = {.next_in = packed};
    if (inflateInit2(&stream, MAX_WBITS + GZIP_WRAPPER) != Z_OK) {
        return error_set(error, STATUS_ENVIRONMENT, "cannot read %s: zlib does not start, out of memory", path);
    }
    enum status status;
    for (;;) {
        status = inflate_member(path, &stream, &left, limit, output, error);
        while (left > 0 && *stream.next_in == 0) { /* padding, as tapes had it */
            stream.next_in++;
            left--;
        }
        if (status != STATUS_OK || left == 0) {
            break;
        }
        if (!gzip_is(stream.next_in, left)) {
            status = bad(path, "something that is not gzip follows its gzip data", error);
            break;
        }
        inflateReset(&stream);
    }
    inflateEnd(&stream);
    return status;
}

size_t gzip_most(size_t limit) {
    return limit <= SIZE_MAX / 2 ? limit + limit / 1024 + 4096 : limit;
}

enum status gzip_expand(const char *path, unsigned char *packed, size_t n_packed, size_t limit, unsigned char **bytes,
                        size_t *n, struct error *error) {
    struct output output = {0};
    *bytes = NULL;
    *n = 0;
    enum status status = inflate_all(path, packed, n_packed, limit, &output, error);
    if (status != STATUS_OK) {
        free(output.bytes);
        return status;
    }
    output.bytes = memory_resize(output.bytes, output.length + 1, 1);
    output.bytes[output.length] = '\0';
    *bytes = output.bytes;
    *n = output.length;
    return STATUS_OK;
}

enum status file_read_all_gzip(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error) {
    enum status status = file_read(path, gzip_most(limit), bytes, n, error);
    if (status != STATUS_OK || (!gzip_is(*bytes, *n) && *n <= limit)) {
        return status;
    }
    unsigned char *packed = *bytes;
    size_t n_packed = *n;
    *bytes = NULL;
    *n = 0;
    if (gzip_is(packed, n_packed)) {
        status = gzip_expand(path, packed, n_packed, limit, bytes, n, error);
    } else {
        status = error_set(error, STATUS_CONFIG, "cannot read %s: it has more than %zu bytes, the most allowed", path,
                           limit);
    }
    free(packed);
    return status;
}

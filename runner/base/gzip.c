/* Whole files, which may be gzip. */
#include "runner/base/file.h"
#include "runner/base/text.h"
#include "runner/base/unpack.h"

#include <stdlib.h>

static enum status append(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    (void)error;
    text_add_bytes(context, (const char *)bytes, n);
    return STATUS_OK;
}

static enum status expand(const char *path, const unsigned char *packed, size_t n_packed, size_t limit,
                          unsigned char **bytes, size_t *n, struct error *error) {
    struct text text;
    struct unpacker unpacker;
    text_init(&text);
    unpacker_init(&unpacker, path, limit, append, &text);
    enum status status = unpacker_add(&unpacker, packed, n_packed, error);
    if (status == STATUS_OK)
        status = unpacker_end(&unpacker, error);
    unpacker_clear(&unpacker);
    if (status == STATUS_OK) {
        *n = text.length;
        *bytes = memory_resize(text_take(&text), *n + 1, 1);
    }
    text_clear(&text);
    return status;
}

enum status file_read_all_gzip(const char *path, size_t limit, unsigned char **bytes, size_t *n, struct error *error) {
    enum status status = file_read(path, gzip_most(limit), bytes, n, error);
    if (status != STATUS_OK || (!gzip_is(*bytes, *n) && *n <= limit))
        return status;
    unsigned char *packed = *bytes;
    const size_t n_packed = *n;
    *bytes = NULL;
    *n = 0;
    status = expand(path, packed, n_packed, limit, bytes, n, error);
    free(packed);
    return status;
}

#include "runner/cli/published.h"

#include "runner/base/file.h"

#include <inttypes.h>
#include <string.h>

static enum status hash(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    (void)error;
    sha256_add(context, bytes, n);
    return STATUS_OK;
}

void published_init(struct published *published, const struct catalog_download *file, const char *from) {
    published->file = file;
    sha256_init(&published->sha256);
    unpacker_init(&published->unpacker, from, file->size, hash, &published->sha256);
}

enum status published_add(void *context, const unsigned char *bytes, size_t n, struct error *error) {
    struct published *published = context;
    return unpacker_add(&published->unpacker, bytes, n, error);
}

enum status published_end(struct published *published, struct error *error) {
    char sha256[65];
    const struct catalog_download *file = published->file;
    const struct unpacker *unpacker = &published->unpacker;
    const enum status status = unpacker_end(&published->unpacker, error);
    if (status != STATUS_OK)
        return status;
    if (unpacker->length != file->size)
        return error_set(error, STATUS_ENVIRONMENT, "%s: found %zu bytes, wanted %" PRIu64, unpacker->path,
                         unpacker->length, file->size);
    if (strcmp(sha256_result(&published->sha256, sha256), file->sha256) != 0)
        return error_set(error, STATUS_ENVIRONMENT, "%s: found the SHA-256 %s, wanted %s", unpacker->path, sha256,
                         file->sha256);
    return STATUS_OK;
}

void published_clear(struct published *published) {
    unpacker_clear(&published->unpacker);
    sha256_clear(&published->sha256);
}

enum status published_check_file(const struct catalog_download *file, const char *path, struct error *error) {
    struct published published;
    published_init(&published, file, path);
    enum status status = file_read_parts(path, published_add, &published, error);
    if (status == STATUS_OK)
        status = published_end(&published, error);
    published_clear(&published);
    return status;
}

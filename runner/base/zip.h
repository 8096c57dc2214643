/*
 * Reading ZIP archives that are in memory (PKWARE's APPNOTE 6.3.9), as numpy's .npz files are: stored and deflated members, with
 * the 64-bit extension. Thread-safe.
 *
 * Nothing in an archive is trusted: each offset and size is checked against the bytes that are there, sizes against what deflate
 * can reach and against a limit, contents against their CRC-32. Errors are STATUS_CONFIG and begin with `path`.
 */
#ifndef RUNNER_BASE_ZIP_H
#define RUNNER_BASE_ZIP_H

#include "runner/base/arena.h"
#include "runner/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct zip_member {
    const char *name;
    uint16_t flags, method; /* as in the archive; zip_read() refuses what it cannot read */
    uint32_t crc;
    uint64_t packed, size; /* bytes in the archive, and decompressed */
    uint64_t header;       /* offset of the local header */
};

struct zip {
    const unsigned char *bytes;
    uint64_t n;
    const char *path; /* for messages */
    size_t count;
    struct zip_member *members; /* [count], in the order of the archive's directory */
};

/* Reads the directory. `bytes` and `path` must outlive the zip; names and members live in `arena`. */
enum status zip_open(const unsigned char *bytes, uint64_t n, const char *path, struct arena *arena, struct zip *zip,
                     struct error *error);
/* The last member of that name, as later ones replace earlier ones; NULL where there is none. */
const struct zip_member *zip_find(const struct zip *zip, const char *name);
/* The bytes of a member, member->size of them, which the caller frees; a NUL stands behind them. NULL on failure. */
enum status zip_read(const struct zip *zip, const struct zip_member *member, uint64_t limit, unsigned char **bytes,
                     struct error *error);

#endif

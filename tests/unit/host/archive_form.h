/* The form of .npz files, from the descriptions of the formats (PKWARE's APPNOTE, NumPy's NEP 1), all members stored. */
#ifndef TESTS_UNIT_HOST_ARCHIVE_FORM_H
#define TESTS_UNIT_HOST_ARCHIVE_FORM_H

#include "runner/base/text.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

struct archive {
    struct text bytes, directory;
    unsigned members;
};

static inline void archive_init(struct archive *archive) {
    text_init(&archive->bytes);
    text_init(&archive->directory);
    archive->members = 0;
}

static inline void add_number(struct text *text, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++)
        text_add_char(text, (char)(unsigned char)(number >> (8 * i)));
}

/* What the local header and the directory have in common. */
static inline void add_common(struct text *text, const void *bytes, size_t n, size_t name) {
    add_number(text, 20, 2);
    add_number(text, 0, 2 + 2 + 4); /* flags, stored, time */
    add_number(text, crc32_z(crc32_z(0, NULL, 0), bytes, n), 4);
    add_number(text, n, 4);
    add_number(text, n, 4);
    add_number(text, name, 2);
    add_number(text, 0, 2);
}

static inline void archive_member(struct archive *archive, const char *name, const void *bytes, size_t n) {
    const size_t offset = archive->bytes.length, length = strlen(name);
    text_add(&archive->bytes, "PK\3\4");
    add_common(&archive->bytes, bytes, n, length);
    text_add(&archive->bytes, name);
    text_add_bytes(&archive->bytes, bytes, n);
    text_add(&archive->directory, "PK\1\2");
    add_number(&archive->directory, 20, 2);
    add_common(&archive->directory, bytes, n, length);
    add_number(&archive->directory, 0, 6);
    add_number(&archive->directory, 0, 4);
    add_number(&archive->directory, offset, 4);
    text_add(&archive->directory, name);
    archive->members++;
}

/* The array NAME.npy whose header is the given dictionary. */
static inline void archive_array(struct archive *archive, const char *name, const char *dictionary, const void *values,
                                 size_t n) {
    struct text array;
    char member[64];
    snprintf(member, sizeof member, "%s.npy", name);
    text_init(&array);
    text_add(&array, "\x93NUMPY");
    add_number(&array, 1, 2);
    add_number(&array, strlen(dictionary) + 1, 2);
    text_printf(&array, "%s\n", dictionary);
    text_add_bytes(&array, values, n);
    archive_member(archive, member, array.data, array.length);
    text_clear(&array);
}

/* Puts the directory behind the members. */
static inline void archive_end(struct archive *archive) {
    const size_t start = archive->bytes.length;
    text_add_bytes(&archive->bytes, archive->directory.data, archive->directory.length);
    text_add(&archive->bytes, "PK\5\6");
    add_number(&archive->bytes, 0, 4);
    add_number(&archive->bytes, archive->members, 2);
    add_number(&archive->bytes, archive->members, 2);
    add_number(&archive->bytes, archive->directory.length, 4);
    add_number(&archive->bytes, start, 4);
    add_number(&archive->bytes, 0, 2);
}

static inline void archive_clear(struct archive *archive) {
    text_clear(&archive->bytes);
    text_clear(&archive->directory);
}

#endif

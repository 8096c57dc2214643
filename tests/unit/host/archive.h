/* Writes files into the folder of a data set's test. */
#ifndef TESTS_UNIT_HOST_ARCHIVE_H
#define TESTS_UNIT_HOST_ARCHIVE_H

#include "tests/unit/host/archive_form.h"
#include "tests/unit/host/data_setup.h"

static inline void write_bytes(struct setup *setup, const char *name, const void *bytes, size_t n) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", setup->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Ends, writes and clears it. */
static inline void archive_write(struct archive *archive, struct setup *setup, const char *name) {
    archive_end(archive);
    write_bytes(setup, name, archive->bytes.data, archive->bytes.length);
    archive_clear(archive);
}

#endif

/* The data sets npz and quadratic. The first byte chooses between an archive, and an array that stands for all in an archive. */
#include "tests/fuzz/data.h"

#include "tests/unit/host/archive_form.h"

static const char *archive_of(const uint8_t *bytes, size_t n) {
    static const char *const names[] = {"x_train.npy", "y_train.npy", "x_test.npy",
                                        "y_test.npy",  "hessian.npy", "start.npy"};
    struct archive archive;
    archive_init(&archive);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        archive_member(&archive, names[i], bytes, n);
    archive_end(&archive);
    const char *path = fuzz_file(archive.bytes.data, archive.bytes.length);
    archive_clear(&archive);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const settings[] = {"npz: {path: %s}", "npz: {path: %s, targets: labels, test: 0, x_test: null}",
                                           "npz: {path: %s, targets: values, validation: 1, y_train: x_train}",
                                           "quadratic: {path: %s, train: 1}"};
    char yaml[200];
    if (n == 0)
        return 0;
    const char *path = bytes[0] & 4 ? archive_of(bytes + 1, n - 1) : fuzz_file(bytes + 1, n - 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(yaml, sizeof yaml, settings[bytes[0] & 3], path);
#pragma GCC diagnostic pop
    fuzz_data(yaml);
    return 0;
}

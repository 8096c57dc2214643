/* The data set cifar10, all of whose files are the same. */
#include "tests/fuzz/data.h"

static char folder[] = "/tmp/runner-fuzz-XXXXXX";

static void remove_folder(void) {
    char path[64];
    for (int k = 1; k <= 6; k++) {
        snprintf(path, sizeof path, k < 6 ? "%s/data_batch_%d.bin" : "%s/test_batch.bin", folder, k);
        unlink(path);
    }
    rmdir(folder);
}

/* The files are links to the one in memory. */
static void make_folder(const char *file) {
    static int made;
    char path[64];
    if (made)
        return;
    made = 1;
    FUZZ_CHECK(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
    for (int k = 1; k <= 6; k++) {
        snprintf(path, sizeof path, k < 6 ? "%s/data_batch_%d.bin" : "%s/test_batch.bin", folder, k);
        FUZZ_CHECK(symlink(file, path) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    char yaml[200];
    make_folder(fuzz_file(bytes, n));
    snprintf(yaml, sizeof yaml, "cifar10: {path: %s}", folder);
    fuzz_data(yaml);
    return 0;
}

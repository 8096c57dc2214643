/* The data set idx. Two bytes say how long the images are; the labels follow. */
#include "tests/fuzz/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    char yaml[400];
    if (n < 2)
        return 0;
    const size_t wanted = bytes[0] | (size_t)bytes[1] << 8, images = wanted < n - 2 ? wanted : n - 2;
    const char *labels = fuzz_second_file(bytes + 2 + images, n - 2 - images);
    const char *path = fuzz_file(bytes + 2, images);
    snprintf(yaml, sizeof yaml,
             "idx: {train_images: %s, train_labels: %s, test_images: %s, test_labels: %s, validation: 0.3}", path,
             labels, path, labels);
    fuzz_data(yaml);
    return 0;
}

/* The data set csv. The first byte chooses the parameters, the rest is the table. */
#include "tests/fuzz/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const settings[] = {
        "test: 0",
        "test: 0.5, missing: mean, standardize: true, categorical: 0",
        "header: false, missing: drop, test: 1, seed: 3",
        "missing: median, label: 0, targets: values, validation: 0.2",
        "missing: most_frequent, categorical: [0, 1], delimiter: whitespace, na_values: '?'",
        "missing: constant, delimiter: ';', decimal: ',', skiprows: 1, targets: labels",
        "class_names: [a, b], label: -1, features: [0], delimiter: tab, test: 0",
        "label: [0, 1], train: 2, scale: 0.5, missing: drop",
    };
    char yaml[400];
    if (n == 0)
        return 0;
    const char *path = fuzz_file(bytes + 1, n - 1);
    snprintf(yaml, sizeof yaml, "csv: {path: %s, %s%s%s}", path, settings[bytes[0] & 7],
             bytes[0] & 8 ? ", test_path: " : "", bytes[0] & 8 ? path : "");
    if ((bytes[0] & 8) == 0 || (bytes[0] & 7) == 0)
        fuzz_data(yaml);
    return 0;
}

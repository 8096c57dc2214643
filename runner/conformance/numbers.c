#include "runner/conformance/numbers.h"

#include <math.h>

float random_value(uint64_t *random) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(int32_t)(*random >> 32) * 0x1p-31f;
}

double relative_error(uint64_t n, const double *a, const double *b) {
    double difference = 0, size_a = 0, size_b = 0;
    for (uint64_t i = 0; i < n; i++) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size_a += a[i] * a[i];
        size_b += b[i] * b[i];
    }
    return difference == 0 ? 0 : sqrt(difference / fmax(size_a, size_b));
}

/* What tests of products have in common: random factors, and how they work out what is wanted. */
#ifndef TESTS_UNIT_HOST_DRAWN_H
#define TESTS_UNIT_HOST_DRAWN_H

#include "runner/base/random.h"
#include "runner/host/products.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Loops in which sanitizers have nothing to find, and take most of a test's time. */
#define UNCHECKED __attribute__((no_sanitize("address"), no_sanitize("undefined"), no_sanitize("thread")))

/* Normal numbers, for a name the same each time. They are drawn once, which takes longer than products of them; single-threaded. */
static inline void drawn_copy(const char *name, uint64_t count, float *values) {
    enum { NAMES = 8 };
    static struct {
        const char *name;
        float *values;
        uint64_t count;
    } stores[NAMES];
    int s = 0;
    while (stores[s].name != NULL && strcmp(stores[s].name, name) != 0)
        if (++s == NAMES)
            abort();
    if (stores[s].count < count) {
        free(stores[s].values);
        stores[s].name = name;
        stores[s].count = count;
        stores[s].values = malloc(count * sizeof *values);
        random_fill_normal(random_key(1, name, 0), 0, 0, count, stores[s].values);
    }
    memcpy(values, stores[s].values, count * sizeof *values);
}

static inline runner_view view(float *data, uint64_t rows, uint64_t columns, uint64_t pitch) {
    return (runner_view){.data = data, .rows = rows, .columns = columns, .pitch = pitch};
}

/* One chain of fused multiply-adds along k: x of stride x_k, y of stride y_k. */
UNCHECKED static inline float chain(float sum, float alpha, const float *x, uint64_t x_k, const float *y, uint64_t y_k,
                                    uint64_t k) {
    for (uint64_t p = 0; p < k; p++)
        sum = fmaf(alpha * x[p * x_k], y[p * y_k], sum);
    return sum;
}

#endif

/* Kernels on vectors and on single rows, called by themselves: products of one row, functions, random numbers, orders. */
#include "bench/kernels.h"
#include "bench/serve.h"
#include "runner/base/random.h"
#include "runner/host/kernels.h"
#include "runner/host/vector_math.h"
#include "runner/train/tensor.h"

#include <stdio.h>
#include <stdlib.h>

enum { INPUTS = 784, UNITS = 500, ENTRIES = 150 /* of an image that are not 0 */, VALUES = 4096, ORDER = 60000 };

struct vectors {
    float *weights, *transposed, *x, *y; /* [INPUTS][pitch], likewise, [VALUES], [VALUES] */
    uint64_t pitch;
    struct sparse_entry dense[INPUTS], sparse[ENTRIES];
    uint32_t *order;
};

static void row_dense(void *context) {
    struct vectors *v = context;
    kernels_get()->row(UNITS, v->dense, INPUTS, 1, v->weights, v->pitch, v->y);
}

static void row_sparse(void *context) {
    struct vectors *v = context;
    kernels_get()->row(UNITS, v->sparse, ENTRIES, 1, v->weights, v->pitch, v->y);
}

/* The factor is so small that the weights stay what they are. */
static void outer_dense(void *context) {
    struct vectors *v = context;
    kernels_get()->outer(UNITS, v->dense, INPUTS, 1e-12f, v->x, v->weights, v->pitch);
}

static void outer_sparse(void *context) {
    struct vectors *v = context;
    kernels_get()->outer(UNITS, v->sparse, ENTRIES, 1e-12f, v->x, v->weights, v->pitch);
}

static void dots(void *context) {
    struct vectors *v = context;
    kernels_get()->dots(UNITS, UNITS, 1, v->x, v->weights, v->pitch, 0, v->y);
}

static void transpose(void *context) {
    struct vectors *v = context;
    kernels_get()->transpose(UNITS, UNITS, v->weights, v->pitch, v->transposed, v->pitch);
}

static void exps(void *context) {
    struct vectors *v = context;
    vector_exp(VALUES, v->x, v->y);
}

static void logs(void *context) {
    struct vectors *v = context;
    vector_log(VALUES, v->x, v->y);
}

static void tanhs(void *context) {
    struct vectors *v = context;
    vector_tanh(VALUES, v->x, v->y);
}

static void erfs(void *context) {
    struct vectors *v = context;
    vector_erf(VALUES, v->x, v->y);
}

static void uniform(void *context) {
    struct vectors *v = context;
    random_fill_uniform(random_key(0, "bench", 1), 0, 0, VALUES, v->y);
}

static void normal(void *context) {
    struct vectors *v = context;
    random_fill_normal(random_key(0, "bench", 1), 0, 0, VALUES, v->y);
}

static void shuffle(void *context) {
    struct vectors *v = context;
    random_permutation(random_key(0, "order", 1), ORDER, v->order);
}

#define PRODUCT(rows) (2.0 * (rows)*UNITS)
#define WEIGHTS(rows) (4.0 * (rows)*UNITS)

static const struct kernel kernels[] = {
    {"row times weights, dense", "1 x 784 -> 500", PRODUCT(INPUTS), WEIGHTS(INPUTS), WEIGHTS(INPUTS), LOOP_READ, 0,
     row_dense, NULL},
    {"row times weights, sparse", "1 x 150 of 784 -> 500", PRODUCT(ENTRIES), WEIGHTS(ENTRIES), WEIGHTS(ENTRIES),
     LOOP_READ, 0, row_sparse, NULL},
    {"outer product, dense", "784 x 500 of one row", PRODUCT(INPUTS), 2 * WEIGHTS(INPUTS), WEIGHTS(INPUTS), LOOP_UPDATE,
     1, outer_dense, NULL},
    {"outer product, sparse", "150 of 784 x 500 of one row", PRODUCT(ENTRIES), 2 * WEIGHTS(ENTRIES), WEIGHTS(ENTRIES),
     LOOP_UPDATE, 1, outer_sparse, NULL},
    {"dot products", "1 x 500 -> 500", PRODUCT(UNITS), WEIGHTS(UNITS), WEIGHTS(UNITS), LOOP_READ, 0, dots, NULL},
    {"transpose", "500 x 500", 0, 2 * WEIGHTS(UNITS), 2 * WEIGHTS(UNITS), LOOP_COPY, 0, transpose, NULL},
    {"exp", "4096", 0, 8.0 * VALUES, 8.0 * VALUES, LOOP_COPY, 0, exps, NULL},
    {"log", "4096", 0, 8.0 * VALUES, 8.0 * VALUES, LOOP_COPY, 0, logs, NULL},
    {"tanh", "4096", 0, 8.0 * VALUES, 8.0 * VALUES, LOOP_COPY, 0, tanhs, NULL},
    {"erf", "4096", 0, 8.0 * VALUES, 8.0 * VALUES, LOOP_COPY, 0, erfs, NULL},
    {"uniform numbers", "4096", 0, 4.0 * VALUES, 4.0 * VALUES, LOOP_WRITE, 0, uniform, NULL},
    {"normal numbers", "4096", 0, 4.0 * VALUES, 4.0 * VALUES, LOOP_WRITE, 0, normal, NULL},
    {"shuffle", "60000 rows", 0, 4.0 * ORDER, 4.0 * ORDER, LOOP_WRITE, 0, shuffle, NULL},
};

static float *floats(uint64_t n) {
    float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
    for (uint64_t i = 0; p != NULL && i < n; i++)
        p[i] = 0.01f * (float)(1 + i % 97);
    if (p == NULL)
        die("no memory");
    return p;
}

bool kernels_of_vectors(size_t index, struct kernel *kernel) {
    static struct vectors v;
    if (index >= sizeof kernels / sizeof *kernels)
        return false;
    if (v.weights == NULL) {
        v.pitch = row_pitch(UNITS);
        v.weights = floats(INPUTS * v.pitch), v.transposed = floats(INPUTS * v.pitch);
        v.x = floats(VALUES), v.y = floats(VALUES);
        v.order = malloc(ORDER * sizeof *v.order);
        if (v.order == NULL)
            die("no memory");
        for (uint32_t i = 0; i < INPUTS; i++)
            v.dense[i] = (struct sparse_entry){i, 1e-6f};
        for (uint32_t i = 0; i < ENTRIES; i++) /* in runs, as strokes have them */
            v.sparse[i] = (struct sparse_entry){i / 6 * 30 + i % 6, 1e-6f};
    }
    *kernel = kernels[index];
    kernel->context = &v;
    return true;
}

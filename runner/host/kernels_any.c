/* Kernels for any machine that has a fused multiply-add. */
#include "runner/host/kernels.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH 4
#define BLOCK_ROWS 6
#define LAST_STEPS 0
#define GROUP_ROWS 96
#define EQUAL_BLOCKS 0
#define DEPTH 256
#define PACKED_ROWS GROUP_ROWS
#define PACKED_DEPTH DEPTH
#define SPARSE_PANEL 8
#define MASKED_PANEL 6
#define PAIRED_ROWS 0
#define ROW_PANEL 0 /* a row does not fit the registers */
#define WIDE_PANEL 3
typedef float vec __attribute__((vector_size(WIDTH * sizeof(float))));

static inline vec vec_fma(vec a, vec b, vec c) {
    for (int i = 0; i < WIDTH; i++)
        c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
}

static inline vec vec_load_part(const float *p, unsigned long n) {
    vec v = {0};
    memcpy(&v, p, n * sizeof *p);
    return v;
}

static inline void vec_store_part(float *p, vec v, unsigned long n) {
    memcpy(p, &v, n * sizeof *p);
}

static inline unsigned vec_nonzero(vec v) {
    unsigned found = 0;
    for (unsigned i = 0; i < WIDTH; i++)
        found |= (unsigned)(v[i] != 0) << i; /* NaN is not */
    return found;
}

static inline void vec_entries(unsigned found, vec v, unsigned column, struct sparse_entry *to) {
    for (unsigned i = 0; i < WIDTH; i++) {
        *to = (struct sparse_entry){column + i, v[i]};
        to += found >> i & 1;
    }
}

static inline void transpose_8x8(const float *from, unsigned long from_pitch, float *to, unsigned long to_pitch) {
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < 8; j++)
            to[j * to_pitch + i] = from[i * from_pitch + j];
}

#include "runner/host/kernels_body.h"

KERNELS(kernels_any);

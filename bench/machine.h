/*
 * Loops that reach the machine's limits on one core; bench_machine measures them, bench_kernels compares with them.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Of the lecture's network, 784-500-500-10, biases among them. */
#define MACHINE_WEIGHTS ((size_t)(784 * 500 + 500 + 500 * 500 + 500 + 500 * 10 + 10))

enum { MACHINE_ARRAYS = 3 };

/* Passes over n floats, a multiple of 256, 64-byte aligned, as fast as the processor can make them at a working set of that size. */
void machine_read(size_t n, const float *x);
void machine_write(size_t n, float *x);
void machine_copy(size_t n, const float *from, float *to);
/* Reads and writes up to MACHINE_ARRAYS arrays of n in one loop, as an optimizer does. */
void machine_update(size_t n, int arrays, float *const *x);

/* Fused multiply-adds in registers, of the widest vectors that the processor has; false where there is no loop for it. */
bool machine_has_fma(void);
void machine_fma(void);
/* Of one call. */
double machine_fma_flops(void);

struct machine_product {
    int size; /* of all three matrices */
    bool own; /* by runner, not by OpenBLAS */
    const float *a, *b;
    float *c;
    void *workspace; /* of product_run(), 64-byte aligned */
};
/* c = a b on one thread. `context` is a struct machine_product. */
void machine_product(void *context);

#endif

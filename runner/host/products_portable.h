/*
 * The portable matrix product: c[i][j] = beta c[i][j], then fused multiply-adds of (alpha a[i][p]) b[p][j] over p in order. The same bits
 * for every vector width and every cut. [any] thread.
 */
#ifndef RUNNER_HOST_PRODUCTS_PORTABLE_H
#define RUNNER_HOST_PRODUCTS_PORTABLE_H

#include <stdint.h>

/* Element (i, p) of a is a[i * a_row + p * a_k], (p, j) of b is b[p * b_k + j * b_column]; one of b's strides is 1. */
struct portable_product {
    uint64_t m, n, k;
    float alpha, beta;
    const float *a;
    uint64_t a_row, a_k;
    const float *b;
    uint64_t b_k, b_column;
    float *c;
    uint64_t c_pitch;
    float *pack; /* portable_pack_size(k) bytes */
};

void portable_product(const struct portable_product *product);
uint64_t portable_pack_size(uint64_t k);

#endif

/*
 * Dense products whose first factor is mostly zeros, which are left out: it is listed block by block, as sparse rows are. Worker only; [any] thread.
 */
#ifndef RUNNER_HOST_PRODUCT_ZEROS_H
#define RUNNER_HOST_PRODUCT_ZEROS_H

#include "runner/host/kernels.h"
#include "runner/plugin.h"

#include <stdbool.h>

/* Up to KERNEL_ROWS rows of a factor, and as many of its columns, as entries. */
struct zeros_block {
    float turned[KERNEL_ROWS][KERNEL_ROWS]; /* of a transposed one */
    struct sparse_entry entries[KERNEL_ROWS * KERNEL_ROWS + KERNEL_LANES];
    uint64_t masks[KERNEL_ROWS];
};

/* By some rows of it. Where it errs it costs time alone. */
bool zeros_are_many(const runner_view *a);
/* Floats of a slab: KERNEL_ROWS rows of n columns. */
uint64_t product_slab(uint64_t n);
/* c += alpha op(a) b without the zeros of a. Where there is a `slab`, b is given as its transpose. */
void product_without_zeros(const struct kernels *kernels, bool a_transposed, float alpha, const runner_view *a,
                           const float *b, uint64_t b_pitch, float *slab, const runner_view *c,
                           struct zeros_block *block);

#endif

#include "runner/host/product.h"

#include <string.h>

struct product product_of(uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                          const runner_view *c) {
    struct product p = {.a_transposed = (flags & RUNNER_TRANSPOSE_A) != 0,
                        .b_transposed = (flags & RUNNER_TRANSPOSE_B) != 0,
                        .alpha = alpha,
                        .beta = beta,
                        .a = a,
                        .b = b,
                        .c = c};
    p.m = p.a_transposed ? a->columns : a->rows;
    p.k = p.a_transposed ? a->rows : a->columns;
    p.n = p.b_transposed ? b->rows : b->columns;
    p.few_rows = p.b_transposed && p.m <= KERNEL_TURNED;
    return p;
}

void product_scale(const runner_view *c, float beta) {
    if (beta == 1)
        return;
    for (uint64_t i = 0; i < c->rows; i++) {
        float *row = c->data + i * c->pitch;
        if (beta == 0)
            memset(row, 0, c->columns * sizeof *row);
        else
            for (uint64_t j = 0; j < c->columns; j++)
                row[j] *= beta;
    }
}

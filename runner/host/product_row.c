#include "runner/host/pending.h"
#include "runner/host/product.h"

uint64_t product_entries(const struct kernels *kernels, const float *x, uint64_t n, uint64_t stride,
                         struct sparse_entry *entries) {
    if (stride == 1)
        return kernels->entries(n, x, entries);
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++) {
        entries[count] = (struct sparse_entry){(uint32_t)i, x[i * stride]};
        count += x[i * stride] != 0; /* NaN is not */
    }
    return count;
}

void product_row_times(const struct kernels *kernels, const struct product *p, const struct sparse_entry *x,
                       uint64_t count, const float *b, uint64_t b_pitch) {
    struct pending_storage *pending = p->b_transposed ? NULL : pending_of(p->b);
    if (pending == NULL || pending->count == 0)
        kernels->row(p->n, x, count, p->alpha, b, b_pitch, p->c->data);
    else
        pending_times(pending, x, count, p->alpha, p->c->data);
}

bool product_one_row(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                     struct sparse_entry *entries) {
    const runner_view *a = p->a, *c = p->c;
    if (p->m != 1 && p->k != 1)
        return false;
    product_scale(c, p->beta);
    uint64_t n = p->m == 1 ? p->k : p->m, stride = (p->m == 1) == p->a_transposed ? a->pitch : 1;
    uint64_t count = product_entries(kernels, a->data, n, stride, entries);
    if (p->m == 1)
        product_row_times(kernels, p, entries, count, b, b_pitch);
    else
        kernels->outer(p->n, entries, count, p->alpha, b, c->data, c->pitch);
    return true;
}

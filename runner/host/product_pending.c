/* Products that meet updates of weights that are still to come. */
#include "runner/host/pending.h"
#include "runner/host/product.h"

#include <string.h>

static bool covers(const runner_view *view, const struct pending_storage *pending) {
    return view->data == pending->weights && view->rows == pending->rows && view->columns == pending->columns;
}

/* A product of one example, which c can keep as an update that is still to come. */
static bool may_wait(const struct product *p, const struct pending_storage *c) {
    return p->k == 1 && p->a_transposed && !p->b_transposed && p->beta == 1 && p->b->data != NULL && covers(p->c, c);
}

void product_settle(const struct product *p) {
    struct pending_storage *a = pending_of(p->a), *b = pending_of(p->b), *c = pending_of(p->c);
    if (a != NULL)
        pending_settle(a);
    if (b != NULL && (p->m > 1 || (p->b_transposed && b->transposed == NULL) || !covers(p->b, b)))
        pending_settle(b);
    if (c != NULL && (c->due == NULL || !may_wait(p, c)))
        pending_settle(c);
}

/* Makes the update in the transposed copy: every row of it, by the whole of a, whose zeros change nothing. */
static void change_transposed(const struct product *p, const struct pending_storage *pending,
                              struct sparse_entry *entries) {
    const struct kernels *kernels = kernels_get();
    const struct weights_storage *copy = pending->transposed;
    float *factors = pending->factors;
    if (p->a->data != NULL) {
        for (uint64_t i = 0; i < p->m; i++)
            factors[i] = p->alpha * p->a->data[i];
    } else {
        memset(factors, 0, p->m * sizeof *factors);
        for (uint64_t e = 0; e < pending->count; e++)
            factors[pending->changes[e].column] = p->alpha * pending->changes[e].value;
    }
    const uint64_t count = product_entries(kernels, pending->delta, p->n, 1, entries);
    kernels->outer(p->m, entries, count, 1, factors, copy->transposed, copy->pitch);
}

bool product_postponed(const struct product *p, struct sparse_entry *entries) {
    struct pending_storage *pending = pending_of(p->c);
    if (pending == NULL || !may_wait(p, pending))
        return false;
    const struct sparse_rows *x = sparse_of(p->a);
    const struct sparse_entry *changes = pending->changes;
    uint64_t count;
    if (x != NULL)
        changes = product_sparse_row(x, p->a, pending->changes, &count);
    else
        count = product_entries(kernels_get(), p->a->data, p->m, 1, pending->changes);
    pending_keep(pending, changes, count, p->alpha, p->b->data);
    if (pending->transposed != NULL)
        change_transposed(p, pending, entries);
    return true;
}

/* What products.c is made of, for product*.c alone. Worker only; [any] thread. */
#ifndef RUNNER_HOST_PRODUCT_H
#define RUNNER_HOST_PRODUCT_H

#include "runner/host/kernels.h"
#include "runner/host/storage.h"
#include "runner/plugin.h"

#include <stdbool.h>
#include <stddef.h>

/* One product on its way: op(a) [m][k] and op(b) [k][n]. */
struct product {
    uint64_t m, n, k;
    bool a_transposed, b_transposed;
    float alpha, beta;
    const runner_view *a, *b, *c;
    /* b is transposed and a has few rows. Of these kept weights have a transposed copy or none, as it suits the team: then the shape alone says
       whether zeros are skipped, and so what 0 times an infinite weight gives. */
    bool few_rows;
};

struct product product_of(uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                          const runner_view *c);
/* c = beta c */
void product_scale(const runner_view *c, float beta);

/* ---- What a view's storage is; NULL: another one ---- */

static inline const struct sparse_rows *sparse_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data != NULL || storage == NULL || storage->kind != STORAGE_SPARSE)
        return NULL;
    return &((const struct sparse_storage *)view->storage)->rows;
}

static inline struct pending_storage *pending_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data == NULL || storage == NULL || storage->kind != STORAGE_PENDING)
        return NULL;
    return (struct pending_storage *)view->storage; /* the views' storage is const for plugins */
}

static inline const struct weights_storage *weights_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    const struct pending_storage *pending = pending_of(view);
    if (pending != NULL)
        return pending->transposed;
    if (view->data == NULL || storage == NULL || storage->kind != STORAGE_WEIGHTS)
        return NULL;
    return view->storage;
}

static inline const struct weights_storage *transposed_of(const runner_view *view) {
    const struct weights_storage *weights = weights_of(view);
    return weights != NULL && weights->transposed != NULL ? weights : NULL;
}

/* ---- One row (product_row.c) ---- */

/* Of n elements, `stride` apart, those that are not zero: at most n, behind which there is room for KERNEL_LANES. Returns how many. */
uint64_t product_entries(const struct kernels *kernels, const float *x, uint64_t n, uint64_t stride,
                         struct sparse_entry *entries);
/* c += alpha op(a) b, with b [k][n], for one row of a, as entries; with updates of b that are still to come. */
void product_row_times(const struct kernels *kernels, const struct product *p, const struct sparse_entry *x,
                       uint64_t count, const float *b, uint64_t b_pitch);
/* Products with one row of a, or with k = 1, which skip zeros of a. False: p is another one. */
bool product_one_row(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                     struct sparse_entry *entries);

/* ---- Sparse rows (product_sparse.c) ---- */

/* A segment of up to KERNEL_ROWS rows; bit r of masks[i]: values[r][i] is not zero. */
struct column_block {
    float values[KERNEL_ROWS][KERNEL_SEGMENT];
    uint64_t masks[KERNEL_SEGMENT];
};

struct zeros_block;

/* Sparse rows are read as they are in x b and x^T b; elsewhere they are written out first. */
bool product_sparse_fits(const struct product *p);
/* Where they fit: x^T b wants `columns`, x b of several rows `block`, either of one row `entries`. */
void product_sparse(const struct kernels *kernels, const struct product *p, struct sparse_entry *entries,
                    struct column_block *columns, struct zeros_block *block);
/* The rows of a sparse view in `to` [rows][columns], by way of `entries`. */
runner_view product_written_out(const runner_view *view, struct sparse_entry *entries, float *to);
/* The entries of a view of one of these rows: where they stand, if as they are wanted, else in `room`. */
const struct sparse_entry *product_sparse_row(const struct sparse_rows *x, const runner_view *view,
                                              struct sparse_entry *room, uint64_t *count);

/* ---- Updates that are still to come (product_pending.c) ---- */

/* Before a product: makes what is due of its factors, but for one that product_row_times() reads, and of what it adds to, but for rows that
   keep it. */
void product_settle(const struct product *p);
/* Keeps a product of one example as the update of c that is still to come, where c can; `entries` as for product_one_row(). */
bool product_postponed(const struct product *p, struct sparse_entry *entries);

#endif

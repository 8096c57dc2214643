/*
 * What stands behind runner_view.storage: forms of a matrix that only the host's products read. The view's row0 and column0 say where in
 * the storage it begins. Worker only; read-only while several threads use it.
 */
#ifndef RUNNER_HOST_STORAGE_H
#define RUNNER_HOST_STORAGE_H

#include "runner/host/kernels.h"

enum storage_kind { STORAGE_SPARSE = 1, STORAGE_WEIGHTS, STORAGE_PENDING };

/* First in each of the structs below. */
struct storage {
    enum storage_kind kind;
};

/* Rows without their zeros; the view has no data. */
struct sparse_storage {
    struct storage storage;
    struct sparse_rows rows;
};

/* A matrix [rows][columns] of weights, which the view's data holds, and beside it the same transposed: [columns][rows]. Sums over its
   columns are chains in order, as those of a product with a copy are, also where there is none. */
struct weights_storage {
    struct storage storage;
    float *transposed; /* or NULL */
    uint64_t pitch;    /* of `transposed` */
};

/* A matrix of weights whose update by one example is still to come: element (i, j) is to get (alpha changes_i) delta_j, in one fused
   multiply-add. A view of the whole matrix takes such an update as the c of a product, and the next product that reads the weights makes it
   on its way: so they pass through the core once for both. Their transposed copy, where there is one, changes at once. One thread at a time, while
   an update is to come. */
struct pending_storage {
    struct storage storage;
    float *weights;
    uint64_t rows, columns, pitch;
    struct sparse_entry *changes;             /* by row; room for one of each, and KERNEL_LANES more */
    uint64_t count;                           /* 0: nothing is to come */
    float alpha, *delta;                      /* [columns] */
    const struct weights_storage *transposed; /* or NULL */
    float *factors;                           /* [rows] where there is that copy */
};

#endif

/*
 * What stands behind runner_view.storage: forms of a matrix that only the host's products read. The view's row0 and column0 say where in
 * the storage it begins. Worker only; read-only while several threads use it.
 */
#ifndef RUNNER_HOST_STORAGE_H
#define RUNNER_HOST_STORAGE_H

#include "runner/host/kernels.h"

/* Floats from one row of a matrix to the next: whole cache lines, an odd number of them, so that neither vectors straddle lines nor rows
   meet in the same sets of the cache; `columns` itself where a row is less than a line. */
static inline uint64_t row_pitch(uint64_t columns) {
    const uint64_t line = 64 / sizeof(float); /* of a cache line */
    return columns < line ? columns : ((columns + line - 1) / line | 1) * line;
}

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

enum { PENDING_DELTAS = 128 }; /* of which rows may still want their change */

/* A matrix of weights whose update by one example is still to come: element (i, j) is to get (alpha changes_i) delta_j, in one fused
   multiply-add. A view of the whole matrix takes such an update as the c of a product, and the next product that reads the weights makes it
   on its way: so they pass through the core once for both. Their transposed copy, where there is one, changes at once. One thread at a time, while
   an update is to come. */
struct pending_storage {
    _Alignas(64) struct storage storage; /* each panel's for itself: threads write theirs at the same time */
    float *weights;
    uint64_t rows, columns, pitch;
    struct sparse_entry *changes;             /* by row; room for one of each, and KERNEL_LANES more */
    uint64_t count;                           /* rows that are to change; 0: nothing is to come */
    float alpha, *delta;                      /* [columns] */
    const struct weights_storage *transposed; /* or NULL */
    float *factors;                           /* [rows] where there is that copy */
    /* Where products read few of the rows, only those that one reads get their change, each from the update that it waits for: */
    struct row_change *due; /* [rows], or NULL, as where there is that copy: all rows change with the next product */
    float *deltas;          /* [PENDING_DELTAS][delta_pitch], the last n_deltas updates' */
    uint64_t delta_pitch;
    uint32_t n_deltas;
};

#endif

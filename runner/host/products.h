/*
 * Matrix products, behind host->product(). Worker only; [any] thread; the only file that calls BLAS.
 *
 * c = alpha op(a) op(b) + beta c with op(a) [m][k], op(b) [k][n]. Views may have a storage of the host's own (storage.h).
 * Every element of c is one chain of fused multiply-adds over k in order, started at beta c (kernels.h), so its bits depend neither on
 * the machine nor on how m, n or k are cut into calls (with beta 1 and the same alpha), but for two exceptions of the back end openblas:
 *  - large products (PRODUCT_LARGE multiply-adds and PRODUCT_TALL rows, more than a slice has) go to cblas_sgemm on one thread a call, and
 *  - one row times a transposed matrix is made of dot products.
 * The first depends on the build of OpenBLAS and the type of CPU; both depend on shapes alone. With the back end portable there are no
 * exceptions. An element of a that is zero may be skipped, which while b is finite changes no bit but the sign of
 * a zero: a sum of -0 (an underflow, with subnormals as zeros) may stay or become 0.
 */
#ifndef RUNNER_HOST_PRODUCTS_H
#define RUNNER_HOST_PRODUCTS_H

#include "runner/base/status.h"
#include "runner/base/text.h"
#include "runner/host/storage.h"
#include "runner/plugin.h"

#include <stdbool.h>

enum gemm { GEMM_OPENBLAS, GEMM_PORTABLE };

/* From here on OpenBLAS is as fast as the kernels: it packs both factors, which pays where many rows and columns share them. */
#define PRODUCT_LARGE (UINT64_C(1) << 30)
#define PRODUCT_TALL 256
/* Of which products go to OpenBLAS and how they are cut. Raise it where a trial with that back end may end with other bits, but none with
   portable sums, which RUNNER_NUMERICS (runner/train/numerics.h) is for. */
#define PRODUCTS_CUT 2

/* Bytes of workspace that a product wants. */
uint64_t product_workspace(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b);
/* `workspace` is 64-byte aligned. */
void product_run(enum gemm gemm, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                 const runner_view *c, void *workspace);

/* What depends on how many rows a has, and on their values, and changes bits: of sums that are infinite, and the sign of zeros. */
struct product_choice {
    bool few_rows, skips_zeros;
};

/* Workspace where the choice is made for `chosen` rows of a, which is not transposed. */
uint64_t product_workspace_as(enum gemm gemm, uint64_t chosen, uint32_t flags, const runner_view *a,
                              const runner_view *b);
struct product_choice product_choose(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b);
/* With that choice; NULL: its own. */
void product_run_as(enum gemm gemm, const struct product_choice *choice, uint32_t flags, float alpha,
                    const runner_view *a, const runner_view *b, float beta, const runner_view *c, void *workspace);

/* Workspace and product with the bits of one for each `slice` rows of a, but for the last ones, made for as many of these at a time as choose
   alike (product_slices.c). Slices of two rows and more, and of fewer than PRODUCT_TALL together; a is not transposed. */
uint64_t product_slices_workspace(enum gemm gemm, uint64_t slice, uint32_t flags, const runner_view *a,
                                  const runner_view *b);
void product_run_slices(enum gemm gemm, uint64_t slice, uint32_t flags, float alpha, const runner_view *a,
                        const runner_view *b, float beta, const runner_view *c, void *workspace);
/* Whether it skips no zeros of a, in any slice: then it may be cut by k, too, with the choice not to. */
bool product_slices_keep_zeros(enum gemm gemm, uint64_t slice, const runner_view *a, const runner_view *b);

/* Whether a product of m rows with transposed weights is as fast without a transposed copy of them. */
bool product_spares_copy(uint64_t m);

/* Sets OpenBLAS to one thread a call and refuses a build of it that may not be called from several threads at once. */
enum status products_prepare(struct error *error);
/* "OpenBLAS 0.3.21 SkylakeX pthread, cut 2": version, core, threading and PRODUCTS_CUT, for provenance and identities. */
void products_describe_blas(struct text *out);

#endif

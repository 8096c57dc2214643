/*
 * Matrix products, behind host->product(). Worker only; [any] thread; the only file that calls BLAS.
 *
 * c = alpha op(a) op(b) + beta c with op(a) [m][k], op(b) [k][n]. Two back ends:
 *  - openblas: cblas_sgemm on one thread a call, and own loops where an inner or outer dimension is 1. The same bits in every
 *    run on one machine.
 *  - portable: every element of c is one chain of fused multiply-adds over k in order, started at beta c, so that its bits
 *    depend neither on the machine nor on how m, n or k are cut into calls (with beta 1 and the same alpha).
 * An element of a that is zero may be skipped, which changes no bit while b is finite.
 */
#ifndef RUNNER_HOST_PRODUCTS_H
#define RUNNER_HOST_PRODUCTS_H

#include "runner/base/status.h"
#include "runner/plugin.h"

enum gemm { GEMM_OPENBLAS, GEMM_PORTABLE };

/* `pack` is scratch for product_pack_size() bytes, 64-byte aligned. */
uint64_t product_pack_size(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b);
void product_run(enum gemm gemm, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                 const runner_view *c, float *pack);

/* Sets OpenBLAS to one thread a call and refuses a build of it that may not be called from several threads at once. */
enum status products_prepare(struct error *error);
/* "OpenBLAS 0.3.21 SkylakeX pthread": version, core and threading, for provenance and identities. */
const char *products_blas_description(void);

#endif

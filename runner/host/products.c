#include "runner/host/products.h"

#include "runner/host/products_portable.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* c (one row) += sum over p of x[p] b[p], rows of b in order; zeros of x cost nothing. Four rows a pass save traffic of c. */
static void row_times_matrix(uint64_t n, uint64_t k, float alpha, const float *x, uint64_t x_stride, const float *b,
                             uint64_t b_pitch, float *restrict c) {
    const float *line[4];
    float factor[4];
    unsigned held = 0;
    for (uint64_t p = 0; p < k; p++) {
        float value = x[p * x_stride];
        if (value == 0)
            continue;
        factor[held] = alpha * value;
        line[held++] = b + p * b_pitch;
        if (held < 4)
            continue;
        const float *b0 = line[0], *b1 = line[1], *b2 = line[2], *b3 = line[3];
        float f0 = factor[0], f1 = factor[1], f2 = factor[2], f3 = factor[3];
        for (uint64_t j = 0; j < n; j++)
            c[j] = __builtin_fmaf(
                f3, b3[j], __builtin_fmaf(f2, b2[j], __builtin_fmaf(f1, b1[j], __builtin_fmaf(f0, b0[j], c[j]))));
        held = 0;
    }
    for (unsigned h = 0; h < held; h++) {
        const float *b0 = line[h];
        float f0 = factor[h];
        for (uint64_t j = 0; j < n; j++)
            c[j] = __builtin_fmaf(f0, b0[j], c[j]);
    }
}

#define LANES 16

/* Sixteen partial sums (k mod 16), then one fixed tree: the same bits at every vector width. */
static float dot(uint64_t k, const float *x, const float *y) {
    float sum[LANES] = {0};
    uint64_t p = 0;
    for (; p + LANES <= k; p += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sum[lane] = __builtin_fmaf(x[p + (uint64_t)lane], y[p + (uint64_t)lane], sum[lane]);
    for (int lane = 0; p < k; p++, lane++)
        sum[lane] = __builtin_fmaf(x[p], y[p], sum[lane]);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++)
            sum[lane] += sum[lane + width];
    return sum[0];
}

/* c += alpha x y^T for columns x [m] and y [n]; rows where x is zero cost nothing. */
static void outer(uint64_t m, uint64_t n, float alpha, const float *x, uint64_t x_stride, const float *restrict y,
                  float *c, uint64_t c_pitch) {
    for (uint64_t i = 0; i < m; i++) {
        float factor = alpha * x[i * x_stride];
        if (factor == 0)
            continue;
        float *restrict row = c + i * c_pitch;
        for (uint64_t j = 0; j < n; j++)
            row[j] = __builtin_fmaf(factor, y[j], row[j]);
    }
}

static void scale(uint64_t m, uint64_t n, float beta, float *c, uint64_t c_pitch) {
    if (beta == 1)
        return;
    for (uint64_t i = 0; i < m; i++) {
        float *row = c + i * c_pitch;
        if (beta == 0)
            memset(row, 0, n * sizeof *row);
        else
            for (uint64_t j = 0; j < n; j++)
                row[j] *= beta;
    }
}

struct operands {
    uint64_t m, n, k;
    bool a_transposed, b_transposed;
};

static struct operands operands_of(uint32_t flags, const runner_view *a, const runner_view *b) {
    struct operands o = {.a_transposed = (flags & RUNNER_TRANSPOSE_A) != 0,
                         .b_transposed = (flags & RUNNER_TRANSPOSE_B) != 0};
    o.m = o.a_transposed ? a->columns : a->rows;
    o.k = o.a_transposed ? a->rows : a->columns;
    o.n = o.b_transposed ? b->rows : b->columns;
    return o;
}

/* The products with a dimension of 1, whose chains over k are those of the portable back end; false where it is none of them. */
static bool vector_product(const struct operands *o, bool dots, float alpha, const runner_view *a, const runner_view *b,
                           float beta, const runner_view *c) {
    uint64_t a_row = o->a_transposed ? 1 : a->pitch, a_k = o->a_transposed ? a->pitch : 1;
    if (o->m == 1 && !o->b_transposed) {
        scale(1, o->n, beta, c->data, c->pitch);
        row_times_matrix(o->n, o->k, alpha, a->data, a_k, b->data, b->pitch, c->data);
        return true;
    }
    if (o->k == 1 && !o->b_transposed) {
        scale(o->m, o->n, beta, c->data, c->pitch);
        outer(o->m, o->n, alpha, a->data, a_row, b->data, c->data, c->pitch);
        return true;
    }
    if (dots && o->m == 1 && !o->a_transposed) {
        scale(1, o->n, beta, c->data, c->pitch);
        for (uint64_t j = 0; j < o->n; j++)
            c->data[j] = __builtin_fmaf(alpha, dot(o->k, a->data, b->data + j * b->pitch), c->data[j]);
        return true;
    }
    return false;
}

uint64_t product_pack_size(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b) {
    return gemm == GEMM_PORTABLE ? portable_pack_size(operands_of(flags, a, b).k) : 0;
}

void product_run(enum gemm gemm, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                 const runner_view *c, float *pack) {
    struct operands o = operands_of(flags, a, b);
    if (o.m == 0 || o.n == 0)
        return;
    if (vector_product(&o, gemm == GEMM_OPENBLAS, alpha, a, b, beta, c))
        return;
    if (gemm == GEMM_OPENBLAS) {
        cblas_sgemm(CblasRowMajor, o.a_transposed ? CblasTrans : CblasNoTrans,
                    o.b_transposed ? CblasTrans : CblasNoTrans, (blasint)o.m, (blasint)o.n, (blasint)o.k, alpha,
                    a->data, (blasint)a->pitch, b->data, (blasint)b->pitch, beta, c->data, (blasint)c->pitch);
        return;
    }
    struct portable_product p = {
        .m = o.m,
        .n = o.n,
        .k = o.k,
        .alpha = alpha,
        .beta = beta,
        .a = a->data,
        .a_row = o.a_transposed ? 1 : a->pitch,
        .a_k = o.a_transposed ? a->pitch : 1,
        .b = b->data,
        .b_k = o.b_transposed ? 1 : b->pitch,
        .b_column = o.b_transposed ? b->pitch : 1,
        .c = c->data,
        .c_pitch = c->pitch,
        .pack = pack,
    };
    portable_product(&p);
}

enum status products_prepare(struct error *error) {
    openblas_set_num_threads(1);
    /* 0: built without threads, in which form its buffers are shared unguarded between callers. */
    if (openblas_get_parallel() == 0)
        return error_set(
            error, STATUS_ENVIRONMENT,
            "this OpenBLAS (%s) is the serial build, which gives wrong products when several threads call it; install "
            "the pthread build (Debian: libopenblas0-pthread)",
            openblas_get_config());
    return STATUS_OK;
}

const char *products_blas_description(void) {
    return openblas_get_config();
}

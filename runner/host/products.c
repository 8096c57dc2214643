#include "runner/host/products.h"

#include "runner/base/cpu.h"
#include "runner/host/storage.h"

#include <cblas.h>
#include <stdbool.h>
#include <string.h>

#define ALIGNMENT 64

const struct kernels *kernels_get(void) {
#if defined(__x86_64__)
    return cpu_level() >= 4 ? &kernels_v4 : &kernels_v3;
#else
    return &kernels_any;
#endif
}

/* One product on its way: op(a) [m][k] and op(b) [k][n]. */
struct product {
    uint64_t m, n, k;
    bool a_transposed, b_transposed;
    float alpha, beta;
    const runner_view *a, *b, *c;
};

static struct product product_of(uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
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
    return p;
}

static const struct sparse_rows *sparse_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data != NULL || storage == NULL || storage->kind != STORAGE_SPARSE)
        return NULL;
    return &((const struct sparse_storage *)view->storage)->rows;
}

static const struct weights_storage *transposed_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data == NULL || storage == NULL || storage->kind != STORAGE_WEIGHTS)
        return NULL;
    return view->storage;
}

/* ---- Workspace: pieces of it in the order in which a product may want them ---- */

struct pieces {
    uint64_t dense_a, dense_b, transposed_b, entries, lists, scaled; /* bytes */
};

static uint64_t aligned(uint64_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Sparse rows are read as they are in x b and x^T b; elsewhere they are written out first. */
static bool sparse_fits(const struct product *p) {
    const struct sparse_rows *x = sparse_of(p->a);
    return !p->b_transposed && sparse_of(p->b) == NULL &&
           (p->a_transposed || (p->a->column0 == 0 && p->a->columns == x->columns));
}

static bool dotted(enum gemm gemm, const struct product *p) {
    return gemm == GEMM_OPENBLAS && p->m == 1 && !p->a_transposed && p->b_transposed && transposed_of(p->b) == NULL;
}

static struct pieces pieces_of(enum gemm gemm, const struct product *p) {
    const struct kernels *kernels = kernels_get();
    struct pieces pieces = {0};
    uint64_t rows = p->k < KERNEL_ROWS ? p->k : KERNEL_ROWS, one = p->m > p->k ? p->m : p->k; /* of a dense one_row() */
    uint64_t entries = sparse_of(p->a) != NULL && p->a_transposed && p->m * rows > one ? p->m * rows : one;
    if (sparse_of(p->a) != NULL && !sparse_fits(p))
        pieces.dense_a = aligned(p->m * p->k * sizeof(float));
    if (sparse_of(p->b) != NULL)
        pieces.dense_b = aligned(p->n * p->k * sizeof(float));
    if (p->b_transposed && transposed_of(p->b) == NULL && !dotted(gemm, p))
        pieces.transposed_b = aligned(p->n * p->k * sizeof(float));
    pieces.entries = aligned(sizeof(struct sparse_entry) * entries);
    pieces.lists = p->a_transposed ? aligned(p->m * sizeof(struct sparse_list)) : 0;
    pieces.scaled = aligned((p->m < kernels->group_rows ? p->m : kernels->group_rows) *
                            (p->k < kernels->depth ? p->k : kernels->depth) * sizeof(float));
    return pieces;
}

uint64_t product_workspace(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b) {
    const struct product p = product_of(flags, 1, a, b, 0, NULL);
    const struct pieces s = pieces_of(gemm, &p);
    return s.dense_a + s.dense_b + s.transposed_b + s.entries + s.lists + s.scaled;
}

static void *take(void **workspace, uint64_t bytes) {
    unsigned char *piece = *workspace;
    *workspace = piece + bytes;
    return piece;
}

/* ---- Dense ---- */

static void scale(const runner_view *c, float beta) {
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

/* A dense row's elements that are not zero. */
static uint64_t entries_of(const float *x, uint64_t n, uint64_t stride, struct sparse_entry *entries) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++) {
        entries[count] = (struct sparse_entry){(uint32_t)i, x[i * stride]};
        count += x[i * stride] != 0; /* NaN is not */
    }
    return count;
}

/* For b [k][n]. */
static void dense(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                  float *scaled) {
    kernels->dense(p->m, p->n, p->k, p->alpha, p->a->data, p->a_transposed ? 1 : p->a->pitch,
                   p->a_transposed ? p->a->pitch : 1, b, b_pitch, p->beta, p->c->data, p->c->pitch, scaled);
}

/* Products with one row of a, or with k = 1, skip zeros of a. */
static bool one_row(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                    struct sparse_entry *entries) {
    const runner_view *a = p->a, *c = p->c;
    if (p->m != 1 && p->k != 1)
        return false;
    scale(c, p->beta);
    uint64_t n = p->m == 1 ? p->k : p->m, stride = (p->m == 1) == p->a_transposed ? a->pitch : 1;
    uint64_t count = entries_of(a->data, n, stride, entries);
    if (p->m == 1)
        kernels->row(p->n, entries, count, p->alpha, b, b_pitch, c->data);
    else
        kernels->outer(p->n, entries, count, p->alpha, b, c->data, c->pitch);
    return true;
}

static void openblas(const struct product *p) {
    cblas_sgemm(CblasRowMajor, p->a_transposed ? CblasTrans : CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans,
                (blasint)p->m, (blasint)p->n, (blasint)p->k, p->alpha, p->a->data, (blasint)p->a->pitch, p->b->data,
                (blasint)p->b->pitch, p->beta, p->c->data, (blasint)p->c->pitch);
}

/* ---- Sparse ---- */

static void write_out(const struct sparse_rows *x, const runner_view *view, float *to) {
    memset(to, 0, view->rows * view->columns * sizeof *to);
    for (uint64_t i = 0; i < view->rows; i++) {
        uint64_t row = view->row0 + i;
        const struct sparse_entry *entries = x->entries + row * x->columns;
        uint32_t count = x->marks[row * x->n_marks + x->n_marks - 1];
        for (uint32_t e = 0; e < count; e++)
            if (entries[e].column >= view->column0 && entries[e].column - view->column0 < view->columns)
                to[i * view->columns + entries[e].column - view->column0] = entries[e].value;
    }
}

static runner_view written_out(const runner_view *view, float *to) {
    write_out(sparse_of(view), view, to);
    return (runner_view){.data = to, .rows = view->rows, .columns = view->columns, .pitch = view->columns};
}

/* Entries of one row in columns `first` .. end - 1. */
static const struct sparse_entry *entries_between(const struct sparse_rows *x, uint64_t row, uint64_t first,
                                                  uint64_t end, uint64_t *count) {
    const uint32_t *marks = x->marks + row * x->n_marks;
    const struct sparse_entry *entries = x->entries + row * x->columns;
    uint64_t from = marks[first / KERNEL_SEGMENT], to = marks[(end + KERNEL_SEGMENT - 1) / KERNEL_SEGMENT];
    while (from < to && entries[from].column < first)
        from++;
    while (to > from && entries[to - 1].column >= end)
        to--;
    *count = to - from;
    return entries + from;
}

/* The entries of rows `row` .. by column: lists[i] is of column first + i, and its entries' columns count those rows. */
static void lists_of(const struct sparse_rows *x, uint64_t row, uint64_t rows, uint64_t first, uint64_t m,
                     struct sparse_list *lists, struct sparse_entry *entries) {
    for (uint64_t i = 0; i < m; i++)
        lists[i] = (struct sparse_list){entries + i * rows, 0};
    for (uint64_t r = 0; r < rows; r++) {
        uint64_t count;
        const struct sparse_entry *from = entries_between(x, row + r, first, first + m, &count);
        for (uint64_t e = 0; e < count; e++) {
            uint64_t i = from[e].column - first;
            entries[i * rows + lists[i].count++] = (struct sparse_entry){(uint32_t)r, from[e].value};
        }
    }
}

static void sparse(const struct kernels *kernels, const struct product *p, struct sparse_entry *entries,
                   struct sparse_list *lists) {
    const struct sparse_rows *x = sparse_of(p->a);
    const runner_view *a = p->a, *b = p->b, *c = p->c;
    scale(c, p->beta);
    if (!p->a_transposed && p->m == 1) {
        kernels->row(p->n, x->entries + a->row0 * x->columns, x->marks[(a->row0 + 1) * x->n_marks - 1], p->alpha,
                     b->data, b->pitch, c->data);
    } else if (!p->a_transposed) {
        kernels->sparse_forward(x, a->row0, p->m, p->n, p->alpha, b->data, b->pitch, c->data, c->pitch);
    } else if (p->k == 1) {
        uint64_t count;
        const struct sparse_entry *from = entries_between(x, a->row0, a->column0, a->column0 + p->m, &count);
        for (uint64_t e = 0; e < count; e++)
            entries[e] = (struct sparse_entry){from[e].column - (uint32_t)a->column0, from[e].value};
        kernels->outer(p->n, entries, count, p->alpha, b->data, c->data, c->pitch);
    } else {
        for (uint64_t r = 0; r < p->k; r += KERNEL_ROWS) {
            uint64_t rows = p->k - r < KERNEL_ROWS ? p->k - r : KERNEL_ROWS;
            lists_of(x, a->row0 + r, rows, a->column0, p->m, lists, entries);
            kernels->sparse_gradient(lists, p->m, p->n, p->alpha, b->data + r * b->pitch, b->pitch, c->data, c->pitch);
        }
    }
}

/* ---- All ---- */

void product_run(enum gemm gemm, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                 const runner_view *c, void *workspace) {
    struct product p = product_of(flags, alpha, a, b, beta, c);
    if (p.m == 0 || p.n == 0)
        return;
    const struct kernels *kernels = kernels_get();
    const struct pieces sizes = pieces_of(gemm, &p);
    float *dense_a = take(&workspace, sizes.dense_a), *dense_b = take(&workspace, sizes.dense_b);
    float *transposed_b = take(&workspace, sizes.transposed_b);
    struct sparse_entry *entries = take(&workspace, sizes.entries);
    struct sparse_list *lists = take(&workspace, sizes.lists);
    float *scaled = take(&workspace, sizes.scaled);
    if (sparse_of(a) != NULL && sparse_fits(&p)) {
        sparse(kernels, &p, entries, lists);
        return;
    }
    runner_view plain_a, plain_b;
    if (sparse_of(a) != NULL) {
        plain_a = written_out(a, dense_a);
        p.a = &plain_a;
    }
    if (sparse_of(b) != NULL) {
        plain_b = written_out(b, dense_b);
        p.b = &plain_b;
    }
    const float *b_data = p.b->data;
    uint64_t b_pitch = p.b->pitch;
    const struct weights_storage *weights = p.b_transposed ? transposed_of(p.b) : NULL;
    if (dotted(gemm, &p)) {
        kernels->dots(p.n, p.k, alpha, p.a->data, b_data, b_pitch, beta, c->data);
        return;
    }
    if (gemm == GEMM_OPENBLAS && p.m > 1 && p.k > 1 && p.m * p.n * p.k >= PRODUCT_LARGE) {
        openblas(&p);
        return;
    }
    if (weights != NULL) {
        b_data = weights->transposed + p.b->column0 * weights->pitch + p.b->row0;
        b_pitch = weights->pitch;
    } else if (p.b_transposed) {
        kernels->transpose(p.n, p.k, b_data, b_pitch, transposed_b, p.n);
        b_data = transposed_b;
        b_pitch = p.n;
    }
    if (!one_row(kernels, &p, b_data, b_pitch, entries))
        dense(kernels, &p, b_data, b_pitch, scaled);
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

#include "runner/host/products.h"

#include "runner/base/cpu.h"
#include "runner/host/product.h"
#include "runner/host/product_zeros.h"

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

/* Most rows of a that are taken as columns: of up to two of the longest vectors, which they nearly fill. They take no more time so, and b need not
   be transposed. */
enum { MOST_ROWS = 2 * KERNEL_LANES };

bool product_spares_copy(uint64_t m) {
    return (m >= 14 && m <= KERNEL_LANES) || (m >= 28 && m <= MOST_ROWS);
}

/* ---- Workspace: pieces of it in the order in which a product may want them ---- */

struct pieces {
    uint64_t dense_a, dense_b, transposed_b, turned, entries, columns, zeros, packed; /* bytes */
};

static uint64_t aligned(uint64_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static bool dotted(enum gemm gemm, const struct product *p) {
    return gemm == GEMM_OPENBLAS && p->m == 1 && !p->a_transposed && p->b_transposed && weights_of(p->b) == NULL;
}

static bool large(enum gemm gemm, const struct product *p) {
    return gemm == GEMM_OPENBLAS && p->m >= PRODUCT_TALL && p->k > 1 && p->m * p->n * p->k >= PRODUCT_LARGE;
}

/* With one row, or k = 1, one pass over a finds its zeros for all of b; and a transposed a would be packed for each strip. */
static bool by_strips(enum gemm gemm, const struct product *p) {
    return p->b_transposed && !large(gemm, p) && transposed_of(p->b) == NULL && !p->a_transposed && p->m > 1 &&
           p->k > 1 && (weights_of(p->b) == NULL || p->few_rows);
}

/* b is made of kept weights without a copy, of which strips or slabs are transposed when they are wanted. */
static bool by_slabs(enum gemm gemm, const struct product *p) {
    return p->b_transposed && !p->a_transposed && p->m > 1 && p->k > 1 && weights_of(p->b) != NULL &&
           transposed_of(p->b) == NULL && !large(gemm, p) && !by_strips(gemm, p);
}

/* Of few columns of b an entry is too short, of few rows or columns of a the list of them. */
static bool may_skip_zeros(enum gemm gemm, const struct product *p) {
    return p->m >= 8 && !p->few_rows && p->k >= 8 && p->n >= 64 && !large(gemm, p) && !by_strips(gemm, p);
}

static struct pieces pieces_of(enum gemm gemm, const struct product *p) {
    const struct kernels *kernels = kernels_get();
    struct pieces pieces = {0};
    uint64_t entries = p->m > p->k ? p->m : p->k; /* of one row */
    entries = p->n > entries ? p->n : entries;
    if (sparse_of(p->a) != NULL && !product_sparse_fits(p))
        pieces.dense_a = aligned(p->m * p->k * sizeof(float));
    if (sparse_of(p->b) != NULL)
        pieces.dense_b = aligned(p->n * p->k * sizeof(float));
    if (p->b_transposed && transposed_of(p->b) == NULL && !dotted(gemm, p))
        pieces.transposed_b = aligned((by_strips(gemm, p) ? kernels->panel : p->n) * p->k * sizeof(float));
    if (by_slabs(gemm, p)) {
        const uint64_t strip = kernels->panel * p->k, slab = product_slab(p->n);
        pieces.transposed_b = aligned((slab > strip ? slab : strip) * sizeof(float));
    }
    if (p->m <= MOST_ROWS && by_strips(gemm, p))
        pieces.turned = aligned(MOST_ROWS * (p->k + p->n) * sizeof(float));
    pieces.entries = aligned(sizeof(struct sparse_entry) * (entries + KERNEL_LANES));
    pieces.columns = sparse_of(p->a) != NULL && p->a_transposed ? aligned(sizeof(struct column_block)) : 0;
    pieces.zeros =
        may_skip_zeros(gemm, p) || (sparse_of(p->a) != NULL && product_sparse_fits(p) && !p->a_transposed && p->m > 1)
            ? aligned(sizeof(struct zeros_block))
            : 0;
    const uint64_t rows = p->m < kernels->packed_rows ? p->m : kernels->packed_rows;
    const uint64_t depth = p->k < kernels->packed_depth ? p->k : kernels->packed_depth;
    pieces.packed = aligned((rows * depth + KERNEL_LANES) * sizeof(float));
    return pieces;
}

uint64_t product_workspace(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b) {
    return product_workspace_as(gemm, a->rows, flags, a, b);
}

uint64_t product_workspace_as(enum gemm gemm, uint64_t chosen, uint32_t flags, const runner_view *a,
                              const runner_view *b) {
    struct product p = product_of(flags, 1, a, b, 0, NULL);
    if (!p.a_transposed)
        p.few_rows = p.b_transposed && chosen <= KERNEL_TURNED;
    const struct pieces s = pieces_of(gemm, &p);
    return s.dense_a + s.dense_b + s.transposed_b + s.turned + s.entries + s.columns + s.zeros + s.packed;
}

/* The pieces of a workspace; those of no bytes are not read. */
struct room {
    float *dense_a, *dense_b, *transposed_b, *turned;
    struct sparse_entry *entries;
    struct column_block *columns;
    struct zeros_block *zeros;
    float *packed;
};

static void *take(unsigned char **workspace, uint64_t bytes) {
    unsigned char *piece = *workspace;
    *workspace = piece + bytes;
    return piece;
}

static struct room room_of(unsigned char *workspace, const struct pieces *sizes) {
    struct room room;
    room.dense_a = take(&workspace, sizes->dense_a);
    room.dense_b = take(&workspace, sizes->dense_b);
    room.transposed_b = take(&workspace, sizes->transposed_b);
    room.turned = take(&workspace, sizes->turned);
    room.entries = take(&workspace, sizes->entries);
    room.columns = take(&workspace, sizes->columns);
    room.zeros = take(&workspace, sizes->zeros);
    room.packed = take(&workspace, sizes->packed);
    return room;
}

/* ---- Dense ---- */

/* Columns first .. first + n - 1, for those of b [k][n]. */
static void dense(const struct kernels *kernels, const struct product *p, uint64_t first, uint64_t n, const float *b,
                  uint64_t b_pitch, float *packed) {
    kernels->dense(p->m, n, p->k, p->alpha, p->a->data, p->a_transposed ? 1 : p->a->pitch,
                   p->a_transposed ? p->a->pitch : 1, b, b_pitch, p->beta, p->c->data + first, p->c->pitch, packed);
}

/* For b [n][k]: c^T = b a^T, with beta 0. */
static void dense_turned(const struct kernels *kernels, const struct product *p, float *turned) {
    const uint64_t pitch = p->m <= KERNEL_LANES ? KERNEL_LANES : MOST_ROWS;
    float *a = turned, *c = turned + pitch * p->k;
    kernels->transpose(p->m, p->k, p->a->data, p->a->pitch, a, pitch);
    kernels->dense(p->n, p->m, p->k, 1, p->b->data, p->b->pitch, 1, a, pitch, 0, c, pitch, NULL);
    kernels->transpose(p->n, p->m, c, pitch, p->c->data, p->c->pitch);
}

/* For b [n][k]: a few rows of it at a time, so that their transpose stays in registers or in the first-level cache. */
static void dense_by_strips(const struct kernels *kernels, const struct product *p, float *strip, float *packed) {
    if (p->m <= kernels->turned_rows && p->alpha == 1) {
        kernels->turned(p->m, p->n, p->k, p->a->data, p->a->pitch, p->b->data, p->b->pitch, p->beta, p->c->data,
                        p->c->pitch);
        return;
    }
    const uint64_t most = kernels->panel;
    for (uint64_t j = 0; j < p->n; j += most) {
        uint64_t n = p->n - j < most ? p->n - j : most;
        kernels->transpose(n, p->k, p->b->data + j * p->b->pitch, p->b->pitch, strip, most);
        dense(kernels, p, j, n, strip, most, packed);
    }
}

static void openblas(const struct product *p) {
    cblas_sgemm(CblasRowMajor, p->a_transposed ? CblasTrans : CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans,
                (blasint)p->m, (blasint)p->n, (blasint)p->k, p->alpha, p->a->data, (blasint)p->a->pitch, p->b->data,
                (blasint)p->b->pitch, p->beta, p->c->data, (blasint)p->c->pitch);
}

/* For b [k][n]. Where there is a `slab`, b is [n][k] instead if zeros are skipped. */
static void dense_plain(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                        bool skips, float *slab, const struct room *room) {
    if (product_one_row(kernels, p, b, b_pitch, room->entries))
        return;
    if (!skips) {
        dense(kernels, p, 0, p->n, b, b_pitch, room->packed);
        return;
    }
    product_scale(p->c, p->beta);
    product_without_zeros(kernels, p->a_transposed, p->alpha, p->a, b, b_pitch, slab, p->c, room->zeros);
}

/* Neither factor is sparse. */
static void dense_product(enum gemm gemm, const struct kernels *kernels, const struct product *p, bool skips,
                          const struct room *room) {
    const bool strips = by_strips(gemm, p), slabs = by_slabs(gemm, p);
    const float *b = p->b->data;
    const uint64_t pitch = p->b->pitch;
    const struct weights_storage *weights = p->b_transposed ? transposed_of(p->b) : NULL;
    if (strips && product_spares_copy(p->m) && p->alpha == 1 && p->beta == 0) {
        dense_turned(kernels, p, room->turned);
    } else if (strips || (slabs && !skips)) {
        dense_by_strips(kernels, p, room->transposed_b, room->packed);
    } else if (dotted(gemm, p)) {
        kernels->dots(p->n, p->k, p->alpha, p->a->data, b, pitch, p->beta, p->c->data);
    } else if (large(gemm, p)) {
        openblas(p);
    } else if (weights != NULL) {
        dense_plain(kernels, p, weights->transposed + p->b->column0 * weights->pitch + p->b->row0, weights->pitch,
                    skips, NULL, room);
    } else if (p->b_transposed && !slabs) {
        kernels->transpose(p->n, p->k, b, pitch, room->transposed_b, p->n);
        dense_plain(kernels, p, room->transposed_b, p->n, skips, NULL, room);
    } else {
        dense_plain(kernels, p, b, pitch, skips, slabs ? room->transposed_b : NULL, room);
    }
}

/* ---- All ---- */

struct product_choice product_choose(enum gemm gemm, uint32_t flags, const runner_view *a, const runner_view *b) {
    const struct product p = product_of(flags, 1, a, b, 0, NULL);
    return (struct product_choice){.few_rows = p.few_rows,
                                   .skips_zeros = a->data != NULL && may_skip_zeros(gemm, &p) && zeros_are_many(a)};
}

void product_run(enum gemm gemm, uint32_t flags, float alpha, const runner_view *a, const runner_view *b, float beta,
                 const runner_view *c, void *workspace) {
    product_run_as(gemm, NULL, flags, alpha, a, b, beta, c, workspace);
}

void product_run_as(enum gemm gemm, const struct product_choice *choice, uint32_t flags, float alpha,
                    const runner_view *a, const runner_view *b, float beta, const runner_view *c, void *workspace) {
    struct product p = product_of(flags, alpha, a, b, beta, c);
    if (choice != NULL)
        p.few_rows = choice->few_rows;
    if (p.m == 0 || p.n == 0)
        return;
    product_settle(&p);
    if (product_postponed(&p, workspace)) /* which has room for the entries of a row */
        return;
    const struct kernels *kernels = kernels_get();
    const struct pieces sizes = pieces_of(gemm, &p);
    const struct room room = room_of(workspace, &sizes);
    if (sparse_of(a) != NULL && product_sparse_fits(&p)) {
        product_sparse(kernels, &p, room.entries, room.columns, room.zeros);
        return;
    }
    runner_view plain_a, plain_b;
    if (sparse_of(a) != NULL) {
        plain_a = product_written_out(a, room.entries, room.dense_a);
        p.a = &plain_a;
    }
    if (sparse_of(b) != NULL) {
        plain_b = product_written_out(b, room.entries, room.dense_b);
        p.b = &plain_b;
    }
    const bool skips = sizes.zeros > 0 && (choice != NULL ? choice->skips_zeros : zeros_are_many(p.a));
    dense_product(gemm, kernels, &p, skips, &room);
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

void products_describe_blas(struct text *out) {
    text_printf(out, "%s, cut %d", openblas_get_config(), PRODUCTS_CUT);
}

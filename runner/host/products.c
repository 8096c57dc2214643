#include "runner/host/products.h"

#include "runner/base/cpu.h"
#include "runner/host/pending.h"
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
    p.few_rows = p.b_transposed && p.m <= KERNEL_TURNED;
    return p;
}

static const struct sparse_rows *sparse_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data != NULL || storage == NULL || storage->kind != STORAGE_SPARSE)
        return NULL;
    return &((const struct sparse_storage *)view->storage)->rows;
}

static struct pending_storage *pending_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    if (view->data == NULL || storage == NULL || storage->kind != STORAGE_PENDING)
        return NULL;
    return (struct pending_storage *)view->storage; /* the views' storage is const for plugins */
}

static const struct weights_storage *weights_of(const runner_view *view) {
    const struct storage *storage = view->storage;
    const struct pending_storage *pending = pending_of(view);
    if (pending != NULL)
        return pending->transposed;
    if (view->data == NULL || storage == NULL || storage->kind != STORAGE_WEIGHTS)
        return NULL;
    return view->storage;
}

static const struct weights_storage *transposed_of(const runner_view *view) {
    const struct weights_storage *weights = weights_of(view);
    return weights != NULL && weights->transposed != NULL ? weights : NULL;
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

/* A segment of up to KERNEL_ROWS rows; bit r of masks[i]: values[r][i] is not zero. */
struct column_block {
    float values[KERNEL_ROWS][KERNEL_SEGMENT];
    uint64_t masks[KERNEL_SEGMENT];
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
    if (sparse_of(p->a) != NULL && !sparse_fits(p))
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
        may_skip_zeros(gemm, p) || (sparse_of(p->a) != NULL && sparse_fits(p) && !p->a_transposed && p->m > 1)
            ? aligned(sizeof(struct zeros_block))
            : 0;
    pieces.packed = aligned((p->m < kernels->packed_rows ? p->m : kernels->packed_rows) *
                            (p->k < kernels->packed_depth ? p->k : kernels->packed_depth) * sizeof(float));
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

/* Of n elements, `stride` apart, those that are not zero. */
static uint64_t entries_of(const struct kernels *kernels, const float *x, uint64_t n, uint64_t stride,
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

/* For one row of a, as entries. */
static void row_times(const struct kernels *kernels, const struct product *p, const struct sparse_entry *x,
                      uint64_t count, const float *b, uint64_t b_pitch) {
    struct pending_storage *pending = p->b_transposed ? NULL : pending_of(p->b);
    if (pending == NULL || pending->count == 0)
        kernels->row(p->n, x, count, p->alpha, b, b_pitch, p->c->data);
    else
        pending_times(pending, x, count, p->alpha, p->c->data);
}

/* Products with one row of a, or with k = 1, skip zeros of a. */
static bool one_row(const struct kernels *kernels, const struct product *p, const float *b, uint64_t b_pitch,
                    struct sparse_entry *entries) {
    const runner_view *a = p->a, *c = p->c;
    if (p->m != 1 && p->k != 1)
        return false;
    scale(c, p->beta);
    uint64_t n = p->m == 1 ? p->k : p->m, stride = (p->m == 1) == p->a_transposed ? a->pitch : 1;
    uint64_t count = entries_of(kernels, a->data, n, stride, entries);
    if (p->m == 1)
        row_times(kernels, p, entries, count, b, b_pitch);
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

/* Of one row, those in columns `first` .. first + n - 1, which are counted from there. Returns how many. */
static uint64_t row_entries(const struct sparse_rows *x, uint64_t row, uint64_t first, uint64_t n,
                            struct sparse_entry *to) {
    const struct sparse_entry *entries = sparse_entries(x, row / x->group);
    const uint32_t *marks = sparse_marks(x, row / x->group) + row % x->group;
    uint64_t count = 0;
    for (uint64_t s = first / KERNEL_SEGMENT; s * KERNEL_SEGMENT < first + n; s++)
        for (uint64_t e = marks[s * x->group]; e < marks[s * x->group + 1]; e++) {
            uint64_t column = entries[e].column - first;
            if (column < n)
                to[count++] = (struct sparse_entry){(uint32_t)column, entries[e].value};
        }
    return count;
}

/* All of one row's: where they stand, if as they are wanted, as in a group of one row, else in `room`. */
static const struct sparse_entry *whole_row(const struct sparse_rows *x, const runner_view *view,
                                            struct sparse_entry *room, uint64_t *count) {
    if (x->group == 1 && view->column0 == 0 && view->columns == x->columns) {
        *count = sparse_marks(x, view->row0)[x->segments];
        return sparse_entries(x, view->row0);
    }
    *count = row_entries(x, view->row0, view->column0, view->columns, room);
    return room;
}

static void write_out(const struct sparse_rows *x, const runner_view *view, struct sparse_entry *entries, float *to) {
    memset(to, 0, view->rows * view->columns * sizeof *to);
    for (uint64_t i = 0; i < view->rows; i++, to += view->columns) {
        uint64_t count = row_entries(x, view->row0 + i, view->column0, view->columns, entries);
        for (uint64_t e = 0; e < count; e++)
            to[entries[e].column] = entries[e].value;
    }
}

static runner_view written_out(const runner_view *view, struct sparse_entry *entries, float *to) {
    write_out(sparse_of(view), view, entries, to);
    return (runner_view){.data = to, .rows = view->rows, .columns = view->columns, .pitch = view->columns};
}

/* The run of rows from number `done` on, of rows `row` .. row + rows - 1, that lie in one group. */
struct group_rows {
    const struct sparse_entry *entries;
    const uint32_t *marks; /* of the first of them */
    const uint64_t *masks;
    uint64_t rows;
};

static struct group_rows rows_in_group(const struct sparse_rows *x, uint64_t row, uint64_t rows, uint64_t done) {
    uint64_t group = (row + done) / x->group, from = (row + done) % x->group;
    return (struct group_rows){sparse_entries(x, group), sparse_marks(x, group) + from, sparse_masks(x, group) + from,
                               rows - done < x->group - from ? rows - done : x->group - from};
}

static const struct sparse_entry *scaled(const struct sparse_entry *entries, uint64_t n, float alpha,
                                         struct sparse_entry *to) {
    for (uint64_t e = 0; e < n; e++)
        to[e] = (struct sparse_entry){entries[e].column, alpha * entries[e].value};
    return to;
}

/* A segment at a time: its rows of b stay in the cache for all rows of a. With the last of these, what the first ones read next is fetched. */
static void sparse_forward(const struct kernels *kernels, const struct product *p, struct zeros_block *block) {
    const struct sparse_rows *x = sparse_of(p->a);
    const runner_view *b = p->b, *c = p->c;
    struct group_rows some, start;
    for (uint64_t first = 0, s = 0, rows; first < b->rows; first += rows, s += x->group) {
        rows = b->rows - first < KERNEL_SEGMENT ? b->rows - first : KERNEL_SEGMENT;
        for (uint64_t done = 0; done < p->m; done += some.rows) {
            some = rows_in_group(x, p->a->row0, p->m, done);
            if (done == 0)
                start = some;
            if (p->alpha != 1 && some.rows > KERNEL_ROWS)
                some.rows = KERNEL_ROWS;
            const uint32_t *marks = some.marks + s;
            const struct sparse_entry *entries = some.entries + marks[0];
            if (p->alpha != 1)
                entries = scaled(entries, marks[some.rows] - marks[0], p->alpha, block->entries);
            const bool leaves = done + some.rows == p->m && first + rows < b->rows;
            const uint64_t behind = leaves ? sparse_columns(start.masks + s + x->group, start.rows) : 0;
            kernels->sparse(entries, some.masks + s, some.rows, p->n, b->data + first * b->pitch, b->pitch, rows,
                            behind, c->data + done * c->pitch, c->pitch);
        }
    }
}

/* Segment s of alpha times rows `row` .. row + rows - 1. */
static void fill_columns(const struct kernels *kernels, const struct sparse_rows *x, uint64_t row, uint64_t rows,
                         uint64_t s, float alpha, struct column_block *to) {
    struct group_rows some;
    uint64_t masks[KERNEL_ROWS] = {0};
    for (uint64_t done = 0; done < rows; done += some.rows) {
        some = rows_in_group(x, row, rows, done);
        memcpy(masks + done, some.masks + s * x->group, some.rows * sizeof *masks);
        kernels->spread(some.entries + some.marks[s * x->group], masks + done, some.rows, alpha, to->values[done]);
    }
    kernels->turn_masks(rows, masks, to->masks);
}

/* Deltas that are in the second-level cache without being fetched, since all tiles read them. */
#define NEAR_BYTES (256 * 1024)

/* By blocks of KERNEL_ROWS rows of b and of the columns of a segment of a. */
static void sparse_gradient(const struct kernels *kernels, const struct product *p, struct column_block *columns) {
    const struct sparse_rows *x = sparse_of(p->a);
    const runner_view *a = p->a, *b = p->b, *c = p->c;
    const bool far = p->k * b->pitch * sizeof(float) > NEAR_BYTES;
    if (p->beta != 0 || p->k == 0) /* else the first block of rows writes c */
        scale(c, p->beta);
    uint64_t blocks = (p->k + KERNEL_ROWS - 1) / KERNEL_ROWS;
    for (uint64_t r = 0, rows; r < p->k; r += rows, blocks--) {
        rows = (p->k - r + blocks - 1) / blocks;
        for (uint64_t i = 0, m; i < p->m; i += m) {
            const uint64_t first = a->column0 + i, s = first / KERNEL_SEGMENT, end = (s + 1) * KERNEL_SEGMENT - first;
            m = p->m - i < end ? p->m - i : end;
            fill_columns(kernels, x, a->row0 + r, rows, s, p->alpha, columns);
            kernels->masked(columns->values[0] + first % KERNEL_SEGMENT, columns->masks + first % KERNEL_SEGMENT, m,
                            p->n, b->data + r * b->pitch, b->pitch, far ? rows : 0, r > 0 || p->beta != 0,
                            c->data + i * c->pitch, c->pitch);
        }
    }
}

static void sparse(const struct kernels *kernels, const struct product *p, struct sparse_entry *entries,
                   struct column_block *columns, struct zeros_block *block) {
    const struct sparse_rows *x = sparse_of(p->a);
    const runner_view *a = p->a, *b = p->b, *c = p->c;
    if (p->a_transposed && p->k != 1) {
        sparse_gradient(kernels, p, columns);
        return;
    }
    scale(c, p->beta);
    if (!p->a_transposed && p->m == 1) {
        uint64_t count;
        const struct sparse_entry *row = whole_row(x, a, entries, &count);
        row_times(kernels, p, row, count, b->data, b->pitch);
    } else if (!p->a_transposed) {
        sparse_forward(kernels, p, block);
    } else {
        uint64_t count = row_entries(x, a->row0, a->column0, p->m, entries);
        kernels->outer(p->n, entries, count, p->alpha, b->data, c->data, c->pitch);
    }
}

/* ---- Updates that are still to come ---- */

static bool covers(const runner_view *view, const struct pending_storage *pending) {
    return view->data == pending->weights && view->rows == pending->rows && view->columns == pending->columns;
}

/* A product of one example, which c can keep as an update that is still to come. */
static bool may_wait(const struct product *p, const struct pending_storage *c) {
    return p->k == 1 && p->a_transposed && !p->b_transposed && p->beta == 1 && p->b->data != NULL && covers(p->c, c);
}

/* Before a product: makes what is due of its factors, but for one that row_times() reads, and of what it adds to, but for rows that keep it. */
static void settle_views(const struct product *p) {
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
    const uint64_t count = entries_of(kernels, pending->delta, p->n, 1, entries);
    kernels->outer(p->m, entries, count, 1, factors, copy->transposed, copy->pitch);
}

/* Keeps a product of one example as the update of c that is still to come, where c can. */
static bool postponed(const struct product *p, struct sparse_entry *entries) {
    struct pending_storage *pending = pending_of(p->c);
    if (pending == NULL || !may_wait(p, pending))
        return false;
    const struct sparse_rows *x = sparse_of(p->a);
    const struct sparse_entry *changes = pending->changes;
    uint64_t count;
    if (x != NULL)
        changes = whole_row(x, p->a, pending->changes, &count);
    else
        count = entries_of(kernels_get(), p->a->data, p->m, 1, pending->changes);
    pending_keep(pending, changes, count, p->alpha, p->b->data);
    if (pending->transposed != NULL)
        change_transposed(p, pending, entries);
    return true;
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
    settle_views(&p);
    if (postponed(&p, workspace)) /* which has room for the entries of a row */
        return;
    const struct kernels *kernels = kernels_get();
    const struct pieces sizes = pieces_of(gemm, &p);
    float *dense_a = take(&workspace, sizes.dense_a), *dense_b = take(&workspace, sizes.dense_b);
    float *transposed_b = take(&workspace, sizes.transposed_b), *turned = take(&workspace, sizes.turned);
    struct sparse_entry *entries = take(&workspace, sizes.entries);
    struct column_block *columns = take(&workspace, sizes.columns);
    struct zeros_block *zeros = take(&workspace, sizes.zeros);
    float *packed = take(&workspace, sizes.packed);
    if (sparse_of(a) != NULL && sparse_fits(&p)) {
        sparse(kernels, &p, entries, columns, zeros);
        return;
    }
    runner_view plain_a, plain_b;
    if (sparse_of(a) != NULL) {
        plain_a = written_out(a, entries, dense_a);
        p.a = &plain_a;
    }
    if (sparse_of(b) != NULL) {
        plain_b = written_out(b, entries, dense_b);
        p.b = &plain_b;
    }
    if (by_strips(gemm, &p) && product_spares_copy(p.m) && alpha == 1 && beta == 0) {
        dense_turned(kernels, &p, turned);
        return;
    }
    if (by_strips(gemm, &p)) {
        dense_by_strips(kernels, &p, transposed_b, packed);
        return;
    }
    const bool skips = sizes.zeros > 0 && (choice != NULL ? choice->skips_zeros : zeros_are_many(p.a));
    const bool slabs = by_slabs(gemm, &p);
    const float *b_data = p.b->data;
    uint64_t b_pitch = p.b->pitch;
    const struct weights_storage *weights = p.b_transposed ? transposed_of(p.b) : NULL;
    if (dotted(gemm, &p)) {
        kernels->dots(p.n, p.k, alpha, p.a->data, b_data, b_pitch, beta, c->data);
        return;
    }
    if (large(gemm, &p)) {
        openblas(&p);
        return;
    }
    if (slabs && !skips) {
        dense_by_strips(kernels, &p, transposed_b, packed);
        return;
    }
    if (weights != NULL) {
        b_data = weights->transposed + p.b->column0 * weights->pitch + p.b->row0;
        b_pitch = weights->pitch;
    } else if (p.b_transposed && !slabs) {
        kernels->transpose(p.n, p.k, b_data, b_pitch, transposed_b, p.n);
        b_data = transposed_b;
        b_pitch = p.n;
    }
    if (one_row(kernels, &p, b_data, b_pitch, entries))
        return;
    if (!skips) {
        dense(kernels, &p, 0, p.n, b_data, b_pitch, packed);
        return;
    }
    scale(c, beta);
    product_without_zeros(kernels, p.a_transposed, alpha, p.a, b_data, b_pitch, slabs ? transposed_b : NULL, c, zeros);
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

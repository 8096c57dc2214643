#include "runner/host/product.h"
#include "runner/host/product_zeros.h"

#include <string.h>

bool product_sparse_fits(const struct product *p) {
    const struct sparse_rows *x = sparse_of(p->a);
    return !p->b_transposed && sparse_of(p->b) == NULL &&
           (p->a_transposed || (p->a->column0 == 0 && p->a->columns == x->columns));
}

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

const struct sparse_entry *product_sparse_row(const struct sparse_rows *x, const runner_view *view,
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

runner_view product_written_out(const runner_view *view, struct sparse_entry *entries, float *to) {
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
        product_scale(c, p->beta);
    uint64_t blocks = (p->k + KERNEL_ROWS - 1) / KERNEL_ROWS;
    for (uint64_t r = 0, rows; r < p->k; r += rows, blocks--) {
        rows = (p->k - r + blocks - 1) / blocks;
        for (uint64_t i = 0, m; i < p->m; i += m) {
            const uint64_t first = a->column0 + i, s = first / KERNEL_SEGMENT, end = (s + 1) * KERNEL_SEGMENT - first;
            m = p->m - i < end ? p->m - i : end;
            fill_columns(kernels, x, a->row0 + r, rows, s, p->alpha, columns);
            const float *values = columns->values[0] + first % KERNEL_SEGMENT, *lines = b->data + r * b->pitch;
            const uint64_t *masks = columns->masks + first % KERNEL_SEGMENT;
            float *to = c->data + i * c->pitch;
            const bool adds = r > 0 || p->beta != 0;
            if (adds && rows <= kernels->paired_rows)
                kernels->masked_few(values, masks, m, p->n, lines, b->pitch, to, c->pitch);
            else
                kernels->masked(values, masks, m, p->n, lines, b->pitch, far ? rows : 0, adds, to, c->pitch);
        }
    }
}

void product_sparse(const struct kernels *kernels, const struct product *p, struct sparse_entry *entries,
                    struct column_block *columns, struct zeros_block *block) {
    const struct sparse_rows *x = sparse_of(p->a);
    const runner_view *a = p->a, *b = p->b, *c = p->c;
    if (p->a_transposed && p->k != 1) {
        sparse_gradient(kernels, p, columns);
        return;
    }
    product_scale(c, p->beta);
    if (!p->a_transposed && p->m == 1) {
        uint64_t count;
        const struct sparse_entry *row = product_sparse_row(x, a, entries, &count);
        product_row_times(kernels, p, row, count, b->data, b->pitch);
    } else if (!p->a_transposed) {
        sparse_forward(kernels, p, block);
    } else {
        uint64_t count = row_entries(x, a->row0, a->column0, p->m, entries);
        kernels->outer(p->n, entries, count, p->alpha, b->data, c->data, c->pitch);
    }
}

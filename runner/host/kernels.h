/*
 * The inner loops of matrix products, compiled once for each vector width (kernels_v3.c, kernels_v4.c, kernels_any.c). Worker only;
 * [any] thread.
 *
 * Every element of c is one chain: c = beta c (0 where beta is 0), then fused multiply-adds over the inner index in order. So its bits
 * depend neither on the vector width nor on how rows, columns or, with beta 1, the inner index are cut into calls. dots() is the
 * exception: LANES chains (inner index mod LANES) and one fixed tree.
 */
#ifndef RUNNER_HOST_KERNELS_H
#define RUNNER_HOST_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    KERNEL_LANES = 16,   /* chains of a dot product; floats of the longest vector */
    KERNEL_SEGMENT = 64, /* columns of a segment of sparse rows */
    KERNEL_ROWS = 64,    /* of a gradient's deltas at a time: a panel of them stays in the first-level cache */
    KERNEL_TURNED = 20   /* rows of a product with a transposed matrix, above which strips of it are transposed first */
};

struct sparse_entry {
    uint32_t column;
    float value;
};

/* Rows of which the zeros are left out, by groups of rows that are filled at a time; fewer than 2^32 elements each. The entries of a
   group stand one behind the other by segments of 64 columns, in a segment by rows, in a row by columns: a product takes as many columns
   at a time as its other factor has rows in the first-level cache. */
struct sparse_rows {
    struct sparse_entry *entries; /* room for all elements of a group, and KERNEL_LANES more */
    uint32_t *marks;              /* see sparse_marks() */
    uint64_t *masks;              /* see sparse_masks() */
    uint64_t columns, segments, group;
};

static inline struct sparse_entry *sparse_entries(const struct sparse_rows *x, uint64_t group) {
    return x->entries + group * (x->group * x->columns + KERNEL_LANES);
}

/* The entries of row r of the group (0: its first) in segment s are numbers marks[s * x->group + r] .. marks[s * x->group + r + 1] - 1. */
static inline uint32_t *sparse_marks(const struct sparse_rows *x, uint64_t group) {
    return x->marks + group * (x->segments * x->group + 1);
}

/* Bit j of masks[s * x->group + r]: row r of the group has an entry in column j of segment s. */
static inline uint64_t *sparse_masks(const struct sparse_rows *x, uint64_t group) {
    return x->masks + group * x->segments * x->group;
}

/* The columns that any of these rows of a segment has an entry in. */
static inline uint64_t sparse_columns(const uint64_t *masks, uint64_t rows) {
    uint64_t columns = 0;
    for (uint64_t i = 0; i < rows; i++)
        columns |= masks[i];
    return columns;
}

/* A row's change that is still to come: factor times the delta of this number. */
struct row_change {
    uint32_t delta; /* KERNEL_NO_CHANGE: none */
    float factor;
};

#define KERNEL_NO_CHANGE UINT32_MAX

struct kernels {
    uint64_t packed_rows, packed_depth; /* what dense() packs at a time, at most */
    uint64_t panel;                     /* columns of c that dense() computes at a time */
    /* c [m][n] = alpha a b + beta c, where element (i, p) of a is a[i * a_row + p * a_k] and b is [k][n]. `packed` has room for
       that many rows of m times that many of k and for KERNEL_LANES floats behind them, which are read with the last rows; it may be NULL where alpha is
       1 and a_row is not. */
    void (*dense)(uint64_t m, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_row, uint64_t a_k,
                  const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, float *packed);
    /* c [m][n] = a b^T + beta c for a [m][k], b [n][k], where that is faster than to transpose b: for 1 < m <= turned_rows,
       which is KERNEL_TURNED at most. */
    uint64_t turned_rows;
    void (*turned)(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch);
    /* y [n] = alpha b x + beta y for b [n][k], x [k], by dot products. */
    void (*dots)(uint64_t n, uint64_t k, float alpha, const float *x, const float *b, uint64_t b_pitch, float beta,
                 float *y);
    /* c [m][n] += a b for a [m][rows], rows <= KERNEL_SEGMENT, where bit p of masks[i] says that element (i, p) is not zero: these are the
       entries, one behind the other. While a panel of b's columns is in use, the next one is fetched, or the first one of the rows behind:
       of these the rows with a bit in `behind`, which need not be there. */
    void (*sparse)(const struct sparse_entry *entries, const uint64_t *masks, uint64_t m, uint64_t n, const float *b,
                   uint64_t b_pitch, uint64_t rows, uint64_t behind, float *c, uint64_t c_pitch);
    /* The elements of x [n] that are not zero, NaN among them, in their order; `to` has room for n, and KERNEL_LANES more. Returns how many. */
    uint64_t (*entries)(uint64_t n, const float *x, struct sparse_entry *to);
    /* The same for n <= KERNEL_SEGMENT, of scale x, and with x[0] in that column. Returns a mask: bit i says that x[i] is not zero. */
    uint64_t (*segment)(uint64_t n, const float *x, float scale, uint32_t column, struct sparse_entry *to);
    uint64_t (*segment_bytes)(uint64_t n, const uint8_t *x, float scale, uint32_t column, struct sparse_entry *to);
    /* to [m][KERNEL_SEGMENT] = alpha a, m <= KERNEL_ROWS, where a is given as in sparse(), but that rows without entries may be left as they are;
       KERNEL_LANES more entries may be read. */
    void (*spread)(const struct sparse_entry *entries, const uint64_t *masks, uint64_t m, float alpha, float *to);
    /* Bit r of to[i]: bit i of masks[r]; m <= KERNEL_ROWS masks, and zeros behind them up to a multiple of 8. */
    void (*turn_masks)(uint64_t m, const uint64_t *masks, uint64_t *to);
    /* c [m][n] = a^T b, or where `add` += that, for a [rows][KERNEL_SEGMENT] and b [rows][n], rows <= KERNEL_ROWS, where bit p of masks[i]
       says that element (p, i) is not zero. Best where neighbouring columns of a have the same bits. While a panel of b's columns is in use, the next one is fetched,
       m rows of it at most. Of a as many columns are read as are even. */
    void (*masked)(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b, uint64_t b_pitch,
                   uint64_t rows, bool add, float *c, uint64_t c_pitch);
    /* The same, added, for up to paired_rows rows; NULL where that is 0. Best where b is in the second-level cache. */
    uint64_t paired_rows;
    void (*masked_few)(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b, uint64_t b_pitch,
                       float *c, uint64_t c_pitch);
    /* to [columns][rows] from `from` [rows][columns] */
    void (*transpose)(uint64_t rows, uint64_t columns, const float *from, uint64_t from_pitch, float *to,
                      uint64_t to_pitch);
    /* y [n] += alpha x b, for one row x of `count` entries. */
    void (*row)(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *b, uint64_t b_pitch,
                float *y);
    /* y [n] = x b, for such a row. */
    void (*row_sum)(uint64_t n, const struct sparse_entry *x, uint64_t count, const float *b, uint64_t b_pitch,
                    float *y);
    /* As row(), after b += alpha_changes changes^T delta. Both lists are by row of b. */
    void (*row_after)(uint64_t n, const struct sparse_entry *changes, uint64_t n_changes, float alpha_changes,
                      const float *delta, const struct sparse_entry *x, uint64_t count, float alpha, float *b,
                      uint64_t b_pitch, float *y);
    /* y [n] += alpha x b, after each row of b that x reads has got what is due to it; `changes` are by row of b, the deltas `pitch` floats apart. */
    void (*row_due)(uint64_t n, const struct row_change *changes, const float *deltas, uint64_t pitch,
                    const struct sparse_entry *x, uint64_t count, float alpha, float *b, uint64_t b_pitch, float *y);
    /* c [m][n] += alpha x^T y, for one row x; rows of c where x has no entry are left alone. */
    void (*outer)(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *y, float *c,
                  uint64_t c_pitch);
};

/* Those for this machine. */
const struct kernels *kernels_get(void);

extern const struct kernels kernels_any;
#if defined(__x86_64__)
extern const struct kernels kernels_v3, kernels_v4;
#endif

#endif

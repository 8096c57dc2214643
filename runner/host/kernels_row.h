/* Products of one row, row() to outer() of struct kernels; a part of kernels_body.h. ROW_PANEL is how many vectors of such a product stay in
   registers, or 0. */
#ifndef RUNNER_HOST_KERNELS_ROW_H
#define RUNNER_HOST_KERNELS_ROW_H

#include "runner/host/kernels_vectors.h"

#include <string.h>

#define WHOLE_SUMS (ROW_PANEL == 0) /* y stands in whole vectors, in an array of sums */

/* y [n] += factor x */
INLINE void add_line(uint64_t n, float factor, const float *restrict x, float *restrict y) {
    vec f = splat(factor);
    uint64_t j = 0;
    for (; j + WIDTH <= n; j += WIDTH)
        store(y + j, vec_fma(f, load(x + j), load(y + j)));
    if (j < n)
        vec_store_part(y + j, vec_fma(f, vec_load_part(x + j, n - j), vec_load_part(y + j, n - j)), n - j);
}

/* A vector of n columns, WIDTH or fewer, of four rows of b times four factors, added to y. */
INLINE void row_step(const bool full, uint64_t n, const vec f[4], const float *const line[4], float *y) {
    vec sum = full || WHOLE_SUMS ? load(y) : vec_load_part(y, n);
    UNROLL(4)
    for (int h = 0; h < 4; h++)
        sum = vec_fma(f[h], full ? load(line[h]) : vec_load_part(line[h], n), sum);
    if (full || WHOLE_SUMS)
        store(y, sum);
    else
        vec_store_part(y, sum, n);
}

/* y has `panel` vectors, the last of which has `last` floats, and stays in registers. */
INLINE void short_row(const int panel, uint64_t last, const struct sparse_entry *x, uint64_t count, float alpha,
                      const float *b, uint64_t b_pitch, float *y) {
    vec sum[SPARSE_PANEL];
    load_panel(panel, last == WIDTH, last, y, sum);
    for (; count > 0; count--, x++)
        add_panel(panel, last == WIDTH, last, splat(alpha * x->value), b + x->column * b_pitch, sum);
    store_panel(panel, last == WIDTH, last, sum, y);
}

/* Four rows of b a pass save traffic of y. */
INLINE void add_rows(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *b,
                     uint64_t b_pitch, float *restrict y) {
    for (; count >= 4; count -= 4, x += 4) {
        const float *line[4];
        vec f[4];
        UNROLL(4)
        for (int h = 0; h < 4; h++) {
            line[h] = b + x[h].column * b_pitch;
            f[h] = splat(alpha * x[h].value);
        }
        uint64_t j = 0;
        for (; j + WIDTH <= n; j += WIDTH)
            row_step(true, WIDTH, f, (const float *const[]){line[0] + j, line[1] + j, line[2] + j, line[3] + j}, y + j);
        if (j < n)
            row_step(false, n - j, f, (const float *const[]){line[0] + j, line[1] + j, line[2] + j, line[3] + j},
                     y + j);
    }
    for (; count > 0; count--, x++)
        add_line(n, alpha * x->value, b + x->column * b_pitch, y);
}

#if WHOLE_SUMS
/* Columns of y whose sums are made at a time, in an array of their own: were they made in place, a core that reads ahead would, at each pass, take
   the lines behind them from another core that makes those; and would wait for a last vector that it has just stored in part. */
#define SUMS 512

INLINE void begin_sums(uint64_t n, const float *y, float *sums) {
    store(sums + (n - 1) / WIDTH * WIDTH, (vec){0});
    memcpy(sums, y, n * sizeof *y);
}

#endif

/* A short y stays in registers. */
static void row(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *b, uint64_t b_pitch,
                float *restrict y) {
    if (n <= SPARSE_PANEL * WIDTH) {
        const uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
        switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: short_row(vectors, last, x, count, alpha, b, b_pitch, y); break;
            CASES(SPARSE_PANEL, PART)
#undef PART
        default: break;
        }
        return;
    }
#if WHOLE_SUMS
    float sums[SUMS];
    for (uint64_t width; n > 0; n -= width, b += width, y += width) {
        width = n < SUMS ? n : SUMS;
        begin_sums(width, y, sums);
        add_rows(width, x, count, alpha, b, b_pitch, sums);
        memcpy(y, sums, width * sizeof *y);
    }
#else
    add_rows(n, x, count, alpha, b, b_pitch, y);
#endif
}

#define SUM_PANEL 8 /* chains enough for two units of four cycles each */

INLINE void sum_panel(const int panel, const bool full, uint64_t last, const struct sparse_entry *x, uint64_t count,
                      const float *b, uint64_t b_pitch, float *y) {
    vec sum[SUM_PANEL] = {{0}};
    for (; count > 0; count--, x++)
        add_panel(panel, full, last, splat(x->value), b + x->column * b_pitch, sum);
    store_panel(panel, full, last, sum, y);
}

static void row_sum(uint64_t n, const struct sparse_entry *x, uint64_t count, const float *b, uint64_t b_pitch,
                    float *y) {
    const uint64_t width = SUM_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, y += width)
        sum_panel(SUM_PANEL, true, WIDTH, x, count, b, b_pitch, y);
    const uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: sum_panel(vectors, false, last, x, count, b, b_pitch, y); break;
        CASES(SUM_PANEL, PART)
#undef PART
    default: break;
    }
}

#define SHORT_ROWS 8
#define SHORT_PANEL (LINE / WIDTH) /* vectors of a row of less than a cache line */

/* Rows of a vector or less. Some are read before any is written: the next one may begin within the vector that was stored in part, and
   a core waits long for what it has stored so. */
INLINE void add_short_lines(const int rows, uint64_t n, const struct sparse_entry *x, float alpha, vec y, float *c,
                            uint64_t c_pitch) {
    vec sum[SHORT_ROWS];
    UNROLL(8)
    for (int i = 0; i < rows; i++)
        sum[i] = vec_fma(splat(alpha * x[i].value), y, vec_load_part(c + x[i].column * c_pitch, n));
    UNROLL(8)
    for (int i = 0; i < rows; i++)
        vec_store_part(c + x[i].column * c_pitch, sum[i], n);
}

static void outer(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *y, float *c,
                  uint64_t c_pitch) {
    if (n < WIDTH)
        for (vec line = vec_load_part(y, n); count >= SHORT_ROWS; count -= SHORT_ROWS, x += SHORT_ROWS)
            add_short_lines(SHORT_ROWS, n, x, alpha, line, c, c_pitch);
    for (; count > 0; count--, x++)
        add_line(n, alpha * x->value, y, c + x->column * c_pitch);
}

INLINE bool same_rows(const int rows, const struct sparse_entry *x, const struct sparse_entry *y) {
    bool same = true;
    UNROLL(8)
    for (int i = 0; i < rows; i++)
        same &= x[i].column == y[i].column;
    return same;
}

/* Vector v of a row of n floats, less than a cache line: the last of several ends where the row does. */
INLINE vec load_short(const float *row, const int v, const int panel, uint64_t n) {
    if (panel == 1)
        return vec_load_part(row, n);
    return load(row + (v + 1 < panel ? (uint64_t)v * WIDTH : n - WIDTH));
}

INLINE void store_short(float *row, const int v, vec value, const int panel, uint64_t n) {
    if (panel == 1)
        vec_store_part(row, value, n);
    else
        store(row + (v + 1 < panel ? (uint64_t)v * WIDTH : n - WIDTH), value);
}

INLINE void load_short_lines(const int rows, const int panel, uint64_t n, const struct sparse_entry *x, const float *b,
                             uint64_t b_pitch, vec line[SHORT_ROWS]) {
    UNROLL(8)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        line[i * panel + v] = load_short(b + x[i].column * b_pitch, v, panel, n);
}

/* As row(), with an update of b on the way. Rows of less than a cache line, of `panel` vectors: first those that both lists begin with, some
   at a time, of which the next are read before these are written (add_short_lines()); then the other changes, and what is left of x. */
INLINE void row_after_short(const int panel, uint64_t n, const struct sparse_entry *changes, uint64_t n_changes,
                            float alpha_changes, const float *delta, const struct sparse_entry *x, uint64_t count,
                            float alpha, float *b, uint64_t b_pitch, float *y) {
    const int rows = SHORT_ROWS / panel;
    const uint64_t most = n_changes < count ? n_changes : count;
    vec sum[SHORT_PANEL], d[SHORT_PANEL], line[SHORT_ROWS], changed[SHORT_ROWS];
    uint64_t both = 0;
    while (both + (uint64_t)rows <= most && same_rows(rows, changes + both, x + both))
        both += (uint64_t)rows;
    UNROLL(4)
    for (int v = 0; v < panel; v++) {
        sum[v] = load_short(y, v, panel, n);
        d[v] = load_short(delta, v, panel, n);
    }
    if (both > 0)
        load_short_lines(rows, panel, n, x, b, b_pitch, line);
    for (uint64_t e = 0; e < both; e += (uint64_t)rows) {
        UNROLL(8)
        for (int i = 0; i < rows; i++)
            UNROLL(4)
        for (int v = 0; v < panel; v++)
            changed[i * panel + v] =
                vec_fma(splat(alpha_changes * changes[e + (uint64_t)i].value), d[v], line[i * panel + v]);
        if (e + (uint64_t)rows < both)
            load_short_lines(rows, panel, n, x + e + rows, b, b_pitch, line);
        UNROLL(8)
        for (int i = 0; i < rows; i++)
            UNROLL(4)
        for (int v = 0; v < panel; v++) {
            const struct sparse_entry *entry = x + e + i;
            store_short(b + entry->column * b_pitch, v, changed[i * panel + v], panel, n);
            sum[v] = vec_fma(splat(alpha * entry->value), changed[i * panel + v], sum[v]);
        }
    }
    outer(n, changes + both, n_changes - both, alpha_changes, delta, b, b_pitch);
    for (const struct sparse_entry *entry = x + both; entry < x + count; entry++)
        UNROLL(4)
    for (int v = 0; v < panel; v++)
        sum[v] = vec_fma(splat(alpha * entry->value), load_short(b + entry->column * b_pitch, v, panel, n), sum[v]);
    UNROLL(4)
    for (int v = 0; v < panel; v++)
        store_short(y, v, sum[v], panel, n);
}

#if ROW_PANEL > 0
/* Both lists have the same rows, without gaps: so the core knows where the next ones are long before it gets there. */
INLINE bool are_all_rows(const struct sparse_entry *changes, uint64_t n_changes, const struct sparse_entry *x,
                         uint64_t count) {
    return count > 0 && n_changes == count && changes[0].column == x[0].column &&
           changes[count - 1].column == x[count - 1].column && x[count - 1].column - x[0].column == count - 1;
}

/* row += factor delta, then sum += read row */
INLINE void change_panel(const int panel, const bool full, uint64_t last, vec factor, const float *delta, vec read,
                         float *row, vec *sum) {
    UNROLL(16)
    for (int v = 0; v < panel; v++) {
        vec changed = vec_fma(factor, load_of(delta, v, panel, full, last), load_of(row, v, panel, full, last));
        store_of(row, v, changed, panel, full, last);
        sum[v] = vec_fma(read, changed, sum[v]);
    }
}

/* A panel of the columns of such rows. */
INLINE void all_rows_panel(const int panel, const bool full, uint64_t last, const struct sparse_entry *changes,
                           float alpha_changes, const float *delta, const struct sparse_entry *x, uint64_t count,
                           float alpha, float *b, uint64_t b_pitch, vec sum[ROW_PANEL]) {
    float *row = b + x->column * b_pitch;
    for (uint64_t i = 0; i < count; i++, row += b_pitch) {
        vec change = splat(alpha_changes * changes[i].value), read = splat(alpha * x[i].value);
        change_panel(panel, full, last, change, delta, read, row, sum);
    }
}

/* A panel of b's columns, of which y stays in registers. Both lists are by row. */
INLINE void row_after_panel(const int panel, const bool full, uint64_t last, const struct sparse_entry *change,
                            const struct sparse_entry *changes_end, float alpha_changes, const float *delta,
                            const struct sparse_entry *x, const struct sparse_entry *x_end, float alpha, float *b,
                            uint64_t b_pitch, float *y) {
    vec sum[ROW_PANEL];
    load_panel(panel, full, last, y, sum);
    if (are_all_rows(change, (uint64_t)(changes_end - change), x, (uint64_t)(x_end - x))) {
        all_rows_panel(panel, full, last, change, alpha_changes, delta, x, (uint64_t)(x_end - x), alpha, b, b_pitch,
                       sum);
        change = changes_end;
        x = x_end;
    }
    for (;;) {
        const uint32_t end = change < changes_end ? change->column : UINT32_MAX;
        for (; x < x_end && x->column < end; x++)
            add_panel(panel, full, last, splat(alpha * x->value), b + x->column * b_pitch, sum);
        if (change == changes_end)
            break;
        float *row = b + change->column * b_pitch;
        vec factor = splat(alpha_changes * change->value);
        change++;
        if (x < x_end && x->column == end) {
            vec read = splat(alpha * x->value);
            x++;
            change_panel(panel, full, last, factor, delta, read, row, sum);
        } else {
            UNROLL(16)
            for (int v = 0; v < panel; v++)
                store_of(row, v,
                         vec_fma(factor, load_of(delta, v, panel, full, last), load_of(row, v, panel, full, last)),
                         panel, full, last);
        }
    }
    store_panel(panel, full, last, sum, y);
}

static void row_after_long(uint64_t n, const struct sparse_entry *changes, uint64_t n_changes, float alpha_changes,
                           const float *delta, const struct sparse_entry *x, uint64_t count, float alpha, float *b,
                           uint64_t b_pitch, float *y) {
    const uint64_t width = ROW_PANEL * WIDTH;
    const struct sparse_entry *changes_end = changes + n_changes, *x_end = x + count;
    for (; n >= width; n -= width, b += width, y += width, delta += width)
        row_after_panel(ROW_PANEL, true, WIDTH, changes, changes_end, alpha_changes, delta, x, x_end, alpha, b, b_pitch,
                        y);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors:                                                                                                      \
        row_after_panel(vectors, false, last, changes, changes_end, alpha_changes, delta, x, x_end, alpha, b, b_pitch, \
                        y);                                                                                            \
        break;
        CASES(ROW_PANEL, PART)
#undef PART
    default: break;
    }
}

#define DUE_AHEAD 4 /* rows: where the next one is only the list tells */

/* A panel of b's columns, of which y stays in registers. */
INLINE void row_due_panel(const int panel, const bool full, uint64_t last, const struct row_change *changes,
                          const float *deltas, uint64_t pitch, const struct sparse_entry *x, uint64_t count,
                          float alpha, float *b, uint64_t b_pitch, float *y) {
    vec sum[ROW_PANEL];
    load_panel(panel, full, last, y, sum);
    for (const struct sparse_entry *end = x + count; x < end; x++) {
        const struct row_change change = changes[x->column];
        const vec read = splat(alpha * x->value), factor = splat(change.factor);
        float *row = b + x->column * b_pitch;
        if (end - x > DUE_AHEAD)
            fetch_panel(panel, b + x[DUE_AHEAD].column * b_pitch, 1);
        if (change.delta == KERNEL_NO_CHANGE)
            add_panel(panel, full, last, read, row, sum);
        else
            change_panel(panel, full, last, factor, deltas + change.delta * pitch, read, row, sum);
    }
    store_panel(panel, full, last, sum, y);
}

static void row_due(uint64_t n, const struct row_change *changes, const float *deltas, uint64_t pitch,
                    const struct sparse_entry *x, uint64_t count, float alpha, float *b, uint64_t b_pitch, float *y) {
    const uint64_t width = ROW_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, y += width, deltas += width)
        row_due_panel(ROW_PANEL, true, WIDTH, changes, deltas, pitch, x, count, alpha, b, b_pitch, y);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: row_due_panel(vectors, false, last, changes, deltas, pitch, x, count, alpha, b, b_pitch, y); break;
        CASES(ROW_PANEL, PART)
#undef PART
    default: break;
    }
}
#else
/* row_step() after each line of b has changed by its factor times d. */
INLINE void changed_step(const bool full, uint64_t n, const vec change[4], const float *d, const vec f[4],
                         float *const line[4], float *y) {
    vec sum = load(y), delta = full ? load(d) : vec_load_part(d, n);
    UNROLL(4)
    for (int h = 0; h < 4; h++) {
        vec b = vec_fma(change[h], delta, full ? load(line[h]) : vec_load_part(line[h], n));
        if (full)
            store(line[h], b);
        else
            vec_store_part(line[h], b, n);
        sum = vec_fma(f[h], b, sum);
    }
    store(y, sum);
}

/* Of four rows that both lists have. The next four are fetched meanwhile: the hardware expects the lines behind the rows. */
static void four_changed(uint64_t n, const struct sparse_entry *changes, float alpha_changes, const float *delta,
                         const struct sparse_entry *x, float alpha, float *b, uint64_t b_pitch, float *restrict y) {
    float *line[4];
    vec change[4], f[4];
    UNROLL(4)
    for (int h = 0; h < 4; h++) {
        line[h] = b + x[h].column * b_pitch;
        change[h] = splat(alpha_changes * changes[h].value);
        f[h] = splat(alpha * x[h].value);
    }
    uint64_t j = 0;
    for (; j + WIDTH <= n; j += WIDTH) {
        if (j % LINE == 0) {
            UNROLL(4)
            for (int h = 0; h < 4; h++)
                __builtin_prefetch(line[h] + 4 * b_pitch + j, 1);
        }
        changed_step(true, WIDTH, change, delta + j, f,
                     (float *const[]){line[0] + j, line[1] + j, line[2] + j, line[3] + j}, y + j);
    }
    if (j < n)
        changed_step(false, n - j, change, delta + j, f,
                     (float *const[]){line[0] + j, line[1] + j, line[2] + j, line[3] + j}, y + j);
}

/* By four rows of x: in one pass where all of them change, else in two, of which the second finds them in the first-level cache. */
INLINE void add_rows_after(uint64_t n, const struct sparse_entry *changes, uint64_t n_changes, float alpha_changes,
                           const float *delta, const struct sparse_entry *x, uint64_t count, float alpha, float *b,
                           uint64_t b_pitch, float *sums) {
    const struct sparse_entry *end = changes + n_changes;
    for (uint64_t rows; count > 0; count -= rows, x += rows) {
        rows = count < 4 ? count : 4;
        if (rows == 4 && end - changes >= 4 && same_rows(4, changes, x)) {
            four_changed(n, changes, alpha_changes, delta, x, alpha, b, b_pitch, sums);
            changes += 4;
            continue;
        }
        for (; changes < end && changes->column <= x[rows - 1].column; changes++)
            add_line(n, alpha_changes * changes->value, delta, b + changes->column * b_pitch);
        add_rows(n, x, rows, alpha, b, b_pitch, sums);
    }
    outer(n, changes, (uint64_t)(end - changes), alpha_changes, delta, b, b_pitch);
}

static void row_after_long(uint64_t n, const struct sparse_entry *changes, uint64_t n_changes, float alpha_changes,
                           const float *delta, const struct sparse_entry *x, uint64_t count, float alpha, float *b,
                           uint64_t b_pitch, float *y) {
    float sums[SUMS];
    for (uint64_t width; n > 0; n -= width, b += width, y += width, delta += width) {
        width = n < SUMS ? n : SUMS;
        begin_sums(width, y, sums);
        add_rows_after(width, changes, n_changes, alpha_changes, delta, x, count, alpha, b, b_pitch, sums);
        memcpy(y, sums, width * sizeof *y);
    }
}

/* By four rows of x, which the second pass finds in the first-level cache. */
INLINE void add_rows_due(uint64_t n, const struct row_change *changes, const float *deltas, uint64_t pitch,
                         const struct sparse_entry *x, uint64_t count, float alpha, float *b, uint64_t b_pitch,
                         float *sums) {
    for (uint64_t rows; count > 0; count -= rows, x += rows) {
        rows = count < 4 ? count : 4;
        for (uint64_t i = 0; i < rows; i++) {
            const struct row_change *change = &changes[x[i].column];
            if (change->delta != KERNEL_NO_CHANGE)
                add_line(n, change->factor, deltas + change->delta * pitch, b + x[i].column * b_pitch);
        }
        add_rows(n, x, rows, alpha, b, b_pitch, sums);
    }
}

static void row_due(uint64_t n, const struct row_change *changes, const float *deltas, uint64_t pitch,
                    const struct sparse_entry *x, uint64_t count, float alpha, float *b, uint64_t b_pitch, float *y) {
    float sums[SUMS];
    for (uint64_t width; n > 0; n -= width, b += width, y += width, deltas += width) {
        width = n < SUMS ? n : SUMS;
        begin_sums(width, y, sums);
        add_rows_due(width, changes, deltas, pitch, x, count, alpha, b, b_pitch, sums);
        memcpy(y, sums, width * sizeof *y);
    }
}
#endif

static void row_after(uint64_t n, const struct sparse_entry *changes, uint64_t n_changes, float alpha_changes,
                      const float *delta, const struct sparse_entry *x, uint64_t count, float alpha, float *b,
                      uint64_t b_pitch, float *y) {
    const uint64_t vectors = (n + WIDTH - 1) / WIDTH;
    switch (n < LINE ? vectors : 0) {
#define PART(vectors)                                                                                                  \
    case vectors:                                                                                                      \
        row_after_short(vectors, n, changes, n_changes, alpha_changes, delta, x, count, alpha, b, b_pitch, y);         \
        break
#if SHORT_PANEL > 2
        PART(4);
        PART(3);
#endif
#if SHORT_PANEL > 1
        PART(2);
#endif
        PART(1);
#undef PART
    default: row_after_long(n, changes, n_changes, alpha_changes, delta, x, count, alpha, b, b_pitch, y); break;
    }
}

#endif

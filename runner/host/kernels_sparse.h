/* Products of sparse rows and of their columns; a part of kernels_body.h. */

#define MASKED_PANEL 6 /* of each of two rows, with sums for all of them in registers */

static uint64_t entries(uint64_t n, const float *x, struct sparse_entry *to) {
    uint64_t count = 0, i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        count += vec_entries(load(x + i), (uint32_t)i, to + count);
    return i < n ? count + vec_entries(vec_load_part(x + i, n - i), (uint32_t)i, to + count) : count;
}

/* A row of the panel that comes next, into the second-level cache. */
INLINE void fetch_row(const float *row, const int panel) {
    UNROLL(16)
    for (int j = 0; j < panel * WIDTH; j += LINE)
        __builtin_prefetch(row + j, 0, PREFETCH_SECOND);
}

/* A panel of the columns of all rows of c, two rows at a time: a vector of b serves both. Meanwhile the `rows` rows of the next panel are
   fetched. */
INLINE void masked_panel(const int panel, const bool full, uint64_t last, const float *a, const uint64_t *masks,
                         uint64_t m, const float *b, uint64_t b_pitch, const float *next, uint64_t rows, float *c,
                         uint64_t c_pitch) {
    for (uint64_t i = 0; i < m; i += 2, a += 2 * KERNEL_ROWS, c += 2 * c_pitch) {
        for (uint64_t r = i; r < i + 2 && r < rows; r++)
            fetch_row(next + r * b_pitch, MASKED_PANEL);
        uint64_t mask = masks[i] | (i + 1 < m ? masks[i + 1] : 0);
        if (mask == 0)
            continue;
        float *second = i + 1 < m ? c + c_pitch : c; /* the last row may be alone: then it is written last */
        vec sum[2][MASKED_PANEL];
        UNROLL(16)
        for (int v = 0; v < panel; v++) {
            sum[0][v] = load_of(c, v, panel, full, last);
            sum[1][v] = load_of(second, v, panel, full, last);
        }
        for (; mask != 0; mask &= mask - 1) {
            uint64_t p = (uint64_t)__builtin_ctzll(mask);
            const float *row = b + p * b_pitch;
            vec factor[2] = {splat(a[p]), splat(a[KERNEL_ROWS + p])};
            UNROLL(16)
            for (int v = 0; v < panel; v++) {
                vec line = kept(load_of(row, v, panel, full, last));
                sum[0][v] = vec_fma(factor[0], line, sum[0][v]);
                sum[1][v] = vec_fma(factor[1], line, sum[1][v]);
            }
        }
        UNROLL(16)
        for (int v = 0; v < panel; v++)
            store_of(second, v, sum[1][v], panel, full, last);
        UNROLL(16)
        for (int v = 0; v < panel; v++)
            store_of(c, v, sum[0][v], panel, full, last);
    }
}

static void masked(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b, uint64_t b_pitch,
                   uint64_t rows, float *c, uint64_t c_pitch) {
    const uint64_t width = MASKED_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, c += width)
        masked_panel(MASKED_PANEL, true, WIDTH, a, masks, m, b, b_pitch, b + width, n > width ? rows : 0, c, c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: masked_panel(vectors, false, last, a, masks, m, b, b_pitch, NULL, 0, c, c_pitch); break;
        CASES(MASKED_PANEL, PART)
#undef PART
    default: break;
    }
}

/* A panel of the columns of all rows of c. Meanwhile a panel of `rows` rows of b, but m at most, is fetched from `next`. */
INLINE void sparse_panel(const int panel, const bool full, uint64_t last, const struct sparse_entry *entries,
                         const uint32_t *marks, uint64_t m, float alpha, const float *b, uint64_t b_pitch,
                         const float *next, uint64_t rows, float *c, uint64_t c_pitch) {
    for (uint64_t i = 0; i < m; i++, c += c_pitch) {
        if (i < rows)
            fetch_row(next + i * b_pitch, SPARSE_PANEL);
        const struct sparse_entry *entry = entries + marks[i], *end = entries + marks[i + 1];
        if (entry == end)
            continue;
        vec sum[SPARSE_PANEL];
        UNROLL(16)
        for (int v = 0; v < panel; v++)
            sum[v] = load_of(c, v, panel, full, last);
        for (; entry < end; entry++) {
            const float *row = b + entry->column * b_pitch;
            vec factor = splat(alpha * entry->value);
            UNROLL(16)
            for (int v = 0; v < panel; v++)
                sum[v] = vec_fma(factor, load_of(row, v, panel, full, last), sum[v]);
        }
        UNROLL(16)
        for (int v = 0; v < panel; v++)
            store_of(c, v, sum[v], panel, full, last);
    }
}

/* A panel of b's rows stays in the first-level cache for all rows of c. With the last one the first of the rows behind is fetched. */
static void sparse(const struct sparse_entry *entries, const uint32_t *marks, uint64_t m, uint64_t n, float alpha,
                   const float *b, uint64_t b_pitch, uint64_t first, uint64_t rows, float *c, uint64_t c_pitch) {
    const uint64_t width = SPARSE_PANEL * WIDTH;
    const float *behind = b + (first + rows) * b_pitch;
    for (; n >= width; n -= width, b += width, c += width)
        sparse_panel(SPARSE_PANEL, true, WIDTH, entries, marks, m, alpha, b, b_pitch,
                     n > width ? b + first * b_pitch + width : behind, rows, c, c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors:                                                                                                      \
        sparse_panel(vectors, false, last, entries, marks, m, alpha, b, b_pitch, behind, rows, c, c_pitch);            \
        break;
        CASES(SPARSE_PANEL, PART)
#undef PART
    default: break;
    }
}

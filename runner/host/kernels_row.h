/* Products of one row, row() to outer() of struct kernels; a part of kernels_body.h. */

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
    vec sum = full ? load(y) : vec_load_part(y, n);
    UNROLL(4)
    for (int h = 0; h < 4; h++)
        sum = vec_fma(f[h], full ? load(line[h]) : vec_load_part(line[h], n), sum);
    if (full)
        store(y, sum);
    else
        vec_store_part(y, sum, n);
}

/* A short y stays in registers; else four rows of b a pass save traffic of it. */
static void row(uint64_t n, const struct sparse_entry *x, uint64_t count, float alpha, const float *b, uint64_t b_pitch,
                float *restrict y) {
    if (n <= SPARSE_PANEL * WIDTH) {
        sparse(x, (const uint32_t[]){0, (uint32_t)count}, 1, n, alpha, b, b_pitch, 0, 0, y, 0);
        return;
    }
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

#define SHORT_ROWS 8

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

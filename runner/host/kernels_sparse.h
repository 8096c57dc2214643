/* Products of sparse rows and of their columns; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_SPARSE_H
#define RUNNER_HOST_KERNELS_SPARSE_H

#include "runner/host/kernels_vectors.h"

#include <string.h>

static uint64_t entries(uint64_t n, const float *x, struct sparse_entry *to) {
    const struct sparse_entry *begin = to;
    for (uint64_t i = 0; i < n; i += WIDTH) {
        const vec v = i + WIDTH <= n ? load(x + i) : vec_load_part(x + i, n - i);
        const unsigned found = vec_nonzero(v);
        vec_entries(found, v, (uint32_t)i, to);
        to += __builtin_popcount(found);
    }
    return (uint64_t)(to - begin);
}

#ifdef VEC_SEGMENTS
static uint64_t segment(uint64_t n, const float *x, float scale, uint32_t column, struct sparse_entry *to) {
    uint64_t mask = 0;
    for (uint64_t i = 0; i < n; i += WIDTH) {
        const vec v = i + WIDTH <= n ? load(x + i) : vec_load_part(x + i, n - i);
        const unsigned found = vec_nonzero(v);
        vec_entries(found, v * splat(scale), column + (uint32_t)i, to);
        to += __builtin_popcount(found);
        mask |= (uint64_t)found << i;
    }
    return mask;
}

#ifdef VEC_ALL_BYTES
static uint64_t segment_bytes(uint64_t n, const uint8_t *x, float scale, uint32_t column, struct sparse_entry *to) {
    vec v[KERNEL_SEGMENT / WIDTH];
    const uint64_t mask = vec_all_bytes(x, n, v);
    UNROLL(4)
    for (int i = 0; i < KERNEL_SEGMENT / WIDTH; i++) {
        const unsigned found = (unsigned)(mask >> i * WIDTH & ((1u << WIDTH) - 1));
        vec_entries(found, v[i] * splat(scale), column + (uint32_t)(i * WIDTH), to);
        to += __builtin_popcount(found);
    }
    return mask;
}
#else
/* 8 at a time, with zeros among them: to branch for each eight would cost more. */
static uint64_t segment_bytes(uint64_t n, const uint8_t *x, float scale, uint32_t column, struct sparse_entry *to) {
    const vec scales = splat(scale);
    uint8_t last[KERNEL_SEGMENT];
    if (n < KERNEL_SEGMENT) { /* behind it nothing may be read */
        memset(last, 0, sizeof last);
        memcpy(last, x, n);
        x = last;
    }
    const uint64_t mask = vec_nonzero_bytes(x);
    for (uint64_t i = 0; i < n && mask != 0; i += 8) {
        const unsigned found = (unsigned)(mask >> i & 255);
        vec_byte_entries(found, x + i, scales, column + (uint32_t)i, to);
        to += __builtin_popcount(found);
    }
    return mask;
}
#endif

static void spread(const struct sparse_entry *entries, const uint64_t *masks, uint64_t m, float alpha, float *to) {
    float values[KERNEL_ROWS * KERNEL_SEGMENT + WIDTH];
    uint64_t count = 0;
    for (uint64_t r = 0; r < m; r++)
        count += (uint64_t)__builtin_popcountll(masks[r]);
    for (uint64_t e = 0; e < count; e += WIDTH)
        store(values + e, splat(alpha) * vec_values(entries + e));
    const float *from = values;
    for (uint64_t r = 0; r < m; r++, to += KERNEL_SEGMENT) {
        if (WIDTH < LINE && masks[r] == 0)
            continue;
        UNROLL(16)
        for (int i = 0; i < KERNEL_SEGMENT; i += WIDTH) {
            const int before = __builtin_popcountll(masks[r] & ((UINT64_C(1) << i) - 1));
            store(to + i, vec_spread(from + before, (unsigned)(masks[r] >> i & ((1u << WIDTH) - 1))));
        }
        from += __builtin_popcountll(masks[r]);
    }
}

static void turn_masks(uint64_t m, const uint64_t *masks, uint64_t *to) {
    /* Zeroed by hand: gcc 12 with -fsanitize=address would do so by aligned stores, which fault. */
    float words[2 * KERNEL_ROWS];
    unsigned char *bytes = (unsigned char *)words;
    for (uint64_t i = 0; i < 2 * KERNEL_ROWS; i += WIDTH)
        store(words + i, (vec){0});
    for (uint64_t r = 0; r < m; r += 8)
        vec_words(masks + r, bytes + r);
    for (int b = 0; b < 8; b++)
        vec_bits(m, bytes + b * KERNEL_ROWS, to + 8 * b);
}
#else
static uint64_t segment(uint64_t n, const float *x, float scale, uint32_t column, struct sparse_entry *to) {
    uint64_t mask = 0;
    for (uint64_t i = 0; i < n; i += WIDTH)
        mask |= (uint64_t)vec_nonzero(i + WIDTH <= n ? load(x + i) : vec_load_part(x + i, n - i)) << i;
    for (uint64_t left = mask; left != 0; left &= left - 1) {
        const int i = __builtin_ctzll(left);
        *to++ = (struct sparse_entry){column + (uint32_t)i, x[i] * scale};
    }
    return mask;
}

static uint64_t nonzero_bytes(uint64_t n, const uint8_t *x) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t mask = 0, word, i = 0;
    for (; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, x + i, sizeof word);
        word = (((word & ~high) + ~high) | word) & high; /* the top bit of each byte that is not zero */
        mask |= ((word >> 7) * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    for (; i < n; i++)
        mask |= (uint64_t)(x[i] != 0) << i;
    return mask;
}

static uint64_t segment_bytes(uint64_t n, const uint8_t *x, float scale, uint32_t column, struct sparse_entry *to) {
    const uint64_t mask = nonzero_bytes(n, x);
    for (uint64_t left = mask; left != 0; left &= left - 1) {
        const int i = __builtin_ctzll(left);
        *to++ = (struct sparse_entry){column + (uint32_t)i, (float)x[i] * scale};
    }
    return mask;
}

static void spread(const struct sparse_entry *entries, const uint64_t *masks, uint64_t m, float alpha, float *to) {
    memset(to, 0, m * KERNEL_SEGMENT * sizeof *to);
    for (uint64_t r = 0; r < m; r++, to += KERNEL_SEGMENT)
        for (uint64_t left = masks[r]; left != 0; left &= left - 1)
            to[__builtin_ctzll(left)] = alpha * (entries++)->value;
}

static void turn_masks(uint64_t m, const uint64_t *masks, uint64_t *to) {
    memset(to, 0, KERNEL_SEGMENT * sizeof *to);
    for (uint64_t r = 0; r < m; r++)
        for (uint64_t left = masks[r]; left != 0; left &= left - 1)
            to[__builtin_ctzll(left)] |= UINT64_C(1) << r;
}
#endif

/* A panel of the columns of all rows of c, two rows at a time: a vector of b serves both. Meanwhile the `rows` rows of the next panel are
   fetched, and the next two rows of c, which none but this product reads. */
INLINE void masked_panel(const int panel, const bool full, uint64_t last, const float *a, const uint64_t *masks,
                         uint64_t m, const float *b, uint64_t b_pitch, const float *next, uint64_t rows, const bool add,
                         float *c, uint64_t c_pitch) {
    for (uint64_t i = 0; i < m; i += 2, a += 2, c += 2 * c_pitch) {
        for (uint64_t r = i; r < i + 2 && r < rows; r++)
            fetch_panel(MASKED_PANEL, next + r * b_pitch, 2);
        uint64_t mask = masks[i] | (i + 1 < m ? masks[i + 1] : 0);
        if (add && mask == 0)
            continue;
        float *second = i + 1 < m ? c + c_pitch : c; /* the last row may be alone: then it is written last */
        if (add && i + 3 < m && (masks[i + 2] | masks[i + 3]) != 0) {
            fetch_panel(panel, c + 2 * c_pitch, 1);
            fetch_panel(panel, c + 3 * c_pitch, 1);
        }
        vec sum[2][MASKED_PANEL];
        UNROLL(16)
        for (int v = 0; v < panel; v++) {
            sum[0][v] = add ? load_of(c, v, panel, full, last) : (vec){0};
            sum[1][v] = add ? load_of(second, v, panel, full, last) : (vec){0};
        }
        for (; mask != 0; mask &= mask - 1) {
            uint64_t p = (uint64_t)__builtin_ctzll(mask);
            const float *row = b + p * b_pitch;
            vec factor[2] = {splat(a[p * KERNEL_SEGMENT]), splat(a[p * KERNEL_SEGMENT + 1])};
            UNROLL(16)
            for (int v = 0; v < panel; v++) {
                vec line = kept(load_of(row, v, panel, full, last));
                sum[0][v] = vec_fma(factor[0], line, sum[0][v]);
                sum[1][v] = vec_fma(factor[1], line, sum[1][v]);
            }
        }
        store_panel(panel, full, last, sum[1], second);
        store_panel(panel, full, last, sum[0], c);
    }
}

INLINE void masked_panels(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b,
                          uint64_t b_pitch, uint64_t rows, const bool add, float *c, uint64_t c_pitch) {
    const uint64_t width = MASKED_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, c += width)
        masked_panel(MASKED_PANEL, true, WIDTH, a, masks, m, b, b_pitch, b + width, n > width ? rows : 0, add, c,
                     c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: masked_panel(vectors, false, last, a, masks, m, b, b_pitch, NULL, 0, add, c, c_pitch); break;
        CASES(MASKED_PANEL, PART)
#undef PART
    default: break;
    }
}

static void masked(const float *a, const uint64_t *masks, uint64_t m, uint64_t n, const float *b, uint64_t b_pitch,
                   uint64_t rows, bool add, float *c, uint64_t c_pitch) {
    if (add)
        masked_panels(a, masks, m, n, b, b_pitch, rows, true, c, c_pitch);
    else
        masked_panels(a, masks, m, n, b, b_pitch, rows, false, c, c_pitch);
}

/* Of the rows of a panel with a bit in `wanted`, at most `n` are fetched. Returns the bits of the others. */
INLINE uint64_t fetch_rows(const int panel, const float *rows, uint64_t pitch, uint64_t n, uint64_t wanted) {
    for (; n > 0 && wanted != 0; n--, wanted &= wanted - 1)
        fetch_panel(panel, rows + (uint64_t)__builtin_ctzll(wanted) * pitch, 2);
    return wanted;
}

/* A panel of the columns of all rows of c. Meanwhile the rows `wanted` of the panel `next` are fetched. */
INLINE void sparse_panel(const int panel, const bool full, uint64_t last, const struct sparse_entry *entry,
                         const uint64_t *masks, uint64_t m, const float *b, uint64_t b_pitch, const float *next,
                         uint64_t wanted, float *c, uint64_t c_pitch) {
    const uint64_t at_once = ((uint64_t)__builtin_popcountll(wanted) + m - 1) / m;
    uint64_t next_mask = masks[0];
    for (uint64_t i = 0; i < m; i++, c += c_pitch) {
        wanted = fetch_rows(SPARSE_PANEL, next, b_pitch, at_once, wanted);
        uint64_t mask = next_mask;
        next_mask = masks[i + 1 < m ? i + 1 : i];
        if (mask == 0)
            continue;
        vec sum[SPARSE_PANEL];
        load_panel(panel, full, last, c, sum);
        for (; mask != 0; mask &= mask - 1, entry++)
            add_panel(panel, full, last, splat(entry->value), kept_row(b + (uint64_t)__builtin_ctzll(mask) * b_pitch),
                      sum);
        store_panel(panel, full, last, sum, c);
    }
}

/* A panel of b's rows stays in the first-level cache for all rows of c. With the last one the first of the rows behind is fetched. */
static void sparse(const struct sparse_entry *entries, const uint64_t *masks, uint64_t m, uint64_t n, const float *b,
                   uint64_t b_pitch, uint64_t rows, uint64_t behind, float *c, uint64_t c_pitch) {
    const uint64_t width = SPARSE_PANEL * WIDTH;
    const float *next = b + rows * b_pitch;
    const uint64_t read = sparse_columns(masks, m);
    for (; n >= width; n -= width, b += width, c += width)
        sparse_panel(SPARSE_PANEL, true, WIDTH, entries, masks, m, b, b_pitch, n > width ? b + width : next,
                     n > width ? read : behind, c, c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors: sparse_panel(vectors, false, last, entries, masks, m, b, b_pitch, next, behind, c, c_pitch); break;
        CASES(SPARSE_PANEL, PART)
#undef PART
    default: break;
    }
}

#endif

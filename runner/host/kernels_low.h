/* Lower blocks of longer rows, for what fills no block of BLOCK_ROWS rows or no panel; a part of kernels_body.h. LOW_ROWS rows of LOW_PANEL vectors
   have as many sums as a block; a block of as few rows would wait for its own. */
#ifndef RUNNER_HOST_KERNELS_LOW_H
#define RUNNER_HOST_KERNELS_LOW_H

#include "runner/host/kernels_groups.h"
#include "runner/host/kernels_last.h"

INLINE void group_of(const bool apart, uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row,
                     uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch,
                     struct soon soon) {
    group_by(k >= WHOLE_DEPTH && rows > MOST_LOW, apart, rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
}

/* Up to LOW_ROWS rows of c by up to LOW_PANEL vectors. */
static void low_block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                      const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t ahead = PREFETCH_ROWS * b_pitch, last = n - (LOW_PANEL - 1) * WIDTH;
    if (n <= PANEL * WIDTH) {
        block(rows, n, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c, c_pitch);
        return;
    }
    /* Half a vector needs no mask, which would not stay in a register. */
    switch (3 * rows + (last == WIDTH ? 2 : last == WIDTH / 2)) {
#define PART(high, full, last)                                                                                         \
    block_panel(high, (struct shape){LOW_PANEL, full, false, last}, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c,   \
                c_pitch)
#define ROWS(rows)                                                                                                     \
    case 3 * rows: PART(rows, false, last); break;                                                                     \
    case 3 * rows + 1: PART(rows, false, WIDTH / 2); break;                                                            \
    case 3 * rows + 2: PART(rows, true, WIDTH); break;
        CASES(LOW_ROWS, ROWS)
#undef ROWS
#undef PART
    default: break;
    }
}

INLINE uint64_t low_height(uint64_t left) {
    return left < LOW_ROWS ? left : LOW_ROWS;
}

INLINE void low(const bool apart, uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t width = LOW_PANEL * WIDTH;
    for (; n > 0; b += width, c += width, n -= n < width ? n : width)
        for (uint64_t i = 0, high; i < rows; i += high) {
            high = low_height(rows - i);
            low_block(high, n < width ? n : width, k, block_at(apart, a, i, k, a_row), a_row, apart ? high : a_k, b,
                      b_pitch, beta, c + i * c_pitch, c_pitch);
        }
}

/* Of the rows of a group, the last ones that make low blocks of three rows and more: those behind the last whole block, or with it.
   None of more than MOST_LOW rows. */
INLINE uint64_t low_rows(uint64_t rows) {
    const uint64_t rest = rows % BLOCK_ROWS, low = rest < 3 ? rest + BLOCK_ROWS : rest;
    return rest > 0 && rest <= LOW_ROWS && low <= rows && rows <= MOST_LOW ? low : 0;
}

/* group(), with low blocks: of all rows for the last columns, where these do not fill a panel, and of the last rows. So that b is read once, those
   come after each run of columns that panels and two low blocks fill. Rows that stand by blocks are taken by these for the last columns, too. */
INLINE void mixed_group_of(const bool apart, uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row,
                           uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch,
                           struct soon soon) {
    const uint64_t width = PANEL * WIDTH, rest = n % width;
    const uint64_t tail = rest > 0 && rest <= WIDTH && !apart ? width + rest : 0;
    const uint64_t few = low_rows(rows), many = rows - few, most = few > 0 ? 2 * LOW_PANEL * WIDTH : n;
    if (k < SMALL_DEPTH || n <= width) {
        group_of(apart, rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
        return;
    }
    for (uint64_t left = n - tail, columns; left > 0; left -= columns, b += columns, c += columns) {
        columns = left < most ? left : most;
        if (many > 0)
            group_of(apart, many, columns, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch,
                     first_of(&soon, soon.rows * columns / (left + tail)));
        if (few > 0)
            low(apart, few, columns, k, block_at(apart, a, many, k, a_row), a_row, a_k, b, b_pitch, beta,
                c + many * c_pitch, c_pitch);
    }
    fetch(&soon, soon.rows, 1);
    if (tail > 0)
        low(false, rows, tail, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}

static void mixed_group(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                        const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, struct soon soon) {
    mixed_group_of(false, rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
}

/* The rows of the block that begins at row i of those that stand by blocks, `many` of them in blocks that are not low. */
INLINE uint64_t height_at(uint64_t i, uint64_t rows, uint64_t many) {
    return i < many ? block_height(many - i) : low_height(rows - i);
}

/* A block of rows. Where `over`, all but the last of its vectors reach into what follows them, there as here, and is written later. */
INLINE void pack_block(const uint64_t height, const bool over, uint64_t k, vec alpha, const float *a, uint64_t a_k,
                       uint64_t ahead, float *to) {
    const uint64_t last = over ? 1 : k;
    for (; k > last; k--, a += a_k, to += height) {
        __builtin_prefetch(a + ahead);
        store(to, alpha * load(a));
    }
    for (; k > 0; k--, a += a_k, to += height)
        vec_store_part(to, alpha * vec_load_part(a, height), height);
}

/* alpha times rows x k elements of a, of which those of a row lie a_k apart, by the blocks that mixed_group_of() makes. */
static void pack_blocks(uint64_t rows, uint64_t k, float alpha, const float *a, uint64_t a_k, float *to) {
    const uint64_t many = rows - low_rows(rows);
    for (uint64_t i = 0, high; i < rows; i += high, a += high, to += high * k) {
        const uint64_t ahead = i == 0 ? PREFETCH_ROWS * a_k : LINE;
        high = height_at(i, rows, many);
        const bool over = high + a_k >= WIDTH; /* no vector reaches behind the next line of a */
        if (high == BLOCK_ROWS && over)
            pack_block(BLOCK_ROWS, true, k, splat(alpha), a, a_k, ahead, to);
        else if (high == BLOCK_ROWS - 1 && over)
            pack_block(BLOCK_ROWS - 1, true, k, splat(alpha), a, a_k, ahead, to);
        else if (high == LOW_ROWS)
            pack_block(LOW_ROWS, false, k, splat(alpha), a, a_k, ahead, to);
        else
            pack_block(high, false, k, splat(alpha), a, a_k, ahead, to);
    }
}

/* The last columns of c, behind whole panels: of some blocks of rows at a time, as rows of the product transposed. */
static void last_apart(uint64_t rows, uint64_t n, uint64_t k, const float *packed, const float *b, uint64_t b_pitch,
                       float beta, float *c, uint64_t c_pitch) {
    const uint64_t many = rows - low_rows(rows);
    for (uint64_t i = 0; i < rows;) {
        uint64_t high[LAST_BLOCKS], blocks = 0, end = i;
        for (; blocks < LAST_BLOCKS && end < rows; end += high[blocks++])
            high[blocks] = height_at(end, rows, many);
        last_block(blocks, n, high, k, packed + i * k, b, b_pitch, beta, c + i * c_pitch, c_pitch);
        i = end;
    }
}

INLINE bool packs_apart(uint64_t n, uint64_t k, uint64_t a_row) {
    return a_row == 1 && k >= PACKED_BLOCKS && n > PANEL * WIDTH;
}

/* mixed_group_of() of alpha times columns of a, packed block by block. */
static void group_apart(uint64_t rows, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_k, float *packed,
                        const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, struct soon soon) {
    const uint64_t width = PANEL * WIDTH, rest = n % width; /* of a single panel rows do not stand by low blocks */
    const uint64_t last = rest <= MOST_LAST_COLUMNS && n - rest > width ? rest : 0, most = n - last;
    pack_blocks(rows, k, alpha, a, a_k, packed);
    mixed_group_of(true, rows, most, k, packed, 1, 0, b, b_pitch, beta, c, c_pitch, soon);
    if (last > 0)
        last_apart(rows, last, k, packed, b + most, b_pitch, beta, c + most, c_pitch);
}

#endif

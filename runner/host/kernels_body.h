/*
 * The kernels for one vector width; included by kernels_*.c, which define WIDTH (floats of a vector), BLOCK_ROWS, LAST_STEPS (see
 * block_panel()), the type vec and, as inline functions, vec_fma(a, b, c) = a b + c, vec_load_part(p, n) and vec_store_part(p, v, n) for
 * the first n < WIDTH floats, vec_nonzero(v) with bit i for v[i] != 0, and vec_entries(found, v, column, to) for those of v with a bit in
 * `found`, v[0] being in that column: it may write up to WIDTH entries. VEC_SEGMENTS is defined where that is fast; then there are
 * vec_nonzero_bytes() of a segment's and vec_byte_entries() or, with VEC_ALL_BYTES, vec_all_bytes(), and vec_spread(p, found): as many of
 * the WIDTH values from p on as `found` has ones, in their places.
 */
#include "runner/host/kernels.h"

#include <string.h>

#if defined(__clang__)
#define UNROLL(n) _Pragma("unroll")
#elif defined(__GNUC__)
#define PRAGMA(text) _Pragma(#text)
#define UNROLL(n) PRAGMA(GCC unroll n)
#endif
#define INLINE static inline __attribute__((always_inline))
/* CASES(MOST, X): X(MOST) .. X(1), for a switch over how many rows or vectors there are, each of which has a copy of its code. MOST is a literal
   or a macro that is one. */
#define CASES(most, X) CASES_OF(most, X)
#define CASES_OF(most, X) CASES_##most(X)
#define CASES_1(X) X(1)
#define CASES_2(X) X(2) CASES_1(X)
#define CASES_3(X) X(3) CASES_2(X)
#define CASES_4(X) X(4) CASES_3(X)
#define CASES_5(X) X(5) CASES_4(X)
#define CASES_6(X) X(6) CASES_5(X)
#define CASES_8(X) X(8) X(7) CASES_6(X)
#define CASES_10(X) X(10) X(9) CASES_8(X)
#define CASES_12(X) X(12) X(11) CASES_10(X)
#define CASES_13(X) X(13) CASES_12(X)
#define CASES_16(X) X(16) X(15) X(14) CASES_13(X)

#define PANEL 2 /* vectors of a row of a block */
#define LINE 16 /* floats of a cache line */
/* The rows of b lie too far apart for the hardware to guess which come next. */
#define PREFETCH_ROWS 8   /* of b, ahead of their use */
#define PREFETCH_SECOND 2 /* into the second-level cache */
#ifndef OWN_LEVEL
#define OWN_LEVEL 2 /* the cache into which blocks of many rows fetch of the panel that they are at */
#endif

typedef float vec_unaligned __attribute__((vector_size(WIDTH * sizeof(float)), aligned(4), may_alias));

INLINE vec load(const float *p) {
    return *(const vec_unaligned *)p;
}

INLINE void store(float *p, vec v) {
    *(vec_unaligned *)p = v;
}

INLINE vec splat(float x) {
    return x - (vec){0};
}

/* In a register, where there are such: gcc would load it once more for each use. */
INLINE vec kept(vec v) {
#if defined(__AVX512F__) || (defined(__x86_64__) && WIDTH < 16)
    __asm__("" : "+v"(v));
#endif
    return v;
}

/* In one register, which an address that has an index has not: such a fused multiply-add takes an Intel core two slots. */
INLINE const float *kept_row(const float *row) {
#if defined(__x86_64__)
    __asm__("" : "+r"(row));
#endif
    return row;
}

/* Vector v of a row of `panel` vectors, the last of which has `last` floats: all WIDTH of them where `full`. */
INLINE vec load_of(const float *row, const int v, const int panel, const bool full, uint64_t last) {
    return full || v + 1 < panel ? load(row + (uint64_t)v * WIDTH) : vec_load_part(row + (uint64_t)v * WIDTH, last);
}

INLINE void store_of(float *row, const int v, vec value, const int panel, const bool full, uint64_t last) {
    if (full || v + 1 < panel)
        store(row + (uint64_t)v * WIDTH, value);
    else
        vec_store_part(row + (uint64_t)v * WIDTH, value, last);
}

INLINE vec started(float beta, const float *row, const int v, const int panel, const bool full, uint64_t last) {
    if (beta == 0)
        return (vec){0};
    vec c = load_of(row, v, panel, full, last);
    if (beta != 1)
        c = c * splat(beta);
    return c;
}

/* ---- Dense blocks ---- */

/* HALF: floats of half a vector, where that takes half the time of a whole one. */
#ifndef HALF
#define HALF 0
#define half vec
#define half_of(v) (v)
#define half_fma vec_fma
#define half_load_part vec_load_part
#define half_store_part vec_store_part
#endif

INLINE void fetch_line(const float *p, const int level) {
    if (level == 1)
        __builtin_prefetch(p);
    else if (level == 2)
        __builtin_prefetch(p, 0, PREFETCH_SECOND);
}

#define MOST_PANEL (WIDE_PANEL > PANEL ? WIDE_PANEL : PANEL)
#define SHARED_ROWS (BLOCK_ROWS > 6 ? 4 : BLOCK_ROWS) /* of a to a pointer: offsets of more do not stay in registers */

INLINE half half_started(float beta, const float *row, uint64_t n) {
    half c = {0};
    if (beta != 0)
        c = half_load_part(row, n) * half_of(splat(beta));
    return c;
}

/* A row has `panel` vectors, the last of which has `last` floats where not `full`; or all of them are full, and `last` floats of half a vector
   follow. */
struct shape {
    int panel;
    bool full, halved;
    uint64_t last;
};

struct sums {
    vec of[BLOCK_ROWS][MOST_PANEL];
    half rest[BLOCK_ROWS];
};

/* Panels of more than one cache line are fetched ahead line by line by blocks of many rows: of all lines at once a core that waits for the
   third-level cache loses a third of the block's time. */
#define BY_LINES (PANEL * WIDTH > LINE)
#define MOST_NEAR ((BY_LINES ? 1 : 2) * BLOCK_ROWS) /* rows, whose blocks fetch into the first-level cache */

/* Rows `from` .. to - 1 of the sums; first[] points to each SHARED_ROWS of them in a. */
INLINE void block_step(const struct shape shape, const int from, const int to, const float *const *first,
                       uint64_t a_row, const float *b, uint64_t b_pitch, const int level, uint64_t ahead,
                       struct sums *sums) {
    const bool by_lines = BY_LINES && level == 2;
    vec line[MOST_PANEL];
    half line_rest;
    fetch_line(b + PREFETCH_ROWS * b_pitch, by_lines ? 1 : 0);
    fetch_line(b + ahead, by_lines ? 2 : 0);
    UNROLL(4)
    for (int v = 0; v < shape.panel; v++) {
        line[v] = kept(load_of(b, v, shape.panel, shape.full, shape.last));
        if (v * WIDTH % LINE == 0 && !by_lines)
            fetch_line(b + ahead + (uint64_t)v * WIDTH, level);
    }
    if (shape.halved)
        line_rest = half_load_part(b + shape.panel * WIDTH, shape.last);
    fetch_line(b + ahead + (uint64_t)shape.panel * WIDTH, shape.halved && !by_lines ? level : 0);
    UNROLL(16)
    for (int i = from; i < to; i++) {
        vec factor = splat(first[i / SHARED_ROWS][(uint64_t)(i % SHARED_ROWS) * a_row]);
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            sums->of[i][v] = vec_fma(factor, line[v], sums->of[i][v]);
        if (shape.halved)
            sums->rest[i] = half_fma(half_of(factor), line_rest, sums->rest[i]);
    }
}

/* The same, of which the compiler does not know: so it derives the addresses of rows where they are wanted, and need not keep them. */
INLINE float *again(float *p) {
#if defined(__GNUC__)
    __asm__("" : "+r"(p));
#endif
    return p;
}

INLINE void block_started(const struct shape shape, const int rows, float beta, const float *c, uint64_t c_pitch,
                          struct sums *sums) {
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            sums->of[i][v] = started(beta, c, v, shape.panel, shape.full, shape.last);
        if (shape.halved)
            sums->rest[i] = half_started(beta, c + shape.panel * WIDTH, shape.last);
        c += i + 1 < rows ? c_pitch : 0;
    }
}

/* Returns where row `to` begins, which need not be there. */
INLINE float *block_stored(const struct shape shape, const int from, const int to, const struct sums *sums, float *c,
                           uint64_t c_pitch) {
    UNROLL(16)
    for (int i = from; i < to; i++, c += c_pitch) {
        UNROLL(4)
        for (int v = 0; v < shape.panel; v++)
            store_of(c, v, sums->of[i][v], shape.panel, shape.full, shape.last);
        if (shape.halved)
            half_store_part(c + shape.panel * WIDTH, sums->rest[i], shape.last);
    }
    return c;
}

/* With row p of b, row p of b + ahead is fetched, to level 1 or 2 of the caches; 0: to none. With BY_LINES, level 2 means one line of that row, and
   into the first level the first line of row p + PREFETCH_ROWS. The last steps are made for some rows at a time, which are then stored: where the
   stores of all rows wait for their sums, an AMD Zen does not begin the next block meanwhile. */
INLINE void block_panel(const int rows, const struct shape shape, uint64_t k, const float *a, uint64_t a_row,
                        uint64_t a_k, const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta,
                        float *c, uint64_t c_pitch) {
    struct sums sums;
    block_started(shape, rows, beta, c, c_pitch, &sums);
    const float *first[(BLOCK_ROWS + SHARED_ROWS - 1) / SHARED_ROWS];
    UNROLL(4)
    for (int s = 0; s * SHARED_ROWS < rows; s++)
        first[s] = a + (uint64_t)(s * SHARED_ROWS) * a_row;
    const uint64_t most = LAST_STEPS, last_steps = k < most ? k : most;
    for (const float *end = b + (k - last_steps) * b_pitch; b != end; b += b_pitch) {
        block_step(shape, 0, rows, first, a_row, b, b_pitch, level, ahead, &sums);
        UNROLL(4)
        for (int s = 0; s * SHARED_ROWS < rows; s++)
            first[s] += a_k;
    }
    c = again(c);
    UNROLL(4)
    for (int s = 0; s * SHARED_ROWS < rows; s++) {
        const int from = s * SHARED_ROWS, to = from + SHARED_ROWS < rows ? from + SHARED_ROWS : rows;
        const float *line = b;
        UNROLL(1)
        for (uint64_t p = 0; p < last_steps; p++, line += b_pitch, first[s] += a_k)
            block_step(shape, from, to, first, a_row, line, b_pitch, s == 0 ? level : 0, ahead, &sums);
        c = block_stored(shape, from, to, &sums, c, c_pitch);
    }
}

/* Rows of c by up to PANEL vectors of its columns. */
INLINE void block_rows(const int rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                       const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c,
                       uint64_t c_pitch) {
#define PART(panel, full, halved, last)                                                                                \
    block_panel(rows, (struct shape){panel, full, halved, last}, k, a, a_row, a_k, b, b_pitch, level, ahead, beta, c,  \
                c_pitch)
    if (n == PANEL * WIDTH)
        PART(PANEL, true, false, WIDTH);
    else if (HALF > 0 && n > WIDTH && n <= WIDTH + HALF)
        PART(1, true, true, n - WIDTH);
    else if (n > WIDTH)
        PART(PANEL, false, false, n - WIDTH);
    else
        PART(1, false, false, n);
#undef PART
}

INLINE void block_of(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                     const float *b, uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c,
                     uint64_t c_pitch) {
    switch (rows) {
#define ROWS(rows)                                                                                                     \
    case rows: block_rows(rows, n, k, a, a_row, a_k, b, b_pitch, level, ahead, beta, c, c_pitch); break;
        CASES(BLOCK_ROWS, ROWS)
#undef ROWS
    default: break;
    }
}

static void block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                  uint64_t b_pitch, const int level, uint64_t ahead, float beta, float *c, uint64_t c_pitch) {
    if (level == 1)
        block_of(rows, n, k, a, a_row, a_k, b, b_pitch, 1, ahead, beta, c, c_pitch);
    else
        block_of(rows, n, k, a, a_row, a_k, b, b_pitch, 2, ahead, beta, c, c_pitch);
}

/* For a_row = 1, where offsets are no registers: faster by a twentieth. */
static void packed_block(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_k, const float *b,
                         uint64_t b_pitch, uint64_t ahead, float beta, float *c, uint64_t c_pitch) {
    block_of(rows, n, k, a, 1, a_k, b, b_pitch, 2, ahead, beta, c, c_pitch);
}

/* Rows of the next block of `left` ones: a block of few rows leaves registers idle. */
INLINE uint64_t block_height(uint64_t left) {
    uint64_t blocks = (left + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const bool equal = EQUAL_BLOCKS || left <= blocks * (BLOCK_ROWS - 1);
    return equal ? (left + blocks - 1) / blocks : BLOCK_ROWS;
}

/* A part of a matrix that will be read soon. */
struct soon {
    const float *from;
    uint64_t rows, columns, pitch;
};

/* Fetches its first rows into that level of the caches, and leaves the others. */
INLINE void fetch(struct soon *soon, uint64_t rows, const int level) {
    for (; rows > 0 && soon->rows > 0; rows--, soon->rows--, soon->from += soon->pitch)
        for (uint64_t j = 0; j < soon->columns; j += LINE)
            fetch_line(soon->from + j, level);
}

/* Takes its first rows. */
INLINE struct soon first_of(struct soon *soon, uint64_t rows) {
    const struct soon first = {soon->from, rows, soon->columns, soon->pitch};
    soon->from += rows * soon->pitch;
    soon->rows -= rows;
    return first;
}

/* Packed rows stand line by line, or, with low blocks from a depth of PACKED_BLOCKS on, `apart`: block by block of their products, whose lines lie as
   many floats apart as the block has rows. So a block reads all of each cache line, and these one after another. */

/* Where row i of a begins, which is the first of a block. */
INLINE const float *block_at(const bool apart, const float *a, uint64_t i, uint64_t k, uint64_t a_row) {
    return a + i * (apart ? k : a_row);
}

#define WIDE_ROWS 4
#define SMALL_DEPTH 32
#define MOST_WIDE (8 * 1024) /* floats of b, which stay in the first-level cache */

/* Rows of c by their whole length: for so small a k most of the time goes to c, of which a small block leaves the core room to begin the
   next one. */
INLINE void wide_rows(const int rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                      const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    const uint64_t width = WIDE_PANEL * WIDTH;
    for (; n >= width; n -= width, b += width, c += width)
        block_panel(rows, (struct shape){WIDE_PANEL, true, false, WIDTH}, k, a, a_row, a_k, b, b_pitch, 0, 0, beta, c,
                    c_pitch);
    uint64_t vectors = (n + WIDTH - 1) / WIDTH, last = n - (vectors - 1) * WIDTH;
    switch (vectors) {
#define PART(vectors)                                                                                                  \
    case vectors:                                                                                                      \
        block_panel(rows, (struct shape){vectors, false, false, last}, k, a, a_row, a_k, b, b_pitch, 0, 0, beta, c,    \
                    c_pitch);                                                                                          \
        break;
        CASES(WIDE_PANEL, PART)
#undef PART
    default: break;
    }
}

static void wide(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k, const float *b,
                 uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    for (; m >= WIDE_ROWS; m -= WIDE_ROWS, a += WIDE_ROWS * a_row, c += WIDE_ROWS * c_pitch)
        wide_rows(WIDE_ROWS, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
    for (; m > 0; m--, a += a_row, c += c_pitch)
        wide_rows(1, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
}

#ifdef HELD_ROWS
#include "runner/host/kernels_held.h"
#else
#define shallow wide
#endif

#ifdef LOW_PANEL
#include "runner/host/kernels_whole.h"
#else
#define made_whole(...) false
#endif

/* What the block of b's columns `j` .. of n that is number `block` of its panel fetches with each row of b, as an offset from it. */
INLINE uint64_t fetched(uint64_t rows, uint64_t n, uint64_t j, uint64_t block, uint64_t b_pitch) {
    const uint64_t width = PANEL * WIDTH, own = PREFETCH_ROWS * b_pitch;
    if (!BY_LINES)
        return block == 1 ? width : own;
    if (rows <= BLOCK_ROWS)
        return own;
    const uint64_t first = j == 0 && rows > 2 * BLOCK_ROWS; /* the first panel's first block waits for that panel */
    if (j + width >= n || block < first || block > first + 1)
        return own + LINE;
    return width + (block - first) * LINE;
}

/* Some rows of c: a panel of b's columns serves all of them from the first-level cache. Meanwhile the next panel is fetched, into the second-level
   cache where more than two blocks fill the first; each block fetches what the next one adds to, each panel a share of `soon`. Where
   `wholes`, blocks of whole panels are made_whole(). */
INLINE void group_by(const bool wholes, const bool apart, uint64_t rows, uint64_t n, uint64_t k, const float *a,
                     uint64_t a_row, uint64_t a_k, const float *b, uint64_t b_pitch, float beta, float *c,
                     uint64_t c_pitch, struct soon soon) {
    if (k < SMALL_DEPTH && k * n <= MOST_WIDE && n > PANEL * WIDTH) {
        shallow(rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch);
        return;
    }
    const uint64_t width = PANEL * WIDTH, panels = (n + width - 1) / width, share = (soon.rows + panels - 1) / panels;
    const uint64_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    for (uint64_t j = 0; j < n; j += width) {
        uint64_t columns = n - j < width ? n - j : width;
        if (!apart)
            fetch(&soon, share, 1);
        for (uint64_t i = 0, number = 0, high; i < rows; i += high) {
            high = block_height(rows - i);
            if (apart) /* some lines at a time, for which no block waits */
                fetch(&soon, (share + blocks - 1) / blocks, 2);
            const uint64_t ahead = fetched(rows, n, j, number++, b_pitch);
            float *block_c = c + i * c_pitch + j;
            struct soon next = {i + high < rows ? block_c + high * c_pitch : c + j + width, n > width ? high : 0, width,
                                c_pitch};
            if (wholes && made_whole(high, columns, apart || a_row == 1, number - 1, k, block_at(apart, a, i, k, a_row),
                                     a_row, apart ? high : a_k, b + j, b_pitch, beta, block_c, c_pitch, next.from))
                continue;
            fetch(&next, high, 1);
            if (apart || a_row == 1)
                packed_block(high, columns, k, block_at(apart, a, i, k, 1), apart ? high : a_k, b + j, b_pitch, ahead,
                             beta, block_c, c_pitch);
            else
                block(high, columns, k, a + i * a_row, a_row, a_k, b + j, b_pitch,
                      rows <= MOST_NEAR || (OWN_LEVEL == 1 && ahead != width) ? 1 : 2, ahead, beta, block_c, c_pitch);
        }
    }
}

#ifdef LOW_PANEL
#include "runner/host/kernels_low.h"
#else
#define group_of(...) group_by(false, __VA_ARGS__)
#define packs_apart(...) false
#define group_apart(...) ((void)0)

static void mixed_group(uint64_t rows, uint64_t n, uint64_t k, const float *a, uint64_t a_row, uint64_t a_k,
                        const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, struct soon soon) {
    group_of(false, rows, n, k, a, a_row, a_k, b, b_pitch, beta, c, c_pitch, soon);
}
#endif

#ifdef SQUARE
/* A square, transposed, of which `high` rows and `wide` columns are there; all SQUARE of them where `full`. */
INLINE void load_transposed(const bool full, uint64_t high, uint64_t wide, const float *from, uint64_t from_pitch,
                            vec line[SQUARE]) {
    UNROLL(16)
    for (uint64_t i = 0; i < SQUARE; i++) {
        line[i] = full ? load(from) : vec_load_part(from, wide);
        from += full || i + 1 < high ? from_pitch : 0;
    }
    transpose_square(line);
}

INLINE void transpose_part(const bool full, uint64_t high, uint64_t wide, const float *from, uint64_t from_pitch,
                           float *to, uint64_t to_pitch) {
    vec line[SQUARE];
    load_transposed(full, high, wide, from, from_pitch, line);
    UNROLL(16)
    for (uint64_t j = 0; j < SQUARE; j++, to += to_pitch)
        if (full)
            store(to, line[j]);
        else if (j < wide)
            vec_store_part(to, line[j], high);
}

static void transpose(uint64_t rows, uint64_t columns, const float *from, uint64_t from_pitch, float *to,
                      uint64_t to_pitch) {
    for (uint64_t j = 0; j < columns; j += SQUARE) /* rows of `to` are written whole */
        for (uint64_t i = 0; i < rows; i += SQUARE) {
            const uint64_t high = rows - i < SQUARE ? rows - i : SQUARE;
            const uint64_t wide = columns - j < SQUARE ? columns - j : SQUARE;
            const float *source = from + i * from_pitch + j;
            float *target = to + j * to_pitch + i;
            if (high < SQUARE || wide < SQUARE) {
                transpose_part(false, high, wide, source, from_pitch, target, to_pitch);
                continue;
            }
            for (uint64_t p = SQUARE; p < 2 * SQUARE && j + p < columns; p++)
                __builtin_prefetch(target + p * to_pitch);
            transpose_part(true, SQUARE, SQUARE, source, from_pitch, target, to_pitch);
        }
}
#else
static void transpose(uint64_t rows, uint64_t columns, const float *from, uint64_t from_pitch, float *to,
                      uint64_t to_pitch) {
    enum { SIDE = 8 };
    for (uint64_t j = 0; j < columns; j += SIDE) /* rows of `to` are written whole */
        for (uint64_t i = 0; i < rows; i += SIDE) {
            uint64_t high = rows - i < SIDE ? rows - i : SIDE, wide = columns - j < SIDE ? columns - j : SIDE;
            const float *source = from + i * from_pitch + j;
            float *target = to + j * to_pitch + i;
            if (high == SIDE && wide == SIDE) {
                transpose_8x8(source, from_pitch, target, to_pitch);
                continue;
            }
            for (uint64_t b = 0; b < wide; b++)
                for (uint64_t a = 0; a < high; a++)
                    target[b * to_pitch + a] = source[a * from_pitch + b];
        }
}
#endif

/* alpha times rows x k elements of a, as [k][rows]. */
static void pack(uint64_t rows, uint64_t k, float alpha, const float *a, uint64_t a_row, uint64_t a_k,
                 float *restrict to) {
    if (a_row != 1) {
        for (uint64_t p = 0; p < k; p++)
            for (uint64_t i = 0; i < rows; i++)
                to[p * rows + i] = alpha * a[i * a_row + p * a_k];
        return;
    }
    for (uint64_t p = 0; p < k; p++, a += a_k, to += rows) {
        for (uint64_t i = 0; i < rows; i += LINE)
            __builtin_prefetch(a + PREFETCH_ROWS * a_k + i);
        for (uint64_t i = 0; i < rows; i++)
            to[i] = alpha * a[i];
    }
}

#include "runner/host/kernels_narrow.h"

#define COLUMNS_DEPTH 256
#define MANY_PANELS 4 /* of b, from which on packing costs little */

/* Where a is transposed, its columns lie too far apart to be read once for each of many panels of b: some of them are packed, and those
   that come next are fetched meanwhile. */
static void dense(uint64_t m, uint64_t n, uint64_t k, float alpha, const float *a, uint64_t a_row, uint64_t a_k,
                  const float *b, uint64_t b_pitch, float beta, float *c, uint64_t c_pitch, float *packed) {
    if (a_row == 1 && n <= NARROW && m >= PANEL * WIDTH && k >= NARROW) {
        narrow(m, n, k, alpha, a, a_k, b, b_pitch, beta, c, c_pitch, packed);
        return;
    }
    const bool many = a_row == 1 && n > MANY_PANELS * PANEL * WIDTH, packs = many || alpha != 1;
    const uint64_t most_rows = (const uint64_t[]){GROUP_ROWS, PACKED_ROWS}[packs];
    const uint64_t depths[] = {DEPTH, COLUMNS_DEPTH, PACKED_DEPTH, PACKED_DEPTH};
    const uint64_t most_depth = depths[2 * packs + (a_row == 1)];
    uint64_t blocks = k / most_depth + (k % most_depth > 0), p = 0;
    do {
        const uint64_t depth = blocks > 1 ? (k - p + blocks - 1) / blocks : k - p;
        uint64_t groups = (m + most_rows - 1) / most_rows;
        for (uint64_t i = 0, rows; i < m; i += rows, groups--) {
            rows = (m - i + groups - 1) / groups;
            const float *from = a + i * a_row + p * a_k;
            if (!packs) {
                mixed_group(rows, n, depth, from, a_row, a_k, b + p * b_pitch, b_pitch, beta, c + i * c_pitch, c_pitch,
                            (struct soon){NULL, 0, 0, 0});
                continue;
            }
            struct soon soon = {from + rows, many ? depth : 0, rows, a_k};
            if (i + rows == m)
                soon = (struct soon){a + (p + depth) * a_k, many && blocks > 1 ? depth : 0, rows, a_k};
            const float *line = b + p * b_pitch;
            float *row = c + i * c_pitch;
            if (packs_apart(n, depth, a_row)) {
                group_apart(rows, n, depth, alpha, from, a_k, packed, line, b_pitch, beta, row, c_pitch, soon);
                continue;
            }
            pack(rows, depth, alpha, from, a_row, a_k, packed);
            const uint64_t last = last_columns(n, depth), most = n - last;
            mixed_group(rows, most, depth, packed, 1, rows, line, b_pitch, beta, row, c_pitch, soon);
            if (last > 0)
                narrow(rows, last, depth, 1, packed, rows, line + most, b_pitch, beta, row + most, c_pitch, NULL);
        }
        p += depth;
        blocks--;
        beta = 1;
    } while (p < k);
}

#ifdef SQUARE
#include "runner/host/kernels_turned.h"
#elif defined(STRIP_ROWS)
#include "runner/host/kernels_strips.h"
#else
#define TURNED_ROWS 0
#define TURNED NULL
#endif

#include "runner/host/kernels_dots.h"

#include "runner/host/kernels_sparse.h"

#include "runner/host/kernels_row.h"

/* ---- All ---- */

#define KERNELS(name)                                                                                                  \
    const struct kernels name = {.packed_rows = PACKED_ROWS,                                                           \
                                 .packed_depth = PACKED_DEPTH,                                                         \
                                 .panel = PANEL * WIDTH,                                                               \
                                 .dense = dense,                                                                       \
                                 .turned_rows = TURNED_ROWS,                                                           \
                                 .turned = TURNED,                                                                     \
                                 .dots = dots,                                                                         \
                                 .entries = entries,                                                                   \
                                 .segment = segment,                                                                   \
                                 .segment_bytes = segment_bytes,                                                       \
                                 .spread = spread,                                                                     \
                                 .turn_masks = turn_masks,                                                             \
                                 .sparse = sparse,                                                                     \
                                 .masked = masked,                                                                     \
                                 .transpose = transpose,                                                               \
                                 .row = row,                                                                           \
                                 .row_sum = row_sum,                                                                   \
                                 .row_after = row_after,                                                               \
                                 .row_due = row_due,                                                                   \
                                 .outer = outer}

/* Copies of a factor: transposed, or packed; a part of kernels_body.h. */
#ifndef RUNNER_HOST_KERNELS_COPIES_H
#define RUNNER_HOST_KERNELS_COPIES_H

#include "runner/host/kernels_vectors.h"

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

#endif

/* Products of few rows with a transposed matrix, without AVX-512; a part of kernels_body.h. A vector of sums holds four columns of c, of two of its
   rows: so one shuffle makes a factor of b's four rows, and nothing is transposed in memory, since stores take the multiply-adds' time. */
#ifndef RUNNER_HOST_KERNELS_FOURS_H
#define RUNNER_HOST_KERNELS_FOURS_H

#include "runner/host/kernels_vectors.h"

#define TURNED_ROWS (2 * MOST_TWOS)
#define TURNED turned
#define FOUR 4
#define FOURS 2        /* of columns at a time */
#define TWOS_DEPTH 256 /* two rows of b's and as much of a's stay in the first-level cache */
#define TWOS_PITCH (2 * TWOS_DEPTH + LINE)

/* The rows of a by twos: of the elements of each two those of a column are neighbours. A last row alone stands twice. */
static void pack_twos(uint64_t m, uint64_t k, const float *a, uint64_t a_pitch, float *to) {
    for (; m > 0; m -= m > 1 ? 2 : 1, a += 2 * a_pitch, to += TWOS_PITCH) {
        const float *second = a + (m > 1 ? a_pitch : 0);
        uint64_t p = 0;
        for (; p + FOUR <= k; p += FOUR)
            vec_twos(a + p, second + p, to + 2 * p);
        for (; p < k; p++) {
            to[2 * p] = a[p];
            to[2 * p + 1] = second[p];
        }
    }
}

/* `steps` of FOUR: of the four columns in lines[g], which are two of b's rows each, by those of the packed rows. */
INLINE void fours_steps(const int twos, const int fours, uint64_t steps, vec lines[FOURS][2], const float *a,
                        vec sum[MOST_TWOS][FOURS]) {
    UNROLL(4)
    for (int q = 0; q < FOUR; q++) {
        if ((uint64_t)q >= steps)
            return;
        vec line[FOURS];
        UNROLL(2)
        for (int g = 0; g < fours; g++)
            line[g] = vec_each_twice(q, lines[g][0], lines[g][1]);
        UNROLL(8)
        for (int i = 0; i < twos; i++) {
            const vec factor = vec_two(a + i * TWOS_PITCH + 2 * q);
            UNROLL(2)
            for (int g = 0; g < fours; g++)
                vec_add_product(&sum[i][g], line[g], factor);
        }
    }
}

/* Of b's rows the first or second FOUR of 2 * FOUR elements, or where not `whole` the first `n` of the last ones. */
INLINE void fours_lines(const int fours, const bool second, const float *const *row, uint64_t p, vec lines[FOURS][2]) {
    UNROLL(2)
    for (int g = 0; g < fours; g++)
        for (int v = 0; v < 2; v++)
            lines[g][v] = vec_halves(second, row[FOUR * g + v] + p, row[FOUR * g + v + 2] + p);
}

INLINE void fours_part(const int fours, uint64_t n, const float *const *row, uint64_t p, vec lines[FOURS][2]) {
    UNROLL(2)
    for (int g = 0; g < fours; g++)
        for (int v = 0; v < 2; v++)
            lines[g][v] = vec_halves_part(n, row[FOUR * g + v] + p, row[FOUR * g + v + 2] + p);
}

/* Up to FOUR columns of c for each of the `fours`, n in all, by as many of b's rows, of all rows by `twos`. Meanwhile the rows that lie `next` behind
   them are fetched. */
INLINE void fours_columns(const int twos, const int fours, uint64_t m, uint64_t n, uint64_t k, const float *a,
                          const float *b, uint64_t b_pitch, uint64_t next, float beta, float *c, uint64_t c_pitch) {
    const float *row[FOUR * FOURS];
    vec sum[MOST_TWOS][FOURS], lines[FOURS][2];
    UNROLL(8)
    for (int r = 0; r < FOUR * fours; r++)
        row[r] = b + ((uint64_t)r < n ? (uint64_t)r : n - 1) * b_pitch;
    UNROLL(8)
    for (int i = 0; i < twos; i++) {
        sum[i][0] = sum[i][1] = (vec){0};
        if (beta != 0) {
            const float *first = c + (uint64_t)(2 * i) * c_pitch;
            vec_part_columns(splat(beta) * vec_load_part(first, n),
                             splat(beta) * vec_load_part(first + ((uint64_t)(2 * i + 1) < m ? c_pitch : 0), n), sum[i]);
        }
    }
    uint64_t p = 0;
    for (; p + 2 * FOUR <= k; p += 2 * FOUR, a += 4 * FOUR) {
        UNROLL(4)
        for (int r = 0; r < FOUR * fours; r += 2) /* two rows' lines by turns */
            fetch_line(row[r] + next + p + p / WIDTH % 2 * b_pitch, 1);
        fours_lines(fours, false, row, p, lines);
        fours_steps(twos, fours, FOUR, lines, a, sum);
        fours_lines(fours, true, row, p, lines);
        fours_steps(twos, fours, FOUR, lines, a + 2 * FOUR, sum);
    }
    for (uint64_t steps; p < k; p += steps, a += 2 * steps) {
        steps = k - p < FOUR ? k - p : FOUR;
        fours_part(fours, steps, row, p, lines);
        fours_steps(twos, fours, steps, lines, a, sum);
    }
    UNROLL(8)
    for (int i = 0; i < twos; i++, c += 2 * c_pitch) {
        vec rows[2];
        vec_join_columns(sum[i], rows);
        vec_store_part(c, rows[0], n);
        if ((uint64_t)(2 * i + 1) < m)
            vec_store_part(c + c_pitch, rows[1], n);
    }
}

static void fours_block(uint64_t m, uint64_t n, uint64_t k, const float *a, const float *b, uint64_t b_pitch,
                        uint64_t next, float beta, float *c, uint64_t c_pitch) {
    switch (2 * ((m + 1) / 2) + (n > FOUR)) {
#define TWOS(twos)                                                                                                     \
    case 2 * twos: fours_columns(twos, 1, m, n, k, a, b, b_pitch, next, beta, c, c_pitch); break;                      \
    case 2 * twos + 1: fours_columns(twos, FOURS, m, n, k, a, b, b_pitch, next, beta, c, c_pitch); break;
        CASES(MOST_TWOS, TWOS)
#undef TWOS
    default: break;
    }
}

static void turned(uint64_t m, uint64_t n, uint64_t k, const float *a, uint64_t a_pitch, const float *b,
                   uint64_t b_pitch, float beta, float *c, uint64_t c_pitch) {
    float twos[MOST_TWOS * TWOS_PITCH];
    for (uint64_t p = 0, depth; p < k; p += depth, beta = 1) {
        depth = k - p < TWOS_DEPTH ? k - p : TWOS_DEPTH;
        pack_twos(m, depth, a + p, a_pitch, twos);
        for (uint64_t j = 0, columns; j < n; j += columns) {
            columns = n - j < FOUR * FOURS ? n - j : FOUR * FOURS;
            fours_block(m, columns, depth, twos, b + j * b_pitch + p, b_pitch, j + columns < n ? columns * b_pitch : 0,
                        beta, c + j, c_pitch);
        }
    }
}

#endif

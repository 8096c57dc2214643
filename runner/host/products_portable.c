#include "runner/host/products_portable.h"

#include "runner/base/cpu.h"

#include <stdbool.h>
#include <string.h>

/* Accumulators of one block: BLOCK_ROWS x columns floats, small enough for the registers. The compiler turns the loops over
   constant bounds into vector instructions; each element stays its own chain over k. */
#define BLOCK_ROWS 6
#define NARROW 16 /* columns of a block with 16 vector registers of 8 floats */
#define WIDE 32   /* with 32 registers of 16 floats */

#define INLINE static inline __attribute__((always_inline))

INLINE void block(const int rows, const int columns, uint64_t k, float alpha, const float *a, uint64_t a_row,
                  uint64_t a_k, const float *panel, float beta, float *c, uint64_t c_pitch, uint64_t used) {
    float sum[BLOCK_ROWS][WIDE];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = 0;
    if (beta != 0)
        for (int i = 0; i < rows; i++)
            for (uint64_t j = 0; j < used; j++)
                sum[i][j] = beta * c[(uint64_t)i * c_pitch + j];
    for (uint64_t p = 0; p < k; p++) {
        const float *line = panel + p * (uint64_t)columns;
        for (int i = 0; i < rows; i++) {
            float factor = alpha * a[(uint64_t)i * a_row + p * a_k];
            for (int j = 0; j < columns; j++)
                sum[i][j] = __builtin_fmaf(factor, line[j], sum[i][j]);
        }
    }
    if (used == (uint64_t)columns) {
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                c[(uint64_t)i * c_pitch + (uint64_t)j] = sum[i][j];
    } else {
        for (int i = 0; i < rows; i++)
            memcpy(c + (uint64_t)i * c_pitch, sum[i], used * sizeof(float));
    }
}

/* One panel of columns for all rows of c. */
INLINE void panel_rows(const int columns, uint64_t m, uint64_t k, float alpha, const float *a, uint64_t a_row,
                       uint64_t a_k, const float *panel, float beta, float *c, uint64_t c_pitch, uint64_t used) {
    uint64_t i = 0;
    for (; i + BLOCK_ROWS <= m; i += BLOCK_ROWS)
        block(BLOCK_ROWS, columns, k, alpha, a + i * a_row, a_row, a_k, panel, beta, c + i * c_pitch, c_pitch, used);
    const float *rest = a + i * a_row;
    float *to = c + i * c_pitch;
    switch (m - i) {
    case 5: block(5, columns, k, alpha, rest, a_row, a_k, panel, beta, to, c_pitch, used); break;
    case 4: block(4, columns, k, alpha, rest, a_row, a_k, panel, beta, to, c_pitch, used); break;
    case 3: block(3, columns, k, alpha, rest, a_row, a_k, panel, beta, to, c_pitch, used); break;
    case 2: block(2, columns, k, alpha, rest, a_row, a_k, panel, beta, to, c_pitch, used); break;
    case 1: block(1, columns, k, alpha, rest, a_row, a_k, panel, beta, to, c_pitch, used); break;
    default: break;
    }
}

/* Copies columns first .. first + used of op(b) into [k][columns], padded with zeros. */
INLINE void pack_panel(const int columns, uint64_t k, const float *b, uint64_t b_k, uint64_t b_column, uint64_t first,
                       uint64_t used, float *panel) {
    for (uint64_t p = 0; p < k; p++) {
        const float *from = b + p * b_k + first * b_column;
        float *to = panel + p * (uint64_t)columns;
        for (uint64_t j = 0; j < used; j++)
            to[j] = from[j * b_column];
        for (uint64_t j = used; j < (uint64_t)columns; j++)
            to[j] = 0;
    }
}

INLINE void product(const int columns, const struct portable_product *p) {
    for (uint64_t first = 0; first < p->n; first += (uint64_t)columns) {
        uint64_t used = p->n - first < (uint64_t)columns ? p->n - first : (uint64_t)columns;
        if (p->b_column == 1)
            pack_panel(columns, p->k, p->b, p->b_k, 1, first, used, p->pack);
        else
            pack_panel(columns, p->k, p->b, 1, p->b_column, first, used, p->pack);
        panel_rows(columns, p->m, p->k, p->alpha, p->a, p->a_row, p->a_k, p->pack, p->beta, p->c + first, p->c_pitch,
                   used);
    }
}

#if defined(__x86_64__)
#if defined(__clang__)
__attribute__((target("arch=x86-64-v4")))
#else
__attribute__((target("arch=x86-64-v4,prefer-vector-width=512")))
#endif
static void
product_wide(const struct portable_product *p) {
    product(WIDE, p);
}
#endif

static void product_narrow(const struct portable_product *p) {
    product(NARROW, p);
}

void portable_product(const struct portable_product *p) {
#if defined(__x86_64__)
    if (cpu_level() >= 4) {
        product_wide(p);
        return;
    }
#endif
    product_narrow(p);
}

uint64_t portable_pack_size(uint64_t k) {
    return k * WIDE * sizeof(float);
}

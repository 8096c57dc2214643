#include "runner/host/product_zeros.h"

#include "runner/host/storage.h"

enum { ZERO_SAMPLES = 8 /* rows */, ZERO_PERCENT = 50 /* of elements, from which on they are skipped */ };

bool zeros_are_many(const runner_view *a) {
    const uint64_t rows = a->rows < ZERO_SAMPLES ? a->rows : ZERO_SAMPLES;
    uint64_t zeros = 0;
    for (uint64_t r = 0; r < rows; r++) {
        const float *row = a->data + (2 * r + 1) * a->rows / (2 * rows) * a->pitch;
        uint32_t found = 0;
        for (uint64_t j = 0; j < a->columns; j++)
            found += row[j] == 0;
        zeros += found;
        if (200 * zeros < ZERO_PERCENT * (r + 1) * a->columns)
            return false; /* so that factors without zeros cost little */
    }
    return 100 * zeros >= ZERO_PERCENT * rows * a->columns;
}

uint64_t product_slab(uint64_t n) {
    return KERNEL_ROWS * row_pitch(n);
}

/* op(a) [rows][depth] from row i and inner index q on, times rows q .. of b, which begin at `line`. */
static void add_block(const struct kernels *kernels, bool a_transposed, float alpha, const runner_view *a, uint64_t i,
                      uint64_t rows, uint64_t q, uint64_t depth, const float *line, uint64_t line_pitch,
                      const runner_view *c, struct zeros_block *block) {
    const float *from = a->data + (a_transposed ? q * a->pitch + i : i * a->pitch + q);
    uint64_t pitch = a->pitch;
    if (a_transposed) {
        kernels->transpose(depth, rows, from, pitch, block->turned[0], KERNEL_ROWS);
        from = block->turned[0];
        pitch = KERNEL_ROWS;
    }
    struct sparse_entry *to = block->entries;
    for (uint64_t r = 0; r < rows; r++) {
        block->masks[r] = kernels->segment(depth, from + r * pitch, alpha, 0, to);
        to += __builtin_popcountll(block->masks[r]);
    }
    kernels->sparse(block->entries, block->masks, rows, c->columns, line, line_pitch, depth, UINT64_MAX,
                    c->data + i * c->pitch, c->pitch);
}

static uint64_t at_most(uint64_t n) {
    return n < KERNEL_ROWS ? n : KERNEL_ROWS;
}

void product_without_zeros(const struct kernels *kernels, bool a_transposed, float alpha, const runner_view *a,
                           const float *b, uint64_t b_pitch, float *slab, const runner_view *c,
                           struct zeros_block *block) {
    const uint64_t m = c->rows, k = a_transposed ? a->rows : a->columns, pitch = row_pitch(c->columns);
    for (uint64_t q = 0; q < k && slab != NULL; q += KERNEL_ROWS) { /* all rows, while the slab is in the cache */
        kernels->transpose(c->columns, at_most(k - q), b + q, b_pitch, slab, pitch);
        for (uint64_t i = 0; i < m; i += KERNEL_ROWS)
            add_block(kernels, a_transposed, alpha, a, i, at_most(m - i), q, at_most(k - q), slab, pitch, c, block);
    }
    for (uint64_t i = 0; i < m && slab == NULL; i += KERNEL_ROWS)
        for (uint64_t q = 0; q < k; q += KERNEL_ROWS)
            add_block(kernels, a_transposed, alpha, a, i, at_most(m - i), q, at_most(k - q), b + q * b_pitch, b_pitch,
                      c, block);
}

/* ctest: timeout 300 (its products take seconds, and a minute where others use the machine, too) */
/* Matrix products against sums in float64, and the promises about bits. */
#include "runner/host/products.h"
#include "tests/unit/host/drawn.h"

#include "runner/base/arena.h"
#include "runner/base/cpu.h"
#include "runner/base/random.h"
#include "runner/host/pending.h"
#include "runner/host/storage.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float *random_floats(const char *name, uint64_t count) {
    float *values = aligned_alloc(64, (count * sizeof *values + 63) / 64 * 64);
    drawn_copy(name, count, values);
    return values;
}

static float *pack_memory(uint32_t flags, const runner_view *a, const runner_view *b) {
    return aligned_alloc(64, product_workspace(GEMM_PORTABLE, flags, a, b) + 64);
}

UNCHECKED static double element(const runner_view *v, bool transposed, uint64_t i, uint64_t j) {
    return (double)(transposed ? v->data[j * v->pitch + i] : v->data[i * v->pitch + j]);
}

/* Of a product in float64, and the sum of the absolute values of its terms. */
UNCHECKED static double sum_of(const runner_view *a, bool ta, const runner_view *b, bool tb, uint64_t i, uint64_t j,
                               uint64_t k, double alpha, double *size) {
    double sum = 0;
    for (uint64_t p = 0; p < k; p++) {
        double term = alpha * element(a, ta, i, p) * element(b, tb, p, j);
        sum += term;
        *size += fabs(term);
    }
    return sum;
}

/* One product against its definition in float64; the error is bounded by k roundings of the sum of absolute values. */
static void check_product(enum gemm gemm, uint32_t flags, uint64_t m, uint64_t n, uint64_t k, float alpha, float beta) {
    bool ta = (flags & RUNNER_TRANSPOSE_A) != 0, tb = (flags & RUNNER_TRANSPOSE_B) != 0;
    uint64_t pad = 3;
    float *memory_a = random_floats("a", (m + pad) * (k + pad)), *memory_b = random_floats("b", (n + pad) * (k + pad));
    float *memory_c = random_floats("c", m * (n + pad)), *before = random_floats("c", m * (n + pad));
    runner_view a = ta ? view(memory_a, k, m, m + pad) : view(memory_a, m, k, k + pad);
    runner_view b = tb ? view(memory_b, n, k, k + pad) : view(memory_b, k, n, n + pad);
    runner_view c = view(memory_c, m, n, n + pad);
    float *pack = pack_memory(flags, &a, &b);
    product_run(gemm, flags, alpha, &a, &b, beta, &c, pack);
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < n + pad; j++) {
            if (j >= n) { /* what lies between the rows is not touched */
                assert_true(memory_c[i * c.pitch + j] == before[i * c.pitch + j]);
                continue;
            }
            const double start = (double)beta * (double)before[i * c.pitch + j];
            double size = fabs(start), wanted = start + sum_of(&a, ta, &b, tb, i, j, k, (double)alpha, &size);
            assert_true(fabs((double)memory_c[i * c.pitch + j] - wanted) <= ((double)k + 3) * 6e-8 * size + 1e-30);
        }
    free(pack);
    free(memory_a);
    free(memory_b);
    free(memory_c);
    free(before);
}

static void every_shape_and_transposition_agrees_with_float64(void **state) {
    (void)state;
    const uint64_t sizes[] = {1, 2, 5, 6, 7, 16, 17, 33, 70};
    const uint32_t flags[] = {0, RUNNER_TRANSPOSE_A, RUNNER_TRANSPOSE_B, RUNNER_TRANSPOSE_A | RUNNER_TRANSPOSE_B};
    for (int gemm = 0; gemm < 2; gemm++)
        for (size_t f = 0; f < 4; f++)
            for (size_t m = 0; m < 9; m++)
                for (size_t n = 0; n < 9; n++)
                    for (size_t k = 0; k < 9; k += 2)
                        check_product((enum gemm)gemm, flags[f], sizes[m], sizes[n], sizes[k], m % 2 ? 1.0f : -0.3f,
                                      (float)(n % 3) * 0.5f);
    for (size_t f = 0; f < 4; f++) /* several blocks each way */
        check_product(GEMM_PORTABLE, flags[f], 140, 170, 300, 1, 1);
}

/* To the bit what kernels.h says, on whichever way the shape takes, for a first factor of which so many percent are 0. */
static void check_elements(enum gemm gemm, uint32_t flags, uint64_t m, uint64_t n, uint64_t k, float alpha, float beta,
                           uint64_t zeros) {
    bool ta = (flags & RUNNER_TRANSPOSE_A) != 0, tb = (flags & RUNNER_TRANSPOSE_B) != 0;
    float *memory_a = random_floats("a", m * k), *memory_b = random_floats("b", n * k);
    for (uint64_t i = 0; i < m * k; i++)
        memory_a[i] = i * i % 101 < zeros ? 0 : memory_a[i];
    float *found = random_floats("c", m * n), *wanted = random_floats("c", m * n);
    runner_view a = ta ? view(memory_a, k, m, m) : view(memory_a, m, k, k);
    runner_view b = tb ? view(memory_b, n, k, k) : view(memory_b, k, n, n), c = view(found, m, n, n);
    float *pack = aligned_alloc(64, product_workspace(gemm, flags, &a, &b) + 64);
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < n; j++)
            wanted[i * n + j] =
                chain(beta == 0 ? 0 : beta * wanted[i * n + j], alpha, ta ? memory_a + i : memory_a + i * k, ta ? m : 1,
                      tb ? memory_b + j * k : memory_b + j, tb ? 1 : n, k);
    product_run(gemm, flags, alpha, &a, &b, beta, &c, pack);
    if (memcmp(found, wanted, m * n * sizeof *found) != 0)
        fail_msg("flags %u, m %d, n %d, k %d, alpha %g, beta %g, zeros %d %%", flags, (int)m, (int)n, (int)k,
                 (double)alpha, (double)beta, (int)zeros);
    free(pack);
    free(memory_a);
    free(memory_b);
    free(found);
    free(wanted);
}

static void every_element_is_one_chain_of_fused_multiply_adds(void **state) {
    (void)state;
    static const uint64_t columns[] = {1, 7, 10, 16, 17, 44, 56, 64, 100, 128, 200, 300},
                          depths[] = {1, 2, 10, 15, 16, 17, 31, 32, 33, 60, 100, 277};
    for (uint64_t m = 2; m <= 46; m += m < 21 ? 1 : 5)
        for (size_t n = 0; n < sizeof columns / sizeof *columns; n++)
            for (size_t k = 0; k < sizeof depths / sizeof *depths; k++)
                for (uint32_t flags = 0; flags < 3; flags++) /* none, a or b transposed */
                    check_elements(m % 2 ? GEMM_PORTABLE : GEMM_OPENBLAS, flags, m, columns[n], depths[k],
                                   (m + n + k) % 3 ? 1 : -0.3f,
                                   (m + n) % 3 == 0   ? 0
                                   : (m + n) % 3 == 1 ? 1
                                                      : 0.5f,
                                   0);
}

/* Of one row with a transposed matrix, 16 chains each (kernels.h), added by halves: the same bits for every width of vectors. */
static void dot_products_are_sixteen_chains_and_one_tree(void **state) {
    (void)state;
    enum { MOST_N = 300, MOST_K = 600, PAD = 3 };
    static const uint64_t columns[] = {1, 3, 4, 63, 64, 65, 130, MOST_N},
                          depths[] = {1, 15, 16, 33, 244, 256, 257, MOST_K};
    float *x = random_floats("x", MOST_K), *b = random_floats("b", MOST_N * (MOST_K + PAD));
    float *found = random_floats("c", MOST_N), *before = random_floats("c", MOST_N);
    for (size_t n = 0; n < sizeof columns / sizeof *columns; n++)
        for (size_t k = 0; k < sizeof depths / sizeof *depths; k++) {
            const float alpha = k % 2 ? 1 : -0.3f, beta = (float)(n % 3) * 0.5f;
            memcpy(found, before, MOST_N * sizeof *found);
            kernels_get()->dots(columns[n], depths[k], alpha, x, b, depths[k] + PAD, beta, found);
            for (uint64_t j = 0; j < columns[n]; j++) {
                float lanes[KERNEL_LANES] = {0};
                for (uint64_t p = 0; p < depths[k]; p++)
                    lanes[p % KERNEL_LANES] = fmaf(x[p], b[j * (depths[k] + PAD) + p], lanes[p % KERNEL_LANES]);
                for (int half = KERNEL_LANES / 2; half > 0; half /= 2)
                    for (int l = 0; l < half; l++)
                        lanes[l] += lanes[l + half];
                assert_true(found[j] == fmaf(alpha, lanes[0], beta == 0 ? 0 : before[j] * beta));
            }
            assert_memory_equal(found + columns[n], before + columns[n], (MOST_N - columns[n]) * sizeof *found);
        }
    free(x);
    free(b);
    free(found);
    free(before);
}

static void zeros_of_the_first_factor_change_no_bit(void **state) {
    (void)state;
    static const uint64_t rows[] = {8, 63, 64, 65, 140}, columns[] = {63, 64, 100, 130, 300},
                          depths[] = {8, 31, 64, 65, 150}, zeros[] = {30, 60, 90, 101};
    for (size_t m = 0; m < sizeof rows / sizeof *rows; m++)
        for (size_t n = 0; n < sizeof columns / sizeof *columns; n++)
            for (size_t k = 0; k < sizeof depths / sizeof *depths; k++)
                for (size_t z = 0; z < sizeof zeros / sizeof *zeros; z++)
                    for (uint32_t flags = 0; flags < 3; flags++)
                        check_elements(GEMM_PORTABLE, flags, rows[m], columns[n], depths[k], z % 2 ? -0.3f : 1,
                                       (float)(n % 3) * 0.5f, zeros[z]);
}

/* A NaN is no zero: it reaches its row of c, and no other. */
static void a_nan_among_zeros_stays(void **state) {
    (void)state;
    enum { M = 20, N = 70, K = 40, ROW = 13 };
    float a[M * K] = {0}, c[M * N];
    float *b = random_floats("b", K * N);
    runner_view av = view(a, M, K, K), bv = view(b, K, N, N), cv = view(c, M, N, N);
    float *pack = pack_memory(0, &av, &bv);
    a[ROW * K + 37] = NAN;
    product_run(GEMM_PORTABLE, 0, 1, &av, &bv, 0, &cv, pack);
    for (uint64_t i = 0; i < M * N; i++)
        assert_int_equal(isnan(c[i]), i / N == ROW);
    free(pack);
    free(b);
}

/* One row and many, with a transposed copy of the weights and without; some weights are infinite, and later most deltas are 0. */
static void sums_over_columns_of_kept_weights_need_no_copy(void **state) {
    (void)state;
    enum { ROWS = 70, COLUMNS = 100, MOST = 40 };
    float *weights = random_floats("w", ROWS * COLUMNS), *deltas = random_floats("d", MOST * COLUMNS);
    float *copy = calloc(ROWS * COLUMNS, sizeof *copy), wanted[MOST * ROWS], found[MOST * ROWS];
    for (uint64_t i = 0; i < ROWS * COLUMNS; i++) {
        weights[i] = i % 97 == 5 ? INFINITY : weights[i]; /* one of a row, or two */
        copy[i % COLUMNS * ROWS + i / COLUMNS] = weights[i];
    }
    const struct weights_storage with = {{STORAGE_WEIGHTS}, copy, ROWS}, without = {{STORAGE_WEIGHTS}, NULL, ROWS};
    runner_view b = view(weights, ROWS, COLUMNS, COLUMNS);
    for (uint64_t round = 1; round <= 2 * MOST; round++) {
        const uint64_t m = 1 + round % MOST;
        for (uint64_t i = 0; round == MOST && i < MOST * COLUMNS; i++)
            deltas[i] = i * i % 101 < 60 ? 0 : deltas[i];
        const runner_view a = view(deltas, m, COLUMNS, COLUMNS), to_wanted = view(wanted, m, ROWS, ROWS),
                          to_found = view(found, m, ROWS, ROWS);
        b.storage = &without;
        float *pack = pack_memory(RUNNER_TRANSPOSE_B, &a, &b);
        product_run(GEMM_OPENBLAS, RUNNER_TRANSPOSE_B, 1, &a, &b, 0, &to_found, pack);
        b.storage = &with;
        product_run(GEMM_OPENBLAS, RUNNER_TRANSPOSE_B, 1, &a, &b, 0, &to_wanted, pack);
        assert_memory_equal(wanted, found, m * ROWS * sizeof *found);
        free(pack);
    }
    free(copy);
    free(weights);
    free(deltas);
}

static void portable_products_are_the_same_bits_however_they_are_cut(void **state) {
    (void)state;
    enum { M = 23, N = 45, K = 67 };
    float *ma = random_floats("a", M * K), *mb = random_floats("b", K * N);
    float whole[M * N] = {0}, parts[M * N] = {0};
    runner_view a = view(ma, M, K, K), b = view(mb, K, N, N), c = view(whole, M, N, N);
    float *pack = pack_memory(0, &a, &b);
    product_run(GEMM_PORTABLE, 0, 0.7f, &a, &b, 1, &c, pack);
    for (uint64_t row = 0; row < M;
         row += 1 + row % 4) /* rows one to four at a time, the inner index in runs of 1, 11, ... */
        for (uint64_t first = 0, step = 1; first < K; first += step, step = 11) {
            uint64_t rows = M - row < 1 + row % 4 ? M - row : 1 + row % 4, inner = K - first < step ? K - first : step;
            runner_view ap = view(ma + row * K + first, rows, inner, K), bp = view(mb + first * N, inner, N, N);
            runner_view cp = view(parts + row * N, rows, N, N);
            product_run(GEMM_PORTABLE, 0, 0.7f, &ap, &bp, 1, &cp, pack);
        }
    assert_memory_equal(whole, parts, sizeof whole);
    free(pack);
    free(ma);
    free(mb);
}

/* Sums of an m x n x k product by the kernels of one vector width, which cut it into blocks each way, are the definition's to the bit. */
static void check_chains(const struct kernels *kernels, bool transposed, uint64_t m, uint64_t n, uint64_t k,
                         float alpha, float beta) {
    float *a = random_floats("a", m * k), *b = random_floats("b", k * n), *c = random_floats("c", m * n);
    float *before = random_floats("c", m * n);
    float *packed = aligned_alloc(64, (kernels->packed_rows * kernels->packed_depth * sizeof *packed + 63) / 64 * 64);
    const uint64_t a_row = transposed ? 1 : k, a_k = transposed ? m : 1;
    kernels->dense(m, n, k, alpha, a, a_row, a_k, b, n, beta, c, n, packed);
    for (uint64_t i = 0; i < m; i++)
        for (uint64_t j = 0; j < n; j++) {
            const float sum = chain(beta * before[i * n + j], alpha, a + i * a_row, a_k, b + j, n, k);
            assert_memory_equal(&sum, &c[i * n + j], sizeof sum);
        }
    free(a);
    free(b);
    free(c);
    free(before);
    free(packed);
}

static void blocks_of_every_vector_width_are_chains_of_multiply_adds_in_order(void **state) {
    (void)state;
#if defined(__x86_64__)
    const struct kernels *widths[] = {&kernels_any, &kernels_v3, &kernels_v4};
    const size_t n = cpu_level() >= 4 ? 3 : 2;
#else
    const struct kernels *widths[] = {&kernels_any};
    const size_t n = 1;
#endif
    for (size_t w = 0; w < n; w++)
        for (int transposed = 0; transposed < 2; transposed++)
            for (int scaled = 0; scaled < 2; scaled++) {
                const float alpha = scaled ? -0.3f : 1.0f;
                check_chains(widths[w], transposed, 140, 170, 0, alpha, 0.5f);
                check_chains(widths[w], transposed, 140, 170, 257, alpha, 1);
                check_chains(widths[w], transposed, 64, 200, 100, alpha, 1);
                check_chains(widths[w], transposed, 63, 100, 60, alpha, 1);
                check_chains(widths[w], transposed, 100, 163, 130, alpha, 0.5f);
                check_chains(widths[w], transposed, 19, 117, 60, alpha, 0.5f);
                check_chains(widths[w], transposed, 70, 10, 1000, alpha, 0.5f);
                check_chains(widths[w], transposed, 530, 10, 50, alpha, 0.5f);
            }
}

/* The same matrix as a dense view and as sparse rows in groups, the last of which is short. */
enum { ROWS = 230, COLUMNS = 150, GROUP = 50, SEGMENTS = (COLUMNS + KERNEL_SEGMENT - 1) / KERNEL_SEGMENT };
struct both_forms {
    float *dense;
    struct sparse_storage sparse;
};

static struct both_forms both_forms(void) {
    enum { GROUPS = (ROWS + GROUP - 1) / GROUP };
    struct both_forms both = {.dense = random_floats("x", ROWS * COLUMNS), .sparse.storage = {STORAGE_SPARSE}};
    struct sparse_rows *x = &both.sparse.rows;
    *x = (struct sparse_rows){.entries = calloc(GROUPS * (GROUP * COLUMNS + KERNEL_LANES), sizeof *x->entries),
                              .marks = calloc(GROUPS * (SEGMENTS * GROUP + 1), sizeof *x->marks),
                              .masks = calloc(GROUPS * SEGMENTS * GROUP, sizeof *x->masks),
                              .columns = COLUMNS,
                              .segments = SEGMENTS,
                              .group = GROUP};
    for (uint64_t i = 0; i < ROWS * COLUMNS; i++) /* rows and columns without an entry as well */
        both.dense[i] = i % 5 > 1 || i / COLUMNS % 7 == 3 || i % COLUMNS % 11 == 6 ? 0 : both.dense[i];
    for (uint64_t g = 0; g < GROUPS; g++) {
        uint32_t *mark = sparse_marks(x, g), count = 0;
        uint64_t *mask = sparse_masks(x, g);
        for (uint32_t s = 0; s < SEGMENTS; s++)
            for (uint64_t r = 0; r < GROUP; r++, mark++, mask++) {
                *mark = count;
                for (uint32_t j = s * KERNEL_SEGMENT;
                     g * GROUP + r < ROWS && j < (s + 1) * KERNEL_SEGMENT && j < COLUMNS; j++)
                    if (both.dense[(g * GROUP + r) * COLUMNS + j] != 0) {
                        *mask |= UINT64_C(1) << j % KERNEL_SEGMENT;
                        sparse_entries(x, g)[count++] =
                            (struct sparse_entry){j, both.dense[(g * GROUP + r) * COLUMNS + j]};
                    }
            }
        *mark = count;
    }
    return both;
}

/* A part of it as a factor a, or b, of a product with n random columns, or rows. */
static void check_sparse(struct both_forms *both, uint32_t flags, bool second, uint64_t row, uint64_t rows,
                         uint64_t column, uint64_t columns, uint64_t n) {
    runner_view dense = view(both->dense + row * COLUMNS + column, rows, columns, COLUMNS);
    runner_view sparse = {.rows = rows, .columns = columns, .storage = &both->sparse, .row0 = row, .column0 = column};
    bool transposed = (flags & (second ? RUNNER_TRANSPOSE_B : RUNNER_TRANSPOSE_A)) != 0;
    uint64_t inner = transposed != second ? rows : columns, outer = transposed != second ? columns : rows;
    float *other = random_floats("other", inner * n), *from_dense = random_floats("c", outer * n),
          *from_sparse = random_floats("c", outer * n);
    runner_view factor = second ? view(other, n, inner, inner) : view(other, inner, n, n);
    runner_view c = second ? view(from_dense, n, outer, outer) : view(from_dense, outer, n, n), d = c;
    d.data = from_sparse;
    const runner_view *a = second ? &factor : &dense, *b = second ? &dense : &factor;
    const float beta = (float)(n / 3 % 3) * 0.5f;
    float *workspace = pack_memory(flags, a, b);
    product_run(GEMM_PORTABLE, flags, -0.3f, a, b, beta, &c, workspace);
    free(workspace);
    *(second ? &b : &a) = &sparse;
    workspace = pack_memory(flags, a, b);
    product_run(GEMM_PORTABLE, flags, -0.3f, a, b, beta, &d, workspace);
    free(workspace);
    if (memcmp(from_dense, from_sparse, outer * n * sizeof(float)) != 0)
        fail_msg("flags %u, %s, rows %d + %d, columns %d + %d, n %d", flags, second ? "b" : "a", (int)row, (int)rows,
                 (int)column, (int)columns, (int)n);
    free(other);
    free(from_dense);
    free(from_sparse);
}

static void sparse_rows_give_the_bits_of_dense_ones_for_every_part_of_them(void **state) {
    (void)state;
    struct both_forms both = both_forms();
    static const uint64_t parts[][4] = {{0, ROWS, 0, COLUMNS}, {100, 50, 64, 64}, {45, 120, 0, COLUMNS},
                                        {7, 1, 0, COLUMNS},    {229, 1, 33, 90},  {51, 3, 127, 23},
                                        {0, 2, 149, 1},        {20, 200, 64, 86}, {3, 40, 30, 70}};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (uint64_t n = 1; n < 260;
             n += n < 100 ? 3 : 43) /* every number of vectors, with a part of one and without */
            for (uint32_t transposed = 0; transposed < 2; transposed++)
                for (int second = 0; second < 2; second++)
                    check_sparse(&both,
                                 !transposed ? 0
                                 : second    ? RUNNER_TRANSPOSE_B
                                             : RUNNER_TRANSPOSE_A,
                                 second, parts[p][0], parts[p][1], parts[p][2], parts[p][3], n);
    free(both.dense);
    free(both.sparse.rows.entries);
    free(both.sparse.rows.marks);
    free(both.sparse.rows.masks);
}

/* The same products on weights that are updated at once, and on those whose updates come with the next product that reads them. */
enum { IN = 23, MOST_OUT = 560 };
struct weights_pair {
    uint64_t out;
    float *plain, *late;
    struct pending_storage pending;
    runner_view plain_view, late_view;
    uint64_t draws;
};

static void fill_row(struct weights_pair *w, float *x, uint64_t n) {
    random_fill_normal(random_key(3, "row", 0), w->draws, 0, n, x);
    for (uint64_t i = 0; i < n; i++) /* gaps, in other places each time; now and then none, or nothing else */
        if (w->draws % 4 != 0 && (i * 7 + w->draws) % (w->draws % 5 == 0 ? 1 : 3) == 0)
            x[i] = 0;
    w->draws++;
}

/* c of shape [m][n] from both, and its bits compared. */
static void both_products(struct weights_pair *w, uint32_t flags, float alpha, const runner_view *a,
                          const runner_view *b, float beta, uint64_t m, uint64_t n) {
    static float plain[MOST_OUT * MOST_OUT], late[MOST_OUT * MOST_OUT],
        workspace[4 * MOST_OUT * MOST_OUT] __attribute__((aligned(64)));
    for (int second = 0; second < 2; second++) {
        runner_view c = view(second ? late : plain, m, n, n), weights_a = *a, weights_b = *b;
        if (second && a->data >= w->plain && a->data < w->plain + IN * w->out)
            weights_a.data = w->late + (a->data - w->plain), weights_a.storage = &w->pending;
        if (second && b->data >= w->plain && b->data < w->plain + IN * w->out)
            weights_b.data = w->late + (b->data - w->plain), weights_b.storage = &w->pending;
        for (uint64_t i = 0; i < m * n; i++)
            c.data[i] = (float)i * 0.01f;
        product_run(GEMM_OPENBLAS, flags, alpha, &weights_a, &weights_b, beta, &c, workspace);
    }
    assert_memory_equal(plain, late, m * n * sizeof *plain);
}

static void both_updates(struct weights_pair *w, float alpha, float beta, uint64_t row, uint64_t rows) {
    static float x[IN], delta[MOST_OUT], workspace[4 * MOST_OUT * MOST_OUT] __attribute__((aligned(64)));
    fill_row(w, x, IN);
    fill_row(w, delta, w->out);
    runner_view a = view(x + row, 1, rows, IN), b = view(delta, 1, w->out, w->out);
    for (int second = 0; second < 2; second++) {
        runner_view c = second ? w->late_view : w->plain_view;
        c.data += row * c.pitch;
        c.rows = rows;
        product_run(GEMM_OPENBLAS, RUNNER_TRANSPOSE_A, alpha, &a, &b, beta, &c, workspace);
    }
    memset(x, 0, sizeof x); /* was copied */
    memset(delta, 0, sizeof delta);
}

/* `due`: rows change when they are read. */
static void open_pair(struct weights_pair *w, uint64_t out, bool due) {
    *w = (struct weights_pair){.out = out, .plain = random_floats("w", IN * out), .late = random_floats("w", IN * out)};
    w->pending = (struct pending_storage){
        .storage = {STORAGE_PENDING}, .weights = w->late, .rows = IN, .columns = out, .pitch = out};
    w->pending.changes = calloc(IN + KERNEL_LANES, sizeof *w->pending.changes);
    w->pending.delta = calloc(out, sizeof *w->pending.delta);
    w->pending.delta_pitch = out;
    if (due) {
        w->pending.due = malloc(IN * sizeof *w->pending.due);
        memset(w->pending.due, -1, IN * sizeof *w->pending.due); /* KERNEL_NO_CHANGE */
        w->pending.deltas = calloc(PENDING_DELTAS * out, sizeof *w->pending.deltas);
    }
    w->plain_view = w->late_view = view(w->plain, IN, out, out);
    w->late_view.data = w->late;
    w->late_view.storage = &w->pending;
}

/* Makes what is still to come, and compares. */
static void close_pair(struct weights_pair *w) {
    pending_settle(&w->pending);
    assert_memory_equal(w->plain, w->late, IN * w->out * sizeof *w->plain);
    free(w->plain);
    free(w->late);
    free(w->pending.changes);
    free(w->pending.delta);
    free(w->pending.due);
    free(w->pending.deltas);
}

enum { MIXED_ROUNDS = 60 };

/* In later rounds no product reads the first row, so that its change waits until there is no room for more deltas. */
static void check_pending(uint64_t out, bool due) {
    static float row[MOST_OUT], rows[2 * MOST_OUT];
    struct weights_pair w;
    open_pair(&w, out, due);
    for (int round = 0; round < (due ? MIXED_ROUNDS + 3 * PENDING_DELTAS : MIXED_ROUNDS); round++) {
        both_updates(&w, -0.1f, 1, 0, IN);
        fill_row(&w, row, out > IN ? out : IN);
        runner_view x = view(row, 1, IN, IN), d = view(row, 1, out, out), two = view(rows, 2, IN, IN),
                    part = w.plain_view;
        part.data += 3 * out;
        part.rows = IN - 3;
        runner_view some = view(row, 1, IN - 3, IN), column = view(row, IN, 1, 1);
        if (round >= MIXED_ROUNDS)
            row[0] = 0;
        switch (round < MIXED_ROUNDS ? round % 10 : 9) {
        case 0: both_products(&w, RUNNER_TRANSPOSE_B, 1, &d, &w.plain_view, 0, 1, IN); break;
        case 1: both_products(&w, 0, 1, &two, &w.plain_view, 0, 2, out); break;
        case 2: both_products(&w, 0, 0.5f, &some, &part, 1, 1, out); break;
        case 3: both_products(&w, RUNNER_TRANSPOSE_A, 1, &w.plain_view, &column, 1, out, 1); break;
        case 4: both_updates(&w, 0.3f, 1, 0, IN); break; /* twice without a read */
        case 5: both_updates(&w, 0.3f, 0.5f, 0, IN); break;
        case 6: both_updates(&w, 0.3f, 1, 2, 9); break;
        case 7: pending_settle(&w.pending); break;
        default: both_products(&w, 0, round % 3 ? 1.0f : 0.7f, &x, &w.plain_view, round % 2 ? 1.0f : 0, 1, out); break;
        }
        if (!due && round % 10 != 4 && round % 10 != 5)
            assert_int_equal(w.pending.count, 0);
        assert_true(w.pending.count <= IN && w.pending.n_deltas <= PENDING_DELTAS);
        random_fill_normal(random_key(4, "rows", 0), w.draws, 0, 2 * IN, rows);
    }
    close_pair(&w);
}

/* An update by a row of zeros changes nothing, and waits for nothing: so many of them need no room. */
static void updates_by_zeros_take_no_room(void **state) {
    (void)state;
    static float zeros[IN], delta[MOST_OUT], workspace[4 * MOST_OUT * MOST_OUT] __attribute__((aligned(64)));
    const runner_view x = view(zeros, 1, IN, IN), d = view(delta, 1, 40, 40);
    struct weights_pair w;
    open_pair(&w, 40, true);
    for (int round = 0; round < PENDING_DELTAS + 2; round++) {
        product_run(GEMM_OPENBLAS, RUNNER_TRANSPOSE_A, -0.1f, &x, &d, 1, &w.late_view, workspace);
        assert_int_equal(w.pending.n_deltas, 0);
    }
    close_pair(&w);
}

/* Beside the weights whose updates are to come, a transposed copy has them at once, and is read in their place. */
static void check_copied(uint64_t out) {
    static float copy[MOST_OUT * IN], factors[IN], row[MOST_OUT], wanted[IN], found[IN],
        workspace[4 * MOST_OUT * MOST_OUT] __attribute__((aligned(64)));
    const struct weights_storage transposed = {{STORAGE_WEIGHTS}, copy, IN};
    struct weights_pair w;
    open_pair(&w, out, false);
    w.pending.transposed = &transposed;
    w.pending.factors = factors;
    for (uint64_t i = 0; i < IN * out; i++)
        copy[i % out * IN + i / out] = w.late[i];
    for (int round = 0; round < 30; round++) {
        both_updates(&w, -0.1f, 1, 0, IN);
        for (uint64_t i = 0; i < IN * out; i++)
            assert_memory_equal(&copy[i % out * IN + i / out], &w.plain[i], sizeof *copy);
        fill_row(&w, row, out > IN ? out : IN);
        const runner_view x = view(row, 1, IN, IN), d = view(row, 1, out, out), whole = view(copy, out, IN, IN);
        const runner_view to_wanted = view(wanted, 1, IN, IN), to_found = view(found, 1, IN, IN);
        product_run(GEMM_OPENBLAS, 0, 1, &d, &whole, 0, &to_wanted, workspace);
        product_run(GEMM_OPENBLAS, RUNNER_TRANSPOSE_B, 1, &d, &w.late_view, 0, &to_found, workspace);
        assert_memory_equal(wanted, found, sizeof wanted);
        if (round % 3 > 0)
            both_products(&w, 0, 1, &x, &w.plain_view, 1, 1, out);
    }
    close_pair(&w);
}

static void updates_to_come_give_the_bits_of_updates_at_once(void **state) {
    (void)state;
    for (uint64_t out = 2; out <= 300; out += out < 20 ? 1 : 16)
        for (int due = 0; due < 2; due++)
            check_pending(out, due == 1);
    check_pending(MOST_OUT, false);
    check_pending(MOST_OUT, true);
    check_pending(256, false);
    check_pending(256, true);
    for (uint64_t out = 2; out <= 20; out++)
        check_copied(out);
}

/* DESIGN 5: Debian's serial OpenBLAS gives about one wrong product in 100 when several threads call it at once. */
static void products_of_several_threads_at_once_are_those_of_one(void **state) {
    (void)state;
    struct error error;
    assert_int_equal(products_prepare(&error), STATUS_OK);
    enum { SIDE = 1024, THREADS = 4, ROUNDS = 8 };
    assert_true((uint64_t)SIDE * SIDE * SIDE >= PRODUCT_LARGE && SIDE >= PRODUCT_TALL); /* goes to OpenBLAS */
    const size_t bytes = (size_t)SIDE * SIDE * sizeof(float);
    float *ma = random_floats("a", SIDE * SIDE), *mb = random_floats("b", SIDE * SIDE), *alone = memory_alloc(1, bytes);
    runner_view a = view(ma, SIDE, SIDE, SIDE), b = view(mb, SIDE, SIDE, SIDE), c = view(alone, SIDE, SIDE, SIDE);
    product_run(GEMM_OPENBLAS, 0, 1, &a, &b, 0, &c, NULL);
    int wrong = 0;
#pragma omp parallel for num_threads(THREADS) reduction(+ : wrong)
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        float *mine = memory_alloc(1, bytes);
        runner_view mine_view = view(mine, SIDE, SIDE, SIDE);
        product_run(GEMM_OPENBLAS, 0, 1, &a, &b, 0, &mine_view, NULL);
        wrong += memcmp(mine, alone, bytes) != 0;
        free(mine);
    }
    free(alone);
    assert_int_equal(wrong, 0);
    free(ma);
    free(mb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_and_transposition_agrees_with_float64),
        cmocka_unit_test(blocks_of_every_vector_width_are_chains_of_multiply_adds_in_order),
        cmocka_unit_test(every_element_is_one_chain_of_fused_multiply_adds),
        cmocka_unit_test(dot_products_are_sixteen_chains_and_one_tree),
        cmocka_unit_test(zeros_of_the_first_factor_change_no_bit),
        cmocka_unit_test(a_nan_among_zeros_stays),
        cmocka_unit_test(sums_over_columns_of_kept_weights_need_no_copy),
        cmocka_unit_test(portable_products_are_the_same_bits_however_they_are_cut),
        cmocka_unit_test(sparse_rows_give_the_bits_of_dense_ones_for_every_part_of_them),
        cmocka_unit_test(updates_by_zeros_take_no_room),
        cmocka_unit_test(updates_to_come_give_the_bits_of_updates_at_once),
        cmocka_unit_test(products_of_several_threads_at_once_are_those_of_one),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
#ifndef RUNNER_EMULATED    /* where the same test runs beside it on the processor itself */
    if (cpu_level() > 3) { /* and with the kernels of an older processor */
        cpu_level_limit(3);
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
#endif
    return failed;
}

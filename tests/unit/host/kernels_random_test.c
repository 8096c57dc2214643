/* Kernels of every vector width that runs here against those for any machine, to the bit: random shapes, pitches and factors, between pages
   that cannot be touched. */
#include "runner/host/kernels.h"

#include "runner/base/cpu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { CASES = 400, BUFFERS = 8, PAGE = 4096, BYTES = 16 << 20, MOST_SUMS = 400000 };

static uint64_t state_of_random = 1;
static char *buffers[BUFFERS];
static int used; /* buffers of this case */

static uint64_t below(uint64_t n) {
    state_of_random = state_of_random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state_of_random >> 33) % n;
}

/* 1 to n, small ones as often as large ones. */
static uint64_t up_to(uint64_t n) {
    const uint64_t most = n >> below(8);
    return 1 + below(most > 0 ? most : 1);
}

/* Ends, or begins, where memory does. */
static void *guarded(uint64_t bytes) {
    char *first = buffers[used++] + PAGE;
    const uint64_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
    assert_true(pages <= BYTES && used <= BUFFERS);
    assert_int_equal(mprotect(first, BYTES, PROT_NONE), 0);
    assert_int_equal(mprotect(first, pages, PROT_READ | PROT_WRITE), 0);
    return first + (below(4) > 0 ? pages - bytes : 0);
}

static float value(void) {
    static const float odd[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, 0x1p-126f, 0x1.fffffep127f};
    if (below(2000) == 0)
        return odd[below(sizeof odd / sizeof *odd)];
    return ((float)below(1 << 24) - 0x1p23f) * 0x1p-22f;
}

static float *floats(uint64_t n) {
    float *x = guarded(n * sizeof *x);
    for (uint64_t i = 0; i < n; i++)
        x[i] = value();
    return x;
}

static float *copied(const float *from, uint64_t n) {
    float *x = guarded(n * sizeof *x);
    memcpy(x, from, n * sizeof *x);
    return x;
}

static bool same(const float *a, const float *b, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static uint64_t pitch_of(uint64_t columns) {
    return columns + below(2) * below(20);
}

static float factor(void) {
    static const float factors[] = {1, 1, 0, -0.3f};
    return factors[below(4)];
}

#define WANTED (&kernels_any)
#define CHECK(what, a, b, size)                                                                                        \
    if (!same(a, b, size))                                                                                             \
    fail_msg("%s: m %d, n %d, k %d", what, (int)m, (int)n, (int)k)

static void shape(uint64_t most_rows, uint64_t *m, uint64_t *n, uint64_t *k) {
    do {
        *m = 1 + below(most_rows);
        *n = up_to(1100);
        *k = up_to(1100);
    } while (*m * *n * *k > MOST_SUMS);
}

/* As much as a product gives it. */
static float *packed_room(const struct kernels *kernels, uint64_t m, uint64_t k) {
    const uint64_t rows = m < kernels->packed_rows ? m : kernels->packed_rows;
    const uint64_t depth = k < kernels->packed_depth ? k : kernels->packed_depth;
    return guarded((rows * depth + KERNEL_LANES) * sizeof(float));
}

static void dense_product(const struct kernels *kernels) {
    uint64_t m, n, k;
    shape(below(4) > 0 ? 40 : 200, &m, &n, &k);
    const bool turned = below(2) > 0;
    const uint64_t pitch_a = pitch_of(turned ? m : k) + 1, pitch_b = pitch_of(n), pitch_c = pitch_of(n);
    const uint64_t size_c = (m - 1) * pitch_c + n;
    const float alpha = below(2) > 0 ? 1 : -0.3f, beta = factor();
    const float *a = floats(turned ? (k - 1) * pitch_a + m : (m - 1) * pitch_a + k), *b = floats((k - 1) * pitch_b + n);
    float *wanted = floats(size_c), *found = copied(wanted, size_c);
    const uint64_t a_row = turned ? 1 : pitch_a, a_k = turned ? pitch_a : 1;
    WANTED->dense(m, n, k, alpha, a, a_row, a_k, b, pitch_b, beta, wanted, pitch_c, packed_room(WANTED, m, k));
    kernels->dense(m, n, k, alpha, a, a_row, a_k, b, pitch_b, beta, found, pitch_c, packed_room(kernels, m, k));
    CHECK("dense", wanted, found, size_c);
}

static void product_with_a_transposed_matrix(const struct kernels *kernels) {
    uint64_t m, n, k;
    shape(kernels->turned_rows > 0 ? kernels->turned_rows : 1, &m, &n, &k);
    const uint64_t pitch_a = pitch_of(k), pitch_b = pitch_of(k), pitch_c = pitch_of(n), size_c = (m - 1) * pitch_c + n;
    const float *a = floats((m - 1) * pitch_a + k), *b = floats((n - 1) * pitch_b + k);
    float *turned = guarded(n * k * sizeof *turned), *wanted = floats(size_c), *found = copied(wanted, size_c);
    const float beta = factor();
    WANTED->transpose(n, k, b, pitch_b, turned, n);
    WANTED->dense(m, n, k, 1, a, pitch_a, 1, turned, n, beta, wanted, pitch_c,
                  guarded(WANTED->packed_rows * WANTED->packed_depth * sizeof *a));
    if (m > 1) {
        kernels->turned(m, n, k, a, pitch_a, b, pitch_b, beta, found, pitch_c);
        CHECK("turned", wanted, found, size_c);
    }
    float *back = guarded(n * k * sizeof *back);
    kernels->transpose(k, n, turned, n, back, k);
    for (uint64_t i = 0; i < n; i++)
        CHECK("transpose", b + i * pitch_b, back + i * k, k);
}

static void dot_products(const struct kernels *kernels) {
    uint64_t m, n, k;
    shape(1, &m, &n, &k);
    const uint64_t pitch = pitch_of(k);
    const float *x = floats(k), *b = floats((n - 1) * pitch + k), alpha = factor(), beta = factor();
    float *wanted = floats(n), *found = copied(wanted, n);
    WANTED->dots(n, k, alpha, x, b, pitch, beta, wanted);
    kernels->dots(n, k, alpha, x, b, pitch, beta, found);
    CHECK("dots", wanted, found, n);
}

/* Masks of m rows of k columns, and their entries; some rows have none, or all. */
static uint64_t *random_masks(uint64_t m, uint64_t k, uint64_t *count) {
    uint64_t *masks = guarded(m * sizeof *masks);
    *count = 0;
    for (uint64_t i = 0; i < m; i++) {
        const uint64_t full = below(5);
        masks[i] = 0;
        for (uint64_t p = 0; p < k; p++)
            masks[i] |= (uint64_t)(below(4) < full) << p;
        *count += (uint64_t)__builtin_popcountll(masks[i]);
    }
    return masks;
}

static void sparse_product(const struct kernels *kernels) {
    uint64_t m = 1 + below(KERNEL_ROWS), n = up_to(400), k = 1 + below(KERNEL_SEGMENT), count;
    const uint64_t *masks = random_masks(m, k, &count), pitch_b = pitch_of(n), pitch_c = pitch_of(n);
    struct sparse_entry *entries = guarded((count + KERNEL_LANES) * sizeof *entries);
    for (uint64_t e = 0; e < count + KERNEL_LANES; e++)
        entries[e] = (struct sparse_entry){0, value()}; /* a segment's products take the columns from the masks */
    const uint64_t size_c = (m - 1) * pitch_c + n;
    const float *b = floats((k - 1) * pitch_b + n), alpha = factor();
    float *wanted = floats(size_c), *found = copied(wanted, size_c);
    const uint64_t behind = below(2) * UINT64_MAX;
    WANTED->sparse(entries, masks, m, n, b, pitch_b, k, behind, wanted, pitch_c);
    kernels->sparse(entries, masks, m, n, b, pitch_b, k, behind, found, pitch_c);
    CHECK("sparse", wanted, found, size_c);
    float *spread = floats(m * KERNEL_SEGMENT), *found_spread = copied(spread, m * KERNEL_SEGMENT);
    WANTED->spread(entries, masks, m, alpha, spread);
    kernels->spread(entries, masks, m, alpha, found_spread);
    for (uint64_t i = 0; i < m; i++)
        if (masks[i] != 0)
            CHECK("spread", spread + i * KERNEL_SEGMENT, found_spread + i * KERNEL_SEGMENT, KERNEL_SEGMENT);
}

static void masked_product(const struct kernels *kernels) {
    uint64_t m = 1 + below(KERNEL_SEGMENT), n = up_to(400), k = 1 + below(KERNEL_ROWS), count;
    const uint64_t *masks = random_masks(m, k, &count), pitch_b = pitch_of(n), pitch_c = pitch_of(n);
    const uint64_t size_c = (m - 1) * pitch_c + n;
    float *a = guarded(k * KERNEL_SEGMENT * sizeof *a);
    for (uint64_t i = 0; i < KERNEL_SEGMENT; i++)
        for (uint64_t p = 0; p < k; p++)
            a[p * KERNEL_SEGMENT + i] = i < m && (masks[i] >> p & 1) != 0 ? value() : 0;
    const float *b = floats((k - 1) * pitch_b + n);
    float *wanted = floats(size_c), *found = copied(wanted, size_c);
    const bool add = below(2) > 0;
    WANTED->masked(a, masks, m, n, b, pitch_b, k, add, wanted, pitch_c);
    kernels->masked(a, masks, m, n, b, pitch_b, k, add, found, pitch_c);
    CHECK("masked", wanted, found, size_c);
    if (k > kernels->paired_rows)
        return;
    WANTED->masked(a, masks, m, n, b, pitch_b, k, true, wanted, pitch_c);
    kernels->masked_few(a, masks, m, n, b, pitch_b, found, pitch_c);
    CHECK("masked_few", wanted, found, size_c);
}

static void products_of_one_row(const struct kernels *kernels) {
    uint64_t m = 1, n, k;
    shape(1, &m, &n, &k);
    const uint64_t pitch = pitch_of(n), size_b = (k - 1) * pitch + n;
    struct sparse_entry *x = guarded(k * sizeof *x);
    struct row_change *due = guarded(k * sizeof *due);
    uint64_t count = 0;
    for (uint64_t i = 0; i < k; i++) {
        due[i] = (struct row_change){below(3) > 0 ? 0 : KERNEL_NO_CHANGE, value()};
        if (below(3) > 0)
            x[count++] = (struct sparse_entry){(uint32_t)i, value()};
    }
    const float *delta = floats(n), alpha = factor();
    const struct kernels *both[] = {WANTED, kernels};
    float *b[2], *y[2];
    b[0] = floats(size_b), b[1] = copied(b[0], size_b);
    y[0] = floats(n), y[1] = copied(y[0], n);
    const uint64_t kind = below(5), changes = below(count + 1); /* the first of x's rows change */
    for (int i = 0; i < 2; i++)
        switch (kind) {
        case 0: both[i]->row(n, x, count, alpha, b[i], pitch, y[i]); break;
        case 1: both[i]->row_sum(n, x, count, b[i], pitch, y[i]); break;
        case 2: both[i]->row_after(n, x, changes, -0.3f, delta, x, count, alpha, b[i], pitch, y[i]); break;
        case 3: both[i]->row_due(n, due, delta, n, x, count, alpha, b[i], pitch, y[i]); break;
        default: both[i]->outer(n, x, count, alpha, delta, b[i], pitch); break;
        }
    static const char *const kinds[] = {"row", "row_sum", "row_after", "row_due", "outer"};
    CHECK(kinds[kind], y[0], y[1], n);
    CHECK(kinds[kind], b[0], b[1], size_b);
}

static void random_shapes_give_the_same_bits(void **state) {
    (void)state;
#if defined(__x86_64__)
    static const struct kernels *const widths[] = {&kernels_v3, &kernels_v4};
    const int n_widths = cpu_level() >= 4 ? 2 : 1;
#else
    static const struct kernels *const widths[] = {&kernels_any};
    const int n_widths = 1;
#endif
    static void (*const checks[])(const struct kernels *) = {dense_product,  product_with_a_transposed_matrix,
                                                             dot_products,   sparse_product,
                                                             masked_product, products_of_one_row};
    for (int i = 0; i < BUFFERS; i++) {
        buffers[i] = mmap(NULL, BYTES + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_true(buffers[i] != MAP_FAILED);
    }
    for (int i = 0; i < CASES; i++)
        for (int w = 0; w < n_widths; w++)
            for (size_t c = 0; c < sizeof checks / sizeof *checks; c++) {
                used = 0;
                checks[c](widths[w]);
            }
    for (int i = 0; i < BUFFERS; i++)
        munmap(buffers[i], BYTES + 2 * PAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_shapes_give_the_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

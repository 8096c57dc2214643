/* ctest: timeout 300 (its products take seconds, and a minute where others use the machine, too) */
/* Products of several slices at once have the bits of one for each slice, whatever zeros and infinite weights these meet, with a transposed copy
   of the weights or without. */
#include "runner/base/arena.h"
#include "runner/base/random.h"
#include "runner/host/products.h"
#include "runner/host/storage.h"
#include "tests/sanitized.h"
#include "tests/unit/host/drawn.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 72, K = 68, MOST_ROWS = 130, PITCH = 80, BEHIND = 16 * 1024 };

/* b [K][N], or transposed [N][K], with an infinite weight; beside it, where it is kept, its transpose. */
struct weights {
    float values[N * PITCH], transposed[N * PITCH];
    struct weights_storage storage;
    runner_view view;
};

static runner_view rows_of(const runner_view *view, uint64_t first, uint64_t rows) {
    return (runner_view){
        .data = view->data + first * view->pitch, .rows = rows, .columns = view->columns, .pitch = view->pitch};
}

UNCHECKED static void set_weights(struct weights *weights, uint32_t flags, bool kept, bool copied) {
    const bool turned = flags == RUNNER_TRANSPOSE_B;
    drawn_copy("b", N * PITCH, weights->values);
    weights->values[5 * PITCH + 7] = INFINITY;
    for (uint64_t i = 0; i < N; i++)
        for (uint64_t j = 0; j < PITCH; j++)
            weights->transposed[j % N * PITCH + i] = weights->values[i * PITCH + j % N];
    weights->storage = (struct weights_storage){{STORAGE_WEIGHTS}, copied ? weights->transposed : NULL, PITCH};
    weights->view = (runner_view){.data = weights->values,
                                  .rows = turned ? N : K,
                                  .columns = turned ? K : N,
                                  .pitch = PITCH,
                                  .storage = kept ? &weights->storage : NULL};
}

/* Slices differ: in some of them most elements are 0. */
UNCHECKED static void fill(float *a, uint64_t rows, uint64_t slice, unsigned zeros) {
    drawn_copy("a", rows * PITCH, a);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t p = 0; p < K; p++)
            if (zeros >> i / slice % 4 & 1 && (i * 31 + p * 17) % 10 < 7)
                a[i * PITCH + p] = 0;
}

/* With room behind it of which nothing may be written. */
static unsigned char *workspace_of(uint64_t size) {
    unsigned char *workspace = aligned_alloc(64, (size + BEHIND + 63) / 64 * 64);
    memset(workspace + size, 0x5a, BEHIND);
    return workspace;
}

static void clear_workspace(unsigned char *workspace, uint64_t size, const char *of) {
    const unsigned char *behind = workspace + size;
    if (behind[0] != 0x5a || memcmp(behind, behind + 1, BEHIND - 1) != 0)
        fail_msg("writes behind the workspace of %s", of);
    free(workspace);
}

static void check(enum gemm gemm, uint32_t flags, uint64_t rows, uint64_t slice, unsigned zeros, bool kept,
                  bool copied) {
    static float a_values[MOST_ROWS * PITCH], found[MOST_ROWS * PITCH], wanted[MOST_ROWS * PITCH];
    static struct weights weights, with_copy;
    set_weights(&weights, flags, kept, copied);
    set_weights(&with_copy, flags, kept, true);
    fill(a_values, rows, slice, zeros);
    const float beta = flags == 0 ? 1 : 0, alpha = rows % 3 == 0 ? 0.5f : 1;
    drawn_copy("c", rows * PITCH, found);
    memcpy(wanted, found, sizeof wanted);
    const runner_view a = {.data = a_values, .rows = rows, .columns = K, .pitch = PITCH};
    const runner_view c = {.data = found, .rows = rows, .columns = N, .pitch = PITCH},
                      d = {.data = wanted, .rows = rows, .columns = N, .pitch = PITCH};
    for (uint64_t first = 0; first < rows; first += slice) {
        const uint64_t some = rows - first < slice ? rows - first : slice;
        const runner_view part = rows_of(&a, first, some), its = rows_of(&d, first, some);
        const uint64_t size = product_workspace(gemm, flags, &part, &with_copy.view);
        void *workspace = workspace_of(size);
        product_run(gemm, flags, alpha, &part, &with_copy.view, beta, &its, workspace);
        clear_workspace(workspace, size, "a slice");
    }
    const uint64_t size = product_slices_workspace(gemm, slice, flags, &a, &weights.view);
    void *workspace = workspace_of(size);
    product_run_slices(gemm, slice, flags, alpha, &a, &weights.view, beta, &c, workspace);
    clear_workspace(workspace, size, "slices");
    if (memcmp(found, wanted, rows * PITCH * sizeof *found) != 0)
        fail_msg("flags %u, %d rows, slices of %d, zeros %x, kept %d, copied %d", flags, (int)rows, (int)slice, zeros,
                 kept, copied);
}

static void slices_at_once_have_the_bits_of_each(void **state) {
    (void)state;
    static const uint64_t slices[] = {2, 7, 8, 14, 16, 17, 20, 21, 32, 50, 63};
    for (size_t s = 0; s < sizeof slices / sizeof *slices; s++)
        for (uint64_t rows = slices[s] + 1; rows <= MOST_ROWS; rows += rows % slices[s] == 0 ? 1 : slices[s] - 1)
            for (unsigned zeros = 0; zeros < 16; zeros += SANITIZED ? 10 : 5)
                for (int form = 0; form < 6; form++) /* weights that are kept are read transposed */
                    check(form / 3 ? GEMM_PORTABLE : GEMM_OPENBLAS, form % 3 ? RUNNER_TRANSPOSE_B : 0, rows, slices[s],
                          zeros, form % 3 == 2, rows % 2 == 0);
}

static void slices_of_many_zeros_choose_for_themselves(void **state) {
    (void)state;
    static float a_values[64 * PITCH];
    static struct weights weights;
    set_weights(&weights, 0, false, false);
    fill(a_values, 64, 32, 2);
    const runner_view a = {.data = a_values, .rows = 32, .columns = K, .pitch = PITCH},
                      b = rows_of(&(runner_view){.data = a_values, .columns = K, .pitch = PITCH}, 32, 32);
    assert_false(product_choose(GEMM_PORTABLE, 0, &a, &weights.view).skips_zeros);
    assert_true(product_choose(GEMM_PORTABLE, 0, &b, &weights.view).skips_zeros);
    assert_false(product_choose(GEMM_PORTABLE, RUNNER_TRANSPOSE_B, &b, &weights.view).few_rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_at_once_have_the_bits_of_each),
        cmocka_unit_test(slices_of_many_zeros_choose_for_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

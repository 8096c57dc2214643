#include "runner/host/products.h"

static runner_view rows_of(const runner_view *view, uint64_t first, uint64_t rows) {
    runner_view part = *view;
    part.data = view->data == NULL ? NULL : view->data + first * view->pitch;
    part.rows = rows;
    part.row0 += first;
    return part;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* Some slices at once may want pieces that a single one wants and all of them do not, beside others for as many rows as there are. */
uint64_t product_slices_workspace(enum gemm gemm, uint64_t slice, uint32_t flags, const runner_view *a,
                                  const runner_view *b) {
    const runner_view first = rows_of(a, 0, slice < a->rows ? slice : a->rows), last = rows_of(a, 0, a->rows % slice);
    const uint64_t some =
        product_workspace(gemm, flags, &first, b) + product_workspace_as(gemm, first.rows, flags, a, b);
    return larger(some, larger(product_workspace(gemm, flags, a, b), product_workspace(gemm, flags, &last, b)));
}

/* How many rows from `first` on are slices that choose as the first of them does. A single row is a product of another kind. */
static uint64_t alike(enum gemm gemm, uint64_t slice, uint32_t flags, const runner_view *a, const runner_view *b,
                      uint64_t first, struct product_choice *choice) {
    uint64_t end = first;
    while (end < a->rows) {
        const runner_view part = rows_of(a, end, a->rows - end < slice ? a->rows - end : slice);
        const struct product_choice its = product_choose(gemm, flags, &part, b);
        if (end > first && (its.skips_zeros != choice->skips_zeros || part.rows == 1))
            break;
        if (end == first)
            *choice = its;
        end += part.rows;
    }
    return end - first;
}

void product_run_slices(enum gemm gemm, uint64_t slice, uint32_t flags, float alpha, const runner_view *a,
                        const runner_view *b, float beta, const runner_view *c, void *workspace) {
    if (a->data == NULL && flags == 0) { /* of sparse rows all zeros are skipped */
        product_run(gemm, flags, alpha, a, b, beta, c, workspace);
        return;
    }
    for (uint64_t first = 0, rows; first < a->rows; first += rows) {
        struct product_choice choice;
        rows = alike(gemm, slice, flags, a, b, first, &choice);
        const runner_view a_part = rows_of(a, first, rows), c_part = rows_of(c, first, rows);
        product_run_as(gemm, &choice, flags, alpha, &a_part, b, beta, &c_part, workspace);
    }
}

bool product_slices_keep_zeros(enum gemm gemm, uint64_t slice, const runner_view *a, const runner_view *b) {
    struct product_choice choice;
    return alike(gemm, slice, 0, a, b, 0, &choice) == a->rows && !choice.skips_zeros;
}

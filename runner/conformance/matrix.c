#include "runner/conformance/matrix.h"

#include <string.h>

enum { PADDING = 3 };

struct matrix matrix_new(struct guard *guard, const char *name, uint64_t rows, uint64_t columns) {
    struct matrix matrix = {.view = {.rows = rows, .columns = columns, .pitch = columns + PADDING}, .name = name};
    matrix.data = matrix.view.data = guard_alloc(guard, name, rows * matrix.view.pitch * sizeof(float));
    return matrix;
}

float *matrix_at(const struct matrix *matrix, uint64_t row, uint64_t column) {
    return matrix->data + row * matrix->view.pitch + column;
}

void matrix_fill(struct matrix *matrix, uint64_t seed, float low, float high) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = 0; j < matrix->view.columns; j++)
            *matrix_at(matrix, i, j) = low + (high - low) * (0.5f + 0.5f * random_value(&seed));
}

void matrix_zero(struct matrix *matrix) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        memset(matrix_at(matrix, i, 0), 0, matrix->view.columns * sizeof(float));
}

void matrix_spoil(struct matrix *matrix, const struct guard *guard) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        memset(matrix_at(matrix, i, 0), guard->pattern, matrix->view.columns * sizeof(float));
}

runner_view matrix_rows(const struct matrix *matrix, uint64_t first, uint64_t rows) {
    runner_view view = matrix->view;
    if (view.data != NULL)
        view.data += first * view.pitch;
    view.rows = rows;
    view.row0 += first;
    return view;
}

bool matrix_padding_kept(const struct matrix *matrix, const struct guard *guard) {
    unsigned char wanted[PADDING * sizeof(float)];
    memset(wanted, guard->pattern, sizeof wanted);
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        if (memcmp(matrix_at(matrix, i, matrix->view.columns), wanted, sizeof wanted) != 0)
            return false;
    return true;
}

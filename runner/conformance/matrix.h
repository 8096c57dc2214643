/*
 * Matrices of made-up values in guarded memory. A few columns of padding stand behind each row, which a plugin may neither
 * read nor write: they hold the guard's pattern.
 */
#ifndef RUNNER_CONFORMANCE_MATRIX_H
#define RUNNER_CONFORMANCE_MATRIX_H

#include "runner/conformance/guard.h"
#include "runner/conformance/numbers.h"
#include "runner/plugin.h"

struct matrix {
    runner_view view;
    const char *name;
    float *data; /* of the view, which tests may hide */
};

struct matrix matrix_new(struct guard *guard, const char *name, uint64_t rows, uint64_t columns);
/* Values uniform in [low, high). */
void matrix_fill(struct matrix *matrix, uint64_t seed, float low, float high);
void matrix_zero(struct matrix *matrix);
/* Every value becomes the guard's pattern, as if nobody had written it. */
void matrix_spoil(struct matrix *matrix, const struct guard *guard);
float *matrix_at(const struct matrix *matrix, uint64_t row, uint64_t column);
/* Rows first .. of it. */
runner_view matrix_rows(const struct matrix *matrix, uint64_t first, uint64_t rows);
/* The padding holds the pattern still. */
bool matrix_padding_kept(const struct matrix *matrix, const struct guard *guard);

#endif

/*
 * Keras' orthogonal (Saxe et al. 2014): of a tensor seen as a matrix, its last dimension as columns, gain times an orthogonal
 * matrix: Q of the QR decomposition of a normal matrix [longer side][shorter side], whose signs make R's diagonal positive
 * (so that Q is uniform), transposed where there are fewer rows than columns.
 *
 * By Householder's reflections H = 1 - 2 v v^T / v^T v in float64 (Golub and Van Loan, Matrix Computations, 5.2).
 */
#include <math.h>
#include <runner/plugin.h>

struct orthogonal {
    double gain;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct orthogonal, gain, "1.0", -3e38, 3e38, "factor of the orthogonal matrix"),
};

/* x -= 2 v (v^T x) / v^T v */
static void reflect(uint64_t n, const double *v, double *x) {
    double square = 0, product = 0;
    for (uint64_t i = 0; i < n; i++) {
        square += v[i] * v[i];
        product += v[i] * x[i];
    }
    double factor = square > 0 ? 2 * product / square : 0;
    for (uint64_t i = 0; i < n; i++)
        x[i] -= factor * v[i];
}

/* Columns of `a` [n][m], which lie one after another, become those of Q; `v` [n][m] is for the reflections. */
static void orthogonalize(uint64_t m, uint64_t n, double *a, double *v) {
    for (uint64_t k = 0; k < n; k++) {
        double *column = v + k * m, length = 0;
        for (uint64_t i = 0; i < m; i++) {
            column[i] = i < k ? 0 : a[k * m + i];
            length += column[i] * column[i];
        }
        column[k] += column[k] < 0 ? -sqrt(length) : sqrt(length);
        for (uint64_t j = k; j < n; j++)
            reflect(m - k, column + k, a + j * m + k);
    }
    for (uint64_t k = n; k-- > 0;) { /* Q = H_0 .. H_k (unit vector k), with the sign of R's diagonal */
        double sign = a[k * m + k] < 0 ? -1 : 1;
        for (uint64_t i = 0; i < m; i++)
            a[k * m + i] = i == k ? sign : 0;
        for (uint64_t l = k + 1; l-- > 0;)
            reflect(m - l, v + l * m + l, a + k * m + l);
    }
}

static int fill(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct orthogonal *orthogonal = config;
    const runner_shape *shape = &tensor->shape;
    if (shape->rank < 2)
        return call->host->fail(call, "orthogonal needs a tensor of two or more dimensions, but '%s' has %u",
                                tensor->name, shape->rank);
    uint64_t columns = shape->size[shape->rank - 1], n = runner_elements(shape), rows = columns > 0 ? n / columns : 0;
    uint64_t longer = rows > columns ? rows : columns, shorter = rows > columns ? columns : rows;
    double *a = call->host->scratch(call, n * sizeof *a), *v = call->host->scratch(call, n * sizeof *v);
    call->host->normal(call, 0, 0, n, values); /* [longer][shorter] */
    for (uint64_t i = 0; i < longer; i++)
        for (uint64_t j = 0; j < shorter; j++)
            a[j * longer + i] = (double)values[i * shorter + j];
    orthogonalize(longer, shorter, a, v);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < columns; j++)
            values[i * columns + j] =
                (float)(orthogonal->gain * (rows < columns ? a[i * longer + j] : a[j * longer + i]));
    return RUNNER_OK;
}

static const runner_initializer_ops ops = {.size = sizeof ops, .fill = fill};

static const runner_component components[] = {
    {.kind = RUNNER_INITIALIZER,
     .config_size = sizeof(struct orthogonal),
     .name = "orthogonal",
     .doc = "orthogonal columns, or rows where there are fewer",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

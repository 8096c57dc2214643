/*
 * quadratic: the noisy quadratic of the optimizer literature, a problem without inputs. The loss of a row x at the parameters t is
 * 0.5 (t - x)^T H (t - x) (the loss `quadratic`); t are the only parameters, held by the layer `variable`. Rows are the targets,
 * H is the constant `hessian` [n][n], and the constant `start` [n] is where t begins.
 *
 * Either an .npz gives `hessian`, `x_train`, and where it has them `x_test` and `start`, or all is generated: H has the eigenvalues
 * `spectrum`, along the axes or with `rotate` along random directions, and the rows are x ~ N(0, noise^2 I), so that the gradient
 * of one row has the covariance noise^2 H^2 (Schaul, Zhang, LeCun 2013: No More Pesky Learning Rates). Without a spectrum eigenvalue
 * i is 1 / i (Zhang et al. 2019: Which Algorithmic Choices Matter at Which Batch Sizes?).
 */
#include <runner/plugin.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_DIMENSION 10
#define MOST_DIMENSION 10000
#define ROTATION_ROW (UINT64_C(1) << 63) /* of the random numbers; rows of examples are below */

struct quadratic_config {
    const char *path;
    int64_t dimension, rows[2];
    runner_floats spectrum, start;
    double noise;
    int32_t rotate;
};

struct quadratic {
    uint64_t n;
    float noise;
};

/* ---- From a file ---- */

static int has_member(runner_call *call, const char *path, const char *member, int *has) {
    runner_file file;
    if (call->host->read_member(call, path, member, &file) != RUNNER_OK)
        return RUNNER_FAILED;
    *has = file.bytes != NULL;
    return RUNNER_OK;
}

static int check_file(runner_call *call, const char *path, const runner_dataset *dataset) {
    const runner_shape *rows = &dataset->target, *h = &dataset->constants[0].shape;
    if (rows->rank != 1)
        return call->host->fail(call, "%s: x_train has %u dimensions, wanted 2: rows and parameters", path,
                                rows->rank + 1);
    if (h->rank != 2 || h->size[0] != rows->size[0] || h->size[1] != rows->size[0])
        return call->host->fail(call, "%s: hessian is no matrix [%u][%u], as a row of x_train has %u values", path,
                                rows->size[0], rows->size[0], rows->size[0]);
    if (dataset->n_constants == 1)
        return RUNNER_OK;
    const runner_shape *start = &dataset->constants[1].shape;
    if (start->rank != 1 || start->size[0] != rows->size[0])
        return call->host->fail(call, "%s: start is no vector of %u values, as a row of x_train", path, rows->size[0]);
    return RUNNER_OK;
}

static int open_file(const struct quadratic_config *from, runner_call *call, runner_dataset *dataset) {
    int has_test, has_start;
    char rows[2][24];
    if (from->dimension != INT64_MIN || from->spectrum.values != NULL)
        return call->host->fail(call, "`path` gives the problem, and `%s` would generate one; wanted one of them",
                                from->dimension != INT64_MIN ? "dimension" : "spectrum");
    if (has_member(call, from->path, "x_test.npy", &has_test) != RUNNER_OK ||
        has_member(call, from->path, "start.npy", &has_start) != RUNNER_OK)
        return RUNNER_FAILED;
    runner_setting settings[10] = {{"path", from->path},   {"x_train", NULL},
                                   {"y_train", "x_train"}, {"y_test", has_test ? "x_test" : NULL},
                                   {"targets", "values"},  {"constants", has_start ? "[hessian, start]" : "[hessian]"}};
    uint32_t n = 6;
    for (int split = 0; split < 2; split++)
        if (from->rows[split] != INT64_MIN) {
            snprintf(rows[split], sizeof rows[split], "%" PRId64, from->rows[split]);
            settings[n++] = (runner_setting){split == RUNNER_TEST ? "test" : "train", rows[split]};
        }
    if (call->host->open_as(call, "npz", settings, n, dataset) != RUNNER_OK)
        return RUNNER_FAILED;
    return check_file(call, from->path, dataset);
}

/* ---- Generated ---- */

static int find_dimension(const struct quadratic_config *from, runner_call *call, uint64_t *n) {
    const uint64_t given = from->spectrum.count, starts = from->start.count;
    *n = from->dimension != INT64_MIN ? (uint64_t)from->dimension : given > 1 ? given : DEFAULT_DIMENSION;
    if (given > 2 && given != *n)
        return call->host->fail(call,
                                "`spectrum` has %llu values, but `dimension` is %llu; wanted as many, one for all, "
                                "or two, the first and the last",
                                (unsigned long long)given, (unsigned long long)*n);
    if (given == 2 && *n < 2)
        return call->host->fail(call, "`spectrum` has 2 values, but `dimension` is 1");
    if (given == 0 && from->spectrum.values != NULL)
        return call->host->fail(call, "`spectrum` is an empty list, wanted eigenvalues, or null for 1 / i");
    if (*n > MOST_DIMENSION)
        return call->host->fail(call, "`spectrum` has %llu values, wanted at most %d", (unsigned long long)*n,
                                MOST_DIMENSION);
    if (starts != 1 && starts != *n)
        return call->host->fail(call, "`start` has %llu values, but there are %llu parameters; wanted as many, or one",
                                (unsigned long long)starts, (unsigned long long)*n);
    return RUNNER_OK;
}

/* Two values are the ends of a geometric sequence, or of a straight one where an end is 0. */
static double eigenvalue(const runner_floats *spectrum, uint64_t i, uint64_t n) {
    if (spectrum->count == 0)
        return 1.0 / (double)(i + 1);
    if (spectrum->count != 2)
        return spectrum->values[spectrum->count == 1 ? 0 : i];
    const double first = spectrum->values[0], last = spectrum->values[1], share = (double)i / (double)(n - 1);
    if (i == 0 || i == n - 1)
        return i == 0 ? first : last;
    return first > 0 && last > 0 ? first * pow(last / first, share) : first + share * (last - first);
}

/* Rows of a random rotation: normal vectors, made orthogonal to those before by Gram and Schmidt, twice (Giraud et al. 2005). */
static void make_rotation(runner_call *call, uint64_t n, double *q) {
    float *draw = call->host->scratch(call, n * sizeof *draw);
    for (uint64_t i = 0; i < n; i++) {
        double *row = q + i * n;
        call->host->normal(call, ROTATION_ROW + i, 0, n, draw);
        for (uint64_t k = 0; k < n; k++)
            row[k] = (double)draw[k];
        for (uint64_t pass = 0; pass < 2 * i; pass++) {
            const double *before = q + pass % i * n;
            double dot = 0;
            for (uint64_t k = 0; k < n; k++)
                dot += row[k] * before[k];
            for (uint64_t k = 0; k < n; k++)
                row[k] -= dot * before[k];
        }
        double square = 0;
        for (uint64_t k = 0; k < n; k++)
            square += row[k] * row[k];
        for (uint64_t k = 0; k < n; k++)
            row[k] /= sqrt(square);
    }
}

/* H = Q^T diag(spectrum) Q, or the diagonal matrix itself. */
static int make_hessian(const struct quadratic_config *from, runner_call *call, uint64_t n, float *h) {
    if (!from->rotate) {
        for (uint64_t i = 0; i < n; i++)
            h[i * n + i] = (float)eigenvalue(&from->spectrum, i, n);
        return RUNNER_OK;
    }
    double *q = call->host->memory(call, n * n * sizeof *q), *sum = call->host->scratch(call, n * sizeof *sum);
    if (q == NULL)
        return RUNNER_FAILED;
    make_rotation(call, n, q);
    for (uint64_t i = 0; i < n; i++) {
        memset(sum, 0, n * sizeof *sum);
        for (uint64_t k = 0; k < n; k++) {
            const double factor = eigenvalue(&from->spectrum, k, n) * q[k * n + i];
            for (uint64_t j = 0; j <= i; j++)
                sum[j] += factor * q[k * n + j];
        }
        for (uint64_t j = 0; j <= i; j++)
            h[i * n + j] = h[j * n + i] = (float)sum[j]; /* symmetric to the bit */
    }
    return RUNNER_OK;
}

static int generate(const struct quadratic_config *from, runner_call *call, runner_dataset *dataset) {
    uint64_t n;
    if (find_dimension(from, call, &n) != RUNNER_OK)
        return RUNNER_FAILED;
    struct quadratic *state = call->host->memory(call, sizeof *state);
    runner_constant *constants = call->host->memory(call, 2 * sizeof *constants);
    float *h = call->host->memory(call, n * n * sizeof *h), *start = call->host->memory(call, n * sizeof *start);
    if (state == NULL || constants == NULL || h == NULL || start == NULL || make_hessian(from, call, n, h) != RUNNER_OK)
        return RUNNER_FAILED;
    for (uint64_t i = 0; i < n; i++)
        start[i] = (float)from->start.values[from->start.count == 1 ? 0 : i];
    *state = (struct quadratic){n, (float)from->noise};
    constants[0] = (runner_constant){"hessian", {2, {(uint32_t)n, (uint32_t)n}}, h};
    constants[1] = (runner_constant){"start", {1, {(uint32_t)n}}, start};
    dataset->rows[RUNNER_TRAIN] = from->rows[RUNNER_TRAIN] == INT64_MIN ? 1000 : (uint64_t)from->rows[RUNNER_TRAIN];
    dataset->rows[RUNNER_TEST] = from->rows[RUNNER_TEST] == INT64_MIN ? 1000 : (uint64_t)from->rows[RUNNER_TEST];
    dataset->element = RUNNER_F32;
    dataset->scale = 1;
    dataset->target = (runner_shape){1, {(uint32_t)n}};
    dataset->constants = constants;
    dataset->n_constants = 2;
    dataset->state = state;
    return RUNNER_OK;
}

static int quadratic_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed; /* keys host->normal() */
    const struct quadratic_config *from = config;
    return from->path != NULL ? open_file(from, call, dataset) : generate(from, call, dataset);
}

/* Generated rows alone: npz reads those of a file. */
static int quadratic_read(const runner_dataset *dataset, runner_call *call, runner_split split,
                          const uint64_t *examples, uint64_t n, void *inputs, void *targets) {
    (void)inputs;
    const struct quadratic *state = dataset->state;
    float *rows = targets;
    for (uint64_t i = 0; i < n; i++) {
        float *x = rows + i * state->n;
        call->host->normal(call, examples[i] * 2 + (uint64_t)split, 0, state->n, x);
        for (uint64_t j = 0; j < state->n; j++)
            x[j] *= state->noise;
    }
    return RUNNER_OK;
}

#define ROWS(split, name, doc)                                                                                         \
    {                                                                                                                  \
        name, RUNNER_INT, RUNNER_NULLABLE, (uint32_t)offsetof(struct quadratic_config, rows[split]), 0, "null",        \
            split == RUNNER_TRAIN, UINT32_MAX, NULL, doc                                                               \
    }
static const runner_param quadratic_params[] = {
    RUNNER_PARAM_PATH(struct quadratic_config, path, "null",
                      ".npz with hessian, x_train and where wanted x_test and start; null: generated"),
    RUNNER_PARAM_(RUNNER_INT, struct quadratic_config, dimension, RUNNER_NULLABLE, 0, "null", 1, MOST_DIMENSION, NULL,
                  "number of parameters; null: as many as the spectrum has values, or 10"),
    RUNNER_PARAM_(RUNNER_FLOATS, struct quadratic_config, spectrum, RUNNER_NULLABLE, 0, "null", 0, 1e9, NULL,
                  "eigenvalues of the Hessian; one: of all; two: first and last of a geometric sequence; null: 1 / i"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct quadratic_config, noise, 0, 0, "1.0", 0, 1e9, NULL,
                  "standard deviation of each value of a row"),
    RUNNER_PARAM_(RUNNER_FLOATS, struct quadratic_config, start, 0, 0, "1.0", -1e9, 1e9, NULL,
                  "where the parameters begin: one number for all, or one each"),
    RUNNER_PARAM_BOOL(struct quadratic_config, rotate, "false", "whether the eigenvectors are random, not the axes"),
    ROWS(RUNNER_TRAIN, "train", "number of training rows; null: 1000, or all of the file"),
    ROWS(RUNNER_TEST, "test", "number of test rows; null: 1000, or all of the file"),
};

static const runner_dataset_ops quadratic_ops = {
    .size = sizeof quadratic_ops, .open = quadratic_open, .read = quadratic_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct quadratic_config), "quadratic",
     "noisy quadratic problem; wants the model [variable] and the loss quadratic", quadratic_params,
     RUNNER_COUNT(quadratic_params), 0, &quadratic_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

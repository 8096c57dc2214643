/* Batch normalisation (Ioffe and Szegedy 2015) over the last axis, as in Keras: y = gamma (x - mean) / sqrt(variance + epsilon) + beta,
   with mean and biased variance of each channel over the batch and all places. They come from sums of x and x^2 in float64.
   Evaluating takes moving averages, v = momentum v + (1 - momentum) new; PyTorch calls 1 - momentum its momentum, and its new
   variance is the unbiased one (unbiased_moving_variance: true). With xh = (y - beta) / gamma and means over the batch,
   dx = gamma / sqrt(variance + epsilon) (dy - mean dy - xh mean(dy xh)). */
#include <math.h>
#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

struct batch_normalization {
    double momentum, epsilon;
    int32_t center, scale, unbiased_moving_variance;
    const runner_part *beta_initializer, *gamma_initializer, *moving_mean_initializer, *moving_variance_initializer;
    const runner_part *beta_regularizer, *gamma_regularizer, *beta_constraint, *gamma_constraint;
    /* by plan() */
    uint64_t channels, places;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct batch_normalization, momentum, "0.99", 0, 1, "of the moving averages"),
    RUNNER_PARAM_FLOAT(struct batch_normalization, epsilon, "0.001", 0, 1e30, "added to the variance"),
    RUNNER_PARAM_BOOL(struct batch_normalization, center, "true", "whether beta is added"),
    RUNNER_PARAM_BOOL(struct batch_normalization, scale, "true", "whether gamma multiplies"),
    RUNNER_PARAM_PART(struct batch_normalization, beta_initializer, RUNNER_INITIALIZER, "zeros",
                      "first values of beta"),
    RUNNER_PARAM_PART(struct batch_normalization, gamma_initializer, RUNNER_INITIALIZER, "ones",
                      "first values of gamma"),
    RUNNER_PARAM_PART(struct batch_normalization, moving_mean_initializer, RUNNER_INITIALIZER, "zeros",
                      "first values of the moving mean"),
    RUNNER_PARAM_PART(struct batch_normalization, moving_variance_initializer, RUNNER_INITIALIZER, "ones",
                      "first values of the moving variance"),
    RUNNER_PARAM_PART(struct batch_normalization, beta_regularizer, RUNNER_REGULARIZER, "null", "penalty of beta"),
    RUNNER_PARAM_PART(struct batch_normalization, gamma_regularizer, RUNNER_REGULARIZER, "null", "penalty of gamma"),
    RUNNER_PARAM_PART(struct batch_normalization, beta_constraint, RUNNER_CONSTRAINT, "null", "bounds of beta"),
    RUNNER_PARAM_PART(struct batch_normalization, gamma_constraint, RUNNER_CONSTRAINT, "null", "bounds of gamma"),
    RUNNER_PARAM_BOOL(struct batch_normalization, unbiased_moving_variance, "false",
                      "true: the moving variance takes up n / (n - 1) of that of n values (PyTorch)"),
};

/* Places among the tensors */
static uint32_t beta_at(const struct batch_normalization *norm) {
    return norm->scale ? 1 : 0;
}

static uint32_t moving_at(const struct batch_normalization *norm) {
    return beta_at(norm) + (norm->center ? 1 : 0);
}

static int plan(void *config, runner_call *call, runner_plan *plan) {
    struct batch_normalization *norm = config;
    const runner_shape *input = &plan->inputs[0];
    if (input->rank == 0 || runner_elements(input) == 0)
        return call->host->fail(call,
                                "batch_normalization wants an axis; found %s; put it behind a layer such as dense",
                                input->rank == 0 ? "a single value" : "no inputs");
    runner_shape shape = {.rank = 1, .size = {input->size[input->rank - 1]}};
    norm->channels = shape.size[0];
    norm->places = runner_elements(input) / norm->channels;
    plan->output = *input;
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_TRAINING_DIFFERS;
    plan->statistics = plan->delta_statistics = 2 * shape.size[0];
    plan->saved = norm->places > 1 ? 2 * norm->channels * sizeof(double) : 0; /* a row's sums, by reduce_delta() */
    if (norm->scale)
        plan->tensors[0] = (runner_tensor){
            "gamma", 0, shape, norm->gamma_initializer, norm->gamma_regularizer, norm->gamma_constraint, 0, 0};
    if (norm->center)
        plan->tensors[beta_at(norm)] = (runner_tensor){
            "beta", 0, shape, norm->beta_initializer, norm->beta_regularizer, norm->beta_constraint, 0, 0};
    runner_tensor *moving = plan->tensors + moving_at(norm);
    moving[0] = (runner_tensor){
        .name = "moving_mean", .flags = RUNNER_STATE, .shape = shape, .initializer = norm->moving_mean_initializer};
    moving[1] = (runner_tensor){.name = "moving_variance",
                                .flags = RUNNER_STATE,
                                .shape = shape,
                                .initializer = norm->moving_variance_initializer};
    plan->n_tensors = moving_at(norm) + 2;
    return RUNNER_OK;
}

/* Of a row of the slice [2][channels]: sums of dy and of dy xh over its places. */
static double *row_sums_of(const struct batch_normalization *norm, const runner_rows *run, uint64_t row) {
    return (double *)(void *)run->saved + row * 2 * norm->channels;
}

/* ---- Sums over places: some channels at a time, which stay in registers ---- */

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { QUAD = 4, QUADS = 4 }; /* channels of a vector, and vectors at a time */

typedef double quad __attribute__((vector_size(32)));
typedef float quad_floats __attribute__((vector_size(16)));

/* Rows of places of which some channels are looked at. */
struct span {
    uint64_t rows, places, channels, x_pitch, d_pitch;
};

INLINE quad doubles_of(quad_floats v) {
    return (quad){(double)v[0], (double)v[1], (double)v[2], (double)v[3]};
}

/* The first n of four values. */
INLINE quad_floats load(const int n, const float *p) {
    if (n == QUAD) {
        quad_floats v;
        memcpy(&v, p, sizeof v);
        return v;
    }
    return (quad_floats){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}

INLINE quad load_sums(const int n, const double *p) {
    if (n == QUAD) {
        quad v;
        memcpy(&v, p, sizeof v);
        return v;
    }
    return (quad){p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0};
}

INLINE void store_sums(const int n, double *p, quad v) {
    for (int i = 0; i < n; i++)
        p[i] = v[i];
}

/* a + b as a multiply-add: conversions and additions share two of a Zen's four units, multiply-adds have the others. */
INLINE quad plus(quad a, quad b) {
    for (int i = 0; i < QUAD; i++)
        a[i] = __builtin_fma(b[i], 1.0, a[i]);
    return a;
}

/* a b + c: where a and b are floats their product is exact, and so the sum has the bits of a product and a sum. */
INLINE quad add_product(quad a, quad b, quad c) {
    for (int i = 0; i < QUAD; i++)
        c[i] = __builtin_fma(a[i], b[i], c[i]);
    return c;
}

/* Adds x and x^2 of `quads` vectors of channels, the last of which has `last`. */
INLINE void add_squares(const int quads, const int last, const struct span *span, const float *x, double *sum,
                        double *squares) {
    quad s[QUADS], q[QUADS];
    UNROLL for (int v = 0; v < quads; v++) {
        s[v] = load_sums(last, sum + v * QUAD);
        q[v] = load_sums(last, squares + v * QUAD);
    }
    for (uint64_t i = 0; i < span->rows; i++) {
        const float *at = x + i * span->x_pitch;
        for (uint64_t p = 0; p < span->places; p++, at += span->channels)
            UNROLL for (int v = 0; v < quads; v++) {
                const quad value = doubles_of(load(last, at + v * QUAD));
                s[v] += value;
                q[v] = add_product(value, value, q[v]);
            }
    }
    UNROLL for (int v = 0; v < quads; v++) {
        store_sums(last, sum + v * QUAD, s[v]);
        store_sums(last, squares + v * QUAD, q[v]);
    }
}

/* Fewer places than this are not worth to load and to store sums by themselves. */
enum { FEW = 4 };

static void add_squares_of_few(uint64_t n, const struct span *span, const float *x, double *restrict sum,
                               double *restrict squares) {
    for (uint64_t i = 0; i < span->rows; i++)
        for (uint64_t p = 0; p < span->places; p++) {
            const float *at = x + i * span->x_pitch + p * span->channels;
            for (uint64_t j = 0; j < n; j++) {
                sum[j] += (double)at[j];
                squares[j] += (double)at[j] * (double)at[j];
            }
        }
}

static void add_squares_of_all(uint64_t n, const struct span *span, const float *x, double *sum, double *squares) {
    if (span->rows * span->places < FEW) {
        add_squares_of_few(n, span, x, sum, squares);
        return;
    }
    uint64_t j = 0;
    for (; n - j >= QUADS * QUAD; j += QUADS * QUAD)
        add_squares(QUADS, QUAD, span, x + j, sum + j, squares + j);
    for (; n - j >= QUAD; j += QUAD)
        add_squares(1, QUAD, span, x + j, sum + j, squares + j);
    switch (n - j) {
    case 3: add_squares(1, 3, span, x + j, sum + j, squares + j); break;
    case 2: add_squares(1, 2, span, x + j, sum + j, squares + j); break;
    case 1: add_squares(1, 1, span, x + j, sum + j, squares + j); break;
    default: break;
    }
}

/* Sums take so many values at a time for all channels, of `left` rows some or of a row some places: fewer, and sums are loaded and stored
   too often; more, and the processor no longer sees that memory is read from its beginning to its end. Of many channels they take FEW
   places, unless these fill the first-level cache. */
enum { VALUES = 512, MANY = 1024 };

static uint64_t some_of(uint64_t left, uint64_t values) {
    const uint64_t most = VALUES / values, least = values > MANY ? 1 : FEW, some = most > least ? most : least;
    return some < left ? some : left;
}

/* More than one only with all their places, as their order wants it. */
static uint64_t rows_at_a_time(const struct batch_normalization *norm, uint64_t left) {
    const uint64_t values = norm->places * norm->channels;
    return norm->places > 1 && values > VALUES ? 1 : some_of(left, values);
}

static void reduce(const void *config, runner_call *call, const runner_rows *run, double *sums) {
    (void)call;
    const struct batch_normalization *norm = config;
    const runner_view *x = &run->inputs[0];
    const uint64_t channels = norm->channels;
    struct span span = {0, 0, channels, x->pitch, 0};
    for (uint64_t i = 0; i < run->rows; i += span.rows) {
        span.rows = rows_at_a_time(norm, run->rows - i);
        for (uint64_t p = 0; p < norm->places; p += span.places) {
            span.places = some_of(norm->places - p, channels);
            add_squares_of_all(channels, &span, x->data + i * x->pitch + p * channels, sums, sums + channels);
        }
    }
}

static void move(double momentum, double value, float *moving) {
    *moving = (float)(momentum * (double)*moving + (1.0 - momentum) * value);
}

/* Leaves mean and 1 / sqrt(variance + epsilon) of each channel. */
static void combine(const void *config, runner_call *call, uint64_t batch, const runner_view *tensors,
                    uint32_t training, double *statistics) {
    (void)call;
    const struct batch_normalization *norm = config;
    const runner_view *moving = tensors + moving_at(norm);
    double values = (double)batch * (double)norm->places, *means = statistics, *inverses = statistics + norm->channels;
    for (uint64_t j = 0; j < norm->channels; j++) {
        double mean = (double)moving[0].data[j], variance = (double)moving[1].data[j];
        if (training) {
            mean = means[j] / values;
            variance = inverses[j] / values - mean * mean;
            variance = variance < 0 ? 0 : variance;
            move(norm->momentum, mean, &moving[0].data[j]);
            double unbiased = norm->unbiased_moving_variance && values > 1 ? values / (values - 1) : 1;
            move(norm->momentum, variance * unbiased, &moving[1].data[j]);
        }
        means[j] = mean;
        inverses[j] = 1.0 / sqrt(variance + norm->epsilon);
    }
}

/* ---- Passes over values: constants of the channels are repeated for some places, so that loops are long where channels are few ---- */

/* [n] each: [some places][channels]. */
struct channels {
    uint64_t n;
    float *mean, *inverse;
};

/* Writes the first `channels` values over and over again. */
static float *repeat(const struct batch_normalization *norm, uint64_t n, float *values) {
    for (uint64_t done = norm->channels, some; done < n; done += some) {
        some = n - done < done ? n - done : done;
        memcpy(values + done, values, some * sizeof *values);
    }
    return values;
}

static float *floats(runner_call *call, uint64_t n) {
    return call->host->scratch(call, n * sizeof(float));
}

/* In float32, repeated. */
static float *floats_of(const struct batch_normalization *norm, runner_call *call, uint64_t n, const double *values) {
    float *found = floats(call, n);
    for (uint64_t j = 0; j < norm->channels; j++)
        found[j] = (float)values[j];
    return repeat(norm, n, found);
}

static struct channels channels_of(const struct batch_normalization *norm, runner_call *call, const runner_rows *run) {
    const uint64_t n = some_of(norm->places, norm->channels) * norm->channels;
    return (struct channels){n, floats_of(norm, call, n, run->statistics),
                             floats_of(norm, call, n, run->statistics + norm->channels)};
}

static void scale_and_shift(uint64_t n, const float *x, const float *mean, const float *factor, const float *beta,
                            float *restrict y) {
    for (uint64_t j = 0; j < n; j++)
        y[j] = (x[j] - mean[j]) * factor[j] + beta[j];
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct batch_normalization *norm = config;
    const struct channels c = channels_of(norm, call, run);
    float *factor = c.inverse, *beta = floats(call, c.n);
    for (uint64_t j = 0; j < norm->channels; j++) {
        factor[j] *= norm->scale ? run->tensors[0].data[j] : 1.0f;
        beta[j] = norm->center ? run->tensors[beta_at(norm)].data[j] : 0.0f;
    }
    repeat(norm, c.n, factor), repeat(norm, c.n, beta);
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t left = norm->places * norm->channels, some; left > 0; left -= some, x += some, y += some) {
            some = left < c.n ? left : c.n;
            scale_and_shift(some, x, c.mean, factor, beta, y);
        }
    }
}

/* Adds dy and dy xh of `quads` vectors of channels, the last of which has `last`, to sums of the slice and, `of_row`, to those of a row. Sums
   of dy xh are `channels` values behind those of dy. */
INLINE void add_deltas(const int quads, const int last, const bool of_row, const struct span *span,
                       const float *normals, const float *d, double *slice, double *row) {
    const uint64_t channels = span->channels;
    quad s[QUADS], q[QUADS], row_s[QUADS], row_q[QUADS];
    UNROLL for (int v = 0; v < quads; v++) {
        s[v] = load_sums(last, slice + v * QUAD);
        q[v] = load_sums(last, slice + channels + v * QUAD);
        row_s[v] = of_row ? load_sums(last, row + v * QUAD) : s[v];
        row_q[v] = of_row ? load_sums(last, row + channels + v * QUAD) : q[v];
    }
    for (uint64_t i = 0; i < span->rows; i++) {
        const float *at = d + i * span->d_pitch;
        for (uint64_t p = 0; p < span->places; p++, at += channels, normals += channels)
            UNROLL for (int v = 0; v < quads; v++) {
                const quad delta = doubles_of(load(last, at + v * QUAD));
                const quad normal = doubles_of(load(last, normals + v * QUAD));
                s[v] = plus(s[v], delta);
                q[v] = add_product(delta, normal, q[v]);
                if (of_row) {
                    row_s[v] += delta;
                    row_q[v] = add_product(delta, normal, row_q[v]);
                }
            }
    }
    UNROLL for (int v = 0; v < quads; v++) {
        store_sums(last, slice + v * QUAD, s[v]);
        store_sums(last, slice + channels + v * QUAD, q[v]);
        if (of_row) {
            store_sums(last, row + v * QUAD, row_s[v]);
            store_sums(last, row + channels + v * QUAD, row_q[v]);
        }
    }
}

static void add_deltas_of_few(const struct span *span, const float *normals, const float *d, double *restrict sums) {
    const uint64_t channels = span->channels;
    for (uint64_t i = 0; i < span->rows; i++)
        for (uint64_t p = 0; p < span->places; p++, normals += channels) {
            const float *at = d + i * span->d_pitch + p * channels;
            for (uint64_t j = 0; j < channels; j++) {
                sums[j] += (double)at[j];
                sums[channels + j] += (double)at[j] * (double)normals[j];
            }
        }
}

/* Registers hold four sums of three vectors. */
INLINE void add_deltas_of_all(const bool of_row, const struct span *span, const float *normals, const float *d,
                              double *slice, double *row) {
    if (span->rows * span->places < FEW) {
        add_deltas_of_few(span, normals, d, slice);
        if (of_row)
            add_deltas_of_few(span, normals, d, row);
        return;
    }
    uint64_t left = span->channels;
    for (uint64_t some; left > 0; left -= some, normals += some, d += some, slice += some, row += some) {
        const uint64_t vectors = left / QUAD;
        some = vectors == 0 ? left : (vectors == 3 || vectors > 4 ? 3 : vectors > 1 ? 2 : 1) * QUAD;
        switch (some) {
        case 3 * QUAD: add_deltas(3, QUAD, of_row, span, normals, d, slice, row); break;
        case 2 * QUAD: add_deltas(2, QUAD, of_row, span, normals, d, slice, row); break;
        case QUAD: add_deltas(1, QUAD, of_row, span, normals, d, slice, row); break;
        case 3: add_deltas(1, 3, of_row, span, normals, d, slice, row); break;
        case 2: add_deltas(1, 2, of_row, span, normals, d, slice, row); break;
        default: add_deltas(1, 1, of_row, span, normals, d, slice, row); break;
        }
    }
}

/* xh of all places of a span, side by side. */
static void normalize(const struct span *span, const float *x, const struct channels *c, float *restrict normals) {
    const uint64_t n = span->places * span->channels;
    for (uint64_t i = 0; i < span->rows; i++, x += span->x_pitch, normals += n)
        for (uint64_t j = 0; j < n; j++)
            normals[j] = (x[j] - c->mean[j]) * c->inverse[j];
}

static void reduce_delta(const void *config, runner_call *call, const runner_rows *run, double *sums) {
    const struct batch_normalization *norm = config;
    const runner_view *x = &run->inputs[0], *d = run->output_delta;
    const uint64_t channels = norm->channels;
    const struct channels c = channels_of(norm, call, run);
    float *normals = floats(call, some_of(UINT64_MAX, channels) * channels);
    struct span span = {0, 0, channels, x->pitch, d->pitch};
    for (uint64_t i = 0; i < run->rows; i += span.rows) {
        double *row = norm->places > 1 ? row_sums_of(norm, run, i) : sums;
        if (norm->places > 1)
            memset(row, 0, 2 * channels * sizeof *row);
        span.rows = norm->places > 1 ? 1 : rows_at_a_time(norm, run->rows - i);
        for (uint64_t p = 0; p < norm->places; p += span.places) {
            span.places = some_of(norm->places - p, channels);
            normalize(&span, x->data + i * x->pitch + p * channels, &c, normals);
            const float *deltas = d->data + i * d->pitch + p * channels;
            if (norm->places > 1)
                add_deltas_of_all(true, &span, normals, deltas, sums, row);
            else
                add_deltas_of_all(false, &span, normals, deltas, sums, row);
        }
    }
}

static void combine_delta(const void *config, runner_call *call, uint64_t batch, double *statistics) {
    (void)call;
    const struct batch_normalization *norm = config;
    for (uint64_t j = 0; j < 2 * norm->channels; j++)
        statistics[j] /= (double)batch * (double)norm->places;
}

/* `factor` is gamma / sqrt(variance + epsilon). */
static void write_deltas(uint64_t n, const float *x, const float *d, const struct channels *c, const float *factor,
                         const float *mean_d, const float *mean_product, float *restrict dx) {
    for (uint64_t j = 0; j < n; j++) {
        const float normal = (x[j] - c->mean[j]) * c->inverse[j];
        dx[j] = factor[j] * (d[j] - mean_d[j] - normal * mean_product[j]);
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct batch_normalization *norm = config;
    const runner_view *into = &run->input_deltas[0];
    const struct channels c = channels_of(norm, call, run);
    const float *mean_d = floats_of(norm, call, c.n, run->delta_statistics);
    const float *mean_product = floats_of(norm, call, c.n, run->delta_statistics + norm->channels);
    float *factor = floats(call, c.n);
    for (uint64_t j = 0; j < norm->channels; j++)
        factor[j] = (norm->scale ? run->tensors[0].data[j] : 1.0f) * c.inverse[j];
    repeat(norm, c.n, factor);
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t left = into->columns, some; left > 0; left -= some, x += some, d += some, dx += some) {
            some = left < c.n ? left : c.n;
            write_deltas(some, x, d, &c, factor, mean_d, mean_product, dx);
        }
    }
}

/* Where a row is one place. Plus 0: a sum from 0 on is never -0. */
INLINE void add_row(uint64_t n, const bool of_gamma, const float *x, const float *d, const float *mean,
                    const float *inverse, float alpha, float *restrict into) {
    for (uint64_t j = 0; j < n; j++)
        into[j] += alpha * ((of_gamma ? d[j] * ((x[j] - mean[j]) * inverse[j]) : d[j]) + 0.0f);
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. It may run while an optimizer
   writes gamma and beta. */
static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    const struct batch_normalization *norm = config;
    const bool of_gamma = norm->scale && tile->tensor == 0;
    const uint64_t first = tile->column, n = tile->columns;
    if (norm->places > 1) {
        for (uint64_t i = 0; i < run->rows; i++) {
            const double *sums = row_sums_of(norm, run, i) + (of_gamma ? norm->channels : 0) + first;
            for (uint64_t j = 0; j < n; j++)
                into->data[j] += alpha * (float)sums[j];
        }
        return;
    }
    const struct channels c = channels_of(norm, call, run);
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch + first;
        const float *d = run->output_delta->data + i * run->output_delta->pitch + first;
        if (of_gamma)
            add_row(n, true, x, d, c.mean + first, c.inverse + first, alpha, into->data);
        else
            add_row(n, false, x, d, c.mean + first, c.inverse + first, alpha, into->data);
    }
}

static const runner_layer_ops ops = {.size = sizeof ops,
                                     .plan = plan,
                                     .forward = forward,
                                     .backward = backward,
                                     .gradient = gradient,
                                     .reduce = reduce,
                                     .combine = combine,
                                     .reduce_delta = reduce_delta,
                                     .combine_delta = combine_delta};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct batch_normalization),
     .name = "batch_normalization",
     .doc = "each channel with mean 0 and variance 1 over the batch, then scaled and shifted",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

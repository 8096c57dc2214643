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
        return call->host->fail(call, "batch_normalization wants an axis; found %s",
                                input->rank == 0 ? "a single value" : "no inputs");
    runner_shape shape = {.rank = 1, .size = {input->size[input->rank - 1]}};
    norm->channels = shape.size[0];
    norm->places = runner_elements(input) / norm->channels;
    plan->output = *input;
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_TRAINING_DIFFERS;
    plan->statistics = plan->delta_statistics = 2 * shape.size[0];
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

/* ---- Sums over places: some channels at a time, which stay in registers ---- */

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { QUAD = 4, QUADS = 4, QUADS_BACK = 2 }; /* channels of a vector, and vectors at a time */

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
   too often; more, and the processor no longer sees that memory is read from its beginning to its end. */
enum { VALUES = 512 };

static uint64_t some_of(uint64_t left, uint64_t values) {
    const uint64_t most = VALUES / values;
    return most == 0 ? 1 : most < left ? most : left;
}

static void reduce(const void *config, runner_call *call, const runner_rows *run, double *sums) {
    (void)call;
    const struct batch_normalization *norm = config;
    const runner_view *x = &run->inputs[0];
    const uint64_t channels = norm->channels;
    struct span span = {0, 0, channels, x->pitch, 0};
    for (uint64_t i = 0; i < run->rows; i += span.rows) {
        span.rows = some_of(run->rows - i, norm->places * channels);
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

/* In float32, [channels] each. gradient() may run while an optimizer writes gamma and beta: only weigh() reads them. */
struct channels {
    float *mean, *inverse, *gamma, *beta;
};

static struct channels channels_of(const struct batch_normalization *norm, runner_call *call, const runner_rows *run) {
    uint64_t n = norm->channels;
    float *memory = call->host->scratch(call, 4 * n * sizeof *memory);
    struct channels channels = {memory, memory + n, memory + 2 * n, memory + 3 * n};
    for (uint64_t j = 0; j < n; j++) {
        channels.mean[j] = (float)run->statistics[j];
        channels.inverse[j] = (float)run->statistics[n + j];
    }
    return channels;
}

static void weigh(const struct batch_normalization *norm, const runner_rows *run, struct channels *channels) {
    for (uint64_t j = 0; j < norm->channels; j++) {
        channels->gamma[j] = norm->scale ? run->tensors[0].data[j] : 1.0f;
        channels->beta[j] = norm->center ? run->tensors[beta_at(norm)].data[j] : 0.0f;
    }
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct batch_normalization *norm = config;
    struct channels c = channels_of(norm, call, run);
    weigh(norm, run, &c);
    for (uint64_t j = 0; j < norm->channels; j++)
        c.inverse[j] *= c.gamma[j];
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t p = 0; p < norm->places; p++, x += norm->channels, y += norm->channels)
            for (uint64_t j = 0; j < norm->channels; j++)
                y[j] = (x[j] - c.mean[j]) * c.inverse[j] + c.beta[j];
    }
}

/* Adds dy, and dy xh if that is wanted, of `quads` vectors of channels, the last of which has `last`. */
INLINE void add_deltas(const int quads, const int last, const bool both, const struct span *span, const float *x,
                       const float *d, const float *mean, const float *inverse, double *sum, double *products) {
    quad s[QUADS], q[QUADS];
    quad_floats m[QUADS], w[QUADS];
    UNROLL for (int v = 0; v < quads; v++) {
        s[v] = load_sums(last, sum + v * QUAD);
        q[v] = load_sums(last, products + v * QUAD);
        m[v] = load(last, mean + v * QUAD);
        w[v] = load(last, inverse + v * QUAD);
    }
    for (uint64_t i = 0; i < span->rows; i++) {
        const float *x_at = x + i * span->x_pitch, *d_at = d + i * span->d_pitch;
        for (uint64_t p = 0; p < span->places; p++, x_at += span->channels, d_at += span->channels)
            UNROLL for (int v = 0; v < quads; v++) {
                const quad delta = doubles_of(load(last, d_at + v * QUAD));
                s[v] += delta;
                if (both)
                    q[v] = add_product(delta, doubles_of((load(last, x_at + v * QUAD) - m[v]) * w[v]), q[v]);
            }
    }
    UNROLL for (int v = 0; v < quads; v++) {
        store_sums(last, sum + v * QUAD, s[v]);
        store_sums(last, products + v * QUAD, q[v]);
    }
}

INLINE void add_deltas_of_few(const bool both, uint64_t n, const struct span *span, const float *x, const float *d,
                              const float *mean, const float *inverse, double *restrict sum,
                              double *restrict products) {
    for (uint64_t i = 0; i < span->rows; i++)
        for (uint64_t p = 0; p < span->places; p++) {
            const float *x_at = x + i * span->x_pitch + p * span->channels;
            const float *d_at = d + i * span->d_pitch + p * span->channels;
            for (uint64_t j = 0; j < n; j++) {
                sum[j] += (double)d_at[j];
                if (both)
                    products[j] += (double)d_at[j] * (double)((x_at[j] - mean[j]) * inverse[j]);
            }
        }
}

INLINE void add_deltas_of_all(const bool both, uint64_t n, const struct span *span, const float *x, const float *d,
                              const float *mean, const float *inverse, double *sum, double *products) {
    if (span->rows * span->places < FEW) {
        add_deltas_of_few(both, n, span, x, d, mean, inverse, sum, products);
        return;
    }
    uint64_t j = 0;
    for (; n - j >= QUADS_BACK * QUAD; j += QUADS_BACK * QUAD)
        add_deltas(QUADS_BACK, QUAD, both, span, x + j, d + j, mean + j, inverse + j, sum + j, products + j);
    for (; n - j >= QUAD; j += QUAD)
        add_deltas(1, QUAD, both, span, x + j, d + j, mean + j, inverse + j, sum + j, products + j);
    switch (n - j) {
    case 3: add_deltas(1, 3, both, span, x + j, d + j, mean + j, inverse + j, sum + j, products + j); break;
    case 2: add_deltas(1, 2, both, span, x + j, d + j, mean + j, inverse + j, sum + j, products + j); break;
    case 1: add_deltas(1, 1, both, span, x + j, d + j, mean + j, inverse + j, sum + j, products + j); break;
    default: break;
    }
}

/* Adds dy, and dy xh if that is wanted, of channels first .. first + n of rows row .. row + rows - 1. */
static void add_rows(const struct batch_normalization *norm, const struct channels *c, const runner_rows *run,
                     uint64_t row, uint64_t rows, bool both, uint64_t first, uint64_t n, double *sum,
                     double *products) {
    const runner_view *x = &run->inputs[0], *d = run->output_delta;
    const uint64_t channels = norm->channels;
    struct span span = {0, 0, channels, x->pitch, d->pitch};
    for (uint64_t i = row; i < row + rows; i += span.rows) {
        span.rows = some_of(row + rows - i, norm->places * channels);
        for (uint64_t p = 0; p < norm->places; p += span.places) {
            span.places = some_of(norm->places - p, channels);
            const float *x_at = x->data + i * x->pitch + p * channels + first;
            const float *d_at = d->data + i * d->pitch + p * channels + first;
            if (both)
                add_deltas_of_all(true, n, &span, x_at, d_at, c->mean + first, c->inverse + first, sum, products);
            else
                add_deltas_of_all(false, n, &span, x_at, d_at, c->mean + first, c->inverse + first, sum, products);
        }
    }
}

static void reduce_delta(const void *config, runner_call *call, const runner_rows *run, double *sums) {
    const struct batch_normalization *norm = config;
    struct channels c = channels_of(norm, call, run);
    add_rows(norm, &c, run, 0, run->rows, true, 0, norm->channels, sums, sums + norm->channels);
}

static void combine_delta(const void *config, runner_call *call, uint64_t batch, double *statistics) {
    (void)call;
    const struct batch_normalization *norm = config;
    for (uint64_t j = 0; j < 2 * norm->channels; j++)
        statistics[j] /= (double)batch * (double)norm->places;
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct batch_normalization *norm = config;
    const runner_view *into = &run->input_deltas[0];
    struct channels c = channels_of(norm, call, run);
    weigh(norm, run, &c);
    float *mean_d = c.beta, *mean_product = call->host->scratch(call, norm->channels * sizeof *mean_product);
    for (uint64_t j = 0; j < norm->channels; j++) {
        mean_d[j] = (float)run->delta_statistics[j];
        mean_product[j] = (float)run->delta_statistics[norm->channels + j];
    }
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t p = 0; p < norm->places; p++, x += norm->channels, d += norm->channels, dx += norm->channels)
            for (uint64_t j = 0; j < norm->channels; j++) {
                float normal = (x[j] - c.mean[j]) * c.inverse[j];
                dx[j] = c.gamma[j] * c.inverse[j] * (d[j] - mean_d[j] - normal * mean_product[j]);
            }
    }
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. */
static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    const struct batch_normalization *norm = config;
    struct channels c = channels_of(norm, call, run);
    double *sums = call->host->scratch(call, 2 * tile->columns * sizeof *sums);
    const bool of_gamma = norm->scale && tile->tensor == 0;
    const double *wanted = of_gamma ? sums + tile->columns : sums;
    for (uint64_t i = 0; i < run->rows; i++) {
        memset(sums, 0, 2 * tile->columns * sizeof *sums);
        add_rows(norm, &c, run, i, 1, of_gamma, tile->column, tile->columns, sums, sums + tile->columns);
        for (uint64_t j = 0; j < tile->columns; j++)
            into->data[j] += alpha * (float)wanted[j];
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

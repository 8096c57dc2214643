/* Layer normalisation (Ba et al. 2016) over the last axis, as in Keras: y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean
   and biased variance of each row (of an image: of each place). Sums are in float64. With xh = (x - mean) / sqrt(...), g = gamma dy
   and means over the axis, dx = (g - mean g - xh mean(g xh)) / sqrt(variance + epsilon). */
#include <math.h>
#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

struct layer_normalization {
    double epsilon;
    int32_t center, scale;
    const runner_part *beta_initializer, *gamma_initializer;
    const runner_part *beta_regularizer, *gamma_regularizer, *beta_constraint, *gamma_constraint;
    /* by plan() */
    uint64_t units, places;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct layer_normalization, epsilon, "0.001", 0, 1e30, "added to the variance"),
    RUNNER_PARAM_BOOL(struct layer_normalization, center, "true", "whether beta is added"),
    RUNNER_PARAM_BOOL(struct layer_normalization, scale, "true", "whether gamma multiplies"),
    RUNNER_PARAM_PART(struct layer_normalization, beta_initializer, RUNNER_INITIALIZER, "zeros",
                      "first values of beta"),
    RUNNER_PARAM_PART(struct layer_normalization, gamma_initializer, RUNNER_INITIALIZER, "ones",
                      "first values of gamma"),
    RUNNER_PARAM_PART(struct layer_normalization, beta_regularizer, RUNNER_REGULARIZER, "null", "penalty of beta"),
    RUNNER_PARAM_PART(struct layer_normalization, gamma_regularizer, RUNNER_REGULARIZER, "null", "penalty of gamma"),
    RUNNER_PARAM_PART(struct layer_normalization, beta_constraint, RUNNER_CONSTRAINT, "null", "bounds of beta"),
    RUNNER_PARAM_PART(struct layer_normalization, gamma_constraint, RUNNER_CONSTRAINT, "null", "bounds of gamma"),
};

/* What forward() saves for each place */
struct moments {
    float mean, inverse; /* 1 / sqrt(variance + epsilon) */
};

static int plan(void *config, runner_call *call, runner_plan *plan) {
    struct layer_normalization *norm = config;
    const runner_shape *input = &plan->inputs[0];
    if (input->rank == 0 || runner_elements(input) == 0)
        return call->host->fail(call,
                                "layer_normalization wants an axis; found %s; put it behind a layer such as dense",
                                input->rank == 0 ? "a single value" : "no inputs");
    runner_shape shape = {.rank = 1, .size = {input->size[input->rank - 1]}};
    norm->units = shape.size[0];
    norm->places = runner_elements(input) / norm->units;
    plan->output = *input;
    plan->flags = RUNNER_KEEP_INPUT;
    plan->saved = norm->places * sizeof(struct moments);
    if (norm->scale)
        plan->tensors[plan->n_tensors++] = (runner_tensor){
            "gamma", 0, shape, norm->gamma_initializer, norm->gamma_regularizer, norm->gamma_constraint, 0, 0};
    if (norm->center)
        plan->tensors[plan->n_tensors++] = (runner_tensor){
            "beta", 0, shape, norm->beta_initializer, norm->beta_regularizer, norm->beta_constraint, 0, 0};
    return RUNNER_OK;
}

static const float *gamma_of(const struct layer_normalization *norm, const runner_rows *run) {
    return norm->scale ? run->tensors[0].data : NULL;
}

static struct moments *moments_of(const struct layer_normalization *norm, const runner_rows *run, uint64_t row) {
    return (struct moments *)(void *)run->saved + row * norm->places;
}

/* ---- Vectors, which stay in registers ---- */

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { LANES = 8, QUAD = 4 };

typedef float vec __attribute__((vector_size(32)));
typedef float quad_floats __attribute__((vector_size(16)));
typedef double quad __attribute__((vector_size(32)));
typedef int64_t quad_masks __attribute__((vector_size(32)));

/* A sum: eight partial ones, and one tree. */
struct lanes {
    quad low, high;
};

INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vec v) {
    memcpy(p, &v, sizeof v);
}

INLINE quad_floats load_quad(const float *p) {
    quad_floats v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE quad doubles_of(quad_floats v) {
    return (quad){(double)v[0], (double)v[1], (double)v[2], (double)v[3]};
}

/* a b + c: where a and b are floats their product is exact, and so the sum has the bits of a product and a sum. */
INLINE quad add_product(quad a, quad b, quad c) {
    for (int i = 0; i < QUAD; i++)
        c[i] = __builtin_fma(a[i], b[i], c[i]);
    return c;
}

/* The first n lanes, and zeros, which change no sum that began with 0. */
INLINE struct lanes first_of(struct lanes v, uint64_t n) {
    const quad_masks low = {0, 1, 2, 3}, high = {4, 5, 6, 7}, end = (int64_t)n - (quad_masks){0};
    return (struct lanes){(quad)((quad_masks)v.low & (low < end)), (quad)((quad_masks)v.high & (high < end))};
}

/* The n < LANES values from x on, with room behind them, be it by a copy: behind `end` nothing may be read. */
INLINE const float *with_room(const float *x, const float *end, uint64_t n, float copy[LANES]) {
    if (end - x >= LANES)
        return x;
    for (uint64_t l = 0; l < LANES; l++)
        copy[l] = l < n ? x[l] : 0;
    return copy;
}

/* a + b as a multiply-add: conversions and additions share two of a Zen's four units, multiply-adds have the others. */
INLINE quad sum_of(quad a, quad b) {
    for (int i = 0; i < QUAD; i++)
        a[i] = __builtin_fma(b[i], 1.0, a[i]);
    return a;
}

INLINE struct lanes plus(struct lanes a, struct lanes b) {
    return (struct lanes){sum_of(a.low, b.low), sum_of(a.high, b.high)};
}

/* Of each of four sums ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)) */
INLINE quad totals(struct lanes a, struct lanes b, struct lanes c, struct lanes d) {
    const quad e = a.low + a.high, f = b.low + b.high, g = c.low + c.high, h = d.low + d.high;
    const quad eg = __builtin_shufflevector(e, g, 0, 1, 4, 5) + __builtin_shufflevector(e, g, 2, 3, 6, 7);
    const quad fh = __builtin_shufflevector(f, h, 0, 1, 4, 5) + __builtin_shufflevector(f, h, 2, 3, 6, 7);
    return __builtin_shufflevector(eg, fh, 0, 4, 2, 6) + __builtin_shufflevector(eg, fh, 1, 5, 3, 7);
}

/* ---- Forward ---- */

enum { PLACES = 4 }; /* at a time: one quotient for all, and while one waits others go on */

/* Eight values of a place, or their squares about a mean. */
INLINE struct lanes values_of(const bool squares, const float *x, double mean) {
    struct lanes v = {doubles_of(load_quad(x)), doubles_of(load_quad(x + QUAD))};
    if (squares) {
        v.low = (v.low - mean) * (v.low - mean);
        v.high = (v.high - mean) * (v.high - mean);
    }
    return v;
}

/* Sums over n values of each of some places, which lie `step` values apart: of the values, or of squares about means. */
INLINE quad sum(const int places, const bool squares, uint64_t n, const float *x, uint64_t step, const float *end,
                quad means) {
    struct lanes lanes[PLACES] = {0};
    uint64_t j = 0;
    for (; j + LANES <= n; j += LANES)
        UNROLL for (int p = 0; p < places; p++) {
            lanes[p] = plus(lanes[p], values_of(squares, x + (uint64_t)p * step + j, means[p]));
        }
    if (j < n)
        UNROLL for (int p = 0; p < places; p++) {
            float copy[LANES];
            const float *rest = with_room(x + (uint64_t)p * step + j, end, n - j, copy);
            lanes[p] = plus(lanes[p], first_of(values_of(squares, rest, means[p]), n - j));
        }
    return totals(lanes[0], lanes[1], lanes[2], lanes[3]);
}

/* Of some places, for all of which gamma and beta are loaded once; x and y of them lie so far apart. */
INLINE void normalize_as(const int places, const bool scale, const bool center, uint64_t n,
                         const struct moments *moments, const float *x, uint64_t x_step, const float *gamma,
                         const float *beta, float *y, uint64_t y_step) {
    vec means[PLACES], inverses[PLACES];
    UNROLL for (int p = 0; p < places; p++) {
        means[p] = moments[p].mean - (vec){0};
        inverses[p] = moments[p].inverse - (vec){0};
    }
    uint64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        const vec factor = scale ? load(gamma + j) : (vec){0} + 1.0f, shift = center ? load(beta + j) : (vec){0};
        UNROLL for (int p = 0; p < places; p++)
            store(y + (uint64_t)p * y_step + j,
                  (load(x + (uint64_t)p * x_step + j) - means[p]) * inverses[p] * factor + shift);
    }
    for (; j < n; j++)
        for (uint64_t p = 0; p < (uint64_t)places; p++)
            y[p * y_step + j] = (x[p * x_step + j] - moments[p].mean) * moments[p].inverse * (scale ? gamma[j] : 1.0f) +
                                (center ? beta[j] : 0.0f);
}

/* A copy for each form: with the pointers looked at in the loop the compiler makes no vectors of it. */
INLINE void normalize(const int places, uint64_t n, const struct moments *moments, const float *x, uint64_t x_step,
                      const float *gamma, const float *beta, float *y, uint64_t y_step) {
    if (gamma != NULL && beta != NULL)
        normalize_as(places, true, true, n, moments, x, x_step, gamma, beta, y, y_step);
    else if (gamma != NULL)
        normalize_as(places, true, false, n, moments, x, x_step, gamma, NULL, y, y_step);
    else if (beta != NULL)
        normalize_as(places, false, true, n, moments, x, x_step, NULL, beta, y, y_step);
    else
        normalize_as(places, false, false, n, moments, x, x_step, NULL, NULL, y, y_step);
}

/* A step for all of these places before the next one, so that where one waits for a quotient others go on. */
enum { MOST_PLACES = 64 };

/* Of PLACES places, or of one. */
INLINE void find_sums(const int places, const bool squares, uint64_t units, const float *x, uint64_t step,
                      const float *end, const double *means, double *sums) {
    quad about = {0};
    if (squares)
        memcpy(&about, means, (size_t)places * sizeof *means);
    const quad found = sum(places, squares, units, x, step, end, about);
    memcpy(sums, &found, (size_t)places * sizeof *sums);
}

INLINE void find_all(const bool squares, uint64_t units, uint64_t places, const float *x, uint64_t step,
                     const double *means, double *found) {
    const float *end = x + (places - 1) * step + units;
    uint64_t p = 0;
    for (; p + PLACES <= places; p += PLACES)
        find_sums(PLACES, squares, units, x + p * step, step, end, means + p, found + p);
    for (; p < places; p++)
        find_sums(1, squares, units, x + p * step, step, end, means + p, found + p);
}

static void divide(uint64_t n, double *sums, uint64_t units) {
    for (uint64_t i = 0; i < n; i++)
        sums[i] /= (double)units;
}

/* Up to MOST_PLACES of them, `x_step` values apart, whose outputs are `y_step` apart. */
static void forward_some(const struct layer_normalization *norm, uint64_t places, const float *x, uint64_t x_step,
                         const float *gamma, const float *beta, struct moments *moments, float *y, uint64_t y_step) {
    double means[MOST_PLACES], variances[MOST_PLACES], inverses[MOST_PLACES];
    find_all(false, norm->units, places, x, x_step, means, means);
    divide(places, means, norm->units);
    find_all(true, norm->units, places, x, x_step, means, variances);
    divide(places, variances, norm->units);
    for (uint64_t p = 0; p < places; p++)
        inverses[p] = 1.0 / sqrt(variances[p] + norm->epsilon);
    for (uint64_t p = 0; p < places; p++)
        moments[p] = (struct moments){(float)means[p], (float)inverses[p]};
    uint64_t p = 0;
    for (; p + PLACES <= places; p += PLACES)
        normalize(PLACES, norm->units, moments + p, x + p * x_step, x_step, gamma, beta, y + p * y_step, y_step);
    for (; p < places; p++)
        normalize(1, norm->units, moments + p, x + p * x_step, x_step, gamma, beta, y + p * y_step, y_step);
}

/* With so many values in all, which stay in the first-level cache. */
static uint64_t places_at_a_time(uint64_t units, uint64_t values) {
    const uint64_t most = values / units / PLACES * PLACES;
    return most < PLACES ? PLACES : most > MOST_PLACES ? MOST_PLACES : most;
}

static void forward_places(const struct layer_normalization *norm, uint64_t places, const float *x, uint64_t x_step,
                           const float *gamma, const float *beta, struct moments *moments, float *y, uint64_t y_step) {
    const uint64_t most = places_at_a_time(norm->units, 4096);
    for (uint64_t p = 0, some; p < places; p += some) {
        some = places - p < most ? places - p : most;
        forward_some(norm, some, x + p * x_step, x_step, gamma, beta, moments + p, y + p * y_step, y_step);
    }
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct layer_normalization *norm = config;
    const float *gamma = gamma_of(norm, run), *beta = norm->center ? run->tensors[norm->scale ? 1 : 0].data : NULL;
    const runner_view *x = &run->inputs[0], *y = run->output;
    if (norm->places == 1) {
        forward_places(norm, run->rows, x->data, x->pitch, gamma, beta, moments_of(norm, run, 0), y->data, y->pitch);
        return;
    }
    for (uint64_t i = 0; i < run->rows; i++)
        forward_places(norm, norm->places, x->data + i * x->pitch, norm->units, gamma, beta, moments_of(norm, run, i),
                       y->data + i * y->pitch, norm->units);
}

/* ---- Backward ---- */

/* Some places with one gradient: element j of place p is x[p * x_step + j], d[p * d_step + j]. */
struct places {
    uint64_t n, x_step, d_step, dx_step;
    const float *x, *d, *gamma;
    float *dx;
    const struct moments *moments;
    float *products; /* of places_at_a_time(), [2][units rounded up to LANES] each: g, and g xh; then zeros */
};

static uint64_t room_of(uint64_t units) {
    return (units + LANES - 1) / LANES * LANES;
}

INLINE void write_products(const bool scale, uint64_t n, struct moments moments, const float *x, const float *d,
                           const float *gamma, float *restrict g, float *restrict products) {
    for (uint64_t j = 0; j < n; j++) {
        g[j] = scale ? d[j] * gamma[j] : d[j];
        products[j] = g[j] * ((x[j] - moments.mean) * moments.inverse);
    }
}

static void write_deltas(uint64_t n, struct moments moments, float mean_g, float mean_product, const float *x,
                         const float *g, float *restrict dx) {
    for (uint64_t j = 0; j < n; j++)
        dx[j] = moments.inverse * (g[j] - mean_g - (x[j] - moments.mean) * moments.inverse * mean_product);
}

/* As forward_some(). */
static void backward_some(uint64_t units, const struct places *at) {
    const uint64_t room = room_of(units);
    double means[2 * MOST_PLACES]; /* of g and g xh of each place */
    for (uint64_t p = 0; p < at->n; p++) {
        const float *x = at->x + p * at->x_step, *d = at->d + p * at->d_step;
        float *g = at->products + 2 * p * room;
        if (at->gamma != NULL)
            write_products(true, units, at->moments[p], x, d, at->gamma, g, g + room);
        else
            write_products(false, units, at->moments[p], x, d, NULL, g, g + room);
    }
    find_all(false, room, 2 * at->n, at->products, room, means, means);
    divide(2 * at->n, means, units);
    for (uint64_t p = 0; p < at->n; p++)
        write_deltas(units, at->moments[p], (float)means[2 * p], (float)means[2 * p + 1], at->x + p * at->x_step,
                     at->products + 2 * p * room, at->dx + p * at->dx_step);
}

static void backward_places(uint64_t units, uint64_t most, struct places at) {
    for (uint64_t left = at.n; left > 0; left -= at.n) {
        at.n = left < most ? left : most;
        backward_some(units, &at);
        at.x += at.n * at.x_step, at.d += at.n * at.d_step, at.dx += at.n * at.dx_step, at.moments += at.n;
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct layer_normalization *norm = config;
    const runner_view *x = &run->inputs[0], *d = run->output_delta, *dx = &run->input_deltas[0];
    const uint64_t most = places_at_a_time(norm->units, 1024), bytes = most * 2 * room_of(norm->units) * sizeof(float);
    struct places at = {.x = x->data,
                        .d = d->data,
                        .dx = dx->data,
                        .gamma = gamma_of(norm, run),
                        .moments = moments_of(norm, run, 0),
                        .products = memset(call->host->scratch(call, bytes), 0, bytes)};
    if (norm->places == 1) {
        at.n = dx->rows, at.x_step = x->pitch, at.d_step = d->pitch, at.dx_step = dx->pitch;
        backward_places(norm->units, most, at);
        return;
    }
    at.n = norm->places, at.x_step = at.d_step = at.dx_step = norm->units;
    for (uint64_t i = 0; i < dx->rows; i++) {
        backward_places(norm->units, most, at);
        at.x += x->pitch, at.d += d->pitch, at.dx += dx->pitch, at.moments += norm->places;
    }
}

/* ---- Gradient ---- */

enum { QUADS = 4 /* at a time */, MANY_COLUMNS = 64 };

/* xh */
INLINE quad_floats normal_of(const float *x, struct moments moments) {
    return (load_quad(x) - moments.mean) * moments.inverse;
}

/* Adds dy over some places, or dy xh, of `quads` vectors of columns. */
INLINE void add_places(const int quads, const bool of_gamma, uint64_t places, uint64_t units, const float *x,
                       const float *d, const struct moments *moments, double *sums) {
    quad sum[QUADS];
    memcpy(sum, sums, (size_t)quads * sizeof *sum);
    for (uint64_t p = 0; p < places; p++, x += units, d += units)
        UNROLL for (int v = 0; v < quads; v++) {
            const quad delta = doubles_of(load_quad(d + v * QUAD));
            sum[v] =
                of_gamma ? add_product(delta, doubles_of(normal_of(x + v * QUAD, moments[p])), sum[v]) : sum[v] + delta;
        }
    memcpy(sums, sum, (size_t)quads * sizeof *sum);
}

INLINE void add_one_by_one(uint64_t n, const bool of_gamma, uint64_t places, uint64_t units, const float *x,
                           const float *d, const struct moments *moments, double *restrict sums) {
    for (uint64_t p = 0; p < places; p++, x += units, d += units)
        for (uint64_t j = 0; j < n; j++)
            sums[j] += of_gamma ? (double)d[j] * (double)((x[j] - moments[p].mean) * moments[p].inverse) : (double)d[j];
}

/* Some places at a time for all n columns: so memory is read from its beginning to its end. Of many columns the sums may as well stay in
   memory. */
INLINE void add_row(const bool of_gamma, const struct layer_normalization *norm, uint64_t n, const float *x,
                    const float *d, const struct moments *moments, double *sums) {
    const uint64_t units = norm->units, most = 512 / units + 8;
    if (n > MANY_COLUMNS) {
        add_one_by_one(n, of_gamma, norm->places, units, x, d, moments, sums);
        return;
    }
    for (uint64_t p = 0, some; p < norm->places; p += some, x += some * units, d += some * units, moments += some) {
        some = norm->places - p < most ? norm->places - p : most;
        uint64_t j = 0;
        for (; n - j >= QUADS * QUAD; j += QUADS * QUAD)
            add_places(QUADS, of_gamma, some, units, x + j, d + j, moments, sums + j);
        for (; n - j >= QUAD; j += QUAD)
            add_places(1, of_gamma, some, units, x + j, d + j, moments, sums + j);
        add_one_by_one(n - j, of_gamma, some, units, x + j, d + j, moments, sums + j);
    }
}

/* Where a row is one place. Plus 0: a sum from 0 on is never -0. */
INLINE void add_place(const bool of_gamma, uint64_t n, const float *x, const float *d, struct moments moments,
                      float alpha, float *restrict into) {
    for (uint64_t j = 0; j < n; j++)
        into[j] += alpha * ((of_gamma ? d[j] * ((x[j] - moments.mean) * moments.inverse) : d[j]) + 0.0f);
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. */
static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    const struct layer_normalization *norm = config;
    const bool of_gamma = norm->scale && tile->tensor == 0;
    const uint64_t n = tile->columns;
    double *sums = call->host->scratch(call, n * sizeof *sums);
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch + tile->column;
        const float *d = run->output_delta->data + i * run->output_delta->pitch + tile->column;
        const struct moments *moments = moments_of(norm, run, i);
        if (norm->places == 1) {
            if (of_gamma)
                add_place(true, n, x, d, *moments, alpha, into->data);
            else
                add_place(false, n, x, d, *moments, alpha, into->data);
            continue;
        }
        memset(sums, 0, n * sizeof *sums);
        if (of_gamma)
            add_row(true, norm, n, x, d, moments, sums);
        else
            add_row(false, norm, n, x, d, moments, sums);
        for (uint64_t j = 0; j < n; j++)
            into->data[j] += alpha * (float)sums[j];
    }
}

static const runner_layer_ops ops = {
    .size = sizeof ops, .plan = plan, .forward = forward, .backward = backward, .gradient = gradient};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct layer_normalization),
     .name = "layer_normalization",
     .doc = "the last axis of each row with mean 0 and variance 1, then scaled and shifted",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

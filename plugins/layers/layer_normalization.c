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
        return call->host->fail(call, "layer_normalization wants an axis; found %s",
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

/* A place's values are its row's units place * units ... */
static struct moments *moments_of(const struct layer_normalization *norm, const runner_rows *run, uint64_t row) {
    return (struct moments *)(void *)run->saved + row * norm->places;
}

/* Eight partial sums, which the compiler keeps in vectors, and one tree. */
enum { LANES = 8 };

static double lanes_sum(const double *lanes) {
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static double sum(uint64_t n, const float *x) {
    double lanes[LANES] = {0};
    uint64_t whole = n - n % LANES;
    for (uint64_t j = 0; j < whole; j += LANES)
        for (int l = 0; l < LANES; l++)
            lanes[l] += (double)x[j + (uint64_t)l];
    for (uint64_t j = whole; j < n; j++)
        lanes[j - whole] += (double)x[j];
    return lanes_sum(lanes);
}

static double sum_squares(uint64_t n, const float *x, double mean) {
    double lanes[LANES] = {0};
    uint64_t whole = n - n % LANES;
    for (uint64_t j = 0; j < whole; j += LANES)
        for (int l = 0; l < LANES; l++) {
            double from = (double)x[j + (uint64_t)l] - mean;
            lanes[l] += from * from;
        }
    for (uint64_t j = whole; j < n; j++)
        lanes[j - whole] += ((double)x[j] - mean) * ((double)x[j] - mean);
    return lanes_sum(lanes);
}

/* A copy for each form: with the pointers looked at in the loop the compiler makes no vectors of it. */
static inline __attribute__((always_inline)) void normalize(const bool scale, const bool center, uint64_t n,
                                                            struct moments moments, const float *restrict x,
                                                            const float *restrict gamma, const float *restrict beta,
                                                            float *restrict y) {
    for (uint64_t j = 0; j < n; j++)
        y[j] = (x[j] - moments.mean) * moments.inverse * (scale ? gamma[j] : 1.0f) + (center ? beta[j] : 0.0f);
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct layer_normalization *norm = config;
    const float *gamma = gamma_of(norm, run), *beta = norm->center ? run->tensors[norm->scale ? 1 : 0].data : NULL;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        struct moments *moments = moments_of(norm, run, i);
        for (uint64_t p = 0; p < norm->places; p++, x += norm->units, y += norm->units) {
            double mean = sum(norm->units, x) / (double)norm->units;
            double variance = sum_squares(norm->units, x, mean) / (double)norm->units;
            moments[p] = (struct moments){(float)mean, (float)(1.0 / sqrt(variance + norm->epsilon))};
            if (gamma != NULL && beta != NULL)
                normalize(true, true, norm->units, moments[p], x, gamma, beta, y);
            else if (gamma != NULL)
                normalize(true, false, norm->units, moments[p], x, gamma, NULL, y);
            else if (beta != NULL)
                normalize(false, true, norm->units, moments[p], x, NULL, beta, y);
            else
                normalize(false, false, norm->units, moments[p], x, NULL, NULL, y);
        }
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct layer_normalization *norm = config;
    const runner_view *into = &run->input_deltas[0];
    const float *gamma = gamma_of(norm, run);
    uint64_t units = norm->units;
    float *g = call->host->scratch(call, 2 * units * sizeof *g), *product = g + units;
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        const struct moments *moments = moments_of(norm, run, i);
        for (uint64_t p = 0; p < norm->places; p++, x += units, d += units, dx += units) {
            float mean = moments[p].mean, inverse = moments[p].inverse;
            for (uint64_t j = 0; j < units; j++) {
                g[j] = gamma == NULL ? d[j] : d[j] * gamma[j];
                product[j] = g[j] * ((x[j] - mean) * inverse);
            }
            float mean_g = (float)(sum(units, g) / (double)units),
                  mean_product = (float)(sum(units, product) / (double)units);
            for (uint64_t j = 0; j < units; j++)
                dx[j] = inverse * (g[j] - mean_g - (x[j] - mean) * inverse * mean_product);
        }
    }
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. */
static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    const struct layer_normalization *norm = config;
    int of_gamma = norm->scale && tile->tensor == 0;
    double *sums = call->host->scratch(call, tile->columns * sizeof *sums);
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch + tile->column;
        const float *d = run->output_delta->data + i * run->output_delta->pitch + tile->column;
        const struct moments *moments = moments_of(norm, run, i);
        memset(sums, 0, tile->columns * sizeof *sums);
        for (uint64_t p = 0; p < norm->places; p++, x += norm->units, d += norm->units)
            for (uint64_t j = 0; j < tile->columns; j++)
                sums[j] +=
                    of_gamma ? (double)d[j] * (double)((x[j] - moments[p].mean) * moments[p].inverse) : (double)d[j];
        for (uint64_t j = 0; j < tile->columns; j++)
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

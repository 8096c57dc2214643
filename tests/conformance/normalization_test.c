/* Batch and layer normalisation against plain loops in the order that their results are defined in, to the bit, for any number of channels,
   places and rows. */
#include "tests/conformance/layer.h"

enum { ROWS = 9, MOST = 200 };

static const uint32_t channels[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 12,  15,
                                    16, 17, 19, 20, 24, 31, 32, 33, 47, 64, 100, MOST};
static const uint32_t sides[][2] = {{0, 0}, {1, 1}, {1, 2}, {1, 3}, {2, 2}, {3, 3}, {5, 13}};

struct subject {
    struct layer layer;
    void *config;
    uint64_t units, places;
};

static runner_shape shape_of(const uint32_t side[2], uint32_t units) {
    return side[0] == 0 ? (runner_shape){1, {units}} : (runner_shape){3, {side[0], side[1], units}};
}

/* Values of very different sizes, of which many cancel others, so that each order of a sum has its own bits; now and then one that is not
   finite. */
static void fill(struct matrix *matrix, uint64_t seed, bool specials) {
    static const float special[] = {NAN, INFINITY, -INFINITY, -0.0f, 3e38f, 1e-39f};
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = 0; j < matrix->view.columns; j++) {
            const int draw = (int)(500 * (random_value(&seed) + 1));
            *at(matrix, i, j) = ldexpf(random_value(&seed), draw % 64 - 32);
            if (draw % 2 == 0 && j > 9)
                *at(matrix, i, j) = -*at(matrix, i, j - 1 - (uint64_t)draw % 9);
            if (specials && draw < 6)
                *at(matrix, i, j) = special[draw];
        }
}

static void subject_open(struct subject *subject, struct harness *harness, const char *name, const uint32_t side[2],
                         uint32_t units, int form) {
    const runner_component *component = component_find(harness, RUNNER_LAYER, name);
    const runner_shape shape = shape_of(side, units);
    subject->config = config_new(component);
    config_set(component, subject->config, "scale", form & 1);
    config_set(component, subject->config, "center", form >> 1 & 1);
    layer_open(&subject->layer, harness, component, subject->config, &shape, ROWS);
    subject->units = units;
    subject->places = runner_elements(&shape) / units;
    fill(&subject->layer.input, 1, form > 3);
    fill(&subject->layer.weights, 2, form > 3);
}

static void subject_close(struct subject *subject) {
    layer_close(&subject->layer);
    free(subject->config);
}

static bool same_float(float a, float b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool same_double(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_same(const struct matrix *found, const struct matrix *wanted) {
    for (uint64_t i = 0; i < wanted->view.rows; i++)
        for (uint64_t j = 0; j < wanted->view.columns; j++)
            if (!same_float(*at(found, i, j), *at(wanted, i, j)))
                fail_msg("row %d, value %d is %a, not %a", (int)i, (int)j, (double)*at(found, i, j),
                         (double)*at(wanted, i, j));
    assert_padding_kept(found);
}

static void assert_same_sums(uint64_t n, const double *found, const double *wanted) {
    for (uint64_t i = 0; i < n; i++)
        if (!same_double(found[i], wanted[i]))
            fail_msg("sum %d is %a, not %a", (int)i, found[i], wanted[i]);
}

/* ---- Batch normalisation ---- */

/* Of x and x^2, or with deltas of dy and dy xh, over rows first .. first + rows. */
static void plain_sums(const struct subject *subject, bool deltas, uint64_t first, uint64_t rows, double *sums) {
    const struct layer *layer = &subject->layer;
    const uint64_t n = subject->units;
    for (uint64_t i = first; i < first + rows; i++)
        for (uint64_t p = 0; p < subject->places; p++)
            for (uint64_t j = 0; j < n; j++) {
                const float x = *at(&layer->input, i, p * n + j), d = *at(&layer->weights, i, p * n + j);
                const float mean = (float)layer->statistics[j], inverse = (float)layer->statistics[n + j];
                sums[j] += (double)(deltas ? d : x);
                sums[n + j] += deltas ? (double)d * (double)((x - mean) * inverse) : (double)x * (double)x;
            }
}

static void check_sums(struct subject *subject, bool deltas) {
    struct layer *layer = &subject->layer;
    struct views views;
    double found[2 * MOST] = {0}, wanted[2 * MOST] = {0};
    for (uint64_t first = 0, rows; first < ROWS; first += rows) { /* go on from where the rows before them left */
        rows = first == 0 ? 4 : ROWS - first;
        runner_rows run = layer_rows(layer, &views, first, rows);
        call_reset(&layer->harness->call);
        (deltas ? layer->ops->reduce_delta : layer->ops->reduce)(layer->config, &layer->harness->call.public, &run,
                                                                 found);
        plain_sums(subject, deltas, first, rows, wanted);
    }
    assert_same_sums(2 * subject->units, found, wanted);
}

static void check_batch_gradient(struct subject *subject, uint32_t tensor) {
    struct layer *layer = &subject->layer;
    const bool of_gamma = strcmp(layer->plan.tensors[tensor].name, "gamma") == 0;
    const uint64_t n = subject->units, cut = n / 3;
    struct matrix found = zero_gradient(layer, tensor), wanted = matrix_copy(&found);
    const runner_tile left = {tensor, 0, 1, 0, cut}, right = {tensor, 0, 1, cut, n - cut};
    if (cut > 0)
        layer_gradient(layer, 0, ROWS, &left, 0.5f, &found);
    layer_gradient(layer, 0, ROWS, &right, 0.5f, &found);
    for (uint64_t i = 0; i < ROWS; i++) {
        double sums[2 * MOST] = {0};
        plain_sums(subject, true, i, 1, sums);
        for (uint64_t j = 0; j < n; j++)
            *at(&wanted, 0, j) += 0.5f * (float)sums[of_gamma ? n + j : j];
    }
    assert_same(&found, &wanted);
    matrix_free(&found), matrix_free(&wanted);
}

static void batch_normalization_sums_as_the_loop(void **state) {
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            for (int form = 3; form <= 7; form += 4) {
                struct subject subject;
                subject_open(&subject, *state, "batch_normalization", sides[s], channels[c], form);
                check_sums(&subject, false);
                layer_reduce(&subject.layer);
                check_sums(&subject, true); /* leaves what gradient() reads */
                check_batch_gradient(&subject, 0);
                check_batch_gradient(&subject, 1);
                subject_close(&subject);
            }
}

/* ---- Layer normalisation ---- */

/* Partial sums of every eighth value, and one tree. */
static double eight_lanes(uint64_t n, const double *values) {
    double lanes[8] = {0};
    for (uint64_t j = 0; j < n; j++)
        lanes[j % 8] += values[j];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

struct plain {
    float mean, inverse;
};

static struct plain plain_moments(const struct subject *subject, const float *x) {
    const uint64_t n = subject->units;
    double values[MOST];
    for (uint64_t j = 0; j < n; j++)
        values[j] = (double)x[j];
    const double mean = eight_lanes(n, values) / (double)n;
    for (uint64_t j = 0; j < n; j++)
        values[j] = ((double)x[j] - mean) * ((double)x[j] - mean);
    const double variance = eight_lanes(n, values) / (double)n;
    return (struct plain){(float)mean, (float)(1.0 / sqrt(variance + 0.001))};
}

/* One place: outputs, input deltas, and what it adds to the gradients of gamma and beta. */
static void plain_place(const struct subject *subject, const float *gamma, const float *beta, const float *x,
                        const float *d, float *y, float *dx, double *of_gamma, double *of_beta) {
    const uint64_t n = subject->units;
    const struct plain m = plain_moments(subject, x);
    double g[MOST], products[MOST];
    for (uint64_t j = 0; j < n; j++) {
        const float normal = (x[j] - m.mean) * m.inverse, scaled = gamma == NULL ? d[j] : d[j] * gamma[j];
        y[j] = normal * (gamma == NULL ? 1.0f : gamma[j]) + (beta == NULL ? 0.0f : beta[j]);
        g[j] = (double)scaled;
        products[j] = (double)(scaled * normal);
        of_gamma[j] += (double)d[j] * (double)normal;
        of_beta[j] += (double)d[j];
    }
    const float mean_g = (float)(eight_lanes(n, g) / (double)n),
                mean_product = (float)(eight_lanes(n, products) / (double)n);
    for (uint64_t j = 0; j < n; j++)
        dx[j] = m.inverse * ((float)g[j] - mean_g - (x[j] - m.mean) * m.inverse * mean_product);
}

static void check_layer_gradient(struct subject *subject, uint32_t tensor, const struct matrix *sums) {
    struct layer *layer = &subject->layer;
    const uint64_t n = subject->units, cut = n / 3;
    struct matrix found = zero_gradient(layer, tensor);
    const runner_tile left = {tensor, 0, 1, 0, cut}, right = {tensor, 0, 1, cut, n - cut};
    if (cut > 0)
        layer_gradient(layer, 0, ROWS, &left, 0.5f, &found);
    layer_gradient(layer, 0, ROWS, &right, 0.5f, &found);
    assert_same(&found, sums);
    matrix_free(&found);
}

static void check_layer(struct subject *subject, int form) {
    struct layer *layer = &subject->layer;
    const uint64_t n = subject->units;
    const bool scale = form & 1, center = form >> 1 & 1;
    const float *gamma = scale ? at(&layer->tensors[0], 0, 0) : NULL;
    const float *beta = center ? at(&layer->tensors[scale], 0, 0) : NULL;
    struct matrix y = matrix_copy(&layer->output), dx = matrix_copy(&layer->input_delta);
    struct matrix gradients[2] = {matrix_new(1, n), matrix_new(1, n)};
    for (int k = 0; k < 2; k++)
        memset(at(&gradients[k], 0, 0), 0, n * sizeof(float));
    for (uint64_t i = 0; i < ROWS; i++) {
        double sums[2][MOST] = {{0}};
        for (uint64_t p = 0; p < subject->places; p++)
            plain_place(subject, gamma, beta, at(&layer->input, i, p * n), at(&layer->weights, i, p * n),
                        at(&y, i, p * n), at(&dx, i, p * n), sums[0], sums[1]);
        for (int k = 0; k < 2; k++)
            for (uint64_t j = 0; j < n; j++)
                *at(&gradients[k], 0, j) += 0.5f * (float)sums[k][j];
    }
    layer_forward(layer, 0, 3), layer_forward(layer, 3, ROWS - 3);
    layer_backward(layer, 0, 3), layer_backward(layer, 3, ROWS - 3);
    assert_same(&layer->output, &y);
    assert_same(&layer->input_delta, &dx);
    if (scale)
        check_layer_gradient(subject, 0, &gradients[0]);
    if (center)
        check_layer_gradient(subject, scale, &gradients[1]);
    matrix_free(&y), matrix_free(&dx), matrix_free(&gradients[0]), matrix_free(&gradients[1]);
}

static void layer_normalization_is_that_of_the_loop(void **state) {
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
            for (int form = 0; form < 8; form++) {
                struct subject subject;
                subject_open(&subject, *state, "layer_normalization", sides[s], channels[c], form);
                check_layer(&subject, form);
                subject_close(&subject);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_normalization_sums_as_the_loop),
        cmocka_unit_test(layer_normalization_is_that_of_the_loop),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

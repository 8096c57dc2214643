/*
 * Keras' max_norm, min_max_norm and unit_norm: w *= d / (1e-7 + |w|), the norm being over the dimensions in `axis`, with
 *   max_norm      d = |w| cut at max_value,
 *   min_max_norm  d = rate (|w| cut to [min_value, max_value]) + (1 - rate) |w|,
 *   unit_norm     d = 1.
 * Of a tensor with more than two dimensions they see the matrix whose rows are all but the last: there axis 0 is Keras'
 * [0, 1, 2] of a convolution's kernel, one norm an output channel. A matrix of one row is taken for a vector.
 */
#include <math.h>
#include <runner/plugin.h>

#define EPSILON 1e-7 /* of keras.config */

struct norm {
    double min_value, max_value, rate;
    runner_ints axis;
};

#define LIMIT(field, initial, text) RUNNER_PARAM_FLOAT(struct norm, field, initial, 0, 1e30, text)
#define AXIS                                                                                                           \
    RUNNER_PARAM_(RUNNER_INTS, struct norm, axis, 0, 0, "[0]", -2, 1, NULL,                                            \
                  "dimensions that a norm is taken over; 0: the incoming weights of each unit")
static const runner_param max_norm_params[] = {LIMIT(max_value, "2.0", "largest norm"), AXIS};
static const runner_param min_max_norm_params[] = {
    LIMIT(min_value, "0.0", "smallest norm"),
    LIMIT(max_value, "1.0", "largest norm"),
    RUNNER_PARAM_FLOAT(struct norm, rate, "1.0", 0, 1, "share of the way back that an update goes"),
    AXIS,
};
static const runner_param unit_norm_params[] = {AXIS};

static int has_axis(const struct norm *norm, int64_t axis) {
    for (uint64_t i = 0; i < norm->axis.count; i++)
        if (norm->axis.values[i] == axis || norm->axis.values[i] == axis - 2)
            return 1;
    return 0;
}

/* Calls desired() for each norm and scales its weights. */
static void scale(const struct norm *norm, runner_call *call, const runner_view *w,
                  double (*desired)(const struct norm *norm, double length)) {
    int over_rows = has_axis(norm, 0), over_columns = has_axis(norm, 1) || (over_rows && w->rows == 1);
    uint64_t by_row = over_rows ? 0 : over_columns ? 1 : w->columns, by_column = over_columns ? 0 : 1;
    uint64_t groups = (over_rows ? 1 : w->rows) * (over_columns ? 1 : w->columns);
    double *factors = call->host->scratch(call, groups * sizeof *factors);
    for (uint64_t k = 0; k < groups; k++)
        factors[k] = 0;
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++) {
            double value = (double)w->data[i * w->pitch + j];
            factors[i * by_row + j * by_column] += value * value;
        }
    for (uint64_t k = 0; k < groups; k++) {
        double length = sqrt(factors[k]);
        factors[k] = desired(norm, length) / (EPSILON + length);
    }
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++)
            w->data[i * w->pitch + j] *= (float)factors[i * by_row + j * by_column];
}

static double at_most(const struct norm *norm, double length) {
    return length > norm->max_value ? norm->max_value : length;
}

static double between(const struct norm *norm, double length) {
    double cut = length < norm->min_value ? norm->min_value : at_most(norm, length);
    return norm->rate * cut + (1.0 - norm->rate) * length;
}

static double one(const struct norm *norm, double length) {
    (void)norm, (void)length;
    return 1.0;
}

static void max_norm(const void *config, runner_call *call, const runner_view *w) {
    scale(config, call, w, at_most);
}

static void min_max_norm(const void *config, runner_call *call, const runner_view *w) {
    scale(config, call, w, between);
}

static void unit_norm(const void *config, runner_call *call, const runner_view *w) {
    scale(config, call, w, one);
}

#define OPS(name) static const runner_constraint_ops name##_ops = {.size = sizeof name##_ops, .apply = name};
OPS(max_norm)
OPS(min_max_norm)
OPS(unit_norm)

#define COMPONENT(component, text)                                                                                     \
    {                                                                                                                  \
        .kind = RUNNER_CONSTRAINT, .config_size = sizeof(struct norm), .name = #component, .doc = text,                \
        .params = component##_params, .n_params = RUNNER_COUNT(component##_params), .ops = &component##_ops            \
    }
static const runner_component components[] = {
    COMPONENT(max_norm, "norms are at most max_value"),
    COMPONENT(min_max_norm, "norms are between two bounds"),
    COMPONENT(unit_norm, "norms are 1"),
};
RUNNER_PLUGIN(components, "1.0.0")

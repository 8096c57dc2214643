/*
 * Initializers that draw: random_normal, truncated_normal, random_uniform, and variance_scaling with its named forms
 * glorot (Glorot and Bengio 2010), he (He et al. 2015) and lecun (LeCun et al. 1998), as Keras defines them.
 *
 * variance_scaling draws with variance scale / fan: uniform within sqrt(3 scale / fan), normal with standard deviation
 * sqrt(scale / fan), or that normal cut at two standard deviations and widened by the 0.8796 that the cut takes off.
 */
#include <math.h>
#include <runner/plugin.h>

#define TRUNCATED_STDDEV 0.87962566103423978 /* of a standard normal cut at +-2 */
#define WIDE 3e38

enum distribution { TRUNCATED_NORMAL, UNTRUNCATED_NORMAL, UNIFORM };
enum mode { FAN_IN, FAN_OUT, FAN_AVG };
static const char *const distributions[] = {"truncated_normal", "untruncated_normal", "uniform", NULL};
static const char *const modes[] = {"fan_in", "fan_out", "fan_avg", NULL};

struct normal {
    double mean, stddev;
};
struct uniform {
    double minval, maxval;
};
struct variance_scaling {
    double scale;
    int32_t mode, distribution;
};

static const runner_param normal_params[] = {
    RUNNER_PARAM_FLOAT(struct normal, mean, "0.0", -WIDE, WIDE, "mean of the values"),
    RUNNER_PARAM_FLOAT(struct normal, stddev, "0.05", 0, WIDE, "their standard deviation (truncated: before the cut)"),
};
static const runner_param uniform_params[] = {
    RUNNER_PARAM_FLOAT(struct uniform, minval, "-0.05", -WIDE, WIDE, "lower bound"),
    RUNNER_PARAM_FLOAT(struct uniform, maxval, "0.05", -WIDE, WIDE, "upper bound"),
};
static const runner_param variance_scaling_params[] = {
    RUNNER_PARAM_(RUNNER_FLOAT, struct variance_scaling, scale, RUNNER_OPEN_MIN, 0, "1.0", 0, WIDE, NULL,
                  "variance times fan"),
    RUNNER_PARAM_CHOICE(struct variance_scaling, mode, "fan_in", modes, "inputs, outputs or the mean of the two"),
    RUNNER_PARAM_CHOICE(struct variance_scaling, distribution, "truncated_normal", distributions, "form of the draw"),
};

/* offset + factor * draw, the draw being from [0, 1) or of variance 1. */
static int draw(runner_call *call, enum distribution distribution, double offset, double factor,
                const runner_tensor *tensor, float *values) {
    uint64_t n = runner_elements(&tensor->shape);
    if (distribution == UNIFORM)
        call->host->uniform(call, 0, 0, n, values);
    else if (distribution == UNTRUNCATED_NORMAL)
        call->host->normal(call, 0, 0, n, values);
    else
        call->host->truncated_normal(call, 0, 0, n, values);
    for (uint64_t i = 0; i < n; i++)
        values[i] = (float)(offset + factor * (double)values[i]);
    return RUNNER_OK;
}

static int scaled(runner_call *call, const struct variance_scaling *scaling, const runner_tensor *tensor,
                  float *values) {
    double in = (double)tensor->fan_in, out = (double)tensor->fan_out;
    double fan = scaling->mode == FAN_IN ? in : scaling->mode == FAN_OUT ? out : (in + out) / 2;
    double variance = scaling->scale / (fan < 1 ? 1 : fan);
    enum distribution distribution = (enum distribution)scaling->distribution;
    if (distribution == UNIFORM) {
        double limit = sqrt(3 * variance);
        return draw(call, distribution, -limit, 2 * limit, tensor, values);
    }
    double stddev = sqrt(variance) / (distribution == TRUNCATED_NORMAL ? TRUNCATED_STDDEV : 1);
    return draw(call, distribution, 0, stddev, tensor, values);
}

static int variance_scaling(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    return scaled(call, config, tensor, values);
}

static int random_normal(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct normal *normal = config;
    return draw(call, UNTRUNCATED_NORMAL, normal->mean, normal->stddev, tensor, values);
}

static int truncated_normal(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct normal *normal = config;
    return draw(call, TRUNCATED_NORMAL, normal->mean, normal->stddev, tensor, values);
}

static int random_uniform(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    const struct uniform *uniform = config;
    if (!(uniform->minval <= uniform->maxval))
        return call->host->fail(call, "random_uniform: minval %g is above maxval %g", uniform->minval, uniform->maxval);
    return draw(call, UNIFORM, uniform->minval, uniform->maxval - uniform->minval, tensor, values);
}

/* A form of variance_scaling without parameters: its fill function and its ops. */
#define FORM(name, scale, mode, distribution)                                                                          \
    static int name(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {               \
        (void)config;                                                                                                  \
        return scaled(call, &(struct variance_scaling){scale, mode, distribution}, tensor, values);                    \
    }                                                                                                                  \
    OPS(name)
#define OPS(name) static const runner_initializer_ops name##_ops = {.size = sizeof name##_ops, .fill = name};

FORM(glorot_uniform, 1, FAN_AVG, UNIFORM)
FORM(glorot_normal, 1, FAN_AVG, TRUNCATED_NORMAL)
FORM(he_uniform, 2, FAN_IN, UNIFORM)
FORM(he_normal, 2, FAN_IN, TRUNCATED_NORMAL)
FORM(lecun_uniform, 1, FAN_IN, UNIFORM)
FORM(lecun_normal, 1, FAN_IN, TRUNCATED_NORMAL)
OPS(random_normal)
OPS(truncated_normal)
OPS(random_uniform)
OPS(variance_scaling)

#define PLAIN(component, text)                                                                                         \
    { .kind = RUNNER_INITIALIZER, .name = #component, .doc = text, .ops = &component##_ops }
#define WITH_PARAMS(component, strukt, table, text)                                                                    \
    {                                                                                                                  \
        .kind = RUNNER_INITIALIZER, .config_size = sizeof(struct strukt), .name = #component, .doc = text,             \
        .params = table, .n_params = RUNNER_COUNT(table), .ops = &component##_ops                                      \
    }

static const runner_component components[] = {
    PLAIN(glorot_uniform, "uniform within sqrt(6 / (fan_in + fan_out))"),
    PLAIN(glorot_normal, "truncated normal of variance 2 / (fan_in + fan_out)"),
    PLAIN(he_uniform, "uniform within sqrt(6 / fan_in)"),
    PLAIN(he_normal, "truncated normal of variance 2 / fan_in"),
    PLAIN(lecun_uniform, "uniform within sqrt(3 / fan_in)"),
    PLAIN(lecun_normal, "truncated normal of variance 1 / fan_in"),
    WITH_PARAMS(random_normal, normal, normal_params, "normal"),
    WITH_PARAMS(truncated_normal, normal, normal_params, "normal, cut at two standard deviations"),
    WITH_PARAMS(random_uniform, uniform, uniform_params, "uniform between two bounds"),
    WITH_PARAMS(variance_scaling, variance_scaling, variance_scaling_params, "of variance scale / fan"),
};
RUNNER_PLUGIN(components, "1.0.0")

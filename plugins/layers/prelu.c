/* The parametric rectifier (He et al. 2015), as in Keras: y = x where x > 0, else alpha x, with a trained "alpha" for each element, or for
   all elements along the axes of shared_axes, which count from 1 (the first axis of an example). */
#include <runner/plugin.h>
#include <string.h>

struct prelu {
    const runner_part *alpha_initializer, *alpha_regularizer, *alpha_constraint;
    runner_ints shared_axes;
    /* by plan() */
    runner_shape input;
    uint32_t shared; /* bit i: axis i */
};

static const runner_param params[] = {
    RUNNER_PARAM_PART(struct prelu, alpha_initializer, RUNNER_INITIALIZER, "zeros", "first values of alpha"),
    RUNNER_PARAM_PART(struct prelu, alpha_regularizer, RUNNER_REGULARIZER, "null", "penalty of alpha"),
    RUNNER_PARAM_PART(struct prelu, alpha_constraint, RUNNER_CONSTRAINT, "null", "bounds of alpha"),
    RUNNER_PARAM_(RUNNER_INTS, struct prelu, shared_axes, RUNNER_NULLABLE, 0, "null", 1, RUNNER_MAX_RANK, NULL,
                  "axes along which alpha is the same: [1, 2] of an image is one alpha a channel"),
};

static int plan(void *config, runner_call *call, runner_plan *plan) {
    struct prelu *prelu = config;
    runner_shape shape = prelu->input = plan->output = plan->inputs[0];
    prelu->shared = 0;
    if (runner_elements(&shape) == 0)
        return call->host->fail(call, "prelu wants inputs; found none");
    for (uint64_t i = 0; i < prelu->shared_axes.count; i++) {
        uint32_t axis = (uint32_t)prelu->shared_axes.values[i] - 1;
        if (axis >= shape.rank)
            return call->host->fail(call, "shared_axes of prelu names axis %u, but its input has %u; wanted 1 to %u",
                                    axis + 1, shape.rank, shape.rank);
        prelu->shared |= 1u << axis;
        shape.size[axis] = 1;
    }
    plan->flags = RUNNER_KEEP_INPUT;
    plan->n_tensors = 1;
    plan->tensors[0] = (runner_tensor){.name = "alpha",
                                       .shape = shape,
                                       .initializer = prelu->alpha_initializer,
                                       .regularizer = prelu->alpha_regularizer,
                                       .constraint = prelu->alpha_constraint};
    return RUNNER_OK;
}

/* Values along the last axis, and how many such lines a row has. */
static uint64_t width_of(const struct prelu *prelu) {
    return prelu->input.rank == 0 ? 1 : prelu->input.size[prelu->input.rank - 1];
}

static uint64_t lines_of(const struct prelu *prelu) {
    return runner_elements(&prelu->input) / width_of(prelu);
}

/* Is the last axis shared? Then alpha has one column. */
static int width_shared(const struct prelu *prelu) {
    return prelu->input.rank > 0 && (prelu->shared >> (prelu->input.rank - 1) & 1) != 0;
}

/* The row of alpha's matrix that belongs to a line. */
static uint64_t alpha_row(const struct prelu *prelu, uint64_t line) {
    uint64_t row = 0, stride = 1;
    for (uint32_t i = prelu->input.rank; i-- > 1;) {
        uint32_t size = prelu->input.size[i - 1];
        if ((prelu->shared >> (i - 1) & 1) == 0) {
            row += line % size * stride;
            stride *= size;
        }
        line /= size;
    }
    return row;
}

/* y = slope(x) d, where slope is 1 or alpha: forward with d = x. */
static void scale(const struct prelu *prelu, const runner_rows *run, const runner_view *d, const runner_view *y) {
    const runner_view *alphas = &run->tensors[0];
    uint64_t width = width_of(prelu), lines = lines_of(prelu), step = width_shared(prelu) ? 0 : 1;
    for (uint64_t l = 0; l < lines; l++) {
        const float *alpha = alphas->data + alpha_row(prelu, l) * alphas->pitch;
        for (uint64_t i = 0; i < y->rows; i++) {
            const float *x = run->inputs[0].data + i * run->inputs[0].pitch + l * width;
            const float *from = d->data + i * d->pitch + l * width;
            float *to = y->data + i * y->pitch + l * width;
            for (uint64_t j = 0; j < width; j++)
                to[j] = x[j] <= 0.0f ? alpha[j * step] * from[j] : from[j];
        }
    }
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    scale(config, run, &run->inputs[0], run->output);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    scale(config, run, run->output_delta, &run->input_deltas[0]);
}

/* Sums over a row's elements in float64, then row by row, so that every cut of the batch adds in the same order. */
static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    const struct prelu *prelu = config;
    uint64_t width = width_of(prelu), lines = lines_of(prelu), n = tile->rows * tile->columns;
    uint64_t first = width_shared(prelu) ? 0 : tile->column, end = width_shared(prelu) ? width : first + tile->columns;
    double *sums = call->host->scratch(call, n * sizeof *sums);
    for (uint64_t i = 0; i < run->rows; i++) {
        memset(sums, 0, n * sizeof *sums);
        for (uint64_t l = 0; l < lines; l++) {
            uint64_t row = alpha_row(prelu, l) - tile->row; /* wraps where it is above the tile */
            const float *x = run->inputs[0].data + i * run->inputs[0].pitch + l * width;
            const float *d = run->output_delta->data + i * run->output_delta->pitch + l * width;
            for (uint64_t j = first; row < tile->rows && j < end; j++)
                sums[row * tile->columns + (width_shared(prelu) ? 0 : j - first)] +=
                    x[j] <= 0.0f ? (double)d[j] * (double)x[j] : 0.0;
        }
        for (uint64_t k = 0; k < n; k++)
            into->data[k / tile->columns * into->pitch + k % tile->columns] += alpha * (float)sums[k];
    }
}

static const runner_layer_ops ops = {
    .size = sizeof ops, .plan = plan, .forward = forward, .backward = backward, .gradient = gradient};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct prelu),
     .name = "prelu",
     .doc = "x where x > 0, else alpha x with a trained alpha",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

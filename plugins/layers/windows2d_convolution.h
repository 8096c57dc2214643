/*
 * conv2d, for windows2d.c: windows laid side by side, and products of them with the kernel.
 */
#ifndef WINDOWS2D_CONVOLUTION_H
#define WINDOWS2D_CONVOLUTION_H

#include "windows2d_axes.h"

struct conv2d {
    int64_t filters;
    runner_ints kernel_size, strides, dilation_rate;
    int32_t padding, use_bias;
    const runner_part *activation;
    const runner_part *kernel_initializer, *bias_initializer;
    const runner_part *kernel_regularizer, *bias_regularizer, *kernel_constraint, *bias_constraint;
    /* by plan() */
    struct windows windows;
    uint64_t patch; /* values of a window */
};

static const runner_param conv2d_params[] = {
    RUNNER_PARAM_INT(struct conv2d, filters, NULL, 1, INT32_MAX, "number of output channels"),
    RUNNER_PARAM_(RUNNER_INTS, struct conv2d, kernel_size, 0, 0, NULL, 1, 65535, NULL,
                  "[height, width] of a window, or both in one"),
    RUNNER_PARAM_(RUNNER_INTS, struct conv2d, strides, 0, 0, "1", 1, 65535, NULL, "from one window to the next"),
    RUNNER_PARAM_CHOICE(struct conv2d, padding, "valid", paddings,
                        "valid: no padding; same: as many windows as inputs at stride 1"),
    RUNNER_PARAM_(RUNNER_INTS, struct conv2d, dilation_rate, 0, 0, "1", 1, 65535, NULL,
                  "from one cell of a window to the next"),
    RUNNER_PARAM_PART(struct conv2d, activation, RUNNER_LAYER, "null", "layer that the outputs pass through"),
    RUNNER_PARAM_BOOL(struct conv2d, use_bias, "true", "whether a bias is added"),
    RUNNER_PARAM_PART(struct conv2d, kernel_initializer, RUNNER_INITIALIZER, "glorot_uniform",
                      "first values of the kernel [height][width][channels][filters]"),
    RUNNER_PARAM_PART(struct conv2d, bias_initializer, RUNNER_INITIALIZER, "zeros",
                      "first values of the bias [filters]"),
    RUNNER_PARAM_PART(struct conv2d, kernel_regularizer, RUNNER_REGULARIZER, "null", "penalty of the kernel"),
    RUNNER_PARAM_PART(struct conv2d, bias_regularizer, RUNNER_REGULARIZER, "null", "penalty of the bias"),
    RUNNER_PARAM_PART(struct conv2d, kernel_constraint, RUNNER_CONSTRAINT, "null", "bounds of the kernel"),
    RUNNER_PARAM_PART(struct conv2d, bias_constraint, RUNNER_CONSTRAINT, "null", "bounds of the bias"),
};

enum { KERNEL, BIAS };
/* A block of windows side by side has about this many values: it stays in the cache. */
enum { BLOCK_VALUES = 16 * 1024 };

static int conv2d_plan(void *config, runner_call *call, runner_plan *plan) {
    struct conv2d *conv = config;
    struct windows *windows = &conv->windows;
    if (windows_plan(windows, call, "conv2d", &plan->inputs[0], &conv->kernel_size, &conv->strides,
                     &conv->dilation_rate, conv->padding == 1) != RUNNER_OK)
        return RUNNER_FAILED;
    uint32_t filters = (uint32_t)conv->filters;
    conv->patch = (uint64_t)windows->y.size * windows->x.size * windows->channels;
    plan->output = (runner_shape){.rank = 3, .size = {windows->y.out, windows->x.out, filters}};
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_ROWS_GRADIENT;
    plan->tensors[KERNEL] =
        (runner_tensor){.name = "kernel",
                        .flags = RUNNER_PRODUCT,
                        .shape = {.rank = 4, .size = {windows->y.size, windows->x.size, windows->channels, filters}},
                        .initializer = conv->kernel_initializer,
                        .regularizer = conv->kernel_regularizer,
                        .constraint = conv->kernel_constraint};
    plan->tensors[BIAS] = (runner_tensor){.name = "bias",
                                          .shape = {.rank = 1, .size = {filters}},
                                          .initializer = conv->bias_initializer,
                                          .regularizer = conv->bias_regularizer,
                                          .constraint = conv->bias_constraint};
    plan->n_tensors = conv->use_bias ? 2 : 1;
    return RUNNER_OK;
}

static void copy(float *to, const float *from, uint64_t n) {
    if (n >= 32)
        memcpy(to, from, n * sizeof *to);
    else
        for (uint64_t i = 0; i < n; i++)
            to[i] = from[i];
}

static void zero_values(float *to, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        to[i] = 0.0f;
}

/* Lays the windows of output line y side by side: patches [x.out][patch]. */
static void gather_line(const struct conv2d *conv, const float *image, uint32_t y, float *patches) {
    const struct windows *windows = &conv->windows;
    const struct axis *ay = &windows->y, *ax = &windows->x;
    uint64_t channels = windows->channels, width = ax->size * channels;
    struct cut rows = axis_cut(ay, y);
    for (uint32_t x = 0; x < ax->out; x++, patches += conv->patch) {
        struct cut columns = axis_cut(ax, x);
        uint64_t cells = ax->dilation == 1 ? columns.end - columns.first : 1; /* that lie together in the image */
        zero_values(patches, rows.first * width);
        zero_values(patches + rows.end * width, (ay->size - rows.end) * width);
        for (uint32_t r = rows.first; r < rows.end; r++) {
            uint64_t line = rows.at + (uint64_t)(r - rows.first) * ay->dilation;
            const float *from = image + (line * ax->in + columns.at) * channels;
            float *to = patches + r * width;
            zero_values(to, columns.first * channels);
            zero_values(to + columns.end * channels, (ax->size - columns.end) * channels);
            for (uint64_t c = columns.first; c < columns.end; c += cells, from += ax->dilation * channels)
                copy(to + c * channels, from, cells * channels);
        }
    }
}

/* The reverse: adds each patch to the places of the image that it came from. */
static void scatter_line(const struct conv2d *conv, const float *patches, uint32_t y, float *image) {
    const struct windows *windows = &conv->windows;
    const struct axis *ay = &windows->y, *ax = &windows->x;
    uint64_t channels = windows->channels, width = ax->size * channels;
    struct cut rows = axis_cut(ay, y);
    for (uint32_t x = 0; x < ax->out; x++, patches += conv->patch) {
        struct cut columns = axis_cut(ax, x);
        uint64_t cells = ax->dilation == 1 ? columns.end - columns.first : 1;
        for (uint32_t r = rows.first; r < rows.end; r++) {
            uint64_t line = rows.at + (uint64_t)(r - rows.first) * ay->dilation;
            float *to = image + (line * ax->in + columns.at) * channels;
            const float *from = patches + r * width;
            for (uint64_t c = columns.first; c < columns.end; c += cells, to += ax->dilation * channels)
                for (uint64_t i = 0; i < cells * channels; i++)
                    to[i] += from[c * channels + i];
        }
    }
}

/* Output lines of all rows, one after another: how many from `line` on make the next block. It is one matrix, so where rows are not
   together it ends with its row. */
static uint64_t block_lines(const struct conv2d *conv, const runner_view *output, uint64_t line) {
    const struct windows *windows = &conv->windows;
    uint64_t height = windows->y.out, most = BLOCK_VALUES / (windows->x.out * conv->patch);
    uint64_t left = output->pitch == output->columns ? output->rows * height - line : height - line % height;
    most = most == 0 ? 1 : most;
    return left < most ? left : most;
}

/* Scratch for the patches of any block. */
static runner_view block_patches(const struct conv2d *conv, runner_call *call, const runner_view *output) {
    const struct windows *windows = &conv->windows;
    uint64_t line = windows->x.out * conv->patch, most = BLOCK_VALUES / line;
    uint64_t lines = output->rows * windows->y.out;
    lines = most == 0 ? 1 : lines < most ? lines : most;
    return (runner_view){
        .data = call->host->scratch(call, lines * line * sizeof(float)), .columns = conv->patch, .pitch = conv->patch};
}

/* A block of the output (or of its delta) as a matrix [places][filters]. */
static runner_view block_view(const struct conv2d *conv, const runner_view *output, uint64_t line, uint64_t lines) {
    const struct windows *windows = &conv->windows;
    uint64_t filters = (uint64_t)conv->filters, height = windows->y.out, width = windows->x.out;
    return (runner_view){.data = output->data + line / height * output->pitch + line % height * width * filters,
                         .rows = lines * width,
                         .columns = filters,
                         .pitch = filters};
}

static void gather_block(const struct conv2d *conv, const runner_view *input, uint64_t line, uint64_t lines,
                         runner_view *patches) {
    uint64_t height = conv->windows.y.out, width = conv->windows.x.out;
    patches->rows = lines * width;
    for (uint64_t i = 0; i < lines; i++)
        gather_line(conv, input->data + (line + i) / height * input->pitch, (uint32_t)((line + i) % height),
                    patches->data + i * width * conv->patch);
}

static void conv2d_forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct conv2d *conv = config;
    runner_view patches = block_patches(conv, call, run->output);
    for (uint64_t line = 0, lines; line < run->rows * conv->windows.y.out; line += lines) {
        lines = block_lines(conv, run->output, line);
        runner_view block = block_view(conv, run->output, line, lines);
        gather_block(conv, &run->inputs[0], line, lines, &patches);
        for (uint64_t i = 0; conv->use_bias && i < block.rows; i++)
            memcpy(block.data + i * block.pitch, run->tensors[BIAS].data, block.columns * sizeof(float));
        call->host->product(call, 0, 1.0f, &patches, &run->tensors[KERNEL], conv->use_bias ? 1.0f : 0.0f, &block);
    }
}

static void conv2d_backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct conv2d *conv = config;
    const runner_view *into = &run->input_deltas[0];
    uint64_t height = conv->windows.y.out, width = conv->windows.x.out;
    zero_rows(into);
    if (into->rows == 0)
        return;
    runner_view patches = block_patches(conv, call, run->output_delta);
    for (uint64_t line = 0, lines; line < into->rows * height; line += lines) {
        lines = block_lines(conv, run->output_delta, line);
        runner_view block = block_view(conv, run->output_delta, line, lines);
        patches.rows = block.rows;
        call->host->product(call, RUNNER_TRANSPOSE_B, 1.0f, &block, &run->tensors[KERNEL], 0.0f, &patches);
        for (uint64_t i = 0; i < lines; i++)
            scatter_line(conv, patches.data + i * width * conv->patch, (uint32_t)((line + i) % height),
                         into->data + (line + i) / height * into->pitch);
    }
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. */
static void bias_gradient(const struct conv2d *conv, runner_call *call, const runner_rows *run, const runner_tile *tile,
                          float alpha, const runner_view *into) {
    uint64_t places = (uint64_t)conv->windows.y.out * conv->windows.x.out, filters = (uint64_t)conv->filters;
    double *sums = call->host->scratch(call, tile->columns * sizeof *sums);
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *delta = run->output_delta->data + i * run->output_delta->pitch + tile->column;
        memset(sums, 0, tile->columns * sizeof *sums);
        for (uint64_t p = 0; p < places; p++, delta += filters)
            for (uint64_t j = 0; j < tile->columns; j++)
                sums[j] += (double)delta[j];
        for (uint64_t j = 0; j < tile->columns; j++)
            into->data[j] += alpha * (float)sums[j];
    }
}

static void conv2d_gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                            float alpha, const runner_view *into) {
    const struct conv2d *conv = config;
    if (tile->tensor == BIAS) {
        bias_gradient(conv, call, run, tile, alpha, into);
        return;
    }
    runner_view patches = block_patches(conv, call, run->output_delta);
    for (uint64_t line = 0, lines; line < run->rows * conv->windows.y.out; line += lines) {
        lines = block_lines(conv, run->output_delta, line);
        runner_view block = block_view(conv, run->output_delta, line, lines);
        gather_block(conv, &run->inputs[0], line, lines, &patches);
        runner_view inputs = runner_columns(&patches, tile->row, tile->rows),
                    delta = runner_columns(&block, tile->column, tile->columns);
        call->host->product(call, RUNNER_TRANSPOSE_A, alpha, &inputs, &delta, 1.0f, into);
    }
}

static const runner_layer_ops product_ops = {.size = sizeof product_ops,
                                             .plan = conv2d_plan,
                                             .forward = conv2d_forward,
                                             .backward = conv2d_backward,
                                             .gradient = conv2d_gradient};

static runner_node conv2d_expand(const void *config, runner_build *build, runner_node input) {
    const struct conv2d *conv = config;
    runner_node node = build->append(build, &product_ops, conv, sizeof *conv, &input, 1);
    if (node == RUNNER_NO_NODE || conv->activation == NULL)
        return node;
    return build->append_part(build, conv->activation, node);
}

static const runner_layer_ops conv2d_ops = {.size = sizeof conv2d_ops, .expand = conv2d_expand};

#endif

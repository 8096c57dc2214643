/*
 * conv2d, for windows2d.c: windows laid side by side, and products of them with the kernel.
 */
#ifndef WINDOWS2D_CONVOLUTION_H
#define WINDOWS2D_CONVOLUTION_H

#include "windows2d_axes.h"
#include "windows2d_vectors.h"

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
/* A block of windows side by side has about this many values, which stay in the second-level cache. With many filters its product is long
   enough with fewer. */
enum { BLOCK_VALUES = 64 * 1024, MANY_FILTERS = 1024 };

static uint64_t block_values(const struct conv2d *conv) {
    return conv->filters < MANY_FILTERS ? BLOCK_VALUES : BLOCK_VALUES / 4;
}

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

/* ---- Windows side by side ---- */

/* Blocks of windows on their way into patches [places][patch]. Images that windows reach over are copied into one with its padding, where
   all windows lie whole. Behind patches and padded image is room for a part of a vector. */
struct gather {
    const struct conv2d *conv;
    const runner_view *input;
    runner_view patches;
    bool cut;       /* by padding, window by window */
    float *padded;  /* or NULL */
    uint64_t image; /* that was padded last */
};

/* Values of the image, [y.in][x.in][channels] or padded, from a line to the next, and in all. */
static uint64_t image_line(const struct conv2d *conv, bool padded) {
    const struct axis *axis = &conv->windows.x;
    return (uint64_t)conv->windows.channels * (padded ? axis_covered(axis) : axis->in);
}

static uint64_t image_size(const struct conv2d *conv, bool padded) {
    const struct axis *axis = &conv->windows.y;
    return image_line(conv, padded) * (padded ? axis_covered(axis) : axis->in);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Only what windows cover. */
static void pad(const struct gather *gather, const float *image) {
    const struct axis *ay = &gather->conv->windows.y, *ax = &gather->conv->windows.x;
    const uint64_t channels = gather->conv->windows.channels;
    const uint64_t from = image_line(gather->conv, false), to = image_line(gather->conv, true);
    const uint64_t lines = least(ay->in, axis_covered(ay) - ay->before);
    const uint64_t values = least(ax->in, axis_covered(ax) - ax->before) * channels;
    for (uint64_t y = 0; y < lines; y++)
        memcpy(gather->padded + (y + ay->before) * to + ax->before * channels, image + y * from,
               values * sizeof *image);
}

INLINE void copy_vectors(const int vectors, const float *from, float *to) {
    UNROLL for (int v = 0; v < vectors; v++) store(to + v * WIDTH, load(from + v * WIDTH));
}

/* Whole vectors: what is too much is written over by what follows. */
INLINE void copy_run(uint64_t n, const float *from, float *to) {
    for (; n > 2 * WIDTH; n -= 2 * WIDTH, from += 2 * WIDTH, to += 2 * WIDTH)
        copy_vectors(2, from, to);
    if (n > WIDTH)
        copy_vectors(2, from, to);
    else
        copy_vectors(1, from, to);
}

/* Copies n windows one by one, each from its first value to its last: their lines whole where cells lie together, else cell by cell.
   `vectors`: of each, where it is not more than two; 0: any number; -1: value by value. */
INLINE void gather_windows(const int vectors, const bool together, const struct gather *gather, uint64_t n,
                           const float *from, float *to) {
    const struct conv2d *conv = gather->conv;
    const struct axis *ay = &conv->windows.y, *ax = &conv->windows.x;
    const uint64_t channels = conv->windows.channels, runs = together ? 1 : ax->size;
    const uint64_t run = (together ? ax->size : 1) * channels, lines = ay->size;
    const uint64_t line = ay->dilation * image_line(conv, gather->padded != NULL);
    const uint64_t next = ax->dilation * channels, step = ax->stride * channels;
    for (; n > 0; n--, from += step)
        for (uint64_t r = 0; r < lines; r++)
            for (uint64_t c = 0; c < runs; c++, to += run) {
                const float *at = from + r * line + c * next;
                if (vectors > 0)
                    copy_vectors(vectors, at, to);
                else if (vectors == 0)
                    copy_run(run, at, to);
                else
                    memcpy(to, at, run * sizeof *to);
            }
}

/* One window that padding may cut and whose cells lie apart: it may reach so far that no padded image would have room. */
static void gather_cut(const struct conv2d *conv, const float *image, uint32_t y, uint32_t x, float *patch) {
    const struct axis *ay = &conv->windows.y, *ax = &conv->windows.x;
    const uint64_t channels = conv->windows.channels, width = ax->size * channels;
    const struct cut rows = axis_cut(ay, y), columns = axis_cut(ax, x);
    memset(patch, 0, conv->patch * sizeof *patch);
    for (uint32_t r = rows.first; r < rows.end; r++) {
        const uint64_t line = rows.at + (uint64_t)(r - rows.first) * ay->dilation;
        const float *from = image + (line * ax->in + columns.at) * channels;
        for (uint64_t c = columns.first; c < columns.end; c++, from += ax->dilation * channels)
            memcpy(patch + r * width + c * channels, from, channels * sizeof *patch);
    }
}

/* Lays the windows of output line y side by side. */
static void gather_line(const struct gather *gather, const float *image, uint64_t y, float *patches) {
    const struct conv2d *conv = gather->conv;
    const struct axis *ay = &conv->windows.y, *ax = &conv->windows.x;
    const bool padded = gather->padded != NULL;
    const uint64_t run = (ax->dilation == 1 ? ax->size : 1) * conv->windows.channels;
    const uint64_t whole = (run + WIDTH - 1) / WIDTH * WIDTH, step = ax->stride * conv->windows.channels;
    const uint64_t line = image_line(conv, padded), at = y * ay->stride * line;
    const uint64_t reach =
        (ay->size - 1) * ay->dilation * line + (ax->size * conv->windows.channels - run) * ax->dilation + whole;
    const float *from = (padded ? gather->padded : image) + at;
    uint64_t n = ax->out; /* whose last vector ends with the image or before */
    while (!padded && n > 0 && at + (n - 1) * step + reach > image_size(conv, false))
        n--;
    const uint64_t rest = ax->out - n;
    const float *from_rest = from + n * step;
    if (ax->dilation > 1) {
        gather_windows(0, false, gather, n, from, patches);
        gather_windows(-1, false, gather, rest, from_rest, patches + n * conv->patch);
        return;
    }
    if (run <= WIDTH)
        gather_windows(1, true, gather, n, from, patches);
    else if (run <= 2 * WIDTH)
        gather_windows(2, true, gather, n, from, patches);
    else
        gather_windows(0, true, gather, n, from, patches);
    gather_windows(-1, true, gather, rest, from_rest, patches + n * conv->patch);
}

/* ---- And back ---- */

/* The reverse: adds each patch to the places of the image that it came from. */
static void scatter_windows(const struct conv2d *conv, const float *patches, uint32_t y, float *image) {
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

/* Adds to a place of the image what the windows over it have there, `from` on of the first of `n` of them; each next one has it `step` values
   on. */
INLINE void add_place(uint64_t channels, uint32_t n, uint64_t step, const float *from, float *to) {
    uint64_t j = 0;
    for (; j + WIDTH <= channels; j += WIDTH) {
        vec sum = load(to + j);
        for (uint32_t i = 0; i < n; i++)
            sum += load(from + i * step + j);
        store(to + j, sum);
    }
    for (; j < channels; j++) {
        float sum = to[j];
        for (uint32_t i = 0; i < n; i++)
            sum += from[i * step + j];
        to[j] = sum;
    }
}

/* Place by place of the image, each with the windows over it in their order, which adds them as scatter_windows() does. */
static void scatter_places(const struct conv2d *conv, const float *patches, uint32_t y, float *image) {
    const struct windows *windows = &conv->windows;
    const struct axis *ay = &windows->y, *ax = &windows->x;
    const uint64_t channels = windows->channels, width = ax->size * channels, step = conv->patch - channels;
    const struct cut rows = axis_cut(ay, y);
    for (uint32_t r = rows.first; r < rows.end; r++) {
        const uint64_t line = rows.at + (uint64_t)(r - rows.first) * ay->dilation;
        float *to = image + line * ax->in * channels;
        for (uint32_t x = 0; x < ax->in; x++, to += channels) {
            const uint32_t last = x + ax->before < ax->out ? x + ax->before : ax->out - 1; /* windows over it */
            const uint32_t first = x + ax->before < ax->size ? 0 : x + ax->before - (ax->size - 1);
            if (first <= last)
                add_place(channels, last - first + 1, step,
                          patches + first * conv->patch + r * width + (x + ax->before - first) * channels, to);
        }
    }
}

static void scatter_line(const struct conv2d *conv, const float *patches, uint32_t y, float *image) {
    const uint64_t channels = conv->windows.channels;
    if (conv->windows.x.stride == 1 && conv->windows.x.dilation == 1 && (channels == 1 || channels % WIDTH == 0))
        scatter_places(conv, patches, y, image);
    else
        scatter_windows(conv, patches, y, image);
}

/* ---- Blocks ---- */

/* Output lines of all rows, one after another: how many from `line` on make the next block. It is one matrix, so where rows are not
   together it ends with its row. */
static uint64_t block_lines(const struct conv2d *conv, const runner_view *output, uint64_t line) {
    const struct windows *windows = &conv->windows;
    uint64_t height = windows->y.out, most = block_values(conv) / (windows->x.out * conv->patch);
    uint64_t left = output->pitch == output->columns ? output->rows * height - line : height - line % height;
    most = most == 0 ? 1 : most;
    return left < most ? left : most;
}

/* Scratch for the patches of any block. */
static runner_view block_patches(const struct conv2d *conv, runner_call *call, const runner_view *output) {
    const struct windows *windows = &conv->windows;
    uint64_t line = windows->x.out * conv->patch, most = block_values(conv) / line;
    uint64_t lines = output->rows * windows->y.out;
    lines = most == 0 ? 1 : lines < most ? lines : most;
    return (runner_view){.data = call->host->scratch(call, (lines * line + 2 * WIDTH) * sizeof(float)),
                         .columns = conv->patch,
                         .pitch = conv->patch};
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

static struct gather gather_of(const struct conv2d *conv, runner_call *call, const runner_view *input,
                               const runner_view *output) {
    const struct windows *windows = &conv->windows;
    const bool is_padded = axis_is_padded(&windows->y) || axis_is_padded(&windows->x);
    const bool is_dilated = windows->y.dilation > 1 || windows->x.dilation > 1;
    struct gather gather = {conv, input, block_patches(conv, call, output), is_padded && is_dilated, NULL, UINT64_MAX};
    if (is_padded && !is_dilated) {
        const uint64_t bytes = (image_size(conv, true) + WIDTH) * sizeof *gather.padded;
        gather.padded = call->host->scratch(call, bytes);
        memset(gather.padded, 0, bytes);
    }
    return gather;
}

static void gather_block(struct gather *gather, uint64_t line, uint64_t lines) {
    const struct conv2d *conv = gather->conv;
    const uint64_t height = conv->windows.y.out, width = conv->windows.x.out;
    gather->patches.rows = lines * width;
    for (uint64_t i = 0; i < lines; i++) {
        const uint64_t row = (line + i) / height;
        const float *image = gather->input->data + row * gather->input->pitch;
        if (gather->padded != NULL && row != gather->image)
            pad(gather, image);
        gather->image = row;
        float *patches = gather->patches.data + i * width * conv->patch;
        if (!gather->cut)
            gather_line(gather, image, (line + i) % height, patches);
        for (uint32_t x = 0; gather->cut && x < width; x++)
            gather_cut(conv, image, (uint32_t)((line + i) % height), x, patches + x * conv->patch);
    }
}

/* Writes the n values of `from` over and over again, `all` values in all. */
static void repeat(const float *from, uint64_t n, uint64_t all, float *to) {
    memcpy(to, from, n * sizeof *to);
    for (uint64_t done = n, some; done < all; done += some) {
        some = all - done < done ? all - done : done;
        memcpy(to + done, to, some * sizeof *to);
    }
}

static void conv2d_forward(const void *config, runner_call *call, const runner_rows *run) {
    const struct conv2d *conv = config;
    struct gather gather = gather_of(conv, call, &run->inputs[0], run->output);
    for (uint64_t line = 0, lines; line < run->rows * conv->windows.y.out; line += lines) {
        lines = block_lines(conv, run->output, line);
        runner_view block = block_view(conv, run->output, line, lines);
        gather_block(&gather, line, lines);
        if (conv->use_bias)
            repeat(run->tensors[BIAS].data, block.columns, block.rows * block.columns, block.data);
        call->host->product(call, 0, 1.0f, &gather.patches, &run->tensors[KERNEL], conv->use_bias ? 1.0f : 0.0f,
                            &block);
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

/* Adds some places of `quads` times four filters, in registers. */
INLINE void add_places(const int quads, uint64_t places, uint64_t filters, const float *delta, double *sums) {
    quad_doubles sum[4]; /* one by one: as an array it would stay in memory */
    UNROLL for (int q = 0; q < quads; q++) memcpy(&sum[q], sums + q * QUAD, sizeof *sum);
    for (uint64_t p = 0; p < places; p++, delta += filters)
        UNROLL for (int q = 0; q < quads; q++) sum[q] += load_doubles(delta + q * QUAD);
    UNROLL for (int q = 0; q < quads; q++) memcpy(sums + q * QUAD, &sum[q], sizeof *sum);
}

/* Some places at a time for all n filters: so memory is read from its beginning to its end. */
static void sum_filters(uint64_t n, uint64_t places, uint64_t filters, const float *delta, double *sums) {
    const uint64_t most = 512 / filters + 1;
    memset(sums, 0, n * sizeof *sums);
    for (uint64_t some; places > 0; places -= some, delta += some * filters) {
        some = least(places, most);
        uint64_t j = 0;
        for (; n - j >= 4 * QUAD; j += 4 * QUAD)
            add_places(4, some, filters, delta + j, sums + j);
        for (; n - j >= QUAD; j += QUAD)
            add_places(1, some, filters, delta + j, sums + j);
        for (uint64_t p = 0; p < some; p++)
            for (uint64_t i = j; i < n; i++)
                sums[i] += (double)delta[p * filters + i];
    }
}

/* Sums over a row's places in float64, then row by row, so that every cut of the batch adds in the same order. */
static void bias_gradient(const struct conv2d *conv, runner_call *call, const runner_rows *run, const runner_tile *tile,
                          float alpha, const runner_view *into) {
    uint64_t places = (uint64_t)conv->windows.y.out * conv->windows.x.out, filters = (uint64_t)conv->filters;
    double *sums = call->host->scratch(call, tile->columns * sizeof *sums);
    for (uint64_t i = 0; i < run->rows; i++) {
        sum_filters(tile->columns, places, filters,
                    run->output_delta->data + i * run->output_delta->pitch + tile->column, sums);
        for (uint64_t j = 0; j < tile->columns; j++)
            into->data[j] += alpha * (float)sums[j];
    }
}

static void transpose(const runner_view *from, const runner_view *to) {
    enum { SIDE = 16 };
    for (uint64_t i = 0; i < from->rows; i += SIDE)
        for (uint64_t j = 0; j < from->columns; j++)
            for (uint64_t r = i; r < from->rows && r < i + SIDE; r++)
                to->data[j * to->pitch + r] = from->data[r * from->pitch + j];
}

static void add_products(const struct conv2d *conv, runner_call *call, const runner_rows *run, const runner_tile *tile,
                         float alpha, bool turned, const runner_view *into) {
    struct gather gather = gather_of(conv, call, &run->inputs[0], run->output_delta);
    for (uint64_t line = 0, lines; line < run->rows * conv->windows.y.out; line += lines) {
        lines = block_lines(conv, run->output_delta, line);
        runner_view block = block_view(conv, run->output_delta, line, lines);
        gather_block(&gather, line, lines);
        const runner_view inputs = runner_columns(&gather.patches, tile->row, tile->rows);
        const runner_view delta = runner_columns(&block, tile->column, tile->columns);
        call->host->product(call, RUNNER_TRANSPOSE_A, alpha, turned ? &delta : &inputs, turned ? &inputs : &delta, 1.0f,
                            into);
    }
}

/* Of the kernel transposed, where that has longer rows: then deltas, of which many are 0 behind a pooling or a rectifier, are the factor whose
   zeros a product leaves out. */
static void conv2d_gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                            float alpha, const runner_view *into) {
    const struct conv2d *conv = config;
    if (tile->tensor == BIAS) {
        bias_gradient(conv, call, run, tile, alpha, into);
        return;
    }
    if (tile->rows <= tile->columns) {
        add_products(conv, call, run, tile, alpha, false, into);
        return;
    }
    const runner_view turned = {.data = call->host->scratch(call, tile->rows * tile->columns * sizeof(float)),
                                .rows = tile->columns,
                                .columns = tile->rows,
                                .pitch = tile->rows};
    transpose(into, &turned);
    add_products(conv, call, run, tile, alpha, true, &turned);
    transpose(&turned, into);
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

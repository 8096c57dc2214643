/* Layers that look at an image [height][width][channels] through windows: conv2d, max_pooling2d, average_pooling2d and
   global_average_pooling2d, with Keras' parameters and its padding: `same` gives ceil(size / stride) outputs and pads what that
   takes, half before and the rest after; padding counts neither for a maximum nor for an average. */
#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

/* ---- Windows ---- */

struct axis {
    uint32_t in, out, size, stride, dilation, before; /* size: of the window; before: padding */
};

struct windows {
    struct axis y, x;
    uint32_t channels;
};

/* The part of a window that lies on the image: its cells first .. end - 1, the first of them at `at`. */
struct cut {
    uint32_t first, end, at;
};

static const char *const paddings[] = {"valid", "same", NULL};

static struct cut axis_cut(const struct axis *axis, uint32_t output) {
    int64_t start = (int64_t)output * axis->stride - axis->before, step = axis->dilation;
    int64_t first = start < 0 ? (-start + step - 1) / step : 0;
    int64_t end = (axis->in - start + step - 1) / step;
    end = end > axis->size ? axis->size : end;
    return (struct cut){(uint32_t)first, (uint32_t)(end < first ? first : end), (uint32_t)(start + first * step)};
}

/* One number for both axes, or one for each; none: `otherwise`. */
static uint32_t of_axis(const runner_ints *ints, int axis, uint32_t otherwise) {
    return ints->count == 0 ? otherwise : (uint32_t)ints->values[ints->count == 1 ? 0 : axis];
}

static int axis_plan(runner_call *call, const char *name, bool same, struct axis *axis) {
    uint64_t reach = (uint64_t)(axis->size - 1) * axis->dilation + 1;
    if (!same && reach > axis->in)
        return call->host->fail(call, "a window of %s reaches over %llu of %u values; make it or the padding fit", name,
                                (unsigned long long)reach, axis->in);
    axis->out = same ? (axis->in - 1) / axis->stride + 1 : (uint32_t)((axis->in - reach) / axis->stride + 1);
    uint64_t covered = (uint64_t)(axis->out - 1) * axis->stride + reach;
    axis->before = same && covered > axis->in ? (uint32_t)((covered - axis->in) / 2) : 0;
    return RUNNER_OK;
}

static int windows_plan(struct windows *windows, runner_call *call, const char *name, const runner_shape *input,
                        const runner_ints *size, const runner_ints *strides, const runner_ints *dilation, bool same) {
    if (input->rank != 3)
        return call->host->fail(call, "%s takes images [height, width, channels]; found %u dimensions", name,
                                input->rank);
    if (size->count < 1 || size->count > 2 || strides->count > 2 || dilation->count > 2)
        return call->host->fail(call, "%s wants one number for both axes, or [height, width]", name);
    for (int i = 0; i < 2; i++) {
        struct axis *axis = i == 0 ? &windows->y : &windows->x;
        uint32_t cells = of_axis(size, i, 1);
        *axis = (struct axis){.in = input->size[i],
                              .size = cells,
                              .stride = of_axis(strides, i, cells),
                              .dilation = of_axis(dilation, i, 1)};
        if (axis_plan(call, name, same, axis) != RUNNER_OK)
            return RUNNER_FAILED;
    }
    windows->channels = input->size[2];
    return RUNNER_OK;
}

static void zero_rows(const runner_view *view) {
    for (uint64_t i = 0; i < view->rows; i++)
        memset(view->data + i * view->pitch, 0, view->columns * sizeof(float));
}

/* ---- Convolution ---- */

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

static void zero(float *to, uint64_t n) {
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
        zero(patches, rows.first * width);
        zero(patches + rows.end * width, (ay->size - rows.end) * width);
        for (uint32_t r = rows.first; r < rows.end; r++) {
            uint64_t line = rows.at + (uint64_t)(r - rows.first) * ay->dilation;
            const float *from = image + (line * ax->in + columns.at) * channels;
            float *to = patches + r * width;
            zero(to, columns.first * channels);
            zero(to + columns.end * channels, (ax->size - columns.end) * channels);
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

/* ---- Pooling ---- */

struct pooling {
    runner_ints pool_size, strides;
    int32_t padding, keepdims;
    struct windows windows; /* by plan() */
};

static const runner_param pooling_params[] = {
    RUNNER_PARAM_(RUNNER_INTS, struct pooling, pool_size, 0, 0, "2", 1, 65535, NULL,
                  "[height, width] of a window, or both in one"),
    RUNNER_PARAM_(RUNNER_INTS, struct pooling, strides, RUNNER_NULLABLE, 0, "null", 1, 65535, NULL,
                  "from one window to the next; null: pool_size"),
    RUNNER_PARAM_CHOICE(struct pooling, padding, "valid", paddings,
                        "valid: no padding; same: ceil(size / stride) windows"),
};

static const runner_param global_params[] = {
    RUNNER_PARAM_BOOL(struct pooling, keepdims, "false", "output [1, 1, channels] instead of [channels]"),
};

enum { LANES = 64 }; /* channels at a time, on the stack */

static int pooling_plan(struct pooling *pooling, runner_call *call, const char *name, runner_plan *plan) {
    struct windows *windows = &pooling->windows;
    if (windows_plan(windows, call, name, &plan->inputs[0], &pooling->pool_size, &pooling->strides, &(runner_ints){0},
                     pooling->padding == 1) != RUNNER_OK)
        return RUNNER_FAILED;
    plan->output = (runner_shape){.rank = 3, .size = {windows->y.out, windows->x.out, windows->channels}};
    return RUNNER_OK;
}

static int max_plan(void *config, runner_call *call, runner_plan *plan) {
    struct pooling *pooling = config;
    if (pooling_plan(pooling, call, "max_pooling2d", plan) != RUNNER_OK)
        return RUNNER_FAILED;
    if ((uint64_t)pooling->windows.y.size * pooling->windows.x.size > UINT16_MAX)
        return call->host->fail(call, "a window of max_pooling2d has more than %d cells", UINT16_MAX);
    plan->saved = runner_elements(&plan->output) * sizeof(uint16_t); /* the cell of each maximum */
    return RUNNER_OK;
}

static int average_plan(void *config, runner_call *call, runner_plan *plan) {
    return pooling_plan(config, call, "average_pooling2d", plan);
}

static int global_plan(void *config, runner_call *call, runner_plan *plan) {
    struct pooling *pooling = config;
    const int64_t size[2] = {plan->inputs[0].size[0], plan->inputs[0].size[1]};
    struct pooling whole = {.pool_size = {size, 2}, .keepdims = pooling->keepdims};
    int status = pooling_plan(&whole, call, "global_average_pooling2d", plan);
    pooling->windows = whole.windows;
    if (status == RUNNER_OK && !pooling->keepdims)
        plan->output = (runner_shape){.rank = 1, .size = {pooling->windows.channels}};
    return status;
}

/* A window on an image, seen from its first cell on the image. */
struct window {
    struct cut y, x;
    uint32_t width; /* cells of a line of the window */
    uint64_t line;  /* values from a line of the image to the next */
    uint64_t cell;  /* and from a cell to the next */
};

/* Takes n channels of a window, LANES at most: `image` are those of its first cell, `value` those of its output. Backward both are deltas. */
typedef void window_visit(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved);

/* The first of equals; NaN is above all. */
static void find_max(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved) {
    float best[LANES];
    int32_t place[LANES];
    for (uint64_t j = 0; j < n; j++) {
        best[j] = image[j];
        place[j] = (int32_t)(window->y.first * window->width + window->x.first);
    }
    for (uint32_t r = window->y.first; r < window->y.end; r++, image += window->line)
        for (uint32_t c = window->x.first; c < window->x.end; c++) {
            const float *x = image + (c - window->x.first) * window->cell;
            int32_t here = (int32_t)(r * window->width + c);
            for (uint64_t j = 0; j < n; j++) {
                int above = (x[j] > best[j]) | ((x[j] != x[j]) & (best[j] == best[j]));
                best[j] = above ? x[j] : best[j];
                place[j] = above ? here : place[j];
            }
        }
    for (uint64_t j = 0; j < n; j++) {
        value[j] = best[j];
        saved[j] = (uint16_t)place[j];
    }
}

static void add_to_max(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved) {
    for (uint32_t r = window->y.first; r < window->y.end; r++, image += window->line)
        for (uint32_t c = window->x.first; c < window->x.end; c++) {
            float *x = image + (c - window->x.first) * window->cell;
            uint16_t here = (uint16_t)(r * window->width + c);
            for (uint64_t j = 0; j < n; j++)
                x[j] += saved[j] == here ? value[j] : 0.0f;
        }
}

static double window_cells(const struct window *window) {
    return (double)(window->y.end - window->y.first) * (double)(window->x.end - window->x.first);
}

static void find_mean(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved) {
    (void)saved;
    double sums[LANES] = {0}, cells = window_cells(window);
    for (uint32_t r = window->y.first; r < window->y.end; r++, image += window->line)
        for (uint32_t c = window->x.first; c < window->x.end; c++)
            for (uint64_t j = 0; j < n; j++)
                sums[j] += (double)image[(c - window->x.first) * window->cell + j];
    for (uint64_t j = 0; j < n; j++)
        value[j] = (float)(sums[j] / cells);
}

static void add_to_all(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved) {
    (void)saved;
    float cells = (float)window_cells(window), share[LANES];
    for (uint64_t j = 0; j < n; j++)
        share[j] = value[j] / cells;
    for (uint32_t r = window->y.first; r < window->y.end; r++, image += window->line)
        for (uint32_t c = window->x.first; c < window->x.end; c++)
            for (uint64_t j = 0; j < n; j++)
                image[(c - window->x.first) * window->cell + j] += share[j];
}

static void visit_row(const struct windows *windows, window_visit *visit, float *image, float *values,
                      uint16_t *saved) {
    uint64_t channels = windows->channels, line = windows->x.in * channels;
    for (uint32_t y = 0; y < windows->y.out; y++)
        for (uint32_t x = 0; x < windows->x.out; x++) {
            struct window window = {axis_cut(&windows->y, y), axis_cut(&windows->x, x), windows->x.size, line,
                                    channels};
            uint64_t from = window.y.at * line + window.x.at * channels;
            uint64_t to = ((uint64_t)y * windows->x.out + x) * channels;
            for (uint64_t j = 0; j < channels; j += LANES)
                visit(&window, channels - j < LANES ? channels - j : LANES, image + from + j, values + to + j,
                      saved == NULL ? NULL : saved + to + j);
        }
}

static void visit_rows(const struct pooling *pooling, window_visit *visit, const runner_view *images,
                       const runner_view *values, unsigned char *saved) {
    for (uint64_t i = 0; i < images->rows; i++)
        visit_row(&pooling->windows, visit, images->data + i * images->pitch, values->data + i * values->pitch,
                  saved == NULL ? NULL : (uint16_t *)(void *)saved + i * values->columns);
}

static void max_forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    visit_rows(config, find_max, &run->inputs[0], run->output, run->saved);
}

static void max_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    zero_rows(&run->input_deltas[0]);
    visit_rows(config, add_to_max, &run->input_deltas[0], run->output_delta, run->saved);
}

static void average_forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    visit_rows(config, find_mean, &run->inputs[0], run->output, NULL);
}

static void average_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    zero_rows(&run->input_deltas[0]);
    visit_rows(config, add_to_all, &run->input_deltas[0], run->output_delta, NULL);
}

static const runner_layer_ops conv2d_ops = {.size = sizeof conv2d_ops, .expand = conv2d_expand};
static const runner_layer_ops max_ops = {
    .size = sizeof max_ops, .plan = max_plan, .forward = max_forward, .backward = max_backward};
static const runner_layer_ops average_ops = {
    .size = sizeof average_ops, .plan = average_plan, .forward = average_forward, .backward = average_backward};
static const runner_layer_ops global_ops = {
    .size = sizeof global_ops, .plan = global_plan, .forward = average_forward, .backward = average_backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct conv2d),
     .name = "conv2d",
     .doc = "convolution over images: activation(windows kernel + bias)",
     .params = conv2d_params,
     .n_params = RUNNER_COUNT(conv2d_params),
     .ops = &conv2d_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "max_pooling2d",
     .doc = "the largest value of each window and channel",
     .params = pooling_params,
     .n_params = RUNNER_COUNT(pooling_params),
     .ops = &max_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "average_pooling2d",
     .doc = "the mean of each window and channel",
     .params = pooling_params,
     .n_params = RUNNER_COUNT(pooling_params),
     .ops = &average_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct pooling),
     .name = "global_average_pooling2d",
     .doc = "the mean of each channel over the image",
     .params = global_params,
     .n_params = RUNNER_COUNT(global_params),
     .ops = &global_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

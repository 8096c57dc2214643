/*
 * The pooling layers, for windows2d.c. A line of windows at a time goes through vectors of channels.
 */
#ifndef WINDOWS2D_POOLING_H
#define WINDOWS2D_POOLING_H

#include "windows2d_axes.h"
#include "windows2d_vectors.h"

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

INLINE struct window window_at(const struct windows *windows, uint32_t y, uint32_t x) {
    const uint64_t channels = windows->channels;
    return (struct window){axis_cut(&windows->y, y), axis_cut(&windows->x, x), windows->x.size,
                           windows->x.in * channels, channels};
}

/* Of its first cell, in values of the image. */
INLINE uint64_t window_place(const struct window *window) {
    return window->y.at * window->line + window->x.at * window->cell;
}

/* From its first cell to its last. */
INLINE uint64_t window_reach(const struct window *window) {
    return (window->y.end - window->y.first - 1) * window->line + (window->x.end - window->x.first - 1) * window->cell;
}

static uint32_t window_cells(const struct window *window) {
    return (window->y.end - window->y.first) * (window->x.end - window->x.first);
}

static bool is_power_of_two(uint32_t cells) {
    return (cells & (cells - 1)) == 0; /* then its reciprocal is exact, and gives the bits of the quotient */
}

/* A row of the batch on its way through pooling; backward these are deltas. */
struct row {
    float *image, *values;
    uint16_t *saved;
    uint64_t image_size, size;
};

static struct row row_of(const runner_view *images, const runner_view *values, unsigned char *saved, uint64_t i) {
    return (struct row){images->data + i * images->pitch, values->data + i * values->pitch,
                        saved == NULL ? NULL : (uint16_t *)(void *)saved + i * values->columns, images->columns,
                        values->columns};
}

/* ---- Some channels, one by one ---- */

/* Takes n channels of a window, LANES at most: `image` are those of its first cell, `value` those of its output. Backward both are deltas. */
typedef void lanes_visit(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved);

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

/* `value` is a cell's share. */
static void add_to_all(const struct window *window, uint64_t n, float *image, float *value, uint16_t *saved) {
    (void)saved;
    for (uint32_t r = window->y.first; r < window->y.end; r++, image += window->line)
        for (uint32_t c = window->x.first; c < window->x.end; c++)
            for (uint64_t j = 0; j < n; j++)
                image[(c - window->x.first) * window->cell + j] += value[j];
}

/* All channels of n windows of line y of the output, from x on. */
static void visit_lanes(const struct windows *windows, lanes_visit *visit, const struct row *row, uint32_t y,
                        uint32_t x, uint32_t n) {
    const uint64_t channels = windows->channels;
    uint64_t to = ((uint64_t)y * windows->x.out + x) * channels;
    for (; n > 0; n--, x++, to += channels) {
        const struct window window = window_at(windows, y, x);
        const uint64_t from = window_place(&window);
        for (uint64_t j = 0; j < channels; j += LANES)
            visit(&window, channels - j < LANES ? channels - j : LANES, row->image + from + j, row->values + to + j,
                  row->saved == NULL ? NULL : row->saved + to + j);
    }
}

static void visit_row(const struct windows *windows, lanes_visit *visit, const struct row *row) {
    for (uint32_t y = 0; y < windows->y.out; y++)
        visit_lanes(windows, visit, row, y, 0, windows->x.out);
}

/* ---- Channels by vectors ---- */

/* Windows of a line of the output that are alike but for their place: one at the image's edge, or all that lie within the image. */
struct run {
    struct window window;
    uint32_t x, n; /* first window, windows */
    uint64_t step; /* values of the image from one to the next */
};

INLINE struct run run_at(const struct windows *windows, uint32_t y, uint32_t x) {
    const struct axis *axis = &windows->x;
    struct run run = {window_at(windows, y, x), x, 1, (uint64_t)axis->stride * windows->channels};
    const uint32_t whole = axis_whole(axis, run.window.x, x);
    run.n = whole > 0 ? whole : 1;
    return run;
}

/* A last vector that channels do not fill is taken whole: what is written too far is written over by what comes next in the row. So in
   a run the last channels come first, and at the end of a row channels go one by one. */
enum { VECTORS = 2 }; /* at a time */

INLINE uint64_t whole_vectors(uint64_t channels) {
    return (channels + WIDTH - 1) / WIDTH * WIDTH;
}

INLINE bool is_small(const struct window *window) {
    return window->y.end - window->y.first == 2 && window->x.end - window->x.first == 2;
}

/* Takes some channels of a window of side x side cells (0: of any size): those from `image` on of its first cell, and those of the row's
   outputs from `to` on. Returns NaN in some lane where the row must be taken one by one. */
typedef vec vectors_visit(const int vectors, const uint32_t side, const struct window *window, const float *image,
                          const struct row *row, uint64_t to);

/* As find_max() where no cell is NaN: the sum of all cells tells. */
INLINE vec find_max_of(const int vectors, const uint32_t side, const struct window *window, const float *image,
                       const struct row *row, uint64_t to) {
    const uint32_t height = side > 0 ? side : window->y.end - window->y.first;
    const uint32_t width = side > 0 ? side : window->x.end - window->x.first;
    vec best[VECTORS], sum[VECTORS];
    vec_ints place[VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) {
        best[v] = load(image + v * WIDTH);
        place[v] = (int32_t)(window->y.first * window->width + window->x.first) - (vec_ints){0};
        sum[v] = best[v];
    }
    UNROLL for (uint32_t r = 0; r < height; r++) UNROLL for (uint32_t c = 0; c < width; c++) {
        if (r == 0 && c == 0)
            continue;
        const float *cell = image + r * window->line + c * window->cell;
        const vec_ints here = (int32_t)((r + window->y.first) * window->width + c + window->x.first) - (vec_ints){0};
        UNROLL for (int v = 0; v < vectors; v++) {
            const vec x = load(cell + v * WIDTH);
            const vec_ints above = x > best[v];
            best[v] = larger(x, best[v]);
            place[v] = (above & here) | (~above & place[v]);
            sum[v] += x;
        }
    }
    vec all = {0};
    UNROLL for (int v = 0; v < vectors; v++) {
        store(row->values + to + v * WIDTH, best[v]);
        store_shorts(row->saved + to + v * WIDTH, place[v]);
        all += sum[v];
    }
    return all;
}

INLINE vec find_mean_of(const int vectors, const uint32_t side, const struct window *window, const float *image,
                        const struct row *row, uint64_t to) {
    const uint32_t height = side > 0 ? side : window->y.end - window->y.first;
    const uint32_t width = side > 0 ? side : window->x.end - window->x.first;
    const double cells = height * width;
    const bool power = is_power_of_two(height * width);
    quad_doubles sums[2 * VECTORS];
    UNROLL for (int q = 0; q < 2 * vectors; q++) sums[q] = (quad_doubles){0};
    UNROLL for (uint32_t r = 0; r < height; r++) UNROLL for (uint32_t c = 0; c < width; c++)
        UNROLL for (int q = 0; q < 2 * vectors; q++) sums[q] +=
        load_doubles(image + r * window->line + c * window->cell + q * QUAD);
    UNROLL for (int q = 0; q < 2 * vectors; q++)
        store_doubles(row->values + to + q * QUAD, power ? sums[q] * (1 / cells) : sums[q] / cells);
    return (vec){0};
}

INLINE vec visit_windows(vectors_visit *visit, const int vectors, const struct run *run, uint32_t n, const float *image,
                         const struct row *row, uint64_t to) {
    const struct window *window = &run->window;
    vec sum = {0};
    if (is_small(window))
        for (; n > 0; n--, image += run->step, to += window->cell)
            sum += visit(vectors, 2, window, image, row, to);
    else
        for (; n > 0; n--, image += run->step, to += window->cell)
            sum += visit(vectors, 0, window, image, row, to);
    return sum;
}

/* All channels of the first n windows of a run. */
INLINE vec visit_run(vectors_visit *visit, const struct run *run, uint32_t n, const float *image, const struct row *row,
                     uint64_t to) {
    uint64_t left = whole_vectors(run->window.cell) / WIDTH, rest = (left - 1) % VECTORS + 1;
    left -= rest;
    vec sum = {0};
    image += left * WIDTH, to += left * WIDTH;
    if (rest == VECTORS)
        sum = visit_windows(visit, VECTORS, run, n, image, row, to);
    else
        sum = visit_windows(visit, 1, run, n, image, row, to);
    for (; left > 0; left -= VECTORS) {
        image -= VECTORS * WIDTH, to -= VECTORS * WIDTH;
        sum += visit_windows(visit, VECTORS, run, n, image, row, to);
    }
    return sum;
}

static bool has_nan(vec v) {
    bool found = false;
    for (int i = 0; i < WIDTH; i++)
        found |= v[i] != v[i];
    return found;
}

/* How many of the run's windows end before the row does, were all their vectors full. */
INLINE uint32_t not_at_end(const struct run *run, const struct row *row, uint64_t from, uint64_t to) {
    const uint64_t whole = whole_vectors(run->window.cell), most = from + window_reach(&run->window) + whole;
    uint32_t n = run->n;
    while (n > 0 &&
           (most + (n - 1) * run->step > row->image_size || to + (n - 1) * run->window.cell + whole > row->size))
        n--;
    return n;
}

/* False where the row must be taken one by one. The copy of `all` is seen by no other function, so that it may stay in registers. */
INLINE bool find_row(const struct windows *windows, vectors_visit *visit, lanes_visit *one_by_one,
                     const struct row *all) {
    const struct row row = *all;
    uint64_t to = 0;
    vec sum = {0};
    for (uint32_t y = 0; y < windows->y.out; y++)
        for (uint32_t x = 0; x < windows->x.out;) {
            const struct run run = run_at(windows, y, x);
            const uint64_t from = window_place(&run.window);
            const uint32_t n = not_at_end(&run, &row, from, to);
            sum += visit_run(visit, &run, n, row.image + from, &row, to);
            if (n < run.n)
                visit_lanes(windows, one_by_one, all, y, x + n, run.n - n);
            to += run.n * windows->channels, x += run.n;
        }
    return !has_nan(sum);
}

/* ---- Backward, where no two windows have a cell in common: the image's deltas are written line by line ---- */

/* Writes n channels, or some vectors of them, of `cells` cells side by side, from number `here` of a window on; the row's outputs are those
   from `from` on. */
typedef void lanes_write(uint64_t n, uint32_t here, const struct row *row, uint64_t from, float *to);
typedef void vectors_write(const int vectors, const uint32_t cells, uint32_t here, const struct row *row, uint64_t from,
                           uint64_t channels, float *to);

/* Plus 0: a sum from 0 on is never -0. */
static void write_max(uint64_t n, uint32_t here, const struct row *row, uint64_t from, float *to) {
    for (uint64_t j = 0; j < n; j++)
        to[j] = (row->saved[from + j] == here ? row->values[from + j] : 0.0f) + 0.0f;
}

INLINE void write_max_of(const int vectors, const uint32_t cells, uint32_t here, const struct row *row, uint64_t from,
                         uint64_t channels, float *to) {
    vec value[VECTORS];
    vec_ints place[VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) {
        place[v] = load_shorts(row->saved + from + v * WIDTH);
        value[v] = load(row->values + from + v * WIDTH) + 0.0f;
    }
    UNROLL for (uint32_t c = 0; c < cells; c++, to += channels) UNROLL for (int v = 0; v < vectors; v++)
        store(to + v * WIDTH, (vec)((place[v] == (int32_t)(here + c)) & (vec_ints)value[v]));
}

static void write_share(uint64_t n, uint32_t here, const struct row *row, uint64_t from, float *to) {
    (void)here;
    for (uint64_t j = 0; j < n; j++)
        to[j] = row->values[from + j] + 0.0f;
}

INLINE void write_share_of(const int vectors, const uint32_t cells, uint32_t here, const struct row *row, uint64_t from,
                           uint64_t channels, float *to) {
    (void)here;
    vec value[VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) value[v] = load(row->values + from + v * WIDTH) + 0.0f;
    UNROLL for (uint32_t c = 0; c < cells; c++, to += channels) UNROLL for (int v = 0; v < vectors; v++)
        store(to + v * WIDTH, value[v]);
}

INLINE void write_windows(vectors_write *write, const int vectors, const struct run *run, uint32_t n, uint32_t here,
                          const struct row *row, uint64_t from, float *to) {
    const uint64_t channels = run->window.cell, step = run->step;
    const uint32_t cells = run->window.x.end - run->window.x.first;
    if (cells == 2)
        for (; n > 0; n--, from += channels, to += step)
            write(vectors, 2, here, row, from, channels, to);
    else
        for (; n > 0; n--, from += channels, to += step)
            write(vectors, cells, here, row, from, channels, to);
}

INLINE void write_run(vectors_write *write, const struct run *run, uint32_t n, uint32_t here, const struct row *row,
                      uint64_t from, float *to) {
    uint64_t left = whole_vectors(run->window.cell) / WIDTH, rest = (left - 1) % VECTORS + 1;
    left -= rest;
    from += left * WIDTH, to += left * WIDTH;
    if (rest == VECTORS)
        write_windows(write, VECTORS, run, n, here, row, from, to);
    else
        write_windows(write, 1, run, n, here, row, from, to);
    for (; left > 0; left -= VECTORS) {
        from -= VECTORS * WIDTH, to -= VECTORS * WIDTH;
        write_windows(write, VECTORS, run, n, here, row, from, to);
    }
}

static void zero(float *from, float *to) {
    if (to > from)
        memset(from, 0, (size_t)(to - from) * sizeof *from);
}

/* Line r of the windows of line y of the output; `line` is the image's. */
INLINE void write_line(const struct windows *windows, vectors_write *write, lanes_write *one_by_one, uint32_t y,
                       uint32_t r, const struct row *row, const struct row *all, float *line) {
    const uint64_t channels = windows->channels;
    uint64_t from = (uint64_t)y * windows->x.out * channels;
    float *end = line; /* of what is written */
    for (uint32_t x = 0; x < windows->x.out;) {
        struct run run = run_at(windows, y, x);
        const uint32_t cells = run.window.x.end - run.window.x.first, here = r * windows->x.size + run.window.x.first;
        float *to = line + run.window.x.at * channels;
        run.window.y = (struct cut){0, 1, 0}; /* this line alone */
        const uint32_t n = not_at_end(&run, row, (uint64_t)(to - row->image), from);
        write_run(write, &run, n, here, row, from, to);
        for (uint32_t i = n; i < run.n; i++)
            for (uint32_t c = 0; c < cells; c++)
                one_by_one(channels, here + c, all, from + i * channels, to + i * run.step + c * channels);
        zero(end, to);
        end = to + cells * channels;
        for (uint32_t i = 1; i < run.n && run.step > cells * channels; i++, end += run.step)
            zero(end, end + run.step - cells * channels);
        end = to + (run.n - 1) * run.step + cells * channels;
        from += run.n * channels, x += run.n;
    }
    zero(end, line + windows->x.in * channels);
}

static bool apart(const struct windows *windows) {
    return windows->y.stride >= windows->y.size && windows->x.stride >= windows->x.size;
}

INLINE void write_row(const struct windows *windows, vectors_write *write, lanes_write *one_by_one,
                      const struct row *all) {
    const struct row row = *all;
    const struct axis *axis = &windows->y;
    const uint64_t length = (uint64_t)windows->x.in * windows->channels;
    for (uint32_t i = 0; i < axis->in; i++) {
        const uint32_t y = (i + axis->before) / axis->stride, r = (i + axis->before) % axis->stride;
        float *line = row.image + i * length;
        if (y < axis->out && r < axis->size)
            write_line(windows, write, one_by_one, y, r, &row, all, line);
        else
            zero(line, line + length);
    }
}

/* ---- The layers ---- */

static void max_forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct pooling *pooling = config;
    for (uint64_t i = 0; i < run->rows; i++) {
        const struct row row = row_of(&run->inputs[0], run->output, run->saved, i);
        if (!find_row(&pooling->windows, find_max_of, find_max, &row))
            visit_row(&pooling->windows, find_max, &row);
    }
}

static void max_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct pooling *pooling = config;
    for (uint64_t i = 0; i < run->input_deltas[0].rows; i++) {
        const struct row row = row_of(&run->input_deltas[0], run->output_delta, run->saved, i);
        if (apart(&pooling->windows)) {
            write_row(&pooling->windows, write_max_of, write_max, &row);
            continue;
        }
        zero(row.image, row.image + row.image_size);
        visit_row(&pooling->windows, add_to_max, &row);
    }
}

static void average_forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct pooling *pooling = config;
    for (uint64_t i = 0; i < run->rows; i++) {
        const struct row row = row_of(&run->inputs[0], run->output, NULL, i);
        find_row(&pooling->windows, find_mean_of, find_mean, &row);
    }
}

/* Each value's share for a cell. */
static void divide(const struct windows *windows, const float *values, float *restrict shares) {
    for (uint32_t y = 0; y < windows->y.out; y++)
        for (uint32_t x = 0; x < windows->x.out;) {
            const struct run run = run_at(windows, y, x);
            const uint64_t n = (uint64_t)run.n * windows->channels;
            const uint32_t cells = window_cells(&run.window);
            const float inverse = 1 / (float)cells;
            if (is_power_of_two(cells))
                for (uint64_t j = 0; j < n; j++)
                    shares[j] = values[j] * inverse;
            else
                for (uint64_t j = 0; j < n; j++)
                    shares[j] = values[j] / (float)cells;
            values += n, shares += n, x += run.n;
        }
}

static void average_backward(const void *config, runner_call *call, const runner_rows *run) {
    const struct pooling *pooling = config;
    float *shares = call->host->scratch(call, run->output_delta->columns * sizeof *shares);
    for (uint64_t i = 0; i < run->input_deltas[0].rows; i++) {
        struct row row = row_of(&run->input_deltas[0], run->output_delta, NULL, i);
        divide(&pooling->windows, row.values, shares);
        row.values = shares;
        if (apart(&pooling->windows)) {
            write_row(&pooling->windows, write_share_of, write_share, &row);
            continue;
        }
        zero(row.image, row.image + row.image_size);
        visit_row(&pooling->windows, add_to_all, &row);
    }
}

static const runner_layer_ops max_ops = {
    .size = sizeof max_ops, .plan = max_plan, .forward = max_forward, .backward = max_backward};
static const runner_layer_ops average_ops = {
    .size = sizeof average_ops, .plan = average_plan, .forward = average_forward, .backward = average_backward};
static const runner_layer_ops global_ops = {
    .size = sizeof global_ops, .plan = global_plan, .forward = average_forward, .backward = average_backward};

#endif

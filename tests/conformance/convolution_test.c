/* conv2d against the loop over windows, to the bit: the sums of its portable products are chains of fused multiply-adds in order. */
#include "tests/conformance/layer.h"

enum { ROWS = 3 };

struct axis {
    int64_t in, out, size, stride, dilation, before;
};

struct shape {
    struct axis y, x;
    int64_t channels, filters;
    bool same, bias, together; /* rows of the outputs lie together */
};

static struct axis axis_of(int64_t in, int64_t size, int64_t stride, int64_t dilation, bool same) {
    const int64_t reach = (size - 1) * dilation + 1, out = same ? (in - 1) / stride + 1 : (in - reach) / stride + 1;
    const int64_t covered = (out - 1) * stride + reach;
    return (struct axis){in, out, size, stride, dilation, same && covered > in ? (covered - in) / 2 : 0};
}

/* The place in the image of value k of the window at output (y, x), or -1 where that is padding. */
static int64_t place_of(const struct shape *shape, int64_t y, int64_t x, int64_t k) {
    const int64_t cell = k / shape->channels;
    const int64_t line = y * shape->y.stride - shape->y.before + cell / shape->x.size * shape->y.dilation;
    const int64_t column = x * shape->x.stride - shape->x.before + cell % shape->x.size * shape->x.dilation;
    if (line < 0 || line >= shape->y.in || column < 0 || column >= shape->x.in)
        return -1;
    return (line * shape->x.in + column) * shape->channels + k % shape->channels;
}

struct plain {
    struct matrix output, input_delta, kernel, bias; /* the latter two are gradients */
};

static float value_at(const struct matrix *matrix, uint64_t row, int64_t place) {
    return place < 0 ? 0.0f : *at(matrix, row, (uint64_t)place);
}

static void plain_window(const struct shape *shape, const struct layer *layer, struct plain *plain, uint64_t row,
                         int64_t y, int64_t x) {
    const int64_t patch = shape->y.size * shape->x.size * shape->channels;
    const uint64_t first = (uint64_t)((y * shape->x.out + x) * shape->filters), filters = (uint64_t)shape->filters;
    for (uint64_t f = 0; f < filters; f++) {
        float sum = shape->bias ? *at(&layer->tensors[1], 0, f) : 0.0f;
        for (int64_t k = 0; k < patch; k++)
            sum = fmaf(value_at(&layer->input, row, place_of(shape, y, x, k)), *at(&layer->tensors[0], (uint64_t)k, f),
                       sum);
        *at(&plain->output, row, first + f) = sum;
    }
    for (int64_t k = 0; k < patch; k++) {
        const int64_t place = place_of(shape, y, x, k);
        float sum = 0;
        for (uint64_t f = 0; f < filters; f++) {
            const float delta = *at(&layer->weights, row, first + f);
            sum = fmaf(delta, *at(&layer->tensors[0], (uint64_t)k, f), sum);
            float *gradient = at(&plain->kernel, (uint64_t)k, f);
            *gradient = fmaf(0.5f * value_at(&layer->input, row, place), delta, *gradient);
        }
        if (place >= 0)
            *at(&plain->input_delta, row, (uint64_t)place) += sum;
    }
}

static void plain_bias(const struct shape *shape, const struct layer *layer, struct plain *plain) {
    for (uint64_t i = 0; i < ROWS; i++)
        for (uint64_t f = 0; f < (uint64_t)shape->filters; f++) {
            double sum = 0;
            for (uint64_t p = 0; p < (uint64_t)(shape->y.out * shape->x.out); p++)
                sum += (double)*at(&layer->weights, i, p * (uint64_t)shape->filters + f);
            *at(&plain->bias, 0, f) += 0.5f * (float)sum;
        }
}

static void assert_same(const struct matrix *found, const struct matrix *wanted) {
    for (uint64_t i = 0; i < wanted->view.rows; i++)
        for (uint64_t j = 0; j < wanted->view.columns; j++)
            if (memcmp(at(found, i, j), at(wanted, i, j), sizeof(float)) != 0)
                fail_msg("row %d, value %d is %a, not %a", (int)i, (int)j, (double)*at(found, i, j),
                         (double)*at(wanted, i, j));
}

static void check_gradient(struct layer *layer, uint32_t tensor, const struct matrix *wanted) {
    struct matrix found = zero_gradient(layer, tensor);
    const runner_tile tile = whole_tensor(layer, tensor);
    layer_gradient(layer, 0, 1, &tile, 0.5f, &found);
    layer_gradient(layer, 1, ROWS - 1, &tile, 0.5f, &found);
    assert_same(&found, wanted);
    assert_padding_kept(&found);
    matrix_free(&found);
}

static void check_open(const struct shape *shape, struct layer *layer) {
    struct plain plain = {matrix_copy(&layer->output), matrix_copy(&layer->input_delta), zero_gradient(layer, 0),
                          shape->bias ? zero_gradient(layer, 1) : matrix_new(1, (uint64_t)shape->filters)};
    for (uint64_t i = 0; i < ROWS; i++) {
        memset(at(&plain.input_delta, i, 0), 0, plain.input_delta.view.columns * sizeof(float));
        for (int64_t y = 0; y < shape->y.out; y++)
            for (int64_t x = 0; x < shape->x.out; x++)
                plain_window(shape, layer, &plain, i, y, x);
    }
    plain_bias(shape, layer, &plain);
    if (shape->together) { /* a row's end is the next one's beginning */
        layer->output.view.pitch = plain.output.view.pitch = layer->output.view.columns;
        struct matrix packed = matrix_copy(&layer->weights);
        packed.view.pitch = packed.view.columns;
        for (uint64_t i = 0; i < ROWS; i++) {
            memcpy(at(&packed, i, 0), at(&layer->weights, i, 0), packed.view.columns * sizeof(float));
            memmove(at(&plain.output, i, 0), plain.output.view.data + i * (packed.view.columns + 3),
                    packed.view.columns * sizeof(float));
        }
        matrix_free(&layer->weights);
        layer->weights = packed;
    }
    layer_forward(layer, 0, ROWS);
    assert_same(&layer->output, &plain.output);
    layer_forward(layer, 0, 1), layer_forward(layer, 1, ROWS - 1);
    assert_same(&layer->output, &plain.output);
    layer_backward(layer, 0, ROWS);
    assert_same(&layer->input_delta, &plain.input_delta);
    assert_padding_kept(&layer->input_delta);
    check_gradient(layer, 0, &plain.kernel);
    if (shape->bias)
        check_gradient(layer, 1, &plain.bias);
    matrix_free(&plain.output), matrix_free(&plain.input_delta), matrix_free(&plain.kernel), matrix_free(&plain.bias);
}

static void check(struct harness *harness, const struct shape *shape) {
    const runner_component *component = component_find(harness, RUNNER_LAYER, "conv2d");
    const int64_t size[] = {shape->y.size, shape->x.size}, stride[] = {shape->y.stride, shape->x.stride},
                  dilation[] = {shape->y.dilation, shape->x.dilation};
    void *config = config_new(component);
    config_set(component, config, "filters", (double)shape->filters);
    config_set(component, config, "padding", shape->same);
    config_set(component, config, "use_bias", shape->bias);
    config_set_ints(component, config, "kernel_size", size, 2);
    config_set_ints(component, config, "strides", stride, 2);
    config_set_ints(component, config, "dilation_rate", dilation, 2);
    struct layer layer;
    const runner_shape image = {3, {(uint32_t)shape->y.in, (uint32_t)shape->x.in, (uint32_t)shape->channels}};
    layer_open(&layer, harness, component, config, &image, ROWS);
    assert_int_equal(runner_elements(&layer.plan.output), shape->y.out * shape->x.out * shape->filters);
    check_open(shape, &layer);
    layer_close(&layer);
    free(config);
}

static void windows_are_convolved_as_by_the_loop(void **state) {
    static const int64_t images[][2] = {{1, 1}, {3, 4}, {7, 5}, {6, 19}};
    static const int64_t sizes[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 2}, {1, 9}};
    static const int64_t steps[][4] = {{1, 1, 1, 1}, {2, 2, 1, 1}, {3, 1, 1, 1},
                                       {1, 4, 1, 1}, {1, 1, 2, 2}, {1, 1, 1, 3}};
    static const int64_t channels[] = {1, 2, 3, 5, 8, 9, 16, 19}, filters[] = {1, 3, 16, 23};
    size_t n = 0;
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 5; k++)
            for (int s = 0; s < 6; s++)
                for (int same = 0; same <= 1; same++)
                    for (int c = 0; c < 8; c++) {
                        const int64_t *step = steps[s];
                        const struct axis y = axis_of(images[i][0], sizes[k][0], step[0], step[2], same);
                        const struct axis x = axis_of(images[i][1], sizes[k][1], step[1], step[3], same);
                        const bool fits =
                            (y.size - 1) * y.dilation < y.in && (x.size - 1) * x.dilation < x.in; /* or padding does */
                        n++;
                        if (fits || same)
                            check(*state, &(struct shape){y, x, channels[c], filters[n % 4], same, n % 3 != 0, n % 2});
                    }
}

/* More windows than a block has: within a row, and where rows lie together. */
static void blocks_do_not_show(void **state) {
    for (int same = 0; same <= 1; same++)
        for (int together = 0; together <= 1; together++) {
            check(*state,
                  &(struct shape){axis_of(20, 5, 1, 1, same), axis_of(21, 5, 1, 1, same), 16, 2, same, true, together});
            check(*state,
                  &(struct shape){axis_of(40, 3, 1, 1, same), axis_of(50, 3, 1, 1, same), 3, 1, same, true, together});
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_convolved_as_by_the_loop),
        cmocka_unit_test(blocks_do_not_show),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

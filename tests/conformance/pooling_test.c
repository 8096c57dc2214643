/* Pooling against the loop over windows, channel by channel, to the bit: numbers of channels that do and do not fill vectors, windows
   that overlap, touch and leave gaps, padding, and values that a maximum or a sum may trip over. */
#include "tests/conformance/layer.h"

struct axis {
    int64_t in, out, size, stride, before;
};

struct shape {
    struct axis y, x;
    int64_t channels;
};

static struct axis axis_of(int64_t in, int64_t size, int64_t stride, bool same) {
    const int64_t out = same ? (in - 1) / stride + 1 : (in - size) / stride + 1, covered = (out - 1) * stride + size;
    return (struct axis){in, out, size, stride, same && covered > in ? (covered - in) / 2 : 0};
}

/* The place in the image of cell number `cell` of the window at output (y, x), or -1 where that is padding. */
static int64_t cell_place(const struct shape *shape, int64_t y, int64_t x, int64_t cell) {
    const int64_t line = y * shape->y.stride - shape->y.before + cell / shape->x.size;
    const int64_t column = x * shape->x.stride - shape->x.before + cell % shape->x.size;
    if (line < 0 || line >= shape->y.in || column < 0 || column >= shape->x.in)
        return -1;
    return (line * shape->x.in + column) * shape->channels;
}

/* One output; forward, then the deltas of its cells. */
static void pool_window(const struct shape *shape, bool mean, int64_t y, int64_t x, const float *image, float *value,
                        float delta, float *deltas) {
    const int64_t cells = shape->y.size * shape->x.size;
    int64_t best = -1, count = 0;
    double sum = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
        const int64_t place = cell_place(shape, y, x, cell);
        if (place < 0)
            continue;
        count++;
        sum += (double)image[place];
        if (best < 0 || image[place] > image[best] || (isnan(image[place]) && !isnan(image[best])))
            best = place;
    }
    *value = mean ? (float)(sum / (double)count) : image[best];
    for (int64_t cell = 0; cell < cells; cell++) {
        const int64_t place = cell_place(shape, y, x, cell);
        if (place >= 0)
            deltas[place] += mean ? delta / (float)count : place == best ? delta : 0.0f;
    }
}

static void pool(const struct shape *shape, bool mean, const struct matrix *images, const struct matrix *deltas,
                 struct matrix *values, struct matrix *input_deltas) {
    for (uint64_t i = 0; i < images->view.rows; i++) {
        memset(at(input_deltas, i, 0), 0, input_deltas->view.columns * sizeof(float));
        for (int64_t y = 0; y < shape->y.out; y++)
            for (int64_t x = 0; x < shape->x.out; x++)
                for (int64_t c = 0; c < shape->channels; c++) {
                    const uint64_t to = (uint64_t)((y * shape->x.out + x) * shape->channels + c);
                    pool_window(shape, mean, y, x, at(images, i, (uint64_t)c), at(values, i, to), *at(deltas, i, to),
                                at(input_deltas, i, (uint64_t)c));
                }
    }
}

/* Whole numbers, so that there are ties, both zeros among them; now and then what is not finite. */
static void fill(struct matrix *matrix, uint64_t seed, int specials) {
    static const float special[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-40f};
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = 0; j < matrix->view.columns; j++) {
            const float value = rintf(3 * random_value(&seed));
            const int draw = (int)(500 * (random_value(&seed) + 1));
            *at(matrix, i, j) = draw < specials && i > 0 ? special[draw % 6] : value;
        }
}

static void assert_same(const struct matrix *found, const struct matrix *wanted) {
    for (uint64_t i = 0; i < wanted->view.rows; i++)
        for (uint64_t j = 0; j < wanted->view.columns; j++) {
            const float a = *at(found, i, j), b = *at(wanted, i, j);
            if (memcmp(&a, &b, sizeof a) != 0 && !(isnan(a) && isnan(b)))
                fail_msg("row %d, value %d is %a, not %a", (int)i, (int)j, (double)a, (double)b);
        }
    assert_padding_kept(found);
}

static void check(struct harness *harness, const char *name, const struct shape *shape, bool same, int specials) {
    enum { ROWS = 3 };
    const runner_component *component = component_find(harness, RUNNER_LAYER, name);
    const bool global = strncmp(name, "global", 6) == 0;
    const int64_t size[] = {shape->y.size, shape->x.size}, stride[] = {shape->y.stride, shape->x.stride};
    void *config = config_new(component);
    if (!global) {
        config_set_ints(component, config, "pool_size", size, 2);
        config_set_ints(component, config, "strides", stride, 2);
        config_set(component, config, "padding", same);
    }
    struct layer layer;
    const runner_shape image = {3, {(uint32_t)shape->y.in, (uint32_t)shape->x.in, (uint32_t)shape->channels}};
    layer_open(&layer, harness, component, config, &image, ROWS);
    assert_int_equal(runner_elements(&layer.plan.output), shape->y.out * shape->x.out * shape->channels);
    fill(&layer.input, 1, specials);
    fill(&layer.weights, 2, specials);
    struct matrix values = matrix_copy(&layer.output), deltas = matrix_copy(&layer.input_delta);
    pool(shape, strcmp(name, "max_pooling2d") != 0, &layer.input, &layer.weights, &values, &deltas);
    for (uint64_t i = 0; i < ROWS; i++) /* each row finds those behind it as they were */
        layer_forward(&layer, i, 1), layer_backward(&layer, i, 1);
    assert_same(&layer.output, &values);
    assert_same(&layer.input_delta, &deltas);
    layer_forward(&layer, 0, ROWS);
    layer_backward(&layer, 0, ROWS);
    assert_same(&layer.output, &values);
    assert_same(&layer.input_delta, &deltas);
    matrix_free(&values);
    matrix_free(&deltas);
    layer_close(&layer);
    free(config);
}

static const int64_t channels[] = {1, 2, 3, 6, 7, 8, 9, 15, 16, 17, 24, 31, 33, 64, 70};

static void check_all_channels(struct harness *harness, struct axis y, struct axis x, bool same) {
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
        for (int specials = 0; specials <= 30; specials += 30) {
            const struct shape shape = {y, x, channels[c]};
            check(harness, "max_pooling2d", &shape, same, specials);
            check(harness, "average_pooling2d", &shape, same, specials);
        }
}

static void windows_are_pooled_as_by_the_loop(void **state) {
    static const int64_t images[][2] = {{1, 1}, {2, 2}, {5, 7}, {8, 6}, {9, 10}};
    static const int64_t sizes[][2] = {{1, 1}, {2, 2}, {3, 3}, {2, 3}, {4, 1}};
    static const int64_t strides[][2] = {{1, 1}, {2, 2}, {3, 2}, {3, 3}, {4, 5}};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++)
            for (int s = 0; s < 5; s++)
                for (int same = 0; same <= 1; same++)
                    if (same || (sizes[k][0] <= images[i][0] && sizes[k][1] <= images[i][1]))
                        check_all_channels(*state, axis_of(images[i][0], sizes[k][0], strides[s][0], same),
                                           axis_of(images[i][1], sizes[k][1], strides[s][1], same), same);
}

static void a_global_average_is_that_of_one_window(void **state) {
    for (int64_t side = 1; side < 7; side++)
        for (size_t c = 0; c < sizeof channels / sizeof *channels; c++) {
            const struct shape shape = {axis_of(side, side, 1, false), axis_of(side + 1, side + 1, 1, false),
                                        channels[c]};
            check(*state, "global_average_pooling2d", &shape, false, 0);
            check(*state, "global_average_pooling2d", &shape, false, 5);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_pooled_as_by_the_loop),
        cmocka_unit_test(a_global_average_is_that_of_one_window),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}

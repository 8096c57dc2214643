/*
 * digits: grey images [28][28][1] of the ten digits, drawn from stroke models as a pen would.
 *
 * A style is a list of control points. An image draws one of its digit's styles, jitters the points, bends, slants, rotates and
 * stretches the plane, moves the pen along cubic Hermite curves through the points and shades each pixel by its distance to the
 * line. Units: styles are drawn in a box of 100 x 100, which is PEN_BOX pixels wide and high in the image.
 *
 * Example i of a split is a pure function of (seed, split, i, parameters), whatever the number of rows. Nothing but + - * /
 * and the square root is used, so that its bits are the same on every machine. Each ten examples in order hold every digit once.
 */
#include <runner/plugin.h>

#include <math.h>

#define SIDE 28
#define PIXELS (SIDE * SIDE)
#define PEN_BOX 20.0f
#define MAX_POINTS 16
#define PIECES 6 /* straight pieces of a curve between two points */

struct digits_config {
    int64_t train, test;
    double scale, slant, rotation, stretch, shift, thickness, jitter, bend, noise;
};

struct digits {
    float slant, rotation, stretch, shift, thickness, jitter, bend, noise;
};

/* ---- Stroke models ---- */

enum pen {
    SMOOTH, /* the curve passes through the point smoothly */
    CORNER, /* it turns sharply there */
    LIFT    /* the last point of a stroke */
};

struct point {
    int8_t x, y; /* 0 .. 100, y downwards */
    uint8_t pen;
};

struct style {
    uint8_t n;
    struct point points[MAX_POINTS];
};

#define S(x, y)                                                                                                        \
    { x, y, SMOOTH }
#define C(x, y)                                                                                                        \
    { x, y, CORNER }
#define E(x, y)                                                                                                        \
    { x, y, LIFT }

#define STYLES 4

/* A style that stands twice is drawn twice as often. */
static const struct style styles[10][STYLES] = {
    {
        {9, {S(55, 5), S(27, 18), S(15, 50), S(25, 82), S(52, 95), S(78, 80), S(86, 48), S(76, 18), E(53, 5)}},
        {9, {S(62, 9), S(37, 10), S(24, 45), S(30, 84), S(52, 95), S(71, 78), S(76, 42), S(66, 14), E(44, 7)}},
        {9, {S(50, 12), S(21, 24), S(10, 52), S(22, 80), S(50, 90), S(80, 78), S(91, 50), S(78, 24), E(48, 12)}},
        {9, {S(44, 7), S(70, 14), S(82, 46), S(74, 80), S(48, 95), S(24, 80), S(17, 48), S(28, 16), E(52, 6)}},
    },
    {
        {3, {S(50, 4), S(50, 50), E(50, 96)}},
        {3, {S(56, 4), S(51, 48), E(46, 96)}},
        {3, {S(30, 26), C(54, 5), E(52, 96)}},
        {5, {S(31, 23), C(52, 6), E(52, 94), S(27, 95), E(78, 94)}},
    },
    {
        {9, {S(20, 26), S(34, 9), S(62, 6), S(78, 25), S(68, 50), S(42, 74), C(18, 94), S(50, 93), E(85, 92)}},
        {10,
         {S(20, 22), S(43, 5), S(72, 14), S(73, 38), S(50, 68), S(27, 90), S(14, 82), S(30, 74), S(56, 88), E(88, 86)}},
        {8, {S(16, 16), S(46, 6), S(76, 14), S(74, 36), S(48, 62), C(16, 92), S(50, 96), E(84, 90)}},
        {9, {S(24, 30), S(30, 10), S(56, 4), S(76, 20), S(70, 46), S(46, 72), C(22, 95), S(52, 94), E(80, 96)}},
    },
    {
        {9, {S(20, 14), S(48, 4), S(75, 19), S(66, 41), C(42, 48), S(70, 54), S(82, 74), S(56, 95), E(18, 86)}},
        {8, {S(20, 7), C(76, 6), C(46, 40), S(72, 51), S(80, 76), S(54, 96), S(34, 94), E(18, 85)}},
        {9, {S(24, 18), S(46, 5), S(70, 14), S(66, 36), S(44, 46), S(72, 56), S(76, 82), S(46, 96), E(20, 88)}},
        {8, {S(18, 10), S(56, 5), S(78, 24), C(48, 47), S(78, 62), S(74, 86), S(44, 95), E(20, 84)}},
    },
    {
        {7, {S(25, 6), S(21, 32), C(18, 56), S(48, 57), E(84, 53), S(71, 8), E(65, 96)}},
        {4, {S(64, 96), C(66, 5), C(13, 64), E(90, 63)}},
        {5, {S(42, 4), C(15, 60), E(88, 58), S(67, 28), E(61, 96)}},
        {8, {S(22, 8), S(20, 36), S(30, 54), S(56, 52), E(74, 40), S(74, 8), S(72, 50), E(68, 96)}},
    },
    {
        {8, {S(78, 6), C(30, 8), C(24, 43), S(54, 38), S(79, 56), S(73, 84), S(42, 96), E(16, 84)}},
        {9, {S(28, 9), C(24, 45), S(58, 41), S(82, 62), S(67, 89), S(40, 96), E(17, 87), S(28, 9), E(80, 5)}},
        {8, {S(77, 9), S(42, 9), S(26, 27), S(44, 43), S(72, 59), S(70, 84), S(44, 96), E(18, 86)}},
        {8, {S(74, 5), C(36, 9), C(26, 40), S(50, 44), S(72, 62), S(64, 84), S(40, 95), E(20, 93)}},
    },
    {
        {9, {S(70, 6), S(40, 22), S(20, 58), S(28, 88), S(54, 95), S(78, 78), S(70, 56), S(46, 52), E(23, 72)}},
        {8, {S(60, 4), S(37, 36), S(26, 74), S(44, 95), S(68, 88), S(74, 66), S(54, 54), E(29, 70)}},
        {9, {S(80, 12), S(52, 10), S(26, 36), S(18, 72), S(40, 94), S(68, 86), S(70, 64), S(48, 56), E(20, 74)}},
        {8, {S(46, 4), S(28, 40), S(24, 76), S(46, 96), S(72, 86), S(76, 68), S(56, 60), E(30, 80)}},
    },
    {
        {4, {S(16, 10), C(82, 8), S(58, 48), E(40, 96)}},
        {6, {S(16, 10), C(82, 8), S(60, 46), E(42, 96), S(34, 52), E(78, 48)}},
        {5, {S(15, 27), C(18, 8), C(82, 9), S(60, 45), E(47, 96)}},
        {5, {S(18, 14), S(48, 8), S(80, 12), S(66, 46), E(52, 96)}},
    },
    {
        {11,
         {S(72, 17), S(48, 4), S(26, 18), S(36, 40), S(64, 56), S(78, 78), S(50, 96), S(22, 80), S(35, 56), S(64, 40),
          E(74, 16)}},
        {14,
         {S(50, 5), S(29, 14), S(28, 35), S(50, 46), S(72, 35), S(71, 14), E(49, 5), S(50, 46), S(23, 58), S(20, 84),
          S(50, 96), S(80, 84), S(77, 58), E(49, 46)}},
        {11,
         {S(64, 8), S(36, 8), S(28, 30), S(54, 50), S(74, 74), S(60, 95), S(34, 92), S(28, 72), S(56, 46), S(76, 24),
          E(62, 6)}},
        {11,
         {S(34, 20), S(52, 4), S(74, 18), S(64, 38), S(36, 56), S(22, 78), S(48, 96), S(76, 82), S(66, 58), S(40, 42),
          E(32, 18)}},
    },
    {
        {9, {S(74, 22), S(52, 5), S(25, 20), S(28, 44), S(52, 50), S(73, 34), C(77, 14), S(74, 55), E(68, 96)}},
        {9, {S(76, 24), S(54, 6), S(27, 20), S(28, 43), S(54, 51), S(76, 28), S(79, 52), S(66, 86), E(30, 93)}},
        {8, {S(72, 10), S(44, 6), S(22, 28), S(36, 50), S(62, 42), C(74, 8), S(70, 50), E(58, 96)}},
        {9, {S(72, 26), S(56, 6), S(32, 14), S(26, 36), S(46, 48), S(68, 38), S(74, 20), S(66, 60), E(42, 96)}},
    },
};

/* ---- An image from its random numbers ---- */

struct plane {
    float xx, xy, yx, yy; /* from the box to pixels */
    float x0, y0;
    float bend[6]; /* coefficients of x^2, xy, y^2 in x and in y */
};

struct pen_point {
    float x, y, width;
    uint8_t pen;
};

enum draw { /* places of the normal numbers of an image */
            DRAW_SLANT,
            DRAW_ROTATION,
            DRAW_WIDE,
            DRAW_HIGH,
            DRAW_X,
            DRAW_Y,
            DRAW_THICKNESS,
            DRAW_SLOPPY,
            DRAW_BEND,
            DRAW_POINTS = DRAW_BEND + 6,
            DRAWS = DRAW_POINTS + 3 * MAX_POINTS
};

/* Bits of an image stand far from its normal numbers, so that they share none. */
#define BITS_STYLE 4096
#define BITS_EDGE 4097
#define BITS_SPECKS 4098
#define BITS_GRAIN 4128
#define MAX_SPECKS 12

static float clamp(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

/* A number from 32 bits, in [0, 1). */
static float unit(uint32_t bits) {
    return (float)(bits >> 8) * (1.0f / 16777216.0f);
}

static void plane_init(struct plane *plane, const struct digits *digits, const float *draw) {
    const float slant = 0.1f + digits->slant * draw[DRAW_SLANT];
    /* A rotation by 2 atan(t). */
    const float t = 0.5f * digits->rotation * draw[DRAW_ROTATION];
    const float cosine = (1.0f - t * t) / (1.0f + t * t), sine = 2.0f * t / (1.0f + t * t);
    const float wide = PEN_BOX * clamp(0.9f + digits->stretch * draw[DRAW_WIDE], 0.3f, 1.5f);
    const float high = PEN_BOX * clamp(1.0f + 0.5f * digits->stretch * draw[DRAW_HIGH], 0.4f, 1.4f);
    plane->xx = cosine * wide;
    plane->xy = -cosine * slant * wide - sine * high;
    plane->yx = sine * wide;
    plane->yy = cosine * high - sine * slant * wide;
    plane->x0 = 0.5f * SIDE + digits->shift * draw[DRAW_X];
    plane->y0 = 0.5f * SIDE + digits->shift * draw[DRAW_Y];
    for (int i = 0; i < 6; i++)
        plane->bend[i] = digits->bend * draw[DRAW_BEND + i];
}

/* Turns the style's points into pixels. Jitter grows with a sloppiness of the whole image, so that a few are hard to read. */
static uint32_t pen_points(const struct style *style, const struct plane *plane, const struct digits *digits,
                           const float *draw, struct pen_point *points) {
    const float sloppy = digits->jitter * (0.6f + 0.4f * draw[DRAW_SLOPPY] * draw[DRAW_SLOPPY]);
    const float thickness = clamp(digits->thickness * (1.0f + 0.25f * draw[DRAW_THICKNESS]), 0.4f, 4.0f);
    for (uint32_t i = 0; i < style->n; i++) {
        const struct point *from = &style->points[i];
        const float *own = draw + DRAW_POINTS + 3 * i;
        const float x = 0.01f * (float)(from->x - 50) + sloppy * own[0];
        const float y = 0.01f * (float)(from->y - 50) + sloppy * own[1];
        const float *bend = plane->bend;
        const float u = x + bend[0] * x * x + bend[1] * x * y + bend[2] * y * y;
        const float v = y + bend[3] * x * x + bend[4] * x * y + bend[5] * y * y;
        points[i].x = plane->x0 + plane->xx * u + plane->xy * v;
        points[i].y = plane->y0 + plane->yx * u + plane->yy * v;
        points[i].width = thickness * clamp(1.0f + 0.15f * own[2], 0.5f, 1.5f);
        points[i].pen = from->pen;
    }
    return style->n;
}

/* How deep each pixel lies within the line from a to b: its width less the distance, at the pixel's centre. */
static void draw_piece(float *depth, const struct pen_point *a, const struct pen_point *b) {
    const float reach = (a->width > b->width ? a->width : b->width) + 1.5f;
    const int left = (int)clamp((a->x < b->x ? a->x : b->x) - reach, 0, SIDE);
    const int right = (int)clamp((a->x > b->x ? a->x : b->x) + reach + 1.0f, 0, SIDE);
    const int top = (int)clamp((a->y < b->y ? a->y : b->y) - reach, 0, SIDE);
    const int bottom = (int)clamp((a->y > b->y ? a->y : b->y) + reach + 1.0f, 0, SIDE);
    const float dx = b->x - a->x, dy = b->y - a->y;
    const float length2 = dx * dx + dy * dy;
    const float inverse = length2 > 1e-12f ? 1.0f / length2 : 0.0f;
    const float taper = b->width - a->width;
    for (int row = top; row < bottom; row++) {
        const float y = (float)row + 0.5f - a->y;
        for (int column = left; column < right; column++) {
            const float x = (float)column + 0.5f - a->x;
            const float along = clamp((x * dx + y * dy) * inverse, 0.0f, 1.0f);
            const float ox = x - along * dx, oy = y - along * dy;
            const float inside = a->width + along * taper - sqrtf(ox * ox + oy * oy);
            float *pixel = &depth[row * SIDE + column];
            *pixel = inside > *pixel ? inside : *pixel;
        }
    }
}

/* Tangent at point i of a stroke from first to last, scaled to one step between points. */
static void tangent(const struct pen_point *points, uint32_t first, uint32_t last, uint32_t i, int leaving, float *x,
                    float *y) {
    const int sharp = points[i].pen == CORNER;
    const uint32_t before = i == first || (sharp && leaving) ? i : i - 1;
    const uint32_t after = i == last || (sharp && !leaving) ? i : i + 1;
    const float share = after - before == 2 ? 0.5f : 1.0f;
    *x = share * (points[after].x - points[before].x);
    *y = share * (points[after].y - points[before].y);
}

static void draw_curve(float *depth, const struct pen_point *points, uint32_t first, uint32_t last, uint32_t i) {
    const struct pen_point *a = &points[i], *b = &points[i + 1];
    float ax, ay, bx, by;
    tangent(points, first, last, i, 1, &ax, &ay);
    tangent(points, first, last, i + 1, 0, &bx, &by);
    struct pen_point from = *a;
    for (int piece = 1; piece <= PIECES; piece++) {
        const float t = (float)piece / PIECES, t2 = t * t, t3 = t2 * t;
        const float h1 = 3.0f * t2 - 2.0f * t3, h2 = t3 - 2.0f * t2 + t, h3 = t3 - t2;
        const struct pen_point to = {a->x + h1 * (b->x - a->x) + h2 * ax + h3 * bx,
                                     a->y + h1 * (b->y - a->y) + h2 * ay + h3 * by,
                                     a->width + t * (b->width - a->width), SMOOTH};
        draw_piece(depth, &from, &to);
        from = to;
    }
}

/* Ink is uneven, and a few specks lie around; zeros stay zeros, so that images are as sparse as scanned ones. */
static void shade(runner_call *call, uint64_t row, const struct digits *digits, const float *depth,
                  unsigned char *image) {
    uint32_t grain[PIXELS / 4], specks[1 + 2 * MAX_SPECKS], edge_bits;
    call->host->bits(call, row, BITS_GRAIN, PIXELS / 4, grain);
    call->host->bits(call, row, BITS_SPECKS, RUNNER_COUNT(specks), specks);
    call->host->bits(call, row, BITS_EDGE, 1, &edge_bits);
    const float sharpness = 0.65f + 0.5f * unit(edge_bits);
    for (int i = 0; i < PIXELS; i++) {
        const float ink = clamp(depth[i] * sharpness + 0.5f, 0.0f, 1.0f);
        const float rough = (float)(grain[i / 4] >> (8 * (i % 4)) & 255u) * (1.0f / 256.0f);
        image[i] = (unsigned char)(255.0f * ink * (1.0f - digits->noise * rough) + 0.5f);
    }
    const uint32_t n = (uint32_t)(digits->noise * (float)MAX_SPECKS * unit(specks[0]) + 0.5f);
    for (uint32_t i = 0; i < n && i < MAX_SPECKS; i++) {
        unsigned char *pixel = &image[specks[1 + 2 * i] % PIXELS];
        const unsigned char ink = (unsigned char)(64u + specks[2 + 2 * i] % 192u);
        *pixel = ink > *pixel ? ink : *pixel;
    }
}

static void draw_image(runner_call *call, uint64_t row, const struct digits *digits, int32_t label,
                       unsigned char *image) {
    float draw[DRAWS], depth[PIXELS];
    uint32_t choice;
    struct plane plane;
    struct pen_point points[MAX_POINTS];
    call->host->normal(call, row, 0, DRAWS, draw);
    call->host->bits(call, row, BITS_STYLE, 1, &choice);
    for (int i = 0; i < DRAWS; i++)
        draw[i] = clamp(draw[i], -2.5f, 2.5f);
    for (int i = 0; i < PIXELS; i++)
        depth[i] = -1e6f;
    plane_init(&plane, digits, draw);
    const uint32_t n = pen_points(&styles[label][choice % STYLES], &plane, digits, draw, points);
    for (uint32_t first = 0; first < n;) {
        uint32_t last = first;
        while (last + 1 < n && points[last].pen != LIFT)
            last++;
        for (uint32_t i = first; i < last; i++)
            draw_curve(depth, points, first, last, i);
        first = last + 1;
    }
    shade(call, row, digits, depth, image);
}

/* ---- The data set ---- */

/* Streams: rows of images, and rows of the orders of ten labels each. */
static uint64_t image_row(runner_split split, uint64_t example) {
    return example * 2 + (uint64_t)split;
}

static int32_t label_of(runner_call *call, runner_split split, uint64_t example) {
    uint32_t bits[10];
    int32_t order[10] = {0}; /* order[i] is read before it is set where j is i */
    call->host->bits(call, UINT64_C(1) << 63 | image_row(split, example / 10), 0, 10, bits);
    for (uint32_t i = 0; i < 10; i++) {
        const uint32_t j = (uint32_t)((uint64_t)bits[i] * (i + 1) >> 32);
        order[i] = order[j];
        order[j] = (int32_t)i;
    }
    return order[example % 10];
}

static int digits_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed; /* keys host->bits() and host->normal() */
    const struct digits_config *from = config;
    struct digits *digits = call->host->memory(call, sizeof *digits);
    if (digits == NULL)
        return RUNNER_FAILED;
    *digits = (struct digits){(float)from->slant,     (float)from->rotation, (float)from->stretch, (float)from->shift,
                              (float)from->thickness, (float)from->jitter,   (float)from->bend,    (float)from->noise};
    dataset->rows[RUNNER_TRAIN] = (uint64_t)from->train;
    dataset->rows[RUNNER_TEST] = (uint64_t)from->test;
    dataset->input = (runner_shape){3, {SIDE, SIDE, 1}};
    dataset->element = RUNNER_U8;
    dataset->scale = (float)from->scale;
    dataset->classes = 10;
    dataset->state = digits;
    return RUNNER_OK;
}

static int digits_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                       uint64_t n, void *inputs, void *targets) {
    unsigned char *images = inputs;
    int32_t *labels = targets;
    for (uint64_t i = 0; i < n; i++) {
        labels[i] = label_of(call, split, examples[i]);
        draw_image(call, image_row(split, examples[i]), dataset->state, labels[i], images + i * PIXELS);
    }
    return RUNNER_OK;
}

static const runner_param digits_params[] = {
    RUNNER_PARAM_INT(struct digits_config, train, "12000", 1, 1e7, "number of training images"),
    RUNNER_PARAM_INT(struct digits_config, test, "2000", 0, 1e7, "number of test images"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct digits_config, scale, RUNNER_OPEN_MIN, 0, "0.00392156862745098", 0, 1e6, NULL,
                  "factor on the pixels 0..255; 1 keeps them raw"),
    RUNNER_PARAM_FLOAT(struct digits_config, slant, "0.2", 0, 1, "spread of the slant, as the tangent of its angle"),
    RUNNER_PARAM_FLOAT(struct digits_config, rotation, "0.12", 0, 1.5, "spread of the rotation, in radians"),
    RUNNER_PARAM_FLOAT(struct digits_config, stretch, "0.12", 0, 0.5, "spread of width and height, relative"),
    RUNNER_PARAM_FLOAT(struct digits_config, shift, "1.2", 0, 8, "spread of the place, in pixels"),
    RUNNER_PARAM_FLOAT(struct digits_config, thickness, "1.5", 0.4, 4, "mean of half the stroke's width, in pixels"),
    RUNNER_PARAM_FLOAT(struct digits_config, jitter, "0.02", 0, 0.5,
                       "spread of the strokes' points, relative to the digit's size"),
    RUNNER_PARAM_FLOAT(struct digits_config, bend, "0.15", 0, 2, "spread of the elastic bending"),
    RUNNER_PARAM_FLOAT(struct digits_config, noise, "0.2", 0, 1, "unevenness of the ink, and specks"),
};

static const runner_dataset_ops digits_ops = {.size = sizeof digits_ops, .open = digits_open, .read = digits_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct digits_config), "digits",
     "grey 28x28 images of the ten digits, drawn from stroke models", digits_params, RUNNER_COUNT(digits_params), 0,
     &digits_ops},
};

RUNNER_PLUGIN(components, "1.0.0")

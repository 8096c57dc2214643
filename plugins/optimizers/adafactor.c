/*
 * Adafactor (Shazeer and Stern 2018) in Keras' form: Adam's second moment, kept as the means of its rows and columns.
 *
 * With b = 1 - t^beta_2_decay and s = g^2 + epsilon_1, for each matrix of a tensor's last two dimensions:
 *   r = b r + (1 - b) mean of s over the columns,   c = b c + (1 - b) mean of s over the rows,   v = r c / mean(r).
 * A vector keeps v = b v + (1 - b) s: with one row, c is just that. Then, RMS being over the whole tensor,
 *   u = g / sqrt(v),   w -= min(rate, 1 / sqrt t) max(epsilon_2, RMS(w)) u / max(1, RMS(u) / clip_threshold).
 *
 * Keras takes that minimum whether relative_step is on or off; the paper uses the rate as it is where steps are not relative
 * (cap_rate: false). PyTorch keeps means of g^2 and lets v not fall below epsilon_1^2 (epsilon_1_is_floor: true).
 */
#include <math.h>
#include <runner/plugin.h>

struct adafactor {
    double learning_rate, beta_2_decay, epsilon_1, epsilon_2, clip_threshold;
    int32_t relative_step, cap_rate, epsilon_1_is_floor;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct adafactor, learning_rate, "0.001",
                      "step length in units of the tensor's root mean square"),
    RUNNER_PARAM_FLOAT(struct adafactor, beta_2_decay, "-0.8", -1e3, 0,
                       "power of the update's number that 1 - beta_2 is"),
    RUNNER_PARAM_FLOAT(struct adafactor, epsilon_1, "1e-30", 0, 1e30, "added to the squared gradient"),
    RUNNER_PARAM_FLOAT(struct adafactor, epsilon_2, "1e-3", 0, 1e30, "least root mean square that scales a step"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct adafactor, clip_threshold, RUNNER_OPEN_MIN, 0, "1.0", 0, 1e30, NULL,
                  "largest root mean square of an update"),
    RUNNER_PARAM_BOOL(struct adafactor, relative_step, "true",
                      "accepted as in Keras, where it changes nothing: see cap_rate"),
    RUNNER_PARAM_BOOL(struct adafactor, cap_rate, "true", "whether the rate is at most 1 / sqrt(update)"),
    RUNNER_PARAM_BOOL(struct adafactor, epsilon_1_is_floor, "false",
                      "true: epsilon_1 is not added, but v is at least its square (PyTorch)"),
};

enum { BETA_2, RATE }; /* values */
/* Slots: c [matrices][columns], r [rows][1] and the rows of each matrix, which step_tensor() is not told. With more than two
   dimensions c stands at the beginning of a slot for all elements: one for columns has room for a single matrix. */
enum { BY_COLUMN, BY_ROW, HEIGHT };

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->flags = RUNNER_WHOLE_TENSOR;
    const runner_shape *shape = &plan->tensor.shape;
    plan->slots = shape->rank < 2 ? 1 : 3;
    plan->slot_shape[BY_COLUMN] = shape->rank > 2 ? RUNNER_SLOT_ELEMENTS : RUNNER_SLOT_COLUMNS;
    plan->slot_shape[BY_ROW] = plan->slot_shape[HEIGHT] = RUNNER_SLOT_ROWS;
    plan->slot_initial[HEIGHT] = shape->rank < 2 ? 1 : (float)shape->size[shape->rank - 2];
    plan->scratch = runner_elements(shape) * sizeof(float) + 64;
    plan->scratch += (shape->rank > 0 ? shape->size[shape->rank - 1] : 1) * sizeof(double);
    return RUNNER_OK;
}

/* Rounded to float, below the digits in which one libm's pow may differ from another's. */
static void begin(const void *config, runner_step *step) {
    const struct adafactor *adafactor = config;
    double cap = 1.0 / sqrt((double)step->number);
    step->values[BETA_2] = 1.0 - (double)(float)pow((double)step->number, adafactor->beta_2_decay);
    step->values[RATE] = adafactor->cap_rate && step->rate > cap ? cap : step->rate;
}

/* As they are used for one tensor */
struct moments {
    const struct adafactor *config;
    double kept, added, floor; /* kept: b; added to the squares; least v */
    const runner_view *g, *by_row, *by_column;
    uint64_t rows; /* of each matrix */
    double *sums;  /* [columns] */
};

/* r and c of one matrix; returns the mean of r, which is 1 where r is not needed. */
static double update_moments(const struct moments *moments, uint64_t matrix) {
    uint64_t rows = moments->rows, columns = moments->g->columns;
    double *sums = moments->sums, kept = moments->kept, gain = 1.0 - kept, mean = 0;
    for (uint64_t j = 0; j < columns; j++)
        sums[j] = 0;
    for (uint64_t i = matrix * rows; i < (matrix + 1) * rows; i++) {
        const float *g = moments->g->data + i * moments->g->pitch;
        double row = 0;
        for (uint64_t j = 0; j < columns; j++) {
            double square = (double)g[j] * (double)g[j] + moments->added;
            row += square;
            sums[j] += square;
        }
        if (moments->by_row != NULL) {
            float *r = moments->by_row->data + i * moments->by_row->pitch;
            *r = (float)(kept * (double)*r + gain * (row / (double)columns));
            mean += (double)*r;
        }
    }
    float *c = moments->by_column->data + matrix * moments->by_column->pitch;
    for (uint64_t j = 0; j < columns; j++)
        c[j] = (float)(kept * (double)c[j] + gain * (sums[j] / (double)rows));
    mean = moments->by_row != NULL ? mean / (double)rows : 1.0;
    return moments->config->epsilon_1_is_floor && mean < moments->config->epsilon_1 ? moments->config->epsilon_1 : mean;
}

static double root_mean_square(const runner_view *x) {
    double sum = 0;
    for (uint64_t i = 0; i < x->rows; i++)
        for (uint64_t j = 0; j < x->columns; j++)
            sum += (double)x->data[i * x->pitch + j] * (double)x->data[i * x->pitch + j];
    return sqrt(sum / ((double)x->rows * (double)x->columns));
}

/* u of one matrix */
static void direction(const struct moments *moments, uint64_t matrix, double mean, const runner_view *u) {
    const float *c = moments->by_column->data + matrix * moments->by_column->pitch;
    for (uint64_t i = matrix * moments->rows; i < (matrix + 1) * moments->rows; i++) {
        const float *g = moments->g->data + i * moments->g->pitch;
        double r = moments->by_row != NULL ? (double)moments->by_row->data[i * moments->by_row->pitch] / mean : 1.0;
        for (uint64_t j = 0; j < u->columns; j++) {
            double v = r * (double)c[j];
            u->data[i * u->pitch + j] = (float)((double)g[j] / sqrt(v < moments->floor ? moments->floor : v));
        }
    }
}

static void step_tensor(const void *config, runner_call *call, const runner_step *step, const runner_view *w,
                        const runner_view *g, const runner_view *slots) {
    const struct adafactor *adafactor = config;
    double epsilon = adafactor->epsilon_1;
    struct moments moments = {.config = adafactor,
                              .kept = step->values[BETA_2],
                              .added = adafactor->epsilon_1_is_floor ? 0 : epsilon,
                              .floor = adafactor->epsilon_1_is_floor ? epsilon * epsilon : 0,
                              .g = g,
                              .by_row = w->rows > 1 ? &slots[BY_ROW] : NULL,
                              .by_column = &slots[BY_COLUMN],
                              .rows = w->rows > 1 ? (uint64_t)slots[HEIGHT].data[0] : 1,
                              .sums = call->host->scratch(call, w->columns * sizeof(double))};
    runner_view u = {.rows = w->rows, .columns = w->columns, .pitch = w->columns};
    u.data = call->host->scratch(call, w->rows * w->columns * sizeof(float));
    for (uint64_t matrix = 0; matrix < w->rows / moments.rows; matrix++)
        direction(&moments, matrix, update_moments(&moments, matrix), &u);

    double size = root_mean_square(w), length = root_mean_square(&u) / adafactor->clip_threshold;
    size = size > adafactor->epsilon_2 ? size : adafactor->epsilon_2;
    float rate = (float)(step->values[RATE] * size / (length > 1 ? length : 1));
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++)
            w->data[i * w->pitch + j] -= rate * u.data[i * u.pitch + j];
}

static const runner_optimizer_ops ops = {.size = sizeof ops, .plan = plan, .begin = begin, .step_tensor = step_tensor};

static const runner_component components[] = {
    {.kind = RUNNER_OPTIMIZER,
     .config_size = sizeof(struct adafactor),
     .name = "adafactor",
     .doc = "adaptive steps from means of rows and columns",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* A component of every other kind that breaks a promise; see tests/e2e/plugin_test.sh. */
#include <runner/plugin.h>

#include <math.h>
#include <string.h>

/* ---- Loss and metric ---- */

static int plan_loss(void *config, runner_call *call, runner_loss_plan *plan) {
    (void)config, (void)call;
    plan->target = RUNNER_VALUES;
    return RUNNER_OK;
}

static void evaluate(const runner_loss_rows *run, float slope) {
    for (uint64_t i = 0; i < run->rows; i++) {
        double sum = 0;
        for (uint64_t j = 0; j < run->prediction->columns; j++) {
            float difference =
                run->prediction->data[i * run->prediction->pitch + j] - run->target->data[i * run->target->pitch];
            sum += (double)difference * (double)difference;
            if (run->delta != NULL)
                run->delta->data[i * run->delta->pitch + j] = slope * difference;
        }
        if (run->values != NULL)
            run->values[i] = sum;
    }
}

static void wrong(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)config, (void)call;
    evaluate(run, run->scale); /* the factor 2 is missing */
}

static void unscaled(const void *config, runner_call *call, const runner_loss_rows *run) {
    (void)config, (void)call;
    evaluate(run, 2);
}

/* The fault itself is wanted, not a sanitizer's report of it. */
__attribute__((no_sanitize("address", "undefined"))) static void needs_values(const void *config, runner_call *call,
                                                                              const runner_loss_rows *run) {
    (void)config, (void)call;
    *(volatile double *)run->values = 0;
    evaluate(run, 2 * run->scale);
}

static const runner_loss_ops wrong_gradient = {.size = sizeof wrong_gradient, .plan = plan_loss, .evaluate = wrong};
static const runner_loss_ops no_scale = {.size = sizeof no_scale, .plan = plan_loss, .evaluate = unscaled};
static const runner_loss_ops not_apart = {.size = sizeof not_apart, .plan = plan_loss, .evaluate = needs_values};

static int plan_metric(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config, (void)call;
    plan->target = RUNNER_VALUES;
    plan->sums = 1;
    return RUNNER_OK;
}

static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)config, (void)call;
    sums[0] = 0; /* what other slices have added is gone */
    for (uint64_t i = 0; i < run->rows; i++)
        sums[0] += (double)run->prediction->data[i * run->prediction->pitch];
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config;
    return sums[0] / (double)rows;
}

static const runner_metric_ops overwrites = {
    .size = sizeof overwrites, .plan = plan_metric, .update = update, .result = result};

/* ---- Initializer, regularizer, constraint ---- */

static int fill_some(const void *config, runner_call *call, const runner_tensor *tensor, float *values) {
    (void)config, (void)call;
    for (uint64_t i = 0; i + 1 < runner_elements(&tensor->shape); i++)
        values[i] = 1;
    return RUNNER_OK;
}

static const runner_initializer_ops not_filled = {.size = sizeof not_filled, .fill = fill_some};

static double penalty(const void *config, uint64_t n, const float *w, float *g) {
    double sum = 0;
    (void)config;
    for (uint64_t i = 0; i < n; i++) {
        sum += (double)w[i] * (double)w[i];
        if (g != NULL)
            g[i] = 2 * w[i]; /* in place of adding */
    }
    return sum;
}

static const runner_regularizer_ops does_not_add = {.size = sizeof does_not_add, .penalty = penalty};

static void shrink(const void *config, runner_call *call, const runner_view *w) {
    (void)config, (void)call;
    for (uint64_t i = 0; i < w->rows * w->pitch; i++) /* the padding as well */
        w->data[i] *= 0.5f;
}

static const runner_constraint_ops beyond_rows = {.size = sizeof beyond_rows, .apply = shrink};

static void halve(const void *config, runner_call *call, const runner_view *w) {
    (void)config, (void)call;
    for (uint64_t i = 0; i < w->rows; i++)
        for (uint64_t j = 0; j < w->columns; j++)
            w->data[i * w->pitch + j] *= 0.5f;
}

static const runner_constraint_ops drifts = {.size = sizeof drifts, .apply = halve};

/* ---- Schedule, callback ---- */

static double rate(const void *config, uint64_t update_, uint64_t updates_per_epoch, uint64_t total_updates) {
    static double last = 1;
    (void)config, (void)updates_per_epoch, (void)total_updates;
    last = update_ == 0 ? 1 : 0.9 * last; /* right only where it is asked for one update after the other */
    return last;
}

static const runner_schedule_ops remembers = {.size = sizeof remembers, .rate = rate};

static double negative_rate(const void *config, uint64_t update_, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)config, (void)updates_per_epoch, (void)total_updates;
    return 1 - 0.1 * (double)update_;
}

static const runner_schedule_ops negative = {.size = sizeof negative, .rate = negative_rate};

static uint32_t best_ever(const void *config, runner_epoch *epoch) {
    static double best = (double)INFINITY; /* belongs into epoch->memory */
    (void)config;
    if (epoch->values[0] < best) {
        best = epoch->values[0];
        return RUNNER_KEEP;
    }
    return 0;
}

static int plan_callback(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    (void)config, (void)call, (void)names, (void)n_names;
    return RUNNER_OK;
}

static const runner_callback_ops hidden_best = {.size = sizeof hidden_best, .plan = plan_callback, .epoch = best_ever};

/* ---- Data set ---- */

static int open_rows(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)config, (void)seed;
    dataset->rows[RUNNER_TRAIN] = 50;
    dataset->input = (runner_shape){1, {3}};
    dataset->element = RUNNER_F32;
    dataset->classes = 2;
    dataset->state = call->host->memory(call, sizeof(uint64_t));
    return dataset->state != NULL ? RUNNER_OK : RUNNER_FAILED;
}

static void read_one(uint64_t example, float value, uint64_t i, void *inputs, void *targets) {
    for (int j = 0; j < 3; j++)
        ((float *)inputs)[3 * i + (uint64_t)j] = value;
    ((int32_t *)targets)[i] = (int32_t)(example % 2);
}

/* The random numbers of an example are drawn by its place in the list. */
static int read_by_place(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                         uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)split;
    for (uint64_t i = 0; i < n; i++) {
        float value;
        call->host->uniform(call, i, 0, 1, &value);
        read_one(examples[i], value, i, inputs, targets);
    }
    return RUNNER_OK;
}

static int read_and_count(const runner_dataset *dataset, runner_call *call, runner_split split,
                          const uint64_t *examples, uint64_t n, void *inputs, void *targets) {
    (void)split, (void)call;
    for (uint64_t i = 0; i < n; i++)
        read_one(examples[i], 1, i, inputs, targets);
    *(volatile uint64_t *)dataset->state += n;
    return RUNNER_OK;
}

static int read_bad_label(const runner_dataset *dataset, runner_call *call, runner_split split,
                          const uint64_t *examples, uint64_t n, void *inputs, void *targets) {
    (void)dataset, (void)split, (void)call;
    for (uint64_t i = 0; i < n; i++) {
        read_one(examples[i], 1, i, inputs, targets);
        ((int32_t *)targets)[i] = examples[i] == 7 ? 2 : 0;
    }
    return RUNNER_OK;
}

static const runner_dataset_ops by_place = {.size = sizeof by_place, .open = open_rows, .read = read_by_place};
static const runner_dataset_ops counts = {.size = sizeof counts, .open = open_rows, .read = read_and_count};
static const runner_dataset_ops bad_label = {.size = sizeof bad_label, .open = open_rows, .read = read_bad_label};

#define COMPONENT(kind_, name_)                                                                                        \
    { .kind = kind_, .name = #name_, .doc = "breaks a promise", .ops = &name_ }
static const runner_component components[] = {
    COMPONENT(RUNNER_LOSS, wrong_gradient),    COMPONENT(RUNNER_LOSS, no_scale),
    COMPONENT(RUNNER_LOSS, not_apart),         COMPONENT(RUNNER_METRIC, overwrites),
    COMPONENT(RUNNER_INITIALIZER, not_filled), COMPONENT(RUNNER_REGULARIZER, does_not_add),
    COMPONENT(RUNNER_CONSTRAINT, beyond_rows), COMPONENT(RUNNER_CONSTRAINT, drifts),
    COMPONENT(RUNNER_SCHEDULE, remembers),     COMPONENT(RUNNER_SCHEDULE, negative),
    COMPONENT(RUNNER_CALLBACK, hidden_best),   COMPONENT(RUNNER_DATASET, by_place),
    COMPONENT(RUNNER_DATASET, counts),         COMPONENT(RUNNER_DATASET, bad_label)};
RUNNER_PLUGIN(components, "1.0.0")

/* Noise while training, nothing while evaluating. dropout: each value is 0 with probability rate, else x / (1 - rate)
   (Srivastava et al. 2014, in Keras' inverted form). gaussian_noise: x + stddev n with n normal. The noise of element j of
   row i of the batch is value j of row i of the layer's own stream, so no cut of the batch changes it. */
#include <math.h>
#include <runner/plugin.h>
#include <stdbool.h>
#include <string.h>

struct dropout {
    double rate;
};

static const runner_param dropout_params[] = {
    RUNNER_PARAM_(RUNNER_FLOAT, struct dropout, rate, RUNNER_OPEN_MAX, 0, NULL, 0, 1, NULL, "share of values set to 0"),
};

struct gaussian {
    double stddev;
};

static const runner_param gaussian_params[] = {
    RUNNER_PARAM_FLOAT(struct gaussian, stddev, NULL, 0, 3e38, "standard deviation of the noise"),
};

static void copy_rows(const runner_view *from, const runner_view *to) {
    for (uint64_t i = 0; i < to->rows && from->data != to->data; i++)
        memcpy(to->data + i * to->pitch, from->data + i * from->pitch, to->columns * sizeof(float));
}

static int plan_noise(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_TRAINING_DIFFERS;
    return RUNNER_OK;
}

static int plan_dropout(void *config, runner_call *call, runner_plan *plan) {
    plan->saved = runner_elements(&plan->inputs[0]); /* 1 where a value was kept */
    return plan_noise(config, call, plan);
}

/* A uniform number, which is its word's upper 24 bits / 2^24, is at least rate. Compared as signed numbers, which processors can. */
static inline bool is_kept(uint32_t word, int32_t least) {
    return (int32_t)(word >> 8) >= least;
}

static void draw(uint64_t n, const uint32_t *words, int32_t least, unsigned char *restrict kept) {
    for (uint64_t j = 0; j < n; j++)
        kept[j] = is_kept(words[j], least);
}

static void keep_drawn(uint64_t n, const uint32_t *words, int32_t least, float scale, const float *from, float *to) {
    for (uint64_t j = 0; j < n; j++)
        to[j] = is_kept(words[j], least) ? from[j] * scale : 0.0f;
}

/* By a mask of the value's bits, which takes two thirds of the time of a choice. */
static void keep(uint64_t n, const unsigned char *kept, float scale, const float *from, float *to) {
    for (uint64_t j = 0; j < n; j++) {
        const float value = from[j] * scale;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits &= -(uint32_t)kept[j];
        memcpy(to + j, &bits, sizeof bits);
    }
}

static void forward_dropout(const void *config, runner_call *call, const runner_rows *run) {
    const struct dropout *dropout = config;
    const runner_view *x = &run->inputs[0], *y = run->output;
    if (!run->training) {
        copy_rows(x, y);
        return;
    }
    const float rate = (float)dropout->rate, scale = (float)(1.0 / (1.0 - dropout->rate));
    const int32_t least = (int32_t)ceil((double)rate * 0x1p24);
    uint32_t *words = call->host->scratch(call, y->columns * sizeof *words);
    for (uint64_t i = 0; i < y->rows; i++) {
        call->host->bits(call, run->first + i, 0, y->columns, words);
        draw(y->columns, words, least, run->saved + i * y->columns);
        keep_drawn(y->columns, words, least, scale, x->data + i * x->pitch, y->data + i * y->pitch);
    }
}

static void backward_dropout(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    const struct dropout *dropout = config;
    const runner_view *d = run->output_delta, *dx = &run->input_deltas[0];
    const float scale = (float)(1.0 / (1.0 - dropout->rate));
    for (uint64_t i = 0; i < dx->rows; i++)
        keep(dx->columns, run->saved + i * d->columns, scale, d->data + i * d->pitch, dx->data + i * dx->pitch);
}

static void forward_gaussian(const void *config, runner_call *call, const runner_rows *run) {
    const struct gaussian *gaussian = config;
    const runner_view *x = &run->inputs[0], *y = run->output;
    float stddev = (float)gaussian->stddev;
    if (!run->training) {
        copy_rows(x, y);
        return;
    }
    float *noise = call->host->scratch(call, y->columns * sizeof *noise);
    for (uint64_t i = 0; i < y->rows; i++) {
        const float *from = x->data + i * x->pitch;
        float *to = y->data + i * y->pitch;
        call->host->normal(call, run->first + i, 0, y->columns, noise);
        for (uint64_t j = 0; j < y->columns; j++)
            to[j] = from[j] + stddev * noise[j];
    }
}

static void backward_gaussian(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    copy_rows(run->output_delta, &run->input_deltas[0]);
}

static const runner_layer_ops dropout_ops = {
    .size = sizeof dropout_ops, .plan = plan_dropout, .forward = forward_dropout, .backward = backward_dropout};
static const runner_layer_ops gaussian_ops = {
    .size = sizeof gaussian_ops, .plan = plan_noise, .forward = forward_gaussian, .backward = backward_gaussian};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct dropout),
     .name = "dropout",
     .doc = "while training, sets a share of the values to 0 and scales up the rest",
     .params = dropout_params,
     .n_params = RUNNER_COUNT(dropout_params),
     .ops = &dropout_ops},
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct gaussian),
     .name = "gaussian_noise",
     .doc = "while training, adds normal noise",
     .params = gaussian_params,
     .n_params = RUNNER_COUNT(gaussian_params),
     .ops = &gaussian_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

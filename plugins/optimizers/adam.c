/* Adam (Kingma and Ba 2015) in Keras 3's form, with c_i = 1 - beta_i^t and alpha = rate sqrt(c_2) / c_1:
   m += (g - m) (1 - beta_1), v += (g^2 - v) (1 - beta_2), w -= alpha m / (sqrt(v) + epsilon); with amsgrad the largest v so
   far stands in place of v. The paper's main form and PyTorch add epsilon to the corrected root sqrt(v / c_2) instead.
   adamw (Loshchilov and Hutter 2019) takes rate * weight_decay of the weights off before that. */
#include "adam_vectors.h"
#include <math.h>
#include <runner/plugin.h>

struct adam {
    double learning_rate, beta_1, beta_2, epsilon, weight_decay;
    int32_t amsgrad, epsilon_corrected;
};

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct adam, learning_rate, "0.001", "step length"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct adam, beta_1, RUNNER_OPEN_MAX, 0, "0.9", 0, 1, NULL,
                  "decay of the mean of the gradient"),
    RUNNER_PARAM_(RUNNER_FLOAT, struct adam, beta_2, RUNNER_OPEN_MAX, 0, "0.999", 0, 1, NULL,
                  "decay of the mean of its square"),
    RUNNER_PARAM_FLOAT(struct adam, epsilon, "1e-7", 0, 1e30, "added to the root of that mean"),
    RUNNER_PARAM_BOOL(struct adam, amsgrad, "false", "whether that mean may only grow in the divisor"),
    RUNNER_PARAM_BOOL(struct adam, epsilon_corrected, "false",
                      "whether epsilon is added after the bias correction (paper, PyTorch)"),
    RUNNER_PARAM_FLOAT(struct adam, weight_decay, "0.004", 0, 1e30, "share of rate * weight taken off at each update"),
};

enum { PIECE = 256 };        /* weights of which w and the slots stay in the first-level cache */
enum { LOOK = 6, FEW = 32 }; /* steps from which on it pays to look for rest, and weights that are seen first */
enum { POWER_1, POWER_2, ALPHA, EPSILON }; /* values: beta_1^t and beta_2^t as running products, alpha, epsilon */
enum { MEAN, SQUARE, LARGEST, N_SLOTS };   /* slots: m, v, largest v */

static int plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)call;
    const struct adam *adam = config;
    plan->slots = adam->amsgrad ? N_SLOTS : N_SLOTS - 1;
    return RUNNER_OK;
}

static void begin(const void *config, runner_step *step) {
    const struct adam *adam = config;
    step->values[POWER_1] = adam->beta_1 * (step->number == 1 ? 1.0 : step->values[POWER_1]);
    step->values[POWER_2] = adam->beta_2 * (step->number == 1 ? 1.0 : step->values[POWER_2]);
    double root = sqrt(1.0 - step->values[POWER_2]);
    step->values[ALPHA] = step->rate * root / (1.0 - step->values[POWER_1]);
    step->values[EPSILON] = adam->epsilon * (adam->epsilon_corrected ? root : 1.0);
}

static void step_amsgrad(const struct adam_step *step, uint64_t n, float *restrict w, const float *restrict g,
                         float *const *slots) {
    float *restrict m = slots[MEAN], *restrict v = slots[SQUARE], *restrict top = slots[LARGEST];
    for (uint64_t i = 0; i < n; i++) {
        float gradient = step->outer ? __builtin_fmaf(step->x, g[i], 0.0f) : g[i];
        m[i] += (gradient - m[i]) * step->gain_1;
        v[i] += (gradient * gradient - v[i]) * step->gain_2;
        top[i] = top[i] > v[i] ? top[i] : v[i];
        w[i] -= m[i] * step->alpha / (sqrtf(top[i]) + step->epsilon);
    }
}

static void run(const struct adam *adam, const runner_step *step, uint64_t n, float *restrict w, int outer, float x,
                const float *restrict g, float *const *slots) {
    const struct adam_step own = {.alpha = (float)step->values[ALPHA],
                                  .epsilon = (float)step->values[EPSILON],
                                  .gain_1 = (float)(1.0 - adam->beta_1),
                                  .gain_2 = (float)(1.0 - adam->beta_2),
                                  .outer = outer,
                                  .x = x};
    float decay = (float)(step->rate * adam->weight_decay);
    for (uint64_t i = 0; decay > 0.0f && i < n; i++)
        w[i] -= w[i] * decay;
    if (adam->amsgrad)
        step_amsgrad(&own, n, w, g, slots);
    else
        step_run(&own, n, w, g, slots[MEAN], slots[SQUARE]);
}

static void step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                 float *const *slots) {
    run(config, step, n, w, 0, 0.0f, g, slots);
}

static void step_outer(const void *config, const runner_step *step, uint64_t n, float *w, float x, const float *g,
                       float *const *slots) {
    run(config, step, n, w, 1, x, g, slots);
}

/* ---- Steps with gradients of 0 ---- */

/* What holds for all of them: none divides m by less than half of epsilon plus the root of `share` of v. */
struct bounds {
    float alpha, epsilon, share;
};

static struct bounds bounds_of(const struct adam *adam, const runner_step *steps, uint64_t count) {
    /* v loses 1 - beta_2 of itself a step: (1 - x)^n >= 0.5 where n x <= 0.5. With amsgrad the divisor is larger. */
    struct bounds bounds = {.epsilon = (float)steps[0].values[EPSILON],
                            .share = (double)count * (1.0 - adam->beta_2) <= 0.5 ? 0.4f : 0.0f};
    for (uint64_t k = 0; k < count; k++) {
        float alpha = (float)steps[k].values[ALPHA], epsilon = (float)steps[k].values[EPSILON];
        bounds.alpha = alpha > bounds.alpha ? alpha : bounds.alpha;
        bounds.epsilon = epsilon < bounds.epsilon ? epsilon : bounds.epsilon;
    }
    return bounds;
}

/* Whether the steps leave all weights as they are. A weight loses a step of less than 2^-25 of it, half of its last place; 2^-27 leaves
   room for what is rounded here. m only gets smaller, so what is so at once is so to the end. */
static int all_rest(struct bounds bounds, uint64_t n, const float *w, const float *m, const float *v) {
    float epsilon = bounds.epsilon * 0x1p-27f, share = bounds.share * 0x1p-54f;
    int moves = !(bounds.epsilon > 0.0f); /* 0 / 0 is no rest */
    for (uint64_t i = 0; i < n; i++) {
        float a = fabsf(m[i]) * bounds.alpha, size = fabsf(w[i]);
        int small = (a < size * epsilon) | (a * a < size * size * (v[i] * share));
        moves |= !(small & (v[i] < 1e38f));
    }
    return !moves;
}

/* The same, for less where they do not: a few weights tell, and the first step. */
static int have_come_to_rest(const struct adam *adam, const runner_step *steps, uint64_t count, uint64_t n,
                             const float *w, float *const *slots) {
    const float *m = slots[MEAN], *v = slots[SQUARE];
    return count >= LOOK && !(adam->weight_decay > 0) &&
           all_rest(bounds_of(adam, steps, 1), n < FEW ? n : FEW, w, m, v) &&
           all_rest(bounds_of(adam, steps, count), n, w, m, v);
}

static void step_piece(const struct adam *adam, const runner_step *steps, uint64_t count, struct zero_steps *part,
                       uint64_t n, float *w, float *const *slots) {
    static const float no_gradient[PIECE];
    const int simple = !adam->amsgrad && !(adam->weight_decay > 0);
    while (count > 0 && !have_come_to_rest(adam, steps, count, n, w, slots)) {
        part->count = count < ZERO_STEPS ? count : ZERO_STEPS;
        for (uint64_t k = 0; k < part->count; k++) {
            part->alpha[k] = (float)steps[k].values[ALPHA];
            part->epsilon[k] = (float)steps[k].values[EPSILON];
            if (!simple)
                step(adam, &steps[k], n, w, no_gradient, slots);
        }
        if (simple)
            zeros(part, n, w, slots[MEAN], slots[SQUARE]);
        steps += part->count;
        count -= part->count;
    }
    if (count > 0) {
        fade(count, part->gain_1, n, slots[MEAN]);
        fade(count, part->gain_2, n, slots[SQUARE]);
    }
}

static void step_zeros(const void *config, const runner_step *steps, uint64_t count, uint64_t n, float *w,
                       float *const *slots) {
    const struct adam *adam = config;
    struct zero_steps part;
    part.gain_1 = (float)(1.0 - adam->beta_1);
    part.gain_2 = (float)(1.0 - adam->beta_2);
    double fall = sqrt(1.0 - (double)part.gain_2);
    part.fall = (float)fall;
    part.rise = (float)(1.0 / fall);
    for (uint64_t i = 0; i < n; i += PIECE) {
        float *here[N_SLOTS] = {slots[MEAN] + i, slots[SQUARE] + i, adam->amsgrad ? slots[LARGEST] + i : NULL};
        step_piece(adam, steps, count, &part, n - i < PIECE ? n - i : PIECE, w + i, here);
    }
}

static const runner_optimizer_ops ops = {
    .size = sizeof ops, .plan = plan, .begin = begin, .step = step, .step_zeros = step_zeros, .step_outer = step_outer};

#define COMPONENT(component, text, count)                                                                              \
    {                                                                                                                  \
        .kind = RUNNER_OPTIMIZER, .config_size = sizeof(struct adam), .name = component, .doc = text,                  \
        .params = params, .n_params = count, .ops = &ops                                                               \
    }
static const runner_component components[] = {
    COMPONENT("adam", "adaptive moments", RUNNER_COUNT(params) - 1), /* all but weight_decay */
    COMPONENT("adamw", "adam with decoupled weight decay", RUNNER_COUNT(params)),
};
RUNNER_PLUGIN(components, "1.1.0")

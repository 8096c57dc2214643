/* Optimizers: three updates of a tensor, in runs of weights or, where plan() asks for it, as a whole. */
#include "runner/conformance/kinds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UPDATES = 3, WHOLE = 1 };

static const runner_shape shapes[] = {{1, {131}}, {2, {9, 14}}, {1, {1}}, {4, {3, 3, 2, 4}}, {2, {40, 3}}};

struct optimizer_work {
    struct work work;
    const runner_optimizer_ops *ops;
    runner_optimizer_plan plan;
    runner_step *step;
    bool whole;
    uint64_t elements;
    struct matrix w, gradients[UPDATES], slots[RUNNER_MAX_SLOTS];
};

static struct matrix slot_matrix(struct guard *guard, const char *name, uint32_t form, uint64_t rows,
                                 uint64_t columns) {
    switch (form) {
    case RUNNER_SLOT_ROWS: return matrix_new(guard, name, rows, 1);
    case RUNNER_SLOT_COLUMNS: return matrix_new(guard, name, 1, columns);
    default: return matrix_new(guard, name, rows, columns);
    }
}

static bool plan_is_well(struct subject *subject, const struct optimizer_work *own) {
    const runner_optimizer_plan *plan = &own->plan;
    if (plan->slots > RUNNER_MAX_SLOTS)
        return check_fail(subject, "plan() wants %" PRIu32 " slots; at most %d are possible", plan->slots,
                          RUNNER_MAX_SLOTS);
    if (own->whole ? own->ops->step_tensor == NULL : own->ops->step == NULL)
        return check_fail(subject, "plan() wants %s, which its ops do not have",
                          own->whole ? "step_tensor()" : "step()");
    for (uint32_t s = 0; s < plan->slots; s++)
        if (plan->slot_shape[s] > RUNNER_SLOT_COLUMNS || (plan->slot_shape[s] != RUNNER_SLOT_ELEMENTS && !own->whole))
            return check_fail(subject, "plan() wants a slot of shape %" PRIu32 "%s", plan->slot_shape[s],
                              own->whole ? ", which does not exist" : " without RUNNER_WHOLE_TENSOR");
    return true;
}

/* Matrices of a run of weights have one row. */
static void make_tensors(struct optimizer_work *own, const runner_shape *shape) {
    static const char *const slot_names[RUNNER_MAX_SLOTS] = {"slot 0", "slot 1", "slot 2", "slot 3",
                                                             "slot 4", "slot 5", "slot 6", "slot 7"};
    struct guard *guard = &own->work.subject->guard;
    uint64_t columns = own->whole ? shape->size[shape->rank - 1] : own->elements, rows = own->elements / columns;
    own->w = matrix_new(guard, "weights", rows, columns);
    matrix_fill(&own->w, 1, -1, 1);
    work_add_matrix(&own->work, &own->w);
    for (int t = 0; t < UPDATES; t++) {
        own->gradients[t] = matrix_new(guard, "gradient", rows, columns);
        matrix_fill(&own->gradients[t], (uint64_t)t + 2, -1, 1);
        own->work.padded[own->work.n_padded++] = &own->gradients[t];
    }
    for (uint32_t s = 0; s < own->plan.slots; s++) {
        own->slots[s] = slot_matrix(guard, slot_names[s], own->plan.slot_shape[s], rows, columns);
        float initial = own->plan.slot_initial[s];
        matrix_fill(&own->slots[s], 1, initial, initial);
        work_add_matrix(&own->work, &own->slots[s]);
    }
}

static struct work *optimizer_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct optimizer_work *own = arena_alloc(&subject->arena, sizeof *own);
    const runner_shape *shape = &shapes[index];
    char text[SHAPE_TEXT];
    check_scene(subject, "tensor of shape %s", shape_text(shape, text));
    own->work = (struct work){.form = &optimizer_form, .subject = subject};
    own->ops = subject->part->ops;
    own->elements = runner_elements(shape);
    own->plan =
        (runner_optimizer_plan){.size = sizeof own->plan, .tensor = {.name = "dense_1/kernel", .shape = *shape}};
    if (own->ops->plan(subject->part->config, lent_to(&subject->lent, "plan()"), &own->plan) != RUNNER_OK) {
        subject_refusal(subject, refusal);
        return NULL;
    }
    own->whole = (own->plan.flags & RUNNER_WHOLE_TENSOR) != 0;
    if (!plan_is_well(subject, own))
        return NULL;
    make_tensors(own, shape);
    own->step = guard_alloc(&subject->guard, "step", sizeof *own->step);
    *own->step = (runner_step){.size = sizeof *own->step};
    work_add_bytes(&own->work, "step", own->step, sizeof *own->step);
    return &own->work;
}

/* Phases in pairs: begin(), then step(). */
static uint64_t optimizer_units(struct work *work, unsigned phase) {
    const struct optimizer_work *own = (const struct optimizer_work *)work;
    return phase >= 2 * UPDATES ? 0 : phase % 2 == 0 || own->whole ? 1 : own->elements;
}

static void optimizer_enter(struct work *work, unsigned phase) {
    const struct optimizer_work *own = (const struct optimizer_work *)work;
    struct guard *guard = &work->subject->guard;
    bool begins = phase % 2 == 0;
    guard_allow_writes(guard, own->step, begins);
    guard_allow_writes(guard, own->w.data, !begins);
    for (int t = 0; t < UPDATES; t++)
        guard_allow_writes(guard, own->gradients[t].data, false);
}

static void begin(struct optimizer_work *own, unsigned update, double rate, struct lent *lent) {
    own->step->number = update + 1u;
    own->step->rate = rate;
    lent_to(lent, "begin()");
    if (own->ops->begin != NULL)
        own->ops->begin(own->work.subject->part->config, own->step);
    if (own->step->number != update + 1u || own->step->rate != rate || own->step->size != sizeof *own->step)
        check_fail(own->work.subject, "begin() changes the update's number or rate; only `values` are its own");
}

static void optimizer_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct optimizer_work *own = (struct optimizer_work *)work;
    const void *config = work->subject->part->config;
    unsigned update = phase / 2;
    if (phase % 2 == 0) {
        begin(own, update, 0.01 / (update + 1), lent);
        return;
    }
    runner_view views[RUNNER_MAX_SLOTS] = {{0}};
    float *slots[RUNNER_MAX_SLOTS] = {NULL};
    for (uint32_t s = 0; s < own->plan.slots; s++) {
        views[s] = own->slots[s].view;
        slots[s] = own->slots[s].data + first;
    }
    if (own->whole)
        own->ops->step_tensor(config, lent_to(lent, "step_tensor()"), own->step, &own->w.view,
                              &own->gradients[update].view, views);
    else {
        lent_to(lent, "step()");
        own->ops->step(config, own->step, count, own->w.data + first, own->gradients[update].data + first, slots);
    }
}

const struct work_form optimizer_form = {.open = optimizer_open,
                                         .n_scenes = sizeof shapes / sizeof shapes[0],
                                         .units = optimizer_units,
                                         .enter = optimizer_enter,
                                         .run = optimizer_run};

/* ---- Flags -------------------------------------------------------------------------------------------------------- */

static void allow_all(struct optimizer_work *own) {
    struct guard *guard = &own->work.subject->guard;
    guard_allow_writes(guard, own->step, true);
    guard_allow_writes(guard, own->w.data, true);
    guard_allow_writes(guard, own->gradients[0].data, true);
}

/* One more update with the first gradient. */
static bool update_again(struct optimizer_work *own, double rate) {
    struct lent *lent = &own->work.subject->lent;
    own->step->number++;
    own->step->rate = rate;
    lent_to(lent, "begin()");
    if (own->ops->begin != NULL)
        own->ops->begin(own->work.subject->part->config, own->step);
    optimizer_run(&own->work, 1, 0, own->elements, lent);
    return check_calls(own->work.subject, lent);
}

static bool zero_scene(const struct scene *scene, struct work *work) {
    struct optimizer_work *own = (struct optimizer_work *)work;
    (void)scene;
    if ((own->plan.flags & RUNNER_ZERO_IS_NOOP) == 0)
        return check_skip(work->subject, "it does not declare RUNNER_ZERO_IS_NOOP");
    if (!work_run(work, 0, 1))
        return false;
    allow_all(own);
    matrix_zero(&own->gradients[0]);
    work->n_results--; /* the step's number moves on */
    struct digest before = digest_of(work);
    bool well = update_again(own, 0.1) && digest_same(work, &before, "after a gradient of 0");
    digest_free(&before);
    return well;
}

enum { LATE = 300 }; /* steps that come late */

/* Copies weights and slots from or to `store`, one after another. */
static void copy_state(struct optimizer_work *own, float *store, bool back) {
    for (uint32_t s = 0; s <= own->plan.slots; s++) {
        const struct matrix *matrix = s == 0 ? &own->w : &own->slots[s - 1];
        uint64_t bytes = matrix->view.rows * matrix->view.pitch * sizeof(float);
        memcpy(back ? matrix->data : store, back ? store : matrix->data, bytes);
        store += bytes / sizeof(float);
    }
}

/* step_zeros() against as many calls of step(). */
static bool late_scene(const struct scene *scene, struct work *work) {
    struct optimizer_work *own = (struct optimizer_work *)work;
    const runner_optimizer_ops *ops = own->ops;
    (void)scene;
    if (own->whole || ops->step_zeros == NULL)
        return check_skip(work->subject, "it has no step_zeros()");
    if (!work_run(work, 0, 1))
        return false;
    allow_all(own);
    matrix_zero(&own->gradients[0]);
    struct arena *arena = &work->subject->arena;
    float *before = arena_array(arena, (own->plan.slots + 1) * own->w.view.rows * own->w.view.pitch, sizeof *before);
    runner_step *steps = arena_array(arena, LATE, sizeof *steps);
    copy_state(own, before, false);
    for (int k = 0; k < LATE; k++) {
        if (!update_again(own, k % 3 == 0 ? 0.02 : 0.01))
            return false;
        steps[k] = *own->step;
    }
    struct digest wanted = digest_of(work);
    float *slots[RUNNER_MAX_SLOTS] = {NULL};
    for (uint32_t s = 0; s < own->plan.slots; s++)
        slots[s] = own->slots[s].data;
    copy_state(own, before, true);
    lent_to(&work->subject->lent, "step_zeros()");
    ops->step_zeros(work->subject->part->config, steps, LATE, own->elements, own->w.data, slots);
    bool well = digest_same(work, &wanted, "after step_zeros() in place of 300 calls of step() with gradients of 0");
    digest_free(&wanted);
    return well;
}

/* step_outer() against step() with the gradients that it stands for. */
static bool outer_scene(const struct scene *scene, struct work *work) {
    static const float factors[] = {-0.37f, 1, 1.5f};
    struct optimizer_work *own = (struct optimizer_work *)work;
    const runner_optimizer_ops *ops = own->ops;
    (void)scene;
    if (own->whole || ops->step_outer == NULL)
        return check_skip(work->subject, "it has no step_outer()");
    if (!work_run(work, 0, 1))
        return false;
    allow_all(own);
    struct arena *arena = &work->subject->arena;
    float *before = arena_array(arena, (own->plan.slots + 1) * own->w.view.rows * own->w.view.pitch, sizeof *before);
    float *delta = arena_array(arena, own->elements, sizeof *delta), *slots[RUNNER_MAX_SLOTS] = {NULL};
    for (uint32_t s = 0; s < own->plan.slots; s++)
        slots[s] = own->slots[s].data;
    bool well = true;
    for (int k = 0; k < 3 && well; k++) {
        copy_state(own, before, false);
        for (uint64_t i = 0; i < own->elements; i++) {
            delta[i] = i % 5 == 0 ? 0 : own->w.data[i];
            own->gradients[0].data[i] = fmaf(factors[k], delta[i], 0);
        }
        if (!update_again(own, 0.01))
            return false;
        struct digest wanted = digest_of(work);
        copy_state(own, before, true);
        lent_to(&work->subject->lent, "step_outer()");
        ops->step_outer(work->subject->part->config, own->step, own->elements, own->w.data, factors[k], delta, slots);
        well = digest_same(work, &wanted, "after step_outer() in place of step() with those gradients");
        digest_free(&wanted);
    }
    return well;
}

static bool linear_scene(const struct scene *scene, struct work *work) {
    struct optimizer_work *own = (struct optimizer_work *)work;
    (void)scene;
    if ((own->plan.flags & RUNNER_LINEAR) == 0)
        return check_skip(work->subject, "it does not declare RUNNER_LINEAR");
    if (own->plan.slots > 0)
        return check_fail(work->subject, "it declares RUNNER_LINEAR, but keeps %" PRIu32 " slots", own->plan.slots);
    allow_all(own);
    struct matrix *w = &own->w, *g = &own->gradients[0];
    struct matrix before = matrix_new(&work->subject->guard, "weights before", w->view.rows, w->view.columns);
    memcpy(before.data, w->data, w->view.rows * w->view.pitch * sizeof(float));
    float rate = 0.125f; /* a power of 2, so that it does not matter how the product is rounded */
    if (!update_again(own, (double)rate))
        return false;
    for (uint64_t i = 0; i < w->view.rows; i++)
        for (uint64_t j = 0; j < w->view.columns; j++) {
            float wanted = *matrix_at(&before, i, j) - rate * *matrix_at(g, i, j);
            if (*matrix_at(w, i, j) != wanted)
                return check_fail(
                    work->subject,
                    "it declares RUNNER_LINEAR, but weight %llu is %.9g after a step; w - rate * g is %.9g",
                    (unsigned long long)(i * w->view.columns + j), (double)*matrix_at(w, i, j), (double)wanted);
        }
    return true;
}

/* 200 updates on 0.5 |w|^2, whose gradient is w itself: the weights shrink. */
static bool descent_scene(const struct scene *scene, struct work *work) {
    struct optimizer_work *own = (struct optimizer_work *)work;
    (void)scene;
    allow_all(own);
    double before = 0, after = 0;
    for (int t = 0; t < 200; t++)
        for (uint64_t i = 0; i <= own->w.view.rows; i++) {
            if (i == own->w.view.rows) {
                if (!update_again(own, 0.001))
                    return false;
                continue;
            }
            for (uint64_t j = 0; j < own->w.view.columns; j++) {
                float w = *matrix_at(&own->w, i, j);
                *matrix_at(&own->gradients[0], i, j) = w;
                before += t == 0 ? (double)w * (double)w : 0;
            }
        }
    for (uint64_t i = 0; i < own->w.view.rows; i++)
        for (uint64_t j = 0; j < own->w.view.columns; j++)
            after += (double)*matrix_at(&own->w, i, j) * (double)*matrix_at(&own->w, i, j);
    if (!(after < before))
        return check_fail(work->subject, "200 updates at rate 0.001 raise the loss 0.5 |w|^2 from %g to %g", before / 2,
                          after / 2);
    return true;
}

bool optimizer_zero(const struct target *target, struct page *page) {
    return each_scene(target, &optimizer_form, page, zero_scene);
}

bool optimizer_late(const struct target *target, struct page *page) {
    return each_scene(target, &optimizer_form, page, late_scene);
}

bool optimizer_outer(const struct target *target, struct page *page) {
    return each_scene(target, &optimizer_form, page, outer_scene);
}

bool optimizer_linear(const struct target *target, struct page *page) {
    return each_scene(target, &optimizer_form, page, linear_scene);
}

bool optimizer_descent(const struct target *target, struct page *page) {
    return each_scene(target, &optimizer_form, page, descent_scene);
}

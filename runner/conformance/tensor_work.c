/* Initializers, regularizers and constraints: what is done to one tensor. */
#include "runner/base/random.h"
#include "runner/conformance/derivative.h"
#include "runner/conformance/kinds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const runner_shape shapes[] = {{1, {37}}, {2, {9, 14}}, {2, {14, 9}}, {4, {3, 3, 2, 4}}, {1, {1}}, {0, {0}}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

struct tensor_work {
    struct work work;
    const void *ops;
    uint64_t elements;
    float *weights; /* without padding, as initializers and regularizers see them */
    float *gradient;
    struct matrix matrix; /* as constraints see them */
    runner_tensor *tensor;
    double *penalties; /* of the job that began at each weight */
};

static struct tensor_work *work_new(struct subject *subject, const struct work_form *form, uint32_t index) {
    struct tensor_work *own = arena_alloc(&subject->arena, sizeof *own);
    char text[SHAPE_TEXT];
    check_scene(subject, "tensor of shape %s", shape_text(&shapes[index], text));
    own->work = (struct work){.form = form, .subject = subject};
    own->ops = subject->part->ops;
    own->elements = runner_elements(&shapes[index]);
    return own;
}

static void add_floats(struct tensor_work *own, const char *name, const float *values) {
    own->work.results[own->work.n_results++] = (struct result){.name = name,
                                                               .bytes = (const unsigned char *)values,
                                                               .rows = 1,
                                                               .row_size = own->elements * sizeof(float),
                                                               .real = true};
}

static uint64_t one_unit(struct work *work, unsigned phase) {
    (void)work;
    return phase == 0 ? 1 : 0;
}

static uint64_t weight_units(struct work *work, unsigned phase) {
    return phase == 0 ? ((const struct tensor_work *)work)->elements : 0;
}

/* ---- Initializer ---------------------------------------------------------------------------------------------------- */

static struct work *initializer_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct tensor_work *own = work_new(subject, &initializer_form, index);
    own->weights = guard_alloc(&subject->guard, "values", own->elements * sizeof(float));
    own->tensor = guard_alloc(&subject->guard, "tensor", sizeof *own->tensor);
    *own->tensor = (runner_tensor){.name = "kernel", .shape = shapes[index], .fan_in = 12, .fan_out = 20};
    guard_allow_writes(&subject->guard, own->tensor, false);
    add_floats(own, "values", own->weights);
    subject->lent.call.random = random_key(7, "dense_1/kernel", 0);
    if (((const runner_initializer_ops *)own->ops)
            ->fill(subject->part->config, lent_to(&subject->lent, "fill()"), own->tensor, own->weights) != RUNNER_OK) {
        subject_refusal(subject, refusal); /* of this shape */
        return NULL;
    }
    memset(own->weights, subject->guard.pattern, own->elements * sizeof(float));
    return &own->work;
}

static void initializer_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct tensor_work *own = (struct tensor_work *)work;
    const runner_initializer_ops *ops = own->ops;
    (void)phase, (void)first, (void)count;
    lent->call.random = random_key(7, "dense_1/kernel", 0);
    if (ops->fill(work->subject->part->config, lent_to(lent, "fill()"), own->tensor, own->weights) != RUNNER_OK &&
        !lent->call.failed)
        check_fail(work->subject, "fill() failed without a reason");
}

const struct work_form initializer_form = {
    .open = initializer_open, .n_scenes = SHAPES, .units = one_unit, .run = initializer_run};

static bool values_scene(const struct scene *scene, struct work *work) {
    const struct tensor_work *own = (const struct tensor_work *)work;
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    for (uint64_t i = 0; i < own->elements; i++)
        if (!isfinite(own->weights[i]))
            return check_fail(work->subject, "fill() leaves value %llu as %g: it writes all values, and finite ones",
                              (unsigned long long)i, (double)own->weights[i]);
    return true;
}

bool initializer_values(const struct target *target, struct page *page) {
    return each_scene(target, &initializer_form, page, values_scene);
}

/* ---- Regularizer ---------------------------------------------------------------------------------------------------- */

static struct work *regularizer_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct tensor_work *own = work_new(subject, &regularizer_form, index);
    struct guard *guard = &subject->guard;
    uint64_t random = 1;
    (void)refusal;
    own->weights = guard_alloc(guard, "weights", own->elements * sizeof(float));
    own->gradient = guard_alloc(guard, "gradient", own->elements * sizeof(float));
    own->penalties = guard_alloc(guard, "penalties", own->elements * sizeof(double));
    for (uint64_t i = 0; i < own->elements; i++) {
        own->weights[i] = random_value(&random);
        own->gradient[i] = 0.25f;
        own->penalties[i] = 0;
    }
    guard_allow_writes(guard, own->weights, false);
    add_floats(own, "gradient", own->gradient);
    return &own->work;
}

static void regularizer_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct tensor_work *own = (struct tensor_work *)work;
    const runner_regularizer_ops *ops = own->ops;
    (void)phase;
    lent_to(lent, "penalty()");
    own->penalties[first] =
        ops->penalty(work->subject->part->config, count, own->weights + first, own->gradient + first);
}

const struct work_form regularizer_form = {
    .open = regularizer_open, .n_scenes = SHAPES, .units = weight_units, .run = regularizer_run};

static float *place(void *context, uint64_t i) {
    return &((const struct tensor_work *)context)->weights[i];
}

static double claimed(void *context, uint64_t i) {
    return (double)((const struct tensor_work *)context)->gradient[i] - 0.25;
}

static double penalty(void *context, double *noise) {
    const struct tensor_work *own = context;
    const runner_regularizer_ops *ops = own->ops;
    lent_to(&own->work.subject->lent, "penalty()");
    double sum = ops->penalty(own->work.subject->part->config, own->elements, own->weights, NULL);
    if (noise != NULL)
        *noise = 0x1p-26 * (1 + fabs(sum)); /* 0.25 was added to the derivative */
    return sum;
}

static bool regularizer_scene(const struct scene *scene, struct work *work) {
    struct tensor_work *own = (struct tensor_work *)work;
    static const float steps[] = {0x1p-7f, 0x1p-5f, 0x1p-9f};
    struct derivative_error error;
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    double whole = own->penalties[0], alone = penalty(own, NULL);
    if (!(whole == alone))
        return check_fail(work->subject, "the penalty is %.9g without a gradient and %.9g with one", alone, whole);
    guard_allow_writes(&work->subject->guard, own->weights, true);
    struct derivative derivative = {.context = own,
                                    .count = own->elements,
                                    .place = place,
                                    .claimed = claimed,
                                    .value = penalty,
                                    .steps = steps,
                                    .n_steps = sizeof steps / sizeof steps[0]};
    if (!derivative_compare(&derivative, &error))
        return check_fail(work->subject, "the penalty has corners at most weights: no derivative to compare");
    if (error.relative > DERIVATIVE_TOLERANCE || error.relative != error.relative)
        return check_fail(
            work->subject,
            "what is added to g has a relative error of %.2g against central differences of the penalty (at "
            "most %g); at weight %llu it is %.6g, and the difference %.6g",
            error.relative, DERIVATIVE_TOLERANCE, (unsigned long long)error.worst, error.claimed, error.difference);
    double parts = 0;
    const runner_regularizer_ops *ops = own->ops;
    for (uint64_t i = 0; i < own->elements; i++)
        parts += ops->penalty(work->subject->part->config, 1, own->weights + i, NULL);
    if (!(fabs(parts - whole) <= 1e-6 * fabs(whole)))
        return check_fail(work->subject, "the penalty of all weights is %.9g, and the sum of each one's own %.9g",
                          whole, parts);
    return check_calls(work->subject, &work->subject->lent);
}

bool regularizer_gradient_check(const struct target *target, struct page *page) {
    return each_scene(target, &regularizer_form, page, regularizer_scene);
}

/* ---- Constraint ------------------------------------------------------------------------------------------------------ */

static struct work *constraint_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct tensor_work *own = work_new(subject, &constraint_form, index);
    uint64_t columns = shapes[index].rank > 0 ? shapes[index].size[shapes[index].rank - 1] : 1;
    (void)refusal;
    own->matrix = matrix_new(&subject->guard, "weights", own->elements / columns, columns);
    matrix_fill(&own->matrix, 1, -4, 4);
    work_add_matrix(&own->work, &own->matrix);
    return &own->work;
}

static void constraint_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    const struct tensor_work *own = (const struct tensor_work *)work;
    const runner_constraint_ops *ops = own->ops;
    (void)phase, (void)first, (void)count;
    ops->apply(work->subject->part->config, lent_to(lent, "apply()"), &own->matrix.view);
}

const struct work_form constraint_form = {
    .open = constraint_open, .n_scenes = SHAPES, .units = one_unit, .run = constraint_run};

/* What is within the bounds stays there: a second time changes next to nothing. */
static bool idempotent_scene(const struct scene *scene, struct work *work) {
    const struct tensor_work *own = (const struct tensor_work *)work;
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    uint64_t columns = own->matrix.view.columns;
    float *once = arena_array(&work->subject->arena, own->elements, sizeof *once);
    for (uint64_t i = 0; i < own->elements; i++)
        once[i] = *matrix_at(&own->matrix, i / columns, i % columns);
    constraint_run(work, 0, 0, 1, &work->subject->lent);
    for (uint64_t i = 0; i < own->elements; i++) {
        float twice = *matrix_at(&own->matrix, i / columns, i % columns);
        if (!(fabsf(twice - once[i]) <= 1e-4f * (1 + fabsf(once[i]))))
            return check_fail(work->subject, "apply() moves weight %llu to %.7g, and a second time to %.7g",
                              (unsigned long long)i, (double)once[i], (double)twice);
    }
    return check_calls(work->subject, &work->subject->lent);
}

bool constraint_idempotent(const struct target *target, struct page *page) {
    return each_scene(target, &constraint_form, page, idempotent_scene);
}

/* Losses and metrics over made-up predictions and targets. */
#include "runner/conformance/derivative.h"
#include "runner/conformance/kinds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Data sets that a loss or metric may be made for: classes (0: values), outputs of the model, values of a target. */
static const struct {
    uint32_t classes, outputs, values;
} problems[] = {{4, 4, 0}, {2, 1, 0}, {0, 3, 3}, {10, 10, 0}, {0, 1, 1}, {2, 2, 0}};
static const uint64_t batches[] = {7, 1};
enum { PROBLEMS = sizeof problems / sizeof problems[0], BATCHES = 2, FORMS = 2 };

struct loss_work {
    struct work work;
    const runner_loss_ops *ops;
    const runner_metric_ops *metric_ops;
    runner_loss_plan plan; /* of a metric: its target */
    runner_metric_plan metric_plan;
    uint32_t from_logits;
    uint64_t rows;
    bool apart; /* values and derivatives in calls of their own */
    struct matrix prediction, target, delta;
    int32_t *labels;
    double *values;
    double *sums; /* [rows][metric's sums]: those of the job that began at that row */
    double result;
};

static void make_targets(struct loss_work *own, uint32_t form, uint32_t classes, uint64_t outputs, uint64_t elements) {
    struct guard *guard = &own->work.subject->guard;
    uint64_t columns = form == RUNNER_LABELS ? 1 : form == RUNNER_ONE_HOT ? classes : elements, random = 5;
    own->target = matrix_new(guard, "target", own->rows, columns);
    own->work.padded[own->work.n_padded++] = &own->target;
    matrix_fill(&own->target, 3, 0, 1);
    own->labels = guard_alloc(guard, "labels", own->rows * sizeof *own->labels);
    for (uint64_t i = 0; i < own->rows; i++) {
        uint32_t most = classes > 0 ? classes : 1;
        own->labels[i] = (int32_t)((0.5f + 0.5f * random_value(&random)) * (float)most) % (int32_t)most;
        if (classes == 0 || form == RUNNER_LABELS)
            continue;
        for (uint64_t j = 0; j < columns; j++)
            *matrix_at(&own->target, i, j) = columns == 1 ? (float)own->labels[i] : (int32_t)j == own->labels[i];
    }
    own->prediction = matrix_new(guard, "prediction", own->rows, outputs);
    matrix_fill(&own->prediction, 1, own->from_logits ? -2.0f : 0.2f, own->from_logits ? 2.0f : 0.8f);
    own->work.padded[own->work.n_padded++] = &own->prediction;
    guard_allow_writes(guard, own->target.data, false);
    guard_allow_writes(guard, own->labels, false);
    guard_allow_writes(guard, own->prediction.data, false);
}

static uint64_t target_elements(uint32_t problem) {
    return problems[problem].classes == 0   ? problems[problem].values
           : problems[problem].outputs == 1 ? 1
                                            : problems[problem].classes;
}

static bool target_is_well(struct subject *subject, uint32_t form, uint32_t classes) {
    if (form < RUNNER_ONE_HOT || form > RUNNER_VALUES)
        return check_fail(subject, "plan() asks for target %" PRIu32 "; wanted a runner_target", form);
    if (form != RUNNER_VALUES && classes == 0)
        return check_fail(subject, "plan() asks for classes of a data set that has values");
    return true;
}

static struct loss_work *work_new(struct subject *subject, const struct work_form *form, uint32_t index) {
    struct loss_work *own = arena_alloc(&subject->arena, sizeof *own);
    uint32_t problem = index % PROBLEMS;
    own->work = (struct work){.form = form, .subject = subject};
    own->from_logits = index / PROBLEMS % FORMS;
    own->rows = batches[index / (PROBLEMS * FORMS)];
    subject_set_constant(subject, problems[problem].outputs, problems[problem].outputs);
    char target[48] = "values";
    if (problems[problem].classes > 0)
        snprintf(target, sizeof target, "%" PRIu32 " classes", problems[problem].classes);
    check_scene(subject, "%s, %" PRIu32 " output%s, batch %" PRIu64 "%s", target, problems[problem].outputs,
                problems[problem].outputs == 1 ? "" : "s", own->rows, own->from_logits ? ", from logits" : "");
    return own;
}

static struct work *loss_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct loss_work *own = work_new(subject, &loss_form, index);
    uint32_t problem = index % PROBLEMS;
    own->ops = subject->part->ops;
    own->plan = (runner_loss_plan){.size = sizeof own->plan,
                                   .classes = problems[problem].classes,
                                   .prediction = {1, {problems[problem].outputs}},
                                   .data_target = {problems[problem].classes == 0, {problems[problem].values}}};
    if (own->ops->plan(subject->part->config, lent_to(&subject->lent, "plan()"), &own->plan) != RUNNER_OK) {
        subject_refusal(subject, refusal);
        return NULL;
    }
    if (own->from_logits && own->plan.logits_of == NULL)
        return NULL; /* the same as without */
    if (!target_is_well(subject, own->plan.target, problems[problem].classes))
        return NULL;
    make_targets(own, own->plan.target, problems[problem].classes, problems[problem].outputs, target_elements(problem));
    own->delta = matrix_new(&subject->guard, "delta", own->rows, problems[problem].outputs);
    own->values = guard_alloc(&subject->guard, "values", own->rows * sizeof(double));
    work_add_matrix(&own->work, &own->delta);
    work_add_doubles(&own->work, "values", own->values, own->rows);
    return &own->work;
}

static void loss_call(struct loss_work *own, uint64_t first, uint64_t rows, bool values, bool delta, float scale,
                      struct lent *lent) {
    runner_view prediction = matrix_rows(&own->prediction, first, rows),
                target = matrix_rows(&own->target, first, rows);
    runner_view into = own->delta.data != NULL ? matrix_rows(&own->delta, first, rows) : (runner_view){0};
    bool labels = own->plan.target == RUNNER_LABELS;
    runner_loss_rows run = {.size = sizeof run,
                            .from_logits = own->from_logits,
                            .first = first,
                            .rows = rows,
                            .prediction = &prediction,
                            .target = labels ? NULL : &target,
                            .labels = labels ? own->labels + first : NULL,
                            .values = values ? own->values + first : NULL,
                            .scale = scale,
                            .delta = delta ? &into : NULL};
    if (own->metric_ops != NULL)
        own->metric_ops->update(own->work.subject->part->config, lent_to(lent, "update()"), &run,
                                own->sums + first * own->metric_plan.sums);
    else
        own->ops->evaluate(own->work.subject->part->config, lent_to(lent, "evaluate()"), &run);
}

static uint64_t loss_units(struct work *work, unsigned phase) {
    return phase == 0 ? ((const struct loss_work *)work)->rows : 0;
}

static void loss_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct loss_work *own = (struct loss_work *)work;
    (void)phase;
    loss_call(own, first, count, true, !own->apart, 0.125f, lent);
    if (own->apart)
        loss_call(own, first, count, false, true, 0.125f, lent);
}

const struct work_form loss_form = {
    .open = loss_open, .n_scenes = PROBLEMS * FORMS * BATCHES, .units = loss_units, .run = loss_run};

/* ---- Derivative ------------------------------------------------------------------------------------------------------ */

static float *place(void *context, uint64_t i) {
    const struct loss_work *own = context;
    return matrix_at(&own->prediction, i / own->prediction.view.columns, i % own->prediction.view.columns);
}

static double claimed(void *context, uint64_t i) {
    const struct loss_work *own = context;
    return (double)*matrix_at(&own->delta, i / own->delta.view.columns, i % own->delta.view.columns);
}

static double scaled_sum(void *context, double *noise) {
    struct loss_work *own = context;
    double sum = 0;
    loss_call(own, 0, own->rows, true, false, 0.125f, &own->work.subject->lent);
    for (uint64_t i = 0; i < own->rows; i++)
        sum += 0.125 * own->values[i];
    if (noise != NULL)
        *noise = 0x1p-30 * fabs(sum);
    return sum;
}

static bool gradient_scene(const struct scene *scene, struct work *work) {
    struct loss_work *own = (struct loss_work *)work;
    static const float steps[] = {0x1p-9f, 0x1p-7f, 0x1p-11f};
    (void)scene;
    if (!work_run(work, 0, 1))
        return false;
    guard_allow_writes(&work->subject->guard, own->prediction.data, true);
    struct derivative derivative = {.context = own,
                                    .count = own->rows * own->prediction.view.columns,
                                    .place = place,
                                    .claimed = claimed,
                                    .value = scaled_sum,
                                    .steps = steps,
                                    .n_steps = sizeof steps / sizeof steps[0]};
    struct derivative_error error;
    if (!derivative_compare(&derivative, &error))
        return check_fail(work->subject, "the loss has corners at most predictions: no derivative to compare");
    if (error.relative > DERIVATIVE_TOLERANCE || error.relative != error.relative)
        return check_fail(
            work->subject,
            "delta has a relative error of %.2g against central differences of the values (at most %g); at "
            "[%" PRIu64 "][%" PRIu64 "] it is %.6g, and the difference %.6g",
            error.relative, DERIVATIVE_TOLERANCE, error.worst / own->prediction.view.columns,
            error.worst % own->prediction.view.columns, error.claimed, error.difference);
    return check_calls(work->subject, &work->subject->lent);
}

bool loss_gradient_check(const struct target *target, struct page *page) {
    return each_scene(target, &loss_form, page, gradient_scene);
}

/* Values without derivatives, and derivatives without values, are those of both at once. */
static bool apart_scene(const struct scene *scene, struct work *work) {
    struct instance again;
    char refusal[PAGE_TEXT];
    if (!work_run(work, 0, 1))
        return false;
    struct digest digest = digest_of(work);
    bool well = instance_open(scene, 0xff, &again, refusal);
    if (well) {
        ((struct loss_work *)again.work)->apart = true;
        well = work_run(again.work, 0, 1) &&
               digest_same(again.work, &digest, "where values and deltas are asked for apart");
    }
    instance_close(&again);
    digest_free(&digest);
    return well;
}

bool loss_apart(const struct target *target, struct page *page) {
    return each_scene(target, &loss_form, page, apart_scene);
}

/* ---- Metrics --------------------------------------------------------------------------------------------------------- */

static struct work *metric_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct loss_work *own = work_new(subject, &metric_form, index);
    uint32_t problem = index % PROBLEMS;
    if (own->from_logits) /* metrics see the activations */
        return NULL;
    own->metric_ops = subject->part->ops;
    own->metric_plan =
        (runner_metric_plan){.size = sizeof own->metric_plan,
                             .classes = problems[problem].classes,
                             .prediction = {1, {problems[problem].outputs}},
                             .data_target = {problems[problem].classes == 0, {problems[problem].values}}};
    if (own->metric_ops->plan(subject->part->config, lent_to(&subject->lent, "plan()"), &own->metric_plan) !=
        RUNNER_OK) {
        subject_refusal(subject, refusal);
        return NULL;
    }
    own->plan.target = own->metric_plan.target;
    if (own->metric_plan.sums > RUNNER_MAX_VALUES) {
        check_fail(subject, "plan() wants %" PRIu32 " sums; at most %d are possible", own->metric_plan.sums,
                   RUNNER_MAX_VALUES);
        return NULL;
    }
    if (!target_is_well(subject, own->plan.target, problems[problem].classes))
        return NULL;
    make_targets(own, own->plan.target, problems[problem].classes, problems[problem].outputs, target_elements(problem));
    uint64_t n = own->rows * own->metric_plan.sums;
    own->sums = guard_alloc(&subject->guard, "sums", n * sizeof(double));
    memset(own->sums, 0, n * sizeof(double));
    work_add_doubles(&own->work, "sums", own->sums, n);
    work_add_doubles(&own->work, "result", &own->result, 1);
    return &own->work;
}

/* Phase 0: update() of runs of rows; phase 1: result(). */
static uint64_t metric_units(struct work *work, unsigned phase) {
    return phase == 0 ? ((const struct loss_work *)work)->rows : phase == 1 ? 1 : 0;
}

static void metric_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct loss_work *own = (struct loss_work *)work;
    if (phase == 0) {
        loss_call(own, first, count, false, false, 0, lent);
        return;
    }
    double total[RUNNER_MAX_VALUES] = {0};
    for (uint64_t i = 0; i < own->rows; i++)
        for (uint32_t s = 0; s < own->metric_plan.sums; s++)
            total[s] += own->sums[i * own->metric_plan.sums + s];
    lent_to(lent, "result()");
    own->result = own->metric_ops->result(work->subject->part->config, own->rows, total);
}

const struct work_form metric_form = {
    .open = metric_open, .n_scenes = PROBLEMS * FORMS * BATCHES, .units = metric_units, .run = metric_run};

/* update() adds to its sums, and the metric is the same however rows are cut, but for rounding. */
static bool adds_scene(const struct scene *scene, struct work *work) {
    struct loss_work *own = (struct loss_work *)work;
    if (!work_run(work, 0, 1))
        return false;
    if (own->result != own->result)
        return check_fail(work->subject, "result() is not a number");
    double once[RUNNER_MAX_VALUES], whole = own->result;
    memcpy(once, own->sums, own->metric_plan.sums * sizeof(double));
    loss_call(own, 0, own->rows, false, false, 0, &work->subject->lent);
    for (uint32_t s = 0; s < own->metric_plan.sums; s++)
        if (!(fabs(own->sums[s] - 2 * once[s]) <= 1e-9 * (1 + fabs(once[s]))))
            return check_fail(work->subject,
                              "update() twice makes sum %" PRIu32 " %.9g, and once %.9g; it adds to the sums", s,
                              own->sums[s], once[s]);
    struct instance again;
    char refusal[PAGE_TEXT];
    bool well = instance_open(scene, 0xff, &again, refusal) && work_run(again.work, 2, 1);
    double cut = well ? ((struct loss_work *)again.work)->result : 0;
    instance_close(&again);
    if (well && !(fabs(cut - whole) <= 1e-9 * (1 + fabs(whole))))
        well =
            check_fail(work->subject, "the metric is %.12g from rows in pairs and %.12g from all at once", cut, whole);
    return well;
}

bool metric_adds(const struct target *target, struct page *page) {
    return each_scene(target, &metric_form, page, adds_scene);
}

/* What layers promise beyond what all kinds do: derivatives, and the flags of their plan. */
#include "runner/conformance/derivative.h"
#include "runner/conformance/layer_work.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Derivatives ---------------------------------------------------------------------------------------------------- */

/* By the values of one matrix: the sum of the outputs, each times a fixed weight. */
struct by {
    struct layer_work *own;
    const struct matrix *variable, *claimed;
};

static float *place(void *context, uint64_t i) {
    const struct by *by = context;
    return matrix_at(by->variable, i / by->variable->view.columns, i % by->variable->view.columns);
}

static double claimed(void *context, uint64_t i) {
    const struct by *by = context;
    return (double)*matrix_at(by->claimed, i / by->claimed->view.columns, i % by->claimed->view.columns);
}

static double weighted_sum(void *context, double *noise) {
    struct layer_work *own = ((const struct by *)context)->own;
    double sum = 0, squares = 0;
    struct lent *lent = &own->work.subject->lent;
    layer_form.run(&own->work, PHASE_REDUCE, 0, 1, lent);
    layer_form.run(&own->work, PHASE_FORWARD, 0, own->rows, lent);
    for (uint64_t i = 0; i < own->rows; i++)
        for (uint64_t j = 0; j < own->output.view.columns; j++) {
            double term = (double)*matrix_at(&own->weights, i, j) * (double)*matrix_at(&own->output, i, j);
            sum += term;
            squares += term * term;
        }
    if (noise != NULL)
        *noise = 0x1p-24 * sqrt(squares);
    return sum;
}

/* Differences of what is not finite would say nothing of where it comes from. */
static bool all_finite(struct layer_work *own, const struct matrix *matrix, const char *function) {
    for (uint64_t i = 0; i < matrix->view.rows; i++)
        for (uint64_t j = 0; j < matrix->view.columns; j++) {
            double value = (double)*matrix_at(matrix, i, j);
            if (!isfinite(value))
                return check_fail(own->work.subject,
                                  "%s makes the %s %s at [%" PRIu64 "][%" PRIu64 "], of finite values", function,
                                  matrix->name, isnan(value) ? "nan" : "infinite", i, j);
        }
    return true;
}

static bool compare(struct layer_work *own, const struct matrix *variable, const struct matrix *given,
                    const char *function) {
    static const float steps[] = {0x1p-7f, 0x1p-9f, 0x1p-5f};
    if (!all_finite(own, given, function))
        return false;
    struct by by = {own, variable, given};
    struct derivative derivative = {.context = &by,
                                    .count = variable->view.rows * variable->view.columns,
                                    .place = place,
                                    .claimed = claimed,
                                    .value = weighted_sum,
                                    .steps = steps,
                                    .n_steps = sizeof steps / sizeof steps[0]};
    struct derivative_error error;
    if (!derivative_compare(&derivative, &error))
        return check_fail(own->work.subject,
                          "the output has corners at most values of the %s: no derivative to compare", variable->name);
    if (error.relative <= DERIVATIVE_TOLERANCE)
        return true;
    return check_fail(own->work.subject,
                      "%s by the %s has a relative error of %.2g against central differences (at most %g); at [%" PRIu64
                      "][%" PRIu64 "] it is %.6g, and the difference %.6g",
                      function, variable->name, error.relative, DERIVATIVE_TOLERANCE,
                      error.worst / variable->view.columns, error.worst % variable->view.columns, error.claimed,
                      error.difference);
}

/* Lets all be written, so that values can be moved. */
static void allow_all(struct layer_work *own) {
    struct guard *guard = &own->work.subject->guard;
    for (uint32_t i = 0; i < own->leaf.plan.n_inputs; i++)
        guard_allow_writes(guard, own->inputs[i].data, true);
    for (uint32_t t = 0; t < own->leaf.plan.n_tensors; t++)
        guard_allow_writes(guard, own->tensors[t].data, true);
    guard_allow_writes(guard, own->output.data, true);
    if (own->leaf.plan.n_inputs > 0)
        guard_allow_writes(guard, own->input_deltas[0].data, true);
    guard_allow_writes(guard, own->saved, true);
    guard_allow_writes(guard, own->statistics, true);
}

static bool gradient_scene(const struct scene *scene, struct work *work) {
    struct layer_work *own = (struct layer_work *)work;
    (void)scene;
    if (!work_run(work, 0, 1) || !all_finite(own, &own->output, "forward()"))
        return false;
    allow_all(own);
    for (uint32_t i = 0; i < own->leaf.plan.n_inputs; i++)
        if (!compare(own, &own->inputs[i], &own->input_deltas[i], "backward()"))
            return false;
    for (uint32_t t = 0; t < own->leaf.plan.n_tensors; t++) {
        if ((own->leaf.plan.tensors[t].flags & RUNNER_STATE) != 0)
            continue;
        if (own->leaf.ops->gradient == NULL)
            return check_fail(work->subject, "it has a trained tensor, %s, but no gradient()", own->tensors[t].name);
        if (!compare(own, &own->tensors[t], &own->gradients[t], "gradient()"))
            return false;
    }
    return check_calls(work->subject, &work->subject->lent);
}

bool layer_gradient_check(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, gradient_scene);
}

/* ---- gradient() adds alpha times ------------------------------------------------------------------------------------ */

static bool adds_scene(const struct scene *scene, struct work *work) {
    struct layer_work *own = (struct layer_work *)work;
    (void)scene;
    if (own->leaf.ops->gradient == NULL || own->leaf.plan.n_tensors == 0)
        return check_skip(work->subject, "it has no trained tensors");
    if (!work_run(work, 0, 1))
        return false;
    struct layer_views views;
    layer_views_init(&views, own, 0, own->rows);
    for (uint32_t t = 0; t < own->leaf.plan.n_tensors; t++) {
        if ((own->leaf.plan.tensors[t].flags & RUNNER_STATE) != 0)
            continue;
        struct matrix *once = &own->gradients[t];
        struct matrix sum = matrix_new(&work->subject->guard, "gradient", once->view.rows, once->view.columns);
        matrix_fill(&sum, 9, 1, 1);
        runner_tile tile = {t, 0, sum.view.rows, 0, sum.view.columns};
        own->leaf.ops->gradient(own->leaf.config, lent_to(&work->subject->lent, "gradient()"), &views.rows, &tile,
                                -0.5f, &sum.view);
        for (uint64_t i = 0; i < sum.view.rows; i++)
            for (uint64_t j = 0; j < sum.view.columns; j++) {
                float wanted = 1 - 0.5f * *matrix_at(once, i, j), found = *matrix_at(&sum, i, j);
                if (!(fabsf(found - wanted) <= 1e-4f * (1 + fabsf(*matrix_at(once, i, j)))))
                    return check_fail(
                        work->subject,
                        "gradient() of %s with alpha -0.5 makes %.6g of 1, where alpha 1 makes %.6g of 0; "
                        "it adds alpha times the gradient to what is there",
                        own->tensors[t].name, (double)found, (double)*matrix_at(once, i, j));
            }
    }
    return check_calls(work->subject, &work->subject->lent);
}

bool layer_adds(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, adds_scene);
}

/* ---- Variants of a run, against the plain one ------------------------------------------------------------------------ */

/* Whether this leaf can be run so; else why not. */
typedef const char *variant_applies(const struct layer_work *own, struct layer_variant *variant);

/* The shares of the input's delta add up to the whole, but for rounding; then they are taken for it. */
static bool shares_add_up(const struct layer_work *own, struct layer_work *other) {
    const runner_view *whole = &own->input_deltas[0].view;
    for (uint64_t i = 0; i < whole->rows; i++)
        for (uint64_t j = 0; j < whole->columns; j++) {
            float wanted = *matrix_at(&own->input_deltas[0], i, j), found = *matrix_at(&other->input_deltas[0], i, j);
            if (!(fabsf(found - wanted) <= 1e-4f * (1 + fabsf(wanted))))
                return check_fail(
                    other->work.subject,
                    "the shares of the input's delta by columns (RUNNER_COLUMNS) add up to %.6g at [%" PRIu64
                    "][%" PRIu64 "], where the whole is %.6g",
                    (double)found, i, j, (double)wanted);
            *matrix_at(&other->input_deltas[0], i, j) = wanted;
        }
    return true;
}

static bool variant_scene(const struct scene *scene, struct work *work, variant_applies *applies, const char *when,
                          const uint64_t *columns, size_t n_columns) {
    struct layer_work *own = (struct layer_work *)work;
    struct layer_variant variant = {0};
    const char *why = applies(own, &variant);
    if (why != NULL)
        return check_skip(work->subject, "%s", why);
    if (!work_run(work, 0, 1))
        return false;
    struct digest digest = digest_of(work);
    bool well = true;
    for (size_t i = 0; i < n_columns && well; i++) {
        struct instance again;
        char refusal[PAGE_TEXT];
        well = instance_open(scene, 0xff, &again, refusal);
        if (well) {
            struct layer_work *other = (struct layer_work *)again.work;
            other->variant = variant;
            other->variant.columns = columns[i];
            if (variant.unwanted) /* nothing comes out there */
                for (uint32_t k = 0; k < own->leaf.plan.n_inputs; k++)
                    memcpy(other->input_deltas[k].data, own->input_deltas[k].data,
                           own->rows * own->input_deltas[k].view.pitch * sizeof(float));
            well = work_run(again.work, 0, 1);
            allow_all(other);
            well = well && (!variant.cut_tensors || shares_add_up(own, other));
            if (well && variant.in_place) {
                memcpy(other->output.data, other->inputs[0].data, own->rows * own->output.view.pitch * sizeof(float));
                memcpy(other->input_deltas[0].data, other->weights.data,
                       own->rows * own->input_deltas[0].view.pitch * sizeof(float));
            }
            if (well && variant.spoil)
                memcpy(other->output.data, own->output.data, own->rows * own->output.view.pitch * sizeof(float));
            for (uint32_t t = 0; well && variant.spoil && t < own->leaf.plan.n_tensors; t++)
                memcpy(other->tensors[t].data, own->tensors[t].data,
                       own->tensors[t].view.rows * own->tensors[t].view.pitch * sizeof(float));
            well = well && digest_same(again.work, &digest, when);
        }
        instance_close(&again);
    }
    digest_free(&digest);
    return well;
}

static const uint64_t all_columns[] = {0}, some_columns[] = {1, 3, 8, 16};

static const char *spoil_applies(const struct layer_work *own, struct layer_variant *variant) {
    (void)own;
    variant->spoil = true;
    return NULL;
}

static bool keep_scene(const struct scene *scene, struct work *work) {
    return variant_scene(scene, work, spoil_applies,
                         "where the host has reused what the plan does not ask to keep (RUNNER_KEEP_INPUT, "
                         "RUNNER_KEEP_OUTPUT; gradient() may not read tensors)",
                         all_columns, 1);
}

static const char *in_place_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->in_place = true;
    if ((own->leaf.plan.flags & RUNNER_IN_PLACE) == 0)
        return "it does not declare RUNNER_IN_PLACE";
    if ((own->leaf.plan.flags & RUNNER_KEEP_INPUT) != 0 || own->leaf.plan.n_tensors > 0)
        return "the host would not use RUNNER_IN_PLACE: the input is kept, or there are tensors";
    return own->inputs[0].view.columns == own->output.view.columns
               ? NULL
               : "the host would not use RUNNER_IN_PLACE: input and output differ in size";
}

static bool in_place_scene(const struct scene *scene, struct work *work) {
    return variant_scene(scene, work, in_place_applies, "in place (RUNNER_IN_PLACE)", all_columns, 1);
}

static const char *unwanted_applies(const struct layer_work *own, struct layer_variant *variant) {
    (void)own;
    variant->unwanted = true;
    return NULL;
}

static bool unwanted_scene(const struct scene *scene, struct work *work) {
    return variant_scene(scene, work, unwanted_applies, "where no input delta is wanted", all_columns, 1);
}

static const char *hidden_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->hidden = true;
    bool any = (own->leaf.plan.flags & RUNNER_SPARSE_INPUT) != 0;
    for (uint32_t t = 0; t < own->leaf.plan.n_tensors; t++)
        any = any || (own->leaf.plan.tensors[t].flags & RUNNER_PRODUCT) != 0;
    return any ? NULL : "it declares neither RUNNER_SPARSE_INPUT nor RUNNER_PRODUCT";
}

static bool hidden_scene(const struct scene *scene, struct work *work) {
    return variant_scene(scene, work, hidden_applies,
                         "with views that have no data of their own (RUNNER_SPARSE_INPUT, RUNNER_PRODUCT)", all_columns,
                         1);
}

static const char *elementwise_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->cut_inputs = true;
    if (own->leaf.plan.n_tensors > 0 || own->leaf.plan.saved > 0)
        return "the host would not use RUNNER_ELEMENTWISE: there are tensors or saved bytes";
    return (own->leaf.plan.flags & RUNNER_ELEMENTWISE) == 0 ? "it does not declare RUNNER_ELEMENTWISE" : NULL;
}

static bool elementwise_scene(const struct scene *scene, struct work *work) {
    const struct layer_work *own = (const struct layer_work *)work;
    if ((own->leaf.plan.flags & RUNNER_ELEMENTWISE) != 0 &&
        (own->leaf.plan.n_inputs == 0 || own->inputs[0].view.columns != own->output.view.columns))
        return check_fail(work->subject, "it declares RUNNER_ELEMENTWISE, but input and output differ in size");
    return variant_scene(scene, work, elementwise_applies, "by columns (RUNNER_ELEMENTWISE)", some_columns, 4);
}

static const char *columns_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->cut_tensors = true;
    return (own->leaf.plan.flags & RUNNER_COLUMNS) == 0 ? "it does not declare RUNNER_COLUMNS" : NULL;
}

static bool columns_scene(const struct scene *scene, struct work *work) {
    const struct layer_work *own = (const struct layer_work *)work;
    for (uint32_t t = 0; (own->leaf.plan.flags & RUNNER_COLUMNS) != 0 && t < own->leaf.plan.n_tensors; t++)
        if (own->tensors[t].view.columns != own->output.view.columns)
            return check_fail(work->subject, "it declares RUNNER_COLUMNS, but %s has other columns than the output",
                              own->tensors[t].name);
    return variant_scene(scene, work, columns_applies, "by columns (RUNNER_COLUMNS)", some_columns, 4);
}

static const char *input_columns_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->input_columns = true;
    return (own->leaf.plan.flags & RUNNER_INPUT_COLUMNS) == 0 ? "it does not declare RUNNER_INPUT_COLUMNS" : NULL;
}

static bool has_input_rows(const struct layer_work *own) {
    return own->leaf.plan.n_inputs > 0 && own->leaf.plan.n_tensors > 0 &&
           own->tensors[0].view.rows == own->inputs[0].view.columns;
}

static bool input_columns_scene(const struct scene *scene, struct work *work) {
    const struct layer_work *own = (const struct layer_work *)work;
    if ((own->leaf.plan.flags & RUNNER_INPUT_COLUMNS) != 0 && !has_input_rows(own))
        return check_fail(
            work->subject,
            "it declares RUNNER_INPUT_COLUMNS, but has no tensor 0 with a row for each element of input 0");
    return variant_scene(scene, work, input_columns_applies, "by columns of the input (RUNNER_INPUT_COLUMNS)",
                         some_columns, 4);
}

static const char *input_sum_applies(const struct layer_work *own, struct layer_variant *variant) {
    variant->input_sum = true;
    return (own->leaf.plan.flags & RUNNER_INPUT_SUM) == 0 ? "it does not declare RUNNER_INPUT_SUM" : NULL;
}

static bool input_sum_scene(const struct scene *scene, struct work *work) {
    const struct layer_work *own = (const struct layer_work *)work;
    if ((own->leaf.plan.flags & RUNNER_INPUT_SUM) != 0 && !has_input_rows(own))
        return check_fail(work->subject,
                          "it declares RUNNER_INPUT_SUM, but has no tensor 0 with a row for each element of input 0");
    return variant_scene(scene, work, input_sum_applies,
                         "where the host adds the product of the last elements of the input itself (RUNNER_INPUT_SUM)",
                         some_columns, 4);
}

/* Every third element of input 0 is 0 in all rows; `other` values for the rows of tensor 0 that belong to them. */
static void zero_inputs(struct layer_work *own, bool other) {
    struct guard *guard = &own->work.subject->guard;
    guard_allow_writes(guard, own->inputs[0].data, true);
    guard_allow_writes(guard, own->tensors[0].data, true);
    for (uint64_t j = 0; j < own->inputs[0].view.columns; j += 3) {
        for (uint64_t i = 0; i < own->rows; i++)
            *matrix_at(&own->inputs[0], i, j) = 0;
        for (uint64_t c = 0; c < own->tensors[0].view.columns && other; c++)
            *matrix_at(&own->tensors[0], j, c) += 1;
    }
}

static bool same_rows(const struct matrix *a, const struct matrix *b, uint64_t rows, uint64_t step) {
    for (uint64_t i = 0; i < rows; i += step)
        if (memcmp(matrix_at(a, i, 0), matrix_at(b, i, 0), a->view.columns * sizeof(float)) != 0)
            return false;
    return true;
}

static bool input_rows_scene(const struct scene *scene, struct work *work) {
    struct layer_work *own = (struct layer_work *)work;
    if ((own->leaf.plan.flags & RUNNER_INPUT_ROWS) == 0)
        return check_skip(work->subject, "it does not declare RUNNER_INPUT_ROWS");
    if (!has_input_rows(own))
        return check_fail(work->subject,
                          "it declares RUNNER_INPUT_ROWS, but has no tensor 0 with a row for each element of input 0");
    struct guard *guard = &work->subject->guard;
    struct matrix before =
        matrix_new(guard, "gradient before", own->tensors[0].view.rows, own->tensors[0].view.columns);
    memcpy(before.data, own->gradients[0].data, before.view.rows * before.view.pitch * sizeof(float));
    struct instance again;
    char refusal[PAGE_TEXT];
    zero_inputs(own, false);
    if (!work_run(work, 0, 1) || !instance_open(scene, 0xff, &again, refusal))
        return false;
    struct layer_work *other = (struct layer_work *)again.work;
    zero_inputs(other, true);
    bool well = work_run(again.work, 0, 1);
    if (well && !same_rows(&own->output, &other->output, own->rows, 1))
        well =
            check_fail(work->subject, "it declares RUNNER_INPUT_ROWS, but the output depends on rows of tensor 0 whose "
                                      "elements of input 0 are 0");
    if (well && !same_rows(&own->gradients[0], &before, before.view.rows, 3))
        well = check_fail(work->subject,
                          "it declares RUNNER_INPUT_ROWS, but elements of input 0 that are 0 give their rows "
                          "of tensor 0 a gradient");
    instance_close(&again);
    return well;
}

/* The gradient of tensor 0 is as near the sum of the rows' outer products as their rounding leaves it. */
static bool outer_scene(const struct scene *scene, struct work *work) {
    struct layer_work *own = (struct layer_work *)work;
    const struct matrix *x = &own->inputs[0], *delta = &own->weights, *gradient = &own->gradients[0];
    (void)scene;
    if ((own->leaf.plan.flags & RUNNER_OUTER_GRADIENT) == 0)
        return check_skip(work->subject, "it does not declare RUNNER_OUTER_GRADIENT");
    if (!has_input_rows(own) || own->tensors[0].view.columns != delta->view.columns)
        return check_fail(work->subject, "it declares RUNNER_OUTER_GRADIENT, but has no tensor 0 with a row for each "
                                         "element of input 0 and a column for each of the output");
    if (!work_run(work, 0, 1))
        return false;
    for (uint64_t i = 0; i < gradient->view.rows; i++)
        for (uint64_t j = 0; j < gradient->view.columns; j++) {
            double sum = 0, size = 0;
            for (uint64_t r = 0; r < own->rows; r++) {
                double part = (double)*matrix_at(x, r, i) * (double)*matrix_at(delta, r, j);
                sum += part;
                size += fabs(part);
            }
            if (!(fabs((double)*matrix_at(gradient, i, j) - sum) <= 1e-6 * size))
                return check_fail(work->subject,
                                  "it declares RUNNER_OUTER_GRADIENT, but the gradient of tensor 0 is not input 0, "
                                  "transposed, times the output's delta");
        }
    return true;
}

bool layer_flags_keep(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, keep_scene);
}

bool layer_flags_in_place(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, in_place_scene);
}

bool layer_flags_unwanted(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, unwanted_scene);
}

bool layer_flags_hidden(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, hidden_scene);
}

bool layer_flags_elementwise(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, elementwise_scene);
}

bool layer_flags_columns(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, columns_scene);
}

bool layer_flags_input_columns(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, input_columns_scene);
}

bool layer_flags_input_rows(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, input_rows_scene);
}

bool layer_flags_input_sum(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, input_sum_scene);
}

bool layer_flags_outer(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, outer_scene);
}

/* ---- Evaluation ------------------------------------------------------------------------------------------------------ */

/* Evaluating gives the same bits however rows are cut; and unless the plan says that training differs, the bits of training. */
static bool evaluation_scene(const struct scene *scene, struct work *work) {
    struct layer_work *own = (struct layer_work *)work;
    bool differs = (own->leaf.plan.flags & RUNNER_TRAINING_DIFFERS) != 0 || own->leaf.plan.statistics > 0;
    own->variant.evaluating = true;
    if (!work_run(work, 0, 1))
        return false;
    uint64_t size = own->rows * own->output.view.pitch * sizeof(float);
    float *evaluated = malloc(size);
    memcpy(evaluated, own->output.data, size);
    struct instance again;
    char refusal[PAGE_TEXT];
    bool well = true;
    for (int training = 0; training <= !differs && well; training++) {
        well = instance_open(scene, 0xff, &again, refusal);
        struct layer_work *other = (struct layer_work *)again.work;
        if (well) {
            other->variant.evaluating = !training;
            well = work_run(again.work, 2, 1);
        }
        if (well && memcmp(other->output.data, evaluated, size) != 0)
            well = check_fail(work->subject,
                              training ? "the output of training is not that of evaluating, but the plan does not say "
                                         "RUNNER_TRAINING_DIFFERS"
                                       : "the output of evaluating depends on how the rows are cut");
        instance_close(&again);
    }
    free(evaluated);
    return well;
}

bool layer_flags_training(const struct target *target, struct page *page) {
    return each_scene(target, &layer_form, page, evaluation_scene);
}

#include "runner/conformance/layer_work.h"

#include "runner/base/random.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The last one comes first where a model has no inputs. */
static const runner_shape shapes[] = {{1, {10}}, {3, {5, 4, 3}}, {1, {33}}, {2, {3, 4}}, {1, {1}}, {0, {0}}, {1, {0}}};
static const uint64_t batches[] = {7, 1};
enum { SHAPES = sizeof shapes / sizeof shapes[0], BATCHES = sizeof batches / sizeof batches[0], OWN_LEAVES = 3 };

static void random_matrix(struct layer_work *own, struct matrix *matrix, const char *name, uint64_t rows,
                          uint64_t columns, uint64_t seed, float low, float high) {
    *matrix = matrix_new(&own->work.subject->guard, name, rows, columns);
    matrix_fill(matrix, seed, low, high);
}

static void make_tensors(struct layer_work *own) {
    struct guard *guard = &own->work.subject->guard;
    for (uint32_t t = 0; t < own->leaf.plan.n_tensors; t++) {
        const runner_tensor *tensor = &own->leaf.plan.tensors[t];
        bool state = (tensor->flags & RUNNER_STATE) != 0; /* may be a variance: above 0 */
        uint64_t columns = tensor->shape.rank > 0 ? tensor->shape.size[tensor->shape.rank - 1] : 1;
        uint64_t rows = runner_elements(&tensor->shape) / columns;
        random_matrix(own, &own->tensors[t], tensor->name, rows, columns, t + 3, state ? 0.5f : -1.0f,
                      state ? 1.5f : 1.0f);
        own->hidden_tensors[t] = (struct hidden){own->tensors[t].data, own->tensors[t].view.pitch};
        if (state) {
            work_add_matrix(&own->work, &own->tensors[t]);
            continue;
        }
        own->work.padded[own->work.n_padded++] = &own->tensors[t];
        own->gradients[t] = matrix_new(guard, "gradient", rows, columns);
        matrix_zero(&own->gradients[t]);
        work_add_matrix(&own->work, &own->gradients[t]);
    }
}

static void make_rows(struct layer_work *own) {
    const runner_plan *plan = &own->leaf.plan;
    struct guard *guard = &own->work.subject->guard;
    uint64_t outputs = runner_elements(&plan->output);
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        uint64_t elements = runner_elements(&plan->inputs[i]);
        random_matrix(own, &own->inputs[i], "input", own->rows, elements, i + 1, -2, 2);
        own->input_deltas[i] = matrix_new(guard, "input's delta", own->rows, elements);
        work_add_matrix(&own->work, &own->input_deltas[i]);
        own->work.padded[own->work.n_padded++] = &own->inputs[i];
    }
    if (plan->n_inputs > 0)
        own->hidden_input = (struct hidden){own->inputs[0].data, own->inputs[0].view.pitch};
    own->output = matrix_new(guard, "output", own->rows, outputs);
    work_add_matrix(&own->work, &own->output);
    random_matrix(own, &own->weights, "output's delta", own->rows, outputs, 2, -1, 1);
    own->work.padded[own->work.n_padded++] = &own->weights;
    own->saved = guard_alloc(guard, "saved bytes", own->rows * plan->saved);
    own->statistics = guard_alloc(guard, "statistics", plan->statistics * sizeof(double));
    own->delta_statistics = guard_alloc(guard, "delta statistics", plan->delta_statistics * sizeof(double));
    if (plan->statistics > 0)
        work_add_doubles(&own->work, "statistics", own->statistics, plan->statistics);
    if (plan->delta_statistics > 0)
        work_add_doubles(&own->work, "delta statistics", own->delta_statistics, plan->delta_statistics);
}

/* The leaf of this number among those that the component itself appends. */
static const struct leaf *own_leaf(const struct leaf *leaves, uint32_t count, uint32_t number) {
    for (uint32_t i = 0; i < count; i++)
        if (leaves[i].own && number-- == 0)
            return &leaves[i];
    return NULL;
}

/* Whether the buffers of a check may hold the layer. */
static bool is_small(const struct layer_work *own) {
    const runner_plan *plan = &own->leaf.plan;
    uint64_t most = 1u << 22, sum = own->rows * (runner_elements(&plan->output) + plan->saved / 4);
    if (runner_elements(&plan->output) > most || plan->saved > most || plan->statistics > most)
        return false;
    for (uint32_t t = 0; t < plan->n_tensors && sum <= most; t++)
        sum += runner_elements(&plan->tensors[t].shape);
    return sum <= most;
}

/* Scenes: first all shapes of the first own leaf with the first batch, and so on. */
static struct work *layer_open(struct subject *subject, uint32_t index, char refusal[PAGE_TEXT]) {
    struct layer_work *own = arena_alloc(&subject->arena, sizeof *own);
    struct leaf *leaves = arena_array(&subject->arena, MAX_LEAVES, sizeof *leaves);
    const runner_shape *shape = &shapes[index % SHAPES];
    uint32_t number = index / SHAPES % OWN_LEAVES;
    char text[SHAPE_TEXT];
    own->rows = batches[index / (SHAPES * OWN_LEAVES)];
    check_scene(subject, "input of shape %s, batch %" PRIu64, shape_text(shape, text), own->rows);
    subject_set_constant(subject, 1, 5);
    uint32_t count = layer_expand(subject, shape, leaves);
    const struct leaf *leaf = own_leaf(leaves, count, number);
    if (leaf == NULL) {
        if (count == 0)
            subject_refusal(subject, refusal);
        return NULL;
    }
    if (number > 0)
        check_scene(subject, "input of shape %s, batch %" PRIu64 ", appended layer %" PRIu32, text, own->rows,
                    number + 1);
    if (runner_elements(&leaf->plan.output) == 0) { /* nothing of nothing is no mistake */
        if (runner_elements(shape) > 0)
            check_fail(subject, "plan() gives an output without values");
        return NULL;
    }
    own->work = (struct work){.form = &layer_form, .subject = subject};
    own->leaf = *leaf;
    if (!is_small(own)) {
        snprintf(refusal, PAGE_TEXT, "%s", TOO_LARGE);
        return NULL;
    }
    make_rows(own);
    make_tensors(own);
    return &own->work;
}

/* ---- Phases ------------------------------------------------------------------------------------------------------- */

void layer_views_init(struct layer_views *views, const struct layer_work *own, uint64_t first, uint64_t rows) {
    const runner_plan *plan = &own->leaf.plan;
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        views->inputs[i] = matrix_rows(&own->inputs[i], first, rows);
        views->input_deltas[i] =
            own->variant.unwanted ? (runner_view){0} : matrix_rows(&own->input_deltas[i], first, rows);
    }
    views->output = matrix_rows(&own->output, first, rows);
    views->output_delta = matrix_rows(&own->weights, first, rows);
    for (uint32_t t = 0; t < plan->n_tensors; t++) {
        views->tensors[t] = own->tensors[t].view;
        if (own->variant.hidden && (plan->tensors[t].flags & RUNNER_PRODUCT) != 0) {
            views->tensors[t].data = NULL;
            views->tensors[t].storage = &own->hidden_tensors[t];
        }
    }
    if (own->variant.hidden && (plan->flags & RUNNER_SPARSE_INPUT) != 0) {
        views->inputs[0].data = NULL;
        views->inputs[0].storage = &own->hidden_input;
    }
    if (own->variant.in_place) {
        views->output.data = views->inputs[0].data;
        views->output.pitch = views->inputs[0].pitch;
        views->input_deltas[0].data = views->output_delta.data;
        views->input_deltas[0].pitch = views->output_delta.pitch;
    }
    views->rows = (runner_rows){.size = sizeof views->rows,
                                .training = !own->variant.evaluating,
                                .first = first,
                                .rows = rows,
                                .batch = own->rows,
                                .inputs = views->inputs,
                                .output = &views->output,
                                .output_delta = &views->output_delta,
                                .input_deltas = views->input_deltas,
                                .tensors = views->tensors,
                                .saved = plan->saved > 0 ? own->saved + first * plan->saved : NULL,
                                .statistics = own->statistics,
                                .delta_statistics = own->delta_statistics};
}

/* As the engine does, the stream of random numbers is set for layers that say that they differ in training. */
static runner_call *call_to(const struct layer_work *own, struct lent *lent, const char *function) {
    if ((own->leaf.plan.flags & RUNNER_TRAINING_DIFFERS) != 0)
        lent->call.random = random_key(1, "layer_1", 0);
    return lent_to(lent, function);
}

static uint64_t layer_units(struct work *work, unsigned phase) {
    const struct layer_work *own = (const struct layer_work *)work;
    switch (phase) {
    case PHASE_REDUCE:
    case PHASE_REDUCE_DELTA: return 1;
    case PHASE_FORWARD:
    case PHASE_BACKWARD: return own->rows;
    default: break;
    }
    uint32_t tensor = phase - PHASE_GRADIENT;
    return tensor < own->leaf.plan.n_tensors && !own->variant.evaluating ? own->tensors[tensor].view.rows : 0;
}

static void spoil(struct layer_work *own, unsigned phase) {
    const struct guard *guard = &own->work.subject->guard;
    const runner_plan *plan = &own->leaf.plan;
    for (uint32_t i = 0; phase == PHASE_BACKWARD && i < plan->n_inputs; i++)
        if ((plan->flags & RUNNER_KEEP_INPUT) == 0)
            matrix_spoil(&own->inputs[i], guard);
    if (phase == PHASE_GRADIENT && (plan->flags & RUNNER_KEEP_OUTPUT) == 0)
        matrix_spoil(&own->output, guard);
    for (uint32_t t = 0; phase == PHASE_GRADIENT && t < plan->n_tensors; t++)
        matrix_spoil(&own->tensors[t], guard);
}

static void layer_enter(struct work *work, unsigned phase) {
    struct layer_work *own = (struct layer_work *)work;
    struct guard *guard = &work->subject->guard;
    const runner_plan *plan = &own->leaf.plan;
    bool forward = phase == PHASE_FORWARD, backward = phase == PHASE_BACKWARD;
    bool spoiling = own->variant.spoil && (backward || phase == PHASE_GRADIENT);
    for (uint32_t i = 0; i < plan->n_inputs; i++) {
        guard_allow_writes(guard, own->inputs[i].data, spoiling || (forward && own->variant.in_place && i == 0));
        guard_allow_writes(guard, own->input_deltas[i].data, backward);
    }
    guard_allow_writes(guard, own->output.data, forward || spoiling);
    guard_allow_writes(guard, own->weights.data, backward && own->variant.in_place);
    guard_allow_writes(guard, own->saved, forward || phase == PHASE_REDUCE_DELTA || backward);
    guard_allow_writes(guard, own->statistics, phase == PHASE_REDUCE);
    guard_allow_writes(guard, own->delta_statistics, phase == PHASE_REDUCE_DELTA);
    for (uint32_t t = 0; t < plan->n_tensors; t++)
        guard_allow_writes(guard, own->tensors[t].data,
                           spoiling || (phase == PHASE_REDUCE && (plan->tensors[t].flags & RUNNER_STATE) != 0));
    if (spoiling)
        spoil(own, phase);
}

static void reduce(struct layer_work *own, struct lent *lent) {
    const runner_layer_ops *ops = own->leaf.ops;
    struct layer_views views;
    if (own->leaf.plan.statistics == 0)
        return;
    layer_views_init(&views, own, 0, own->rows);
    memset(own->statistics, 0, own->leaf.plan.statistics * sizeof(double));
    if (!own->variant.evaluating)
        ops->reduce(own->leaf.config, call_to(own, lent, "reduce()"), &views.rows, own->statistics);
    ops->combine(own->leaf.config, call_to(own, lent, "combine()"), own->variant.evaluating ? 0 : own->rows,
                 views.tensors, !own->variant.evaluating, own->statistics);
}

static void reduce_delta(struct layer_work *own, struct lent *lent) {
    const runner_layer_ops *ops = own->leaf.ops;
    struct layer_views views;
    if (own->leaf.plan.delta_statistics == 0 || own->variant.evaluating)
        return;
    layer_views_init(&views, own, 0, own->rows);
    memset(own->delta_statistics, 0, own->leaf.plan.delta_statistics * sizeof(double));
    ops->reduce_delta(own->leaf.config, call_to(own, lent, "reduce_delta()"), &views.rows, own->delta_statistics);
    ops->combine_delta(own->leaf.config, call_to(own, lent, "combine_delta()"), own->rows, own->delta_statistics);
}

/* The views of one run of columns of the output, out of those of all. */
static void cut_columns(const struct layer_work *own, const struct layer_views *all, uint64_t column, uint64_t columns,
                        struct layer_views *views) {
    views->output = runner_columns(&all->output, column, columns);
    views->output_delta = runner_columns(&all->output_delta, column, columns);
    if (own->variant.cut_inputs) {
        views->inputs[0] = runner_columns(&all->inputs[0], column, columns);
        views->input_deltas[0] = runner_columns(&all->input_deltas[0], column, columns);
    }
    for (uint32_t t = 0; own->variant.cut_tensors && t < own->leaf.plan.n_tensors; t++)
        views->tensors[t] = runner_columns(&all->tensors[t], column, columns);
}

static void forward_sum(struct layer_work *own, uint64_t first, uint64_t rows, struct lent *lent) {
    struct layer_views all, views;
    layer_views_init(&all, own, first, rows);
    layer_views_init(&views, own, first, rows);
    uint64_t width = all.inputs[0].columns, step = own->variant.columns;
    for (uint64_t column = 0; column == 0 || column < width; column += step) {
        uint64_t columns = width - column < step ? width - column : step;
        runner_call *call = call_to(own, lent, "forward()");
        views.inputs[0] = runner_columns(&all.inputs[0], column, columns);
        views.tensors[0] = matrix_rows(&own->tensors[0], column, columns);
        if (column == 0)
            own->leaf.ops->forward(own->leaf.config, call, &views.rows);
        else
            call->host->product(call, 0, 1, &views.inputs[0], &views.tensors[0], 1, &views.output);
    }
}

static void forward(struct layer_work *own, uint64_t first, uint64_t rows, struct lent *lent) {
    if (own->variant.input_sum) {
        forward_sum(own, first, rows, lent);
        return;
    }
    struct layer_views all, views;
    layer_views_init(&all, own, first, rows);
    layer_views_init(&views, own, first, rows);
    bool whole = own->variant.columns == 0 || own->variant.input_columns;
    uint64_t width = all.output.columns, step = whole ? width : own->variant.columns;
    for (uint64_t column = 0; column < width; column += step) {
        cut_columns(own, &all, column, width - column < step ? width - column : step, &views);
        own->leaf.ops->forward(own->leaf.config, call_to(own, lent, "forward()"), &views.rows);
    }
}

/* Adds a share of input 0's delta to what the cuts before have given. */
static void add_share(struct layer_work *own, uint64_t first, uint64_t rows, bool starts) {
    for (uint64_t i = first; i < first + rows; i++)
        for (uint64_t j = 0; j < own->share.view.columns; j++) {
            float *sum = matrix_at(&own->input_deltas[0], i, j);
            *sum = (starts ? 0 : *sum) + *matrix_at(&own->share, i, j);
        }
}

static void backward_inputs(struct layer_work *own, uint64_t first, uint64_t rows, struct lent *lent) {
    struct layer_views all, views;
    layer_views_init(&all, own, first, rows);
    layer_views_init(&views, own, first, rows);
    uint64_t width = all.input_deltas[0].columns, step = own->variant.columns;
    for (uint64_t column = 0; column < width; column += step) {
        uint64_t columns = width - column < step ? width - column : step;
        views.input_deltas[0] = runner_columns(&all.input_deltas[0], column, columns);
        views.tensors[0] = matrix_rows(&own->tensors[0], column, columns);
        own->leaf.ops->backward(own->leaf.config, call_to(own, lent, "backward()"), &views.rows);
    }
}

static void backward(struct layer_work *own, uint64_t first, uint64_t rows, struct lent *lent) {
    if (own->variant.input_columns) {
        backward_inputs(own, first, rows, lent);
        return;
    }
    struct layer_views all, views;
    layer_views_init(&all, own, first, rows);
    layer_views_init(&views, own, first, rows);
    if (own->variant.cut_tensors) {
        own->share = matrix_new(&own->work.subject->guard, "share of the input's delta", own->rows,
                                own->input_deltas[0].view.columns);
        views.input_deltas[0] = matrix_rows(&own->share, first, rows);
    }
    uint64_t width = all.output_delta.columns, step = width;
    if (own->variant.columns > 0 && !own->variant.input_sum)
        step = own->variant.columns;
    for (uint64_t column = 0; column < width; column += step) {
        cut_columns(own, &all, column, width - column < step ? width - column : step, &views);
        own->leaf.ops->backward(own->leaf.config, call_to(own, lent, "backward()"), &views.rows);
        if (own->variant.cut_tensors)
            add_share(own, first, rows, column == 0);
    }
}

/* Tile rows first .. of the tensor, in tiles of `piece` columns, over all rows of the batch. */
static void gradient(struct layer_work *own, uint32_t tensor, uint64_t first, uint64_t count, struct lent *lent) {
    const struct matrix *into = &own->gradients[tensor];
    uint64_t all = own->tensors[tensor].view.columns, step = own->work.piece > 0 ? own->work.piece : all;
    if ((own->leaf.plan.tensors[tensor].flags & RUNNER_STATE) != 0 || own->leaf.ops->gradient == NULL)
        return;
    struct layer_views views;
    layer_views_init(&views, own, 0, own->rows);
    for (uint64_t column = 0; column < all; column += step) {
        runner_tile tile = {tensor, first, count, column, all - column < step ? all - column : step};
        runner_view rows = matrix_rows(into, first, count), part = runner_columns(&rows, tile.column, tile.columns);
        part.row0 = part.column0 = 0;
        own->leaf.ops->gradient(own->leaf.config, call_to(own, lent, "gradient()"), &views.rows, &tile, 1, &part);
    }
}

static void layer_run(struct work *work, unsigned phase, uint64_t first, uint64_t count, struct lent *lent) {
    struct layer_work *own = (struct layer_work *)work;
    switch (phase) {
    case PHASE_REDUCE: reduce(own, lent); break;
    case PHASE_FORWARD: forward(own, first, count, lent); break;
    case PHASE_REDUCE_DELTA: reduce_delta(own, lent); break;
    case PHASE_BACKWARD:
        if (!own->variant.evaluating && own->leaf.plan.n_inputs > 0)
            backward(own, first, count, lent);
        break;
    default: gradient(own, phase - PHASE_GRADIENT, first, count, lent); break;
    }
}

void layer_run_phases(struct layer_work *own, unsigned first, unsigned last) {
    for (unsigned phase = first; phase <= last; phase++) {
        uint64_t units = layer_units(&own->work, phase);
        if (units == 0)
            return;
        layer_enter(&own->work, phase);
        layer_run(&own->work, phase, 0, units, &own->work.subject->lent);
    }
}

const struct work_form layer_form = {.open = layer_open,
                                     .n_scenes = SHAPES * BATCHES * OWN_LEAVES,
                                     .units = layer_units,
                                     .enter = layer_enter,
                                     .run = layer_run};

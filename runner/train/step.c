#include "runner/train/step.h"

#include "runner/train/late.h"
#include "runner/train/step_columns.h"
#include "runner/train/step_layers.h"
#include "runner/train/step_plan.h"
#include "runner/train/update.h"

#include <math.h>
#include <string.h>

void stepper_init(struct stepper *stepper, struct model *model, const struct data *data, uint64_t batch_rows,
                  uint64_t micro_rows, int threads, uint64_t seed) {
    *stepper =
        (struct stepper){.model = model, .data = data, .batch_rows = batch_rows, .threads = threads, .seed = seed};
    arena_init(&stepper->arena);
    stepper->micro_rows = micro_rows < batch_rows ? micro_rows : batch_rows;
    stepper->slice_rows = slice_rows_for(stepper->micro_rows);
    stepper->n_slices = (stepper->micro_rows + stepper->slice_rows - 1) / stepper->slice_rows;
    stepper->part_rows = part_rows_for(model, stepper->micro_rows);
    stepper->calls = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->calls);
    stepper->errors = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->errors);
    stepper->gradients = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->gradients);
    for (int i = 0; i < threads; i++) {
        call_init(&stepper->calls[i], &stepper->errors[i]);
        stepper->calls[i].gemm = model->gemm;
    }
    team_init(&stepper->team, arena_lines(&stepper->arena, (size_t)threads, sizeof(struct team_share)), threads);
    uint32_t statistics = 0;
    for (size_t i = 1; i < model->n_nodes; i++) {
        const runner_plan *plan = &model->nodes[i].plan;
        statistics = plan->statistics > statistics ? plan->statistics : statistics;
        statistics = plan->delta_statistics > statistics ? plan->delta_statistics : statistics;
    }
    stepper->slice_losses = arena_array(&stepper->arena, stepper->n_slices, sizeof(double));
    stepper->slice_sums = arena_array(&stepper->arena, stepper->n_slices * model->n_sums, sizeof(double));
    stepper->partials = arena_array(&stepper->arena, stepper->n_slices * statistics, sizeof(double));
    stepper->sums = arena_array(&stepper->arena, model->n_sums, sizeof(double));
    stepper->step.size = sizeof stepper->step;
    stepper_plan(stepper);
    buffers_init(&stepper->buffers, model, data, stepper->part_rows,
                 stepper->stages != NULL ? stepper->micro_rows : stepper->slice_rows, true);
}

/* What the stepper's arena held of a tensor. */
static void forget(struct model *model, size_t index) {
    struct tensor *tensor = &model->tensors[index];
    tensor->gradient = NULL;
    tensor->storage.transposed = NULL;
    tensor->pending = NULL;
    model->nodes[tensor->node].tensors[tensor->index].storage = NULL;
}

void stepper_clear(struct stepper *stepper) {
    for (int i = 0; i < stepper->threads; i++)
        call_clear(&stepper->calls[i]);
    for (size_t t = 0; t < stepper->model->n_tensors; t++)
        forget(stepper->model, t);
    buffers_clear(&stepper->buffers);
    arena_clear(&stepper->arena);
}

enum status stepper_error(const struct stepper *stepper, struct error *error) {
    for (int i = 0; i < stepper->threads; i++)
        if (stepper->calls[i].failed)
            return error_set(error, STATUS_TRIAL, "%s", stepper->errors[i].text);
    return STATUS_OK;
}

static void run_losses(struct stepper *stepper, int thread, const struct part *part, uint64_t first, uint64_t end) {
    const struct model *model = stepper->model;
    for (uint64_t rows; first < end; first += rows) {
        rows = end - first < stepper->slice_rows ? end - first : stepper->slice_rows;
        const struct slice slice = stepper_slice(stepper, thread, part, first, rows);
        const size_t index = first / stepper->slice_rows;
        stepper->slice_losses[index] = slice_loss(&slice, (float)(1.0 / (double)part->batch));
        double *sums = stepper->slice_sums + index * model->n_sums;
        memset(sums, 0, model->n_sums * sizeof *sums);
        slice_metrics(&slice, sums);
    }
}

/* Where a layer across the batch takes sums of slices, a span is one. */
static void run_span(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                     size_t index) {
    const struct model *model = stepper->model;
    uint64_t first = index * stepper->span_rows;
    uint64_t rows = part->rows - first < stepper->span_rows ? part->rows - first : stepper->span_rows;
    struct slice slice = stepper_slice(stepper, thread, part, first, rows);
    slice.call->slice_rows = stepper->span_rows > stepper->slice_rows ? stepper->slice_rows : 0;
    if (phase == stepper->phases)
        slice_gather(&slice, stepper->data, DATA_TRAIN, part->order, part->start);
    slice_forward(&slice, phase->forward_from, phase->forward_to);
    if (phase->loss)
        run_losses(stepper, thread, part, first, first + rows);
    slice_backward(&slice, phase->backward_from, phase->backward_to);
    slice.call->slice_rows = 0;
    runner_node across = phase->reduce != 0 ? phase->reduce : phase->reduce_delta;
    if (across == 0)
        return;
    const runner_plan *plan = &model->nodes[across].plan;
    uint32_t n = phase->reduce != 0 ? plan->statistics : plan->delta_statistics;
    double *partial = stepper->partials + index * n;
    memset(partial, 0, n * sizeof *partial);
    if (phase->reduce != 0)
        slice_reduce(&slice, across, partial);
    else
        slice_reduce_delta(&slice, across, partial);
}

static void add_partials(const double *partials, size_t n_slices, uint32_t n, double *total) {
    memset(total, 0, n * sizeof *total);
    for (size_t s = 0; s < n_slices; s++)
        for (uint32_t i = 0; i < n; i++)
            total[i] += partials[s * n + i];
}

/* By one thread, after the slices of a phase: what the next phase reads. */
static void end_phase(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                      size_t n_slices) {
    const struct model *model = stepper->model;
    struct call *call = &stepper->calls[thread];
    call_reset(call);
    if (phase->reduce != 0) {
        const struct node *node = &model->nodes[phase->reduce];
        add_partials(stepper->partials, n_slices, node->plan.statistics, node->statistics);
        node->ops->combine(node->config, &call->public, part->rows, node->tensors, 1, node->statistics);
    }
    if (phase->reduce_delta != 0) {
        const struct node *node = &model->nodes[phase->reduce_delta];
        add_partials(stepper->partials, n_slices, node->plan.delta_statistics, node->delta_statistics);
        node->ops->combine_delta(node->config, &call->public, part->rows, node->delta_statistics);
    }
    if (phase->loss) {
        for (size_t s = 0; s < n_slices; s++) {
            stepper->loss_sum += stepper->slice_losses[s];
            for (uint32_t i = 0; i < model->n_sums; i++)
                stepper->sums[i] += stepper->slice_sums[s * model->n_sums + i];
        }
        stepper->diverged = !isfinite(stepper->loss_sum);
    }
    stepper_note_failures(stepper);
    if (phase == stepper->phases && stepper->by_layers) /* the rows are gathered */
        late_begin(stepper);
}

static void run_slices(struct stepper *stepper, int thread, const struct part *part) {
    const size_t n_slices = (part->rows + stepper->slice_rows - 1) / stepper->slice_rows;
    const size_t n_spans = (part->rows + stepper->span_rows - 1) / stepper->span_rows;
    const size_t start = stepper->gathered ? 1 : 0; /* what the first phase does is done */
    for (size_t p = start; p < stepper->n_phases; p++) {
        const struct phase *phase = &stepper->phases[p];
        const size_t n = phase->cut == CUT_ROWS ? n_spans : (size_t)stepper->team.threads;
        if (p > start && phase->cut != CUT_ROWS && stepper_keeps_apart(stepper)) {
            stepper_run_own(stepper, thread, phase, part);
            if (p + 1 == stepper->n_phases)
                return;
        } else {
            for (size_t i; (i = team_next(&stepper->team, thread, n)) < n;)
                if (phase->cut == CUT_ROWS)
                    run_span(stepper, thread, phase, part, i);
                else
                    stepper_run_share(stepper, thread, phase, part, i);
        }
        if (team_arrive(&stepper->team, thread)) {
            end_phase(stepper, thread, phase, part, n_slices);
            team_release(&stepper->team);
        }
        if (phase->loss && stepper_stopped(stepper)) /* later phases change weights */
            return;
    }
}

/* Gradients of the part's rows and, after a batch's last part, the optimizer. */
static void run_tiles(struct stepper *stepper, int thread, const struct part *part) {
    if (stepper_keeps_apart(stepper) && stepper->phases[stepper->n_phases - 1].cut != CUT_ROWS) {
        stepper_run_own_tiles(stepper, thread, part);
        return;
    }
    stepper_groups(stepper, thread, part);
    const size_t first = stepper->phases_tiles, n = stepper->n_tiles - first;
    for (size_t t; (t = team_next(&stepper->team, thread, n)) < n;)
        late_tile(stepper, thread, part, first + t);
}

void stepper_team(struct stepper *stepper, int threads) {
    threads = threads < stepper->threads ? threads : stepper->threads;
    stepper_set_span(stepper, threads);
    stepper_keep_transposed(stepper, threads);
    team_init(&stepper->team, stepper->team.shares, threads);
    team_open(&stepper->team, true);
}

void stepper_begin(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    stepper->loss_sum = 0;
    memset(stepper->sums, 0, model->n_sums * sizeof *stepper->sums);
    stepper->step.number++;
    stepper->step.rate = rate;
    if (ops->begin != NULL)
        ops->begin(model->optimizer->config, &stepper->step);
    stepper->part = (struct part){
        .order = order, .start = start, .rows = rows, .micro = rows, .batch = rows, .update = stepper->step.number - 1};
    if (stepper->stages != NULL)
        stepper_begin_columns(stepper, 0);
    else if (stepper->by_layers)
        stepper_begin_layers(stepper);
}

/* The part of the batch that begins at row `offset`. */
static struct part part_at(const struct stepper *stepper, uint64_t offset) {
    struct part part = stepper->part;
    const uint64_t micro = offset / stepper->micro_rows * stepper->micro_rows;
    part.start += offset;
    part.offset = offset;
    part.micro = part.batch - micro < stepper->micro_rows ? part.batch - micro : stepper->micro_rows;
    const uint64_t left = micro + part.micro - offset;
    part.rows = left < stepper->part_rows ? left : stepper->part_rows;
    return part;
}

static void run_update(struct stepper *stepper, int thread) {
    uint64_t rows = stepper->part.rows;
    if (stepper->stages != NULL)
        stepper_run_columns(stepper, thread);
    for (uint64_t offset = 0; offset < rows && stepper->stages == NULL;) {
        const struct part part = part_at(stepper, offset);
        if (offset > 0)
            team_meet(&stepper->team, thread);
        run_slices(stepper, thread, &part);
        offset += part.rows;
        const bool whole = offset == rows || offset % stepper->micro_rows == 0; /* the loss of a micro-batch */
        if (whole && stepper_stopped(stepper))
            return;
        run_tiles(stepper, thread, &part);
    }
    if (!stepper_stopped(stepper))
        stepper_optimize(stepper, thread, rows);
}

void stepper_run(struct stepper *stepper, int thread, bool (*next)(void *context), void *context) {
    struct team *team = &stepper->team;
    while (team_join(team, thread)) {
        run_update(stepper, thread);
        if (!team_leave(team))
            continue;
        stepper_note_failures(stepper);
        bool more = next(context);
        if (!more) {
            late_flush(stepper);
            stepper_settle(stepper);
        }
        team_open(team, more);
    }
}

static bool no_more(void *context) {
    (void)context;
    return false;
}

void stepper_update(struct stepper *stepper, const uint32_t *order, uint64_t start, uint64_t rows, double rate) {
    stepper_team(stepper, 1);
    stepper_begin(stepper, order, start, rows, rate);
    stepper_run(stepper, 0, no_more, NULL);
}

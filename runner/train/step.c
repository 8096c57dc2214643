#include "runner/train/step.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A slice of about this many rows is worth a product's fixed cost and still leaves its activations in the cache. */
#define SLICE_ROWS 32
/* Floats of a tile: its gradient, weights and slots fit a core's second-level cache together. */
#define TILE_ELEMENTS (32 * 1024)

unsigned thread_numbers_set(void) {
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(0x1f80u | 0x8040u); /* all exceptions masked, round to nearest; subnormals are zero, read and written */
    return before;
#else
    return 0;
#endif
}

void thread_numbers_restore(unsigned before) {
#if defined(__x86_64__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

uint64_t slice_rows_for(uint64_t batch_rows) {
    if (batch_rows < 4)
        return batch_rows;
    uint64_t slices = batch_rows < 2 * SLICE_ROWS ? 2 : (batch_rows + SLICE_ROWS - 1) / SLICE_ROWS;
    return (batch_rows + slices - 1) / slices;
}

/* Cuts the nodes where a layer across the batch waits for all rows, on the way forward and on the way back. */
static void plan_phases(struct stepper *stepper) {
    const struct model *model = stepper->model;
    runner_node end = (runner_node)model->n_nodes;
    stepper->phases = arena_array(&stepper->arena, 2 * model->n_nodes + 1, sizeof *stepper->phases);
    struct phase *phase = stepper->phases;
    phase->forward_from = 1;
    for (runner_node i = 1; i < end; i++) {
        if (model->nodes[i].plan.statistics == 0)
            continue;
        phase->forward_to = i;
        phase->reduce = i;
        *++phase = (struct phase){.forward_from = i};
    }
    phase->forward_to = end;
    phase->loss = true;
    phase->backward_from = model->loss_input;
    for (runner_node i = model->loss_input; i > 0; i--) {
        if (model->nodes[i].plan.delta_statistics == 0 || !model->nodes[i].delta_wanted)
            continue;
        phase->backward_to = i;
        phase->reduce_delta = i;
        *++phase = (struct phase){.forward_from = 1, .forward_to = 1, .backward_from = i};
    }
    phase->backward_to = 0;
    stepper->n_phases = (size_t)(phase - stepper->phases) + 1;
}

static void plan_tiles(struct stepper *stepper) {
    const struct model *model = stepper->model;
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            stepper->tiles = arena_array(&stepper->arena, count, sizeof *stepper->tiles);
        count = 0;
        for (size_t t = 0; t < model->n_tensors; t++) {
            const struct tensor *tensor = &model->tensors[t];
            if (!tensor->trained)
                continue;
            uint64_t rows = TILE_ELEMENTS / tensor->columns;
            rows = rows < 1 ? 1 : rows > tensor->rows ? tensor->rows : rows;
            for (uint64_t row = 0; row < tensor->rows; row += rows, count++)
                if (pass == 1)
                    stepper->tiles[count] =
                        (struct tile){.tensor = (uint32_t)t,
                                      .row = row,
                                      .rows = tensor->rows - row < rows ? tensor->rows - row : rows};
            if (rows * tensor->columns > stepper->tile_elements)
                stepper->tile_elements = rows * tensor->columns;
        }
    }
    stepper->n_tiles = count;
}

static void plan_gradients(struct stepper *stepper) {
    struct model *model = stepper->model;
    unsigned turn = 1;
    for (size_t t = 0; t < model->n_tensors; t++)
        stepper->whole_tensors |=
            model->tensors[t].trained && (model->tensors[t].optimizer.flags & RUNNER_WHOLE_TENSOR) != 0;
    stepper->materialised = stepper->whole_tensors || stepper->micro_rows < stepper->batch_rows;
    for (size_t t = 0; t < model->n_tensors && stepper->materialised; t++)
        if (model->tensors[t].trained)
            model->tensors[t].gradient = model_floats(&stepper->arena, model->tensors[t].elements, &turn);
    for (int i = 0; i < stepper->threads; i++)
        stepper->gradients[i] = model_floats(&stepper->arena, stepper->tile_elements, &turn);
}

void stepper_init(struct stepper *stepper, struct model *model, const struct data *data, uint64_t batch_rows,
                  uint64_t micro_rows, int threads, uint64_t seed) {
    *stepper =
        (struct stepper){.model = model, .data = data, .batch_rows = batch_rows, .threads = threads, .seed = seed};
    arena_init(&stepper->arena);
    stepper->micro_rows = micro_rows < batch_rows ? micro_rows : batch_rows;
    stepper->slice_rows = slice_rows_for(stepper->micro_rows);
    stepper->n_slices = (stepper->micro_rows + stepper->slice_rows - 1) / stepper->slice_rows;
    stepper->calls = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->calls);
    stepper->errors = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->errors);
    stepper->gradients = arena_array(&stepper->arena, (size_t)threads, sizeof *stepper->gradients);
    for (int i = 0; i < threads; i++) {
        call_init(&stepper->calls[i], &stepper->errors[i]);
        stepper->calls[i].gemm = model->gemm;
    }
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
    plan_phases(stepper);
    plan_tiles(stepper);
    plan_gradients(stepper);
    buffers_init(&stepper->buffers, model, data, stepper->micro_rows, true);
}

void stepper_clear(struct stepper *stepper) {
    for (int i = 0; i < stepper->threads; i++)
        call_clear(&stepper->calls[i]);
    for (size_t t = 0; t < stepper->model->n_tensors; t++)
        stepper->model->tensors[t].gradient = NULL;
    buffers_clear(&stepper->buffers);
    arena_clear(&stepper->arena);
}

enum status stepper_error(const struct stepper *stepper, struct error *error) {
    for (int i = 0; i < stepper->threads; i++)
        if (stepper->calls[i].failed)
            return error_set(error, STATUS_TRIAL, "%s", stepper->errors[i].text);
    return STATUS_OK;
}

/* The rows of one micro-batch within a batch. */
struct part {
    const uint32_t *order;
    uint64_t start;  /* in the order, of the part's first row */
    uint64_t offset; /* of that row in the batch */
    uint64_t rows, batch;
    uint64_t update;
};

static struct slice slice_of(struct stepper *stepper, int thread, const struct part *part, uint64_t first,
                             uint64_t rows) {
    return (struct slice){.model = stepper->model,
                          .buffers = &stepper->buffers,
                          .call = &stepper->calls[thread],
                          .first = first,
                          .rows = rows,
                          .batch = part->rows,
                          .offset = part->offset,
                          .training = true,
                          .seed = stepper->seed,
                          .update = part->update};
}

static void run_slice(struct stepper *stepper, int thread, const struct phase *phase, const struct part *part,
                      size_t index) {
    const struct model *model = stepper->model;
    uint64_t first = index * stepper->slice_rows;
    uint64_t rows = part->rows - first < stepper->slice_rows ? part->rows - first : stepper->slice_rows;
    struct slice slice = slice_of(stepper, thread, part, first, rows);
    if (phase == stepper->phases)
        slice_gather(&slice, stepper->data, DATA_TRAIN, part->order, part->start);
    slice_forward(&slice, phase->forward_from, phase->forward_to);
    if (phase->loss) {
        stepper->slice_losses[index] = slice_loss(&slice, (float)(1.0 / (double)part->batch));
        double *sums = stepper->slice_sums + index * model->n_sums;
        memset(sums, 0, model->n_sums * sizeof *sums);
        slice_metrics(&slice, sums);
    }
    slice_backward(&slice, phase->backward_from, phase->backward_to);
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
    for (int i = 0; i < stepper->threads; i++)
        if (stepper->calls[i].failed)
            atomic_store_explicit(&stepper->failed, true, memory_order_relaxed);
}

static void run_slices(struct stepper *stepper, int thread, const struct part *part) {
    size_t n_slices = (part->rows + stepper->slice_rows - 1) / stepper->slice_rows;
    for (size_t p = 0; p < stepper->n_phases; p++) {
#pragma omp for schedule(dynamic, 1)
        for (size_t s = 0; s < n_slices; s++)
            run_slice(stepper, thread, &stepper->phases[p], part, s);
#pragma omp single
        end_phase(stepper, thread, &stepper->phases[p], part, n_slices);
    }
}

static void optimize(struct stepper *stepper, const struct tensor *tensor, uint64_t at, uint64_t n,
                     const float *gradient) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    float *slots[RUNNER_MAX_SLOTS];
    for (uint32_t s = 0; s < tensor->optimizer.slots; s++)
        slots[s] = tensor->slots[s] + at;
    ops->step(model->optimizer->config, &stepper->step, n, tensor->weights + at, gradient, slots);
}

/* The gradient of one tile over the part's rows; streamed, the optimizer follows at once while the tile is in the cache. */
static void run_tile(struct stepper *stepper, int thread, const struct part *part, const struct tile *tile) {
    const struct tensor *tensor = &stepper->model->tensors[tile->tensor];
    struct slice slice = slice_of(stepper, thread, part, 0, part->rows);
    runner_tile place = {.tensor = tensor->index, .row = tile->row, .rows = tile->rows, .columns = tensor->columns};
    runner_view into = {.rows = tile->rows, .columns = tensor->columns, .pitch = tensor->columns};
    uint64_t at = tile->row * tensor->columns, n = tile->rows * tensor->columns;
    if (stepper->materialised) {
        into.data = tensor->gradient + at;
        if (part->offset == 0)
            memset(into.data, 0, n * sizeof(float));
        slice_gradient(&slice, tensor, &place, 1, &into);
        if (part->offset + part->rows == part->batch && (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) == 0)
            optimize(stepper, tensor, at, n, into.data);
    } else if ((tensor->optimizer.flags & RUNNER_LINEAR) != 0) {
        into.data = tensor->weights + at;
        slice_gradient(&slice, tensor, &place, (float)-stepper->step.rate, &into);
    } else {
        into.data = stepper->gradients[thread];
        memset(into.data, 0, n * sizeof(float));
        slice_gradient(&slice, tensor, &place, 1, &into);
        optimize(stepper, tensor, at, n, into.data);
    }
}

static void run_whole_tensor(struct stepper *stepper, int thread, const struct tensor *tensor) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    runner_view w = {
        .data = tensor->weights, .rows = tensor->rows, .columns = tensor->columns, .pitch = tensor->columns};
    runner_view g = w, slots[RUNNER_MAX_SLOTS];
    g.data = tensor->gradient;
    for (uint32_t s = 0; s < tensor->optimizer.slots; s++) {
        slots[s] = w;
        slots[s].data = tensor->slots[s];
    }
    call_reset(&stepper->calls[thread]);
    ops->step_tensor(model->optimizer->config, &stepper->calls[thread].public, &stepper->step, &w, &g, slots);
}

static void begin_update(struct stepper *stepper, double rate) {
    const struct model *model = stepper->model;
    const runner_optimizer_ops *ops = model->optimizer->ops;
    stepper->loss_sum = 0;
    memset(stepper->sums, 0, model->n_sums * sizeof *stepper->sums);
    stepper->step.number++;
    stepper->step.rate = rate;
    if (ops->begin != NULL)
        ops->begin(model->optimizer->config, &stepper->step);
}

void stepper_update(struct stepper *stepper, int thread, const uint32_t *order, uint64_t start, uint64_t rows,
                    double rate) {
    const struct model *model = stepper->model;
#pragma omp single
    begin_update(stepper, rate);
    for (uint64_t offset = 0; offset < rows; offset += stepper->micro_rows) {
        uint64_t here = rows - offset < stepper->micro_rows ? rows - offset : stepper->micro_rows;
        struct part part = {.order = order,
                            .start = start + offset,
                            .offset = offset,
                            .rows = here,
                            .batch = rows,
                            .update = stepper->step.number - 1};
        run_slices(stepper, thread, &part);
        if (stepper->diverged || atomic_load_explicit(&stepper->failed, memory_order_relaxed))
            return;
#pragma omp for schedule(dynamic, 1)
        for (size_t t = 0; t < stepper->n_tiles; t++)
            run_tile(stepper, thread, &part, &stepper->tiles[t]);
    }
    if (!stepper->whole_tensors)
        return;
#pragma omp for schedule(dynamic, 1)
    for (size_t t = 0; t < model->n_tensors; t++)
        if (model->tensors[t].trained && (model->tensors[t].optimizer.flags & RUNNER_WHOLE_TENSOR) != 0)
            run_whole_tensor(stepper, thread, &model->tensors[t]);
}

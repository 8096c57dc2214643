#include "runner/train/evaluate.h"

#include "runner/train/fault.h"
#include "runner/train/thread_numbers.h"

#include <omp.h>
#include <string.h>

#define RUN_ROWS 128

static uint64_t runs_of(uint64_t rows) {
    return (rows + RUN_ROWS - 1) / RUN_ROWS;
}

void evaluator_init(struct evaluator *evaluator, const struct model *model, const struct data *data, int threads) {
    *evaluator = (struct evaluator){.model = model, .data = data};
    arena_init(&evaluator->arena);
    evaluator->buffers = arena_array(&evaluator->arena, (size_t)threads, sizeof *evaluator->buffers);
    evaluator->calls = arena_array(&evaluator->arena, (size_t)threads, sizeof *evaluator->calls);
    evaluator->errors = arena_array(&evaluator->arena, (size_t)threads, sizeof *evaluator->errors);
    evaluator_team(evaluator, 1);
    uint64_t rows = 0;
    for (int split = 0; split < DATA_SPLITS; split++)
        rows = data->rows[split] > rows ? data->rows[split] : rows;
    evaluator->sums = arena_array(&evaluator->arena, runs_of(rows) * (1 + model->n_sums), sizeof *evaluator->sums);
}

void evaluator_team(struct evaluator *evaluator, int threads) {
    evaluator->threads = threads;
    for (; evaluator->ready < threads; evaluator->ready++) {
        int i = evaluator->ready;
        buffers_init(&evaluator->buffers[i], evaluator->model, evaluator->data, RUN_ROWS, RUN_ROWS, false);
        call_init(&evaluator->calls[i], &evaluator->errors[i]);
        evaluator->calls[i].gemm = evaluator->model->gemm;
    }
}

void evaluator_clear(struct evaluator *evaluator) {
    for (int i = 0; i < evaluator->ready; i++) {
        buffers_clear(&evaluator->buffers[i]);
        call_clear(&evaluator->calls[i]);
    }
    arena_clear(&evaluator->arena);
}

uint64_t evaluator_size(const struct model *model, const struct data *data) {
    return buffers_size(model, data, RUN_ROWS, RUN_ROWS, false);
}

static void evaluate_rows(struct evaluator *evaluator, int thread, enum data_split split, uint64_t index) {
    uint64_t first = index * RUN_ROWS, rows = evaluator->data->rows[split] - first;
    struct slice slice = {.model = evaluator->model,
                          .buffers = &evaluator->buffers[thread],
                          .call = &evaluator->calls[thread],
                          .rows = rows < RUN_ROWS ? rows : RUN_ROWS,
                          .offset = first};
    slice.batch = slice.rows;
    slice_gather(&slice, evaluator->data, split, NULL, first);
    slice_forward(&slice, 1, (runner_node)evaluator->model->n_nodes);
    double *sums = evaluator->sums + index * (1 + evaluator->model->n_sums);
    memset(sums, 0, (1 + evaluator->model->n_sums) * sizeof *sums);
    sums[0] = slice_loss(&slice, 1);
    slice_metrics(&slice, sums + 1);
}

/* Layers across the batch read their moving statistics. */
static void read_statistics(struct evaluator *evaluator) {
    const struct model *model = evaluator->model;
    for (size_t i = 1; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        if (node->plan.statistics == 0)
            continue;
        memset(node->statistics, 0, node->plan.statistics * sizeof *node->statistics);
        call_reset(&evaluator->calls[0]);
        node->ops->combine(node->config, &evaluator->calls[0].public, 0, node->tensors, 0, node->statistics);
    }
}

/* As in Keras, an evaluated loss holds the regularizers' penalties. */
static double penalties(const struct model *model) {
    double sum = 0;
    for (size_t i = 0; i < model->n_tensors; i++) {
        const struct tensor *tensor = &model->tensors[i];
        if (!tensor->trained || tensor->plan->regularizer == NULL)
            continue;
        const runner_regularizer_ops *ops = tensor->plan->regularizer->ops;
        for (uint64_t column = 0; column < tensor->columns; column += tensor->panel)
            for (uint64_t row = 0; row < tensor->rows; row++)
                sum += ops->penalty(tensor->plan->regularizer->config,
                                    tensor->columns - column < tensor->panel ? tensor->columns - column : tensor->panel,
                                    tensor_at(tensor, tensor->weights, row, column), NULL);
    }
    return sum;
}

/* Of one thread of the team. */
static void evaluate_share(struct evaluator *evaluator, enum data_split split, uint64_t runs) {
    unsigned before = thread_numbers_set();
    fault_watch_thread();
#pragma omp for schedule(dynamic, 1)
    for (uint64_t i = 0; i < runs; i++)
        evaluate_rows(evaluator, omp_get_thread_num(), split, i);
    thread_numbers_restore(before);
}

enum status evaluator_run(struct evaluator *evaluator, enum data_split split, double *values, struct error *error) {
    const struct model *model = evaluator->model;
    uint64_t rows = evaluator->data->rows[split], runs = runs_of(rows);
    read_statistics(evaluator);
    if (evaluator->threads == 1) /* a parallel region of one thread enters the kernel all the same */
        evaluate_share(evaluator, split, runs);
    else
#pragma omp parallel num_threads(evaluator->threads)
        evaluate_share(evaluator, split, runs);
    for (int i = 0; i < evaluator->threads; i++)
        if (evaluator->calls[i].failed)
            return error_set(error, STATUS_TRIAL, "%s", evaluator->errors[i].text);
    for (uint64_t i = 1; i < runs; i++)
        for (uint32_t s = 0; s < 1 + model->n_sums; s++)
            evaluator->sums[s] += evaluator->sums[i * (1 + model->n_sums) + s];
    values[0] = evaluator->sums[0] / (double)rows + penalties(model);
    for (size_t m = 0; m < model->n_metrics; m++) {
        const struct metric *metric = &model->metrics[m];
        const runner_metric_ops *ops = metric->part->ops;
        values[1 + m] = ops->result(metric->part->config, rows, evaluator->sums + 1 + metric->first_sum);
    }
    return STATUS_OK;
}

/* Which layers are trained by columns (step_columns.c), and the form of their tensors. */
#include "runner/train/model.h"

#define MANY_WEIGHTS (1 << 14) /* of a layer, from which on it is worth a meeting of the team */
#define CHUNK 256              /* columns of an output */

bool model_is_chain(const struct model *model) {
    for (runner_node i = 1; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        if (node->n_inputs != 1 || node->inputs[0] != i - 1 || node->plan.statistics > 0 ||
            node->plan.delta_statistics > 0 || (node->plan.flags & RUNNER_ROWS_GRADIENT) != 0)
            return false;
    }
    return true;
}

bool model_is_elementwise(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    return (node->plan.flags & RUNNER_ELEMENTWISE) != 0 && node->plan.n_tensors == 0 && node->plan.saved == 0 &&
           node->units == model->nodes[index - 1].units;
}

bool model_has_columns(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    uint64_t elements = 0;
    for (uint32_t i = 0; i < node->plan.n_tensors; i++) {
        const struct tensor *tensor = &model->tensors[node->first_tensor + i];
        if (tensor->columns != node->units)
            return false;
        elements += tensor->elements;
    }
    return (node->plan.flags & RUNNER_COLUMNS) != 0 && elements >= MANY_WEIGHTS;
}

/* Its tensors may stand in panels, too. */
static bool is_wide(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    for (uint32_t i = 0; i < node->plan.n_tensors; i++) {
        const struct tensor *tensor = &model->tensors[node->first_tensor + i];
        if (!tensor->trained || tensor->plan->constraint != NULL ||
            (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0)
            return false;
    }
    return model_has_columns(model, index) && node->units > CHUNK;
}

/* Panels of the columns of one chunk: were they parts of longer rows, a core that reads ahead would take lines from another that writes
   them. */
static void cut_node(struct model *model, struct node *node, uint64_t chunk) {
    node->chunk = chunk;
    for (uint32_t t = 0; t < node->plan.n_tensors; t++) {
        struct tensor *tensor = &model->tensors[node->first_tensor + t];
        tensor->panel = chunk;
        tensor->pitch = row_pitch(chunk);
    }
}

/* About an even number of them, in whole cache lines, of which the last, too, has MODEL_LEAST_COLUMNS. */
static uint64_t even_chunk(uint64_t units) {
    const uint64_t count = (units + 2 * CHUNK - 1) / (2 * CHUNK) * 2, line = 16;
    uint64_t chunk = ((units + count - 1) / count + line - 1) / line * line;
    while (units % chunk > 0 && units % chunk < MODEL_LEAST_COLUMNS)
        chunk += line;
    return chunk;
}

/* Norms of gradients and penalties of weights are sums over tiles, whose bits depend on the cut. */
static bool sums_tiles(const struct model *model) {
    bool sums = model->clipping.norm > 0 || model->clipping.global_norm > 0;
    for (size_t t = 0; t < model->n_tensors; t++)
        sums |= model->tensors[t].trained && model->tensors[t].plan->regularizer != NULL;
    return sums;
}

bool model_by_layers(const struct model *model, uint64_t batch_rows, uint64_t micro_rows) {
    return batch_rows >= MODEL_FEW_ROWS && batch_rows <= MODEL_MANY_ROWS && micro_rows >= batch_rows &&
           model_is_chain(model) && !sums_tiles(model);
}

static bool by_columns(const struct model *model, uint64_t batch_rows, uint64_t micro_rows) {
    return batch_rows < MODEL_FEW_ROWS && micro_rows >= batch_rows && model->gemm != GEMM_PORTABLE &&
           model_is_chain(model);
}

/* Few rows: all wide layers, of which the shares of chunks are sums of their own, which the promise of the portable back end does not allow.
   More rows: the one whose input's delta nobody wants, since backward() reads all of its columns. */
void model_plan_columns(struct model *model, uint64_t batch_rows, uint64_t micro_rows) {
    const bool layers = model_by_layers(model, batch_rows, micro_rows);
    if (!layers && !by_columns(model, batch_rows, micro_rows))
        return;
    for (runner_node i = 1; i <= model->loss_input; i++)
        if (is_wide(model, i) && (!layers || !model->nodes[i - 1].delta_wanted))
            cut_node(model, &model->nodes[i], layers ? even_chunk(model->nodes[i].units) : CHUNK);
}

/* Which layers are trained by columns (step_columns.c), and the form of their tensors. */
#include "runner/train/model.h"

#define FEW_ROWS 32            /* rows of a batch from which on slices fill the registers of a product */
#define MANY_WEIGHTS (1 << 14) /* of a layer, from which on it is worth a meeting of the team */
#define CHUNK 256              /* columns of an output */

/* Every layer reads the one before it alone, and nothing in the model needs all rows at once or sums by groups of rows. */
static bool is_chain(const struct model *model) {
    for (runner_node i = 1; i < model->n_nodes; i++) {
        const struct node *node = &model->nodes[i];
        if (node->n_inputs != 1 || node->inputs[0] != i - 1 || node->plan.statistics > 0 ||
            node->plan.delta_statistics > 0 || (node->plan.flags & RUNNER_ROWS_GRADIENT) != 0)
            return false;
    }
    return true;
}

static bool is_wide(const struct model *model, runner_node index) {
    const struct node *node = &model->nodes[index];
    uint64_t elements = 0;
    for (uint32_t i = 0; i < node->plan.n_tensors; i++) {
        const struct tensor *tensor = &model->tensors[node->first_tensor + i];
        if (!tensor->trained || tensor->columns != node->units || tensor->plan->constraint != NULL ||
            (tensor->optimizer.flags & RUNNER_WHOLE_TENSOR) != 0)
            return false;
        elements += tensor->elements;
    }
    return (node->plan.flags & RUNNER_COLUMNS) != 0 && elements >= MANY_WEIGHTS && node->units > CHUNK;
}

/* Panels of the columns of one chunk: were they parts of longer rows, a core that reads ahead would take lines from another that writes
   them. */
void model_plan_columns(struct model *model, uint64_t batch_rows, uint64_t micro_rows) {
    /* The shares of chunks are sums of their own, which the promise of the portable back end does not allow. */
    if (batch_rows >= FEW_ROWS || micro_rows < batch_rows || model->gemm == GEMM_PORTABLE || !is_chain(model))
        return;
    for (runner_node i = 1; i <= model->loss_input; i++) {
        struct node *node = &model->nodes[i];
        if (!is_wide(model, i))
            continue;
        node->chunk = CHUNK;
        for (uint32_t t = 0; t < node->plan.n_tensors; t++) {
            struct tensor *tensor = &model->tensors[node->first_tensor + t];
            tensor->panel = CHUNK;
            tensor->pitch = model_pitch(CHUNK);
        }
    }
}

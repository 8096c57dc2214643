#include "runner/train/stepper.h"

struct slice stepper_slice(struct stepper *stepper, int thread, const struct part *part, uint64_t first,
                           uint64_t rows) {
    return (struct slice){.model = stepper->model,
                          .buffers = &stepper->buffers,
                          .call = &stepper->calls[thread],
                          .first = first,
                          .rows = rows,
                          .batch = part->micro,
                          .offset = part->offset,
                          .training = true,
                          .seed = stepper->seed,
                          .update = part->update};
}

bool stepper_grouped(const struct stepper *stepper, const struct tensor *tensor) {
    return (stepper->model->nodes[tensor->node].plan.flags & RUNNER_ROWS_GRADIENT) != 0;
}

bool stepper_direct(const struct stepper *stepper, const struct tensor *tensor) {
    return (tensor->optimizer.flags & RUNNER_LINEAR) != 0 && !(stepper->model->clipping.value > 0) &&
           !(tensor->weight_decay > 0) && tensor->plan->regularizer == NULL && !stepper_grouped(stepper, tensor);
}

bool stepper_is_product(const struct stepper *stepper, const struct tensor *tensor) {
    const struct model *model = stepper->model;
    const struct node *node = &model->nodes[tensor->node];
    const uint32_t wanted = RUNNER_OUTER_GRADIENT | RUNNER_KEEP_INPUT;
    return tensor->index == 0 && (node->plan.flags & wanted) == wanted && node->n_inputs > 0 &&
           !stepper_grouped(stepper, tensor) && tensor->rows == model->nodes[node->inputs[0]].units &&
           tensor->columns == node->units;
}

bool stepper_is_outer(const struct stepper *stepper, const struct tensor *tensor) {
    const struct model *model = stepper->model;
    return stepper->batch_rows == 1 && !stepper->materialised && stepper_is_product(stepper, tensor) &&
           !(model->clipping.value > 0) && !(tensor->weight_decay > 0) && tensor->plan->regularizer == NULL;
}

bool stepper_postpones(const struct stepper *stepper, const struct tensor *tensor) {
    return stepper->n_stages > 0 && tensor->node >= stepper->stages[0].node && tensor->trained &&
           (tensor->plan->flags & RUNNER_PRODUCT) != 0 && stepper_is_outer(stepper, tensor) &&
           stepper_direct(stepper, tensor) && !stepper->constraints; /* which read the weights after the update */
}

void stepper_note_failures(struct stepper *stepper) {
    for (int i = 0; i < stepper->threads; i++)
        if (stepper->calls[i].failed)
            atomic_store_explicit(&stepper->failed, true, memory_order_relaxed);
}

bool stepper_stopped(const struct stepper *stepper) {
    return stepper->diverged || atomic_load_explicit(&stepper->failed, memory_order_relaxed);
}

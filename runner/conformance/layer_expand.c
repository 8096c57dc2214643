/* A layer as the model sees it: expand() appends leaves, which are planned in their order. */
#include "runner/conformance/layer_work.h"

#include <inttypes.h>
#include <string.h>

struct builder {
    runner_build public; /* first */
    struct subject *subject;
    struct leaf *leaves;
    uint32_t count;
    unsigned depth; /* of components within components */
};

/* Node 0 is the input. */
static runner_shape shape_of(const struct builder *builder, runner_node node, const runner_shape *input) {
    return node == 0 ? *input : builder->leaves[node - 1].plan.output;
}

static runner_shape input_shape(const struct builder *builder) {
    return builder->leaves[MAX_LEAVES - 1].plan.output; /* kept there meanwhile */
}

static bool plan_is_well(struct subject *subject, const runner_plan *plan) {
    for (uint32_t t = 0; t < plan->n_tensors && t < RUNNER_MAX_TENSORS; t++)
        if (plan->tensors[t].name == NULL || plan->tensors[t].shape.rank > RUNNER_MAX_RANK ||
            runner_elements(&plan->tensors[t].shape) == 0)
            return check_fail(subject, "plan() gives tensor %" PRIu32 " %s", t,
                              plan->tensors[t].name == NULL ? "no name" : "no values");
    if (plan->n_tensors > RUNNER_MAX_TENSORS)
        return check_fail(subject, "plan() wants %" PRIu32 " tensors; at most %d are possible", plan->n_tensors,
                          RUNNER_MAX_TENSORS);
    if (plan->output.rank > RUNNER_MAX_RANK)
        return check_fail(subject, "plan() gives an output of rank %" PRIu32 "; at most %d is possible",
                          plan->output.rank, RUNNER_MAX_RANK);
    return true;
}

static runner_node add_leaf(struct builder *builder, const runner_layer_ops *ops, void *config,
                            const runner_node *inputs, uint32_t n_inputs) {
    struct subject *subject = builder->subject;
    if (n_inputs > RUNNER_MAX_INPUTS || builder->count + 1 >= MAX_LEAVES) {
        check_fail(subject, "expand() appends too many layers, or one with %" PRIu32 " inputs", n_inputs);
        return RUNNER_NO_NODE;
    }
    struct leaf *leaf = &builder->leaves[builder->count];
    runner_shape input = input_shape(builder);
    *leaf = (struct leaf){.ops = ops, .config = config, .own = builder->depth == 0};
    leaf->plan = (runner_plan){.size = sizeof leaf->plan, .n_inputs = n_inputs};
    for (uint32_t i = 0; i < n_inputs; i++) {
        if (inputs[i] > builder->count) {
            check_fail(subject, "expand() names node %" PRIu32 " as an input, which does not exist", inputs[i]);
            return RUNNER_NO_NODE;
        }
        leaf->plan.inputs[i] = shape_of(builder, inputs[i], &input);
    }
    if (ops->plan(config, lent_to(&subject->lent, "plan()"), &leaf->plan) != RUNNER_OK)
        return RUNNER_NO_NODE;
    return plan_is_well(subject, &leaf->plan) ? (runner_node)++builder->count : RUNNER_NO_NODE;
}

static runner_node append(runner_build *public, const runner_layer_ops *ops, const void *config, uint32_t config_size,
                          const runner_node *inputs, uint32_t n_inputs) {
    struct builder *builder = (struct builder *)(void *)public;
    void *copy = guard_alloc(&builder->subject->guard, "config of an appended layer", config_size);
    if (config_size > 0)
        memcpy(copy, config, config_size);
    return add_leaf(builder, ops, copy, inputs, n_inputs);
}

static runner_node append_part(runner_build *public, const runner_part *part, runner_node input) {
    struct builder *builder = (struct builder *)(void *)public;
    const runner_layer_ops *ops = part->ops;
    builder->depth++;
    runner_node node = ops->expand != NULL ? ops->expand(part->config, public, input)
                                           : add_leaf(builder, ops, part->config, &input, 1);
    builder->depth--;
    return node;
}

uint32_t layer_expand(struct subject *subject, const runner_shape *input, struct leaf leaves[MAX_LEAVES]) {
    struct builder builder = {.public = {.append = append, .append_part = append_part}, subject, leaves, 0, 0};
    const runner_layer_ops *ops = subject->part->ops;
    builder.public.call = lent_to(&subject->lent, "expand()");
    leaves[MAX_LEAVES - 1].plan.output = *input;
    runner_node node = 0, last = ops->expand != NULL ? ops->expand(subject->part->config, &builder.public, node)
                                                     : add_leaf(&builder, ops, subject->part->config, &node, 1);
    if (last == RUNNER_NO_NODE)
        return 0;
    if (last > builder.count)
        check_fail(subject, "expand() returns node %" PRIu32 ", which does not exist", last);
    for (uint32_t i = 0; i < builder.count; i++)
        guard_allow_writes(&subject->guard, leaves[i].config, false);
    return builder.count;
}

/* The identity, y = x: linear keeps the shape, flatten makes it one dimension. */
#include <runner/plugin.h>
#include <string.h>

static int plan_linear(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static int plan_flatten(void *config, runner_call *call, runner_plan *plan) {
    (void)config;
    uint64_t elements = runner_elements(&plan->inputs[0]);
    if (elements > UINT32_MAX)
        return call->host->fail(call, "flatten cannot take %llu inputs; at most 2^32 - 1 are possible",
                                (unsigned long long)elements);
    plan->output = (runner_shape){.rank = 1, .size = {(uint32_t)elements}};
    plan->flags = RUNNER_IN_PLACE | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static void copy(const runner_view *from, const runner_view *to) {
    if (from->data == to->data)
        return;
    for (uint64_t i = 0; i < to->rows; i++)
        memcpy(to->data + i * to->pitch, from->data + i * from->pitch, to->columns * sizeof(float));
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    copy(&run->inputs[0], run->output);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    copy(run->output_delta, &run->input_deltas[0]);
}

static const runner_layer_ops linear_ops = {sizeof linear_ops, .plan = plan_linear, .forward = forward,
                                            .backward = backward};
static const runner_layer_ops flatten_ops = {sizeof flatten_ops, .plan = plan_flatten, .forward = forward,
                                             .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "linear", .doc = "the identity", .ops = &linear_ops},
    {.kind = RUNNER_LAYER, .name = "flatten", .doc = "the same values in one dimension", .ops = &flatten_ops},
};
RUNNER_PLUGIN(components, "1.0.0")

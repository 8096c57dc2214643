/* The identity: y = x. */
#include <runner/plugin.h>
#include <string.h>

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_IN_PLACE;
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

static const runner_layer_ops ops = {.size = sizeof ops, .plan = plan, .forward = forward, .backward = backward};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER, .name = "linear", .doc = "the identity", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

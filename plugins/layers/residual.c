/* A residual connection (He et al. 2016): y = x + f(x), where f is a list of layers that keeps the shape. */
#include <runner/plugin.h>
#include <string.h>

struct residual {
    runner_parts layers;
};

static const runner_param params[] = {
    RUNNER_PARAM_PARTS(struct residual, layers, RUNNER_LAYER, "layers that the input is added to, first to last"),
};

enum { BRANCH, SHORTCUT, INPUTS };

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config;
    const runner_shape *branch = &plan->inputs[BRANCH], *shortcut = &plan->inputs[SHORTCUT];
    if (branch->rank != shortcut->rank ||
        memcmp(branch->size, shortcut->size, branch->rank * sizeof branch->size[0]) != 0)
        return call->host->fail(
            call,
            "residual cannot add its input to its layers' output: shapes of rank %u with %llu values and "
            "of rank %u with %llu; end the layers with one that gives the input's shape",
            shortcut->rank, (unsigned long long)runner_elements(shortcut), branch->rank,
            (unsigned long long)runner_elements(branch));
    plan->output = *branch;
    plan->flags = RUNNER_IN_PLACE;
    return RUNNER_OK;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *a = run->inputs[BRANCH].data + i * run->inputs[BRANCH].pitch;
        const float *b = run->inputs[SHORTCUT].data + i * run->inputs[SHORTCUT].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0; j < run->output->columns; j++)
            y[j] = a[j] + b[j];
    }
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *d = run->output_delta;
    for (int k = 0; k < INPUTS; k++) {
        const runner_view *dx = &run->input_deltas[k];
        for (uint64_t i = 0; i < dx->rows && dx->data != d->data; i++)
            memcpy(dx->data + i * dx->pitch, d->data + i * d->pitch, d->columns * sizeof(float));
    }
}

static const runner_layer_ops add_ops = {
    .size = sizeof add_ops, .plan = plan, .forward = forward, .backward = backward};

static runner_node expand(const void *config, runner_build *build, runner_node input) {
    const struct residual *residual = config;
    runner_node last = input;
    for (uint64_t i = 0; i < residual->layers.count && last != RUNNER_NO_NODE; i++)
        last = build->append_part(build, residual->layers.parts[i], last);
    if (last == RUNNER_NO_NODE)
        return last;
    const runner_node inputs[INPUTS] = {[BRANCH] = last, [SHORTCUT] = input};
    return build->append(build, &add_ops, NULL, 0, inputs, INPUTS);
}

static const runner_layer_ops ops = {.size = sizeof ops, .expand = expand};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct residual),
     .name = "residual",
     .doc = "the input plus what a list of layers makes of it",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

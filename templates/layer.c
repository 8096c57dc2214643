/* skeleton: the activation scale x / (1 + |x|). Begin here: `make` builds it, `make test` checks it, `make run` trains with it. */
#include <math.h>
#include <runner/plugin.h>

/* What a config may set. The host reads it by the table below; the plugin sees the struct alone. */
struct config {
    double scale;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, scale, "1.0", -1e3, 1e3, "largest output"),
};

/* Once, with the shapes of the inputs: the shape of the output, what to keep for backward(), tensors to be trained (none). */
static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_KEEP_INPUT | RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

/* Views are matrices: row i begins at data + i * pitch, and has `columns` values. */
static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    float scale = (float)((const struct config *)config)->scale;
    for (uint64_t i = 0; i < run->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        float *y = run->output->data + i * run->output->pitch;
        for (uint64_t j = 0; j < run->output->columns; j++)
            y[j] = scale * x[j] / (1.0f + fabsf(x[j]));
    }
}

/* Where nobody wants the input's delta it has no rows. */
static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)call;
    float scale = (float)((const struct config *)config)->scale;
    const runner_view *into = &run->input_deltas[0];
    for (uint64_t i = 0; i < into->rows; i++) {
        const float *x = run->inputs[0].data + i * run->inputs[0].pitch;
        const float *d = run->output_delta->data + i * run->output_delta->pitch;
        float *dx = into->data + i * into->pitch;
        for (uint64_t j = 0; j < into->columns; j++) {
            float size = 1.0f + fabsf(x[j]);
            dx[j] = d[j] * scale / (size * size);
        }
    }
}

static const runner_layer_ops ops = {
    sizeof(runner_layer_ops),
    0,
    NULL /* expand */,
    plan,
    forward,
    backward,
    NULL /* gradient: no tensors */,
    NULL,
    NULL,
    NULL,
    NULL /* across the batch: reduce, combine, reduce_delta, combine_delta */
};

static const runner_component components[] = {
    {RUNNER_LAYER, sizeof(struct config), "skeleton", "scale x / (1 + |x|)", params, RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

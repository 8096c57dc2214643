/* Trainable values without an input: every row of the output is the tensor "value" of the given shape. */
#include <runner/plugin.h>
#include <string.h>

struct variable {
    runner_ints shape;
    const runner_part *initializer, *regularizer, *constraint;
};

static const runner_param params[] = {
    RUNNER_PARAM_(RUNNER_INTS, struct variable, shape, RUNNER_NULLABLE, 0, "null", 1, INT32_MAX, NULL,
                  "sizes of the dimensions; [] is one value; null: that of the data set's constant `start`"),
    RUNNER_PARAM_PART(struct variable, initializer, RUNNER_INITIALIZER, "start",
                      "first values; start: the data set's constant of that name, or where it has none zeros"),
    RUNNER_PARAM_PART(struct variable, regularizer, RUNNER_REGULARIZER, "null", "penalty of the values"),
    RUNNER_PARAM_PART(struct variable, constraint, RUNNER_CONSTRAINT, "null", "bounds of the values"),
};

static int plan_shape(const struct variable *variable, runner_call *call, runner_shape *shape) {
    if (variable->shape.values == NULL) {
        const runner_constant *start = call->host->constant(call, "start");
        if (start == NULL)
            return call->host->fail(call,
                                    "variable has no shape, and the data set no constant `start` to take it from; "
                                    "give `shape`");
        *shape = start->shape;
        return RUNNER_OK;
    }
    if (variable->shape.count > RUNNER_MAX_RANK)
        return call->host->fail(call, "variable has %llu dimensions; at most %d are possible",
                                (unsigned long long)variable->shape.count, RUNNER_MAX_RANK);
    shape->rank = (uint32_t)variable->shape.count;
    for (uint32_t i = 0; i < shape->rank; i++)
        shape->size[i] = (uint32_t)variable->shape.values[i];
    return RUNNER_OK;
}

static int plan(void *config, runner_call *call, runner_plan *plan) {
    const struct variable *variable = config;
    if (plan_shape(variable, call, &plan->output) != RUNNER_OK)
        return RUNNER_FAILED;
    plan->n_tensors = 1;
    plan->tensors[0] = (runner_tensor){.name = "value",
                                       .shape = plan->output,
                                       .initializer = variable->initializer,
                                       .regularizer = variable->regularizer,
                                       .constraint = variable->constraint};
    return RUNNER_OK;
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *value = &run->tensors[0], *y = run->output;
    for (uint64_t i = 0; i < y->rows; i++)
        for (uint64_t k = 0; k < value->rows; k++)
            memcpy(y->data + i * y->pitch + k * value->columns, value->data + k * value->pitch,
                   value->columns * sizeof(float));
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    const runner_view *dx = &run->input_deltas[0];
    for (uint64_t i = 0; i < dx->rows; i++)
        memset(dx->data + i * dx->pitch, 0, dx->columns * sizeof(float));
}

static void gradient(const void *config, runner_call *call, const runner_rows *run, const runner_tile *tile,
                     float alpha, const runner_view *into) {
    (void)config, (void)call;
    uint64_t columns = run->tensors[0].columns;
    for (uint64_t i = 0; i < run->output_delta->rows; i++)
        for (uint64_t k = 0; k < tile->rows; k++) {
            const float *d =
                run->output_delta->data + i * run->output_delta->pitch + (tile->row + k) * columns + tile->column;
            float *sum = into->data + k * into->pitch;
            for (uint64_t j = 0; j < tile->columns; j++)
                sum[j] += alpha * d[j];
        }
}

static const runner_layer_ops ops = {
    .size = sizeof ops, .plan = plan, .forward = forward, .backward = backward, .gradient = gradient};

static const runner_component components[] = {
    {.kind = RUNNER_LAYER,
     .config_size = sizeof(struct variable),
     .name = "variable",
     .doc = "trainable values that do not depend on the input",
     .params = params,
     .n_params = RUNNER_COUNT(params),
     .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* skeleton: keeps every weight within [-limit, limit]. Begin here: `make` builds it, `make test` checks it, `make run` trains with
   it. */
#include <runner/plugin.h>

struct config {
    double limit;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, limit, "1.0", 0, 1e30, "largest magnitude of a weight"),
};

/* After each update, a tensor at a time, seen as a matrix: row i begins at data + i * pitch. */
static void apply(const void *config, runner_call *call, const runner_view *w) {
    (void)call;
    float limit = (float)((const struct config *)config)->limit;
    for (uint64_t i = 0; i < w->rows; i++) {
        float *row = w->data + i * w->pitch;
        for (uint64_t j = 0; j < w->columns; j++)
            row[j] = row[j] > limit ? limit : row[j] < -limit ? -limit : row[j];
    }
}

static const runner_constraint_ops ops = {sizeof(runner_constraint_ops), 0, apply};

static const runner_component components[] = {
    {RUNNER_CONSTRAINT, sizeof(struct config), "skeleton", "weights within [-limit, limit]", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

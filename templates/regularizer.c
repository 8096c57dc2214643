/* skeleton: factor times the sum of w^2 / (1 + w^2), which leaves large weights alone. Begin here: `make` builds it, `make test`
   checks it, `make run` trains with it. */
#include <runner/plugin.h>

struct config {
    double factor;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, factor, "0.001", 0, 1e6, "weight of the penalty"),
};

/* The penalty of n weights; its derivative is added to g, which may be NULL. */
static double penalty(const void *config, uint64_t n, const float *w, float *g) {
    double factor = ((const struct config *)config)->factor, sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        double square = (double)w[i] * (double)w[i], size = 1 + square;
        sum += square / size;
        if (g != NULL)
            g[i] += (float)(factor * 2 * (double)w[i] / (size * size));
    }
    return factor * sum;
}

static const runner_regularizer_ops ops = {sizeof(runner_regularizer_ops), 0, penalty};

static const runner_component components[] = {
    {RUNNER_REGULARIZER, sizeof(struct config), "skeleton", "sum of w^2 / (1 + w^2)", params, RUNNER_COUNT(params), 0,
     &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

/* skeleton: the share of outputs within a tolerance of their targets. Begin here: `make` builds it, `make test` checks it,
   `make run` trains with it. */
#include <math.h>
#include <runner/plugin.h>

struct config {
    double tolerance;
};

static const runner_param params[] = {
    RUNNER_PARAM_FLOAT(struct config, tolerance, "0.1", 0, 1e6, "largest error that counts as right"),
};

static int plan(void *config, runner_call *call, runner_metric_plan *plan) {
    (void)config, (void)call;
    plan->target = RUNNER_VALUES; /* labels become one-hot, or 0 and 1 for one output */
    plan->sums = 2;               /* outputs that are right, and all of them */
    return RUNNER_OK;
}

/* Adds these rows' share; the host adds the sums of all slices in a fixed order. */
static void update(const void *config, runner_call *call, const runner_loss_rows *run, double *sums) {
    (void)call;
    double tolerance = ((const struct config *)config)->tolerance;
    for (uint64_t i = 0; i < run->rows; i++)
        for (uint64_t j = 0; j < run->prediction->columns; j++) {
            float y = run->prediction->data[i * run->prediction->pitch + j];
            float target = run->target->data[i * run->target->pitch + j];
            sums[0] += fabs((double)y - (double)target) <= tolerance;
            sums[1] += 1;
        }
}

static double result(const void *config, uint64_t rows, const double *sums) {
    (void)config, (void)rows;
    return sums[0] / sums[1];
}

static const runner_metric_ops ops = {sizeof(runner_metric_ops), 0, plan, update, result};

static const runner_component components[] = {
    {RUNNER_METRIC, sizeof(struct config), "skeleton", "share of outputs near their targets", params,
     RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "0.1.0")

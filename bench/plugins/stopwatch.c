/* stopwatch: sgd without anything, which notes when its first update is done, so that bench_run can measure a start. */
#include <runner/plugin.h>

#include <stdio.h>
#include <time.h>

struct stopwatch {
    double learning_rate;
    const char *file;
};

static int stopwatch_plan(const void *config, runner_call *call, runner_optimizer_plan *plan) {
    (void)config, (void)call;
    plan->flags = RUNNER_LINEAR | RUNNER_ZERO_IS_NOOP;
    return RUNNER_OK;
}

/* Update 2 begins when update 1 is done. */
static void stopwatch_begin(const void *config, runner_step *step) {
    const struct stopwatch *stopwatch = config;
    struct timespec t;
    if (step->number != 2)
        return;
    clock_gettime(CLOCK_MONOTONIC, &t);
    FILE *file = fopen(stopwatch->file, "w");
    if (file == NULL)
        return;
    fprintf(file, "%lld.%09ld\n", (long long)t.tv_sec, t.tv_nsec);
    fclose(file);
}

static void stopwatch_step(const void *config, const runner_step *step, uint64_t n, float *w, const float *g,
                           float *const *slots) {
    (void)config, (void)slots;
    for (uint64_t i = 0; i < n; i++)
        w[i] -= (float)step->rate * g[i];
}

static const runner_param params[] = {
    RUNNER_PARAM_RATE(struct stopwatch, learning_rate, "0.01", "learning rate"),
    RUNNER_PARAM_PATH(struct stopwatch, file, NULL, "where the time goes, in seconds of the monotonic clock"),
};

static const runner_optimizer_ops ops = {
    sizeof(runner_optimizer_ops), 0, stopwatch_plan, stopwatch_begin, stopwatch_step, NULL, NULL};

static const runner_component components[] = {
    {RUNNER_OPTIMIZER, sizeof(struct stopwatch), "stopwatch", "sgd that notes when its first update is done", params,
     RUNNER_COUNT(params), 0, &ops},
};

RUNNER_PLUGIN(components, "1.0.0")

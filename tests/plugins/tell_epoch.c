/* A callback that prints which epochs its process has trained. Where the current folder has a file `hold` it says so with a file `held` after
   epoch 7, and waits until `hold` is gone. */
#include <runner/plugin.h>

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static int plan(const void *config, runner_call *call, const char *const *names, uint32_t n_names) {
    (void)config, (void)call, (void)names, (void)n_names;
    return RUNNER_OK;
}

static uint32_t epoch(const void *config, runner_epoch *epoch) {
    (void)config;
    fprintf(stderr, "trained %" PRIu64 "\n", epoch->epoch);
    if (epoch->epoch == 7 && access("hold", F_OK) == 0) {
        FILE *held = fopen("held", "w");
        if (held != NULL)
            fclose(held);
        while (access("hold", F_OK) == 0)
            usleep(10000);
    }
    return 0;
}

static const runner_callback_ops ops = {.size = sizeof ops, .plan = plan, .epoch = epoch};

static const runner_component components[] = {
    {.kind = RUNNER_CALLBACK, .name = "tell_epoch", .doc = "prints the epoch", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/* Sets the thread to flush subnormals while it is loaded, as the start-up code of an object built with -Ofast does. */
#include <runner/plugin.h>

#ifdef __SSE__
#include <xmmintrin.h>

__attribute__((constructor)) static void flush(void) {
    _mm_setcsr(_mm_getcsr() | 0x8040);
}
#endif

static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    (void)config, (void)update, (void)updates_per_epoch, (void)total_updates;
    return 1.0;
}

static const runner_schedule_ops ops = {.size = sizeof ops, .rate = rate};

static const runner_component components[] = {
    {.kind = RUNNER_SCHEDULE, .name = "flush_subnormals", .doc = "a rate of 1", .ops = &ops},
};
RUNNER_PLUGIN(components, "1.0.0")

/*
 * Times training steps of the lecture's network (784-500-500-10, sigmoid), or of another, within one process:
 *
 *     bench_step FOLDERS DATASET THREADS SECONDS GEMM [NETWORK | BATCH:OPTIMIZER ...]
 *
 * FOLDERS of plugins are separated by colons, runner's own last. DATASET is a config's value ("mnist", "{digits: {train: 60000}}"). Each
 * BATCH:OPTIMIZER ("100:adam", "1:{sgd: {momentum: 0.9}}") prints a line: batch, optimizer, threads, updates, the median microseconds of an
 * update, and samples a second by that. SECONDS is how long each of them takes, or a number of updates ("20x"). NETWORK, a name
 * ("lenet"; bench/network.c) or a config's list of layers ("[{dense: {units: 10}}]"), is that of those that follow it. Without any of them
 * it serves `BATCH sgd|momentum|adam [NETWORK]` (serve.h).
 */
#include "bench/network.h"
#include "bench/series.h"
#include "bench/serve.h"
#include "runner/base/cpu.h"
#include "runner/train/thread_numbers.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM = 3 /* updates that are not timed, where they are not served */ };

struct bench {
    struct network network;
    uint64_t start; /* of the next batch, in the order */
};

static void prepare(struct bench *bench, const char *batch, const char *optimizer) {
    network_prepare(&bench->network, batch, optimizer);
    bench->start = 0;
}

static void begin(struct bench *bench) {
    struct network *network = &bench->network;
    if (bench->start + network->batch_rows > network->data.rows[DATA_TRAIN])
        bench->start = 0;
    stepper_begin(&network->stepper, network->order, bench->start, network->batch_rows, 0.001);
    bench->start += network->batch_rows;
}

struct timing {
    struct bench *bench;
    double seconds, end, last;
    double warm_end;           /* updates that end before it are not timed, nor are the first `warm` ones */
    size_t warm, least, limit; /* updates: timed ones at least, and at most */
    size_t made, n;
    double times[SERVE_SAMPLES];
};

/* After an update: notes its time, and begins another. */
static bool next_update(void *context) {
    struct timing *timing = context;
    const double t = now();
    if (timing->made++ >= timing->warm && t >= timing->warm_end)
        timing->times[timing->n++] = t - timing->last;
    else
        timing->end = t + timing->seconds;
    timing->last = t;
    const bool more = timing->n < timing->least || (t < timing->end && timing->n < timing->limit);
    if (more)
        begin(timing->bench);
    return more;
}

/* Updates as `timing` says; the median microseconds. */
static double train(struct bench *bench, struct timing *timing) {
    struct network *network = &bench->network;
    timing->bench = bench;
    timing->made = timing->n = 0;
    timing->last = now();
    timing->end = timing->last + timing->seconds;
    begin(bench);
    stepper_team(&network->stepper, network->threads);
#pragma omp parallel num_threads(network->threads)
    {
        unsigned before = thread_numbers_set();
        stepper_run(&network->stepper, omp_get_thread_num(), next_update, timing);
        thread_numbers_restore(before);
    }
    return 1e6 * median(timing->times, timing->n);
}

/* For so many seconds, or "20x": 20 updates, of which the first is not timed. */
static double train_text(struct bench *bench, const char *text, size_t *count) {
    static struct timing timing;
    const bool by_number = strchr(text, 'x') != NULL;
    const size_t updates = by_number ? strtoul(text, NULL, 10) : 0;
    if (by_number && (updates < 2 || updates > SERVE_SAMPLES))
        die("updates are from 2 to %d, not %s", SERVE_SAMPLES, text);
    timing.seconds = by_number ? 0 : atof(text);
    timing.warm = by_number ? 1 : WARM;
    timing.least = by_number ? updates - 1 : 2;
    timing.limit = by_number ? updates - 1 : SERVE_SAMPLES;
    const double time = train(bench, &timing);
    *count = timing.n;
    return time;
}

static const char *serve_prepare(void *context, size_t n, char *const words[], char *reason, size_t size) {
    const char *layers = n == 3 ? network_named(words[2]) : NETWORK_LECTURE;
    if (n < 2 || n > 3 || layers == NULL) {
        snprintf(reason, size, "wanted: BATCH OPTIMIZER [NETWORK]");
        return NULL;
    }
    ((struct bench *)context)->network.layers = layers;
    prepare(context, words[0], strcmp(words[1], "momentum") == 0 ? "{sgd: {momentum: 0.9}}" : words[1]);
    return "runner";
}

static size_t serve_go(void *context, struct span span, size_t *count, double values[SERVE_VALUES]) {
    static struct timing timing;
    timing.seconds = span.seconds;
    timing.warm = span.warm > 0 ? 1 : 0;
    timing.warm_end = span.warm > 0 ? now() + span.warm : 0;
    timing.least = 1;
    timing.limit = SERVE_SAMPLES;
    values[0] = train(context, &timing);
    values[1] = (double)timing.made; /* with those that warm up */
    *count = timing.n;
    return 2;
}

int main(int argc, char **argv) {
    if (argc < 6)
        die("usage: bench_step FOLDERS DATASET THREADS SECONDS GEMM [NETWORK | BATCH:OPTIMIZER ...]");
    struct bench bench = {
        .network = {.threads = atoi(argv[3]), .gemm = argv[5], .layers = NETWORK_LECTURE},
    };
    struct network *network = &bench.network;
    cpu_level_limit_text(getenv("RUNNER_CPU_LEVEL"));
    network_open(network, argv[1]);
    network_read(network, argv[2]);
    for (int i = 6; i < argc; i++) {
        char *colon = strchr(argv[i], ':');
        size_t count;
        const char *layers = argv[i][0] == '[' ? argv[i] : network_named(argv[i]);
        if (layers != NULL) {
            network->layers = layers;
            continue;
        }
        if (colon == NULL)
            die("wanted BATCH:OPTIMIZER or a network, not %s", argv[i]);
        *colon = '\0';
        prepare(&bench, argv[i], colon + 1);
        double time = train_text(&bench, argv[4], &count);
        printf("%s,\"%s\",%d,%zu,%.2f,%.0f\n", argv[i], colon + 1, network->threads, count, time,
               1e6 * (double)network->batch_rows / time);
        fflush(stdout);
    }
    if (argc == 6)
        serve(&(struct served){&bench, serve_prepare, serve_go});
    network_close(network);
    return 0;
}

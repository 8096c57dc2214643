/*
 * The training step of the lecture's network: runner in all its arrangements, its peers in theirs, and the roofline, by turns. Of another
 * network: runner and PyTorch.
 *
 * The roofline of a dense step on one core is the longer of two times: its multiply-adds at the rate of the fastest product that was measured
 * beside it, and its bytes: all weights are read once (forward) and then read and written once together with the optimizer's slots
 * (backward and update in one pass), at the speed at which such a loop passes over such arrays (bench_machine, `traffic`). Inputs and
 * activations are not counted, so it is a bound that no program can reach quite.
 */
#include "bench/settings.h"

#include <stdlib.h>
#include <string.h>

enum { ONE, TWO_THREADS, TWO_WORKERS, TWO_TEAMS, DENSE, SGEMM, TRAFFIC, PLAIN, TORCH, TORCH_THREADS, FIRST_OTHER };
enum { OTHERS = 3, SERVERS = FIRST_OTHER + 2 * OTHERS };

/* Share of the pixels of MNIST's training images that are not 0. */
#define DENSITY 0.191

struct steps {
    struct settings *settings;
    struct server servers[SERVERS];
    /* Of a cell, by rounds: samples a second; GFLOP/s and microseconds of SGEMM and TRAFFIC. */
    struct series rates[SERVERS];
    struct server two_cores;
    struct series
        handover; /* nanoseconds from core to core and back: the longer of before and after each TWO_THREADS */
    struct series teams[2]; /* updates a second of wall-clock time: of one team, and of two at once */
    int batch;
    const char *optimizer;
    bool lecture; /* the network */
    char plugins[4096], both[8192], threads[2][2], programs[3][4096], scripts[1 + OTHERS][4096];
};

static const char *const others[OTHERS] = {"jax", "keras", "scikit-learn"};
static const char *const scripts[1 + OTHERS] = {"torch_step", "jax_step", "keras_step", "sklearn_step"};

static int slots_of(const char *optimizer) {
    return strcmp(optimizer, "adam") == 0 ? 2 : strcmp(optimizer, "momentum") == 0 ? 1 : 0;
}

/* ---- The servers ---- */

static void add(struct steps *steps, int at, const char *name, const char *peer, int processes, int threads) {
    steps->servers[at] = (struct server){.name = name, .peer = peer, .processes = processes, .threads = threads};
}

static void add_runner(struct steps *steps, int at, const char *name, int processes, int threads, const char *data) {
    add(steps, at, name, "", processes, threads);
    const char *const arguments[] = {steps->programs[0],
                                     at == DENSE ? steps->both : steps->plugins,
                                     data,
                                     threads == 1 ? "1" : "2",
                                     "1",
                                     "openblas",
                                     NULL};
    memcpy(steps->servers[at].arguments, arguments, sizeof arguments);
}

/* Is it among those asked for? */
static bool wanted(const struct settings *settings, const char *peer) {
    const size_t length = strlen(peer);
    for (const char *at = settings->peers; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, peer, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    return settings->peers == NULL;
}

static void add_peer(struct steps *steps, int at, const char *name, int script, int processes, int threads) {
    add(steps, at, name, script == 0 ? "torch" : others[script - 1], processes, threads);
    const char *const arguments[] = {steps->settings->python,
                                     "-u",
                                     steps->scripts[script],
                                     threads == 1 ? "1" : "2",
                                     script == 0 && !steps->settings->quick ? "compile" : NULL,
                                     NULL};
    if (steps->settings->python != NULL && wanted(steps->settings, steps->servers[at].peer))
        memcpy(steps->servers[at].arguments, arguments, sizeof arguments);
}

static void plan(struct steps *steps) {
    const struct settings *settings = steps->settings;
    static const char *const programs[] = {"bench_step", "bench_machine", "bench_plain"};
    for (int i = 0; i < 3; i++)
        snprintf(steps->programs[i], sizeof steps->programs[i], "%s/bench/%s", settings->build, programs[i]);
    for (int i = 0; i < 1 + OTHERS; i++)
        snprintf(steps->scripts[i], sizeof steps->scripts[i], "%s/bench/peers/%s.py", settings->source, scripts[i]);
    snprintf(steps->plugins, sizeof steps->plugins, "%s/plugins", settings->build);
    snprintf(steps->both, sizeof steps->both, "%s/bench/plugins:%s", settings->build, steps->plugins);
    add_runner(steps, ONE, "1 thread", 1, 1, "mnist");
    add_runner(steps, TWO_THREADS, "2 threads", 1, 2, "mnist");
    add_runner(steps, TWO_WORKERS, "2 workers", 2, 1, "mnist");
    add_runner(steps, TWO_TEAMS, "2 teams of 2 threads", 2, 2, "mnist");
    add_peer(steps, TORCH, "torch 2x1", 0, 2, 1);
    add_peer(steps, TORCH_THREADS, "torch 1x2", 0, 1, 2);
    if (!steps->lecture)
        return;
    add_runner(steps, DENSE, "1 thread on dense inputs", 1, 1, "noise_bytes");
    add(steps, SGEMM, "fastest product", "machine", 1, 1);
    add(steps, TRAFFIC, "weights through the core", "machine", 1, 1);
    steps->servers[SGEMM].arguments[0] = steps->servers[TRAFFIC].arguments[0] = steps->programs[1];
    add(steps, PLAIN, "plain C 2x1", "plain C", 2, 1);
    steps->servers[PLAIN].arguments[0] = steps->programs[2];
    static const char *const names[OTHERS][2] = {
        {"jax 2x1", "jax 1x2"}, {"keras 2x1", "keras 1x2"}, {"sklearn 2x1", "sklearn 1x2"}};
    for (int i = 0; i < OTHERS; i++) {
        add_peer(steps, FIRST_OTHER + 2 * i, names[i][0], 1 + i, 2, 1);
        add_peer(steps, FIRST_OTHER + 2 * i + 1, names[i][1], 1 + i, 1, 2);
    }
}

static void start(struct steps *steps) {
    const struct servers *servers = &steps->settings->servers;
    for (int i = 0; i < SERVERS; i++)
        if (steps->servers[i].arguments[0] != NULL)
            server_start(&steps->servers[i], servers);
    steps->two_cores = (struct server){
        .name = "two cores", .peer = "machine", .processes = 1, .threads = 2, .arguments = {steps->programs[1], NULL}};
    server_start(&steps->two_cores, servers);
    steps->two_cores.attempts = 1; /* it is to stand beside what it explains */
    server_prepare(&steps->two_cores, "handover");
}

/* ---- One cell ---- */

static void prepare(struct steps *steps) {
    char words[64], traffic[32];
    snprintf(words, sizeof words, "%d %s %s", steps->batch, steps->optimizer,
             steps->lecture ? "" : steps->settings->network);
    snprintf(traffic, sizeof traffic, "traffic %d", slots_of(steps->optimizer));
    steps->teams[0].n = steps->teams[1].n = steps->handover.n = 0;
    for (int i = 0; i < SERVERS; i++) {
        struct server *server = &steps->servers[i];
        steps->rates[i].n = 0;
        if (!server->alive)
            continue;
        if (!server_prepare(server, i == SGEMM ? "sgemm" : i == TRAFFIC ? traffic : words))
            fprintf(stderr, "bench: %s: left out at batch %d, %s: %s\n", server->name, steps->batch, steps->optimizer,
                    server->variant);
    }
}

/* Of two teams that share the cores, each may look fast while it runs and then wait for long: they are judged by what they have done
   together when both are ready. */
static double updates_a_second(const struct server *server, double values[SERVER_CORES][SERVE_VALUES], double elapsed) {
    double updates = 0;
    for (int p = 0; p < server->processes; p++)
        updates += values[p][1];
    return updates / elapsed;
}

/* The host moves the two cores every few seconds, and with them what two threads can reach. */
static double measure_handover(struct steps *steps) {
    double values[SERVER_CORES][SERVE_VALUES], elapsed;
    return server_go(&steps->two_cores, 0.01, values, &elapsed) ? values[0][0] : 0;
}

static bool go(struct steps *steps, int i, double values[SERVER_CORES][SERVE_VALUES], double *elapsed) {
    const double least = i == TWO_TEAMS && steps->settings->seconds < 0.5 ? 0.5 : steps->settings->seconds;
    const double before = i == TWO_THREADS ? measure_handover(steps) : 0;
    if (!server_go(&steps->servers[i], least, values, elapsed))
        return false;
    const double after = i == TWO_THREADS ? measure_handover(steps) : 0;
    if (before > 0 && after > 0)
        series_add(&steps->handover, before > after ? before : after);
    return true;
}

static void take_turns(struct steps *steps) {
    for (size_t round = 0; round < steps->settings->rounds; round++)
        for (int i = 0; i < SERVERS; i++) {
            struct server *server = &steps->servers[i];
            double values[SERVER_CORES][SERVE_VALUES], rate = 0, elapsed = 0;
            if (!server->ready || !go(steps, i, values, &elapsed))
                continue;
            for (int p = 0; p < server->processes; p++)
                rate += i == SGEMM || i == TRAFFIC ? values[p][0] : 1e6 * steps->batch / values[p][0];
            if (i == TWO_THREADS || i == TWO_TEAMS)
                series_add(&steps->teams[i == TWO_TEAMS], updates_a_second(server, values, elapsed));
            series_add(&steps->rates[i], i == TWO_TEAMS ? steps->batch * steps->teams[1].values[round] : rate);
        }
}

/* ---- What bounds it ---- */

/* Multiply-adds of a step, twice, with `density` of the inputs not zero: the first layer has no delta to hand on. */
static double flops(int batch, double density) {
    return 2.0 * batch * (2 * 784 * 500 * density + 3 * (500 * 500 + 500 * 10));
}

/* Microseconds, by rounds. */
static struct series roofline(const struct steps *steps, double density) {
    struct series roof = {0};
    for (size_t i = 0; i < steps->rates[SGEMM].n && i < steps->rates[TRAFFIC].n; i++) {
        double products = 1e-3 * flops(steps->batch, density) / steps->rates[SGEMM].values[i];
        double bytes = steps->rates[TRAFFIC].values[i];
        if (steps->batch == 1 && slots_of(steps->optimizer) == 0)
            bytes *= (784 * 500 * density + 255000) / (784 * 500 + 255000);
        series_add(&roof, products > bytes ? products : bytes);
    }
    return roof;
}

static struct series rate_at(const struct series *microseconds, int batch, int cores) {
    struct series rates = {.n = microseconds->n};
    for (size_t i = 0; i < rates.n; i++)
        rates.values[i] = 1e6 * batch * cores / microseconds->values[i];
    return rates;
}

/* Where a grid's rate is short of a multiple of a peer's. */
static void explain(const struct steps *steps, struct row *row, const struct series *peer) {
    const struct series roof = roofline(steps, DENSITY), best = rate_at(&roof, steps->batch, 2);
    if (roof.n == 0 || peer->n == 0)
        return;
    const double two = series_median(&steps->rates[TWO_WORKERS]);
    snprintf(row->bound, sizeof row->bound,
             "a core needs %.0f us a step at least (products at %.0f GFLOP/s, weights in %.0f us) and takes %.0f; at "
             "that bound the ratio were %.2f",
             series_median(&roof), series_median(&steps->rates[SGEMM]), series_median(&steps->rates[TRAFFIC]),
             2e6 * steps->batch / two, series_median(&best) / series_median(peer));
}

/* ---- Goals of the issue ---- */

static int column_of(int batch) {
    static const int batches[BATCHES] = {1, 10, 32, 100, 1000, 10000};
    for (int i = 0; i < BATCHES; i++)
        if (batches[i] == batch)
            return i;
    return -1;
}

static double goal_of(const struct steps *steps, bool plain) {
    static const double torch_sgd[BATCHES] = {12, 5, 2.7, 2, 1.7, 1.7}, torch_adam[BATCHES] = {5, 4, 2.7, 2, 1.7, 1.7};
    static const double plain_sgd[BATCHES] = {4, 1.6, 1.6, 1.6, 1.6, 1.6},
                        plain_adam[BATCHES] = {1.5, 1.6, 1.6, 1.6, 1.6, 1.6};
    int column = column_of(steps->batch);
    if (!steps->lecture || column < 0 || strcmp(steps->optimizer, "momentum") == 0)
        return 1;
    if (strcmp(steps->optimizer, "adam") == 0)
        return plain ? plain_adam[column] : torch_adam[column];
    return plain ? plain_sgd[column] : torch_sgd[column];
}

static struct row *add_row(struct steps *steps, const char *what, const char *arrangement, const char *peer,
                           const struct series *value, const struct series *ratio, double goal) {
    struct row row = {.group = "step",
                      .what = what,
                      .batch = steps->batch,
                      .optimizer = steps->optimizer,
                      .arrangement = arrangement,
                      .peer = peer,
                      .goal = goal};
    if (value != NULL)
        row.value = *value;
    if (ratio != NULL)
        row.ratio = *ratio;
    return rows_add(&steps->settings->rows, row);
}

static void against_peer(struct steps *steps, int first, int n, double goal) {
    int best = first;
    for (int i = first; i < first + n; i++)
        if (series_median(&steps->rates[i]) > series_median(&steps->rates[best]))
            best = i;
    const struct series *peer = &steps->rates[best];
    const struct series ratio = series_ratio(&steps->rates[TWO_WORKERS], peer);
    struct row *row = add_row(steps, "grid on both cores, times", "2 workers",
                              peer->n > 0 ? steps->servers[best].name : steps->servers[best].peer,
                              &steps->rates[TWO_WORKERS], &ratio, goal);
    explain(steps, row, peer);
}

static void against_roofline(struct steps *steps, int server, double goal) {
    const struct series roof = roofline(steps, 1), rate = rate_at(&roof, steps->batch, 1);
    const struct series ratio = series_ratio(&steps->rates[server], &rate);
    struct row *row = add_row(steps, server == DENSE ? "one core, dense inputs" : "one core, MNIST",
                              steps->servers[server].name, "dense roofline", &steps->rates[server], &ratio, goal);
    if (roof.n > 0)
        snprintf(row->bound, sizeof row->bound,
                 "the dense step needs %.0f us (products at %.0f GFLOP/s, or weights in %.0f us); it takes %.0f",
                 series_median(&roof), series_median(&steps->rates[SGEMM]), series_median(&steps->rates[TRAFFIC]),
                 1e6 * steps->batch / series_median(&steps->rates[server]));
}

static void against_itself(struct steps *steps) {
    const struct series *one = &steps->rates[ONE], *two = &steps->rates[TWO_THREADS];
    const bool sgd = strcmp(steps->optimizer, "sgd") == 0;
    struct series ratio = series_ratio(two, one), workers = series_ratio(&steps->rates[TWO_WORKERS], one);
    struct row *row = add_row(steps, "two threads, times one", "2 threads", "1 thread", two, &ratio,
                              steps->batch >= 32 || (steps->batch == 1 && sgd) ? 1.7 : 0);
    row->conditional = true;
    snprintf(row->bound, sizeof row->bound,
             "a cache line takes %.0f ns from core to core and back (%.0f to %.0f; 50 to 100 where they share a "
             "cache); two workers of a thread each, which wait for nobody, reach %.2f",
             series_median(&steps->handover), series_min(&steps->handover), series_max(&steps->handover),
             series_median(&workers));
    if (steps->handover.n > 0)
        add_row(steps, "ns from core to core and back", "2 threads", "", &steps->handover, NULL, 0);
    ratio = series_ratio(&steps->teams[0], &steps->teams[1]);
    row = add_row(steps, "two teams at once, cost", "2 teams of 2 threads", "one after the other",
                  &steps->rates[TWO_TEAMS], &ratio, 1.3);
    row->at_most = true;
    snprintf(row->bound, sizeof row->bound, "an update takes %.0f us alone and %.0f us beside another team",
             1e6 / series_median(&steps->teams[0]), 2e6 / series_median(&steps->teams[1]));
}

static void judge(struct steps *steps) {
    const bool sgd = strcmp(steps->optimizer, "sgd") == 0;
    for (int i = 0; i < SERVERS; i++)
        if (steps->rates[i].n > 0) {
            struct row *row = add_row(steps,
                                      i == SGEMM     ? "GFLOP/s"
                                      : i == TRAFFIC ? "microseconds"
                                                     : "samples a second",
                                      steps->servers[i].name, "", &steps->rates[i], NULL, 0);
            snprintf(row->bound, sizeof row->bound, "%s", steps->servers[i].variant);
        }
    against_peer(steps, TORCH, 2, goal_of(steps, false));
    against_itself(steps);
    if (!steps->lecture)
        return;
    against_peer(steps, PLAIN, 1, goal_of(steps, true));
    for (int i = 0; i < OTHERS; i++)
        against_peer(steps, FIRST_OTHER + 2 * i, 2, 1);
    against_roofline(steps, ONE, steps->batch >= 100 ? 1.3 : 0);
    against_roofline(steps, DENSE, steps->batch >= 100 ? 0.9 : steps->batch == 1 && sgd ? 0.7 : 0);
}

static void report(struct steps *steps) {
    size_t disturbed = 0, kept = 0;
    for (int i = 0; i < SERVERS; i++) {
        disturbed += steps->servers[i].disturbed;
        kept += steps->servers[i].kept;
        steps->servers[i].disturbed = steps->servers[i].kept = 0;
    }
    fprintf(stderr, "bench: step: batch %d, %s: done", steps->batch, steps->optimizer);
    if (disturbed > 0)
        fprintf(stderr, "; other programs disturbed %zu measurements, which were made again, but for %zu in vain",
                disturbed, kept);
    fputc('\n', stderr);
}

void bench_steps(struct settings *settings) {
    struct steps *steps = calloc(1, sizeof *steps);
    if (steps == NULL)
        die("no memory");
    steps->settings = settings;
    steps->lecture = strcmp(settings->network, "lecture") == 0;
    plan(steps);
    start(steps);
    for (int b = 0; b < settings->n_batches; b++)
        for (int o = 0; o < settings->n_optimizers; o++) {
            steps->batch = settings->batches[b];
            steps->optimizer = settings->optimizers[o];
            prepare(steps);
            take_turns(steps);
            judge(steps);
            report(steps);
        }
    for (int i = 0; i < SERVERS; i++)
        server_stop(&steps->servers[i]);
    server_stop(&steps->two_cores);
    free(steps);
}

/*
 * The training step of the lecture's network: runner in all its arrangements, its peers in theirs, and the roofline, by turns. Of another
 * network: runner and PyTorch.
 *
 * A turn is a slice of SLICE seconds, or one step where that is longer. Two sides that are compared stand beside each other in the order of
 * turns, as often this way round as that, and the ratio of each such couple counts (turns.h). Before a slice a side makes steps that are not timed,
 * since the others have taken its lines out of the caches; all sides of a cell as long.
 *
 * The roofline of a dense step on one core is the longer of two times: its multiply-adds at the rate of the fastest product that was measured
 * beside it, and its bytes: all weights are read once (forward) and then read and written once together with the optimizer's slots
 * (backward and update in one pass), at the speed at which such a loop passes over such arrays (bench_machine, `roofline`). Inputs and
 * activations are not counted, so it is a bound that no program can reach quite.
 */
#include "bench/settings.h"
#include "bench/turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ONE, TWO_THREADS, TWO_WORKERS, TWO_TEAMS, DENSE, ROOFLINE, PLAIN, TORCH, TORCH_THREADS, FIRST_OTHER };
enum { OTHERS = 3, SERVERS = FIRST_OTHER + 2 * OTHERS, NOBODY };

/* Share of the pixels of MNIST's training images that are not 0. */
#define DENSITY 0.191

/* Seconds. What disturbs a virtual machine comes and goes within some 20 ms; teams that share the cores change places every 100 ms. */
#define SLICE 0.020
#define TEAMS_SLICE 0.5
#define HANDOVER_SLICE 0.002

/* Nanoseconds from core to core and back, where they share a third-level cache at most. */
#define NEAR 200

enum {
    LONG_ROWS = 10000, /* from which on cold caches do not matter to a step (0.1 s): no side makes untimed ones */
    PASSES = 256,      /* at most */
    TEAMS_TURNS = 3,   /* at most, since they are long, and far from their goal */
    SLOWEST = 4        /* times the planned time a cell of long steps may take, with a pass a round at least */
};

struct steps {
    struct settings *settings;
    struct server servers[SERVERS];
    struct server two_cores;
    /* Of a cell: */
    struct turns turns; /* samples a second; of ROOFLINE, those of a dense step at its bound */
    struct turns near;  /* the same, but with NOBODY in place of TWO_THREADS on cores that are far from each other */
    struct series products, weights; /* GFLOP/s and microseconds of ROOFLINE */
    struct series
        handover; /* nanoseconds from core to core and back: the longer of before and after each TWO_THREADS */
    struct series rates[SERVERS]; /* the values of the turns */
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
    add(steps, ROOFLINE, "dense roofline", "machine", 1, 1);
    steps->servers[ROOFLINE].arguments[0] = steps->programs[1];
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
    char words[64], roofline[32];
    snprintf(words, sizeof words, "%d %s %s", steps->batch, steps->optimizer,
             steps->lecture ? "" : steps->settings->network);
    snprintf(roofline, sizeof roofline, "roofline %d", slots_of(steps->optimizer));
    steps->turns.n = steps->near.n = steps->products.n = steps->weights.n = steps->handover.n = 0;
    for (int i = 0; i < SERVERS; i++) {
        struct server *server = &steps->servers[i];
        if (!server->alive)
            continue;
        if (!server_prepare(server, i == ROOFLINE ? roofline : words))
            fprintf(stderr, "bench: %s: left out at batch %d, %s: %s\n", server->name, steps->batch, steps->optimizer,
                    server->variant);
    }
}

/* Multiply-adds of a step, twice, with `density` of the inputs not zero: the first layer has no delta to hand on. */
static double flops(int batch, double density) {
    return 2.0 * batch * (2 * 784 * 500 * density + 3 * (500 * 500 + 500 * 10));
}

/* Microseconds of a step, by the GFLOP/s of products and the microseconds in which all weights pass. */
static double bound_of(const struct steps *steps, double density, double products, double weights) {
    if (steps->batch == 1 && slots_of(steps->optimizer) == 0)
        weights *= (784 * 500 * density + 255000) / (784 * 500 + 255000);
    return fmax(1e-3 * flops(steps->batch, density) / products, weights);
}

/* The host moves the two cores every few seconds, and with them what two threads can reach. */
static double measure_handover(struct steps *steps) {
    double values[SERVER_CORES][SERVE_VALUES], elapsed;
    return server_go(&steps->two_cores, (struct span){HANDOVER_SLICE, 0}, values, &elapsed) ? values[0][0] : 0;
}

static bool go(struct steps *steps, int side, double values[SERVER_CORES][SERVE_VALUES], double *elapsed) {
    const double seconds = side == TWO_TEAMS ? TEAMS_SLICE : fmin(SLICE, steps->settings->seconds);
    const double before = side == TWO_THREADS ? measure_handover(steps) : 0;
    if (!server_go(&steps->servers[side], (struct span){seconds, steps->batch < LONG_ROWS ? SERVE_WARM : 0}, values,
                   elapsed))
        return false;
    const double after = side == TWO_THREADS ? measure_handover(steps) : 0;
    if (before > 0 && after > 0)
        series_add(&steps->handover, fmax(before, after));
    return true;
}

/* Samples a second. Of two teams that share the cores, each may look fast while it runs and then wait for long: they are judged by what they have
   done together when both are ready. */
static double rate_of(struct steps *steps, int side, double values[SERVER_CORES][SERVE_VALUES], double elapsed) {
    double rate = 0;
    if (side == ROOFLINE) {
        series_add(&steps->products, values[0][0]);
        series_add(&steps->weights, values[0][1]);
        return 1e6 * steps->batch / bound_of(steps, 1, values[0][0], values[0][1]);
    }
    for (int p = 0; p < steps->servers[side].processes; p++)
        rate += side == TWO_TEAMS ? steps->batch * values[p][1] / elapsed : 1e6 * steps->batch / values[p][0];
    return rate;
}

static void take_turn(struct steps *steps, int side) {
    double values[SERVER_CORES][SERVE_VALUES], elapsed = 0;
    if (!steps->servers[side].ready || !go(steps, side, values, &elapsed))
        return;
    const struct series *handover = &steps->handover;
    const bool far = side == TWO_THREADS && handover->n > 0 && handover->values[handover->n - 1] > NEAR;
    const double rate = rate_of(steps, side, values, elapsed);
    turns_add(&steps->turns, side, rate);
    turns_add(&steps->near, far ? NOBODY : side, rate);
}

/* The order of turns of a pass: the two workers beside each of the peers, then what runs on one core or is compared with that. The same forward and
   backward, so that a drift of the machine does no side good. Returns the number of turns. */
static int order_turns(const struct steps *steps, bool with_teams, int order[4 * SERVERS]) {
    static const int alone[] = {TWO_THREADS, ONE, ROOFLINE, DENSE, ROOFLINE, ONE, TWO_THREADS, TWO_TEAMS, TWO_THREADS};
    int all[4 * SERVERS] = {TWO_WORKERS}, n_all = 1, n = 0;
    for (int side = PLAIN; side < SERVERS; side++)
        if (steps->servers[side].ready) {
            all[n_all++] = side;
            all[n_all++] = TWO_WORKERS;
        }
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (with_teams || alone[i] != TWO_TEAMS)
            all[n_all++] = alone[i];
    for (int i = 0; i < n_all; i++)
        if (steps->servers[all[i]].ready && (n == 0 || order[n - 1] != all[i]))
            order[n++] = all[i];
    return n;
}

/* Passes until each side was measured for settings->seconds a round; fewer where steps are longer than a slice. */
static void take_turns(struct steps *steps) {
    const struct settings *settings = steps->settings;
    const size_t rounds = settings->rounds;
    size_t passes = (size_t)fmin(ceil(settings->seconds / SLICE) * (double)rounds, PASSES);
    for (size_t pass = 0; pass < passes; pass++) {
        const bool with_teams = pass * TEAMS_TURNS / passes != (pass + 1) * TEAMS_TURNS / passes;
        int order[4 * SERVERS];
        const int n = order_turns(steps, with_teams, order);
        const double start = now();
        for (int i = 0; i < n; i++)
            take_turn(steps, order[i]);
        const double affordable = SLOWEST * SLICE * (double)passes * n / (now() - start);
        if (pass == 0 && affordable < (double)passes)
            passes = (size_t)fmax(affordable, (double)rounds);
    }
    for (int side = 0; side < SERVERS; side++)
        steps->rates[side] = turns_values(&steps->turns, side);
}

/* ---- What bounds it ---- */

/* Where a grid's rate is short of a multiple of a peer's. */
static void explain(const struct steps *steps, struct row *row, const struct series *peer) {
    if (steps->products.n == 0 || peer->n == 0)
        return;
    const double products = series_median(&steps->products), weights = series_median(&steps->weights);
    const double bound = bound_of(steps, DENSITY, products, weights);
    row_bound(row,
              "a core needs %.0f us a step at least (products at %.0f GFLOP/s, weights in %.0f us) and takes %.0f; at "
              "that bound the ratio were %.2f",
              bound, products, weights, 2e6 * steps->batch / series_median(&steps->rates[TWO_WORKERS]),
              2e6 * steps->batch / bound / series_median(peer));
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
        row.value = summarize(value);
    if (ratio != NULL)
        row.ratio = summarize(ratio);
    return rows_add(&steps->settings->rows, row);
}

/* The one of n arrangements of a peer that leaves least of the goal. */
static void against_peer(struct steps *steps, int first, int n, double goal) {
    int best = first;
    struct series least = turns_ratio(&steps->turns, TWO_WORKERS, first);
    for (int i = first + 1; i < first + n; i++) {
        const struct series ratio = turns_ratio(&steps->turns, TWO_WORKERS, i);
        if (ratio.n > 0 && (least.n == 0 || series_median(&ratio) < series_median(&least))) {
            best = i;
            least = ratio;
        }
    }
    struct row *row = add_row(steps, "grid on both cores, times", "2 workers",
                              least.n > 0 ? steps->servers[best].name : steps->servers[best].peer,
                              &steps->rates[TWO_WORKERS], &least, goal);
    explain(steps, row, &steps->rates[best]);
}

static void against_roofline(struct steps *steps, int side, double goal) {
    const struct series *rates = &steps->rates[side], ratio = turns_ratio(&steps->turns, side, ROOFLINE);
    struct row *row = add_row(steps, side == DENSE ? "one core, dense inputs" : "one core, MNIST",
                              steps->servers[side].name, "dense roofline", rates, &ratio, goal);
    if (ratio.n > 0)
        row_bound(row, "the dense step needs %.0f us (products at %.0f GFLOP/s, or weights in %.0f us); it takes %.0f",
                  1e6 * steps->batch / series_median(&steps->rates[ROOFLINE]), series_median(&steps->products),
                  series_median(&steps->weights), 1e6 * steps->batch / series_median(rates));
}

/* All of them are judged; those of near cores stand beside that. */
static void against_one_thread(struct steps *steps) {
    const bool sgd = strcmp(steps->optimizer, "sgd") == 0;
    const struct summary handover = summarize(&steps->handover);
    const struct series ratio = turns_ratio(&steps->turns, TWO_THREADS, ONE);
    const struct series near = turns_ratio(&steps->near, TWO_THREADS, ONE);
    const struct series near_rates = turns_values(&steps->near, TWO_THREADS);
    char text[80];
    if (near.n > 0)
        snprintf(text, sizeof text, "%.2f where it takes up to %d, in %zu of %zu comparisons", series_median(&near),
                 NEAR, near.n, ratio.n);
    else
        snprintf(text, sizeof text, "in no comparison up to %d", NEAR);
    struct row *row = add_row(steps, "two threads, times one", "2 threads", "1 thread", &steps->rates[TWO_THREADS],
                              &ratio, steps->batch >= 32 || (steps->batch == 1 && sgd) ? 1.7 : 0);
    row->conditional = true;
    row_bound(row,
              "a cache line takes %.0f ns from core to core and back (%.0f to %.0f; 50 to 100 where they share a "
              "cache); %s; two workers of a thread each, which wait for nobody, reach %.2f",
              handover.median, handover.low, handover.high, text,
              series_median(&steps->rates[TWO_WORKERS]) / series_median(&steps->rates[ONE]));
    add_row(steps, "two threads on near cores, times one", "2 threads", "1 thread", &near_rates, &near, 0);
    if (handover.n > 0)
        add_row(steps, "ns from core to core and back", "2 threads", "", &steps->handover, NULL, 0);
}

static void against_each_other(struct steps *steps) {
    const struct series *two = &steps->rates[TWO_THREADS], *teams = &steps->rates[TWO_TEAMS];
    const struct series ratio = turns_ratio(&steps->turns, TWO_THREADS, TWO_TEAMS);
    struct row *row =
        add_row(steps, "two teams at once, cost", "2 teams of 2 threads", "one after the other", teams, &ratio, 1.3);
    row->at_most = true;
    row_bound(row, "an update takes %.0f us alone and %.0f us beside another team",
              1e6 * steps->batch / series_median(two), 2e6 * steps->batch / series_median(teams));
}

static void judge(struct steps *steps) {
    const bool sgd = strcmp(steps->optimizer, "sgd") == 0;
    for (int i = 0; i < SERVERS; i++)
        if (steps->rates[i].n > 0) {
            struct row *row = add_row(steps, "samples a second", steps->servers[i].name, "", &steps->rates[i], NULL, 0);
            row_bound(row, "%s", steps->servers[i].variant);
        }
    if (steps->products.n > 0) {
        add_row(steps, "GFLOP/s", "fastest product", "", &steps->products, NULL, 0);
        add_row(steps, "microseconds", "weights through the core", "", &steps->weights, NULL, 0);
    }
    against_peer(steps, TORCH, 2, goal_of(steps, false));
    against_one_thread(steps);
    against_each_other(steps);
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
    turns_clear(&steps->turns);
    turns_clear(&steps->near);
    free(steps);
}
